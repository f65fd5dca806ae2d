"""The last line, on the normal screen: where the mirror stands and what goes on next time."""

from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views.attached import who


def farewell(picture: Picture, *, abandoned: bool = False) -> str:
    """`stopped at cycle 812, all 9 tables current as of 10:02:13`, or what resumes."""
    seen = picture.state.attached
    if seen and not seen.gone:
        return t(words.DETACHED, cycle=f.count(picture.state.cycle), who=who(seen))
    tables = picture.tables
    start = _start(picture.state.cycle, abandoned=abandoned)
    filling = [table for table in tables if table.fill or table.synced_at is None]
    if filling and picture.state.cycle:
        shown = ", ".join(map(_where, filling[:4])) + (", …" if len(filling) > 4 else "")
        one = "{start}; {names} goes on where it was next time"
        more = "{start}; {names} go on where they were next time"
        return t(one if len(filling) == 1 else more, start=start, names=shown)
    late = [
        table for table in tables if table.standing not in {Standing.OK, Standing.QUEUED, Standing.READING}
    ]
    times = [table.synced_at for table in tables if table.synced_at]
    if not times:
        return start
    at = f.clock(max(times), picture.zone, picture.now)
    if late:
        names = ", ".join(plain(table.name, 30) for table in late)
        return t(
            "{start}, {count} of {all} tables current as of {at}; not {names}",
            start=start, count=f"{len(tables) - len(late)}", all=f"{len(tables)}", at=at, names=names,
        )  # fmt: skip
    return t("{start}, all {count} tables current as of {at}", start=start, count=f"{len(tables)}", at=at)


def _start(cycle: int, *, abandoned: bool) -> str:
    if not cycle:
        return t("left before the first cycle" if abandoned else "stopped before the first cycle")
    return t("left at cycle {cycle}" if abandoned else "stopped at cycle {cycle}", cycle=f.count(cycle))


def _where(table: TableState) -> str:
    name = plain(table.name, 30)
    return f"{name} ({f.percent(table.fill.share)})" if table.fill and table.fill.share else name
