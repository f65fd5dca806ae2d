"""Backfills in several streams: what is new arrives meanwhile, and no limit of the portal is overrun."""

import asyncio

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import SyncNow
from bitsheet_tui.config import Config, PortalSettings
from bitsheet_tui.portal.demo.settings import Cost, Limits, Size
from bitsheet_tui.state import Standing
from tests.support import mirror
from tests.support.sync_run import config, portal, unequal

DEALS = Size(scale=0.0, deals=6000, contacts=120)


async def until(true, seconds=20.0):
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


@pytest.fixture
async def run(store_url):
    """Lets an engine run; `run.end()` stops it, and so does the end of the test."""
    ending = []

    async def begin(webhook, limits=None, **sync):
        settings = config(webhook, store_url, **sync)
        if limits:
            settings = Config(
                webhook=settings.webhook, store_url=store_url, portal=limits, sync=settings.sync
            )
        store = wiring.open_store(settings)
        engine = wiring.build(settings, store)
        ending.append((engine, asyncio.ensure_future(engine.run()), store))
        return engine

    async def end():
        while ending:
            engine, task, store = ending.pop()
            engine._stop_now()
            try:
                await task
            finally:
                store.close()

    begin.end = end
    yield begin
    await end()


@pytest.mark.sample
@pytest.mark.slow
async def test_what_changes_during_a_long_backfill_arrives_long_before_its_end(run, store_url):
    async with portal(DEALS, cost=Cost(page=0.05)) as (demo, webhook):
        engine = await run(webhook, tables=("deals",))
        await until(lambda: (engine.state.tables["deals"].rows or 0) > 0)
        oldest = min(row["ID"] for row in demo.world.truth("deals"))
        demo.world.edit("deals", oldest, TITLE="edited meanwhile")
        new = demo.world.create("deals", TITLE="made meanwhile")
        engine.submit(SyncNow())
        cycles = len(engine.state.cycles)
        await until(lambda: len(engine.state.cycles) > cycles)
        assert engine.state.tables["deals"].fill is not None
        _, found = mirror.select(store_url, f"SELECT id, title FROM deals WHERE id IN ({oldest}, {new})")
        assert sorted(found) == [(oldest, "edited meanwhile"), (new, "made meanwhile")]
        await until(lambda: engine.state.tables["deals"].fill is None, 60)
        await run.end()
        assert unequal(store_url, demo, ("deals",)) == {}


@pytest.mark.sample
@pytest.mark.slow
async def test_a_method_that_has_used_its_time_rests_while_the_others_go_on(run):
    """Pages take 5 s each by the portal's own count, which are not waited for here."""
    cost = Cost(pages={"crm.deal.list": 5.0}, slept=False)
    async with portal(DEALS, cost=cost, limits=Limits(rate=None)) as (demo, webhook):
        engine = await run(webhook, tables=("deals", "contacts"))
        tables = lambda: engine.state.tables  # noqa: E731
        await until(lambda: tables()["deals"].standing is Standing.RESTING)
        await until(lambda: tables()["contacts"].standing is Standing.OK)
        used = next(one.used for one in engine.state.seen.operating if one.method == "crm.deal.list")
        assert 0.8 * 480 < used < 480
        assert demo.stats.blocked == 0
        assert tables()["deals"].until is not None
        assert tables()["deals"].fill.left > 500  # the rest has to wait until the portal forgets
        await run.end()


@pytest.mark.sample
@pytest.mark.slow
async def test_all_streams_together_never_overrun_the_rate_limit(run, store_url):
    async with portal(DEALS, limits=Limits(rate=10.0, burst=6)) as (demo, webhook):
        engine = await run(webhook, PortalSettings(requests_per_second=10.0, burst=6), tables=("deals",))
        await until(lambda: engine.state.tables["deals"].standing is Standing.OK)
        await run.end()
        assert demo.stats.refused == 0
        assert unequal(store_url, demo, ("deals",)) == {}
