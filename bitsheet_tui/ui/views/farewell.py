"""The last line, on the normal screen: where the mirror stands and what goes on next time."""

from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views.attached import who


def farewell(picture: Picture, *, abandoned: bool = False) -> str:
    """`stopped at cycle 812, all 9 tables current as of 10:02:13`, or what resumes."""
    seen = picture.state.attached
    if seen and not seen.gone:
        return words.DETACHED.format(cycle=picture.state.cycle, who=who(seen))
    tables = picture.tables
    how = "left" if abandoned else "stopped"
    start = (
        f"{how} at cycle {picture.state.cycle:,}" if picture.state.cycle else f"{how} before the first cycle"
    )
    filling = [table for table in tables if table.fill or table.synced_at is None]
    if filling and picture.state.cycle:
        shown = ", ".join(map(_where, filling[:4])) + (", …" if len(filling) > 4 else "")
        goes = "goes" if len(filling) == 1 else "go"
        return f"{start}; {shown} {goes} on where {'it was' if len(filling) == 1 else 'they were'} next time"
    late = [
        table for table in tables if table.standing not in {Standing.OK, Standing.QUEUED, Standing.READING}
    ]
    times = [table.synced_at for table in tables if table.synced_at]
    if not times:
        return start
    at = f.clock(max(times), picture.zone, picture.now)
    if late:
        names = ", ".join(plain(table.name, 30) for table in late)
        return f"{start}, {len(tables) - len(late)} of {len(tables)} tables current as of {at}; not {names}"
    return f"{start}, all {len(tables)} tables current as of {at}"


def _where(table: TableState) -> str:
    name = plain(table.name, 30)
    return f"{name} ({f.percent(table.fill.share)})" if table.fill and table.fill.share else name
