"""What comes over the wire means what the truth says, in the spelling of each family of methods."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bitsheet_tui.portal.demo import Column, Settings, Size
from bitsheet_tui.portal.demo.kinds import truth
from bitsheet_tui.portal.demo.lists import ENTITIES
from bitsheet_tui.portal.demo.php import encode

EVERY = ["*", "UF_*", "PHONE", "EMAIL", "WEB", "IM", "COMMUNICATIONS"]


TEXTS = {"string", "crm_status", "crm_currency", "money", "crm", "text", "bool", "url", "address", "hlblock"}
REFERENCES = {"user", "crm_company", "crm_contact", "crm_lead", "employee", "reference", "crm_entity", "int"}


def moment(value):
    found = datetime.fromisoformat(value).astimezone(UTC)
    return found if found.year < 9999 else None  # that far away is never


def day(value):
    """Midnight of the portal's time, as users have it, or midnight in UTC, as the CRM prints it."""
    found = datetime.fromisoformat(value)
    return found.date() if not (found.hour or found.minute) else moment(value).date()


READERS = {
    "file": lambda value: {"id": value["id"]},
    "datetime": moment,
    "date": day,
    "double": lambda value: Decimal(str(value)),
    "char": lambda value: value == "Y",
    "boolean": {"1": True, "0": False, "Y": True, "N": False}.get,
    "object": lambda value: value,
    "resourcebooking": lambda value: value,
    **dict.fromkeys(TEXTS, lambda value: value),
    **dict.fromkeys(REFERENCES, lambda value: int(value) or None),
}


def decode(column, value):
    """The meaning of a wire value, found out without the demo's own writers."""
    if value in ("", None, False, [], {}) and (column.multiple or column.type not in ("boolean", "bool")):
        return None
    read = READERS.get(column.type, int)
    if column.multiple:
        return [read(one) for one in value] if column.type == "file" else value
    return read(value)


async def pages(client, method, rows, **params):
    start, found = 0, []
    while start is not None:
        answer = await client.ask(method, start=start, **params)
        result = answer["result"]
        found += result[rows] if rows else result
        start = answer.get("next")
    return found


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("table", ENTITIES.values())
async def test_every_crm_row_means_what_is_true(client, table, touched):
    world = client.portal.world
    if touched:  # rows that were edited are written another way than rows that never were
        for row in list(world.truth(table)):
            world.bind(table, row["ID"])
    entity = next(name for name, value in ENTITIES.items() if value == table)
    found = await pages(client, f"crm.{entity}.list", "", select=EVERY, order={"ID": "ASC"})
    columns = world.tables[table].columns
    for row, true in zip(found, world.truth(table), strict=True):
        assert {name: decode(columns[name], row.get(name)) for name in true} == true


@pytest.mark.parametrize("table", ["users", "departments"])
async def test_every_user_and_department_means_what_is_true(client, table):
    method = {"users": "user.get", "departments": "department.get"}[table]
    columns = client.portal.world.tables[table].columns
    for row, true in zip(await client.result(method), client.portal.world.truth(table), strict=True):
        assert {name: decode(columns[name], row.get(name)) for name in true} == true


async def test_every_task_means_what_is_true(client):
    from bitsheet_tui.portal.demo.tasklist import camel

    columns = client.portal.world.tables["tasks"].columns
    select = ["*", "UF_CRM_TASK", "TAGS"]
    found = await pages(client, "tasks.task.list", "tasks", select=select, order={"ID": "asc"})
    for row, true in zip(found, client.portal.world.truth("tasks"), strict=True):
        assert {name: decode(columns[name], row[camel(name)]) for name in true} == true


@pytest.mark.parametrize("table", ["deals", "leads", "contacts", "companies", "activities", "tasks"])
def test_a_row_from_a_template_is_the_row_written_out(client, table):
    office = client.portal.office
    family = "task" if table == "tasks" else "crm"
    names = [
        column.name for column in client.portal.world.tables[table].columns.values() if not column.hidden
    ]
    shape = office.shape(table, names, family)
    target = client.portal.world.tables[table]
    for id_ in target.ids.upward(1, target.ids.last):
        assert shape.write(id_) == encode(shape.plainly(target.raw(id_)))


async def test_the_crm_writes_everything_as_text_in_the_servers_zone(client):
    world = client.portal.world
    world.edit(
        "deals", 1, OPPORTUNITY=1000000, DATE_CREATE=datetime(2024, 8, 30, 12, 29, tzinfo=UTC),
        BEGINDATE=date(2024, 8, 30), CLOSEDATE=None, CLOSED=True, QUOTE_ID=None, CATEGORY_ID=0, PROBABILITY=7,
        UF_CRM_1700000004=True, UF_CRM_1700000005=43, UF_CRM_1700000006=[51, 53], UF_CRM_1700000007=None,
        UF_CRM_1700000009="100|EUR", UF_CRM_1700000010="CO_5", UF_CRM_1700000011=7, UF_CRM_1700000013=[],
    )  # fmt: skip
    row = (await client.result("crm.deal.list", filter={"ID": 1}, select=["*", "UF_*"]))[0]
    expected = {
        "ID": "1",
        "OPPORTUNITY": "1000000.00",
        "DATE_CREATE": "2024-08-30T15:29:00+03:00",
        "BEGINDATE": "2024-08-30T03:00:00+03:00",
        "CLOSEDATE": "",
        "CLOSED": "Y",
        "QUOTE_ID": None,
        "CATEGORY_ID": "0",
        "PROBABILITY": "7",
        "UF_CRM_1700000004": "1",
        "UF_CRM_1700000005": "43",
        "UF_CRM_1700000006": [51, 53],
        "UF_CRM_1700000007": "",
        "UF_CRM_1700000009": "100|EUR",
        "UF_CRM_1700000010": "CO_5",
        "UF_CRM_1700000011": "7",
        "UF_CRM_1700000013": False,
    }
    assert {name: row[name] for name in expected} == expected


async def test_a_day_west_of_greenwich_is_printed_as_the_evening_before(start):
    client = await start(Settings(server_zone=ZoneInfo("America/New_York")))
    client.portal.world.edit("deals", 1, BEGINDATE=date(2024, 8, 30))
    row = (await client.result("crm.deal.list", filter={"ID": 1}))[0]
    assert row["BEGINDATE"] == "2024-08-29T20:00:00-04:00"
    assert await client.ids("crm.deal.list", filter={"BEGINDATE": "2024-08-30T12:00:00-04:00"}) == [1]


async def test_a_file_has_a_link_with_the_webhook_in_it(client):
    client.portal.world.edit("contacts", 1, PHOTO=55)
    photo = (await client.result("crm.contact.list", filter={"ID": 1}))[0]["PHOTO"]
    assert photo.keys() == {"id", "showUrl", "downloadUrl"}
    assert photo["id"] == 55
    assert f"/rest/1/{client.portal.office.code}/" in photo["downloadUrl"]


async def test_tasks_print_the_users_zone_with_the_offset_of_today(start, clock):
    client = await start(Settings(user_zone=ZoneInfo("Europe/Berlin")))
    client.portal.world.edit("tasks", 1, CREATED_DATE=datetime(2025, 7, 1, 10, 0, tzinfo=UTC), DEADLINE=None)
    task = (await client.result("tasks.task.list", filter={"ID": 1}))["tasks"][0]
    assert task["createdDate"] == "2025-07-01T12:00:00+01:00"  # summer's clock, winter's offset: an hour off
    assert task["deadline"] is None
    clock.advance(60 * 86_400)
    task = (await client.result("tasks.task.list", filter={"ID": 1}))["tasks"][0]
    assert task["createdDate"] == "2025-07-01T12:00:00+02:00"


async def test_tasks_write_ids_as_text_and_chats_as_numbers(client):
    world = client.portal.world
    world.edit("tasks", 1, GROUP_ID=0, AUDITORS=["3"], ACCOMPLICES=[], CHAT_ID=77, TAGS=[], UF_CRM_TASK=[])
    task = (await client.result("tasks.task.list", filter={"ID": 1}, select=["*", "UF_CRM_TASK", "TAGS"]))[
        "tasks"
    ][0]
    assert (task["id"], task["groupId"], task["chatId"]) == ("1", "0", 77)
    assert (task["group"], task["accomplices"], task["accomplicesData"], task["tags"]) == ([], [], [], [])
    assert task["auditorsData"].keys() == {"3"}
    assert task["ufCrmTask"] is False
    assert task["responsible"]["id"] == task["responsibleId"]


async def test_a_renamed_user_is_renamed_in_tasks_too(client):
    world = client.portal.world
    world.edit("tasks", 1, RESPONSIBLE_ID=2)
    await client.result("tasks.task.list")
    world.edit("users", 2, NAME="Neue", LAST_NAME="Person")
    tasks = (await client.result("tasks.task.list", filter={"RESPONSIBLE_ID": 2}))["tasks"]
    assert {task["responsible"]["name"] for task in tasks} == {"Neue Person"}


async def test_users_leave_out_what_is_null_and_show_two_dates_as_empty_objects(client):
    found = await client.result("user.get")
    assert len({frozenset(row) for row in found}) > 1
    assert all(row["TIMESTAMP_X"] == {} == row["LAST_ACTIVITY_DATE"] for row in found)
    assert all(isinstance(row["ACTIVE"], bool) and isinstance(row["ID"], str) for row in found)
    assert all(value is not None for row in found for value in row.values())
    assert isinstance((await client.result("user.current"))["TIMESTAMP_X"], str)


async def test_the_root_department_has_no_parent(client):
    root, child = (await client.result("department.get"))[:2]
    assert "PARENT" not in root
    assert (child["PARENT"], type(child["SORT"])) == ("1", int)


async def test_narrower_scopes_show_fewer_fields_of_users(start):
    brief = await start(Settings(scopes=("user_brief",)))
    basic = await start(Settings(scopes=("user_basic",)))
    full = await start()
    keys = [set().union(*await each.result("user.get")) for each in (brief, basic, full)]
    assert keys[0] < keys[1] < keys[2]
    assert "EMAIL" not in keys[0]


async def test_empty_objects_of_activities_are_lists(client):
    found = await client.result("crm.activity.list")
    assert {type(row["SETTINGS"]) for row in found} == {list, dict}
    assert "COMMUNICATIONS" not in found[0]


async def test_get_gives_every_value_and_contact_details_without_being_asked(client):
    person = next(row for row in client.portal.world.truth("contacts") if row["PHONE"])
    row = await client.result("crm.contact.get", id=person["ID"])
    assert row["PHONE"] == person["PHONE"]
    assert "UF_CRM_1700000001" in row
    assert "COMPANY_IDS" not in row


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.deal.get", {"id": 0}, "ID is not defined or invalid."),
        ("crm.deal.get", {}, "ID is not defined or invalid."),
        ("crm.deal.get", {"id": 7}, "Not found"),
        ("crm.activity.get", {"id": 10**6}, ""),
    ],
)
async def test_what_cannot_be_got_is_refused_in_the_crms_way(client, method, params, said):
    response = await client.post(method, params)
    assert response.status_code == 400
    assert response.json() == {"error": "", "error_description": said}


async def test_a_task_that_is_not_there_is_an_empty_success(client):
    response = await client.post("tasks.task.get", {"taskId": 10**6})
    assert (response.status_code, response.json()["result"]) == (200, [])
    assert (await client.ask("tasks.task.get", ID=1))["error"] == "100"
    assert (await client.ask("tasks.task.get", taskId=1, select="x"))["error"] == "100"
    assert (await client.result("tasks.task.get", taskId=1))["task"]["id"] == "1"


async def test_a_new_field_is_described_listed_and_written(client):
    options = ((1, "yes"), (2, "no"))
    column = Column(
        name="UF_CRM_X", type="enumeration", title="New", custom=True, number=500, options=options
    )
    await client.result("crm.deal.list", select=["UF_*"])
    client.portal.world.add_field("deals", column)
    client.portal.world.edit("deals", 1, UF_CRM_X=2)
    assert (await client.result("crm.deal.fields"))["UF_CRM_X"]["items"][0] == {"ID": "1", "VALUE": "yes"}
    rows = await client.result("crm.deal.list", select=["UF_*"], order={"ID": "ASC"})
    assert [row["UF_CRM_X"] for row in rows[:2]] == ["2", None]
    described = await client.result("crm.deal.userfield.list", filter={"FIELD_NAME": "UF_CRM_X"})
    assert [option["VALUE"] for option in described[0]["LIST"]] == ["yes", "no"]
    assert "EDIT_FORM_LABEL" not in described[0]
    labelled = await client.result("crm.deal.userfield.list", filter={"LANG": "en"}, order={"ID": "DESC"})
    assert labelled[0]["EDIT_FORM_LABEL"] == "New"
    client.portal.world.change_field("deals", Column(name="UF_CRM_X", type="string", custom=True))
    assert (await client.result("crm.deal.fields"))["UF_CRM_X"]["type"] == "string"
    assert (await client.result("crm.deal.list", filter={"ID": 1}, select=["UF_*"]))[0]["UF_CRM_X"] == "2"
    client.portal.world.remove_field("deals", "UF_CRM_X")
    assert "UF_CRM_X" not in (await client.result("crm.deal.list", select=["UF_*"]))[0]


def test_no_value_is_none_whatever_its_spelling():
    assert [truth(Column(name="A", type="string"), raw) for raw in ("", None, "0")] == [None, None, "0"]
    assert [truth(Column(name="A", type="user"), raw) for raw in (0, None, 5)] == [None, None, 5]
    assert truth(Column(name="CATEGORY_ID", type="crm_category"), 0) == 0
    assert truth(Column(name="A", type="string", multiple=True), []) is None
    assert truth(Column(name="A", type="boolean"), False) is False


async def test_an_empty_portal_answers_with_empty_lists(start):
    client = await start(size=Size(scale=0))
    answer = await client.ask("crm.deal.list")
    assert (answer["result"], answer["total"]) == ([], 0)
    assert await client.result("tasks.task.list") == {"tasks": []}
