"""What becomes of a table's work: the events that tell of it, and its line in the ledger."""

from datetime import datetime

from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui import freshness
from bitsheet_tui.errors import BitsheetError, PortalError, Reason, StoreLocked, StoreRefused
from bitsheet_tui.store.ledger import Run
from bitsheet_tui.store.writer import Stored
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.tables import Table


def failure(table: Table, error: BitsheetError, *, whole: bool = False) -> e.TableFailed:
    """The event for a table that could not be read; `whole`: nothing could."""
    reason = error.reason if isinstance(error, PortalError) else None
    return e.TableFailed(
        table=table.name,
        at=now(),
        reason=reason,
        text=str(error),
        hint=error.hint,
        until=getattr(error, "until", None),
        scope=table.scope if reason is Reason.SCOPE else "",
        whole=whole,
        lasting=isinstance(error, StoreRefused) and not isinstance(error, StoreLocked),
    )


def account(
    desk: Desk,
    table: Table,
    *,
    kind: str,
    at: datetime,
    seconds: float,
    error: BitsheetError | None = None,
) -> Run:
    """The table's line in the ledger: what was asked for it and what changed since the last one.

    A request for several tables counts for each of them.
    """
    tally = desk.tallies.pop(table.name, Stored())
    after = desk.checkpoint(table).watermark
    delays = desk.delays.pop(table.name, {})
    fresh = freshness.measure(delays)
    before, desk.told[table.name] = desk.told.get(table.name), after
    return Run(
        cycle=desk.cycle,
        table=table.name,
        kind=kind,
        started_at=at,
        ended_at=now(),
        seconds=seconds,
        inserted=tally.inserted,
        updated=tally.updated,
        unchanged=tally.unchanged,
        deleted=tally.deleted,
        quarantined=tally.quarantined,
        requests=desk.asked.pop(table.name, 0),
        retries=desk.retried.pop(table.name, 0),
        watermark_before=before,
        watermark_after=after,
        freshness_p50=fresh.p50 if fresh else None,
        freshness_p95=fresh.p95 if fresh else None,
        delays=delays or None,
        error=str(error) if error else "",
        hint=error.hint if error else "",
    )


def record(
    desk: Desk,
    table: Table,
    *,
    kind: str,
    at: datetime,
    seconds: float,
    error: BitsheetError | None = None,
) -> None:
    """Write the line of work next to the cycles."""
    desk.store.record_run(account(desk, table, kind=kind, at=at, seconds=seconds, error=error))


def note_comments(desk: Desk, table: Table) -> None:
    """Comments are as fresh as the tasks that told of them; those nobody lets us read are counted."""
    parent = desk.table(table.parent.table) if table.parent else table
    if desk.checkpoint(table).watermark is None:
        desk.unjudged.add(table.name)
    desk.keep(replace(desk.checkpoint(table), watermark=desk.checkpoint(parent).watermark))
    closed = desk.store.count_unreadable()
    desk.say(e.Unreadable(table=table.name, at=now(), count=closed.count, lacks=closed.lacks))


def record_drift(desk: Desk, table: Table, event: e.Drifted) -> None:
    """Write down how a table's columns changed; its line in the ledger says it in `hint`."""
    told = (
        ("added", event.added),
        ("widened", event.widened),
        ("retyped", event.retyped),
        ("retired", event.retired),
    )
    hint = "; ".join(f"{what} {', '.join(names)}" for what, names in told if names)
    watermark = desk.checkpoint(table).watermark
    desk.store.record_run(
        Run(
            cycle=desk.cycle, table=table.name, kind="drift", started_at=event.at, hint=hint,
            watermark_before=watermark, watermark_after=watermark,
        )
    )  # fmt: skip
