"""A batch runs its commands in order and lets one take from another exactly as the portal does."""

from bitsheet_tui.portal.demo import Settings


def down(key, previous="", prefix="0", select="select[]=ID"):
    bound = f"{prefix}$result[{previous}][49][ID]" if previous else "2000000000"
    return f"crm.deal.list?start=-1&order[ID]=DESC&{select}&filter[%3CID]={bound}"


async def test_a_descending_chain_reads_every_row_and_stops_by_itself(client):
    cmd = {f"p{n}": down(f"p{n}", f"p{n - 1}" if n else "") for n in range(6)}
    answer = await client.batch(cmd)
    sizes = [len(answer["result"][key]) for key in cmd]
    assert sizes == [50, 50, 50, 10, 0, 0]
    seen = [int(row["ID"]) for page in answer["result"].values() for row in page]
    assert seen == [row["ID"] for row in client.portal.world.truth("deals")][::-1]
    assert client.portal.stats.rows == 160


async def test_an_ascending_chain_starts_over_after_a_short_page(client):
    cmd = {
        "a": "crm.deal.list?start=-1&order[ID]=ASC&filter[%3EID]=150",
        "b": "crm.deal.list?start=-1&order[ID]=ASC&filter[%3EID]=$result[a][49][ID]",
    }
    answer = (await client.batch(cmd))["result"]
    assert len(answer["a"]) == 24
    assert [row["ID"] for row in answer["b"]][:2] == ["2", "3"]  # a list is the number 1


async def test_chains_reach_into_wrapped_answers(client):
    first = "tasks.task.list?start=-1&order[ID]=desc&filter[%3CID]=2000000000"
    cmd = {"t": first, "u": first.replace("2000000000", "0$result[t][tasks][49][id]")}
    answer = (await client.batch(cmd))["result"]
    assert [len(answer[key]["tasks"]) for key in cmd] == [50, 10]


async def test_a_reference_inside_text_keeps_what_stands_before_and_swallows_what_is_glued_on(client):
    cmd = {
        "t": "tasks.task.list?start=-1&order[ID]=desc&select[]=CHAT_ID",
        "m": "im.dialog.messages.get?DIALOG_ID=chat$result[t][tasks][0][chatId],x&FIRST_ID=0",
    }
    answer = await client.batch(cmd)
    assert answer["result"]["m"]["chat_id"] == answer["result"]["t"]["tasks"][0]["chatId"]


async def test_whole_references_take_any_value_and_totals_and_errors_can_be_referred_to(client):
    cmd = {
        "n": "crm.deal.list?filter[ID][]=1&filter[ID][]=2&filter[ID][]=3",
        "one": "crm.deal.get?id=$total[n]",
        "many": "crm.deal.list?filter[@ID]=$result[n][0]",
    }
    answer = (await client.batch(cmd))["result"]
    assert answer["one"]["ID"] == "3"
    assert "1" in [row["ID"] for row in answer["many"]]  # the values of the row, among them its id


async def test_older_portals_fail_whole_when_an_array_meets_text(start):
    client = await start(Settings(references="fatal"))
    response = await client.post(
        "batch", {"cmd": {f"p{n}": down("", f"p{n - 1}" if n else "") for n in range(6)}}
    )
    assert response.status_code == 500
    assert response.json()["error"] == "INTERNAL_SERVER_ERROR"


async def test_some_portals_do_not_look_inside_text_at_all(start):
    client = await start(Settings(references="whole"))
    answer = await client.batch({"p0": down(""), "p1": down("", "p0")})
    assert len(answer["result"]["p1"]) == 0


async def test_empty_maps_are_lists_and_every_command_is_told_its_time(client):
    answer = await client.batch({"a": "server.time", "b": "crm.deal.list?start=0"})
    assert answer["result_error"] == []
    assert answer["result_total"] == {"b": 160}
    assert answer["result_next"] == {"b": 50}
    assert answer["result_time"].keys() == {"a", "b"}
    nothing = await client.batch({})
    maps = ("result", "result_error", "result_total", "result_next", "result_time")
    assert nothing == {name: [] for name in maps}


async def test_numbered_commands_come_as_a_list_until_one_of_them_fails(client):
    assert isinstance((await client.batch(["server.time", "scope"]))["result"], list)
    answer = await client.batch(["server.time", "no.such", "scope"])
    assert answer["result"].keys() == {"0", "2"}
    assert answer["result_error"].keys() == {"1"}


async def test_a_failed_command_is_only_among_the_errors_and_halt_stops_there(client):
    cmd = {"a": "server.time", "b": "crm.deal.get?id=999999", "c": "server.time"}
    going_on = await client.batch(cmd)
    assert going_on["result"].keys() == {"a", "c"}
    assert going_on["result_error"] == {"b": {"error": "", "error_description": "Not found"}}
    assert "b" not in going_on["result_time"]
    halted = await client.batch(cmd, halt=1)
    assert halted["result"].keys() == {"a"}


async def test_halt_is_true_as_php_sees_it(client):
    cmd = {"a": "no.such", "b": "server.time"}
    assert (await client.batch(cmd, halt="false"))["result"] == []
    assert (await client.batch(cmd, halt="0"))["result"].keys() == {"b"}


async def test_the_fifty_first_command_is_an_error_of_its_own(client):
    answer = await client.batch({f"c{n}": "server.time" for n in range(52)})
    assert len(answer["result"]) == 50
    assert {key: error["error"] for key, error in answer["result_error"].items()} == {
        "c50": "ERROR_BATCH_LENGTH_EXCEEDED",
        "c51": "ERROR_BATCH_LENGTH_EXCEEDED",
    }


async def test_a_batch_in_a_batch_is_refused(client):
    answer = await client.batch({"a": "batch?cmd[x]=server.time"})
    assert answer["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_a_missing_scope_has_no_description_inside_a_batch(client):
    client.portal.lose_scope("task")
    answer = await client.batch({"a": "tasks.task.list"})
    assert answer["result_error"]["a"] == {"error": "insufficient_scope", "error_description": ""}


async def test_commands_that_are_no_text_vanish(client):
    answer = await client.batch({"a": ["server.time"], "b": "server.time"})
    assert answer["result"].keys() == {"b"}
    assert answer["result_error"] == []
