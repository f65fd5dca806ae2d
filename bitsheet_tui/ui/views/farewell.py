"""The last line, on the normal screen: where the mirror stands and what goes on next time."""

from bitsheet_tui.state import TableState
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
    verdict = picture.verdict
    if verdict.as_of is None:
        return start
    at = f.clock(verdict.as_of, picture.zone, picture.now)
    late = [table.name for table in picture.state.enabled if table.name not in verdict.current]
    if late:
        names = ", ".join(plain(name, 30) for name in late)
        return t(
            "{start}, {count} of {all} tables current as of {at}; not {names}",
            start=start, count=f"{len(verdict.current)}", all=f"{verdict.all}", at=at, names=names,
        )  # fmt: skip
    return t("{start}, all {count} tables current as of {at}", start=start, count=f"{verdict.all}", at=at)


def _start(cycle: int, *, abandoned: bool) -> str:
    if not cycle:
        return t("left before the first cycle" if abandoned else "stopped before the first cycle")
    return t("left at cycle {cycle}" if abandoned else "stopped at cycle {cycle}", cycle=f.count(cycle))


def _where(table: TableState) -> str:
    name = plain(table.name, 30)
    return f"{name} ({f.percent(table.fill.share)})" if table.fill and table.fill.share else name
