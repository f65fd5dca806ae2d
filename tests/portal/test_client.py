import json

import pytest

from bitsheet_tui.errors import BadAnswer, Reason, Resting, TableRefused
from bitsheet_tui.portal.answer import Ask
from tests.support.scripted_server import CODE, STARTED, TIME, maps, ok, refusal


async def test_a_question_gives_its_result_and_the_portals_own_clock(portal_at):
    async with portal_at(ok([{"ID": "7"}], total=1, next=50)) as (server, portal):
        answer = await portal.call("crm.deal.list", {"filter": {">ID": 5}})
    assert answer.result == [{"ID": "7"}]
    assert (answer.total, answer.next) == (1, 50)
    assert answer.started == STARTED
    assert answer.seconds == 0.5
    assert server.requests[0].json == {"filter": {">ID": 5}}


async def test_a_request_is_a_post_of_json_that_says_who_asks(portal_at):
    async with portal_at(ok([])) as (server, portal):
        await portal.call("user.get")
    request = server.requests[0]
    assert request.line == f"POST /rest/1/{CODE}/user.get HTTP/1.1"
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["user-agent"].startswith("bitsheet-tui/")
    assert "keep-alive" in request.headers["connection"]


async def test_requests_share_one_connection(portal_at):
    async with portal_at(ok([])) as (server, portal):
        for _ in range(3):
            await portal.call("user.get")
        assert len(server._writers) == 1


async def test_fifty_questions_travel_in_one_request(portal_at):
    answers = {f"q{n}": n for n in range(50)}
    async with portal_at(ok(maps(answers))) as (server, portal):
        got = await portal.batch({key: Ask("crm.deal.list", {"start": -1}) for key in answers})
    assert {key: answer.result for key, answer in got.items()} == answers
    assert len(server.requests) == 1
    assert server.requests[0].json["halt"] == 0
    assert server.requests[0].json["cmd"]["q0"] == "crm.deal.list?start=-1"


async def test_no_questions_are_no_request(portal_at):
    async with portal_at(ok([])) as (server, portal):
        assert await portal.batch({}) == {}
    assert server.requests == []


async def test_a_51st_question_is_a_mistake_of_the_caller(portal_at):
    async with portal_at(ok([])) as (_, portal):
        with pytest.raises(ValueError, match="51 commands"):
            await portal.batch({f"q{n}": Ask("user.get") for n in range(51)})


async def test_a_failed_question_is_a_value_and_the_others_are_answered(portal_at):
    body = maps({"good": [1]}, {"bad": {"error": "insufficient_scope", "error_description": ""}})
    async with portal_at(ok(body)) as (_, portal):
        got = await portal.batch({"bad": Ask("crm.deal.list"), "good": Ask("user.get")})
    assert got["good"].result == [1]
    assert isinstance(got["bad"], TableRefused)
    assert got["bad"].reason is Reason.SCOPE
    assert "`crm`" in str(got["bad"])


async def test_a_method_that_rests_is_not_asked_until_it_may_be_and_others_are(portal_at, hours):
    asks = {"a": Ask("crm.deal.list"), "b": Ask("user.get")}
    blocked = maps({"b": [1]}, {"a": {"error": "OPERATION_TIME_LIMIT", "error_description": ""}})
    async with portal_at(ok(blocked), ok(maps({"b": [2]})), ok(maps({"a": [3], "b": [3]}))) as (
        server,
        portal,
    ):
        first = await portal.batch(asks)
        second = await portal.batch(asks)
        alone = await portal.batch({"a": asks["a"]})
        hours.seconds += 61
        third = await portal.batch(asks)
    assert all(isinstance(got["a"], Resting) for got in (first, second, alone))
    assert first["a"].until == second["a"].until == alone["a"].until
    assert (second["b"].result, third["a"].result) == ([2], [3])
    assert [list(request.json["cmd"]) for request in server.requests] == [["a", "b"], ["b"], ["a", "b"]]


async def test_a_question_the_portal_forgot_is_not_taken_for_an_empty_answer(portal_at):
    async with portal_at(ok(maps({"one": []}))) as (_, portal):
        got = await portal.batch({"one": Ask("user.get"), "two": Ask("crm.deal.list")})
    assert got["one"].result == []
    assert isinstance(got["two"], BadAnswer)
    assert "crm.deal.list" in str(got["two"])


async def test_each_question_has_the_time_at_which_it_began(portal_at):
    later = {**TIME, "start": 1767225660, "duration": 2.5}
    body = maps({"one": [], "two": []}, result_time={"two": later})
    async with portal_at(ok(body)) as (_, portal):
        got = await portal.batch({"one": Ask("user.get"), "two": Ask("user.get")})
    assert got["one"].started == STARTED
    assert (got["two"].started - STARTED).total_seconds() == 59.75
    assert got["two"].seconds == 2.5


async def test_totals_and_next_belong_to_their_question(portal_at):
    body = maps({"one": [], "two": []}, result_total={"two": 51}, result_next={"two": 50})
    async with portal_at(ok(body)) as (_, portal):
        got = await portal.batch({"one": Ask("user.get"), "two": Ask("user.get")})
    assert (got["one"].total, got["one"].next) == (None, None)
    assert (got["two"].total, got["two"].next) == (51, 50)


async def test_a_method_at_its_budget_rests_while_the_others_go_on(portal_at, hours):
    timed = {**TIME, "operating": 481.0, "operating_reset_at": TIME["finish"] + 120}
    limit = {
        "error": "OPERATION_TIME_LIMIT",
        "error_description": "Method is blocked due to operation time limit.",
    }
    body = maps({"first": [1], "users": [1]}, {"second": limit}, result_time={"first": timed, "users": TIME})
    deals = Ask("crm.deal.list")
    async with portal_at(ok(body)) as (_, portal):
        got = await portal.batch({"first": deals, "second": deals, "users": Ask("user.get")})
        assert isinstance(got["second"], Resting)
        assert (got["second"].until - hours.now()).total_seconds() == 120
        assert portal.resting("crm.deal.list") == got["second"].until
        assert portal.resting("user.get") is None
        assert not portal.affords("crm.deal.list")
        assert portal.affords("user.get")
        hours.seconds += 121
        assert portal.resting("crm.deal.list") is None


async def test_a_single_question_over_its_budget_raises_resting(portal_at, hours):
    async with portal_at(refusal(429, "OPERATION_TIME_LIMIT")) as (server, portal):
        with pytest.raises(Resting) as caught:
            await portal.call("tasks.task.list")
        assert (caught.value.until - hours.now()).total_seconds() == 60
        assert portal.resting("tasks.task.list") == caught.value.until
    assert len(server.requests) == 1


async def test_the_figures_count_requests_and_the_clocks_difference(portal_at):
    async with portal_at(ok([])) as (server, portal):
        assert portal.host == f"127.0.0.1:{server.port}"
        await portal.call("user.get")
        seen = portal.seen()
    assert (seen.requests, seen.retries, seen.burst) == (1, 0, 50)
    assert seen.bucket == 1.0
    assert seen.rate == pytest.approx(1 / 60)
    assert seen.clock_offset == pytest.approx(0.75)


async def test_links_that_quote_the_webhook_lose_it_before_anything_reads_them(portal_at):
    link = f"https://portal/rest/1/{CODE}/download/?token=1"
    async with portal_at(ok([{"urlDownload": link}])) as (_, portal):
        answer = await portal.call("crm.deal.list")
    assert CODE not in json.dumps(answer.result)
    assert answer.result[0]["urlDownload"].startswith("https://portal/rest/1/***")
