"""Who is killed again and again reads little in vain: no second test of the portal, little on its way."""

import asyncio

import pytest
import time_machine
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.portal.demo.settings import Cost, Size
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.sync.in_flight import LEAST, SHARE
from tests.bench.client import configure, ours
from tests.support import mirror
from tests.support.sync_run import config, once, portal, unequal

SIZE = Size(scale=0.0, deals=4000, leads=2000, tasks=120)
TABLES = ("deals", "leads", "tasks")
TESTS = 150  # rows of a table that a test takes


def given(demo):
    """Rows of lists that were given since the last look."""
    rows = sum(demo.stats.rows_of[name] for name in ("crm.deal.list", "crm.lead.list"))
    demo.stats.reset()
    return rows


def stored(store_url):
    return sum(len(mirror.rows(store_url, name)) for name in ("deals", "leads"))


async def killed(path, demo, seconds):
    """A run that is killed so many seconds after its backfill began; the rows that were given for it."""
    process = await asyncio.create_subprocess_exec(*ours(path, "--once"), stderr=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(30):
        while demo.stats.rows_of["crm.deal.list"] <= TESTS:
            await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)
    process.kill()
    await process.wait()
    await asyncio.sleep(1.5)  # what was on its way is answered to nobody
    return given(demo)


async def test_a_process_that_follows_soon_does_not_test_the_portal_once_more(store_url):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url, tables=TABLES)
        await once(settings)
        given(demo)
        await once(settings)
        assert given(demo) < TESTS
        assert unequal(store_url, demo, TABLES) == {}


@pytest.mark.parametrize("change", ["later", "rights", "more tables"])
async def test_it_does_when_time_has_passed_or_something_else_is_to_be_read(store_url, change):
    async with portal(SIZE) as (demo, webhook):
        await once(config(webhook, store_url, tables=("deals", "tasks")))
        given(demo)
        if change == "rights":
            demo.lose_scope("im")
        names = TABLES if change == "more tables" else ("deals", "tasks")
        with time_machine.travel(demo.office.now() + (700 if change == "later" else 1)):
            await once(config(webhook, store_url, tables=names))
        assert given(demo) >= TESTS
        assert unequal(store_url, demo, names) == {}


async def test_a_table_that_did_not_pass_is_tested_at_every_start(store_url):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url, tables=TABLES)
        demo.lose_method("crm.lead.list")
        await once(settings)
        demo.office.lost.clear()
        await once(settings)
        assert unequal(store_url, demo, TABLES) == {}


@pytest.mark.slow
async def test_after_a_kill_little_is_on_its_way_until_more_is_stored(store_url, tmp_path):
    async with portal(SIZE, cost=Cost(page=0.02)) as (demo, webhook):
        path = configure(tmp_path, webhook, store=store_url.reveal(), tables=list(TABLES))
        await killed(path, demo, 0.3)
        before = stored(store_url)
        demo.office.settings = replace(demo.office.settings, cost=Cost(page=0.1))
        read = await killed(path, demo, 0.3)
        new = stored(store_url) - before
        assert read > 0
        assert read - new <= LEAST * PAGE + SHARE * new
        demo.office.settings = replace(demo.office.settings, cost=Cost())
        await once(config(webhook, store_url, tables=TABLES))
        assert unequal(store_url, demo, TABLES) == {}


async def stop_in_a_backfill(engine):
    while not engine._desk.backfills:
        await asyncio.sleep(0.01)
    engine._stop_now()


@pytest.mark.parametrize("stopped", [True, False])
async def test_after_an_orderly_end_it_is_as_much_as_ever(store_url, stopped):
    async with portal(SIZE, cost=Cost(page=0.02)) as (_, webhook):
        settings = config(webhook, store_url, tables=TABLES)
        store = wiring.open_store(settings)
        engine = wiring.build(settings, store)
        stopping = asyncio.create_task(stop_in_a_backfill(engine)) if stopped else None
        await engine.once()
        assert stopping is None or stopping.done()
        in_flight = wiring.build(settings, store)._desk.in_flight
        assert not in_flight.begin()
        assert await in_flight.room(50, 0.068) == 50
        store.close()
