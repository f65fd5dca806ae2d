"""A PostgreSQL server that is restarted, crashes, refuses: the engine stays up and ends equal to the portal."""

import asyncio
import random

import pytest

from bitsheet_tui.commands import SyncNow
from bitsheet_tui.state import Phase
from tests.conftest import times
from tests.server import Server
from tests.sync.conftest import SMALL, config, portal, unequal
from tests.sync.living import living, until


@pytest.fixture(scope="module")
def machine():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(machine):
    machine.empty()
    return machine


async def current(engine, running):
    """Wait until a whole cycle has run since, and nothing is wrong."""
    seen = len(engine.state.cycles)
    engine.submit(SyncNow())
    await until(
        lambda: len(engine.state.cycles) > seen and engine.state.phase is Phase.CURRENT and not engine.failed,
        running,
    )


@pytest.mark.slow
async def test_a_server_that_crashes_again_and_again_loses_nothing_that_counts(server, monkeypatch, figure):
    """It forgets what it had acknowledged in its last seconds: what is missing is read again."""
    crashes, chance = times("BITSHEET_CRASHES", 6), random.Random(3)
    async with portal(SMALL) as (demo, webhook):
        settings = config(webhook, server.url, audit_days=3650)
        world = demo.world
        deals, tasks = ([row["ID"] for row in world.truth(name)] for name in ("deals", "tasks"))
        async with living(settings, monkeypatch) as (engine, _, running):
            for number in range(crashes):
                for place in range(5):
                    world.edit("deals", chance.choice(deals), TITLE=f"{number} {place}")
                    world.create("contacts", NAME=f"{number} {place}")
                    world.comment(chance.choice(tasks), f"{number} {place}")
                if number % 2:
                    await current(engine, running)  # the engine is idle when it happens
                else:
                    engine.submit(SyncNow())
                    await asyncio.sleep(chance.uniform(0, 0.1))
                await asyncio.to_thread(server.restart, "immediate")
                await current(engine, running)
                assert unequal(server.url, demo) == {}, number
    figure(f"{crashes} crashes of a PostgreSQL server that loses its last commits, 0 violations")
