"""Whatever step fails, as an error or as the death of the process: the next runs end equal to the portal."""

from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.config import Config, PortalSettings, SyncSettings
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.portal import patience
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import DemoPortal, ManualClock, Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync.engine import Engine
from tests import mirror
from tests.conftest import times
from tests.faults import WEBHOOK, Crash, MemoryWire, Steps, counting
from tests.sync.test_zones import NOON

pytestmark = pytest.mark.slow

SIZE = Size(leads=0, contacts=0, companies=0, deals=53, activities=0, tasks=4, users=3, departments=1)
TABLES = ("deals", "tasks", "task_comments", "users")  # one of every kind
STRIDE = times("BITSHEET_STRIDE", 3)  # 1: every step fails in every way; else every way takes its own third
FIRST = {("sqlite", False): 1, ("sqlite", True): 2, ("postgresql", False): 3, ("postgresql", True): 1}


class Trial:
    """A world, a mirror, and two runs between which people work."""

    def __init__(self, url: Secret, steps: Steps, *, size=SIZE, tables=TABLES, overlap=300) -> None:
        self.clock = ManualClock(NOON)
        self.demo = DemoPortal(size, seed=3, settings=Settings(), clock=self.clock)
        self.steps = steps
        self.happen = lambda: None  # while a request is under way
        self.config = Config(
            webhook=Secret(WEBHOOK),
            store_url=url,
            portal=PortalSettings(requests_per_second=100_000, burst=100_000),
            sync=SyncSettings(tables=tables, static_every=1, overlap=overlap),
        )

    def work(self) -> None:
        """What people do between the two runs."""
        world, clock = self.demo.world, self.clock
        clock.advance(3600)
        deals = [row["ID"] for row in world.truth("deals")]
        tasks = [row["ID"] for row in world.truth("tasks")]
        world.edit("deals", deals[0], TITLE="the oldest")
        world.edit("deals", deals[-1], TITLE="the newest")
        world.create("deals", TITLE="one more")
        world.create_backdated("deals", NOON.replace(year=2020), TITLE="imported")
        world.create("tasks", TITLE="a task")
        said = [world.comment(task, "hello") for task in tasks[:2]]
        clock.advance(60)
        world.edit_comment(said[0], "hello again", bump=True)
        world.vanish_comment(said[1], bump=True)
        clock.advance(600)

    async def run(self, wish=None, **sync) -> bool:
        """One run as a process of its own; true when nothing was in its way. `sync`: settings of this run."""
        settings = msgspec.structs.replace(self.config.sync, **sync)
        try:
            with closing(wiring.open_store(self.config)) as store:
                engine = Engine(self._connect, store, wiring.tables(self.config), settings)
                await engine.once(wish)
                return not engine.failed
        except (BitsheetError, Crash):
            return False

    def _connect(self, say) -> Portal:
        async def sleep(_: float) -> None:
            """No time to lose."""

        wire = MemoryWire(self.demo, self.steps, self.happen)
        return Portal(self.config.webhook, self.config.portal, say=say, wire=wire, sleep=sleep)

    def unequal(self, tables=TABLES) -> dict:
        found = {name: mirror.differences(self.config.store_url, self.demo.world, name) for name in tables}
        return {name: what for name, what in found.items() if what}

    async def ends_equal(self, steps: Steps) -> None:
        """One quiet run, and mirror == portal."""
        self.steps = Steps(crash=False)
        where = f"after step {steps.fatal}, {steps.struck}"
        assert await self.run(), where
        assert self.unequal() == {}, where


async def first_run(url: Secret, steps: Steps, monkeypatch) -> Trial:
    """A new mirror whose first run fails at the fatal step; equal after a second one."""
    one = Trial(url, steps)
    with counting(steps, monkeypatch, TABLES):
        clean = await one.run()
    assert clean == (not steps.struck)
    await one.ends_equal(steps)
    return one


async def next_run(one: Trial, steps: Steps, monkeypatch) -> None:
    """A day's work, a run that fails at the fatal step; equal after one more."""
    one.work()
    one.steps = steps
    with counting(steps, monkeypatch, TABLES):
        clean = await one.run()
    assert clean == (not steps.struck)
    await one.ends_equal(steps)


def empty(url: Secret) -> None:
    """Throw the mirror away."""
    if url.reveal().startswith("sqlite"):
        for file in Path(url.reveal().removeprefix("sqlite:///")).parent.glob("mirror.db*"):
            file.unlink()
        return
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


async def test_what_people_do_after_a_failure_is_there_after_the_next_run(store_url, monkeypatch):
    """Also when that run begins with the rest of a scan that was cut off, and that is older."""
    one = Trial(store_url, Steps(crash=False), size=replace(SIZE, deals=130, tasks=5))
    assert await one.run()
    world, resumed, n = one.demo.world, 0, 4
    while True:
        one.clock.advance(3600)
        for table in ("deals", "tasks"):
            for row in list(world.truth(table)):
                world.edit(table, row["ID"], TITLE=f"before step {n}")
        one.steps = steps = Steps(crash=True, fatal=n)
        with counting(steps, monkeypatch):
            await one.run()
        with closing(wiring.open_store(one.config)) as store:
            resumed += store.checkpoint("deals").scan_started is not None
        one.clock.advance(600)
        world.create("deals", TITLE=f"after step {n}")
        world.comment(next(world.truth("tasks"))["ID"], f"after step {n}")
        await one.ends_equal(steps)
        if not steps.struck:
            break
        n += 7
    assert resumed > 1


@pytest.mark.parametrize("crash", [False, True], ids=["error", "crash"])
async def test_failing_at_the_nth_step_for_every_n(store_url, crash, monkeypatch, figure):
    """Errors and crashes on the two databases take turns with the steps, unless all are asked for."""
    monkeypatch.setattr(patience, "TRIES", 1)
    database = store_url.reveal().partition(":")[0]
    first = min(FIRST[database, crash], STRIDE)
    points, n = 0, first
    while True:
        empty(store_url)
        one = await first_run(store_url, steps := Steps(crash=crash, fatal=n), monkeypatch)
        if not steps.struck:
            break
        points, n = points + 1, n + STRIDE
    n = first
    while True:
        await next_run(one, steps := Steps(crash=crash, fatal=n), monkeypatch)
        if not steps.struck:
            break
        points, n = points + 1, n + STRIDE
    kind = "a crash" if crash else "an error"
    figure(f"{points} steps failed as {kind} on {database}, 0 divergences")
    assert points > 40
