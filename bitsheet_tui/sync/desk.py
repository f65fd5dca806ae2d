"""What every reading task works with: the two sides, the settings, and what is known so far."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bitsheet_tui import events as e
from bitsheet_tui.config import ScheduleSettings, SyncSettings
from bitsheet_tui.errors import PortalError, StoreError, StoreRefused, TooLarge
from bitsheet_tui.fields import Field
from bitsheet_tui.freshness import sketch, total
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.listing import id_of, ids_of
from bitsheet_tui.portal.rows import clean
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.portal.splitting import PartialRow, Splitter
from bitsheet_tui.portal.turns import Turns
from bitsheet_tui.store.books import HIDDEN
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.reconciles import Reconcile
from bitsheet_tui.store.store import Store
from bitsheet_tui.store.writer import Big, Stored
from bitsheet_tui.sync.backfill import Backfill, again, begin
from bitsheet_tui.sync.discussions import SOURCES
from bitsheet_tui.sync.in_flight import InFlight
from bitsheet_tui.sync.rhythm import Rhythm
from bitsheet_tui.tables import Table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOM = 50  # commands in one batch
REQUEST_SECONDS = 30.0  # one request should not take longer; the portal ends it at 60
LEAST_SECONDS = 2.0
SOON = 5.0  # seconds between cycles
FREQUENT = 1.1  # requests a second over the last minute
SIZES = "answer_sizes"  # the fact under which the sizes of answers are remembered

Say = Callable[[e.Event], None]
Answers = Mapping[str, Answer | PortalError]


def now() -> datetime:
    """The host's clock: for people, for `_synced_at` and for waiting; never for a watermark."""
    return datetime.now(UTC)


def _unknown(name: str) -> Table:
    raise KeyError(name)


class Progress(Struct, frozen=True):
    """How far a backfill is once a page is stored."""

    done: int
    expected: int | None
    left: float | None = None  # seconds to go at the least, by the portal's limits


class Undone(Struct, frozen=True):
    """A description that a table does not follow yet, because the database refused what it takes."""

    fields: tuple[Field, ...]
    error: StoreRefused
    tried: float  # when, on the monotonic clock


@dataclass(slots=True)
class Desk:
    """Shared by a cycle, its backfills and the engine; all of them run on one event loop."""

    portal: Portal
    store: Store
    tables: tuple[Table, ...]
    settings: SyncSettings
    say: Say
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    profile: Profile | None = None
    fields: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    undone: dict[str, Undone] = field(default_factory=dict)  # tables that could not follow their fields
    single: bool = False  # one cycle, and none after it
    cycle: int = 0  # its number
    full: int = 0  # how many full cycles there have been, this one included
    seconds: float = REQUEST_SECONDS  # what one request may cost; halved when the portal gives up
    room: int = ROOM  # commands that one request may have; halved when it was too much, whatever of it was
    unchained: set[str] = field(default_factory=set)  # tables whose chains turned out not to hold
    pages: dict[tuple[str, str], int] = field(default_factory=dict)  # rows a window brought lately
    stale: dict[str, int] = field(
        default_factory=dict
    )  # of the rows that windows brought, those known before
    sources: frozenset[str] = SOURCES  # where the discussions that moved last are
    disabled: set[str] = field(default_factory=set)  # tables that somebody does not want read for now
    moving: asyncio.Event = field(default_factory=asyncio.Event)  # cleared while paused
    asked: Counter[str] = field(default_factory=Counter)  # requests since the table's last ledger line
    retried: Counter[str] = field(default_factory=Counter)  # how many of them were tried again
    told: dict[str, datetime | None] = field(default_factory=dict)  # the watermark in that line
    tallies: dict[str, Stored] = field(default_factory=dict)  # what was stored since the last ledger line
    delays: dict[str, dict[int, int]] = field(default_factory=dict)  # how old its changes were: `freshness`
    hidden: dict[str, dict[str, int]] = field(default_factory=dict)  # rows counted and not shown, by window
    short_pages: dict[str, int] = field(default_factory=dict)  # of scans, not full in mid-list
    tailed: dict[str, int] = field(default_factory=dict)  # the full cycle that read a table's tail last
    moved: dict[str, int] = field(default_factory=dict)  # the cycle that found changed rows of it last
    cuts: dict[str, tuple[int, ...]] = field(default_factory=dict)  # where `Scan` cuts a table
    zone_at: datetime | None = None  # when it was asked last in which zone the webhook's owner is
    told_hidden: dict[str, int] = field(default_factory=dict)  # how many of them there are, as last told
    unsettled: dict[str, int] = field(default_factory=dict)  # not compared to the end, since which full cycle
    # when tables were counted, in `clock.elapsed`, and the seconds that counts had taken then
    counted: dict[str, tuple[float, float]] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)  # seconds that it took the portal
    sizes: dict[str, int] = field(default_factory=dict)  # what an audit goes through: rows, or discussions
    returning: dict[str, set[int]] = field(default_factory=dict)  # ids stored while a table is compared
    backfills: dict[str, Backfill] = field(default_factory=dict)  # those that are under way
    begun: dict[str, int] = field(default_factory=dict)  # in which cycle a table was first read
    proofs_from: float = 0.0  # monotonic seconds: not before this are chats looked at for proof again
    answered_at: datetime | None = None  # the portal's clock in the last answer
    _reconciles: dict[str, Reconcile] = field(default_factory=dict)
    _checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _stir: asyncio.Event = field(default_factory=asyncio.Event)
    _recalled: bool = False
    wanted: set[str] | None = None  # tables whose unread values are asked for again; None: look in the store
    stirs: int = 0  # how often somebody has found or finished something

    splitter: Splitter = field(init=False)  # asks the portal, for less where an answer is too big
    rhythm: Rhythm = field(init=False)  # what is due when
    streams: int = field(init=False)  # of a backfill: one waits while the others are served
    unjudged: set[str] = field(init=False)  # tables of which odd values came since their fields were judged
    tickets: Turns = field(init=False)  # for requests of backfills, all together
    in_flight: InFlight = field(init=False)  # what they have on their way
    parents: frozenset[str] = field(init=False)  # tables that others wait for: theirs come first

    def __post_init__(self) -> None:
        self.splitter = Splitter(self.portal, self.tables, lambda name: self.fields.get(name, ()))
        self.rhythm = Rhythm(self.store, self.schedule)
        self.streams = self.portal.places + 1
        self.tickets = Turns(self.streams)
        self.in_flight = InFlight(self.store)
        self.unjudged = {table.name for table in self.tables}
        self.parents = frozenset(table.parent.table for table in self.tables if table.parent)

    def table(self, name: str) -> Table:
        """The table of that name. Raises KeyError."""
        return next((table for table in self.tables if table.name == name), None) or _unknown(name)

    @property
    def described(self) -> bool:
        """Whether the portal was asked, since this start, what its fields are."""
        return self.profile is not None

    def knows(self, table: Table) -> bool:
        """Whether the table passed the start-up test and its fields are known."""
        return (
            self.profile is not None and table.name not in self.profile.faults and table.name in self.fields
        )

    def owes(self, table: Table) -> bool:
        """Whether a table was missed when it was due."""
        return table.name in self.rhythm.owed or self.checkpoint(table).watermark is None

    def checkpoint(self, table: Table) -> Checkpoint:
        """Where the table stands, as last committed."""
        if table.name not in self._checkpoints:
            self._checkpoints[table.name] = self.store.checkpoint(table.name)
            self.told.setdefault(table.name, self._checkpoints[table.name].watermark)
        return self._checkpoints[table.name]

    def reconcile(self, table: Table) -> Reconcile:
        """Where the table stands with its deletions."""
        if table.name not in self._reconciles:
            self._reconciles[table.name] = self.store.reconciles.load(table.name)
        return self._reconciles[table.name]

    def note(self, reconcile: Reconcile) -> None:
        """Save where a table stands with its deletions."""
        self.store.reconciles.save(reconcile)
        self.noted(reconcile)

    def noted(self, reconcile: Reconcile) -> None:
        """It has been saved with something else."""
        self._reconciles[reconcile.table] = reconcile
        self.unsettled.pop(reconcile.table, None)

    def begin(self, table: Table, started: datetime, highest: int) -> None:
        """Begin to read a table, whose highest id was asked for at `started` of the portal's clock."""
        checkpoint = begin(self.checkpoint(table), started, highest)
        self.begun[table.name] = self.cycle
        self.store.commit(table, (), checkpoint, at=now(), cycle=self.cycle, filling=True)
        self._checkpoints[table.name] = checkpoint

    def shape(self, table: Table, fields: tuple[Field, ...], *, refill: bool) -> None:
        """Give the table the columns for `fields`.

        With `refill` a backfill reads every row again; scans go on from the watermark there is. That is
        noted in the same transaction: never are there new columns that nobody is going to fill.
        """
        checkpoint = again(self.checkpoint(table)) if refill else None
        self.store.shape(table, fields, checkpoint, cycle=self.cycle)
        if checkpoint:
            self.backfills.pop(table.name, None)  # what it has under way is dropped
            self._checkpoints[table.name] = checkpoint

    def forget(self) -> None:
        """Ask the store again where every table stands: it may have rolled back."""
        self._checkpoints.clear()
        self._reconciles.clear()
        self.rhythm.forget()

    def relearn(self) -> None:
        """The mirror is not as it was left: go on from what is there, whatever was known before."""
        self.store.accept()
        self.forget()
        self.fields.clear()  # a column may be missing: the portal is asked again what there is
        self.undone.clear()

    def chained(self, table: Table) -> bool:
        """Whether the portal follows references from page to page for this table."""
        return bool(self.profile) and table.name in self.profile.chained and table.name not in self.unchained  # type: ignore[union-attr]

    @property
    def saving(self) -> bool:
        """Whether requests are saved where the next cycle, which is about to start, can ask the same."""
        return not self.single and self.settings.interval <= SOON and self.portal.seen().rate >= FREQUENT

    @property
    def portal_clock(self) -> datetime:
        """The portal's clock in the last answer; it may have gone back since the one before."""
        return self.answered_at or self.portal_now()

    def portal_now(self) -> datetime:
        """The portal's clock, as far as the last look at it tells."""
        return now() + timedelta(seconds=self.profile.clock_offset if self.profile else 0.0)

    def commands(self, method: str, seconds: float) -> int:
        """How many commands of one method the portal answers in so many seconds; at least one."""
        return max(1, int(seconds / max(self.portal.seconds_per_command(method), 0.001)))

    def fits(self, table: Table, seconds: float) -> int:
        """How many pages one request may have, as long as it may take `seconds`."""
        return min(self.commands(table.method, seconds), self.splitter.pages(table))

    def lasts(self, method: str, commands: float) -> float:
        """Seconds that so many commands of a backfill take at the least."""
        return self.portal.lasts(method, commands, min(self.room, self.commands(method, self.seconds)))

    def commit(
        self,
        table: Table,
        raw: Sequence[Mapping[str, Any]],
        checkpoint: Checkpoint,
        fill: Progress | None = None,
    ) -> Stored:
        """Store a page and the checkpoint that belongs to it, in one transaction, and say so."""
        zone = self.profile.task_zone if self.profile else ""
        unread = {str(id_of(table, row)): row.unread for row in self._partial(raw)}
        watermark = self.checkpoint(table).watermark
        rows = clean(table, raw, self.fields[table.name], zone=zone, now=self.portal_now())
        stored = self.store.commit(
            table, rows, checkpoint, at=now(), cycle=self.cycle, filling=watermark is None,
            since=self.dating(watermark) if fill is None else None,
            big=Big(unread, self.splitter.rows(table)),
        )  # fmt: skip
        self._checkpoints[table.name] = checkpoint
        if table.name in self.parents:
            self.stir()
        if table.name in self.returning:
            self.returning[table.name].update(ids_of(table, raw))
        if fill is None and table.name in self.backfills:
            self.backfills[table.name].overtaken(ids_of(table, raw))
        self.count(table, stored)
        self.tell(table, stored, read=len(raw), fill=fill)
        return stored

    def _partial(self, raw: Sequence[Mapping[str, Any]]) -> list[PartialRow]:
        """The rows of which something could not be read."""
        return [row for row in raw if isinstance(row, PartialRow)] if self.splitter.partial else []

    def retry(self, table: Table) -> Stored:
        """Try once more to store the table's rows that are in quarantine."""
        stored = self.store.retry(table, at=now(), cycle=self.cycle)
        self.count(table, stored)
        self.tell(table, stored, read=stored.inserted + stored.updated)
        return stored

    def retry_all(self, names: Collection[str]) -> None:
        """The same for these tables, or all, as far as their fields are known and something of them waits."""
        waiting = self.store.count_quarantined()
        for table in self.tables:
            if table.name in self.fields and table.name in waiting and (not names or table.name in names):
                self.retry(table)

    def dating(self, watermark: datetime | None) -> datetime | None:
        """Rows that changed later tell how fresh a table with this watermark is; None: no row does."""
        return watermark - timedelta(seconds=self.settings.overlap) if watermark else None

    def keep(self, checkpoint: Checkpoint) -> None:
        """Save a checkpoint that comes without rows."""
        self.store.keep(checkpoint, cycle=self.cycle)
        self._checkpoints[checkpoint.table] = checkpoint

    def count(self, table: Table, stored: Stored) -> None:
        """Add a commit to what the table's next line in the ledger says."""
        self.tallies.setdefault(table.name, Stored()).add(stored)
        if stored.dated:
            self.delays[table.name] = total((self.delays.get(table.name, {}), self._delays(stored)))
        if stored.values:
            self.unjudged.add(table.name)

    def _delays(self, stored: Stored) -> dict[int, int]:
        """How long what was just committed had been on the portal."""
        at = self.portal_now()
        return sketch((at - changed).total_seconds() for changed in stored.dated)

    def tell(self, table: Table, stored: Stored, *, read: int, fill: Progress | None = None) -> None:
        """Say what a commit changed, unless nothing was read."""
        if not read and not stored.deleted and not fill:
            return
        self.say(
            e.PageStored(
                table=table.name, at=now(), read=read, inserted=stored.inserted, updated=stored.updated,
                deleted=stored.deleted, quarantined=stored.quarantined, values=stored.values,
                filling=fill is not None,
                done=fill.done if fill else 0, expected=fill.expected if fill else None,
                left=fill.left if fill else None, delays=self._delays(stored),
            )
        )  # fmt: skip

    def hide(self, table: Table, found: Mapping[str, int], *, whole: bool = False) -> None:
        """Remember how many rows of each window the portal counts and does not show; tell it when they grow.

        `whole`: the windows are all of the table, so there are no more than these. That the windows of scans
        are known saves requests, and is found out again where it is lost; the number is kept for `status`.
        """
        self.hidden.setdefault(table.name, {}).update(found)
        noted = f"{HIDDEN}{table.name}"
        if table.name not in self.told_hidden:
            self.told_hidden[table.name] = int(self.store.remembered(noted) or 0)
        before, seen = self.told_hidden[table.name], max(found.values(), default=0)
        if seen > before:
            self.say(e.RowsHidden(table=table.name, at=now(), count=seen))
        if seen > before or (whole and seen != before):
            self.told_hidden[table.name] = seen
            self.store.remember(noted, str(seen or ""))

    async def ask(
        self,
        asks: Mapping[str, Ask],
        tables: Collection[Table],
        *,
        urgent: bool = True,
        fragile: bool = False,
    ) -> Answers:
        """One request for these tables, or a few where answers are too big.

        On TooLarge the next may be half as much; grows back slowly. Nobody knows what was too much: its time,
        or a bound of some front end.
        """
        allowed, before = self.seconds, self.portal.seen()
        self.recall()
        try:
            answers = await self.splitter.batch(asks, urgent=urgent, fragile=fragile)
        except TooLarge:  # of several that were under way together, one halving is enough
            self.seconds = max(LEAST_SECONDS, min(self.seconds, allowed / 2))
            self.room = max(1, min(self.room, len(asks) // 2))
            raise
        finally:
            if self.portal.zone:
                self.store.set_zone(self.portal.zone)
            seen = self.portal.seen()
            self.say(seen)
            for name in {table.name for table in tables}:
                self.asked[name] += 1
                self.retried[name] += seen.retries - before.retries
            self._remember()
        self.seconds = min(REQUEST_SECONDS, self.seconds * 1.1)
        if len(asks) >= self.room:
            self.room = min(ROOM, self.room + max(1, self.room // 10))
        started = [answer.started for answer in answers.values() if isinstance(answer, Answer)]
        self.answered_at = max(started, default=self.answered_at)
        return answers

    def divisible(self, asks: Mapping[str, Ask]) -> bool:
        """Whether less can be asked for where these were too many."""
        return len(asks) > 1 and self.room > 1

    def recall(self) -> None:
        """Let the sizes of answers be what was noted of them before this start."""
        if not self._recalled:
            with suppress(StoreError):  # it only saves requests
                self.splitter.recall(self.store.remembered(SIZES))
                self._recalled = True

    def _remember(self) -> None:
        if (news := self.splitter.news()) is not None:
            with suppress(StoreError):
                self.store.remember(SIZES, news.decode())

    def stir(self) -> None:
        """Wake those who wait for others to find or to finish something."""
        self.stirs += 1
        self._stir.set()

    async def stirred(self, seconds: float, *, since: int) -> None:
        """Wait until there are more stirs than `since`, and at most so long.

        Take `since` before looking at what there is to do: a stir between the look and the waiting counts.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.stirs == since:
                    self._stir.clear()
                    await self._stir.wait()

    @asynccontextmanager
    async def holding(self, tables: Collection[str]) -> "AsyncIterator[None]":
        """Nobody else asks for these tables meanwhile, so no older answer is written over a newer one."""
        async with AsyncExitStack() as stack:
            for name in sorted(tables):  # always in one order: two holders cannot wait for each other
                await stack.enter_async_context(self._locks.setdefault(name, asyncio.Lock()))
            yield
