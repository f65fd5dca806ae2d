"""Engines that come and go over one mirror in simulated time; the clock may be set, the machine may sleep."""

import asyncio
from datetime import UTC, datetime, timedelta

import time_machine

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.config import Config, ScheduleSettings, SyncSettings
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.portal.demo.settings import Limits, Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import alerting, clock
from bitsheet_tui.sync import control as controls
from bitsheet_tui.sync import engine as engines
from bitsheet_tui.sync import schedule as schedules
from tests.support.fault_injection import WEBHOOK
from tests.support.simulated_time import COST, Loop, Wire

TINY = Size(leads=3, contacts=3, companies=2, deals=5, activities=3, tasks=3, users=3, departments=2)
BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Hands:
    """The clock of the portal and of the machine; `slept` is a suspension, in which the loop stands still."""

    def __init__(self, loop, traveller, begin):
        self.loop, self.traveller, self.begin, self.slept = loop, traveller, begin, 0.0

    def now(self) -> float:
        return self.begin.timestamp() + self.elapsed()

    def elapsed(self) -> float:
        return self.loop.seconds + self.slept

    def moved(self, _seconds=None) -> None:
        self.traveller.move_to(self.begin + timedelta(seconds=self.elapsed()))

    def suspend(self, seconds) -> None:
        self.slept += seconds
        self.moved()


class Life:
    """One mirror and its portal; engines come and go."""

    def __init__(self, hands, url, sync, schedule, *, size=TINY, cost=COST):
        self.hands, self.told = hands, []
        self.config = Config(
            webhook=Secret(WEBHOOK), store_url=url, sync=SyncSettings(**sync),
            schedule=ScheduleSettings(**schedule),
        )  # fmt: skip
        self.demo = DemoPortal(size, seed=5, settings=Settings(limits=Limits(), cost=cost), clock=hands)
        self.wire, self.engine, self.store, self._running = None, None, None, None

    def start(self, heartbeat=None):
        self.store = wiring.open_store(self.config)
        self.wire = Wire(self.demo)

        def connect(say):
            return Portal(
                self.config.webhook, self.config.portal, say=say, wire=self.wire,
                clock=self.hands.loop.time, now=lambda: datetime.fromtimestamp(self.hands.now(), UTC),
            )  # fmt: skip

        tables = wiring.tables(self.config)
        self.engine = engines.Engine(
            connect, self.store, tables, self.config.sync, self.config.schedule, listeners=[self.note],
            heartbeat=heartbeat,
        )  # fmt: skip
        self._running = self.hands.loop.create_task(self.engine.run())

    def note(self, event):
        self.told.append((datetime.fromtimestamp(self.hands.now(), UTC), event))

    async def kill(self):
        """As SIGKILL: nothing is said or written any more."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self.store.close()

    async def stop(self):
        self.engine.submit(c.Stop())
        await asyncio.gather(self._running, return_exceptions=True)
        self.store.close()

    async def until(self, true):
        while not true():
            await asyncio.sleep(1)

    def started(self, table=None):
        """When cycles started, or those that read a table."""
        events = ((at, event) for at, event in self.told if isinstance(event, e.CycleStarted))
        return [at for at, event in events if table is None or table in event.tables]

    def full(self):
        events = ((at, event) for at, event in self.told if isinstance(event, e.CycleStarted))
        return [at for at, event in events if not event.asked]


def storyteller(url, monkeypatch):
    """What runs a story of a Life, which it gives: `run(story, **sync)`."""
    monkeypatch.setattr(controls, "GLANCE_SECONDS", 60.0)  # hours are to pass quickly
    monkeypatch.setattr(alerting, "GLANCE_SECONDS", 60.0)

    def run(story, *, begin=BEGIN, schedule=None, tick=10.0, size=TINY, cost=COST, **sync):
        monkeypatch.setattr(schedules, "TICK", tick)
        with time_machine.travel(begin, tick=False) as traveller:
            loop = Loop(lambda _: hands.moved())
            hands = Hands(loop, traveller, begin)
            kept, clock.elapsed = clock.elapsed, hands.elapsed
            settings = {"interval": 300.0, **sync}
            life = Life(hands, url, settings, schedule or {}, size=size, cost=cost)
            try:
                loop.run_until_complete(story(life))
            finally:
                clock.elapsed = kept
                loop.close()
        return life

    return run
