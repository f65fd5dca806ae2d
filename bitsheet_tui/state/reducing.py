"""reduce(state, event): what each event changes in the picture."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.errors import NEEDS_OPERATOR
from bitsheet_tui.state.alerting import follow
from bitsheet_tui.state.picture import AT_WORK, KEPT, CycleSummary, EngineState, Fill, Standing, TableState


def reduce(state: EngineState, event: e.Event) -> EngineState:
    """The picture after `event`. Pure: no clock, no I/O."""
    after: EngineState = _apply(event, state)
    failures = {name: table.failures for name, table in after.tables.items()}
    alerts = follow(after.alerts, event, failures)
    return after if alerts is after.alerts else replace(after, alerts=alerts)


def _with(state: EngineState, name: str, change: Callable[[TableState], TableState]) -> EngineState:
    before = state.tables.get(name)
    if before is None:  # the dictionaries have no row of their own; the log tells of them
        return state
    return replace(state, tables={**state.tables, name: change(before)})


@singledispatch
def _apply(event: Any, state: EngineState) -> EngineState:
    raise TypeError(f"no such event: {event!r}")


@_apply.register
def _(event: e.CycleStarted, state: EngineState) -> EngineState:
    tables = {name: replace(table, new=0, changed=0, gone=0) for name, table in state.tables.items()}
    for name in event.tables:
        before = tables.get(name, TableState(name=name))
        keeps = before.fill or before.error  # what went wrong stands until it is read
        standing = before.standing if keeps else Standing.QUEUED
        tables[name] = replace(before, standing=standing)
    return replace(
        state, tables=tables, cycle=event.number, cycle_started=event.at, next_at=None, quiet_until=None,
        reading=tuple(event.tables),
    )  # fmt: skip


@_apply.register
def _(event: e.CycleEnded, state: EngineState) -> EngineState:
    summary = CycleSummary(
        number=event.number, at=event.at, seconds=event.seconds, rows=event.rows,
        requests=event.requests, failed=event.failed, asked=event.asked,
    )  # fmt: skip
    before = state.cycles
    if event.asked and before and before[-1].asked:
        before = before[:-1]  # those that were asked for do not drive out the full ones
    refused = isinstance(state.trouble, e.NeedsOperator) and not event.served
    trouble = state.trouble if refused else None  # the store has just taken the cycle's end
    return replace(_over(state), cycles=(*before, summary)[-KEPT:], trouble=trouble)


def _over(state: EngineState) -> EngineState:
    """No cycle is in hand: a table that it has not come to, or that other work wrote to, waits for none."""

    def settled(table: TableState) -> TableState:
        if table.standing not in AT_WORK:
            return table
        read = table.well if table.synced_at else Standing.NEVER
        return replace(table, standing=Standing.FAILED if table.error else read)

    tables = {name: settled(table) for name, table in state.tables.items()}
    return replace(state, cycle_started=None, tables=tables)


@_apply.register
def _(event: e.PageStored, state: EngineState) -> EngineState:
    def change(table: TableState) -> TableState:
        rows = None if table.rows is None else table.rows + event.inserted - event.deleted
        fill = _advance(table.fill, event) if event.filling and table.fill else table.fill
        standing = Standing.READING if state.cycle_started else table.standing  # comparisons end no reading
        return replace(
            table,
            rows=rows,
            new=table.new + event.inserted,
            changed=table.changed + event.updated,
            gone=table.gone + event.deleted,
            deleted=table.deleted + event.deleted,
            fill=fill,
            standing=Standing.FILLING if fill else standing,
        )

    last_hour = state.last_hour.add(event.at, event.delays)
    return replace(_with(state, event.table, change), last_hour=last_hour)


def _advance(fill: Fill, event: e.PageStored) -> Fill:
    """An exponential average whose memory is half a minute, whatever the pages' rhythm."""
    elapsed = max(0.05, (event.at - (fill.last or fill.started)).total_seconds())
    weight = min(1.0, elapsed / 30) if fill.pages else 1.0
    rate = fill.rate + weight * ((event.done - fill.done) / elapsed - fill.rate)
    expected = event.expected if event.expected is not None else fill.expected
    return replace(
        fill,
        done=event.done,
        expected=expected,
        rate=rate,
        last=event.at,
        pages=fill.pages + 1,
        left=event.left,
    )


@_apply.register
def _(event: e.TableRead, state: EngineState) -> EngineState:
    def change(table: TableState) -> TableState:
        return replace(
            table,
            standing=table.well,
            fill=None,  # a backfill that died with the store was finished by the cycle
            synced_at=event.at,
            watermark=event.watermark,
            seconds=(*table.seconds, event.seconds)[-KEPT:],
            changes=(*table.changes, table.new + table.changed + table.gone)[-KEPT:],
            error="", hint="", failures=0, failing_since=None, until=None,
        )  # fmt: skip

    return _with(state, event.table, change)


@_apply.register
def _(event: e.TableFailed, state: EngineState) -> EngineState:
    def change(table: TableState) -> TableState:
        if event.until:
            standing = Standing.RESTING
        elif event.lasting or event.reason in NEEDS_OPERATOR:
            standing = Standing.REFUSED
        else:
            standing = Standing.FAILED
        return replace(
            table, standing=standing, error=event.text, hint=event.hint, until=event.until,
            failures=table.failures + 1, failing_since=table.failing_since or event.at,
        )  # fmt: skip

    return _with(state, event.table, change)


@_apply.register
def _(event: e.FillStarted, state: EngineState) -> EngineState:
    fill = Fill(started=event.at, done=event.done, expected=event.expected)
    return _with(state, event.table, lambda t: replace(t, fill=fill, standing=Standing.FILLING))


@_apply.register
def _(event: e.FillEnded, state: EngineState) -> EngineState:
    return _with(
        state, event.table,
        lambda t: replace(
            t, fill=None, filled=_whole(t, event), standing=t.well, synced_at=event.at,
            watermark=event.watermark or t.watermark,
            error="", hint="", failures=0, failing_since=None, until=None,
        ),
    )  # fmt: skip


def _whole(table: TableState, event: e.FillEnded) -> Fill | None:
    """The backfill as it ended: what it has read is all there was."""
    fill = table.fill
    return replace(fill, expected=fill.done, rate=0.0, last=event.at) if fill else table.filled


@_apply.register
def _(event: e.Counted, state: EngineState) -> EngineState:
    def change(table: TableState) -> TableState:
        known = table.standing is Standing.NEVER and event.synced_at
        return replace(
            table, rows=event.rows, deleted=event.deleted,
            synced_at=event.synced_at or table.synced_at, watermark=event.watermark or table.watermark,
            standing=table.well if known else table.standing,
        )  # fmt: skip

    return _with(state, event.table, change)


@_apply.register
def _(event: e.Quarantined, state: EngineState) -> EngineState:
    def change(table: TableState) -> TableState:
        after = replace(table, quarantined=event.count, values=event.values)
        read = table.standing in {Standing.OK, Standing.PARTIAL}
        return replace(after, standing=after.well) if read else after

    return _with(state, event.table, change)


@_apply.register
def _(event: e.Unreadable, state: EngineState) -> EngineState:
    return _with(state, event.table, lambda t: replace(t, unreadable=event.count, lacks=event.lacks))


@_apply.register
def _(event: e.DeletionsHeld, state: EngineState) -> EngineState:
    return _with(state, event.table, lambda t: replace(t, held=event.count, held_reason=event.reason))


@_apply.register
def _(event: e.Compared, state: EngineState) -> EngineState:
    return _with(state, event.table, lambda t: replace(t, compared_at=event.at))


@_apply.register
def _(event: e.HoldEnded, state: EngineState) -> EngineState:
    return _with(state, event.table, lambda t: replace(t, held=0, held_reason=""))


@_apply.register
def _(event: e.Waiting, state: EngineState) -> EngineState:
    return replace(state, waiting=event)


@_apply.register
def _(event: e.Answered, state: EngineState) -> EngineState:
    trouble = None if isinstance(state.trouble, e.NeedsOperator) else state.trouble
    return replace(state, waiting=None, trouble=trouble)


@_apply.register
def _(event: e.NeedsOperator, state: EngineState) -> EngineState:
    return replace(state, trouble=event, waiting=None)


@_apply.register
def _(event: e.StoreTrouble, state: EngineState) -> EngineState:
    return replace(_over(state), trouble=event, waiting=None)  # a cycle that loses the store is over


@_apply.register
def _(event: e.PortalSeen, state: EngineState) -> EngineState:
    return replace(state, seen=event)


@_apply.register
def _(event: e.Scheduled, state: EngineState) -> EngineState:
    return replace(state, next_at=event.at, quiet_until=event.quiet_until)


@_apply.register
def _(event: e.Drifted, state: EngineState) -> EngineState:
    return _with(state, event.table, lambda t: replace(t, drift=event))


@_apply.register(e.ClockJumped)  # told to the log only
@_apply.register(e.Requested)
@_apply.register(e.ClockSetBack)
@_apply.register(e.RowsHidden)
@_apply.register(e.Pinned)  # an alert is all there is to see
@_apply.register(e.CursorsBehind)
@_apply.register(e.BesideFailed)
@_apply.register(e.BesideWell)
@_apply.register(e.Notified)
def _(
    event: e.ClockJumped
    | e.Requested
    | e.ClockSetBack
    | e.RowsHidden
    | e.Pinned
    | e.CursorsBehind
    | e.BesideFailed
    | e.BesideWell
    | e.Notified,
    state: EngineState,
) -> EngineState:
    return state


@_apply.register
def _(event: e.Paused, state: EngineState) -> EngineState:
    return replace(state, paused_at=event.at)


@_apply.register
def _(event: e.Resumed, state: EngineState) -> EngineState:
    return replace(state, paused_at=None)


@_apply.register
def _(event: e.Steered, state: EngineState) -> EngineState:
    factor = event.interval / state.interval if state.interval else 1.0
    steered_at = state.steered_at if factor == 1.0 else event.at
    tables = {
        name: replace(table, disabled=name in event.disabled, due=table.due * factor)
        for name, table in state.tables.items()
    }
    return replace(state, interval=event.interval, tables=tables, steered_at=steered_at)


@_apply.register
def _(event: e.Stopping, state: EngineState) -> EngineState:
    return replace(state, stopping=True)


@_apply.register
def _(event: e.Stopped, state: EngineState) -> EngineState:
    return replace(state, stopping=True, stopped=True, cycle_started=None, next_at=None)
