"""The demo portal's patience ends where a real one's does."""

import time

from bitsheet_tui.portal.demo import Cost, Limits, Settings


async def test_a_full_bucket_answers_503_and_drains(start, clock):
    client = await start(Settings(limits=Limits(rate=2.0, burst=3)))
    codes = [(await client.post("profile")).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 503, 503]
    assert (await client.ask("profile")) == {
        "error": "QUERY_LIMIT_EXCEEDED",
        "error_description": "Too many requests",
    }
    assert client.portal.stats.refused == 3
    clock.advance(1)
    assert [(await client.post("profile")).status_code for _ in range(3)] == [200, 200, 503]


async def test_a_batch_is_one_request(start):
    client = await start(Settings(limits=Limits(rate=2.0, burst=2)))
    await client.batch({f"c{n}": "profile" for n in range(50)})
    assert (await client.post("profile")).status_code == 200
    assert client.portal.stats.commands["profile"] == 51


async def test_seconds_are_charged_to_each_method_and_too_many_block_that_method_only(start, clock):
    client = await start(Settings(limits=Limits(rate=None, operating=10.0), cost=Cost(page=6.0, slept=False)))
    assert (await client.ask("crm.deal.list"))["time"]["operating"] == 6.0
    clock.advance(70)
    answer = await client.batch({"a": "crm.deal.list", "b": "crm.lead.list"})
    assert answer["result_time"]["a"]["operating"] == 12.0
    assert answer["result_time"]["b"]["operating"] == 6.0
    reset = answer["result_time"]["a"]["operating_reset_at"]
    assert reset == int(clock.now()) - 70 + 600
    refused = await client.post("crm.deal.list")
    assert (refused.status_code, refused.json()["error"]) == (429, "OPERATION_TIME_LIMIT")
    inside = await client.batch({"a": "crm.deal.list", "b": "crm.lead.list"})
    assert inside["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert "b" in inside["result"]
    clock.advance(reset - clock.now())  # the oldest minute is forgotten, the newer one is not
    assert (await client.ask("crm.deal.list"))["time"]["operating"] == 12.0


async def test_some_portals_charge_the_batch_and_block_it_as_a_whole(start):
    limits = Limits(rate=None, operating=10.0, charge="batch")
    client = await start(Settings(limits=limits, cost=Cost(page=6.0, slept=False)))
    answer = await client.ask("batch", cmd={"a": "crm.deal.list", "b": "crm.lead.list"})
    assert answer["time"]["operating"] == 12.0
    assert answer["result"]["result_time"]["a"]["operating"] == 0
    assert (await client.post("batch", {"cmd": {"a": "profile"}})).status_code == 429
    assert (await client.ask("crm.deal.list"))["time"]["operating"] == 6.0


async def test_a_hit_of_a_tenth_of_a_second_is_not_charged(start):
    client = await start(Settings(cost=Cost(page=0.1, slept=False)))
    assert (await client.ask("crm.deal.list"))["time"]["operating"] == 0
    answer = await client.batch({"a": "crm.deal.list", "b": "crm.deal.list"})
    assert answer["result_time"]["b"]["operating"] == 0.2  # the hit as a whole is


async def test_counting_costs_by_the_row_and_only_when_asked(start):
    client = await start(Settings(float_times=True, cost=Cost(page=0.5, counted_row=0.01, slept=False)))
    counted = (await client.ask("crm.deal.list"))["time"]["duration"]
    uncounted = (await client.ask("crm.deal.list", start=-1))["time"]["duration"]
    assert 0.5 <= uncounted < 2.1 <= counted
    assert client.portal.stats.counted == 160


async def test_a_told_cost_is_not_waited_for_and_a_slept_one_is(start):
    told = await start(Settings(cost=Cost(page=5.0, slept=False)))
    before = time.perf_counter()
    await told.ask("crm.deal.list")
    assert time.perf_counter() - before < 2.0
    slept = await start(Settings(cost=Cost(page=0.05, pages={"crm.lead.list": 0.2})))
    before = time.perf_counter()
    await slept.batch({"a": "crm.deal.list", "b": "crm.deal.list", "c": "crm.lead.list", "d": "profile"})
    assert 0.3 <= time.perf_counter() - before < 2.0
    assert round(slept.portal.stats.seconds, 3) == 0.3


async def test_the_time_of_each_command_of_a_batch_begins_where_the_clock_stood(start, clock):
    client = await start(Settings(cost=Cost(page=3.0, slept=False)))
    answer = await client.batch({"a": "crm.deal.list", "b": "crm.deal.list"})
    assert answer["result_time"]["b"]["start"] == int(clock.now())


async def test_what_was_asked_is_counted(client):
    await client.batch({"a": "crm.deal.list?start=-1", "b": "crm.deal.list?start=-1&filter[%3CID]=4"})
    stats = client.portal.stats
    assert (stats.requests, stats.rows, stats.rows_of["crm.deal.list"]) == (1, 53, 53)
    assert stats.bytes_out > 10_000
    stats.reset()
    assert (stats.requests, stats.commands, stats.rows) == (0, {}, 0)
