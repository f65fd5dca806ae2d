"""The picture of the engine: what it does, where each table stands, how far a backfill is."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from bitsheet_tui import events as e
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.freshness import NOTHING, LastHour
from bitsheet_tui.quiet import QuietHours
from bitsheet_tui.state.alerting import mirrored

KEPT = 512  # durations and cycles remembered in memory
FEW = 20  # rows that may be kept out of a table
SHARE = 0.01  # or this part of it


class Phase(StrEnum):
    """What the engine as a whole is doing."""

    STARTING = "starting"
    CURRENT = "current"  # idle, the mirror is up to date
    SYNCING = "syncing"
    FILLING = "filling"
    PAUSED = "paused"
    WAITING = "waiting"  # the portal or the store does not answer; ends by itself
    NEEDS_YOU = "needs you"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Standing(StrEnum):
    """Where one table stands."""

    NEVER = "never read"
    OK = "ok"
    PARTIAL = "partial"  # read, but some of its rows cannot be stored
    QUEUED = "queued"
    READING = "reading"
    FILLING = "filling"
    RESTING = "resting"  # the portal rests the method
    FAILED = "failed"  # tried again by itself
    REFUSED = "refused"  # an operator must act


AT_WORK = frozenset({Standing.QUEUED, Standing.READING})


class Fill(Struct, frozen=True, kw_only=True):
    """How far a backfill is. `rate` is in rows a second, averaged over about half a minute."""

    started: datetime
    done: int
    expected: int | None
    rate: float = 0.0
    last: datetime | None = None
    pages: int = 0
    left: float | None = None  # seconds to go at the least, by the portal's limits

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None when the total is not known."""
        return min(1.0, self.done / self.expected) if self.expected else None

    @property
    def eta(self) -> float | None:
        """Seconds to go, once there is enough to tell from."""
        if self.expected is None or self.rate <= 0 or self.pages < 3:
            return None
        return max(max(0.0, self.expected - self.done) / self.rate, self.left or 0.0)


class TableState(Struct, frozen=True, kw_only=True):
    """One table. `new`, `changed` and `gone` are of the last cycle, whether it was due in it or not."""

    name: str
    standing: Standing = Standing.NEVER
    rows: int | None = None
    deleted: int = 0
    quarantined: int = 0  # rows
    values: int = 0  # in quarantine, of rows that are stored
    new: int = 0
    changed: int = 0
    gone: int = 0
    changes: tuple[int, ...] = ()  # rows that its last reads found new, changed or gone
    due: float = 0.0  # seconds from one reading to the next, as it is set; 0: nobody knows
    least: float = 0.0  # seconds between two readings, however often cycles start
    synced_at: datetime | None = None
    watermark: datetime | None = None
    fill: Fill | None = None
    filled: Fill | None = None  # the last one that came to its end
    until: datetime | None = None
    error: str = ""
    hint: str = ""
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    unreadable: int = 0  # tasks whose comments the webhook may not read
    lacks: str = ""  # the permission of the webhook that would open some of them
    drift: e.Drifted | None = None  # how its columns changed last, since the start
    compared_at: datetime | None = None  # when its deletions were last looked for
    held: int = 0  # rows that seem to be gone and are not marked until somebody confirms
    held_reason: str = ""
    disabled: bool = False  # not read until somebody enables it, or the engine ends
    seconds: tuple[float, ...] = ()  # how long its last reads took

    @property
    def every(self) -> float:
        """Seconds from one reading to the next; 0: nobody knows."""
        return max(self.due, self.least) if self.due else 0.0

    @property
    def needs(self) -> bool:
        """Whether somebody must do something about it."""
        return not self.disabled and (bool(self.held) or self.standing is Standing.REFUSED)

    @property
    def current(self) -> bool:
        """Whether all of it was read, the last time that it was to be, and nothing is kept out or held."""
        read = self.standing is Standing.OK or (
            self.standing in AT_WORK and not (self.error or self.quarantined)
        )
        return read and not self.held and self.synced_at is not None

    @property
    def well(self) -> Standing:
        """Where a table stands that was read to its end."""
        return Standing.PARTIAL if self.quarantined else Standing.OK

    @property
    def lacking(self) -> bool:
        """Whether so many of its rows are kept out that it is stored in part only."""
        return self.quarantined > max(FEW, SHARE * ((self.rows or 0) + self.quarantined))


class CycleSummary(Struct, frozen=True, kw_only=True):
    """One finished cycle."""

    number: int
    at: datetime
    seconds: float
    rows: int
    requests: int
    failed: tuple[str, ...]
    asked: tuple[str, ...] = ()  # only these tables, because somebody wanted them; none: a full cycle


class Attached(Struct, frozen=True, kw_only=True):
    """The picture is another process's: which one, and how it is seen."""

    pid: int | None = None
    host: str = ""  # empty: this one
    since: datetime | None = None
    live: bool = False  # through its socket; else looked up in the store every few seconds
    gone: bool = False  # it has ended: what is shown is how it left the mirror
    takeover: bool = False  # the mirror is taken over as soon as it has ended
    readonly: bool = False  # it is looked at, and not told anything
    replica_of: str = ""  # of which mirror this one is the copy, without passwords; empty: of none
    as_of: datetime | None = None  # when it was last as that one was


class EngineState(Struct, frozen=True, kw_only=True):
    """Everything there is to see."""

    portal: str = ""  # host, for people
    store: str = ""  # what and where, without passwords
    tables: Mapping[str, TableState] = field(default_factory=dict)
    cycle: int = 0
    cycle_started: datetime | None = None  # none between cycles
    reading: tuple[str, ...] = ()  # the tables that the last cycle was to read
    next_at: datetime | None = None  # the next full cycle
    quiet_until: datetime | None = None  # no cycle starts before it by itself: quiet hours
    quiet: QuietHours | None = None  # those of every day, which ages leave out
    paused_at: datetime | None = None
    cycles: tuple[CycleSummary, ...] = ()
    seen: e.PortalSeen | None = None
    waiting: e.Waiting | None = None
    trouble: e.NeedsOperator | e.StoreTrouble | None = None
    alerts: Mapping[str, Alert] = field(default_factory=dict)  # that stand, by their key
    stopping: bool = False
    stopped: bool = False
    started_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    interval: float = 0.0  # seconds between the starts of cycles; 0: not known
    steered_at: datetime | None = None  # when the interval was changed last
    attached: Attached | None = None  # none: the engine is in this process
    last_hour: LastHour = NOTHING  # how old changes were when they were committed

    @property
    def full_cycles(self) -> tuple[CycleSummary, ...]:
        """Those of all tables that were due, for whoever draws statistics."""
        return tuple(cycle for cycle in self.cycles if not cycle.asked)

    def age(self, since: datetime, at: datetime) -> float:
        """Seconds from `since` to `at`, without those of quiet hours."""
        return self.quiet.awake(since, at) if self.quiet else (at - since).total_seconds()

    @property
    def enabled(self) -> list[TableState]:
        """The tables that are read, in the order of a cycle."""
        return [table for table in self.tables.values() if not table.disabled]

    @property
    def jobs(self) -> int:
        """How many things somebody must do; a webhook that was deleted is one, however many tables it had."""
        grave = [alert for alert in self.alerts.values() if self._waits(alert)]
        portal = isinstance(self.trouble, e.NeedsOperator) or any(alert.whole for alert in grave)
        told = {(alert.kind is Kind.DELETIONS_HELD, name) for alert in grave for name in alert.tables}
        untold = sum(
            (bool(table.held) and (True, table.name) not in told)
            or (table.standing is Standing.REFUSED and not portal and (False, table.name) not in told)
            for table in self.enabled
        )
        whole = isinstance(self.trouble, e.NeedsOperator) and not any(alert.whole for alert in grave)
        return len(grave) + untold + whole

    def _waits(self, alert: Alert) -> bool:
        """Whether it waits for somebody: trouble with the store may end by itself, and is WAITING."""
        if not alert.grave or alert.kind is Kind.STORE_TROUBLE:
            return False
        return not alert.tables or any(table.name in alert.tables for table in self.enabled)

    @property
    def phase(self) -> Phase:
        """The one word for it all: what somebody must do comes before what the engine does."""
        activity = self.activity
        if activity in {Phase.STOPPED, Phase.STOPPING}:
            return activity
        if self.jobs:
            return Phase.NEEDS_YOU
        partial = (Standing.PARTIAL, Standing.OK)
        if activity is Phase.CURRENT and not all(t.current or t.standing in partial for t in self.enabled):
            return Phase.WAITING
        return activity

    @property
    def activity(self) -> Phase:  # noqa: PLR0911 - a ladder from the gravest down
        """What the engine does, whatever waits for somebody."""
        if self.stopped:
            return Phase.STOPPED
        if self.stopping:
            return Phase.STOPPING
        if isinstance(self.trouble, e.NeedsOperator):
            return Phase.NEEDS_YOU
        elsewhere = bool(self.trouble or self.waiting)
        if self.paused_at and not (elsewhere and self.cycle_started):  # else it is still tried again
            return Phase.PAUSED
        if elsewhere:
            return Phase.WAITING
        if any(table.fill and not table.disabled for table in self.tables.values()):
            return Phase.FILLING
        if self.cycle_started:
            return Phase.SYNCING
        return Phase.CURRENT if self.cycles else Phase.STARTING


def start(  # noqa: PLR0913 - all by name
    names: tuple[str, ...],
    *,
    portal: str,
    store: str,
    at: datetime,
    alerts: Iterable[Alert] = (),
    due: Mapping[str, float] = MappingProxyType({}),
    last_hour: LastHour = NOTHING,
    beside: Collection[str] = (),
) -> EngineState:
    """The picture before anything has happened: `alerts` and `last_hour` are kept, tables `due` so often.

    `beside`: keys of the alerts that there may be of what runs beside the mirror.
    """
    tables = {name: TableState(name=name, due=due.get(name, 0.0)) for name in names}
    stood = mirrored({alert.key: alert for alert in alerts}, names, beside)
    interval = min(filter(None, due.values()), default=0.0)  # most tables are read in every cycle
    return EngineState(
        portal=portal, store=store, tables=tables, started_at=at, alerts=stood, interval=interval,
        last_hour=last_hour,
    )  # fmt: skip
