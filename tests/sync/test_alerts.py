"""What somebody must know of is told once, stands while it lasts, and ends by itself."""

import json
from contextlib import closing
from datetime import datetime

import pytest

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.alert import Kind
from bitsheet_tui.commands import ConfirmDeletions
from bitsheet_tui.errors import Reason, Refused, StoreFull
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.portal.demo.faults import Fault
from bitsheet_tui.portal.demo.faults import Kind as Harm
from bitsheet_tui.state import Phase, reduce, start
from bitsheet_tui.sync.desk import now
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.troubles import troubles
from tests.support import mirror
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, once, portal, unequal

pytestmark = pytest.mark.slow

ALWAYS = {"reconcile_every": 1, "static_every": 1}
FOR_EVER = 10**9


def ids(demo, table):
    return sorted(row["ID"] for row in demo.world.truth(table))


def marked(url, *tables):
    return sorted(row["id"] for table in tables for row in mirror.rows(url, table, "_deleted_at IS NOT NULL"))


def kept(url):
    """The alerts that ever stood: key, tables, state, how often."""
    columns = "key, tables, state, times"
    _, rows = mirror.select(url, f"SELECT {columns} FROM bitsheet_alerts ORDER BY key")
    return [
        (key, json.loads(tables) if isinstance(tables, str) else tables, state, times)
        for key, tables, state, times in rows
    ]


def status(settings):
    with closing(wiring.open_store(settings, readonly=True)) as store:
        found = look(store)
        return to_json(found)["alerts"], "\n".join(to_lines(found, now()))


def shown(engine):
    """What the console's list of what is wrong says."""
    return troubles(Picture(state=engine.state, now=now()))


def lose_right(demo):
    deals = ids(demo, "deals")
    gone = deals[: len(deals) * 6 // 10]
    demo.world.hide("deals", *gone)
    return {"deals": gone}


def empty(demo):
    gone = ids(demo, "companies")
    demo.world.hide("companies", *gone)
    return {"companies": gone}


LOSSES = {"60 % of deals hidden": lose_right, "a table that is empty": empty}


@pytest.mark.sample
@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES.keys())
async def test_rows_that_seem_to_be_gone_are_one_alert_and_marked_once_confirmed(store_url, lose):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        await once(settings)
        ((table, gone),) = lose(demo).items()
        for _ in range(3):
            engine = await once(settings)
            assert marked(store_url, table) == []
            assert kept(store_url) == [(f"deletions_held:{table}", [table], "active", 1)]
        ((alert,), text) = status(settings)
        assert (alert["kind"], alert["tables"]) == ("deletions_held", [table])
        assert f"{len(gone)} deletions held" in alert["text"]
        assert f"confirm {table}" in alert["hint"]
        assert datetime.fromisoformat(alert["since"]) <= now()
        assert alert["text"] in text
        (entry,) = shown(engine)
        assert (entry.where, entry.what, entry.grave) == (table, alert["text"], True)
        await once(settings, ConfirmDeletions(table))
        assert marked(store_url, table) == gone
        assert kept(store_url) == [(f"deletions_held:{table}", [table], "ended", 1)]
        assert status(settings)[0] == []


GONE = {
    "a scope that one table needs": (
        lambda demo: demo.lose_scope("department"), "scope_lost:department", ["departments"],
    ),
    "a scope that five tables need": (
        lambda demo: demo.lose_scope("crm"), "scope_lost:crm",
        ["dictionaries", "leads", "contacts", "companies", "deals", "activities"],
    ),
    "a method": (lambda demo: demo.lose_method("crm.lead.list"), "table_refused:leads", ["leads"]),
    "a right": (
        lambda demo: demo.faults.add(Fault(kind=Harm.DENIED, method="crm.lead.list", times=FOR_EVER)),
        "table_refused:leads", ["leads"],
    ),
}  # fmt: skip


def heal(demo):
    demo.office.scopes |= {"crm", "department"}
    demo.office.lost.clear()
    demo.faults.clear()


@pytest.mark.sample
@pytest.mark.parametrize(("lose", "key", "tables"), GONE.values(), ids=GONE.keys())
async def test_what_the_webhook_lost_is_one_alert_that_ends_when_it_has_it_again(
    store_url, lose, key, tables
):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        await once(settings)
        lose(demo)
        for _ in range(3):
            engine = await once(settings)
            assert marked(store_url, *(table for table in tables if table != "dictionaries")) == []
            assert kept(store_url) == [(key, tables, "active", 1)]
        ((alert,), text) = status(settings)
        assert (alert["kind"], alert["tables"]) == (key.partition(":")[0], tables)
        assert alert["hint"]
        assert text.count(alert["text"]) == 1
        (entry,) = shown(engine)
        assert (entry.where, entry.what, entry.grave) == (", ".join(tables), alert["text"], True)
        heal(demo)
        engine = await once(settings)
        assert engine.failed == ()
        assert kept(store_url) == [(key, tables, "ended", 1)]
        assert (status(settings)[0], shown(engine)) == ([], [])
        assert unequal(store_url, demo) == {}


async def test_a_scope_comes_back_table_by_table(sqlite_url):
    async with portal() as (demo, webhook):
        await once(config(webhook, sqlite_url, **ALWAYS))
        demo.lose_scope("crm")
        await once(config(webhook, sqlite_url, **ALWAYS))
        heal(demo)
        await once(config(webhook, sqlite_url, tables=("leads", "deals"), **ALWAYS))  # the others left out
        assert [state for _, _, state, _ in kept(sqlite_url)] == ["ended"]


@pytest.mark.sample
async def test_a_refused_webhook_is_one_alert_and_not_one_for_each_table(store_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, interval=0.1)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            demo.revoke()
            await until(lambda: sum(isinstance(event, e.NeedsOperator) for event in told) > 2, running)
            (entry,) = shown(engine)
            assert (entry.where, entry.grave) == ("portal", True)
            assert entry.until is not None
            await until(lambda: kept(store_url) == [("portal_refused", [], "active", 1)], running)
            demo.office.revoked = False
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            await until(lambda: kept(store_url) == [("portal_refused", [], "ended", 1)], running)
            assert shown(engine) == []


async def test_a_single_run_that_is_refused_leaves_its_alert(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        demo.revoke()
        for _ in range(2):
            with pytest.raises(Refused):
                await once(settings)
            assert kept(sqlite_url) == [("portal_refused", [], "active", 1)]
        ((alert,), text) = status(settings)
        assert "does not accept the webhook" in alert["text"]
        assert "mirror: The portal does not accept the webhook" in text


async def test_rows_in_quarantine_are_one_alert_that_follows_their_number(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        ours = ids(demo, "deals")[:3]
        demo.world.edit("deals", ours[0], COMPANY_ID=10**30)
        await once(settings)
        assert kept(store_url) == [("quarantine:deals", ["deals"], "active", 1)]
        demo.world.edit("deals", ours[1], COMPANY_ID=10**30)
        await once(settings)
        ((alert,), _) = status(settings)
        assert "2 values of another type than the field wait in quarantine" in alert["text"]
        for some in ours:
            demo.world.edit("deals", some, COMPANY_ID=None)
        await once(settings)
        assert kept(store_url) == [("quarantine:deals", ["deals"], "ended", 1)]


async def test_a_store_in_trouble_is_written_down_when_it_can_be_written_again(store_url, monkeypatch):
    async with portal() as (_demo, webhook):
        settings = config(webhook, store_url, interval=0.1)
        async with live_engine(settings, monkeypatch) as (engine, _told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            database = engine._desk.store._database
            with monkeypatch.context() as broken:
                broken.setattr(database, "write", lambda work: (_ for _ in ()).throw(no_space()))
                await until(lambda: engine.state.phase is Phase.WAITING, running)
                (entry,) = shown(engine)
                assert (entry.where, entry.grave) == ("store", True)
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            assert shown(engine) == []
            await until(lambda: [row[0] for row in kept(store_url)] == ["store_trouble"], running)
            assert kept(store_url) == [("store_trouble", [], "ended", 1)]


def no_space():
    return StoreFull("There is no space left.", hint="Make room.")


# --- the picture alone ---------------------------------------------------------------------------------


def picture(*alerts):
    return start(("deals", "leads"), portal="p", store="s", at=now(), alerts=alerts)


def failed(table="deals", reason=Reason.SERVER, **more):
    return e.TableFailed(table=table, at=now(), reason=reason, text="trouble", hint="help", **more)


def after(state, *events):
    for event in events:
        state = reduce(state, event)
    return state


def ended(served):
    return e.CycleEnded(number=1, at=now(), seconds=1, rows=0, requests=1, failed=(), served=served)


def read(table="deals"):
    return e.TableRead(table=table, at=now(), seconds=1, watermark=now())


@pytest.mark.sample
def test_trouble_that_ends_by_itself_is_an_alert_only_when_it_lasts():
    state = after(picture(), failed(), failed())
    assert state.alerts == {}
    state = after(state, failed(), failed())
    assert [alert.kind for alert in state.alerts.values()] == [Kind.TABLE_FAILING]
    assert after(state, read()).alerts == {}


@pytest.mark.sample
def test_a_method_that_rests_is_no_alert():
    assert after(picture(), *[failed(until=now())] * 9).alerts == {}


@pytest.mark.sample
def test_a_portal_that_answered_nothing_in_a_whole_cycle_is_one_alert_until_it_does():
    state = after(picture(), failed(whole=True), failed("leads", whole=True), ended(served=False))
    assert list(state.alerts) == ["portal_unreachable"]
    assert after(state, ended(served=True)).alerts == {}


@pytest.mark.sample
def test_a_portal_that_answers_again_only_to_refuse_is_one_alert_still():
    state = after(picture(), failed(whole=True), failed(whole=True, reason=Reason.ACCESS))
    assert list(state.alerts) == ["portal_refused"]


@pytest.mark.sample
def test_what_is_not_known_to_be_well_stays():
    state = after(picture(), failed(reason=Reason.RIGHTS), failed(whole=True), ended(served=True))
    assert list(state.alerts) == ["table_refused:deals"]
    (alert,) = state.alerts.values()
    assert picture(alert).alerts == state.alerts  # over a restart, too


@pytest.mark.sample
def test_another_reason_replaces_the_one_before():
    state = after(picture(), failed(reason=Reason.RIGHTS), failed(reason=Reason.SCOPE, scope="crm"))
    assert list(state.alerts) == ["scope_lost:crm"]


@pytest.mark.sample
def test_a_table_that_is_no_longer_mirrored_has_no_alerts():
    state = after(picture(), failed("leads", reason=Reason.GONE))
    alerts = state.alerts.values()
    assert start(("deals",), portal="p", store="s", at=now(), alerts=alerts).alerts == {}


@pytest.mark.sample
def test_an_alert_keeps_the_moment_when_it_began():
    state = after(picture(), e.DeletionsHeld(table="deals", at=now(), count=3, reason="x"))
    (first,) = state.alerts.values()
    state = after(state, e.DeletionsHeld(table="deals", at=now(), count=4, reason="x"))
    (second,) = state.alerts.values()
    assert (second.since, second.text) == (first.since, "4 deletions held: x")
