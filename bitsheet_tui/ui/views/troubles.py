"""What is wrong: one entry for each thing, with what to do about it."""

from dataclasses import dataclass
from datetime import datetime

from bitsheet_tui.events import NeedsOperator
from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import BAD, WAIT
from bitsheet_tui.ui.line import Line, wrap
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.words import NOTHING_TO_DO


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong; `grave` when it does not end by itself."""

    where: str
    what: str
    hint: str
    grave: bool
    since: datetime | None = None
    times: int = 0
    until: datetime | None = None


def troubles(picture: Picture) -> list[Trouble]:
    """Everything that is wrong, what needs somebody first."""
    found = [*_whole(picture), *(one for table in picture.tables for one in _of(table))]
    return sorted(found, key=lambda one: not one.grave)


def _whole(picture: Picture) -> list[Trouble]:
    state = picture.state
    event = state.trouble or state.waiting
    if event is None:
        return []
    hint = getattr(event, "hint", "") or NOTHING_TO_DO
    grave = isinstance(event, NeedsOperator)
    return [
        Trouble(
            where="portal" if event is state.waiting or grave else "store",
            what=event.text, hint=hint, grave=grave, since=event.at, until=event.until,
        )
    ]  # fmt: skip


def _of(table: TableState) -> list[Trouble]:
    found: list[Trouble] = []
    if table.error:
        found.append(
            Trouble(
                where=table.name, what=table.error, hint=table.hint or NOTHING_TO_DO,
                grave=table.standing is Standing.REFUSED, times=table.failures, until=table.until,
                since=table.failing_since,
            )
        )  # fmt: skip
    if table.held:
        what = words.HELD.format(count=f.plural(table.held, "deletion"), why=table.held_reason)
        hint = words.HELD_HINT.format(table=table.name)
        found.append(Trouble(where=table.name, what=what, hint=hint, grave=True))
    if table.unreadable:
        what = words.UNREADABLE.format(count=f.plural(table.unreadable, "task"))
        found.append(Trouble(where=table.name, what=what, hint=words.UNREADABLE_HINT, grave=False))
    if table.quarantined:
        what = words.QUARANTINE.format(count=f.plural(table.quarantined, "row"))
        found.append(Trouble(where=table.name, what=what, hint=words.QUARANTINE_HINT, grave=False))
    return found


def render(trouble: Trouble, picture: Picture, columns: int) -> list[Line]:
    """Where and since when, what, what to do, when it is tried again."""
    style = "bad" if trouble.grave else "wait"
    head: Line = (
        (f"{BAD if trouble.grave else WAIT} ", style),
        (plain(trouble.where, 30), "strong"),
        (_history(trouble, picture), "dim"),
    )
    lines: list[Line] = [head]
    lines += [((f"  {row}", ""),) for row in wrap(plain(trouble.what, 400), columns - 2)]
    lines += [((f"  {row}", "hint"),) for row in wrap(plain(trouble.hint, 400), columns - 2)]
    if trouble.until:
        lines.append(((f"  Tried again at {f.clock(trouble.until, picture.zone, picture.now)}.", "dim"),))
    return lines


def _history(trouble: Trouble, picture: Picture) -> str:
    parts = []
    if trouble.since:
        parts.append(f"since {f.clock(trouble.since, picture.zone, picture.now)}")
    if trouble.times > 1:
        parts.append(f"{trouble.times:,} times in a row")
    return "  " + ", ".join(parts) if parts else ""
