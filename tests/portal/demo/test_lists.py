"""The lists of the demo portal page, filter, select and sort as Bitrix24's do."""

import pytest

LISTS = {
    "leads": "crm.lead.list",
    "contacts": "crm.contact.list",
    "companies": "crm.company.list",
    "deals": "crm.deal.list",
    "activities": "crm.activity.list",
    "tasks": "tasks.task.list",
    "users": "user.get",
    "departments": "department.get",
}


def truth_ids(client, table):
    return [row["ID"] for row in client.portal.world.truth(table)]


@pytest.mark.parametrize("table", LISTS)
async def test_following_next_gives_every_row_once(client, table):
    seen, start = [], 0
    order = {"sort": "ID", "order": "ASC"} if table in ("users", "departments") else {"order": {"ID": "ASC"}}
    while start is not None:
        answer = await client.ask(LISTS[table], start=start, **order)
        rows = answer["result"]
        rows = rows["tasks"] if table == "tasks" else rows
        seen += [int(row.get("ID") or row["id"]) for row in rows]
        start = answer.get("next")
    assert seen == truth_ids(client, table)


async def test_a_page_has_fifty_rows_and_the_total_is_told(client):
    answer = await client.ask("crm.deal.list", order={"ID": "ASC"})
    assert (len(answer["result"]), answer["next"], answer["total"]) == (50, 50, 160)


async def test_a_start_that_is_no_page_boundary_is_rounded_down(client):
    whole = await client.ids("crm.deal.list", order={"ID": "ASC"}, start=50)
    assert await client.ids("crm.deal.list", order={"ID": "ASC"}, start=99) == whole
    assert await client.ids("tasks.task.list", order={"ID": "asc"}, start=59) == (
        await client.ids("tasks.task.list", order={"ID": "asc"}, start=50)
    )


async def test_user_get_takes_a_start_exactly(client):
    every = await client.ids("user.get", sort="ID", order="ASC")
    assert await client.ids("user.get", sort="ID", order="ASC", start=7) == every[7:]


async def test_past_the_end_legacy_lists_serve_page_one_again(client):
    first = await client.ask("crm.deal.list", order={"ID": "ASC"})
    again = await client.ask("crm.deal.list", order={"ID": "ASC"}, start=5000)
    assert again["result"] == first["result"]
    assert again["next"] == 50
    departments = await client.ask("department.get", start=500)
    assert len(departments["result"]) == 14


async def test_past_the_end_task_lists_are_empty_and_still_told_the_total(client):
    answer = await client.ask("tasks.task.list", start=5000)
    assert answer["result"] == {"tasks": []}
    assert answer["total"] == 60
    assert "next" not in answer


async def test_past_the_end_user_get_is_empty_and_tells_no_total(client):
    answer = await client.ask("user.get", start=5000)
    assert answer["result"] == []
    assert "total" not in answer


async def test_a_negative_start_counts_nothing_in_each_family_its_own_way(client):
    deals = await client.ask("crm.deal.list", start=-1)
    tasks = await client.ask("tasks.task.list", start=-1)
    users = await client.ask("user.get", start=-1)
    nobody = await client.ask("user.get", start=-1, filter={">ID": 10**6})
    assert deals["total"] == 0
    assert "next" not in deals
    assert not {"total", "next"} & tasks.keys()
    assert users["total"] == 0
    assert "total" not in nobody
    assert client.portal.stats.counted == 0


async def test_unknown_and_lower_case_filter_keys_are_dropped_without_a_word(client):
    for method in ("crm.deal.list", "tasks.task.list"):
        for key in (">=DATE_MODIFIED", ">=date_modify", ">id", "LOGIC"):
            answer = await client.ask(method, filter={key: "2099-01-01T00:00:00Z"})
            assert answer["total"] == (160 if method == "crm.deal.list" else 60), key
    assert (await client.ask("user.get", filter={"NO_SUCH": 1}))["total"] == 12
    assert (await client.ask("department.get", NO_SUCH=1))["total"] == 14


async def test_a_date_that_cannot_be_read_finds_nothing_in_the_crm_and_everything_in_tasks(client):
    lost_plus = "2020-01-01T00:00:00 03:00"
    assert (await client.ask("crm.deal.list", filter={">=DATE_MODIFY": lost_plus}))["total"] == 0
    assert (await client.ask("tasks.task.list", filter={">=CHANGED_DATE": lost_plus}))["total"] == 60
    assert (await client.ask("tasks.task.list", filter={"<=CHANGED_DATE": lost_plus}))["total"] == 0
    assert (await client.ask("tasks.task.list", filter={">=CHANGED_DATE": ["2099-01-01"]}))["total"] == 60


async def test_a_date_without_an_offset_is_the_servers_time(client):
    client.portal.world.edit("deals", 1, TITLE="now")  # 12:00Z is 15:00 in Moscow
    for text, found in (
        ("2026-03-02T15:00:00", [1]),
        ("2026-03-02 15:00:01", []),
        ("02.03.2026 15:00:00", [1]),
        ("2026-03-02T12:00:00+00:00", [1]),
        ("2026-03-02T12:00:00Z", [1]),
        ("2026-03-02T17:00:00+05:00", [1]),
        ("2026-03-02T17:00:01+05:00", []),
    ):
        assert await client.ids("crm.deal.list", filter={">=DATE_MODIFY": text}) == found, text


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (["5", "9"], 1),
        ([], 0),
        ("0$result[p3][49][ID]", 0),
        ("012", 12),
        ("12abc", 12),
        ("abc", 0),
        (True, 1),
    ],
)
async def test_what_is_compared_with_an_id_becomes_a_number_as_php_casts(client, value, meant):
    assert (
        await client.ids("crm.deal.list", filter={"<ID": value}, order={"ID": "DESC"})
        == ([id_ for id_ in reversed(truth_ids(client, "deals")) if id_ < meant][:50])
    )


async def test_a_list_of_values_means_any_of_them(client):
    assert await client.ids("crm.deal.list", filter={"ID": [3, 1, 999]}, order={"ID": "ASC"}) == [1, 3]
    assert await client.ids("crm.deal.list", filter={"@ID": ["3"]}) == [3]
    assert len(await client.ids("crm.deal.list", filter={"!@ID": ["3"]}, start=-1)) == 50


@pytest.mark.parametrize(
    ("filter_", "test"),
    [
        ({"STAGE_ID": "WON"}, lambda row: row["STAGE_ID"] == "WON"),
        ({"!STAGE_ID": "WON"}, lambda row: row["STAGE_ID"] != "WON"),
        ({"%TITLE": "ROSES"}, lambda row: "roses" in row["TITLE"].lower()),
        ({"=%TITLE": "roses #1%"}, lambda row: row["TITLE"].startswith("roses #1")),
        ({">OPPORTUNITY": "50000.5"}, lambda row: row["OPPORTUNITY"] > 50000.5),
        ({"CLOSED": "Y", ">ID": 50}, lambda row: row["CLOSED"] and row["ID"] > 50),
        ({"UF_CRM_1700000006": 52}, lambda row: 52 in (row["UF_CRM_1700000006"] or ())),
        ({"COMPANY_ID": 0}, lambda row: row["COMPANY_ID"] is None),
    ],
)
async def test_filters_find_what_the_truth_says(client, filter_, test):
    expected = [row["ID"] for row in client.portal.world.truth("deals") if test(row)]
    assert 0 < len(expected) < 160
    answer = await client.ask("crm.deal.list", filter=filter_, order={"ID": "ASC"})
    assert answer["total"] == len(expected)
    assert [int(row["ID"]) for row in answer["result"]] == expected[:50]


async def test_activities_are_found_by_their_owner(client):
    row = next(client.portal.world.truth("activities"))
    owner = {"OWNER_TYPE_ID": row["OWNER_TYPE_ID"], "OWNER_ID": row["OWNER_ID"]}
    found = await client.result("crm.activity.list", filter={"BINDINGS": [owner]})
    assert {(item["OWNER_TYPE_ID"], item["OWNER_ID"]) for item in found} == {
        (str(owner["OWNER_TYPE_ID"]), str(owner["OWNER_ID"]))
    }


async def test_rows_can_be_ordered_by_any_plain_field(client):
    rows = await client.result("crm.deal.list", order={"OPPORTUNITY": "DESC", "ID": "ASC"})
    amounts = [float(row["OPPORTUNITY"]) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    assert len(set(amounts)) > 10


async def test_any_direction_but_asc_is_down(client):
    assert (await client.ids("crm.deal.list", order={"ID": "upwards"}))[0] == truth_ids(client, "deals")[-1]


@pytest.mark.parametrize("name", ["order", "filter", "select"])
async def test_a_parameter_of_the_wrong_type_is_refused(client, name):
    response = await client.post("crm.deal.list", {name: "ID"})
    assert response.status_code == 400
    assert response.json() == {"error": "", "error_description": f"Parameter '{name}' must be array."}


async def test_select_star_has_neither_custom_fields_nor_contact_details(client):
    row = (await client.result("crm.contact.list", select=["*"]))[0]
    assert {"ID", "NAME", "DATE_MODIFY"} <= row.keys()
    assert not [name for name in row if name.startswith("UF_")]
    assert not {"PHONE", "EMAIL", "COMPANY_IDS"} & row.keys()


async def test_custom_fields_and_contact_details_come_when_named(client):
    rows = await client.result("crm.contact.list", select=["UF_*", "PHONE", "NO_SUCH"])
    assert all(name in ("ID", "PHONE") or name.startswith("UF_") for row in rows for name in row)
    assert [row for row in rows if "PHONE" not in row]  # nobody's key is empty: it is absent
    phone = next(row["PHONE"] for row in rows if "PHONE" in row)[0]
    assert phone.keys() == {"ID", "VALUE_TYPE", "VALUE", "TYPE_ID"}


async def test_tasks_answer_in_camel_case_and_one_custom_field_brings_all(client):
    plain = (await client.result("tasks.task.list", select=["*"]))["tasks"][0]
    assert "changedDate" in plain
    assert "ufCrmTask" not in plain
    named = (await client.result("tasks.task.list", select=["*", "UF_CRM_TASK"]))["tasks"][0]
    assert {"ufCrmTask", "ufTaskWebdavFiles", "ufAuto700000000001"} <= named.keys()
    assert "tags" not in named
    assert "tags" in (await client.result("tasks.task.list", select=["ID", "TAGS"]))["tasks"][0]


async def test_tasks_refuse_an_unknown_sorting_key(client):
    response = await client.post("tasks.task.list", {"order": {"NO_SUCH": "asc"}})
    assert (response.status_code, response.json()["error"]) == (400, "0")


async def test_with_both_dates_in_one_task_filter_only_the_first_is_applied(client):
    client.portal.world.comment(1, "hello")
    recent = "2026-03-02T12:00:00Z"
    assert await client.ids("tasks.task.list", filter={">=ACTIVITY_DATE": recent}) == [1]
    both = {">=ACTIVITY_DATE": recent, ">=CHANGED_DATE": "2000-01-01T00:00:00Z"}
    assert (await client.ask("tasks.task.list", filter=both))["total"] == 60


async def test_an_empty_list_of_ids_is_no_condition_for_tasks(client):
    assert (await client.ask("tasks.task.list", filter={"ID": []}))["total"] == 60


async def test_the_word_false_means_active(client):
    active = [row["ID"] for row in client.portal.world.truth("users") if row["ACTIVE"]]
    gone = [row["ID"] for row in client.portal.world.truth("users") if not row["ACTIVE"]]
    assert gone
    assert await client.ids("user.get", filter={"ACTIVE": "false"}) == active
    assert await client.ids("user.get", filter={"ACTIVE": False}) == gone
    assert await client.ids("user.get", ACTIVE="N") == gone


async def test_filter_replaces_every_other_key_of_user_get(client):
    assert await client.ids("user.get", ID=1, FILTER={"ID": 2}) == [2]
    assert await client.ids("user.get", id=1) == [1]


async def test_an_upper_case_sort_of_departments_is_a_filter_and_finds_nothing(client):
    assert await client.ids("department.get", SORT="NAME") == []
    names = [row["NAME"] for row in await client.result("department.get", sort="NAME", order="DESC")]
    assert names == sorted(names, key=str.casefold, reverse=True)


async def test_departments_filter_exactly(client):
    assert await client.ids("department.get", ID=3) == [3]
    assert len(await client.ids("department.get", FILTER={">ID": 3})) == 14  # prefixes are unknown here
