"""The demo portal can be served alone, from a thread of its own, and at any size."""

import asyncio
import threading
import time

import httpx
import pytest

from bitsheet_tui.portal.demo import (
    LIVELY,
    Cost,
    DemoPortal,
    HostClock,
    Limits,
    Settings,
    Size,
    lively,
    plot,
    serve,
)


async def test_serve_announces_its_webhook_and_answers_until_it_is_cancelled():
    said: list[str] = []
    serving = asyncio.create_task(serve(0, said.append))
    while not said:
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient() as http:
        answer = (await http.post(said[0] + "crm.company.list")).json()
        assert answer["total"] == 58
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(httpx.ConnectError):
            await http.post(said[0] + "profile")


async def test_serve_listens_where_it_is_told_to():
    portal = DemoPortal(Size(scale=0))
    first = await portal.start()
    port = int(first.split(":")[2].split("/")[0])
    await portal.stop()
    assert (await portal.start(port)).startswith(f"http://127.0.0.1:{port}/rest/1/")
    await portal.stop()
    await portal.stop()  # once more does no harm


async def test_a_lively_portal_changes_by_itself_and_stops_changing_when_it_is_stopped():
    portal = DemoPortal(Size(scale=0.05), settings=Settings(edits_per_second=400.0))
    before = list(portal.world.truth("deals"))
    await portal.start()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if list(portal.world.truth("deals")) != before:
            break
    await portal.stop()
    after = list(portal.world.truth("deals"))
    assert after != before
    await asyncio.sleep(0.02)
    assert list(portal.world.truth("deals")) == after


def test_the_portal_of_the_demo_is_lively_and_has_the_limits_of_a_real_one():
    portal = lively()
    assert portal.settings == LIVELY
    assert portal.settings.limits == Limits(rate=2.0, burst=50, operating=480.0)
    assert portal.settings.edits_per_second > 1


async def test_in_an_eventful_portal_leads_vanish_and_tasks_are_refused_for_a_while(monkeypatch):
    monkeypatch.setattr(plot, "CLEAN_UP", 0.0)
    monkeypatch.setattr(plot, "TROUBLE", 0.0)
    monkeypatch.setattr(plot, "FORBIDDEN", 0.4)
    portal = DemoPortal(Size(scale=0.2), settings=Settings(eventful=True))
    url = await portal.start()
    async with httpx.AsyncClient() as http:
        told = []
        while not told or told[-1] != 200:
            told.append((await http.post(url + "tasks.task.list")).status_code)
        assert 400 in told
        assert (await http.post(url + "crm.lead.list")).json()["total"] == 126  # of 180
    await portal.stop()


def test_a_portal_in_a_thread_answers_anybody_and_leaves_no_thread_behind():
    portal = DemoPortal(Size(scale=0.02))
    before = threading.active_count()
    with portal.run_in_thread() as url:
        portal.world.edit("deals", 1, TITLE="changed from another thread")
        answer = httpx.post(url + "crm.deal.get", json={"id": 1}).json()
        assert answer["result"]["TITLE"] == "changed from another thread"
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.post(url + "profile")


def test_two_portals_may_run_at_once():
    one, two = DemoPortal(Size(scale=0)), DemoPortal(Size(scale=0))
    with one.run_in_thread() as first, two.run_in_thread() as second:
        assert first != second
        one.revoke()
        assert httpx.post(second + "profile").status_code == 200


async def test_stopping_hangs_up_on_who_is_being_answered():
    portal = DemoPortal(Size(scale=0), settings=Settings(cost=Cost(call=30.0)))
    url = await portal.start()
    async with httpx.AsyncClient(timeout=20) as http:
        asking = asyncio.create_task(http.post(url + "profile"))
        while not portal.stats.requests:
            await asyncio.sleep(0.01)
        began = time.perf_counter()
        await portal.stop()
        assert time.perf_counter() - began < 2
        with pytest.raises(httpx.HTTPError):
            await asking


def test_the_portals_clock_may_be_hours_off():
    from datetime import timedelta

    clock = HostClock(timedelta(hours=-3))
    assert abs(time.time() - 3 * 3600 - clock.now()) < 5


async def test_answers_are_compressed_only_where_it_was_chosen(start):
    from bitsheet_tui.portal.demo import Settings

    plain, packed = await start(), await start(Settings(gzip=True))
    assert "Content-Encoding" not in (await plain.post("crm.deal.list")).headers
    response = await packed.post("crm.deal.list")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json()["total"] == 160


@pytest.fixture(scope="module")
def million():
    return DemoPortal(Size(leads=0, contacts=0, companies=9, activities=0, tasks=1_000_000, deals=1_000_000))


def quickest(office, method, **params):
    """The reply, and the seconds it took at best."""
    from bitsheet_tui.portal.demo.calls import METHODS, Call

    start = params.pop("start", -1)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        reply = METHODS[method].handler(office, Call(dict(params), start))
        took.append(time.perf_counter() - began)
    return reply, min(took)


def rows_of(reply):
    return list(reply.result["tasks"] if isinstance(reply.result, dict) else reply.result)


@pytest.mark.parametrize(
    ("method", "params", "ids"),
    [
        ("crm.deal.list", {"order": {"ID": "DESC"}, "filter": {"<ID": 700_001}}, (700_000, 699_945)),
        ("crm.deal.list", {"order": {"ID": "ASC"}, "filter": {">ID": 700_000}}, (700_001, 700_055)),
        ("crm.deal.list", {"order": {"ID": "ASC"}, "start": 999_950}, (1_099_946, 1_100_000)),
        ("crm.deal.list", {"order": {"ID": "DESC"}, "start": 500_000}, (550_000, 549_946)),
        ("tasks.task.list", {"order": {"ID": "desc"}, "filter": {"<ID": 700_001}}, (700_000, 699_945)),
    ],
)
def test_any_page_of_a_million_rows_is_found_by_arithmetic(million, method, params, ids):
    reply, seconds = quickest(million.office, method, **params)
    rows = rows_of(reply)
    assert (len(rows), int(rows[0].get("ID") or rows[0]["id"])) == (50, ids[0])
    assert abs(int(rows[-1].get("ID") or rows[-1]["id"]) - ids[1]) <= 1
    assert seconds < 0.05


def test_what_changed_lately_among_a_million_rows_costs_what_changed_lately(million):
    world = million.world
    since = million.office.iso(world.now())
    assert quickest(million.office, "crm.deal.list", filter={">=DATE_MODIFY": since})[0].rows == 0
    for id_ in (5, 600_000, 1_100_000):
        world.edit("deals", id_, TITLE="changed")
    world.comment(77, "hello")
    new = world.create("deals", TITLE="new")
    reply, seconds = quickest(
        million.office, "crm.deal.list", filter={">=DATE_MODIFY": since}, order={"ID": "DESC"}
    )
    assert [int(row["ID"]) for row in rows_of(reply)] == [new, 1_100_000, 600_000, 5]
    assert seconds < 0.05
    reply, seconds = quickest(million.office, "tasks.task.list", filter={">=ACTIVITY_DATE": since})
    assert [int(row["id"]) for row in rows_of(reply)] == [77]
    assert seconds < 0.05


def test_what_changed_in_the_last_days_before_the_beginning_is_found_too(million):
    table = million.world.tables["deals"]
    since = million.world.epoch - 86_400
    recent = range(table.ids.last - 25_000, table.ids.last + 1)
    possible = sorted(id_ for id_ in {*table.touched, *recent} if id_ in table.ids)
    true = [id_ for id_ in possible if table.value(id_, "DATE_MODIFY") >= since][:400]
    found, bound = [], 0
    while len(found) < 400:
        query = {">=DATE_MODIFY": million.office.iso(since), ">ID": bound}
        reply, _ = quickest(million.office, "crm.deal.list", filter=query, order={"ID": "ASC"}, select=["ID"])
        found += [int(row["ID"]) for row in rows_of(reply)]
        bound = found[-1]
    assert found == true
