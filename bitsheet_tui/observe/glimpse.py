"""The picture of an engine elsewhere, as far as its store tells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from bitsheet_tui.observe.status import Status, TableStatus, look
from bitsheet_tui.state import KEPT, Attached, CycleSummary, EngineState, Fill, Standing, TableState
from bitsheet_tui.store.ledger import Cycle, Run
from bitsheet_tui.store.store import Store

RUNS = 2000  # newest runs that durations are taken from


def glimpse(
    store: Store, attached: Attached, *, names: Sequence[str], portal: str, interval: float
) -> EngineState:
    """How things stand. Raises StoreError. Rates and budgets are not in a store, and are left out.

    `interval` is that of the configuration, for an instance that does not tell its own.
    """
    status = look(store)
    if copy := status.replicated:
        attached = replace(attached, replica_of=copy.of, as_of=copy.at if copy.whole else None)
    interval = status.interval or interval
    cycles = store.last_cycles(KEPT)
    runs = store.last_runs(RUNS)
    newest = cycles[0] if cycles else None
    running = newest is not None and newest.ended_at is None and not attached.gone
    known = {table.count.table: _table(table, status, runs) for table in status.tables}
    return EngineState(
        portal=portal,
        store=store.label,
        tables={name: known.get(name) or TableState(name=name) for name in (*names, *known)},
        cycle=newest.number if newest else 0,
        cycle_started=newest.newest_at if newest and running else None,
        next_at=_next(cycles, status, interval)
        if newest and not (running or status.paused_at or attached.gone or copy)
        else None,
        quiet_until=status.quiet_until,
        quiet=status.quiet,
        paused_at=status.paused_at,
        cycles=tuple(_summary(cycle) for cycle in reversed(cycles) if cycle.ended_at),
        started_at=attached.since or datetime.now(UTC),
        interval=interval,
        last_hour=status.last_hour,
        stopped=attached.gone,
        attached=attached,
        alerts={alert.key: alert for alert in status.alerts},
    )


def _next(cycles: Sequence[Cycle], status: Status, interval: float) -> datetime:
    full = next((cycle for cycle in cycles if not cycle.asked), cycles[0])
    at = full.newest_at + timedelta(seconds=interval)
    return max(at, status.quiet_until) if status.quiet_until else at


def _table(table: TableStatus, status: Status, runs: Sequence[Run]) -> TableState:
    count, since = table.count, table.filling_since
    mine = [run for run in runs if run.table == count.table and run.kind == "scan"]
    last = mine[0] if mine and status.cycle and mine[0].cycle >= status.cycle.number else None
    failed = table.standing is Standing.FAILED
    refused = failed and any(alert.grave and count.table in alert.tables for alert in status.alerts)
    closed = status.unreadable if count.table == "task_comments" else None
    return TableState(
        name=count.table,
        standing=Standing.REFUSED if refused else table.standing,
        rows=count.rows,
        deleted=count.deleted,
        quarantined=count.quarantined,
        values=count.values,
        new=last.inserted if last else 0,
        changed=last.updated if last else 0,
        gone=last.deleted if last else 0,
        synced_at=count.synced_at,
        watermark=count.watermark,
        fill=Fill(started=since, done=count.rows, expected=None) if since else None,
        error=table.error,
        hint=table.hint,
        failures=int(failed),
        failing_since=mine[0].started_at if mine and failed else None,
        unreadable=closed.count if closed else 0,
        lacks=closed.lacks if closed else "",
        compared_at=table.compared_at,
        held=table.held,
        held_reason=table.held_reason,
        disabled=table.disabled,
        seconds=tuple(run.seconds for run in reversed(mine) if not run.error),
    )


def _summary(cycle: Cycle) -> CycleSummary:
    return CycleSummary(
        number=cycle.number,
        at=cycle.ended_at or cycle.started_at,
        seconds=cycle.seconds or 0.0,
        rows=cycle.rows,
        requests=cycle.requests,
        failed=cycle.failed,
        asked=cycle.asked,
    )
