"""crm.item.* answers with real numbers and camelCase, and refuses what it does not know."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bitsheet_tui.portal.demo import Settings


async def items(client, **params):
    return (await client.result("crm.item.list", **params))["items"]


@pytest.mark.parametrize(
    ("type_id", "table"), [(1, "leads"), (2, "deals"), (3, "contacts"), (4, "companies"), (174, "contracts")]
)
async def test_every_entity_type_is_read_completely(client, type_id, table):
    seen, start = [], 0
    while start is not None:
        answer = await client.ask("crm.item.list", entityTypeId=type_id, start=start, order={"id": "ASC"})
        seen += [row["id"] for row in answer["result"]["items"]]
        start = answer.get("next")
    assert seen == [row["ID"] for row in client.portal.world.truth(table)]


async def test_names_are_those_of_the_universal_methods(client):
    deal = (await items(client, entityTypeId=2, filter={"id": 1}))[0]
    true = next(client.portal.world.truth("deals"))
    assert deal["id"] == 1
    assert deal["opportunity"] == float(true["OPPORTUNITY"])
    assert deal["categoryId"] == true["CATEGORY_ID"]
    assert deal["closed"] in ("Y", "N")
    assert datetime.fromisoformat(deal["updatedTime"]) == true["DATE_MODIFY"]
    assert {"createdTime", "createdBy", "updatedBy", "movedBy", "contactIds", "observers"} <= deal.keys()
    lead = (await items(client, entityTypeId=1, filter={"id": 1}))[0]
    assert {"stageId", "stageSemanticId", "fm", "ufCrm_1700000001"} <= lead.keys()
    assert (await items(client, entityTypeId=4))[0].keys() >= {"typeId", "parentId174", "address2"}


async def test_custom_fields_keep_their_names_when_asked_to(client):
    plain = (await items(client, entityTypeId=174))[0]
    assert "ufCrm5_1700000101" in plain
    original = (await items(client, entityTypeId=174, useOriginalUfNames="Y"))[0]
    assert "UF_CRM_5_1700000101" in original
    assert await items(client, entityTypeId=174, useOriginalUfNames="Y", filter={"UF_CRM_5_1700000102": 1})


async def test_select_gives_what_is_named_and_nothing_for_unknown_names(client):
    rows = await items(client, entityTypeId=2, select=["title", "noSuch"], filter={"id": 1})
    assert rows[0].keys() == {"id", "title"}
    assert await items(client, entityTypeId=2, select=["noSuch"], filter={"id": [1, 2]}) == [[], []]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"filter": {"FIELD": 1}}, "Invalid filter: field 'FIELD' is not allowed in filter"),
        ({"filter": {">=DATE_MODIFY": "2020-01-01"}}, "field 'DATE_MODIFY' is not allowed"),
        ({"order": {"noSuch": "ASC"}}, "Invalid order: field 'noSuch'"),
        ({"order": {"id": "up"}}, "But got 'up' for field 'id'"),
    ],
)
async def test_what_it_does_not_know_is_an_error(client, params, said):
    response = await client.post("crm.item.list", {"entityTypeId": 2, **params})
    assert (response.status_code, response.json()["error"]) == (400, "INVALID_ARG_VALUE")
    assert said in response.json()["error_description"]


async def test_groups_of_conditions_can_be_nested(client):
    either = {"logic": "OR", "0": {"id": 3}, "1": {">id": 170, "<id": 174}}
    ids = [row["id"] for row in await items(client, entityTypeId=2, filter=either, order={"id": "ASC"})]
    assert ids == [3, 171, 173]  # 172 is one of the ids that were never given
    both = {"0": either, "><id": [3, 171]}
    assert [row["id"] for row in await items(client, entityTypeId=2, filter=both)] == [3, 171]
    flat = {"logic": "OR", "id": 3, "=id": 4}
    assert [row["id"] for row in await items(client, entityTypeId=2, filter=flat)] == [3, 4]


async def test_a_date_is_misread_by_the_difference_between_the_zones(start):
    client = await start()  # the server in Moscow, the user two hours further east
    client.portal.world.edit("deals", 1, TITLE="now")
    for bound, found in (("2026-03-02T14:00:00+00:00", 1), ("2026-03-02T14:00:01+00:00", 0)):
        rows = await items(client, entityTypeId=2, filter={">=updatedTime": bound})
        assert len(rows) == found, bound
    same = await start(Settings(user_zone=ZoneInfo("Europe/Moscow")))
    same.portal.world.edit("deals", 1, TITLE="now")
    for bound, found in (("2026-03-02T12:00:00+00:00", 1), ("2026-03-02T12:00:01+00:00", 0)):
        assert len(await items(same, entityTypeId=2, filter={">=updatedTime": bound})) == found


async def test_past_the_end_it_is_empty_and_a_negative_start_counts_nothing(client):
    answer = await client.ask("crm.item.list", entityTypeId=2, start=5000)
    assert (answer["result"], answer["total"], "next" in answer) == ({"items": []}, 160, False)
    answer = await client.ask("crm.item.list", entityTypeId=2, start=-1)
    assert not {"total", "next"} & answer.keys()


async def test_contacts_of_another_category_are_seen_here_only(client):
    hidden = [row["id"] for row in await items(client, entityTypeId=3, filter={"categoryId": 1})]
    assert hidden
    assert not set(hidden) & {row["ID"] for row in client.portal.world.truth("contacts")}
    assert (await client.post("crm.contact.get", {"id": hidden[0]})).json()[
        "error_description"
    ] == "Not found"
    item = (await client.result("crm.item.get", entityTypeId=3, id=hidden[0]))["item"]
    assert item["id"] == hidden[0]


async def test_one_item_can_be_got_or_is_not_there(client):
    assert (await client.result("crm.item.get", entityTypeId=2, id=1))["item"]["id"] == 1
    response = await client.post("crm.item.get", {"entityTypeId": 2, "id": 10**6})
    assert (response.status_code, response.json()["error"]) == (400, "NOT_FOUND")
    response = await client.post("crm.item.list", {"entityTypeId": 5})
    assert response.json()["error"] == "ENTITY_TYPE_NOT_SUPPORTED"


async def test_fields_are_described_with_both_of_their_names(client):
    fields = (await client.result("crm.item.fields", entityTypeId=174))["fields"]
    assert fields["updatedTime"]["upperName"] == "UPDATED_TIME"
    assert fields["ufCrm5_1700000101"]["upperName"] == "UF_CRM_5_1700000101"
    assert (fields["opened"]["type"], fields["opportunity"]["type"]) == ("boolean", "double")
    leads = (await client.result("crm.item.fields", entityTypeId=1, useOriginalUfNames="Y"))["fields"]
    assert leads["stageId"]["upperName"] == "STAGE_ID"
    assert "UF_CRM_1700000001" in leads
    assert [type_["entityTypeId"] for type_ in (await client.result("crm.type.list"))["types"]] == [174]


async def test_pipelines_and_dictionaries(client):
    answer = await client.ask("crm.category.list", entityTypeId=2)
    assert answer["total"] == 2
    general = next(row for row in answer["result"]["categories"] if row["id"] == 0)
    assert "originId" not in general
    assert (await client.ask("crm.category.list", entityTypeId=99))["error"] == "NOT_FOUND"
    stages = await client.result(
        "crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_1"}, order={"SORT": "DESC"}
    )
    assert stages[0]["STATUS_ID"] == "C1:LOSE"
    assert stages[0]["EXTRA"] == {"SEMANTICS": "failure", "COLOR": "#39A8EF"}
    refused = await client.ask("crm.status.list", filter={"ENTITY_ID": ["SOURCE"]})
    assert refused["error_description"] == "Filter by ENTITY_ID must be a string"
    used = {row["STAGE_ID"] for row in client.portal.world.truth("deals")}
    known = {row["STATUS_ID"] for row in await client.result("crm.status.list")}
    assert used <= known
