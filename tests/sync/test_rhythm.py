"""Cycles keep their rhythm, whatever they meet."""

import asyncio
import gc
import warnings
from types import SimpleNamespace

from bitsheet_tui import events as e
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.sync.fills import Fills
from bitsheet_tui.tables import CATALOGUE
from tests.soak.cycles import figures
from tests.support.live_engine import live_engine, until
from tests.support.proof import times
from tests.support.sync_run import config, portal, unequal

TINY = Size(leads=5, contacts=8, companies=3, deals=20, activities=9, tasks=12, users=6, departments=2)


async def test_a_cycle_longer_than_its_interval_is_followed_by_the_next_and_never_by_two(
    sqlite_url, monkeypatch
):
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.05)
        demo.faults.add(Fault(kind=Kind.SLOW, method="crm.deal.list", seconds=0.02, times=10**9))
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: len(engine.state.cycles) > 5, running)
            numbers = [event.number for event in told if isinstance(event, e.CycleStarted | e.CycleEnded)]
            assert numbers[:10] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
            slow = [cycle.seconds for cycle in engine.state.cycles]
            assert max(slow) > settings.sync.interval
            await until(lambda: not unequal(sqlite_url, demo), running)


async def test_cycle_after_cycle_leaves_no_file_and_no_task_behind(sqlite_url, monkeypatch, figure):
    """Thousands of cycles, and their memory, are measured by tests/soak/cycles.py."""
    count = times("BITSHEET_CYCLES", 20, 60)
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.001, reconcile_every=1, static_every=2)
        async with live_engine(settings, monkeypatch) as (engine, _told, running):
            await until(lambda: len(engine.state.cycles) >= 20, running)
            before = figures()
            for number in range(count):
                demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], TITLE=f"{number}")
                seen = len(engine.state.cycles)
                await until(lambda seen=seen: len(engine.state.cycles) > seen, running)
            after = figures()
    figure(
        f"{count} cycles: {after.memory - before.memory:+.1f} MiB, {after.files} files, {after.tasks} tasks"
    )
    assert after.files <= before.files + 1  # a backfill's connection may be open
    assert after.tasks <= before.tasks + 3  # some rest and some work, at any moment


async def test_comments_take_no_abandoned_filling_of_tasks_for_one_that_has_ended():
    ended = []

    async def parent():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # a request under way is given up

    async def child():
        while not tasks["tasks"].cancelling():
            await asyncio.sleep(0.001)
        ended.append("task_comments")  # no more tasks will come

    fills = Fills(None, alarm=lambda: None, ended=lambda: None)
    tasks = {
        name: asyncio.create_task(work()) for name, work in (("tasks", parent), ("task_comments", child))
    }
    fills._tasks.update(tasks)
    await asyncio.sleep(0.01)
    await fills.cancel()
    assert all(task.cancelled() for task in tasks.values())
    assert ended == []


async def test_a_comparison_that_is_cancelled_before_it_began_leaves_nothing_behind():
    quiet = SimpleNamespace(end=lambda: None)
    fills = Fills(SimpleNamespace(stir=lambda: None, in_flight=quiet), alarm=lambda: None, ended=lambda: None)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fills.compare(CATALOGUE[3])
        await fills.cancel()
        gc.collect()
    assert not told, [str(one.message) for one in told]
