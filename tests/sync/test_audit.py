"""What changed without a date is found within a period, for not one request more."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui.sync import audit, rounds
from bitsheet_tui.sync.audit import MOST, Pace
from tests.support import mirror
from tests.support.sync_run import SMALL, config, ids, marked, once, portal, unequal

pytestmark = pytest.mark.slow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def later(monkeypatch):
    """Lets the audits believe that time has passed."""

    @contextmanager
    def passed(days):
        with monkeypatch.context() as patch:
            patch.setattr(audit, "now", lambda: datetime.now(UTC) + timedelta(days=days))
            yield

    return passed


def silently(demo):
    """Changes that move no date, in a new row, an old one, and in comments."""
    world = demo.world
    deals, tasks = ids(demo, "deals"), ids(demo, "tasks")
    world.bind("deals", deals[1], TITLE="changed behind the portal's back")
    world.bind("deals", deals[-1], COMPANY_ID=1)
    world.bind("tasks", tasks[2], TITLE="so is this")
    task = next(row["TASK_ID"] for row in world.truth("task_comments") if not row["IS_SYSTEM"])
    said = next(one for one in world.discussions.all(task) if not one.system)
    world.edit_comment(said, "never said so")


@pytest.mark.sample
async def test_every_row_and_every_discussion_is_compared_once_in_a_period(store_url, later):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, audit_days=7)
        await once(settings)
        await once(settings)  # from here on it owes
        silently(demo)
        await once(settings)
        assert set(unequal(store_url, demo)) == {"deals", "tasks", "task_comments"}
        for day in range(1, 15):
            with later(day):
                engine = await once(settings)
                assert engine.failed == ()
        assert unequal(store_url, demo) == {}


async def test_the_period_is_kept_where_requests_are_always_full(sqlite_url, later, monkeypatch):
    async with portal(replace(SMALL, deals=60)) as (demo, webhook):
        settings = config(webhook, sqlite_url, audit_days=7, tables=("deals",))
        await once(settings)
        await once(settings)  # from here on it owes
        deals = ids(demo, "deals")
        demo.world.bind("deals", deals[0], TITLE="changed behind the portal's back")
        demo.world.bind("deals", deals[-1], TITLE="so is this")
        monkeypatch.setattr(rounds, "ROOM", 2)  # the two commands of the scan
        for day in (4, 7):
            with later(day):
                engine = await once(settings)
                assert engine.failed == ()
        assert unequal(sqlite_url, demo, ("deals",)) == {}


async def test_it_makes_no_request_of_its_own(sqlite_url, later):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        await once(settings)
        demo.stats.reset()
        await once(settings)
        quiet, chats = demo.stats.requests, demo.stats.commands["im.dialog.messages.get"]
        demo.stats.reset()
        with later(2):
            await once(settings)
        assert demo.stats.requests == quiet
        assert demo.stats.commands["im.dialog.messages.get"] > chats + 10
        assert demo.stats.rows > 150


async def test_a_row_that_is_missing_is_left_to_a_comparison_and_its_guard(sqlite_url, later):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        await once(settings)
        one, many = ids(demo, "deals")[-3], ids(demo, "leads")[20:]
        demo.world.delete("deals", one)
        demo.world.hide("leads", *many)
        for day in (3, 6):
            with later(day):
                engine = await once(settings)
        assert marked(sqlite_url, "deals") == [one]
        assert marked(sqlite_url, "leads") == []
        assert engine.state.tables["leads"].held == len(many)


async def test_it_goes_on_where_it_was_after_a_restart(sqlite_url, later):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("deals",))
        await once(settings)
        await once(settings)
        positions = []
        for day in (2, 4, 6, 8):
            with later(day):
                await once(settings)
            _, found = mirror.select(sqlite_url, "SELECT audit_below FROM bitsheet_reconciles")
            positions += [row[0] for row in found]
        top = ids(demo, "deals")[-1]
        assert top > positions[0] > positions[1] > positions[2] > 0
        assert positions[3] is None  # all of it was read


@pytest.mark.sample
def test_the_pace_makes_every_step_once_in_the_period_whatever_the_rhythm():
    pace, at, made = Pace(1000, 7 * 86400), NOON, 0
    since = NOON
    while at < NOON + timedelta(days=7):
        at += timedelta(seconds=300)
        steps = pace.owed(since, at)
        since, made = pace.paid(since, steps, at), made + steps
    assert 998 <= made <= 1000


@pytest.mark.sample
def test_what_was_owed_over_a_long_stop_is_forgiven():
    pace = Pace(1000, 7 * 86400)
    at = NOON + timedelta(days=30)
    assert pace.owed(NOON, at) == MOST
    assert pace.owed(pace.paid(NOON, MOST, at), at) == MOST
    assert pace.paid(NOON, MOST, at) >= at - timedelta(days=7 * MOST / 1000, seconds=1)
    assert Pace(0, 1.0).owed(NOON, at) == 0
