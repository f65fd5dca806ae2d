"""Deletions as fresh as edits, at the predecessor's volumes and documented costs, in simulated time.

A thousandth of the rows, each of which takes a thousand times as long to be counted.
"""

import asyncio
from functools import partial
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bitsheet_tui.portal.demo.settings import Size
from tests.support.schedule_life import storyteller
from tests.support.simulated_time import COST

SCALE = 1000
PREDECESSOR = Size(
    leads=9, contacts=31, companies=2, deals=30, activities=205, tasks=61, users=3, departments=2
)
COUNTED = ("leads", "contacts", "companies", "deals", "activities", "tasks")
GRANTED = 9.6 / 600  # seconds of counts in a second: 2 % of 480 in ten minutes


def cost(table, life):
    return COST.page + sum(1 for _ in life.demo.world.truth(table)) * COST.counted_row * SCALE


@pytest.fixture
def predecessor(sqlite_url, monkeypatch):
    scaled = replace(COST, counted_row=COST.counted_row * SCALE)
    return partial(storyteller(sqlite_url, monkeypatch), size=PREDECESSOR, cost=scaled)


def counts(life, table):
    return [at for at, body in life.wire.asked if f"{table}count".encode() in body]


async def delete_one_of_each(life):
    for table in COUNTED:
        ids = life.demo.world.tables[table].ids
        life.demo.world.delete(table, ids.nth(ids.base // 2))


def test_at_the_defaults_deletions_are_found_within_two_cycles_and_an_idle_cycle_is_one_request(predecessor):
    async def story(life):
        life.start()
        await asyncio.sleep(4 * 300 + 60)
        life.asked = len(life.wire.asked)
        await asyncio.sleep(3 * 300)
        life.idle = len(life.wire.asked) - life.asked
        life.seconds = [cycle.seconds for cycle in life.engine.state.full_cycles[-3:]]
        await delete_one_of_each(life)
        await asyncio.sleep(2 * 300)
        life.marked = {name: table.deleted for name, table in life.engine.state.tables.items()}
        life.compared = {name: table.compared_at for name, table in life.engine.state.tables.items()}
        life.began = life.hands.loop.seconds
        await asyncio.sleep(3600)
        await life.stop()

    life = predecessor(story)
    assert life.idle == 3
    assert max(life.seconds) <= 9
    assert {name: life.marked[name] for name in COUNTED} == dict.fromkeys(COUNTED, 1)
    for table in COUNTED:
        hour = [at for at in counts(life, table) if at >= life.began]
        assert len(hour) >= 10, table
        assert len(hour) * cost(table, life) <= GRANTED * 3600, table


@pytest.mark.slow
def test_every_second_a_deal_that_is_deleted_is_found_within_a_minute(predecessor, figure):
    async def story(life):
        life.start()
        await asyncio.sleep(150)
        ids = life.demo.world.tables["deals"].ids
        life.demo.world.delete("deals", ids.nth(7))
        life.began = life.hands.loop.seconds
        await life.until(lambda: life.engine.state.tables["deals"].deleted)
        life.took = life.hands.loop.seconds - life.began
        await asyncio.sleep(300)
        life.ended = life.hands.now()
        await life.stop()

    life = predecessor(story, interval=1.0)
    assert life.took <= 60
    lasted = life.hands.loop.seconds
    starts = [at.timestamp() for at in life.full() if at.timestamp() > life.ended - 300]
    assert max(after - before for before, after in pairwise(starts)) <= 2  # no cycle waits for a large count
    for table in COUNTED:
        taken = len(counts(life, table))
        assert taken * cost(table, life) <= GRANTED * lasted + 3 * cost(table, life), (
            table
        )  # three at once after a pause
    figure(f"interval 1: a deleted deal found in {life.took:.0f} s, {len(life.full()) / lasted:.2f} cycles/s")


@pytest.mark.slow
def test_every_second_too_many_deletions_are_held_though_they_are_counted_next_to_the_cycles(predecessor):
    async def story(life):
        life.start()
        await asyncio.sleep(150)
        ids = life.demo.world.tables["activities"].ids
        for id_ in [ids.nth(place) for place in range(60, 160)]:
            life.demo.world.delete("activities", id_)
        await life.until(lambda: life.engine.state.tables["activities"].held)
        await asyncio.sleep(60)
        life.activities = life.engine.state.tables["activities"]
        await life.stop()

    life = predecessor(story, interval=1.0)
    assert (life.activities.held, life.activities.deleted) == (100, 0)
