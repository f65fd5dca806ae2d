"""Odd values, wrong descriptions, every type of field: the rows are all there, and what is missing is told."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.observe.status import look, to_json
from bitsheet_tui.portal.demo import Column, ManualClock, Settings, Spelt
from bitsheet_tui.sync.verify import verify
from tests.support import mirror
from tests.support.sync_run import SMALL, config, once, portal, unequal

FIELD = "UF_CRM_1799999999"
LINES = "SELECT table_name, row_id, field, value FROM bitsheet_quarantine"


def lines(store_url, table=""):
    _, found = mirror.select(store_url, LINES)
    return sorted(line[1:] for line in found if not table or line[0] == table)


def told(settings):
    store = wiring.open_store(settings, readonly=True)
    try:
        return to_json(look(store))["tables"]
    finally:
        store.close()


async def verdicts(settings, *names):
    store = wiring.open_store(settings, readonly=True)
    client = wiring.connect(settings, lambda _: None)
    try:
        tables = [table for table in wiring.tables(settings) if table.name in names]
        return [verdict async for verdict in verify(client, store, tables, full=True)]
    finally:
        await client.close()
        store.close()


async def test_of_a_portal_with_odd_values_every_row_is_there_and_every_odd_value_is_told(store_url):
    async with portal(odd=True) as (demo, webhook):
        settings = config(webhook, store_url)
        engine = await once(settings)
        assert (engine.failed, engine.partial) == ((), ())
        assert unequal(store_url, demo) == {}
        odd = sorted(
            (str(id_), name)
            for table in demo.world.tables.values()
            for id_, touched in table.touched.items()
            for name, value in touched.items()
            if isinstance(value, Spelt)
        )
        assert len(odd) > 10
        assert sorted(line[:2] for line in lines(store_url)) == odd
        status = told(settings)
        assert sum(table["quarantined_values"] for table in status.values()) == len(odd)
        assert {table["quarantined"] for table in status.values()} == {0}
        assert {table["state"] for table in status.values()} == {"ok"}
        found = await verdicts(settings, "deals", "leads")
        assert [verdict.equal for verdict in found] == [True, True]
        assert all("in quarantine" in verdict.line() for verdict in found if verdict.waiting.values)


async def test_fields_whose_description_is_wrong_are_texts_and_nothing_waits(store_url):
    async with portal(mistyped=True) as (demo, webhook):
        settings = config(webhook, store_url)
        engine = await once(settings)
        assert unequal(store_url, demo) == {}
        assert lines(store_url, "deals") == []
        widened = set(engine.state.tables["deals"].drift.widened)
        assert widened <= {"uf_crm_1700000001", "uf_crm_1700000009"}
        assert widened
        engine = await once(settings)  # the portal still describes numbers
        assert engine.state.tables["deals"].drift is None
        assert engine.state.cycles[-1].rows == 0
        assert unequal(store_url, demo) == {}


@pytest.mark.parametrize(("share", "text"), [(25 / 340, False), (260 / 340, True)], ids=["some", "most"])
async def test_words_in_an_amount_take_it_away_from_no_report_unless_most_are_words(store_url, share, text):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        deals = [row["ID"] for row in demo.world.truth("deals")]
        some = deals[-max(13, round(len(deals) * share)) :]
        for ident in some:
            demo.world.edit("deals", ident, TITLE=f"edited {ident}", OPPORTUNITY=Spelt("to be agreed"))
        await once(settings)
        held = mirror.held(store_url, "deals")
        assert len(held) == len(deals)
        assert all(held[ident,]["title"] == f"edited {ident}" for ident in some)
        kept = {held[ident,]["opportunity"] for ident in some}
        assert kept == ({"to be agreed"} if text else {None})
        assert len(lines(store_url, "deals")) == (0 if text else len(some))
        if not text:
            assert unequal(store_url, demo) == {}
            (verdict,) = await verdicts(settings, "deals")
            assert verdict.equal
            assert f"{len(some)} values in quarantine" in verdict.line()


async def test_whoever_edits_the_newest_rows_does_not_own_the_first_page(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        demo.world.add_field("deals", Column(name=FIELD, type="char", title="Grade", custom=True))
        deals = [row["ID"] for row in demo.world.truth("deals")]
        for ident in deals:
            demo.world.edit("deals", ident, **{FIELD: True})
        newest = sorted(deals)[-60:]
        for ident in newest:
            demo.world.edit("deals", ident, **{FIELD: Spelt("D")})
        await once(settings)
        held = mirror.held(store_url, "deals")
        assert {held[ident,][FIELD.lower()] for ident in newest} == {None}
        assert {bool(held[ident,][FIELD.lower()]) for ident in sorted(deals)[:-60]} == {True}
        assert lines(store_url) == sorted((str(ident), FIELD, "D") for ident in newest)


async def test_a_custom_field_of_every_documented_type_is_mirrored_as_it_is(store_url):
    async with portal(size=replace(SMALL, companies=60)) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        columns = demo.world.tables["companies"].columns.values()
        assert len({(one.type, one.multiple) for one in columns if one.custom}) >= 36
        assert unequal(store_url, demo, ("companies",)) == {}
        assert lines(store_url) == []


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Europe/Moscow", "Pacific/Auckland"])
async def test_a_day_is_the_printed_day_in_whichever_way_the_portal_prints_it(store_url, zone):
    async with portal(settings=Settings(server_zone=ZoneInfo(zone))) as (demo, webhook):
        settings = config(webhook, store_url)
        contact = next(iter(demo.world.truth("contacts")))["ID"]
        for day in ("1900-01-01", "1955-04-10", "1999-12-31"):
            demo.world.edit("contacts", contact, BIRTHDATE=day)
            demo.world.edit("users", 1, PERSONAL_BIRTHDAY=day, UF_EMPLOYMENT_DATE=day)
            await once(settings, wiring_wish(("contacts", "users")))
            assert unequal(store_url, demo, ("contacts", "users")) == {}
            assert str(mirror.held(store_url, "users")[1,]["personal_birthday"]) == day
        assert lines(store_url) == []


def wiring_wish(names):
    from bitsheet_tui.commands import SyncNow

    return SyncNow(names)


async def test_days_in_a_format_of_their_own_are_never_guessed(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        demo.world.tables["users"].put(1, {"PERSONAL_BIRTHDAY": Spelt("04/10/1955")})
        demo.world.tables["users"].put(1, {"UF_EMPLOYMENT_DATE": Spelt("10.04.1955")})
        await once(settings)
        assert lines(store_url) == [
            ("1", "PERSONAL_BIRTHDAY", "04/10/1955"), ("1", "UF_EMPLOYMENT_DATE", "10.04.1955"),
        ]  # fmt: skip
        assert mirror.held(store_url, "users")[1,]["personal_birthday"] is None


async def test_a_moment_without_an_offset_has_the_servers_offset(store_url):
    async with portal(settings=Settings(server_zone=ZoneInfo("Europe/Moscow"))) as (demo, webhook):
        settings = config(webhook, store_url)
        demo.world.tables["users"].put(1, {"LAST_ACTIVITY_DATE": Spelt("2024-07-23 08:08:50")})
        await once(settings)
        _, ((at,),) = mirror.select(
            store_url, "SELECT CAST(last_activity_date AS TEXT) FROM users WHERE id = 1"
        )
        assert at.replace("T", " ").startswith("2024-07-23 05:08:50")
        assert lines(store_url) == []


async def test_dates_that_became_texts_stay_as_the_portal_spells_them(store_url):
    """In July a portal prints January's dates of tasks with July's offset; only a date is put right."""
    clock = ManualClock(datetime(2026, 7, 1, 10, tzinfo=UTC))
    berlin = Settings(user_zone=ZoneInfo("Europe/Berlin"))
    async with portal(settings=berlin, clock=clock) as (demo, webhook):
        settings, world = config(webhook, store_url), demo.world
        winter = int(datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp())
        tasks = sorted(row["ID"] for row in world.truth("tasks"))
        for ident in tasks:
            world.edit("tasks", ident, DEADLINE=Spelt("some day") if ident < tasks[-30] else winter)
        await once(settings)
        clock.advance(timedelta(hours=1))
        world.edit("tasks", tasks[-1], TITLE="read again by another process")
        await once(settings)
        told = {row["deadline"] for row in mirror.rows(store_url, "tasks")}
        assert told == {"some day", "2026-01-15T13:00:00+02:00"}
        (verdict,) = await verdicts(settings, "tasks")
        assert verdict.equal


async def test_a_text_field_that_becomes_a_list_of_choices_is_read_again(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        world = demo.world
        world.add_field("deals", Column(name=FIELD, type="string", title="Grade", custom=True))
        deals = [row["ID"] for row in world.truth("deals")]
        for ident in deals:
            world.edit("deals", ident, **{FIELD: "gold"})
        await once(settings)
        options = ((71, "gold"), (72, "silver"))
        world.change_field(
            "deals", Column(name=FIELD, type="enumeration", title="Grade", custom=True, options=options)
        )
        for ident in deals:
            world.bind("deals", ident, **{FIELD: 71})
        engine = await once(settings)
        assert engine.state.tables["deals"].drift.retyped == (FIELD.lower(),)
        assert {row[FIELD.lower()] for row in mirror.rows(store_url, "deals")} == {"71"}
        engine = await once(settings)
        assert engine.state.tables["deals"].drift is None


async def test_one_true_in_a_field_of_numbers_holds_up_no_table(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        leads = [row["ID"] for row in demo.world.truth("leads")][:6]
        demo.world.edit("leads", leads[0], UF_CRM_1700000002=Spelt(True), TITLE="true")
        for ident in leads[1:]:
            demo.world.edit("leads", ident, TITLE="edited")
        engine = await once(settings)
        assert engine.failed == ()
        held = mirror.held(store_url, "leads")
        assert [held[ident,]["title"] for ident in leads] == ["true", *["edited"] * 5]


async def test_rows_that_waited_are_stored_at_the_next_start(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        deal = next(iter(demo.world.truth("deals")))["ID"]
        keep_aside(settings, [(str(deal), json.dumps({"ID": str(deal), "TITLE": "waited"}))])
        assert told(settings)["deals"]["state"] == "partial"
        await once(settings)
        assert mirror.held(store_url, "deals")[deal,]["title"] == "waited"
        assert lines(store_url) == []
        assert told(settings)["deals"]["state"] == "ok"


@pytest.mark.parametrize(("count", "partial"), [(20, ()), (21, ("deals",))])
async def test_a_table_of_which_many_rows_stay_out_is_stored_in_part(store_url, count, partial):
    async with portal() as (_, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        keep_aside(settings, [(f"x{number}", None) for number in range(count)])
        engine = await once(settings)
        assert engine.partial == partial
        status = told(settings)["deals"]
        assert (status["state"], status["quarantined"], status["quarantined_values"]) == ("partial", count, 0)


def keep_aside(settings, kept):
    """Whole rows of deals in quarantine, as an older version or a database that refuses them leaves them."""
    store = wiring.open_store(settings)
    database = store._database
    at = "2026-03-01T12:00:00+00:00"
    sql = (
        "INSERT INTO bitsheet_quarantine (table_name, row_id, field, value, reason, first_seen, last_seen,"
        f" times) VALUES ({database.dialect.marks(8)})"
    )
    database.write(
        lambda: database.many(sql, [("deals", id_, "", row, "refused", at, at, 1) for id_, row in kept])
    )
    store.close()
