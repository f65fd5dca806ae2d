"""One world and one mirror, with runs that fail at a chosen step and work between them."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg

from bitsheet_tui import wiring
from bitsheet_tui.config import Config, PortalSettings, SyncSettings
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import DemoPortal, ManualClock, Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync.engine import Engine
from tests.support import mirror
from tests.support.fault_injection import WEBHOOK, Crash, MemoryWire, Steps
from tests.support.proof import times

NOON = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
SIZE = Size(leads=0, contacts=0, companies=0, deals=53, activities=0, tasks=4, users=3, departments=1)
TABLES = ("deals", "tasks", "task_comments", "users")  # one of every kind
STRIDE = times(
    "BITSHEET_STRIDE", 24, 3
)  # 1: every step fails in every way; else every way takes its own share


class Trial:
    """A world, a mirror, and two runs between which people work."""

    def __init__(
        self, url: Secret, steps: Steps, *, size=SIZE, tables=TABLES, overlap=300, settings=None, at=NOON
    ) -> None:
        self.clock = ManualClock(at)
        self.demo = DemoPortal(size, seed=3, settings=settings or Settings(), clock=self.clock)
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


def empty(url: Secret) -> None:
    """Throw the mirror away."""
    if url.reveal().startswith("sqlite"):
        for file in Path(url.reveal().removeprefix("sqlite:///")).parent.glob("mirror.db*"):
            file.unlink()
        return
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA IF EXISTS bitsheet CASCADE")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
