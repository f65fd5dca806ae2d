"""The demo portal takes requests in every form that Bitrix24 takes, and refuses them with its words."""

import httpx
import pytest

from bitsheet_tui.portal.demo import ManualClock, Settings
from bitsheet_tui.portal.demo.http import Listener
from bitsheet_tui.portal.demo.php import encode, escape, intval, map_, parse_str


@pytest.mark.parametrize("path", ["crm.deal.list", "crm.deal.list.json", "crm.deal.list/", "CRM.Deal.LIST"])
async def test_a_method_may_have_a_suffix_a_slash_and_any_case(client, path):
    answer = (await client.http.get(client.portal.url + path)).json()
    assert answer["total"] == 160


async def test_controllers_are_found_whatever_the_case(client):
    assert "fields" in await client.result("tasks.task.getfields")
    assert "fields" in await client.result("tasks.task.getFields")


async def test_a_query_a_form_and_json_mean_the_same(client):
    url = client.portal.url + "crm.deal.list"
    wanted = {"filter": {">ID": 100}, "order": {"ID": "DESC"}, "select": ["ID"], "start": -1}
    flat = {"filter[>ID]": "100", "order[ID]": "DESC", "select[]": "ID", "start": "-1"}
    answers = [
        await client.http.post(url, json=wanted),
        await client.http.post(url, data=flat),
        await client.http.get(url, params=flat),
        await client.http.get(url + "?filter[>ID]=100&order[ID]=DESC&select[0]=ID&start=-1"),
    ]
    bodies = [answer.json()["result"] for answer in answers]
    assert len(bodies[0]) == 50
    assert all(body == bodies[0] for body in bodies)


async def test_the_body_wins_over_the_query_key_by_key(client):
    url = client.portal.url + "crm.deal.list?order[ID]=DESC&filter[>ID]=100"
    answer = await client.http.post(url, json={"filter": {"<ID": 3}})
    assert [row["ID"] for row in answer.json()["result"]] == ["2", "1"]


@pytest.mark.parametrize("body", [b'{"filter":{"ID":5}', b"[]", b'"text"', b"\xff"])
async def test_json_that_cannot_be_read_is_ignored_and_the_whole_list_comes(client, body):
    headers = {"Content-Type": "application/json"}
    answer = await client.http.post(client.portal.url + "crm.deal.list", content=body, headers=headers)
    assert answer.json()["total"] == 160


async def test_a_chunked_body_is_read_to_its_end(client):
    async def parts():
        yield b'{"filter":'
        yield b'{"ID":5}}'

    headers = {"Content-Type": "application/json"}
    answer = await client.http.post(client.portal.url + "crm.deal.list", content=parts(), headers=headers)
    assert answer.json()["total"] == 1


async def test_a_plus_in_a_query_is_a_space(client):
    url = client.portal.url + "crm.deal.list?filter[%3E%3DDATE_MODIFY]=2020-01-01T00:00:00"
    assert (await client.http.get(url + "+03:00")).json()["total"] == 0
    assert (await client.http.get(url + "%2B03:00")).json()["total"] == 160


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}),
        ("a[1]=x&a[0]=y", {"a": {"1": "x", "0": "y"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("f[>ID][]=1", {"f": {">ID": ["1"]}}),
        ("f[%3E%3DID]=1", {"f": {">=ID": "1"}}),
        ("f[>=ID]=1", {"f_>": "ID]=1"}),  # the first = ends the name
        ("a.b=1&c d=2", {"a_b": "1", "c_d": "2"}),
        ("a[x]=1&a=2", {"a": "2"}),
        ("a=1&a[x]=2", {"a": {"x": "2"}}),
        ("a[b=1", {"a_b": "1"}),
        ("=1&&[x]=2", {}),
        ("a", {"a": ""}),
        ("a=1%2B1+1", {"a": "1+1 1"}),
    ],
)
def test_parameters_nest_as_php_nests_them(query, meant):
    assert parse_str(query) == meant


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12), (" 12abc", 12), ("-3.9", -3), ("1e3", 1000), ("abc", 0), ("", 0), (None, 0), (True, 1),
        (3.99, 3), (float("inf"), 0), ([], 0), ([0], 1), ({"a": 0}, 1), ("9" * 30, 2**63 - 1),
    ],
)  # fmt: skip
def test_numbers_are_cast_as_php_casts_them(value, number):
    assert intval(value) == number


def test_json_is_written_as_php_writes_it():
    assert encode({"a": "<b>/'\"&\\ é"}) == '{"a":"\\u003Cb\\u003E\\/\\u0027\\u0022\\u0026\\\\ é"}'.encode()
    assert escape(b'"a\\\\\\"b"') == b'"a\\\\\\u0022b"'
    assert map_({}) == b"[]"
    assert map_({"0": b"1", "1": b"2"}) == b"[1,2]"
    assert map_({"1": b"1"}) == b'{"1":1}'


async def test_an_answer_has_its_keys_in_order_and_whole_seconds_to_start_with(client):
    answer = await client.ask("crm.deal.list")
    assert list(answer) == ["result", "next", "total", "time"]
    time = answer["time"]
    assert list(time) == [
        "start", "finish", "duration", "processing", "date_start", "date_finish",
        "operating_reset_at", "operating",
    ]  # fmt: skip
    assert isinstance(time["start"], int)
    assert isinstance(time["finish"], float)
    assert time["date_start"] == "2026-03-02T15:00:00+03:00"
    assert time["operating"] == 0


async def test_older_builds_tell_the_fraction_too(start):
    client = await start(Settings(float_times=True))
    time = (await client.ask("profile"))["time"]
    assert isinstance(time["start"], float)
    assert isinstance(time["processing"], float)


async def test_a_portal_without_a_load_limiter_tells_no_operating(start):
    from bitsheet_tui.portal.demo import Limits

    client = await start(Settings(limits=Limits(rate=None, operating=None)))
    assert not {"operating", "operating_reset_at"} & (await client.ask("profile"))["time"].keys()


async def test_errors_have_no_time(client):
    response = await client.post("no.such.method")
    assert response.status_code == 404
    assert response.json() == {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/rest/1/wrong-code/profile", "INVALID_CREDENTIALS"),
        ("/rest/2/CODE/profile", "INVALID_CREDENTIALS"),
        ("/rest/profile", "NO_AUTH_FOUND"),
        ("/rest/profile?auth=nonsense", "invalid_token"),
    ],
)
async def test_who_has_no_right_is_told_so(client, path, error):
    path = path.replace("CODE", client.portal.office.code)
    response = await client.http.get(client.portal.office.origin + path)
    assert (response.status_code, response.json()["error"]) == (401, error)


async def test_a_revoked_webhook_is_refused_everywhere(client):
    client.portal.revoke()
    assert (await client.ask("profile"))["error"] == "INVALID_CREDENTIALS"
    assert (await client.ask("batch", cmd={"a": "profile"}))["error"] == "INVALID_CREDENTIALS"


async def test_a_missing_scope_and_a_lost_method_are_told_apart(client):
    client.portal.lose_scope("crm")
    client.portal.lose_method("im.dialog.messages.get")
    response = await client.post("crm.deal.list")
    assert (response.status_code, response.json()["error"]) == (401, "insufficient_scope")
    assert (await client.post("im.dialog.messages.get")).status_code == 404
    assert "crm" not in await client.result("scope")
    assert "crm.deal.list" not in await client.result("methods")
    assert await client.result("method.get", name="crm.deal.list") == {
        "isExisting": True,
        "isAvailable": False,
    }
    assert await client.result("method.get", name="no.such") == {"isExisting": False, "isAvailable": False}


async def test_tokens_are_taken_from_the_body_the_query_and_the_header_until_they_expire(client, clock):
    portal = client.portal
    url = portal.office.origin + "/rest/profile"
    pair = portal.tokens.issue(clock.now(), url, {"crm"})
    token = pair["access_token"]
    ways = [
        await client.http.post(url, json={"auth": token}),
        await client.http.get(url, params={"access_token": token}),
        await client.http.get(url, headers={"Authorization": f"Bearer {token}"}),
    ]
    assert [way.json()["result"]["ID"] for way in ways] == ["1", "1", "1"]
    clock.advance(3601)
    late = await client.http.get(url, params={"auth": token})
    assert (late.status_code, late.json()["error"]) == (401, "expired_token")
    renewal = {
        "grant_type": "refresh_token",
        "client_id": portal.tokens.client_id,
        "client_secret": portal.tokens.client_secret,
        "refresh_token": pair["refresh_token"],
    }
    fresh = (await client.http.post(portal.office.origin + "/oauth/token/", data=renewal)).json()
    assert fresh["access_token"] != token
    assert fresh["expires_in"] == 3600
    again = await client.http.get(url, params={"auth": fresh["access_token"]})
    assert again.json()["result"]["ADMIN"] is True
    used_up = await client.http.post(portal.office.origin + "/oauth/token/", data=renewal)
    assert used_up.json()["error"] == "invalid_grant"


async def test_the_webhook_is_new_each_time_unless_it_is_given(start):
    one, two = await start(), await start()
    assert one.portal.office.code != two.portal.office.code
    given = await start(Settings(code="abc123"))
    assert given.portal.url.endswith("/rest/1/abc123/")


async def test_the_profile_tells_the_admin_flag_and_the_zone_of_the_user(client):
    profile = await client.result("profile")
    assert profile["ADMIN"] is True
    assert profile["TIME_ZONE"] == "Asia/Yekaterinburg"
    assert await client.result("user.admin") is True
    assert await client.result("server.time") == "2026-03-02T15:00:00+03:00"
    assert (await client.result("user.current"))["ID"] == "1"
    assert await client.result("feature.get", CODE="x") == {"value": "N"}
    assert (await client.result("app.info"))["SCOPE"] == await client.result("scope")


async def test_bytes_that_are_no_request_end_the_conversation():
    async def answer(_request):
        raise AssertionError("never asked")

    listener = Listener(answer)
    port = await listener.start(0)
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.HTTPError):
            await http.post(f"http://127.0.0.1:{port}/", headers={"Content-Length": "-5"}, content=b"")
    await listener.stop()


def test_a_manual_clock_moves_only_when_told(clock: ManualClock):
    before = clock.now()
    clock.advance(90)
    assert clock.now() - before == 90
