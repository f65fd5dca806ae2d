"""Whatever a portal does where nobody knows what portals do: the mirror is equal, or says that it is not."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitsheet_tui.portal.demo import Settings
from bitsheet_tui.portal.demo.variants import VARIANTS, Contradiction, varied
from bitsheet_tui.secret import Secret
from tests.support.portal_variants import VariedPortal
from tests.support.proof import times

NAMES = [variant.name for variant in VARIANTS]
UNEQUAL = {
    "short-pages",
    "forum-refuses",
}  # rows that the portal does not show: it is told which table lacks some


def together(names):
    try:
        return varied(Settings(), names)
    except Contradiction:
        return None


PAIRS = st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True).filter(together)


async def prove(url, *names):
    """People work, and take back what they threw away; after each cycle it is equal or told, and then equal."""
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
    assert not differing or UNEQUAL & set(names), differing
    assert not portal.odd, portal.odd
    assert not differing or {
        one.table for one in (await portal.verdicts(full=True)).values() if one.equal
    }.isdisjoint(differing)


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("name", NAMES)
async def test_a_mirror_of_a_portal_with_a_variant_is_equal_or_says_that_it_is_not(sqlite_url, name):
    await prove(sqlite_url, name)


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
