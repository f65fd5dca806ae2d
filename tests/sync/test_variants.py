"""Whatever a portal does where nobody knows what portals do: the mirror is equal, or says that it is not."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitsheet_tui.portal.demo import Settings
from bitsheet_tui.portal.demo.variants import VARIANTS, Contradiction, varied
from bitsheet_tui.secret import Secret
from tests.support.odd_pages import OddPages
from tests.support.portal_variants import VariedPortal
from tests.support.proof import times

NAMES = [variant.name for variant in VARIANTS]
UNSHOWN, REFUSED = "short-pages", "forum-refuses"  # with these there are rows that the portal does not give


def together(names):
    try:
        return varied(Settings(), names)
    except Contradiction:
        return None


PAIRS = st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True).filter(together)


async def prove(url, *names):
    """People work, and take back what they threw away: no living row is marked, and in the end all is equal.

    Where the portal does not give all rows, the tables that lack some are told of.
    """
    portal = VariedPortal(url, *names)
    assert await portal.look() == set(), portal.odd
    portal.people_work()
    await portal.look()  # what moves no date is found when it is its turn
    portal.people_take_it_back()
    for _ in range(6):
        await portal.look()
        portal.clock.advance(3600)
        if not portal.differing():
            break
    differing = portal.differing()
    assert not portal.odd, portal.odd
    assert not differing or {UNSHOWN, REFUSED} & set(names), differing
    equal = {name for name, one in (await portal.verdicts(full=True)).items() if one.equal}
    assert equal.isdisjoint(differing) or REFUSED in names


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("name", NAMES)
async def test_a_mirror_of_a_portal_with_a_variant_is_equal_or_says_that_it_is_not(sqlite_url, name):
    await prove(sqlite_url, name)


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("name", NAMES)
async def test_on_postgresql_a_mirror_of_a_portal_with_a_variant_is_equal_or_says_that_it_is_not(
    postgres_url, name
):
    await prove(postgres_url, name)


@pytest.mark.slow
async def test_a_mirror_has_every_row_where_references_are_left_alone_and_pages_are_short(sqlite_url):
    await prove(sqlite_url, "references-whole", UNSHOWN)


@settings(
    max_examples=times("BITSHEET_PAIRS", 2, 50),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(PAIRS)
def test_a_mirror_of_a_portal_with_two_variants_is_equal_or_says_that_it_is_not(names):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(prove(Secret(f"sqlite:///{Path(folder)}/mirror.db"), *names))


SEASONS = {"summer": datetime(2026, 7, 15, 12, tzinfo=UTC), "winter": datetime(2026, 1, 15, 12, tzinfo=UTC)}
CLOCKS = {  # of the server and of the webhook's owner
    "as late in summer": ("Africa/Johannesburg", "Europe/Berlin"),
    "as late in winter": ("UTC", "Europe/London"),
    "in one place": ("Europe/Berlin", "Europe/Berlin"),
    "elsewhere": ("Europe/Moscow", "America/New_York"),
}
PRINTED = [(), ("tasks-server-zone",), ("tasks-own-offset",), ("tasks-server-zone", "tasks-own-offset")]


@pytest.mark.slow
@pytest.mark.parametrize("clocks", CLOCKS)
@pytest.mark.parametrize("season", SEASONS)
async def test_dates_of_tasks_are_right_whatever_offset_is_printed_and_stay_so_when_clocks_are_set(
    tmp_path, season, clocks
):
    server, owner = map(ZoneInfo, CLOCKS[clocks])
    for place, names in enumerate(PRINTED):
        base = Settings(server_zone=server, user_zone=owner)
        url = Secret(f"sqlite:///{tmp_path}/mirror{place}.db")
        portal = OddPages(url, "tasks", settings=varied(base, names), at=SEASONS[season], tasks=150)
        for _ in range(2):
            await portal.cycle(audit_days=1e-6)
            assert portal.differing() == {}, names
            verdicts = await portal.verdicts(full=True)
            assert verdicts["tasks"].equal, names
            portal.clock.advance(184 * 86_400)
            portal.demo.world.edit("tasks", portal.ids("tasks")[5], TITLE="edited")
