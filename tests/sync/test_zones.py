"""Dates mean what they mean, whatever the time zones of the portal, of its user and of the season."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bitsheet_tui.portal.demo import ManualClock, Size
from bitsheet_tui.portal.demo.clock import HostClock
from tests.support import mirror
from tests.support.fault_trial import NOON
from tests.support.sync_run import NAMES, config, once, portal, unequal

pytestmark = pytest.mark.slow

SIZE = Size(
    leads=3, contacts=3, companies=2, deals=60, activities=60, tasks=60, users=5, departments=2
)  # a page and a bit of what is edited
ZONES = [
    ("Europe/Moscow", "Europe/Berlin"),
    ("America/New_York", "Europe/Berlin"),
    ("Europe/Berlin", "Asia/Kolkata"),
    ("UTC", "America/St_Johns"),
]
SEASONS = {  # moments around which Berlin sets its clocks
    "spring": datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    "autumn": datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
}


def without_doubt(url, demo):
    """The differences but for one: an hour that the clock shows twice is told of tasks without saying which."""
    found = {name: mirror.differences(url, demo.world, name, limit=100) for name in NAMES}
    found["tasks"] = [line for line in found["tasks"] if not ("T01:" in line and "2026, 10, 25, 0, " in line)]
    return {name: what for name, what in found.items() if what}


async def edited(demo, settings, clock, steps, minutes):
    """Edit, comment and create between runs; after each run everything must be there."""
    world = demo.world
    deals = [row["ID"] for row in world.truth("deals")]
    tasks = [row["ID"] for row in world.truth("tasks")]
    for step in range(steps):
        clock.advance(timedelta(minutes=minutes))
        world.edit("deals", deals[step], TITLE=f"deal {step}")
        world.edit("tasks", tasks[step], TITLE=f"task {step}", DEADLINE=NOON + timedelta(days=30 * step))
        world.comment(tasks[-1 - step], f"said {step}")
        world.create("tasks", TITLE=f"new task {step}")
        world.create("activities", SUBJECT=f"new {step}")
        await once(settings)
        assert without_doubt(settings.store_url, demo) == {}, step


@pytest.mark.sample
@pytest.mark.parametrize(("server", "user"), ZONES)
async def test_a_user_in_another_zone_misses_nothing_and_every_date_is_right(sqlite_url, server, user):
    clock = ManualClock(NOON)
    zones = {"server_zone": ZoneInfo(server), "user_zone": ZoneInfo(user)}
    async with portal(SIZE, clock=clock, **zones) as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        assert unequal(sqlite_url, demo) == {}
        await edited(demo, settings, clock, steps=4, minutes=47)


@pytest.mark.sample
@pytest.mark.parametrize("season", SEASONS)
async def test_the_night_when_the_clocks_are_set_loses_and_doubles_nothing(sqlite_url, season):
    clock = ManualClock(SEASONS[season] - timedelta(minutes=70))
    zones = {"server_zone": ZoneInfo("America/New_York"), "user_zone": ZoneInfo("Europe/Berlin")}
    async with portal(SIZE, clock=clock, **zones) as (demo, webhook):
        settings = config(webhook, sqlite_url, overlap=60)
        await once(settings)
        assert unequal(sqlite_url, demo) == {}
        await edited(demo, settings, clock, steps=7, minutes=20)


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_portal_whose_clock_is_a_day_off_loses_and_invents_nothing(sqlite_url, days):
    clock = HostClock(offset=timedelta(days=days))
    async with portal(SIZE, clock=clock) as (demo, webhook):
        settings = config(webhook, sqlite_url, static_every=1, reconcile_every=1)
        await once(settings)
        world = demo.world
        for step in range(3):
            deals, tasks = ([row["ID"] for row in world.truth(name)] for name in ("deals", "tasks"))
            world.edit("deals", deals[step], TITLE=f"deal {step}")
            world.create("deals", TITLE=f"new {step}")
            world.delete("deals", deals[-1])
            world.comment(tasks[step], f"said {step}")
            await once(settings)
            assert unequal(sqlite_url, demo) == {}, step
        assert len(mirror.rows(sqlite_url, "deals", "_deleted_at IS NOT NULL")) == 3
