"""The one door to the mirror: run it, tell it something, look at what it does."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui import memory
from bitsheet_tui.config import SyncSettings
from bitsheet_tui.errors import BitsheetError, MirrorHeld, PortalError, Refused, StoreDamaged, StoreError
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.state import EngineState, reduce, start
from bitsheet_tui.store.counts import Count
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync import cycle
from bitsheet_tui.sync.again import Again
from bitsheet_tui.sync.alerting import Alerting
from bitsheet_tui.sync.answers import NOT_DONE
from bitsheet_tui.sync.clock import Appointment, rested
from bitsheet_tui.sync.control import Control
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.fills import Fills
from bitsheet_tui.sync.reaching import Reaching
from bitsheet_tui.sync.rereading import want
from bitsheet_tui.sync.steering import Steering, Wish
from bitsheet_tui.tables import Table

PROMPT_SECONDS = 60.0  # how long a single run bears with a portal that does not answer
RETRY_SECONDS = 45.0  # after trouble with the store, or with the portal as a whole


class Engine:
    """Mirrors a portal into a store. Lives on one event loop; `state` and `submit` serve any thread."""

    def __init__(
        self,
        connect: Callable[[Callable[[e.Event], None]], Portal],
        store: Store,
        tables: tuple[Table, ...],
        settings: SyncSettings,
        *,
        listeners: Iterable[Callable[[e.Event], None]] = (),
    ) -> None:
        portal = connect(self._say)
        self._listeners = tuple(listeners)
        self._alerting = Alerting(store, lambda: self.state, self._say)
        self.state: EngineState = start(
            tuple(table.name for table in tables), portal=portal.host, store=store.label, at=now(),
            alerts=self._alerting.kept, due=cycle.rhythm(tables, settings), last_hour=store.last_hour(now()),
        )  # fmt: skip
        self._desk = Desk(portal=portal, store=store, tables=tables, settings=settings, say=self._say)
        self._fills = Fills(self._desk, alarm=self._alarm, ended=self._rest)
        self._again = Again(self._desk, self._fills)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: deque[c.Command] = deque()  # told before the loop ran
        self._appointment: Appointment | None = None
        self._started: float | None = None  # the last cycle, on the loop's clock; none while one runs
        self._reaching = Reaching(store)
        self._control = Control(store, self._reaching, lambda: self.state, self._obey)
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

    # --- on the engine's loop ---

    async def run(self) -> None:
        """Cycle after cycle, until told to stop. Raises what is a bug, or ends the store for good."""
        self._appointment = appointment = self._begin()
        appointment.start()
        beside = [asyncio.create_task(work) for work in (self._control.listen(), self._alerting.keep())]
        try:
            while not self._stop.is_set():
                await self._until_stop(self._due(appointment))
        finally:
            for task in beside:
                task.cancel()
            appointment.stop()
            await self._end()

    async def once(self, wish: Wish | None = None) -> EngineState:
        """One cycle of everything that is due, with the backfills it starts; then the end.

        Raises Refused and Unreachable when the portal does not serve at all, and StoreError.
        """
        self._control.single = True
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

    def _begin(self) -> Appointment:
        self._loop = asyncio.get_running_loop()
        self._desk.moving.set()
        self._control.begin()
        for command in self._early:
            self._obey(command)
        self._count()
        self._wake.set()  # the first cycle starts at once
        return Appointment(self._due_now, self._jumped)

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
        for found in self._desk.store.reconciles.held():
            at = found.held_since or now()
            self._say(e.DeletionsHeld(table=found.table, at=at, count=found.held, reason=found.reason))
        self._alerting.settle()

    def _jumped(self, seconds: float) -> None:
        self._say(e.ClockJumped(at=now(), seconds=seconds))

    async def _end(self) -> None:
        self._alerting.settle()
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
            case c.Retry():
                return self._retry(command.tables)
            case c.SyncNow() | c.Resync() | c.ConfirmDeletions():
                self._wishes.append(command)
                self._wake.set()
        return ""

    def _reschedule(self) -> None:
        """Start the cycle that is wished for, or the next one when the interval says so now."""
        if self._wishes:
            self._wake.set()
        elif self._appointment and self._started is not None:
            passed = asyncio.get_running_loop().time() - self._started
            self._say(e.Scheduled(at=self._appointment.set(self._desk.settings.interval - passed)))

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
        self._wake.set()

    def _rest(self) -> None:
        """Between cycles, and after the last backfill, keep no memory that is not needed to wait."""
        if self._fills.quiet:
            with suppress(StoreError):  # the cycle is the one to report it
                self._desk.store.rest()
            memory.give_back()

    async def _due_now(self) -> None:
        self._alarm()

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

    async def _due(self, appointment: Appointment) -> None:
        """Wait for the next cycle's time or somebody's wish, and see to it."""
        await self._wake.wait()
        await self._desk.moving.wait()
        self._wake.clear()
        self._started = None
        began = asyncio.get_running_loop().time()
        self._wish = self._wishes.popleft() if self._wishes else None
        trouble = await self._guarded(self._wish)
        self._wish = None
        self._rest()
        if self._wishes:
            self._wake.set()
        interval = self._desk.settings.interval
        if trouble:
            interval = min(interval, RETRY_SECONDS)
        passed = asyncio.get_running_loop().time() - began
        self._started = began
        seconds = min(interval - passed, rested(self._failed.values(), now()))
        self._say(e.Scheduled(at=appointment.set(seconds)))

    async def _guarded(self, wish: Wish | None) -> bool:
        """One cycle; true when the portal as a whole or the store was the trouble, which ends by itself."""
        try:
            await self._cycle(wish)
        except Refused as error:
            self._say(e.NeedsOperator(text=str(error), hint=error.hint, at=now(), until=self._retry_at()))
        except PortalError:
            pass  # every table has said so; the client tells of its waiting while it waits
        except StoreDamaged:
            raise  # this does not end by itself, and every further write may make it worse
        except StoreError as error:
            self._desk.forget()
            self._alerting.forget()
            self._say(e.StoreTrouble(text=str(error), hint=error.hint, at=now(), until=self._retry_at()))
        else:
            return False
        return True

    def _retry_at(self) -> datetime:
        return now() + timedelta(seconds=min(RETRY_SECONDS, self._desk.settings.interval))

    async def _cycle(self, wish: Wish | None) -> None:
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
        self._failed = await cycle.run(self._desk, self._fills, c.named(wish) if wish else ())
        self._alerting.settle()

    async def _all_of(self, wish: Wish | None) -> None:
        await self._cycle(wish)
        await self._fills.wait()
