"""The client and the demo portal, made from the same public facts by different hands, understand each other."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.errors import BadAnswer, Reason, Refused, Resting, TableRefused, Unreachable
from bitsheet_tui.portal import describe, selftest
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.client import Portal, ask_fragile
from bitsheet_tui.portal.demo import Cost, DemoPortal, Fault, Kind, Limits, Settings, Size
from bitsheet_tui.portal.rows import chat_rows, clean, forum_rows
from bitsheet_tui.secret import Secret
from bitsheet_tui.tables import CATALOGUE

TABLES = {table.name: table for table in CATALOGUE}
SMALL = Size(
    leads=120, contacts=120, companies=58, deals=30, activities=200, tasks=120, users=60, departments=14
)


@pytest.fixture
def meet(hours):
    """A running demo portal and a client of it."""

    @contextlib.asynccontextmanager
    async def open_(size=SMALL, **settings):
        demo = DemoPortal(size, settings=Settings(**settings))
        client = Portal(
            Secret(await demo.start()), PortalSettings(), clock=hours.clock, now=hours.now, sleep=hours.sleep
        )
        try:
            yield demo, client
        finally:
            await client.close()
            await demo.stop()

    return open_


async def start(client, tables=CATALOGUE):
    asks = selftest.asks(tables) | describe.asks(tables) | describe.dictionary_asks()
    answers = await client.batch(asks)
    return answers, selftest.judge(tables, answers, datetime.now(UTC))


async def test_one_request_tests_and_describes_the_whole_portal(meet):
    async with meet() as (_, client):
        answers, profile = await start(client)
        assert client.seen().requests == 1
    assert profile.faults == {}
    assert profile.chained == {"leads", "contacts", "companies", "deals", "activities", "tasks", "users"}
    assert (profile.user_id, profile.admin, profile.zone) == (1, True, "Asia/Yekaterinburg")
    assert abs(profile.clock_offset) < 5
    for table in CATALOGUE:
        answer = answers.get(describe.key(table))
        assert len(describe.fields(table, answer.result if answer else None)) >= 5
    dictionaries = describe.dictionaries(answers)
    assert {row["entity_id"] for row in dictionaries["statuses"].rows} >= {"DEAL_STAGE", "SOURCE"}
    assert 0 in {row["id"] for row in dictionaries["categories"].rows}


async def test_a_portal_that_restarts_chains_is_read_page_by_page(meet):
    async with meet(references="whole") as (_, client):
        _, profile = await start(client)
    assert "deals" not in profile.chained
    assert profile.faults == {}


def whole(chained):
    return selftest.parts(CATALOGUE, chained=chained)


async def test_a_portal_that_crashes_at_chains_is_tested_without_them(meet, hours):
    async with meet(references="fatal") as (_, client):
        answers = await hours.run(ask_fragile(client.batch, whole))
        assert client.seen().requests <= 5
    profile = selftest.judge(CATALOGUE, answers, datetime.now(UTC))
    assert (profile.chained, profile.faults) == (frozenset(), {})


async def test_a_portal_that_is_ill_when_it_is_tested_is_tested_with_chains_all_the_same(meet, hours):
    async with meet() as (demo, client):
        demo.faults.add(Fault(kind=Kind.STATUS, times=3))
        answers = await hours.run(ask_fragile(client.batch, whole))
    assert "deals" in selftest.judge(CATALOGUE, answers, datetime.now(UTC)).chained


async def test_a_portal_that_forgets_a_filter_is_found_out(meet):
    async with meet() as (demo, client):
        demo.faults.add(Fault(kind=Kind.IGNORED, method="crm.contact.list", times=100))
        _, profile = await start(client)
    assert set(profile.faults) == {"contacts"}
    assert isinstance(profile.faults["contacts"], BadAnswer)
    assert profile.faults["contacts"].reason is Reason.FILTER


async def test_a_lost_permission_refuses_its_tables_and_no_other(meet):
    async with meet() as (demo, client):
        demo.lose_scope("task")
        demo.lose_scope("im")
        _, profile = await start(client)
    assert set(profile.faults) == {"tasks", "task_comments"}
    assert all(isinstance(error, TableRefused) for error in profile.faults.values())
    assert {error.reason for error in profile.faults.values()} == {Reason.SCOPE}


async def test_rows_of_tasks_are_known_by_the_names_one_asks_with(meet):
    async with meet() as (_, client):
        answers, profile = await start(client)
        table = TABLES["tasks"]
        fields = describe.fields(table, answers[describe.key(table)].result)
        answer = await client.call(
            table.method, {"order": {"ID": "DESC"}, "select": list(table.select), "start": -1}
        )
        rows = clean(table, answer.result["tasks"], fields, zone=profile.zone, now=answer.started)
        assert len(rows) == 50
        for row in rows:
            assert row.keys() <= {field.name for field in fields}
            assert {"ID", "TITLE", "CHANGED_DATE", "ACTIVITY_DATE", "CHAT_ID", "RESPONSIBLE_ID"} <= row.keys()


async def test_comments_of_forum_and_chat_become_rows(meet):
    async with meet() as (demo, client):
        truth = list(demo.world.truth("task_comments"))
        for source, method, params in (
            ("forum", "task.commentitem.getlist", lambda row: {"TASKID": row["TASK_ID"], "ORDER": {"ID": "asc"}}),
            ("chat", "im.dialog.messages.get", lambda row: {"DIALOG_ID": f"chat{row['CHAT_ID']}", "FIRST_ID": 0, "LIMIT": 50}),
        ):  # fmt: skip
            wanted = next(row for row in truth if row["SOURCE"] == source)
            answers = await client.batch({"one": Ask(method, params(wanted))})
            read = forum_rows if source == "forum" else chat_rows
            rows = read(wanted["TASK_ID"], answers["one"].result)
            same = [row for row in truth if row["SOURCE"] == source and row["TASK_ID"] == wanted["TASK_ID"]]
            assert sorted(int(row["ID"]) for row in rows) == sorted(int(row["ID"]) for row in same)
            assert {row["TEXT"] for row in rows} == {row["TEXT"] for row in same}
            assert {int(row["AUTHOR_ID"]) for row in rows} == {int(row["AUTHOR_ID"] or 0) for row in same}


@pytest.mark.parametrize(
    "kind",
    [Kind.STATUS, Kind.HTML, Kind.EMPTY, Kind.TRUNCATED, Kind.CUT, Kind.RESET, Kind.CLOSE, Kind.GARBAGE],
)
async def test_whatever_happens_once_to_a_request_is_got_over(meet, hours, kind):
    async with meet() as (demo, client):
        demo.faults.add(Fault(kind=kind, status=200 if kind is Kind.HTML else 502))
        answers = await hours.run(client.batch({"me": Ask("profile")}))
        assert answers["me"].result["ID"] == "1"
        assert client.seen().retries == 1


async def test_a_deleted_webhook_is_a_refusal(meet):
    async with meet() as (demo, client):
        demo.revoke()
        with pytest.raises(Refused) as caught:
            await client.batch({"me": Ask("profile")})
    assert caught.value.reason is Reason.ACCESS


async def test_a_renamed_portal_is_not_followed(meet):
    async with meet() as (demo, client):
        demo.faults.add(Fault(kind=Kind.REDIRECT))
        with pytest.raises(Refused, match=r"moved to renamed\.example"):
            await client.batch({"me": Ask("profile")})


async def test_a_command_that_fails_leaves_the_others_alone(meet):
    async with meet() as (demo, client):
        demo.faults.add(Fault(kind=Kind.ERROR, method="crm.deal.list"))
        demo.faults.add(Fault(kind=Kind.DENIED, method="crm.lead.list"))
        answers = await client.batch(
            {"deals": Ask("crm.deal.list"), "leads": Ask("crm.lead.list"), "me": Ask("profile")}
        )
    assert isinstance(answers["deals"], Unreachable)
    assert isinstance(answers["leads"], TableRefused)
    assert answers["me"].result["ID"] == "1"


async def test_a_method_over_its_budget_rests_and_the_budget_is_learned(meet, hours):
    limits = Limits(rate=None, operating=60.0)
    async with meet(limits=limits, cost=Cost(page=10.0, slept=False)) as (_, client):
        page = Ask("crm.deal.list", {"start": -1})
        asks = {f"p{number}": page for number in range(12)}
        await client.batch(asks)
        assert client.affords("crm.deal.list")
        answers = await client.batch(asks)
        rested = [answer for answer in answers.values() if isinstance(answer, Resting)]
        assert rested
        assert client.resting("crm.deal.list") == rested[-1].until
        assert 0 < (rested[-1].until - hours.now()).total_seconds() <= 601
        assert not client.affords("crm.deal.list")
        assert client.affords("crm.lead.list")
        assert client.seconds_per_command("crm.deal.list") == pytest.approx(10, rel=0.1)
        assert next(one.budget for one in client.seen().operating if one.method == "crm.deal.list") == 120


async def test_more_requests_than_fit_at_once_are_not_refused_by_the_rate_limit():
    limits = Limits(rate=20.0, burst=50)
    demo = DemoPortal(replace(SMALL, activities=1), settings=Settings(limits=limits))
    client = Portal(Secret(await demo.start()), PortalSettings(requests_per_second=20.0, burst=50))
    try:
        await asyncio.gather(*(client.call("server.time") for _ in range(60)))
        assert client.seen().retries == 0
    finally:
        await client.close()
        await demo.stop()


async def test_packed_answers_of_the_portal_are_unpacked(meet):
    async with meet(gzip=True) as (_, client):
        assert len((await client.call("crm.lead.list", {"start": -1})).result) == 50
