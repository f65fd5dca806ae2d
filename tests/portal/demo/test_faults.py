"""Every kind of trouble can be scripted, strikes when it should, and ends."""

import gzip
import time

import httpx
import pytest

from bitsheet_tui.portal.demo import Fault, Kind


async def test_a_fault_waits_strikes_and_is_over(client):
    fault = client.portal.faults.add(Fault(kind=Kind.STATUS, after=1, times=2, status=502))
    codes = [(await client.post("profile")).status_code for _ in range(4)]
    assert codes == [200, 502, 502, 200]
    assert fault.struck == 2
    assert client.portal.stats.faults == 2


async def test_a_fault_of_a_method_strikes_the_batch_that_contains_it(client):
    client.portal.faults.add(Fault(kind="status", method="crm.deal.list", status=500))
    assert (await client.post("crm.lead.list")).status_code == 200
    response = await client.post("batch", {"cmd": {"a": "crm.deal.list?start=-1"}})
    assert response.status_code == 500
    assert response.json()["error"] == "INTERNAL_SERVER_ERROR"


async def test_headers_can_be_told(client):
    client.portal.faults.add(Fault(kind=Kind.STATUS, status=503, headers={"Retry-After": "120"}))
    assert (await client.post("profile")).headers["Retry-After"] == "120"


@pytest.mark.parametrize("status", [200, 502])
async def test_a_page_of_html_instead_of_json(client, status):
    client.portal.faults.add(Fault(kind=Kind.HTML, status=status))
    response = await client.post("profile")
    assert response.status_code == status
    assert response.text.startswith("<!DOCTYPE html>")


async def test_nothing_instead_of_json(client):
    client.portal.faults.add(Fault(kind=Kind.EMPTY, status=403))
    response = await client.post("profile")
    assert (response.status_code, response.content) == (403, b"")


async def test_a_body_that_ends_too_early(client):
    client.portal.faults.add(Fault(kind=Kind.TRUNCATED))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("crm.deal.list")
    assert (await client.post("crm.deal.list")).status_code == 200


async def test_whole_json_without_its_end(client):
    client.portal.faults.add(Fault(kind=Kind.CUT))
    answer = await client.ask("crm.deal.list")
    assert answer.keys() == {"result", "next", "total"}


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CLOSE, Kind.GARBAGE])
async def test_a_connection_that_breaks(client, kind):
    client.portal.faults.add(Fault(kind=kind))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.post("profile")
    assert (await client.post("profile")).status_code == 200


async def test_a_portal_that_hangs(client):
    client.portal.faults.add(Fault(kind=Kind.HANG, seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        await client.http.post(client.portal.url + "profile", timeout=0.1)


async def test_an_answer_that_drips(client):
    client.portal.faults.add(Fault(kind=Kind.DRIP, seconds=0.0005))
    before = time.perf_counter()
    assert "result" in await client.ask("server.time")
    assert time.perf_counter() - before > 0.1


async def test_a_small_body_that_grows(client):
    client.portal.faults.add(Fault(kind=Kind.BOMB, size=3_000_000))
    async with client.http.stream("POST", client.portal.url + "profile") as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert len(raw) < 10_000
    assert len(gzip.decompress(raw)) > 3_000_000


async def test_a_portal_that_has_moved(client):
    client.portal.faults.add(Fault(kind=Kind.REDIRECT, location="https://renamed.example/rest/"))
    response = await client.post("profile")
    assert (response.status_code, response.headers["Location"]) == (302, "https://renamed.example/rest/")


async def test_commands_that_fail_inside_a_batch_leave_the_others_alone(client):
    faults = client.portal.faults
    faults.add(Fault(kind=Kind.ERROR, method="crm.deal.list", error="X", description="no", status=400))
    faults.add(Fault(kind=Kind.DENIED, method="crm.lead.list"))
    faults.add(Fault(kind=Kind.SCOPE, method="user.get"))
    cmd = {
        "d": "crm.deal.list",
        "l": "crm.lead.list",
        "u": "user.get",
        "ok": "profile",
        "d2": "crm.deal.list",
    }
    answer = await client.batch(cmd)
    assert answer["result"].keys() == {"ok", "d2"}
    assert answer["result_error"] == {
        "d": {"error": "X", "error_description": "no"},
        "l": {"error": "", "error_description": "Access denied."},
        "u": {"error": "insufficient_scope", "error_description": ""},
    }


@pytest.mark.parametrize("method", ["crm.deal.list", "tasks.task.list", "user.get"])
async def test_a_filter_that_is_forgotten(client, method):
    client.portal.faults.add(Fault(kind=Kind.IGNORED, method=method))
    assert len(await client.ids(method, filter={"ID": 1})) > 10
    assert await client.ids(method, filter={"ID": 1}) == [1]


async def test_a_command_that_takes_longer(start):
    from bitsheet_tui.portal.demo import Cost, Settings

    client = await start(Settings(float_times=True, cost=Cost(slept=False)))
    client.portal.faults.add(Fault(kind=Kind.SLOW, seconds=42, method="profile"))
    assert (await client.ask("profile"))["time"]["duration"] >= 42


async def test_faults_can_be_cleared(client):
    client.portal.faults.add(Fault(kind=Kind.STATUS, times=99))
    client.portal.faults.clear()
    assert (await client.post("profile")).status_code == 200
