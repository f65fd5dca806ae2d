"""Which alerts stand after an event: each begins once and ends by itself, when what was wrong is well again.

What is not known to be well stays: a table that was refused, and is not read now because the portal does not
answer, is refused still. So alerts outlive a restart, too (`picture.start`).
"""

from collections.abc import Collection, Mapping
from functools import singledispatch
from typing import Any

from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.alert import BESIDE, Alert, Kind
from bitsheet_tui.errors import NEEDS_OPERATOR, Reason
from bitsheet_tui.tables import DICTIONARIES

Alerts = Mapping[str, Alert]

PATIENCE = 3  # times in a row that a table may fail before somebody is told
OURS = frozenset({Reason.FILTER, Reason.REQUEST})  # never end by themselves: told at once
OF_TABLES = frozenset({Kind.SCOPE_LOST, Kind.TABLE_REFUSED, Kind.TABLE_FAILING})
OF_THE_PORTAL = frozenset({Kind.PORTAL_REFUSED, Kind.PORTAL_UNREACHABLE})

HELD = "{count:,} {noun} held: {why}"
HELD_HINT = (
    "Nothing is marked meanwhile. Should the webhook have lost a right, give it back: this ends by itself. "
    "If the rows are gone indeed, confirm with y on the table, or with: bitsheet-tui confirm {table}"
)
QUARANTINE = "{count:,} {noun} could not be stored and wait in quarantine with the reason"
VALUES = "{count:,} {noun} of another type than the field wait in quarantine, and are empty in their rows"
QUARANTINE_HINT = (
    "bitsheet-tui quarantine lists them; they are tried again whenever they are read, and by --retry"
)
CLOSED = "the comments of {count:,} {noun} are not readable: the webhook lacks the permission `{scope}`"
CLOSED_HINT = (
    "Tick `{scope}` in the settings of the webhook in the portal; they are read by themselves then. "
    "What was read before stays."
)

PINNED = "a program has been reading the mirror without a break: {size} GB wait for it to let go, and grow"
PINNED_HINT = (
    "End its transaction, or the program; lsof names those that have the file open. The mirror goes on "
    "meanwhile, and the space is free again by itself."
)

BEHIND = "{name} is behind on the change feed: it moved {days} days ago, up to {lines} lines are kept for it"
BEHIND_HINT = "Start what follows by it again, or forget it: bitsheet-tui changes --cursor {name} --drop"


def follow(alerts: Alerts, event: e.Event, failures: Mapping[str, int]) -> Alerts:
    """The alerts after `event`; the same object when it changes none.

    `failures`: for each mirrored table, how often it has failed in a row, the event included.
    """
    found: Alerts = _after(event, alerts, failures)
    return found


@singledispatch
def _after(event: Any, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    return alerts


@_after.register
def _(event: e.TableFailed, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    seldom = event.table == DICTIONARIES.name  # asked so seldom that once is enough to tell of
    if event.until or not (event.whole or seldom or event.table in failures):
        return alerts  # a method that rests
    grave = event.lasting or event.reason in NEEDS_OPERATOR
    if event.whole:
        kind = Kind.PORTAL_REFUSED if grave else Kind.PORTAL_UNREACHABLE
        alert = Alert(kind=kind, text=event.text, hint=event.hint, since=event.at)
        return _begun(_without(alerts, OF_THE_PORTAL - {kind}), alert)
    if not (grave or seldom) and event.reason not in OURS and failures[event.table] < PATIENCE:
        return alerts
    kind = Kind.TABLE_REFUSED if grave else Kind.TABLE_FAILING
    if event.scope:
        kind = Kind.SCOPE_LOST
    alert = Alert(
        kind=kind, about=event.scope or event.table, tables=(event.table,), text=event.text,
        hint=event.hint, since=event.at,
    )  # fmt: skip
    return _begun(_mended(alerts, event.table, but=alert.key), alert)


@_after.register(e.TableRead)
@_after.register(e.FillEnded)
def _(event: e.TableRead | e.FillEnded, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    return _mended(alerts, event.table)


@_after.register
def _(event: e.DeletionsHeld, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    noun = "deletion" if event.count == 1 else "deletions"
    text = HELD.format(count=event.count, noun=noun, why=event.reason)
    hint = HELD_HINT.format(table=event.table)
    return _begun(alerts, _of(Kind.DELETIONS_HELD, event, text, hint))


@_after.register
def _(event: e.HoldEnded, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    return _ended(alerts, f"{Kind.DELETIONS_HELD}:{event.table}")


@_after.register
def _(event: e.Quarantined, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    told = ((QUARANTINE, event.count, "row"), (VALUES, event.values, "value"))
    parts = [
        what.format(count=count, noun=noun if count == 1 else f"{noun}s")
        for what, count, noun in told
        if count
    ]
    if not parts:
        return _ended(alerts, f"{Kind.QUARANTINE}:{event.table}")
    text = "; ".join(parts)
    return _begun(alerts, _of(Kind.QUARANTINE, event, text, QUARANTINE_HINT))


@_after.register
def _(event: e.Unreadable, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    if not event.lacks:
        return _ended(alerts, f"{Kind.COMMENTS_CLOSED}:{event.table}")
    noun = "task" if event.count == 1 else "tasks"
    text = CLOSED.format(count=event.count, noun=noun, scope=event.lacks)
    return _begun(alerts, _of(Kind.COMMENTS_CLOSED, event, text, CLOSED_HINT.format(scope=event.lacks)))


@_after.register
def _(event: e.StoreTrouble, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    alert = Alert(kind=Kind.STORE_TROUBLE, text=event.text, hint=event.hint, since=event.at)
    return _begun(alerts, alert)


@_after.register
def _(event: e.Pinned, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    if not event.size:
        return _ended(alerts, Kind.STORE_PINNED)
    text = PINNED.format(size=f"{event.size / 2**30:.1f}")
    return _begun(alerts, Alert(kind=Kind.STORE_PINNED, text=text, hint=PINNED_HINT, since=event.at))


@_after.register
def _(event: e.CursorsBehind, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    late = {f"{Kind.CURSOR_BEHIND}:{one.cursor}": one for one in event.cursors}
    for key, alert in alerts.items():
        if alert.kind is Kind.CURSOR_BEHIND and key not in late:
            alerts = _ended(alerts, key)
    for one in late.values():
        text = BEHIND.format(name=one.cursor, days=one.days, lines=f"{one.lines:,}")
        alerts = _begun(
            alerts,
            Alert(
                kind=Kind.CURSOR_BEHIND, about=one.cursor, text=text,
                hint=BEHIND_HINT.format(name=one.cursor), since=event.at,
            ),
        )  # fmt: skip
    return alerts


@_after.register
def _(event: e.BesideFailed, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    alert = Alert(kind=event.kind, about=event.about, text=event.text, hint=event.hint, since=event.at)
    return _begun(alerts, alert)


@_after.register
def _(event: e.BesideWell, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    return _ended(alerts, event.key)


@_after.register
def _(event: e.CycleEnded, alerts: Alerts, failures: Mapping[str, int]) -> Alerts:
    over = {Kind.STORE_TROUBLE} | (OF_THE_PORTAL if event.served else set())  # the store has just taken it
    return _without(alerts, over)


# --- beginning and ending -------------------------------------------------------------------------------


def _of(kind: Kind, event: e.DeletionsHeld | e.Quarantined | e.Unreadable, text: str, hint: str) -> Alert:
    table = event.table
    return Alert(kind=kind, about=table, tables=(table,), text=text, hint=hint, since=event.at)


def _begun(alerts: Alerts, alert: Alert) -> Alerts:
    """With `alert`; one that stands already keeps its beginning, and may come to concern more tables."""
    known = alerts.get(alert.key)
    if known:
        more = tuple(name for name in alert.tables if name not in known.tables)
        text = known.text if alert.kind is Kind.SCOPE_LOST else alert.text  # one method of several
        alert = replace(alert, since=known.since, tables=known.tables + more, text=text)
    return alerts if alert == known else {**alerts, alert.key: alert}


def _ended(alerts: Alerts, key: str) -> Alerts:
    return {name: alert for name, alert in alerts.items() if name != key} if key in alerts else alerts


def _without(alerts: Alerts, kinds: frozenset[Kind] | set[Kind]) -> Alerts:
    if not any(alert.kind in kinds for alert in alerts.values()):
        return alerts
    return {key: alert for key, alert in alerts.items() if alert.kind not in kinds}


def _mended(alerts: Alerts, table: str, *, but: str = "") -> Alerts:
    """Without what kept `table` from being read."""
    for key, alert in alerts.items():
        if alert.kind in OF_TABLES and table in alert.tables and key != but:
            alerts = _left(alerts, alert, tuple(name for name in alert.tables if name != table))
    return alerts


def _left(alerts: Alerts, alert: Alert, tables: tuple[str, ...]) -> Alerts:
    return {**alerts, alert.key: replace(alert, tables=tables)} if tables else _ended(alerts, alert.key)


def mirrored(alerts: Alerts, names: tuple[str, ...], beside: Collection[str] = ()) -> Alerts:
    """Without what concerns only tables that are not mirrored any more, or nothing that runs `beside`.

    `beside`: keys of alerts, of whatever there is.
    """
    for alert in alerts.values():
        if alert.kind in BESIDE and alert.key not in beside:
            alerts = _ended(alerts, alert.key)
        if alert.tables:
            known = (*names, DICTIONARIES.name)
            alerts = _left(alerts, alert, tuple(name for name in alert.tables if name in known))
    return alerts
