"""Answers that are too big: less is asked for, what fits is stored, and what does not is told."""

import pytest

from bitsheet_tui.portal import wire
from tests.support import mirror
from tests.support.sync_run import config, ids, once, portal, unequal
from bitsheet_tui.portal.demo import Size

NOBODY = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=0, users=1, departments=1)
CAP = 2**18
LINES = "SELECT row_id, field, value, reason FROM bitsheet_quarantine ORDER BY 1, 2"


@pytest.fixture(autouse=True)
def small_cap(monkeypatch, request):
    monkeypatch.setattr(wire, "CAP_BYTES", CAP)


def activities(rows, **more):
    from msgspec.structs import replace
    return portal(replace(NOBODY, activities=rows), **more)


def lines(store_url):
    return mirror.select(store_url, LINES)[1]


async def test_pages_of_which_few_fit_into_an_answer_are_all_stored(store_url):
    async with activities(510) as (demo, webhook):
        for id_ in ids(demo, "activities"):
            demo.world.bind("activities", id_, DESCRIPTION="x" * (CAP // 256))
        await once(config(webhook, store_url, tables=("activities",)))
        assert unequal(store_url, demo, ["activities"]) == {}
        assert lines(store_url) == []
        print(demo.stats.requests, demo.stats.bytes_out)


async def test_pages_that_are_too_big_are_read_by_their_ids(store_url):
    async with activities(160) as (demo, webhook):
        for id_ in ids(demo, "activities")[20:120]:
            demo.world.bind("activities", id_, DESCRIPTION="x" * (CAP // 45))
        await once(config(webhook, store_url, tables=("activities",)))
        assert unequal(store_url, demo, ["activities"]) == {}
        assert lines(store_url) == []
        print(demo.stats.requests, demo.stats.bytes_out)


async def test_a_row_that_is_too_big_is_stored_without_its_longest_field_and_told(store_url):
    async with activities(160) as (demo, webhook):
        big = ids(demo, "activities")[77]
        demo.world.bind("activities", big, DESCRIPTION="x" * (CAP + 1))
        await once(config(webhook, store_url, tables=("activities",)))
        print(demo.stats.requests, demo.stats.bytes_out)
        assert len(mirror.rows(store_url, "activities")) == 160
        assert lines(store_url) == [(str(big), "DESCRIPTION", None, "too big to be read (more than 0 MB)")]
