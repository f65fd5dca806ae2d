"""A PostgreSQL server that is restarted, crashes, refuses: the engine stays up and ends equal to the portal."""

import asyncio
import random
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from msgspec.structs import replace

from bitsheet_tui.commands import Pause, Resume, Retry, Stop, SyncNow
from bitsheet_tui.events import CycleEnded, CycleStarted, StoreTrouble
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import Phase
from bitsheet_tui.store import checkpoints
from tests.support.blackhole_proxy import BlackholeProxy
from tests.support.live_engine import live_engine, until
from tests.support.postgres_server import PASSWORD, Server
from tests.support.proof import times
from tests.support.sync_run import NAMES, SMALL, config, portal, unequal

pytestmark = pytest.mark.slow

PATIENCE = 8  # seconds that opening a session may take: who waits for it is told from a machine that is busy
TABLES = ("contacts", "deals", "tasks", "task_comments")
TINY = replace(SMALL, leads=0, contacts=20, companies=0, deals=30, activities=0, tasks=8, users=5)


@pytest.fixture(scope="session")
def machine():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(machine):
    machine.empty()
    return machine


async def current(engine, told, running):
    """Wait until a whole cycle has begun and ended, and nothing is wrong."""
    before = len(told)
    engine.submit(SyncNow())

    def whole():
        since = iter(told[before:])
        return any(isinstance(event, CycleStarted) for event in since) and any(
            isinstance(event, CycleEnded) for event in since
        )

    def well():
        backfills = [name for name in engine.state.tables if engine._fills.running(name)]
        return engine.state.phase is Phase.CURRENT and not engine.failed and not backfills

    await until(lambda: whole() and well(), running)


@asynccontextmanager
async def mirrored(server, monkeypatch):
    """A mirror that is current, on this server; gives the portal, the engine, what it told, and its task."""
    async with portal() as (demo, webhook):
        settings = config(webhook, server.url, audit_days=3650)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await current(engine, told, running)
            yield demo, engine, told, running


def work(demo):
    """What people do meanwhile."""
    world = demo.world
    world.edit("deals", next(world.truth("deals"))["ID"], TITLE="meanwhile")
    world.create("contacts", NAME="meanwhile")
    world.comment(next(world.truth("tasks"))["ID"], "meanwhile")


async def in_trouble(demo, engine, told, running):
    """Wait until the engine says that the store is in trouble; it asks the portal nothing meanwhile."""
    engine.submit(SyncNow())
    await until(lambda: engine.state.phase is Phase.WAITING, running)
    await asyncio.sleep(0.3)  # what was under way comes back
    asked, tries = demo.stats.requests, len(told)
    await until(lambda: sum(isinstance(event, StoreTrouble) for event in told[tries:]) > 2, running)
    assert demo.stats.requests == asked
    return engine.state.trouble


async def well_again(server, demo, engine, told, running, tables=NAMES):
    await until(lambda: engine.state.phase is Phase.CURRENT, running)
    await current(engine, told, running)
    assert unequal(server.url, demo, tables) == {}


@pytest.mark.sample
async def test_a_restart_between_two_cycles_costs_nothing_and_is_no_trouble(server, monkeypatch):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        await asyncio.to_thread(server.restart)
        work(demo)
        await well_again(server, demo, engine, told, running)
        assert not [event for event in told if isinstance(event, StoreTrouble)]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_inside_a_transaction_costs_nothing(server, monkeypatch, mode):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        save, left = checkpoints.save, [1]

        def restarted_first(database, checkpoint):
            if left and checkpoint.table == "deals":
                left.clear()
                server.restart(mode)
            save(database, checkpoint)

        monkeypatch.setattr(checkpoints, "save", restarted_first)
        work(demo)
        engine.submit(SyncNow())
        await until(lambda: not left, running)
        await well_again(server, demo, engine, told, running)


@pytest.mark.sample
async def test_a_server_that_is_down_for_a_while_is_waited_for(server, monkeypatch):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        await asyncio.to_thread(server.stop)
        work(demo)
        assert "cannot be reached" in (await in_trouble(demo, engine, told, running)).text
        await asyncio.to_thread(server.start)
        await well_again(server, demo, engine, told, running)


async def test_a_password_that_was_changed_is_told_and_waited_for(server, monkeypatch):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        server.sql("ALTER ROLE mirror PASSWORD 'another'")
        server.end_sessions()
        work(demo)
        trouble = await in_trouble(demo, engine, told, running)
        assert "password authentication failed" in trouble.text
        assert "Check the user, the password" in trouble.hint
        assert PASSWORD not in repr(told)
        server.sql(f"ALTER ROLE mirror PASSWORD '{PASSWORD}'")
        await well_again(server, demo, engine, told, running)


async def test_a_standby_is_told_and_waited_for_until_it_is_promoted(server, monkeypatch):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        await asyncio.to_thread(server.stand_by)
        work(demo)
        trouble = await in_trouble(demo, engine, told, running)
        assert "may only be read" in trouble.text
        assert "standby" in trouble.hint
        await asyncio.to_thread(server.promote)
        await well_again(server, demo, engine, told, running)


async def test_a_mirror_that_was_thrown_away_under_it_is_made_anew(server, monkeypatch):
    async with mirrored(server, monkeypatch) as (demo, engine, told, running):
        server.empty()
        server.end_sessions()
        work(demo)
        engine.submit(SyncNow())
        await well_again(server, demo, engine, told, running)


async def test_a_server_that_crashes_again_and_again_loses_nothing_that_counts(server, monkeypatch, figure):
    """It forgets what it had acknowledged in its last seconds: what is missing is read again."""
    crashes, chance = times("BITSHEET_CRASHES", 1, 4), random.Random(3)
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, server.url, audit_days=3650, tables=TABLES)
        world = demo.world
        deals, tasks = ([row["ID"] for row in world.truth(name)] for name in ("deals", "tasks"))
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            for number in range(crashes):
                for place in range(3):
                    world.edit("deals", chance.choice(deals), TITLE=f"{number} {place}")
                    world.comment(chance.choice(tasks), f"{number} {place}")
                world.create("contacts", NAME=f"{number}")
                if number % 2:
                    await current(engine, told, running)  # the engine is idle when it happens
                else:
                    engine.submit(SyncNow())
                    await asyncio.sleep(chance.uniform(0, 0.1))
                await asyncio.to_thread(server.restart, "immediate")
                await current(engine, told, running)
                assert unequal(server.url, demo, TABLES) == {}, number
                told.clear()
    figure(f"{crashes} crashes of a PostgreSQL server that loses its last commits, 0 violations")


async def test_a_server_that_falls_silent_holds_nobody_up(server, monkeypatch):
    """Neither what is asked of the engine nor its end waits for a server that takes calls and says nothing."""
    way = BlackholeProxy(server.path)
    longest = 0.0

    async def beat():
        nonlocal longest
        while True:
            before = monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, monotonic() - before)

    with way.kept() as port:
        url = Secret(
            f"postgresql://mirror:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable&connect_timeout={PATIENCE}"
        )
        async with portal(TINY) as (demo, webhook):
            settings = config(webhook, url, audit_days=3650, tables=("contacts", "deals"))
            async with live_engine(settings, monkeypatch) as (engine, told, running):
                await current(engine, told, running)
                beating = asyncio.create_task(beat())
                way.shut()
                await until(lambda: way.tries, running)  # the look for requests has noticed
                work(demo)
                engine.submit(SyncNow())
                await until(lambda: engine.state.phase is Phase.WAITING, running)
                engine.submit(Pause())
                engine.submit(Retry(()))
                engine.submit(Resume())
                await until(lambda: engine.answers and "not done" in engine.answers[-1], running)
                beating.cancel()
                assert longest < PATIENCE / 2
                way.open = True
                await well_again(server, demo, engine, told, running, ("contacts", "deals"))
                way.shut()
                seen = way.tries
                await until(lambda: way.tries > seen, running)
                engine.submit(Stop())
                async with asyncio.timeout(PATIENCE / 2):
                    await running
