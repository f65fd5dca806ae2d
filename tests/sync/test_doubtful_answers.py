"""What an answer alone does not prove is asked again, leaves everything as it was, or is told."""

from contextlib import closing
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.alert import Kind as Alerts
from bitsheet_tui.commands import Resync
from bitsheet_tui.errors import ConfigError
from bitsheet_tui.events import ClockSetBack, TableFailed
from bitsheet_tui.portal.demo import Fault, Kind
from bitsheet_tui.portal.demo import dictionaries as names
from bitsheet_tui.portal.demo.calls import Failure, Reply
from bitsheet_tui.store.books import PORTAL
from tests.support import mirror
from tests.support.fault_trial import NOON
from tests.support.odd_pages import OddPages

STATUSES, PIPELINES = "crm.status.list", "crm.category.list"


@pytest.fixture
def deals(sqlite_url, monkeypatch):
    return OddPages(sqlite_url, "deals", monkeypatch=monkeypatch, deals=60)


def entries(portal, name="statuses"):
    return sorted(row["id"] for row in mirror.rows(portal.config.store_url, name))


# --- dictionaries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "table", "kept"),
    [
        (STATUSES, "statuses", 0),
        (STATUSES, "statuses", 9),
        (PIPELINES, "categories", 0),
        (PIPELINES, "categories", 1),
    ],
)
async def test_a_dictionary_that_comes_short_loses_nothing_and_it_is_told(deals, method, table, kept):
    await deals.cycle()
    before = entries(deals, table)
    empty = Reply([] if method == STATUSES else {"categories": []}, total=0, listing=True)
    deals.pages(method, lambda items, call: items[:kept] if kept else empty)
    assert await deals.cycle() == ("dictionaries",)
    assert entries(deals, table) == before
    assert [event.table for event in deals.of(TableFailed)] == ["dictionaries"]
    assert deals.alerts() == {Alerts.TABLE_FAILING: "dictionaries"}
    deals.as_it_should_be(method)
    assert await deals.cycle() == ()
    assert deals.alerts() == {}


async def test_a_status_that_is_gone_is_marked_when_its_id_is_not_found_either(deals, monkeypatch):
    await deals.cycle()
    all_of_them = names.statuses()
    monkeypatch.setattr(names, "statuses", lambda: [row for row in all_of_them if row["ID"] != "104"])
    assert await deals.cycle() == ()
    assert 104 not in entries(deals)
    assert len(entries(deals)) == len(all_of_them) - 1


async def test_a_status_that_a_whole_list_lacks_and_that_its_id_finds_stays(deals):
    await deals.cycle()
    before = entries(deals)

    def without(items, call):
        if call.get("filter", default={}):
            return None
        return Reply([row for row in items if row["ID"] != "104"], total=len(items) - 1, listing=True)

    deals.pages(STATUSES, without)
    assert await deals.cycle() == ()
    assert entries(deals) == before


async def test_a_status_that_cannot_be_stored_is_not_gone(deals, monkeypatch):
    await deals.cycle()
    before = entries(deals)
    odd = [{**row, "SYSTEM": {"no": "flag"}} if row["ID"] == "104" else row for row in names.statuses()]
    monkeypatch.setattr(names, "statuses", lambda: odd)
    await deals.cycle()
    assert entries(deals) == before


async def test_a_refused_dictionary_is_an_alert_and_no_success(deals):
    await deals.cycle()

    def denied(items, call):
        raise Failure(400, "", "Access denied.")

    deals.pages(STATUSES, denied)
    assert await deals.cycle() == ("dictionaries",)
    assert deals.alerts() == {Alerts.TABLE_REFUSED: "dictionaries"}
    deals.as_it_should_be(STATUSES)
    assert await deals.cycle() == ()
    assert deals.alerts() == {}


async def test_a_webhook_without_the_crm_that_mirrors_nothing_of_it_misses_no_dictionary(
    sqlite_url, monkeypatch
):
    portal = OddPages(sqlite_url, "tasks", "departments", monkeypatch=monkeypatch, tasks=3)
    portal.demo.lose_scope("crm")
    for _ in range(2):
        assert await portal.cycle() == ()
    assert portal.alerts() == {}


async def test_a_table_whose_rows_cannot_be_counted_is_no_success(deals):
    await deals.cycle()
    await deals.cycle()

    def uncountable(items, call):
        if call.start == 0 and "<=ID" in (call.get("filter") or {}):
            raise Failure(400, "ERROR_CORE", "no")

    deals.pages("crm.deal.list", uncountable)
    assert await deals.cycle(reconcile_every=1) == ("deals",)
    assert deals.differing() == {}


# --- a front end's page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_one_page_of_a_front_end_in_mid_run_is_not_believed(deals, status):
    await deals.cycle()
    deals.demo.world.edit("deals", deals.ids("deals")[3], TITLE="edited")
    deals.demo.faults.add(Fault(kind=Kind.HTML, status=status, method="batch", after=1))
    deals.told.clear()
    assert await deals.cycle() == ()
    assert deals.differing() == {}
    assert "webhook" not in repr(deals.told)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_front_end_that_goes_on_saying_so_is_believed(deals, status):
    await deals.cycle()
    deals.demo.faults.add(Fault(kind=Kind.HTML, status=status, times=100))
    before = deals.demo.stats.requests
    assert await deals.cycle() == ("Refused",)
    assert deals.demo.stats.requests - before == 3


# --- clocks -------------------------------------------------------------------------------------------------


async def test_edits_are_not_lost_when_the_portals_clock_was_ahead_once(deals):
    deals.clock.advance(3600)
    await deals.cycle()
    deals.clock.advance(300)
    right, wrong = deals.demo.office.now, lambda: deals.demo.world.clock.now() + 7200
    offices = type(deals.demo.office)
    deals.patch.setattr(offices, "now", lambda office: wrong())
    await deals.cycle()
    deals.patch.undo()
    assert right() < wrong()
    deals.clock.advance(200)
    for id_ in deals.ids("deals")[:5]:
        deals.demo.world.edit("deals", id_, TITLE="edited")
    deals.clock.advance(400)
    assert await deals.cycle() == ()
    assert deals.differing() == {}
    assert len(deals.of(ClockSetBack)) == 1
    deals.clock.advance(400)
    await deals.cycle()
    assert len(deals.of(ClockSetBack)) == 1


async def test_edits_are_not_lost_when_the_portals_clock_was_ahead_at_the_first_reading(deals):
    offices = type(deals.demo.office)
    deals.patch.setattr(offices, "now", lambda office: office.world.clock.now() + 3600)
    await deals.cycle()
    deals.patch.undo()
    deals.clock.advance(200)
    for id_ in deals.ids("deals")[:5]:
        deals.demo.world.edit("deals", id_, TITLE="edited")
    deals.clock.advance(400)
    await deals.cycle()
    assert deals.differing() == {}


async def test_a_day_to_read_again_from_begins_at_the_portals_midnight(deals):
    """On a portal in Moscow the 15th begins at 21:00 UTC of the 14th."""
    await deals.cycle()
    world, id_ = deals.demo.world, deals.ids("deals")[3]
    midnight = datetime(2026, 7, 15, 0, 30, tzinfo=ZoneInfo("Europe/Moscow"))
    world.tables["deals"].put(id_, {"DATE_MODIFY": int(midnight.timestamp()), "TITLE": "edited at night"})
    assert deals.differing() != {}
    deals.clock.advance(86400)
    await deals.cycle(Resync(("deals",), date(2026, 7, 15)))
    assert deals.differing() == {}


async def test_a_new_zone_of_the_webhooks_owner_is_followed_without_a_restart(sqlite_url, monkeypatch):
    from bitsheet_tui.commands import SyncNow
    from tests.support.live_engine import live_engine, until

    portal = OddPages(sqlite_url, "tasks", monkeypatch=monkeypatch, tasks=40)
    async with live_engine(portal.config, monkeypatch, connect=portal._connect) as (engine, _, running):
        await until(lambda: engine.state.cycles, running)
        await until(lambda: engine._fills.quiet, running)
        portal.demo.office.settings = replace(portal.demo.settings, user_zone=ZoneInfo("America/New_York"))
        portal.clock.advance(600)
        for id_ in portal.ids("tasks")[:3]:
            portal.demo.world.edit("tasks", id_, TITLE="edited", DEADLINE=int(NOON.timestamp()) + 86400 * 170)
        for count in (2, 3, 4):
            portal.clock.advance(60)
            engine.submit(SyncNow(()))
            await until(lambda count=count: len(engine.state.cycles) >= count, running)
    assert portal.differing() == {}


# --- whose rows these are -----------------------------------------------------------------------------------


def test_a_demo_does_not_take_over_the_mirror_of_a_real_portal(sqlite_url):
    settings = OddPages(sqlite_url, "deals").config
    settings = replace(settings, webhook=type(settings.webhook)("http://127.0.0.1:9/rest/1/n0t4s3cr3tn0t4s/"))
    with closing(wiring.open_store(settings)) as store:
        for known in ("127.0.0.1:40001", "localhost:1", ""):
            store.remember(PORTAL, known)
            wiring.need_same_portal(settings, store)
        store.remember(PORTAL, "acme.bitrix24.com")
        with pytest.raises(ConfigError, match="has the rows of acme"):
            wiring.need_same_portal(settings, store)


async def test_ids_above_two_thousand_million_are_ids_like_others(deals):
    await deals.cycle()
    deals.patch.setattr("bitsheet_tui.portal.selftest.NO_ID", deals.ids("deals")[-5])
    deals.clock.advance(3600)
    assert await deals.cycle() == ()
