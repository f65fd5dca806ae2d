"""How old a change is when the mirror has it: by the portal's clock, of changes that scans saw, in three places."""

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync
from bitsheet_tui.events import PageStored
from bitsheet_tui.freshness import GROWTH, LEAST, LastHour, measure, sketch, total
from bitsheet_tui.observe.status import look, to_json
from bitsheet_tui.portal.demo import Column, ManualClock
from bitsheet_tui.portal.demo.settings import Size
from tests.support import mirror
from tests.support.schedule_life import storyteller
from tests.support.simulated_time import COST
from tests.support.sync_run import SMALL, config, ids, once, portal, unequal

OLD = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
COMPANY = Size(leads=60, contacts=60, companies=60, deals=60, activities=60, tasks=60, users=5, departments=3)
EDITED = ("deals", "leads", "tasks")
NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)


def fresh(settings):
    """What `status --json` says of it."""
    store = wiring.open_store(settings, readonly=True)
    try:
        return to_json(look(store))["freshness"]
    finally:
        store.close()


def clock():
    """The portal's, which is three hours ahead of the host's."""
    return ManualClock(datetime.now(UTC) + timedelta(hours=3))


async def test_changes_are_as_old_as_the_portal_says_whatever_the_host_thinks(store_url):
    ahead = clock()
    async with portal(SMALL, clock=ahead) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        assert fresh(settings) == {"rows": 0, "p50": None, "p95": None}
        deals, chat = ids(demo, "deals"), ids(demo, "tasks")[-1]
        ahead.advance(500)
        for deal in deals[:17]:
            demo.world.edit("deals", deal, TITLE="changed")
        ahead.advance(100)
        demo.world.create("leads", TITLE="new")
        demo.world.comment(chat, "hello")  # its task moves with it
        ahead.advance(20)
        engine = await once(settings)
    told = fresh(settings)
    assert told["rows"] == 20
    assert told["p50"] == pytest.approx(120, abs=20)
    assert measure(engine.state.last_hour.minutes[-1][1]).p50 == told["p50"]
    runs = {
        run["table_name"]: run for run in mirror.rows(store_url, "bitsheet_table_runs", "delays IS NOT NULL")
    }
    assert set(runs) == {"deals", "leads", "tasks", "task_comments"}
    assert runs["task_comments"]["freshness_p95"] == pytest.approx(20, abs=20)
    assert runs["deals"]["freshness_p50"] == pytest.approx(120, abs=20)


async def test_what_no_scan_saw_as_a_change_says_nothing_of_freshness(sqlite_url):
    manual = clock()
    async with portal(SMALL, clock=manual) as (demo, webhook):
        settings = config(webhook, sqlite_url, static_every=1)
        await once(settings)
        manual.advance(4000)
        deal = ids(demo, "deals")[3]
        demo.world.create_backdated("contacts", OLD, NAME="from an import")
        demo.world.dismiss(ids(demo, "users")[-1])
        demo.world.delete("deals", deal)
        await once(settings)
        demo.world.add_field("leads", Column(name="UF_CRM_NEW", type="string", title="Note", custom=True))
        await once(settings)
        await once(settings, Resync(tables=("deals",)))
    assert fresh(settings)["rows"] == 0


async def test_a_change_that_is_read_twice_counts_once(sqlite_url):
    manual = clock()
    async with portal(SMALL, clock=manual) as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        manual.advance(30)
        demo.world.edit("deals", ids(demo, "deals")[0], TITLE="changed")
        for _ in range(3):  # within the overlap of each
            manual.advance(60)
            await once(settings)
    told = fresh(settings)
    assert told["rows"] == 1
    assert told["p95"] == pytest.approx(60, abs=20)  # a run takes its time, which counts


@pytest.fixture
def documented(sqlite_url, monkeypatch):
    """Stories in simulated time, in which commands take one after the other what is documented."""
    cost = replace(COST, slept=True, call=0.0)
    return partial(storyteller(sqlite_url, monkeypatch), size=COMPANY, cost=cost, interval=1.0)


async def edits(life, seconds):
    """Edit a row every 0.9 s; how long each took to be in the mirror."""
    world, pick, waiting, delays = life.demo.world, random.Random(3), {}, []

    def look(event):
        if isinstance(event, PageStored) and event.table in EDITED:
            found = mirror.rows(life.config.store_url, event.table, "title LIKE 'edit %'")
            titles = {row["title"] for row in found}
            delays.extend(life.hands.loop.seconds - waiting.pop(title) for title in titles & waiting.keys())

    life.engine._listeners = (*life.engine._listeners, look)
    ends = life.hands.loop.seconds + seconds
    for number in itertools.count():
        if life.hands.loop.seconds > ends:
            break
        table = pick.choice(EDITED)
        ids, title = world.tables[table].ids, f"edit {life.hands.loop.seconds:.3f}"
        waiting[title] = life.hands.loop.seconds
        world.edit(table, ids.nth(ids.base - 1 - number % 50), TITLE=title)
        await asyncio.sleep(pick.uniform(0.3, 1.5))
    await asyncio.sleep(5)
    assert not waiting
    return sorted(delays)


@pytest.mark.slow
def test_every_second_half_of_the_edits_are_there_within_a_second_and_most_within_two(documented, figure):
    async def story(life):
        life.start()
        await asyncio.sleep(60)
        asked = len(life.wire.asked)
        life.delays = await edits(life, 90)
        life.rate = (len(life.wire.asked) - asked) / 95
        await life.stop()

    life = documented(story)
    p50, p95 = (life.delays[int(len(life.delays) * share)] for share in (0.5, 0.95))
    assert p50 <= 1.0
    assert p95 <= 2.0
    assert life.rate <= 1.2
    figure(f"interval 1: {len(life.delays)} edits, p50 {p50:.2f} s, p95 {p95:.2f} s")


def test_every_second_rows_with_old_dates_are_there_within_six_cycles(documented):
    async def story(life):
        life.start()
        await asyncio.sleep(60)
        begun = len(life.full())
        for table in ("deals", "leads", "contacts", "companies"):
            life.demo.world.create_backdated(table, OLD)
        await asyncio.sleep(9)
        life.cycles = len(life.full()) - begun
        life.unequal = unequal(life.config.store_url, life.demo)
        await life.stop()

    life = documented(story)
    assert not life.unequal
    assert life.cycles >= 6


def test_the_last_hour_forgets_what_is_older():
    hour = LastHour()
    for minute in range(200):
        hour = hour.add(NOW + timedelta(minutes=minute), sketch([float(minute)]))
    assert len(hour.minutes) == 60
    found = hour.measure(NOW + timedelta(minutes=199))
    assert found.rows == 60
    assert found.p50 == pytest.approx(169, rel=0.06)
    assert hour.measure(NOW + timedelta(minutes=230)).rows == 29
    assert hour.measure(NOW + timedelta(hours=9)) is None


@given(st.lists(st.lists(st.floats(-5, 1e6), min_size=1), min_size=1))
def test_sketches_add_up_and_a_quantile_is_right_within_their_growth(parts):
    values = sorted(max(LEAST, one) for part in parts for one in part)
    found = measure(total(sketch(part) for part in parts))
    assert found.rows == len(values)
    for share, got in ((0.5, found.p50), (0.95, found.p95)):
        exact = values[-(-int(share * 100) * len(values) // 100) - 1]
        assert exact / GROWTH - 0.01 <= got <= exact * GROWTH + 0.01
