"""A process may be killed at any moment: the next one goes on where it was, and the mirror ends equal."""

import json
import random
import signal
import time
from datetime import UTC, datetime

import pytest

from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.portal.demo.settings import Cost
from bitsheet_tui.portal.demo.world import World
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror
from tests.support.commands import BIG, configure, url_of
from tests.support.proof import times

pytestmark = pytest.mark.slow

BATCH = 2500  # rows that one request can bring
PROBES = (
    50 * 12 + 65
)  # rows that a start looks at to see whether the portal is to be trusted, and short lists
SECONDS = 60.0
KILLS = [("sqlite", times("BITSHEET_KILLS", 3, 20)), ("postgresql", times("BITSHEET_KILLS", 1, 8))]
OLD = datetime(2020, 5, 1, tzinfo=UTC)


@pytest.fixture
def demo() -> DemoPortal:
    """A portal that takes its time, so that a backfill takes many requests."""
    return DemoPortal(BIG, seed=11, settings=Settings(cost=Cost(page=0.004, call=0.001)))


def killed(start, pick: random.Random) -> bool:
    """Start a run and kill it at a random moment of its work; false when it was faster."""
    process = start("--once")
    for line in process.stderr:
        if "start" in line:
            break
    time.sleep(pick.uniform(0.0, 0.6))
    process.send_signal(signal.SIGKILL)
    return process.wait(SECONDS) == -signal.SIGKILL


def work(world: World, pick: random.Random) -> int:
    """What people do while nothing mirrors them; how many rows they touched."""
    for table, field in (("deals", "TITLE"), ("contacts", "NAME"), ("tasks", "TITLE")):
        ids = world.tables[table].ids
        for ident in pick.sample(list(ids.upward(1, ids.last)), 60):
            world.edit(table, ident, **{field: f"edited {pick.random()}"})
        world.create(table, **{field: "new"})
        world.create_backdated(table, OLD, **{field: "imported"})
    return 3 * 62


@pytest.mark.sample
@pytest.mark.parametrize(("kind", "count"), KILLS)
def test_killed_at_random_moments_of_its_work_it_ends_equal_and_reads_little_twice(
    home, start, demo, request, figure, kind, count
):
    url, pick = url_of(kind, home, request), random.Random(5)
    with demo.run_in_thread() as webhook:
        store = f"[store]\nurl = {json.dumps(url.reveal())}\n[log]\nfile = ''\n"
        configure(home, webhook, f"burst = 5000\n{store}")
        kills, touched = 0, 0
        for number in range(count):
            kills += killed(start, pick)
            if number % 2:
                touched += work(demo.world, pick)
        last = start("--once")
        told = last.communicate(timeout=SECONDS)[1]
        assert last.returncode == 0, told
        unequal = {table.name: mirror.differences(url, demo.world, table.name) for table in CATALOGUE}
        assert {name: what for name, what in unequal.items() if what} == {}
        rows = sum(len(mirror.held(url, table.name)) for table in CATALOGUE)
        twice = demo.stats.rows - rows - touched
        figure(f"{kind}: {kills} kills, {rows:,} rows mirrored, {twice:,} read more than once, 0 violations")
        assert kills > count // 2
        assert twice <= (kills + 1) * (BATCH + PROBES)
        if kind == "sqlite":
            assert mirror.select(url, "PRAGMA integrity_check")[1] == [("ok",)]
