"""The engine is steered while it runs; whatever is changed, the mirror comes to be what the portal is."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import (
    Cancel,
    Disable,
    Enable,
    Resync,
    SetInterval,
    Stop,
    SyncNow,
    from_words,
    to_words,
)
from bitsheet_tui.portal.demo.settings import Cost, Size
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync import answers
from bitsheet_tui.ui.language import retold, speaking
from tests.support import engine_states
from tests.support.sync_run import NAMES, config, portal, unequal

pytestmark = pytest.mark.slow

MANY = Size(leads=5, contacts=9000, companies=5, deals=60, activities=5, tasks=20, users=3, departments=2)


@asynccontextmanager
async def running(settings):
    """An engine whose first cycle and backfills are done."""
    store = wiring.open_store(settings)
    engine = wiring.build(settings, store)
    task = asyncio.create_task(engine.run())
    try:
        await until(lambda: engine.state.cycles and not filling(engine))
        yield engine
        engine.submit(Stop())
        await task
    finally:
        task.cancel()
        store.close()


def filling(engine) -> list[str]:
    return [table.name for table in engine.state.tables.values() if table.fill or table.synced_at is None]


async def until(true) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("names", "told"), [(("deals",), "deals is read"), (("deals", "tasks"), "deals, tasks are read")]
)
def test_an_answer_is_in_the_number_of_its_tables(names, told):
    state = engine_states.current()
    assert answers.answer(SyncNow(names), state, state) == f"{told} now, in cycle 813"
    with speaking("tr"):
        assert retold(told) == f"okunuyor: {', '.join(names)}"


async def answered(engine) -> str:
    await until(lambda: engine.answers)
    return engine.answers.popleft()


async def test_a_new_interval_counts_from_the_last_cycle_at_once(sqlite_url):
    async with portal() as (_, webhook), running(config(webhook, sqlite_url)) as engine:
        assert engine.state.interval == 3600
        before = engine.state.tables["users"].due
        engine.submit(SetInterval(2.0))
        assert "every 2 s instead of 3600 s, until the engine ends" in await answered(engine)
        await until(lambda: engine.state.cycle >= 3)
        assert engine.state.interval == 2
        assert engine.state.tables["users"].due == before * 2 / 3600
        starts = [cycle.at for cycle in engine.state.cycles[-2:]]
        assert 1 < (starts[1] - starts[0]).total_seconds() < 60


@pytest.mark.sample
async def test_a_disabled_table_grows_old_and_is_made_up_for_when_it_is_enabled(store_url):
    async with portal() as (demo, webhook), running(config(webhook, store_url, interval=0.2)) as engine:
        engine.submit(Disable(("deals", "users")))
        assert "deals, users are not read until they are enabled" in await answered(engine)
        await until(lambda: engine.state.tables["deals"].disabled)
        cycle = engine.state.cycle
        await until(lambda: engine.state.cycle > cycle)  # one that was under way reads them to its end
        demo.world.edit("deals", int(next(iter(demo.world.truth("deals")))["ID"]), TITLE="changed meanwhile")
        cycle = engine.state.cycle
        await until(lambda: engine.state.cycle > cycle + 2)
        assert list(unequal(store_url, demo)) == ["deals"]
        assert engine.grant("sync", "deals") == "not done: deals is disabled: enable it first"
        engine.submit(Enable(("deals", "users")))
        assert "are read again, now" in await answered(engine)
        await until(lambda: not unequal(store_url, demo))
        engine.submit(Enable(("deals",)))
        assert await answered(engine) == "not done: deals is not disabled"
        engine.submit(Disable(NAMES))
        assert "at least one table must be left" in await answered(engine)


async def test_a_resync_that_is_given_up_leaves_the_mirror_as_it_was_and_current(store_url):
    async with portal(MANY, cost=Cost(page=0.02, call=0.005)) as (demo, webhook):
        async with running(config(webhook, store_url, interval=0.5)) as engine:
            engine.submit(Resync(("contacts",)))
            await until(lambda: engine.state.tables["contacts"].fill)
            demo.world.edit(
                "contacts", int(next(iter(demo.world.truth("contacts")))["ID"]), NAME="changed meanwhile"
            )
            engine.submit(Cancel())
            assert "the resync of contacts is given up" in await answered(engine)
            await until(lambda: not engine.state.tables["contacts"].fill)
            await until(lambda: not unequal(store_url, demo, ("contacts",)))
            engine.submit(Cancel())
            assert "nothing runs that can be given up" in await answered(engine)
        store = Store.open(store_url, schema="", readonly=True)
        assert store.checkpoint("contacts").floor == 0
        store.close()


async def test_a_first_reading_cannot_be_given_up(sqlite_url):
    async with portal(MANY, cost=Cost(page=0.02, call=0.005)) as (demo, webhook):
        settings = config(webhook, sqlite_url)
        store = wiring.open_store(settings)
        engine = wiring.build(settings, store)
        task = asyncio.create_task(engine.run())
        await until(lambda: engine.state.tables["contacts"].fill)
        assert engine.grant("cancel", "contacts").startswith("not done: nothing runs that can be given up")
        await until(lambda: not filling(engine))
        assert not unequal(sqlite_url, demo)
        engine.submit(Stop())
        await task
        store.close()


@pytest.mark.sample
def test_every_command_survives_being_put_into_words():
    for command in (
        SetInterval(90.0),
        Disable(("deals",)),
        Enable(("deals", "leads")),
        Cancel(),
        Cancel(("deals",)),
    ):
        assert from_words(*to_words(command), NAMES) == command
    for name, argument in (
        ("interval", "soon"),
        ("interval", "-1"),
        ("interval", "nan"),
        ("disable", ""),
        ("enable", "x"),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            from_words(name, argument, NAMES)
