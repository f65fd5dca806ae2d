"""The one door to the mirror: run it, tell it something, look at what it does."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui import memory
from bitsheet_tui.config import ScheduleSettings, SyncSettings
from bitsheet_tui.errors import (
    BitsheetError,
    MirrorHeld,
    PortalError,
    Refused,
    StoreDamaged,
    StoreError,
    StoreFull,
)
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.state import EngineState, reduce, start
from bitsheet_tui.store.counts import Count
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync import clock, cycle
from bitsheet_tui.sync.again import Again
from bitsheet_tui.sync.alerting import Alerting
from bitsheet_tui.sync.answers import NOT_DONE
from bitsheet_tui.sync.audit import auditable
from bitsheet_tui.sync.clock import rested
from bitsheet_tui.sync.control import Control
from bitsheet_tui.sync.cycle import Turn
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.fills import Fills
from bitsheet_tui.sync.reaching import Reaching
from bitsheet_tui.sync.rereading import want
from bitsheet_tui.sync.rhythm import AUDIT, COMPARISON, CYCLE, HEARTBEAT, HOUR, RETENTION, STATIC
from bitsheet_tui.sync.steering import Steering, Wish
from bitsheet_tui.tables import Table

if TYPE_CHECKING:
    from bitsheet_tui.sync.schedule import Schedule

RETRY, ALARM = "retry", "alarm"
MINUTE = 60.0  # seconds between two heartbeats at the least
SOON = 5.0  # seconds
REST_SECONDS = 10.0  # at an interval of a second it would be much of the work
FULL = frozenset({CYCLE, RETRY, ALARM})  # what a full cycle answers
PROMPT_SECONDS = 60.0  # how long a single run bears with a portal that does not answer
MOST_WISHES = 50  # cycles that are asked for and wait
CLEANED = 2**27  # bytes of a mirror up to which its file is written anew while it runs: a second or two
RETRY_SECONDS = 45.0  # after trouble with the store, or with the portal as a whole


class Auditing(Struct):
    """The audit in one go, since `at`: the tables that it has not come to, and its work on the others."""

    at: datetime
    left: list[Table]
    begun: list["asyncio.Task[bool]"] = field(default_factory=list)

    def goes_on(self, desk: Desk, fills: Fills) -> bool:
        """Begin with the tables that have nothing else under way; whether all is done."""
        able = [one for one in self.left if auditable(desk, one) and one.name not in desk.disabled]
        tasks = [(table, fills.audit(table)) for table in able]
        self.begun += [task for _, task in tasks if task]
        self.left = [table for table, task in tasks if task is None]
        return not self.left and all(task.done() for task in self.begun)

    @property
    def well(self) -> bool:
        """Whether every table was audited to its end."""
        return all(not (task.cancelled() or task.exception()) and task.result() for task in self.begun)


class Engine:
    """Mirrors a portal into a store. Lives on one event loop; `state` and `submit` serve any thread."""

    def __init__(  # noqa: PLR0913 - most of it by name
        self,
        connect: Callable[[Callable[[e.Event], None]], Portal],
        store: Store,
        tables: tuple[Table, ...],
        settings: SyncSettings,
        schedule: ScheduleSettings = ScheduleSettings(),  # noqa: B008 - it is frozen
        *,
        listeners: Iterable[Callable[[e.Event], None]] = (),
        heartbeat: Callable[[], Awaitable[bool]] | None = None,
        beside: Collection[str] = (),
    ) -> None:
        """`heartbeat` tells somebody elsewhere that all is well, and whether it did; it raises nothing.

        `beside`: keys of the alerts that there may be of what runs beside the mirror.
        """
        portal = connect(self._say)
        self._listeners = tuple(listeners)
        self._alerting = Alerting(store, lambda: self.state, self._say)
        self._desk = Desk(
            portal=portal, store=store, tables=tables, settings=settings, schedule=schedule, say=self._say
        )
        self.state: EngineState = start(
            tuple(table.name for table in tables), portal=portal.host, store=store.label, at=now(),
            alerts=self._alerting.kept, due=cycle.rhythm(tables, settings, timed=bool(schedule.static)),
            last_hour=store.last_hour(now()), beside=beside,
        )  # fmt: skip
        least = cycle.least(tables, settings)
        told = {name: replace(one, least=least.get(name, 0.0)) for name, one in self.state.tables.items()}
        self.state = replace(
            self.state, tables=told, quiet=self._desk.rhythm.quiet, interval=settings.interval
        )
        self._fills = Fills(self._desk, alarm=self._alarm, ended=self._rest)
        self._again = Again(self._desk, self._fills)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: deque[c.Command] = deque()  # told before the loop ran
        self._schedule: Schedule | None = None
        self._due: set[str] = set()  # the rhythms whose time has come
        crons = self._desk.rhythm.crons
        self._riding = frozenset(name for name in (STATIC, COMPARISON, AUDIT) if name not in crons)
        self._heartbeat = heartbeat
        self._beating: asyncio.Task[None] | None = None
        self._started: float | None = None  # the last full cycle, in `clock.elapsed`; none: there was none
        self._rested = -inf  # when memory was given back
        self._next_at = -inf  # when the next is to start
        self._busy = False  # with a full cycle
        self._auditing: Auditing | None = None
        self._reaching = Reaching(store)
        self._control = Control(store, self._reaching, lambda: self.state, self._obey, self._say)
        self.answers, self.grant = self._control.answers, self._control.grant
        self._wishes: deque[Wish] = deque()
        self._wish: Wish | None = None  # the one that the cycle under way sees to
        self._steering = Steering(self._desk, self._fills, self._again, self._wishes, self._reschedule)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._failed: dict[str, BitsheetError] = {}

    # --- from any thread ---

    def submit(self, command: c.Command) -> None:
        """Tell the engine something; it acts on it as soon as no commit is in hand."""
        loop = self._loop
        if loop is None:
            self._early.append(command)
        else:
            with suppress(RuntimeError):  # the loop has ended: there is nobody left to tell
                loop.call_soon_threadsafe(self._control.tell, command)

    def tell(self, event: e.Event) -> None:
        """Something has happened beside the engine, or does after its end: what works there, or does not."""
        if self._loop is None:
            return
        if self._loop.is_closed():
            self._hear(event)
            self._alerting.settle()
            return
        with suppress(RuntimeError):  # it ends at this moment
            self._loop.call_soon_threadsafe(self._hear, event)

    # --- on the engine's loop ---

    async def run(self) -> None:
        """Cycle after cycle, until told to stop. Raises what is a bug, or ends the store for good."""
        from bitsheet_tui.sync.schedule import Schedule  # noqa: PLC0415 - one run needs no scheduler

        self._begin()
        crons = self._desk.rhythm.crons
        periods = {RETENTION: HOUR} | ({HEARTBEAT: MINUTE} if self._heartbeat else {})
        self._schedule = Schedule(
            self._fire, self._jumped, crons=crons, periods=periods, riding={CYCLE: self._riding}
        )
        self._schedule.start()
        self._due |= {name for name in crons if self._desk.rhythm.time_has_come(name, now())}
        beside = [asyncio.create_task(work) for work in (self._control.listen(), self._alerting.keep())]
        try:
            while not self._stop.is_set():
                await self._until_stop(self._next())
        finally:
            for task in beside:
                task.cancel()
            self._schedule.stop()
            await self._end()

    async def once(self, wish: Wish | None = None) -> EngineState:
        """One cycle of everything that is due, with the backfills it starts; then the end.

        Raises Refused and Unreachable when the portal does not serve at all, and StoreError.
        """
        self._control.single = self._desk.single = True
        self._begin()
        self._desk.portal.hurry(PROMPT_SECONDS)
        listening = asyncio.create_task(self._control.listen())
        try:
            await self._until_stop(self._all_of(wish))
        finally:
            listening.cancel()
            await self._end()
        return self.state

    @property
    def failed(self) -> tuple[str, ...]:
        """The tables that the last cycle, or a backfill since, could not bring up to date."""
        return tuple(dict.fromkeys([*self._failed, *self._fills.failed]))

    @property
    def partial(self) -> tuple[str, ...]:
        """The tables of which so many rows cannot be stored that they are stored in part only."""
        return tuple(name for name, table in self.state.tables.items() if table.lacking)

    @property
    def unfinished(self) -> tuple[c.Command, ...]:
        """What the next engine over this mirror has to be told, to go on where this one has ended."""
        paused = () if self._desk.moving.is_set() else (c.Pause(),)
        ended = (c.Stop(),) if self._control.ended else ()
        return (*paused, *((self._wish,) if self._wish else ()), *self._wishes, *ended)

    # --- inside ---

    def _say(self, event: e.Event) -> None:
        before, self.state = self.state, reduce(self.state, event)
        self._alerting.note(before.alerts, self.state.alerts)
        for listener in self._listeners:
            listener(event)

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._desk.moving.set()
        self._control.begin()
        for command in self._early:
            self._obey(command)
        self._count()
        self._fire(CYCLE)  # the first starts at once

    def _count(self) -> None:
        """Tell what the mirror holds; a table it does not have yet holds nothing."""
        held = {count.table: count for count in self._desk.store.counts()}
        for table in self._desk.tables:
            count = held.get(table.name) or Count(table=table.name, rows=0, deleted=0)
            self._say(
                e.Counted(
                    table=count.table, rows=count.rows, deleted=count.deleted, synced_at=count.synced_at,
                    watermark=count.watermark,
                )
            )  # fmt: skip
            if at := self._desk.reconcile(table).compared_at:
                self._say(e.Compared(table=table.name, at=at))
        for found in self._desk.store.reconciles.held():
            at = found.held_since or now()
            self._say(e.DeletionsHeld(table=found.table, at=at, count=found.held, reason=found.reason))
        self._alerting.settle()

    def _jumped(self, seconds: float) -> None:
        self._say(e.ClockJumped(at=now(), seconds=seconds))

    async def _end(self) -> None:
        self._alerting.settle()
        if self._beating:
            self._beating.cancel()
        await self._fills.cancel()
        await self._desk.portal.close()
        self._say(e.Stopped(at=now()))

    def _obey(self, command: c.Command) -> str:
        """Do it; an answer, where the picture does not tell what was done."""
        match command:
            case c.SetInterval() | c.Disable() | c.Enable() | c.Cancel():
                return self._steering.obey(command)
            case c.Stop():
                self._stop_now()
            case c.Pause() | c.Resume():
                self._move(isinstance(command, c.Resume))
            case c.Retry() | c.Forget():
                return self._erase(command) if isinstance(command, c.Forget) else self._retry(command.tables)
            case c.SyncNow() | c.Resync() | c.ConfirmDeletions():
                if command not in self._wishes and len(self._wishes) >= MOST_WISHES:
                    return f"{NOT_DONE}{MOST_WISHES} others wait for their cycles"
                if command not in self._wishes:
                    self._wishes.append(command)
                self._wake.set()
        return ""

    def _reschedule(self) -> None:
        """Start the cycle that is wished for, or the next one when the interval says so now."""
        if self._wishes:
            self._wake.set()
        elif not self._busy:
            self._book()

    def _stop_now(self) -> None:
        if not self._stop.is_set():
            self._say(e.Stopping(at=now()))
        self._stop.set()

    def _move(self, on: bool) -> None:
        moving = self._desk.moving
        if on is not moving.is_set():
            moving.set() if on else moving.clear()
            self._say(e.Resumed(at=now()) if on else e.Paused(at=now()))
            self._control.note()

    def _erase(self, command: c.Forget) -> str:
        """Erase a row, or let it come back; what was done, or why not."""
        store, table = self._desk.store, self._desk.table(command.table)
        try:
            if command.undo:
                return command.undone(was=store.remember_row(table, command.id))
            erased = store.forget_row(table, command.id, at=now(), cycle=self.state.cycle)
            cleaned = store.clean(whole=store.size_bytes() <= CLEANED)
        except (StoreError, MirrorHeld) as error:
            return f"{NOT_DONE}{error}"
        rest = "" if cleaned else "; what the files may still have of it: bitsheet-tui help privacy"
        return f"{erased.line()}{rest}"

    def _retry(self, names: tuple[str, ...]) -> str:
        """Store what can be stored now of what could not; a cycle asks for what could not be read.

        Why not, if it fails.
        """
        desk = self._desk
        if not desk.store.connected:
            return f"{NOT_DONE}{desk.store.label} cannot be reached"
        try:
            desk.retry_all(names)
            self._count()
            if want(desk.store, names or [table.name for table in desk.tables]):
                desk.wanted = None
                self._alarm()
        except (StoreError, MirrorHeld) as error:
            self._alarm()  # a cycle meets the same trouble, and sees to it
            return f"{NOT_DONE}{error}"
        return ""

    def _alarm(self) -> None:
        self._fire(ALARM)

    def _fire(self, name: str) -> None:
        """The time of a rhythm has come, or something has to be looked after."""
        if name not in self._riding:  # the cycle that comes now sees to those
            self._due.add(name)
            self._wake.set()

    def _rest(self) -> None:
        """Between cycles, and after the last backfill, keep no memory that is not needed to wait."""
        if self._auditing:
            self._fire(AUDIT)  # a table that had something else under way can be audited now
        if self._fills.quiet:
            self._rested = clock.elapsed()
            with suppress(StoreError):  # the cycle is the one to report it
                self._desk.store.rest()
            memory.give_back()

    async def _until_stop(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, or abandon it when told to stop: what is not committed is read again next time."""
        doing = asyncio.get_running_loop().create_task(work)
        stopping = asyncio.get_running_loop().create_task(self._stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not doing.done():
                doing.cancel()
        with suppress(asyncio.CancelledError):
            await doing

    async def _next(self) -> None:
        """Wait for somebody's wish or the time of a rhythm, and see to it."""
        await self._wake.wait()
        await self._desk.moving.wait()
        self._wake.clear()
        self._wish = self._wishes.popleft() if self._wishes else None
        turn = self._turn(self._wish)
        if turn is not None:
            full = self._busy = not turn.names
            began = clock.elapsed()
            if full and self._schedule:
                self._schedule.cancel(CYCLE)
                self._schedule.cancel(RETRY)
            trouble = await self._guarded(self._cycle(self._wish, turn))
            self._wish, self._busy = None, False
            self._started = began if full else self._started
            if began - self._rested >= REST_SECONDS:
                self._rest()
            self._book(trouble=trouble)
        await self._beside()
        if self._wishes or self._due:
            self._wake.set()

    def _turn(self, wish: Wish | None) -> Turn | None:
        """The cycle that is due now; None: none is."""
        quiet = self._desk.rhythm.quiet_until(now())
        if wish:
            names = c.named(wish)
            if not names:
                self._due -= {*FULL, STATIC}
            return Turn(names)
        if self._due & FULL and not quiet:
            self._due -= {*FULL, STATIC}  # it reads what seldom changes, too, if that is due
            return Turn()
        if STATIC in self._due:
            self._due.discard(STATIC)
            if not quiet and self._next_at - clock.elapsed() < SOON:
                return None  # a full cycle is about to start, and reads it
            return cycle.seldom(self._desk, shares=not quiet)
        if self._due & FULL:
            self._due -= FULL
            self._book()
        return None

    async def _beside(self) -> None:
        """What is due and no cycle: the audit in one go, and to forget what is kept no longer."""
        beat = HEARTBEAT in self._due
        self._due -= {AUDIT, RETENTION, HEARTBEAT}
        if self._desk.rhythm.quiet_until(now()):
            await self._guarded(self._check())  # no cycle is going to
        if self._desk.store.connected:
            await self._guarded(self._audit())
            await self._guarded(self._forget())
        if beat and self._alive() and (self._beating is None or self._beating.done()):
            self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self) -> None:
        """Nobody waits for it; whether it was heard is known when it is over."""
        at = now()
        if self._heartbeat and await self._heartbeat():
            with suppress(StoreError):  # the cycle is the one to report it
                self._desk.rhythm.ran(HEARTBEAT, at, self._desk.full)

    def _alive(self) -> bool:
        """Whether there is anything good to tell that was not told yet."""
        full = next((cycle for cycle in reversed(self.state.cycles) if not cycle.asked), None)
        good = full.at if full and not full.failed else None
        if full is None and self._desk.rhythm.quiet_until(now()):
            good = self.state.started_at  # what went on before the start was told then
        return self._desk.rhythm.heartbeat_due(now(), good, self.state.interval)

    def _hear(self, event: e.Event) -> None:
        if isinstance(event, e.BesideWell) and event.key not in self.state.alerts:
            return  # as it was
        self._say(event)

    async def _check(self) -> None:
        """Raise what ended a backfill."""
        self._fills.check()

    async def _audit(self) -> None:
        """Begin the audit, or what is left of it, when its time has come; it runs next to the cycles."""
        rhythm = self._desk.rhythm
        rhythm.begin(now(), self._desk.full)
        if self._auditing is None and rhythm.time_has_come(AUDIT, now()):
            self._auditing = Auditing(now(), list(self._desk.tables))
        if self._auditing and self._auditing.goes_on(self._desk, self._fills):
            done, self._auditing = self._auditing, None
            if done.well:
                rhythm.ran(AUDIT, done.at, self._desk.full)

    async def _forget(self) -> None:
        """Forget a little after the other, so that nobody waits for long."""
        at = now()
        if not self._desk.rhythm.retention_due(at):
            return
        while self._desk.store.forget(at):  # noqa: ASYNC110 - it is no waiting
            await asyncio.sleep(0)
        self._desk.rhythm.ran(RETENTION, at, self._desk.full)

    def _book(self, *, trouble: bool = False) -> None:
        """Let the scheduler start the next full cycle, an interval after the last one, and say when.

        Sooner, where the portal or the store is in trouble or a method has rested; not in quiet hours.
        """
        if self._schedule is None:
            return
        interval = self._desk.settings.interval
        passed = clock.elapsed() - self._started if self._started is not None else inf
        seconds = max(0.0, interval - passed)
        sooner = rested(self._failed.values(), now())
        if trouble:
            sooner = min(sooner, max(0.0, RETRY_SECONDS - passed) if passed < inf else RETRY_SECONDS)
        quiet = self._desk.rhythm.quiet_until(now() + timedelta(seconds=min(seconds, sooner)))
        if quiet:
            seconds = sooner = max(0.0, (quiet - now()).total_seconds())
        at = self._schedule.every(CYCLE, interval, after=seconds)
        self._next_at = clock.elapsed() + min(seconds, sooner)
        self._schedule.cancel(RETRY)
        if sooner < seconds:
            at = self._schedule.every(RETRY, interval, after=sooner)
        self._say(e.Scheduled(at=at, quiet_until=quiet))
        self._control.note()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do it; true when the portal as a whole or the store was the trouble, which ends by itself."""
        try:
            await work
        except Refused as error:
            self._say(e.NeedsOperator(text=str(error), hint=error.hint, at=now(), until=self._retry_at()))
        except PortalError:
            pass  # every table has said so; the client tells of its waiting while it waits
        except StoreDamaged:
            raise  # this does not end by itself, and every further write may make it worse
        except StoreError as error:
            self._desk.forget()
            self._alerting.forget()
            self._say(
                e.StoreTrouble(
                    text=str(error), hint=error.hint, at=now(), until=self._retry_at(),
                    full=isinstance(error, StoreFull),
                )
            )  # fmt: skip
        else:
            return False
        return True

    def _retry_at(self) -> datetime:
        return now() + timedelta(seconds=min(RETRY_SECONDS, self._desk.settings.interval))

    async def _cycle(self, wish: Wish | None, turn: Turn) -> None:
        await self._reaching.there()
        if self._desk.store.astray:
            await self._fills.cancel()
            self._desk.relearn()
        self._fills.check()
        if isinstance(wish, c.Resync):
            await self._again.begin(wish.tables, wish.since)
        if isinstance(wish, c.ConfirmDeletions):
            self._again.confirm(wish.table)
        self._failed = {}
        self._failed = await cycle.run(self._desk, self._fills, turn)
        self._alerting.settle()

    async def _all_of(self, wish: Wish | None) -> None:
        await self._cycle(wish, Turn(c.named(wish) if wish else ()))
        if not wish:
            await self._audit()
            await self._forget()
        await self._fills.wait()
        while self._auditing:
            await self._audit()
            await self._fills.wait()
