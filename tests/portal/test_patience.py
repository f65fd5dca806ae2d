"""A portal that is down is asked seldom, by all requests together, and found again soon after it is back."""

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.errors import Reason, Refused, TooLarge, Unreachable
from bitsheet_tui.events import Answered, Waiting
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.fault import late
from bitsheet_tui.portal.patience import asked_to_wait
from bitsheet_tui.portal.wire import Reply
from bitsheet_tui.secret import Secret
from tests.support.scripted_server import TIME, http, maps, ok, refusal
from tests.support.virtual_clock import BEGIN

GOOD = Reply(status=200, body=json.dumps({"result": [], "time": TIME}).encode())
GOOD_BATCH = Reply(status=200, body=json.dumps({"result": maps({"a": [], "b": []}), "time": TIME}).encode())
DOWN = Reply(status=503, body=b"<html>")
SILENCE = "nothing comes back"


class Sky:
    """A portal without sockets: `weather` says what it answers at which moment."""

    def __init__(self, hours, weather):
        self.hours, self.weather = hours, weather
        self.sent = []

    async def post(self, method, body, within=75.0):
        self.sent.append(self.hours.seconds)
        if (answer := self.weather(self.hours.seconds)) is SILENCE:
            await self.hours.sleep(within)
            return late(within)
        return answer

    async def close(self):
        """Nothing is held."""


def under(hours, weather, said=None, chance=lambda: 1.0, **settings):
    sky = Sky(hours, weather)
    portal = Portal(
        Secret("https://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), PortalSettings(**settings),
        say=(said if said is not None else []).append,
        clock=hours.clock, now=hours.now, sleep=hours.sleep, chance=chance, wire=sky,
    )  # fmt: skip
    return sky, portal


async def ask_for_ever(portal, outcomes):
    """One of several readers that never give up, as cycles do."""
    while True:
        try:
            outcomes.append(await portal.call("user.get"))
        except Unreachable:
            continue
        else:
            return


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
async def test_ten_minutes_of_503_cost_at_most_25_requests(hours, said, chance):
    sky, portal = under(hours, lambda now: DOWN if now < 600 else GOOD, said, lambda: chance)
    outcomes = []
    await hours.run(asyncio.gather(*(ask_for_ever(portal, outcomes) for _ in range(12))))
    storm = [at for at in sky.sent if at < 600]
    assert len(storm) <= 25
    assert len(outcomes) == 12
    assert (
        min(at for at in sky.sent if at >= 600) <= 641
    )  # and then there is time for a cycle within the minute
    assert isinstance(said[-1], Answered)
    assert sum(isinstance(event, Answered) for event in said) == 1


@pytest.mark.parametrize("minutes", [2.0, 5.3, 10.0])
@pytest.mark.parametrize("ask", ["one", "fifty"])
async def test_a_portal_that_takes_requests_and_says_nothing_is_found_within_a_minute(hours, ask, minutes):
    end = minutes * 60
    sky, portal = under(hours, lambda now: SILENCE if now < end else GOOD if ask == "one" else GOOD_BATCH)

    async def reader():
        while True:
            try:
                if ask == "one":
                    return await portal.call("user.get")
                return await portal.batch({"a": Ask("user.get"), "b": Ask("user.get")})
            except (Unreachable, TooLarge):
                continue

    await hours.run(asyncio.gather(*(reader() for _ in range(4))))
    assert hours.seconds <= end + 60
    assert len([at for at in sky.sent if at < end]) <= 25


async def test_once_the_circuit_is_open_there_are_never_two_requests_within_half_a_minute(hours):
    sky, portal = under(hours, lambda now: DOWN if now < 3600 else GOOD)
    await hours.run(asyncio.gather(*(ask_for_ever(portal, []) for _ in range(12))))
    late = [at for at in sky.sent if 60 < at < 3600]
    assert len(late) >= 80
    assert all(40 <= later - sooner <= 41 for sooner, later in pairwise(late))


async def test_back_off_doubles_from_a_second_and_ends_after_eight_tries(hours):
    sky, portal = under(hours, lambda _: DOWN)
    with pytest.raises(Unreachable) as caught:
        await hours.run(portal.call("user.get"))
    assert caught.value.reason is Reason.SERVER
    assert sky.sent[:5] == [0, 1, 3, 7, 15]  # then the circuit is open
    assert sky.sent[5:] == [55, 95, 135]


async def test_back_off_is_drawn_by_chance(hours):
    sky, portal = under(hours, lambda now: DOWN if now < 1 else GOOD, chance=lambda: 0.25)
    await hours.run(portal.call("user.get"))
    assert sky.sent[:3] == [0, 0.25, 0.75]


async def test_each_wait_is_announced_and_its_end(hours, said):
    _, portal = under(hours, lambda now: DOWN if now < 2 else GOOD, said)
    await hours.run(portal.call("user.get"))
    first, second, end = said
    assert isinstance(first, Waiting)
    assert first.reason is Reason.SERVER
    assert [(event.until - event.at).total_seconds() for event in (first, second)] == [1, 2]
    assert isinstance(end, Answered)
    assert end.at == hours.now()


async def test_nothing_is_announced_when_nothing_is_wrong(hours, said):
    _, portal = under(hours, lambda _: GOOD, said)
    await hours.run(asyncio.gather(*(portal.call("user.get") for _ in range(200))))
    assert said == []


async def test_a_refusal_ends_the_wait_for_an_answer(hours, said):
    no = Reply(status=401, body=b'{"error":"NO_AUTH_FOUND","error_description":"Wrong authorization data"}')
    _, portal = under(hours, lambda now: DOWN if now < 1 else no, said)
    with pytest.raises(Refused):
        await hours.run(portal.call("user.get"))
    assert [type(event) for event in said] == [Waiting, Answered]


async def test_a_refusal_is_not_tried_again(hours):
    no = Reply(status=403, body=b'{"error":"INVALID_CREDENTIALS","error_description":"x"}')
    sky, portal = under(hours, lambda _: no)
    with pytest.raises(Refused):
        await hours.run(portal.call("user.get"))
    assert len(sky.sent) == 1


async def test_the_portal_is_asked_again_when_it_said_so(hours, said):
    wait = Reply(status=503, body=b"", retry_after="120")
    sky, portal = under(hours, lambda now: wait if now == 0 else GOOD, said)
    others = asyncio.gather(*(portal.call("user.get") for _ in range(3)))
    await hours.run(others)
    assert all(at >= 120 for at in sky.sent[3:])
    assert (said[0].until - said[0].at).total_seconds() == 120


async def test_a_wait_that_was_asked_for_binds_requests_that_come_later(hours):
    wait = Reply(status=503, body=b"", retry_after="120")
    sky, portal = under(hours, lambda now: wait if now == 0 else GOOD)

    async def later():
        await hours.sleep(10)
        await portal.call("user.get")

    await hours.run(asyncio.gather(portal.call("user.get"), later()))
    assert sky.sent == [0, 120, 120]


async def test_the_portal_can_make_us_wait_for_an_hour_and_not_longer(hours):
    wait = Reply(status=503, body=b"", retry_after="86400")
    sky, portal = under(hours, lambda now: wait if now == 0 else GOOD)
    await hours.run(portal.call("user.get"))
    assert sky.sent == [0, 3600]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), ("0", 0), (" 7 ", 7), ("Thu, 01 Jan 2026 00:02:00 GMT", 120), ("", 0), ("-5", 0),
        ("soon", 0), ("1e9", 0), ("²", 0), ("Wed, 31 Dec 2025 00:00:00 GMT", 0), ("Thu, 99 Foo 2026", 0),
        ("9" * 400, 999_999_999), ("Thu, 01 Jan 2026 00:01:00 -0000", 60),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_nothing(header, seconds):
    assert asked_to_wait(header, datetime(2026, 1, 1, tzinfo=UTC)) == seconds


async def test_success_closes_the_circuit_at_once(hours):
    sky, portal = under(hours, lambda now: DOWN if now < 20 else GOOD)
    await hours.run(portal.call("user.get"))
    begin = hours.seconds
    await hours.run(asyncio.gather(*(portal.call("user.get") for _ in range(10))))
    assert hours.seconds == begin
    assert len(sky.sent) == 16


async def test_a_portal_that_is_asked_too_often_gets_room(hours, said):
    full = Reply(status=503, body=b'{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}')
    sky, portal = under(hours, lambda now: full if now < 1 else GOOD, said)
    await hours.run(portal.call("user.get"))
    assert said[0].reason is Reason.RATE
    assert 1 <= sky.sent[1] <= 3
    begin = hours.seconds
    await hours.run(asyncio.gather(*(portal.call("user.get") for _ in range(10))))
    assert hours.seconds - begin >= 9  # the shrunken bucket drains at half the pace


async def test_an_overloaded_portal_is_left_alone(hours):
    no = Reply(status=503, body=b'{"error":"OVERLOAD_LIMIT","error_description":"REST API is blocked."}')
    sky, portal = under(hours, lambda _: no)
    with pytest.raises(Refused) as caught:
        await hours.run(portal.call("user.get"))
    assert caught.value.reason is Reason.BLOCKED
    assert len(sky.sent) == 1


@pytest.mark.parametrize("status", [413, 504, 408])
async def test_a_batch_that_is_too_big_is_given_back_at_once(hours, status, said):
    sky, portal = under(hours, lambda _: Reply(status=status, body=b"<html>"), said)
    with pytest.raises(TooLarge):
        await hours.run(portal.batch({"a": Ask("user.get"), "b": Ask("user.get")}))
    assert len(sky.sent) == 1
    assert said == []


async def test_a_portal_that_is_slow_whatever_the_size_is_waited_for(hours, said):
    _, portal = under(hours, lambda now: Reply(status=504, body=b"x") if now < 30 else GOOD_BATCH, said)
    asks = {"a": Ask("user.get"), "b": Ask("user.get")}
    for _ in range(6):
        with pytest.raises(TooLarge):
            await hours.run(portal.batch(asks))
    assert said == []
    answers = await hours.run(portal.batch(asks))
    assert answers["a"].result == []
    assert {event.reason for event in said[:-1]} == {Reason.TIMEOUT}
    assert isinstance(said[-1], Answered)


async def test_a_later_question_says_that_it_waits_for_the_probe(hours, said):
    _, portal = under(hours, lambda now: DOWN if now < 150 else GOOD, said)
    with pytest.raises(Unreachable):
        await hours.run(portal.call("user.get"))
    said.clear()
    await hours.run(portal.call("user.get"))
    waiting, answered = said
    assert isinstance(waiting, Waiting)
    assert (waiting.until - waiting.at).total_seconds() == 40
    assert isinstance(answered, Answered)


async def test_a_wait_can_be_cancelled_at_once_and_leaves_nothing_behind(hours):
    sky, portal = under(hours, lambda now: DOWN if now < 1000 else GOOD, concurrency=1)
    waiting = [asyncio.ensure_future(portal.call("user.get")) for _ in range(5)]
    with pytest.raises(asyncio.CancelledError):
        await hours.run(asyncio.gather(*waiting), until=300)
    assert all(task.done() for task in waiting)
    hours.seconds = 1001
    await hours.run(portal.call("user.get"))
    assert sky.sent[-1] >= 1001


async def test_a_cancelled_request_gives_its_connection_back(portal_at):
    async def never(_, writer):
        await asyncio.sleep(3600)

    async with portal_at(never, ok([]), concurrency=1, timeout=60) as (server, portal):
        task = asyncio.ensure_future(portal.call("user.get"))
        while not server.requests:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await portal.call("user.get")).result == []


async def test_no_more_requests_are_in_flight_than_configured(portal_at):
    flying = most = 0

    async def slow(_, writer):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return ok([])

    async with portal_at(slow, concurrency=3) as (server, portal):
        await asyncio.gather(*(portal.call("user.get") for _ in range(12)))
    assert most == 3
    assert len(server.requests) == 12


async def test_real_bytes_of_a_storm_are_survived_as_well(portal_at, hours):
    async with portal_at(http(503, "x"), refusal(503, "QUERY_LIMIT_EXCEEDED"), http(200, "<"), ok([1])) as (
        server,
        portal,
    ):
        assert (await hours.run(portal.call("user.get"))).result == [1]
        assert portal.seen().retries == 3
    assert len(server.requests) == 4


def test_the_calendar_of_these_tests_begins_where_their_clock_does(hours):
    assert hours.now() == BEGIN
