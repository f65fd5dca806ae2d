"""Whole days of the real engine in seconds: a loop whose time jumps to the next thing that is due."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.config import Config, SyncSettings
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.portal.demo.door import Door
from bitsheet_tui.portal.demo.meters import Bucket, Operating
from bitsheet_tui.portal.demo.settings import Cost, Limits, Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import clock
from bitsheet_tui.sync import engine as engines
from tests.support import mirror
from tests.support.fault_injection import WEBHOOK, MemoryWire, Steps

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SIZE = Size(scale=0.1)
COST = Cost(page=0.068, call=0.068, counted_row=49.9 / 2_390_000, slept=False)  # as documented
TRAVEL = 0.05  # seconds
EDITS = 97.0  # seconds between two things that people do
EACH = ("leads", "contacts", "companies", "deals", "activities", "tasks")


class Loop(asyncio.SelectorEventLoop):
    """Never waits: when nothing is left to do now, it is the time of what comes next.

    What a thread does takes no time: until it is done, nothing comes next.
    """

    def __init__(self, moved) -> None:
        self.seconds = 0.0
        self._moved = moved
        self._working = 0
        super().__init__()

    def time(self) -> float:
        return self.seconds

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self._working += 1
        future.add_done_callback(self._worked)
        return future

    def _worked(self, _future) -> None:
        self._working -= 1

    def _run_once(self) -> None:
        if not self._ready and self._scheduled and not self._working:
            self.seconds = max(self.seconds, self._scheduled[0]._when)
            self._moved(self.seconds)
        super()._run_once()


@dataclass
class Clock:
    """The portal's clock, which is the loop's."""

    loop: Loop

    def now(self) -> float:
        return BEGIN.timestamp() + self.loop.seconds


class Wire(MemoryWire):
    """Takes as long as the portal says it took: when it has answered, or as it runs command by command."""

    def __init__(self, demo: DemoPortal) -> None:
        super().__init__(demo, Steps(crash=False))
        limits = demo.settings.limits
        self.used = Operating(limits)
        self._stats, self._told_only = demo.stats, not demo.settings.cost.slept
        self._door = Door(demo.office, Bucket(limits), self.used, demo.faults, demo.stats, demo.tokens)
        self.asked: list[tuple[float, bytes]] = []

    async def post(self, method: str, body: bytes, within: float | None = None):
        self.asked.append((asyncio.get_running_loop().time(), body))
        before = self._stats.seconds
        reply = await super().post(method, body)
        await asyncio.sleep(TRAVEL + (self._stats.seconds - before if self._told_only else 0.0))
        return reply


@dataclass
class Day:
    """What came of it."""

    cycles: int = 0
    requests: int = 0
    refused: int = 0  # 503
    blocked: int = 0  # commands answered with 429, but for those below
    forced: int = 0  # because the budget was cut
    failed: list[str] = field(default_factory=list)
    late: float = 0.0  # seconds from the end of a method's rest to the next request for it
    early: int = 0  # requests for it while it rested; it takes one to learn that
    most_used: float = 0.0  # seconds of ten minutes, of the method that used most
    unequal: dict = field(default_factory=dict)


def live(
    hours: float, *, spent_at: float | None = None, interval: float = 300.0, edits: float = EDITS
) -> Day:
    """So many hours at default settings, cold start included, while people work.

    `interval`: seconds between cycles, `edits`: between two things that people do.

    At `spent_at` (in hours) the portal cuts the budget of the deals, and they are to be read again.
    """
    with time_machine.travel(BEGIN, tick=False) as traveller:
        loop = Loop(lambda seconds: traveller.move_to(BEGIN + timedelta(seconds=seconds)))
        try:
            return loop.run_until_complete(_live(loop, hours, spent_at, interval, edits))
        finally:
            loop.close()


async def _live(loop: Loop, hours: float, spent_at: float | None, interval: float, edits: float) -> Day:
    day, told = Day(), []
    demo = DemoPortal(SIZE, seed=5, settings=Settings(limits=Limits(), cost=COST), clock=Clock(loop))
    wire = Wire(demo)
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-day-"))
    config = Config(
        webhook=Secret(WEBHOOK),
        store_url=Secret(f"sqlite:///{folder}/mirror.db"),
        sync=SyncSettings(interval=interval),
    )
    store = wiring.open_store(config)

    def connect(say):
        return Portal(
            config.webhook, config.portal, say=say, wire=wire, clock=loop.time,
            now=lambda: BEGIN + timedelta(seconds=loop.seconds),
        )  # fmt: skip

    engine = engines.Engine(connect, store, wiring.tables(config), config.sync, listeners=[told.append])
    kept, clock.elapsed = clock.elapsed, loop.time
    running = loop.create_task(engine.run())
    working = loop.create_task(_work(demo, wire, day, edits))
    try:
        if spent_at is not None:
            await asyncio.sleep(spent_at * 3600)
            await _spend(loop, wire, engine, day)
            day.forced = demo.stats.blocked
        await asyncio.sleep(hours * 3600 - loop.seconds)
        working.cancel()
        await asyncio.sleep(max(30.0, 3 * interval))  # nobody works: the next cycles bring the rest
        running.done() and running.result()
        day.unequal = {
            name: found for name in EACH if (found := mirror.differences(config.store_url, demo.world, name))
        }
    finally:
        engine.submit(c.Stop())
        await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 60)
        clock.elapsed = kept
        store.close()
        shutil.rmtree(folder)
    day.cycles = sum(isinstance(event, e.CycleEnded) for event in told)
    day.failed = [str(event.text) for event in told if isinstance(event, e.TableFailed) and event.reason]
    day.requests, day.refused = demo.stats.requests, demo.stats.refused
    day.blocked = demo.stats.blocked - day.forced
    return day


async def _work(demo: DemoPortal, wire: Wire, day: Day, edits: float) -> None:
    """What people do all day."""
    world, number = demo.world, 0
    while True:
        await asyncio.sleep(edits)
        day.most_used = max(day.most_used, wire.used.most(demo.clock.now())[1])
        name = EACH[number % len(EACH)]
        ids = world.tables[name].ids
        world.edit(name, ids.nth(number * 7 % ids.base), TITLE=f"edit {number}")
        if number % 5 == 0:
            world.create(name, TITLE=f"new {number}")
        if number % 3 == 0:
            tasks = world.tables["tasks"].ids
            world.comment(tasks.nth(tasks.base - 1 - number % 20), f"said {number}")
        number += 1


async def _spend(loop: Loop, wire: Wire, engine: engines.Engine, day: Day) -> None:
    """A budget is used up, while a backfill is wished for; when its rest ends, how soon do we go on?"""
    method, before = "crm.deal.list", wire.used.limit
    began = loop.seconds
    wire.used.limit = wire.used.used(method, BEGIN.timestamp() + began) - 0.001
    ends = wire.used.resets_at(method, BEGIN.timestamp() + began) - BEGIN.timestamp()
    engine.submit(c.Resync(("deals",)))
    await asyncio.sleep(ends - began + 1)
    wire.used.limit = before
    await asyncio.sleep(59)
    asked = [at for at, body in wire.asked if at > began and method.encode() in body]
    day.early = sum(at < ends for at in asked)
    day.late = min(at for at in asked if at >= ends) - ends
