"""Answers that are too big: less is asked for, what fits is stored, and what does not is told."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.cli.quarantine import _retry
from bitsheet_tui.commands import Resync
from bitsheet_tui.portal import wire
from bitsheet_tui.portal.demo import Size
from bitsheet_tui.portal.demo.calls import METHODS, Method
from bitsheet_tui.sync.desk import SIZES
from bitsheet_tui.sync.verify import verify
from tests.support import mirror
from tests.support.sync_run import config, ids, once, portal, unequal

NOBODY = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=0, users=1, departments=1)
CAP = 2**18
LINES = "SELECT row_id, field, value, reason FROM bitsheet_quarantine ORDER BY 1, 2"
TOO_BIG = "too big to be read (more than 0.25 MB)"


@pytest.fixture(autouse=True)
def a_small_cap(monkeypatch):
    monkeypatch.setattr(wire, "CAP_BYTES", CAP)


def people(table, rows, **more):
    """A portal with rows of one table, and a mirror of it."""
    return portal(replace(NOBODY, **{table: rows}), **more)


def only(webhook, store_url, *tables):
    return config(webhook, store_url, tables=tables)


def lines(store_url):
    return mirror.select(store_url, LINES)[1]


def enlarge(demo, table, some, size, field="DESCRIPTION"):
    for id_ in some:
        demo.world.bind(table, id_, **{field: "x" * size})


async def verdict(settings, name, *, full=True):
    store = wiring.open_store(settings, readonly=True)
    client = wiring.connect(settings, lambda _: None)
    try:
        tables = [table for table in wiring.tables(settings) if table.name == name]
        return await anext(verify(client, store, tables, full=full))
    finally:
        await client.close()
        store.close()


async def test_pages_of_which_few_fit_into_an_answer_are_all_stored(sqlite_url):
    async with people("activities", 510) as (demo, webhook):
        enlarge(demo, "activities", ids(demo, "activities"), CAP // 256)
        settings = only(webhook, sqlite_url, "activities")
        await once(settings)
        assert unequal(sqlite_url, demo, ["activities"]) == {}
        assert lines(sqlite_url) == []
        assert demo.stats.requests < 30
        assert (await verdict(settings, "activities")).equal


async def test_pages_that_are_too_big_are_read_by_their_ids_and_later_at_once(sqlite_url):
    async with people("activities", 160) as (demo, webhook):
        some = ids(demo, "activities")[20:120]
        enlarge(demo, "activities", some, CAP // 45)
        settings = only(webhook, sqlite_url, "activities")
        await once(settings)
        assert unequal(sqlite_url, demo, ["activities"]) == {}
        assert lines(sqlite_url) == []
        assert (await verdict(settings, "activities")).equal
        assert (await verdict(settings, "activities", full=False)).equal
        for id_ in some:
            demo.world.edit("activities", id_, SUBJECT="edited")
        before = demo.stats.requests
        await once(settings)
        assert unequal(sqlite_url, demo, ["activities"]) == {}
        by_ids = demo.stats.requests - before
        enlarge(demo, "activities", some, 10)
        await once(settings, Resync(("activities",)))
        before = demo.stats.requests
        await once(settings)
        assert demo.stats.requests - before < by_ids / 4


async def test_a_row_that_is_too_big_is_stored_without_its_longest_field_until_it_is_small_again(store_url):
    async with people("activities", 160) as (demo, webhook):
        big = ids(demo, "activities")[77]
        kept = next(row for row in demo.world.truth("activities") if row["ID"] == big)
        enlarge(demo, "activities", [big], CAP + 1)
        settings = only(webhook, store_url, "activities")
        engine = await once(settings)
        assert engine.failed == ()
        held = mirror.held(store_url, "activities")
        assert len(held) == 160
        assert (held[big,]["description"], held[big,]["subject"]) == (None, kept["SUBJECT"])
        assert lines(store_url) == [(str(big), "DESCRIPTION", None, TOO_BIG)]
        found = await verdict(settings, "activities")
        assert found.equal, found.line()
        demo.world.edit("activities", big, SUBJECT="edited")
        await once(settings)
        assert mirror.held(store_url, "activities")[big,]["subject"] == "edited"
        assert lines(store_url) == [(str(big), "DESCRIPTION", None, TOO_BIG)]
        demo.world.edit("activities", big, DESCRIPTION="short")
        await once(settings)
        assert lines(store_url) == []
        assert unequal(store_url, demo, ["activities"]) == {}


@pytest.mark.slow
async def test_two_fields_that_are_too_big_together_lose_the_longer_one(sqlite_url):
    async with people("deals", 30) as (demo, webhook):
        big = ids(demo, "deals")[7]
        enlarge(demo, "deals", [big], CAP * 6 // 10, "COMMENTS")
        enlarge(demo, "deals", [big], CAP * 7 // 10, "ADDITIONAL_INFO")
        await once(only(webhook, sqlite_url, "deals"))
        held = mirror.held(sqlite_url, "deals")[big,]
        assert (len(held["comments"]), held["additional_info"]) == (CAP * 6 // 10, None)
        assert [(row, name) for row, name, *_ in lines(sqlite_url)] == [(str(big), "ADDITIONAL_INFO")]


async def test_retry_asks_again_for_what_was_too_big_and_nothing_else_does(store_url):
    async with people("activities", 60) as (demo, webhook):
        big = ids(demo, "activities")[7]
        enlarge(demo, "activities", [big], CAP + 1)
        settings = only(webhook, store_url, "activities")
        await once(settings)
        enlarge(demo, "activities", [big], 100)
        await once(settings)
        assert len(lines(store_url)) == 1
        _retry(settings, ())
        assert len(lines(store_url)) == 1
        await once(settings)
        assert lines(store_url) == []
        assert unequal(store_url, demo, ["activities"]) == {}
        before = demo.stats.requests
        await once(settings)
        assert demo.stats.requests - before == 2  # the start-up test and the cycle


async def test_a_start_asks_at_once_for_as_much_as_fits(sqlite_url):
    async with people("activities", 160) as (demo, webhook):
        big = ids(demo, "activities")[-7]
        enlarge(demo, "activities", [big], CAP + 1)
        settings = only(webhook, sqlite_url, "activities")
        await once(settings)
        costs = []
        for forgets in (True, False):
            if forgets:
                with closing(wiring.open_store(settings)) as store:
                    assert store.remembered(SIZES)
                    store.remember(SIZES, "")
            demo.world.edit("activities", big, SUBJECT=f"edited {forgets}")
            before = demo.stats.requests
            await once(settings)
            costs.append(demo.stats.requests - before)
        assert costs[1] < costs[0]


@pytest.mark.slow
async def test_rows_that_were_missed_and_are_too_big_are_fetched_by_their_ids(sqlite_url):
    async with people("activities", 500) as (demo, webhook):
        some = ids(demo, "activities")[100:130]
        demo.world.hide("activities", *some)
        settings = only(webhook, sqlite_url, "activities")
        await once(settings)
        enlarge(demo, "activities", some, CAP // 10)
        demo.world.show("activities", *some)
        await once(replace(settings, sync=replace(settings.sync, reconcile_every=1)))
        assert unequal(sqlite_url, demo, ["activities"]) == {}


@pytest.mark.slow
async def test_where_fields_cannot_be_chosen_a_row_that_is_too_big_waits_whole(sqlite_url, monkeypatch):
    known = METHODS["crm.activity.list"]

    def everything(office, call):
        call.params.pop("select", None)
        return known.handler(office, call)

    monkeypatch.setitem(METHODS, "crm.activity.list", Method(known.name, known.scope, everything))
    async with people("activities", 160) as (demo, webhook):
        big = ids(demo, "activities")[77]
        enlarge(demo, "activities", [big], CAP + 1)
        settings = only(webhook, sqlite_url, "activities")
        await once(settings)
        assert sorted(row["id"] for row in mirror.rows(sqlite_url, "activities")) == [
            id_ for id_ in ids(demo, "activities") if id_ != big
        ]
        assert lines(sqlite_url) == [(str(big), "", None, TOO_BIG)]


async def test_the_small_rows_around_one_that_is_too_big_are_no_more_than_a_page(sqlite_url, monkeypatch):
    """Ranges of ids on both sides of it are put together, and each may have fifty rows."""
    monkeypatch.setattr(wire, "CAP_BYTES", 16 * CAP)
    async with people("users", 130) as (demo, webhook):
        big = ids(demo, "users")[57]
        enlarge(demo, "users", [big], 16 * CAP + 1, "PERSONAL_NOTES")
        settings = config(webhook, sqlite_url, tables=("users",), static_every=1)
        assert (await once(settings)).failed == ()
        assert sorted(row["id"] for row in mirror.rows(sqlite_url, "users")) == [
            id_ for id_ in ids(demo, "users") if id_ != big
        ]
        assert [line[:2] for line in lines(sqlite_url)] == [(str(big), "")]
        assert "1 row in quarantine" in (await verdict(settings, "users")).line()
        demo.world.bind("users", big, PERSONAL_NOTES="short")
        assert (await once(settings)).failed == ()
        assert (await once(settings)).failed == ()
        assert unequal(sqlite_url, demo, ["users"]) == {}


@pytest.mark.slow
async def test_a_discussion_that_is_too_big_for_one_answer_is_read_in_parts(sqlite_url):
    async with people("tasks", 30) as (demo, webhook):
        tasks = [row["ID"] for row in demo.world.truth("tasks")][:4]
        for task in tasks:
            for number in range(30):
                demo.world.comment(task, f"{number} " + "x" * (CAP // 20))
        settings = only(webhook, sqlite_url, "tasks", "task_comments")
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(sqlite_url, demo, ["tasks", "task_comments"]) == {}


@pytest.mark.slow
@pytest.mark.sample
async def test_the_audit_finds_what_has_become_too_big_without_a_date(store_url):
    """Its pages come in parts; each cycle goes on below the last row of the part before."""
    async with people("activities", 160) as (demo, webhook):
        settings = only(webhook, store_url, "activities")
        big = ids(demo, "activities")[70]
        enlarge(demo, "activities", [big], 10)
        await once(settings)
        enlarge(demo, "activities", ids(demo, "activities")[20:50], CAP // 10)
        enlarge(demo, "activities", [big], CAP + 1)
        audited = replace(settings, sync=replace(settings.sync, audit_days=1e-9))
        for _ in range(30):
            assert (await once(audited)).failed == ()
            differing = unequal(store_url, demo, ["activities"])["activities"]
            if len(differing) == 1:
                break
        assert [one.partition(":")[0] for one in differing] == [f"({big},).description"]
        assert lines(store_url) == [(str(big), "DESCRIPTION", None, TOO_BIG)]
        assert (await verdict(settings, "activities")).equal
        for _ in range(3):  # what it has read it does not take for new
            await once(audited)
        _, told = mirror.select(store_url, "SELECT count(*) FROM bitsheet_changes WHERE op = 'update'")
        assert told == [(31,)]
