"""Turns what happened into lines for people, and tells the same trouble less and less often."""

from datetime import datetime
from functools import singledispatch
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.alert import Kind
from bitsheet_tui.errors import NEEDS_OPERATOR
from bitsheet_tui.state.alerting import BEHIND, BEHIND_HINT, PINNED, PINNED_HINT

KEPT = 500  # different troubles remembered


class Line(Struct, frozen=True, kw_only=True):
    """One log record. `trouble` names what repeats; `ends` the kind of trouble that is over."""

    level: str
    table: str  # or "engine", "portal", "store"
    text: str
    trouble: str = ""
    ends: str = ""


def narrate(event: e.Event) -> Line | None:
    """The line that tells `event`; None for what only screens show."""
    line: Line | None = _narrate(event)
    return line


@singledispatch
def _narrate(event: Any) -> Line | None:  # noqa: ARG001 - what is not registered is not told
    return None


def count(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """`0.13s`, `1.4s`, `12 min`, `1 h 12 min`."""
    if seconds < 100:
        return f"{seconds:.2f}s" if seconds < 1 else f"{seconds:.1f}s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"


@_narrate.register
def _(event: e.CycleStarted) -> Line:
    text = f"cycle {event.number} start  {count(len(event.tables), 'table')} due"
    return Line(level="INFO", table="engine", text=text)


@_narrate.register
def _(event: e.CycleEnded) -> Line:
    facts = [count(event.rows, "row"), count(event.requests, "request"), duration(event.seconds)]
    if event.failed:
        facts.append(f"not up to date: {', '.join(event.failed)}")
    text = "  ".join((f"cycle {event.number} done", *facts))
    return Line(level="WARNING" if event.failed else "INFO", table="engine", text=text)


@_narrate.register
def _(event: e.PageStored) -> Line:
    changes = f"{event.updated:,} upd {event.inserted:,} new"
    counted = (
        (event.deleted, "del"),
        (event.quarantined, "quarantined"),
        (event.values, "values quarantined"),
    )
    for number, word in counted:
        changes += f" {number} {word}" if number else ""
    what = "fill" if event.filling else "page"
    moved = event.read or event.deleted
    level = "WARNING" if event.quarantined else "INFO" if moved else "DEBUG"
    rows = "1 row " if event.read == 1 else f"{event.read:,} rows"
    return Line(level=level, table=event.table, text=f"{what}  {rows:>10}  {changes}")


@_narrate.register
def _(event: e.TableRead) -> Line:
    text = f"read  up to {event.watermark.astimezone().isoformat(' ', 'seconds')}  {duration(event.seconds)}"
    return Line(level="INFO", table=event.table, text=text, ends="failed")


@_narrate.register
def _(event: e.TableFailed) -> Line:
    text = f"failed  {event.text}"
    if event.until:
        text += f", rests until {_clock(event.until)}"
    elif event.hint:
        text += f"  {event.hint}"
    level = "ERROR" if event.reason is None or event.reason in NEEDS_OPERATOR else "WARNING"
    return Line(level=level, table=event.table, text=text, trouble=f"failed {event.reason} {event.text}")


@_narrate.register
def _(event: e.FillStarted) -> Line:
    what = "discussion" if event.table == "task_comments" else "row"
    expected = f"  about {count(event.expected, what)}" if event.expected else ""
    done = f"  {event.done:,} are there already" if event.done else ""
    return Line(level="INFO", table=event.table, text=f"fill start{expected}{done}")


@_narrate.register
def _(event: e.FillEnded) -> Line:
    return Line(level="INFO", table=event.table, text=f"fill done  {duration(event.seconds)}", ends="failed")


@_narrate.register
def _(event: e.Quarantined) -> Line:
    told = []
    if event.count:
        told.append(f"{count(event.count, 'row')} could not be stored")
    if event.values:
        told.append(f"{count(event.values, 'value')} of another type than the field, stored as NULL")
    if not told:
        return Line(level="INFO", table=event.table, text="nothing waits in quarantine", ends="quarantine")
    text = "  ".join((*told, "bitsheet-tui quarantine lists them"))
    trouble = f"quarantine {event.count} {event.values}"
    return Line(level="WARNING", table=event.table, text=text, trouble=trouble)


@_narrate.register
def _(event: e.Drifted) -> Line:
    told = (
        ("new columns", event.added),
        ("now text", event.widened),
        ("of another type", event.retyped),
        ("gone from the portal", event.retired),
    )
    text = "  ".join(f"{what} {', '.join(names)}" for what, names in told if names)
    return Line(level="WARNING", table=event.table, text=text)


@_narrate.register
def _(event: e.RowsHidden) -> Line:
    text = f"the portal counts {count(event.count, 'row')} that it does not show  nothing to do"
    return Line(level="WARNING", table=event.table, text=text)


@_narrate.register
def _(event: e.ClockSetBack) -> Line:
    text = f"the portal's clock had been ahead  the changes of {duration(event.seconds)} are read again"
    return Line(level="WARNING", table=event.table, text=text)


@_narrate.register
def _(event: e.Unreadable) -> Line | None:
    if not event.count:
        return None
    why = "the webhook's owner is not in their chats  make the webhook's owner a participant"
    if event.lacks:
        why = f"the webhook lacks the permission {event.lacks}  tick it in its settings in the portal"
    text = f"comments of {count(event.count, 'task')} not readable: {why}"
    trouble = f"unreadable {event.count} {event.lacks}"
    return Line(level="WARNING", table=event.table, text=text, trouble=trouble)


@_narrate.register
def _(event: e.DeletionsHeld) -> Line:
    text = (
        f"{count(event.count, 'deletion')} held: {event.reason}"
        f"  nothing is marked; if they are meant: bitsheet-tui confirm {event.table}"
    )
    return Line(level="ERROR", table=event.table, text=text, trouble=f"held {event.count} {event.reason}")


@_narrate.register
def _(event: e.HoldEnded) -> Line:
    return Line(level="INFO", table=event.table, text="deletions no longer held", ends="held")


@_narrate.register
def _(event: e.Waiting) -> Line:
    seconds = max(0.0, (event.until - event.at).total_seconds())
    text = f"{event.text.rstrip('.')}; asked again in {duration(seconds)}"
    return Line(level="WARNING", table="portal", text=text, trouble=f"waiting {event.reason} {event.text}")


@_narrate.register
def _(event: e.Answered) -> Line:  # noqa: ARG001 - that it happened is all there is to say
    return Line(level="INFO", table="portal", text="answers again", ends="waiting")


@_narrate.register
def _(event: e.NeedsOperator) -> Line:
    return Line(
        level="ERROR", table="portal", text=f"{event.text}  {event.hint}", trouble=f"operator {event.text}"
    )


@_narrate.register
def _(event: e.Pinned) -> Line:
    if not event.size:
        return Line(level="INFO", table="store", text="nobody holds it up any more", ends="pinned")
    text = f"{PINNED.format(size=f'{event.size / 2**30:.1f}')}  {PINNED_HINT}"
    return Line(level="WARNING", table="store", text=text, trouble="pinned")


@_narrate.register
def _(event: e.CursorsBehind) -> Line:
    if not event.cursors:
        text = "nobody is late any more in following the change feed"
        return Line(level="INFO", table="store", text=text, ends="cursors")
    told = (BEHIND.format(name=one.cursor, days=one.days, lines=f"{one.lines:,}") for one in event.cursors)
    hint = BEHIND_HINT.format(name=event.cursors[0].cursor)
    return Line(level="WARNING", table="store", text=f"{'; '.join(told)}  {hint}", trouble="cursors")


@_narrate.register
def _(event: e.BesideFailed) -> Line:
    trouble = f"beside {event.kind} {event.about}"
    return Line(level="WARNING", table="notify", text=f"{event.text}  {event.hint}", trouble=trouble)


@_narrate.register
def _(event: e.BesideWell) -> Line:
    what = {Kind.CHANNEL_FAILING: "channel", Kind.HEARTBEAT_FAILING: "heartbeat"}.get(event.kind, "question")
    text = f"{what} {event.about} works again" if event.about else f"the {what} works again"
    return Line(level="INFO", table="notify", text=text, ends=f"beside {event.kind} {event.about}")


@_narrate.register
def _(event: e.StoreTrouble) -> Line:
    return Line(
        level="ERROR", table="store", text=f"{event.text}  {event.hint}", trouble=f"store {event.text}"
    )


@_narrate.register
def _(event: e.Scheduled) -> Line | None:
    if event.at is None:
        return None
    return Line(level="DEBUG", table="engine", text=f"next cycle at {_clock(event.at)}")


@_narrate.register
def _(event: e.ClockJumped) -> Line:
    text = f"this computer's clock jumped by {event.seconds:+.0f}s; the schedule was made anew"
    return Line(level="WARNING", table="engine", text=text)


@_narrate.register
def _(event: e.Steered) -> Line:
    left_out = f"  not read: {', '.join(event.disabled)}" if event.disabled else ""
    return Line(level="INFO", table="engine", text=f"a cycle every {event.interval:g} s{left_out}")


@_narrate.register
def _(event: e.Requested) -> Line:
    return Line(level="INFO", table="engine", text=event.text)


WORDS = {
    e.Paused: "paused  no cycle starts",
    e.Resumed: "resumed",
    e.Stopping: "stopping  the commit in hand is finished",
    e.Stopped: "stopped",
}


@_narrate.register(e.Paused)
@_narrate.register(e.Resumed)
@_narrate.register(e.Stopping)
@_narrate.register(e.Stopped)
def _(event: e.Paused | e.Resumed | e.Stopping | e.Stopped) -> Line:
    return Line(level="INFO", table="engine", text=WORDS[type(event)])


class Repeats:
    """Tells a repeated trouble the 1st, 2nd, 4th, 8th … time it comes, until it is over."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}

    def admit(self, line: Line) -> Line | None:
        """The line as it is to be told; None when it says nothing new."""
        if line.ends:
            over = [key for key in self._seen if key[0] == line.table and key[1].startswith(line.ends)]
            for key in over:
                del self._seen[key]
        if not line.trouble:
            return line
        if len(self._seen) > KEPT:
            self._seen.clear()
        key = (line.table, line.trouble)
        times = self._seen[key] = self._seen.get(key, 0) + 1
        if times & (times - 1):  # not a power of two
            return None
        return line if times == 1 else replace(line, text=f"{line.text}  × {times}")
