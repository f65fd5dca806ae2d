"""What the mirror holds and who keeps it current, read from the store alone."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from bitsheet_tui import quiet
from bitsheet_tui.alert import Alert
from bitsheet_tui.freshness import Freshness, LastHour
from bitsheet_tui.observe.narrate import count, duration
from bitsheet_tui.quiet import QuietHours
from bitsheet_tui.state import Standing
from bitsheet_tui.store.books import DISABLED, HIDDEN, INTERVAL, PAUSED, QUIET, QUIET_UNTIL
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.closed import Closed
from bitsheet_tui.store.counts import Count
from bitsheet_tui.store.ledger import Cycle, Run
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.reconciles import Reconcile
from bitsheet_tui.store.replicated import Replicated
from bitsheet_tui.store.retention import Lag
from bitsheet_tui.store.store import Store
from bitsheet_tui.tables import CATALOGUE, Paging
from bitsheet_tui.text import plain

FACTS = (PAUSED, INTERVAL, DISABLED, QUIET, QUIET_UNTIL)
_PLACES = {table.name: number for number, table in enumerate(CATALOGUE)}


class TableStatus(Struct, frozen=True, kw_only=True):
    """One table of the mirror, and how its last run went."""

    count: Count
    standing: Standing
    error: str = ""
    hint: str = ""
    hidden: int = 0  # rows that the portal counts and does not show, as far as is known
    held: int = 0  # deletions that wait for somebody's word
    held_reason: str = ""
    compared_at: datetime | None = None  # when its deletions were last looked for
    filling_since: datetime | None = None
    disabled: bool = False  # the running instance does not read it for now


class Status(Struct, frozen=True, kw_only=True):
    """Everything `bitsheet-tui status` tells."""

    store: str  # what and where, without passwords
    size_bytes: int
    holder: Holder | None  # the running instance
    paused_at: datetime | None  # since when it is paused
    interval: float | None  # seconds between the starts of its cycles
    cycle: Cycle | None  # the newest
    last_hour: LastHour = LastHour()  # how old changes were when they were committed
    tables: tuple[TableStatus, ...]
    unreadable: Closed  # tasks whose comments the webhook may not read
    unproved: int = 0  # chats of tasks that were read, and whose end was not yet seen
    lags: tuple[Lag, ...] = ()  # of those who follow the change feed by a cursor
    alerts: tuple[Alert, ...] = ()  # that stand, the oldest first
    quiet_until: datetime | None = None  # no cycle starts before it by itself
    quiet: QuietHours | None = None  # the hours of every day that ages leave out
    replicated: Replicated | None = None  # of which mirror it is the copy


def look(store: Store) -> Status:
    """The status of an open store. Raises StoreError."""
    cycles = store.last_cycles(1)
    holder = store.holder()
    facts = {key: store.remembered(key) if holder else "" for key in FACTS}
    paused, interval, disabled = facts[PAUSED], facts[INTERVAL], facts[DISABLED].split(",")
    return Status(
        store=store.label,
        size_bytes=store.size_bytes(),
        holder=holder,
        paused_at=datetime.fromisoformat(paused) if paused else None,
        interval=float(interval) if interval else None,
        cycle=cycles[0] if cycles else None,
        last_hour=store.last_hour(datetime.now(UTC)),
        tables=tuple(
            _table(store, one, disabled=one.table in disabled)
            for one in sorted(_counts(store, cycles), key=_place)
        ),
        unreadable=store.count_unreadable(),
        unproved=store.reconciles.count_unproved(),
        lags=tuple(store.lags()),
        alerts=store.alerts(),
        quiet_until=datetime.fromisoformat(facts[QUIET_UNTIL]) if facts[QUIET_UNTIL] else None,
        quiet=quiet.parse(*facts[QUIET].split()) if facts[QUIET] else None,
        replicated=store.replicated(),
    )


def _counts(store: Store, cycles: list[Cycle]) -> list[Count]:
    """What the mirror holds, and the tables that the last cycle could not even begin."""
    held = store.counts()
    known = {one.table for one in held}
    missing = [name for cycle in cycles for name in cycle.failed if name not in known]
    return held + [Count(table=name, rows=0, deleted=0) for name in missing]


def _place(one: Count) -> tuple[int, str]:
    """The order of the catalogue; what is not in it comes last."""
    return _PLACES.get(one.table, len(_PLACES)), one.table


def _table(store: Store, one: Count, *, disabled: bool) -> TableStatus:
    runs = store.last_runs(1, one.table)
    last = runs[0] if runs else None
    found = store.reconciles.load(one.table)
    checkpoint = store.checkpoint(one.table)
    standing = _standing(one, checkpoint, last)
    return TableStatus(
        count=one,
        standing=standing,
        filling_since=checkpoint.fill_started if standing is Standing.FILLING else None,
        error=last.error if last else "",
        hint=last.hint if last else "",
        hidden=int(store.remembered(f"{HIDDEN}{one.table}") or 0),
        held=found.held,
        held_reason=found.reason,
        compared_at=_compared(one, found),
        disabled=disabled,
    )


def _compared(one: Count, found: Reconcile) -> datetime | None:
    """A table that is read whole, and comments, are compared whenever they are read."""
    paging = next((table.paging for table in CATALOGUE if table.name == one.table), Paging.KEYSET)
    return found.compared_at if paging is Paging.KEYSET else one.synced_at


def _standing(one: Count, checkpoint: Checkpoint, last: Run | None) -> Standing:
    if last and last.error:
        return Standing.FAILED
    if checkpoint.fill_started and checkpoint.floor != 0:
        return Standing.FILLING
    if one.synced_at is None:
        return Standing.NEVER
    return Standing.PARTIAL if one.quarantined else Standing.OK


# --- for programs -----------------------------------------------------------------------------------------


def to_json(status: Status) -> dict[str, Any]:
    """Plain data under names that stay; instants are ISO 8601 in UTC."""
    holder = status.holder
    return {
        "mirror": {
            "store": status.store,
            "size_bytes": status.size_bytes,
            "unreadable_discussions": status.unreadable.count,
            "unproved_discussions": status.unproved,
        },
        "replica": _replica_json(status.replicated) if status.replicated else None,
        "instance": {
            "running": holder is not None,
            "pid": holder.pid if holder else None,
            "host": holder.host if holder else None,
            "since": _instant(holder.since if holder else None),
            "paused_at": _instant(status.paused_at),
            "quiet_until": _instant(status.quiet_until),
            "interval": status.interval,
        },
        "cycle": _cycle_json(status.cycle) if status.cycle else None,
        "freshness": _freshness_json(status.last_hour),
        "tables": {table.count.table: _table_json(table) for table in status.tables},
        "cursors": [_cursor_json(lag) for lag in status.lags],
        "alerts": [_alert_json(alert) for alert in status.alerts],
    }


def _replica_json(told: Replicated) -> dict[str, Any]:
    return {
        "of": told.of,
        "whole": told.whole,
        "seq": told.seq,
        "as_of": _instant(told.at),
        "seconds_behind": told.behind(datetime.now(UTC)),
    }


def _cycle_json(cycle: Cycle) -> dict[str, Any]:
    return {
        "number": cycle.number,
        "started_at": _instant(cycle.newest_at),
        "ended_at": _instant(cycle.ended_at),
        "seconds": cycle.seconds,
        "rows": cycle.rows,
        "requests": cycle.requests,
        "failed": list(cycle.failed),
    }


def _freshness_json(last_hour: LastHour) -> dict[str, float | None]:
    found = last_hour.measure(datetime.now(UTC))
    return asdict(found) if found else {"rows": 0, "p50": None, "p95": None}


def _table_json(table: TableStatus) -> dict[str, Any]:
    one = table.count
    return {
        "rows": one.rows,
        "deleted": one.deleted,
        "quarantined": one.quarantined,
        "quarantined_values": one.values,
        "hidden": table.hidden,
        "watermark": _instant(one.watermark),
        "synced_at": _instant(one.synced_at),
        "state": str(table.standing),
        "error": plain(table.error, 1000),
        "hint": plain(table.hint, 1000),
        "compared_at": _instant(table.compared_at),
        "held": table.held,
        "held_reason": plain(table.held_reason, 1000),
        "disabled": table.disabled,
    }


def _cursor_json(lag: Lag) -> dict[str, Any]:
    one = lag.cursor
    return {
        "name": one.name,
        "seq": one.seq,
        "behind": lag.behind,
        "moved_at": _instant(one.moved_at),
        "description": plain(one.description, 200),
    }


def _alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "kind": str(alert.kind),
        "tables": list(alert.tables),
        "text": plain(alert.text, 1000),
        "hint": plain(alert.hint, 1000),
        "since": _instant(alert.since),
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# --- for people -------------------------------------------------------------------------------------------


def to_lines(status: Status, now: datetime) -> list[str]:
    """The same as text; `now` is the host's clock."""
    lines = [
        f"mirror    {status.store}, {_size(status.size_bytes)}",
        *([f"replica   {_replica(status.replicated, now)}"] if status.replicated else []),
        f"instance  {_instance(status, now)}",
        f"cycle     {_cycle(status.cycle, now)}",
        f"freshness {_fresh(status.last_hour.measure(now))}",
        "",
        f"{'table':<16}{'rows':>12}{'deleted':>10}{'quarantined':>13}{'values':>9}  {'synced':<16}state",
    ]
    for table in status.tables:
        one = table.count
        numbers = f"{one.rows:>12,}{one.deleted:>10,}{one.quarantined:>13,}{one.values:>9,}"
        synced = _age(one.synced_at, now)
        standing = f"{table.standing}, disabled" if table.disabled else f"{table.standing}"
        lines.append(f"{plain(one.table, 60):<16}{numbers}  {synced:<16}{standing}")
    lines.append(f"{'total':<16}{sum(table.count.rows for table in status.tables):>12,}")
    if status.lags:
        lines += ["", f"{'cursor':<24}{'line':>12}{'behind':>12}  {'moved':<16}follows"]
    for lag in status.lags:
        cursor, moved = lag.cursor, _age(lag.cursor.moved_at, now)
        numbers = f"{cursor.seq:>12,}{lag.behind:>12,}"
        lines.append(f"{cursor.name:<24}{numbers}  {moved:<16}{plain(cursor.description, 100)}")
    for alert in status.alerts:
        where = ", ".join(alert.tables) or "mirror"
        lines += ["", f"{where}: {plain(alert.text, 500)}"]
        lines.append(f"  {plain(alert.hint, 500)} (since {_age(alert.since, now)})")
    told = {name for alert in status.alerts for name in alert.tables}
    for table in status.tables:
        if table.error and table.count.table not in told:
            lines += ["", f"{table.count.table}: {plain(table.error, 500)}", f"  {plain(table.hint, 500)}"]
    if status.unreadable.count and not status.unreadable.lacks:  # otherwise an alert tells
        closed = count(status.unreadable.count, "task")
        lines += ["", f"comments of {closed} are not readable with this webhook"]
    lines += _unseen(status)
    return [line.rstrip() for line in lines]


def _unseen(status: Status) -> list[str]:
    """What nobody can see, or not yet."""
    lines: list[str] = []
    for table in status.tables:
        if table.hidden:
            rows = count(table.hidden, "row")
            lines += ["", f"{table.count.table}: the portal counts {rows} that it does not show"]
    if status.unproved:
        chats = count(status.unproved, "chat")
        lines += ["", f"of {chats} the end was not yet seen: they are looked at again, some in each cycle"]
    return lines


def _replica(told: Replicated, now: datetime) -> str:
    if not told.whole:
        return f"of {told.of}, {count(told.copied, 'row')} copied so far"
    return f"of {told.of}, at line {told.seq}, {_behind(told.behind(now))} behind"


def _behind(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else duration(seconds)


def _instance(status: Status, now: datetime) -> str:
    holder = status.holder
    if holder is None:
        return "not running"
    facts = ["running"]
    if holder.pid:
        facts.append(f"pid {holder.pid}{f' on {plain(holder.host, 80)}' if holder.host else ''}")
    if holder.since:
        facts.append(f"since {holder.since.astimezone():%Y-%m-%d %H:%M} ({_age(holder.since, now)})")
    if status.interval:
        facts.append(f"a cycle every {status.interval:g} s")
    if status.quiet_until and status.quiet_until > now:
        facts.append(f"quiet until {status.quiet_until.astimezone():%Y-%m-%d %H:%M}")
    if status.paused_at:
        facts.append(f"paused {_age(status.paused_at, now)}")
    return ", ".join(facts)


def _cycle(cycle: Cycle | None, now: datetime) -> str:
    if cycle is None:
        return "none yet"
    if cycle.ended_at is None or cycle.seconds is None:
        return f"{cycle.number}, started {_age(cycle.newest_at, now)}, not finished"
    what = f"{cycle.number}, {count(cycle.rows, 'row')}, {count(cycle.requests, 'request')}"
    failed = f", not up to date: {', '.join(cycle.failed)}" if cycle.failed else ""
    return f"{what}, {duration(cycle.seconds)}, {_age(cycle.ended_at, now)}{failed}"


def _fresh(one: Freshness | None) -> str:
    if one is None:
        return "nothing changed in the last hour"
    told = f"half of the changes after {duration(one.p50)}, 95 % after {duration(one.p95)}"
    return f"{told} ({count(one.rows, 'row')} in the last hour)"


def _age(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max(0.0, (now - at).total_seconds())
    if seconds < 100:
        return f"{seconds:.0f} s ago"
    if seconds < 48 * 3600:
        return f"{duration(seconds)} ago"
    return f"{seconds / 86400:.0f} days ago"


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
