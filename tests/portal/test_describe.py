from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, Reason, TableRefused
from bitsheet_tui.fields import Kind
from bitsheet_tui.portal import describe
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.tables import CATALOGUE

TABLES = {table.name: table for table in CATALOGUE}


def crm(type_, **more):
    return {"type": type_, "isMultiple": False, "title": "Title", **more}


def kinds(table, result):
    return {field.name: field.kind for field in describe.fields(TABLES[table], result)}


def answer(result):
    return Answer(result=result, started=datetime(2026, 1, 1, tzinfo=UTC), seconds=0.1)


def test_every_table_that_can_be_described_is_asked_for():
    asked = {key: ask.method for key, ask in describe.asks(CATALOGUE).items()}
    assert asked["fields_deals"] == "crm.deal.fields"
    assert asked["fields_tasks"] == "tasks.task.getFields"
    assert len(asked) == 8
    assert "fields_task_comments" not in asked


def test_a_smart_process_is_described_by_its_number():
    table = replace(TABLES["deals"], name="contracts", fixed={"entityTypeId": 174, "useOriginalUfNames": "Y"})
    assert describe.asks([table])["fields_contracts"].params == {"entityTypeId": 174}


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("integer", Kind.INTEGER), ("crm_category", Kind.INTEGER), ("crm_enum_ownertype", Kind.INTEGER),
        ("user", Kind.REFERENCE), ("employee", Kind.REFERENCE), ("crm_company", Kind.REFERENCE),
        ("crm_entity", Kind.REFERENCE), ("location", Kind.REFERENCE), ("iblock_element", Kind.REFERENCE),
        ("enumeration", Kind.REFERENCE), ("mail_message", Kind.REFERENCE), ("double", Kind.NUMERIC),
        ("char", Kind.BOOLEAN), ("boolean", Kind.BOOLEAN), ("datetime", Kind.INSTANT), ("date", Kind.DATE),
        ("file", Kind.JSON), ("diskfile", Kind.JSON), ("disk_file", Kind.JSON), ("object", Kind.JSON),
        ("crm_activity_binding", Kind.JSON), ("crm_activity_communication", Kind.JSON),
        ("money", Kind.TEXT), ("address", Kind.TEXT), ("url", Kind.TEXT), ("crm", Kind.TEXT),
        ("crm_status", Kind.TEXT), ("crm_currency", Kind.TEXT), ("string", Kind.TEXT),
        ("invented_yesterday", Kind.TEXT),
    ],
)  # fmt: skip
def test_each_type_of_the_portal_has_its_kind(type_, kind):
    assert kinds("deals", {"UF_CRM_1": crm(type_)})["UF_CRM_1"] is kind


def test_whatever_holds_several_values_is_json():
    field = describe.fields(
        TABLES["deals"], {"ID": crm("integer"), "UF_CRM_1": crm("integer", isMultiple=True)}
    )[1]
    assert (field.kind, field.multiple, field.type) == (Kind.JSON, True, "integer")


def test_an_integer_that_is_an_id_is_a_reference():
    found = kinds("activities", {"OWNER_ID": crm("integer"), "NOTIFY_VALUE": crm("integer")})
    assert found["OWNER_ID"] is Kind.REFERENCE
    assert found["NOTIFY_VALUE"] is Kind.INTEGER


def test_a_field_that_is_described_has_a_column_whether_it_is_ever_returned_or_not():
    found = kinds("leads", {"ID": crm("integer"), "CONTACT_IDS": crm("crm_contact", isMultiple=True)})
    assert found["CONTACT_IDS"] is Kind.JSON


def test_only_the_contact_details_that_are_selected_become_fields():
    phone = crm("crm_multifield", isMultiple=True)
    assert set(kinds("leads", {"ID": crm("integer"), "PHONE": phone, "FAX": phone})) == {"ID", "PHONE"}
    assert set(kinds("deals", {"ID": crm("integer"), "PHONE": phone})) == {"ID"}


def test_a_custom_field_is_called_what_people_call_it():
    raw = crm("string", title="UF_CRM_1", listLabel="Short", formLabel="Contract number")
    field = describe.fields(TABLES["deals"], {"UF_CRM_1": raw})[-1]
    assert field.title == "Contract number"
    assert describe.fields(TABLES["deals"], {"X": crm("string", title=None)})[-1].title == ""


def test_the_options_of_an_enumeration_keep_their_texts():
    items = [{"ID": "45", "VALUE": "Red"}, {"ID": 46, "VALUE": "Blue"}]
    field = describe.fields(TABLES["deals"], {"UF_CRM_1": crm("enumeration", items=items)})[-1]
    assert field.values == (("45", "Red"), ("46", "Blue"))


TASKS = {
    "fields": {
        "ID": {"title": "ID", "type": "integer", "primary": True},
        "GROUP_ID": {"title": "Project", "type": "integer", "default": 0},
        "TIME_ESTIMATE": {"title": "Estimate", "type": "integer"},
        "MARK": {
            "title": "Rating",
            "type": "enum",
            "values": {"N": "Negative", "P": "Positive"},
            "default": None,
        },
        "PRIORITY": {"title": "Priority", "type": "enum", "values": {"2": "High", "0": "Low"}, "default": 1},
        "MULTITASK": {"title": None, "type": "enum", "values": {"Y": "Yes", "N": "No"}, "default": "N"},
        "FORKED_BY_TEMPLATE_ID": {"title": "", "type": "enum", "values": {"Y": "Yes", "N": "No"}},
        "DURATION_TYPE": {"title": "", "type": "enum", "values": ["secs", "days"], "default": "days"},
        "ACCOMPLICES": {"title": None, "type": "array"},
        "UF_CRM_TASK": {"title": "CRM", "type": "crm"},
        "UF_TASK_WEBDAV_FILES": {"title": "Files", "type": "disk_file"},
    }
}


def test_the_fields_of_tasks_are_read_from_their_own_description():
    found = kinds("tasks", TASKS)
    assert found["ID"] is Kind.INTEGER
    assert found["GROUP_ID"] is Kind.REFERENCE
    assert found["TIME_ESTIMATE"] is Kind.INTEGER
    assert found["MARK"] is Kind.TEXT
    assert found["PRIORITY"] is Kind.INTEGER
    assert found["MULTITASK"] is Kind.BOOLEAN
    assert found["DURATION_TYPE"] is Kind.TEXT
    assert found["ACCOMPLICES"] is Kind.JSON


def test_what_is_known_better_than_the_portal_describes_it_wins():
    found = kinds("tasks", TASKS)
    assert found["FORKED_BY_TEMPLATE_ID"] is Kind.REFERENCE
    assert found["UF_CRM_TASK"] is Kind.JSON
    assert found["CHAT_ID"] is Kind.REFERENCE  # the portal does not describe it at all


def test_a_list_of_values_is_codes_or_positions_as_its_default_says():
    values = {field.name: field.values for field in describe.fields(TABLES["tasks"], TASKS)}
    assert values["DURATION_TYPE"] == (("secs", "secs"), ("days", "days"))
    listed = {"fields": {"PRIORITY": {"type": "enum", "values": ["Low", "Medium", "High"], "default": 1}}}
    field = next(f for f in describe.fields(TABLES["tasks"], listed) if f.name == "PRIORITY")
    assert field.values == (("0", "Low"), ("1", "Medium"), ("2", "High"))
    assert field.kind is Kind.INTEGER


def test_users_have_titles_from_the_portal_and_kinds_from_us():
    result = {"ID": "ID", "ACTIVE": "Activity", "UF_USR_1700000000001": "Shoe size"}
    found = {field.name: field for field in describe.fields(TABLES["users"], result)}
    assert found["ACTIVE"].kind is Kind.BOOLEAN
    assert found["ACTIVE"].title == "Activity"
    assert found["UF_USR_1700000000001"].kind is Kind.TEXT
    assert found["UF_USR_1700000000001"].title == "Shoe size"
    assert found["LAST_LOGIN"].kind is Kind.INSTANT  # not described, known nevertheless


def test_a_smart_process_is_described_in_camel_case_and_stored_in_upper_case():
    result = {
        "fields": {"createdTime": {"type": "datetime", "upperName": "CREATED_TIME", "title": "Created"}}
    }
    assert kinds("deals", result)["CREATED_TIME"] is Kind.INSTANT


def test_comments_need_no_description():
    assert "POST_DATE" in kinds("task_comments", None)


def test_there_is_always_a_field_for_the_key():
    assert kinds("deals", {"TITLE": crm("string")})["ID"] is Kind.INTEGER


@pytest.mark.parametrize("result", [None, [], {}, "x", {"fields": []}, {"fields": {}}])
def test_a_description_of_nothing_is_refused(result):
    with pytest.raises(BadAnswer):
        describe.fields(TABLES["deals"], result if result != {"fields": []} else [])


def test_labels_and_values_become_rows_of_dictionaries():
    items = [{"ID": "45", "VALUE": "Red"}]
    fields = describe.fields(
        TABLES["deals"], {"UF_CRM_1": crm("enumeration", items=items, formLabel="Colour")}
    )
    rows = describe.labels({"deals": fields})
    assert rows["field_labels"][-1] == {
        "table_name": "deals", "field": "UF_CRM_1", "column_name": "uf_crm_1",
        "title": "Colour", "type": "enumeration", "multiple": False,
    }  # fmt: skip
    assert rows["enum_values"] == [
        {
            "table_name": "deals",
            "field": "UF_CRM_1",
            "column_name": "uf_crm_1",
            "value_id": "45",
            "value": "Red",
        }
    ]


def test_stages_and_pipelines_become_rows_of_dictionaries():
    status = {
        "ID": "101", "ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "New", "NAME_INIT": "New",
        "SORT": "10", "SYSTEM": "Y", "CATEGORY_ID": None, "COLOR": "#39A8EF", "SEMANTICS": None,
        "EXTRA": {"SEMANTICS": "process"}, "UNHEARD_OF": 1,
    }  # fmt: skip
    general = {"id": 0, "name": "General", "sort": 300, "entityTypeId": 2, "isDefault": "Y"}
    asked = describe.dictionary_asks()
    assert {ask.method for ask in asked.values()} == {"crm.status.list", "crm.category.list"}
    answers = {"statuses": answer([status]), "categories_2": answer({"categories": [general]})}
    assert asked.keys() == answers.keys()
    found = describe.dictionaries(answers)
    assert found["statuses"].rows[0]["status_id"] == "NEW"
    assert set(found["statuses"].rows[0]) == {
        "id", "entity_id", "status_id", "name", "name_init", "sort", "system", "category_id", "color",
        "semantics", "extra",
    }  # fmt: skip
    assert found["categories"].rows == [
        {"entity_type_id": 2, "id": 0, "name": "General", "sort": 300, "is_default": "Y"}
    ]


def test_a_refused_dictionary_leaves_the_other_one_alone():
    refused = TableRefused("no", reason=Reason.SCOPE)
    found = describe.dictionaries(
        {"statuses": refused, "categories_2": answer({"categories": []}), "profile": answer({})}
    )
    assert found == {"statuses": refused, "categories": describe.Dictionary([], whole=False)}
    assert isinstance(describe.dictionaries({"statuses": answer("x")})["statuses"], BadAnswer)


def test_pipelines_of_a_refused_kind_do_not_hide_those_of_the_others():
    refused = TableRefused("no", reason=Reason.GONE)
    one = {"id": 1, "entityTypeId": 174}
    for order in (("categories_2", "categories_174"), ("categories_174", "categories_2")):
        answers = {order[0]: refused, order[1]: answer({"categories": [one]})}
        found = describe.dictionaries(answers)["categories"]
        assert [row["id"] for row in found.rows] == [1]
        assert not found.whole
    assert (
        describe.dictionaries({"categories_2": refused, "categories_174": refused})["categories"] is refused
    )
