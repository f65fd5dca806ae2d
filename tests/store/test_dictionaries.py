"""Codes have names: dictionaries are kept current, and the views for people use them."""

from __future__ import annotations

import pytest

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Store
from tests.support.store_rows import CONTACT, DEAL, NOW, TABLES, TASK, deal, query, task

STATUSES = [
    {"id": "101", "entity_id": "DEAL_STAGE", "status_id": "NEW", "name": "New", "sort": "10", "system": "Y",
     "extra": {"SEMANTICS": "process", "COLOR": "#39A8EF"}},
    {"id": "102", "entity_id": "DEAL_STAGE_9", "status_id": "C9:NEW", "name": "Fresh"},
    {"id": "103", "entity_id": "SOURCE", "status_id": "WEB", "name": "Web site"},
    {"id": "104", "entity_id": "DEAL_STAGE_9", "status_id": "NEW", "name": "Not this one"},
]  # fmt: skip
CATEGORIES = [
    {"entity_type_id": 2, "id": 0, "name": "General", "sort": 300, "is_default": "Y"},
    {"entity_type_id": 2, "id": 9, "name": "Route", "sort": 200, "is_default": "N"},
    {"entity_type_id": 174, "id": 9, "name": "Other kind", "sort": 200, "is_default": "N"},
]
FULL_DEAL = (
    *DEAL,
    Field(name="STAGE_ID", kind=Kind.TEXT, type="crm_status"),
    Field(name="SOURCE_ID", kind=Kind.TEXT, type="crm_status"),
    Field(name="ASSIGNED_BY_ID", kind=Kind.REFERENCE, type="user"),
    Field(name="UF_CRM_SIZE", kind=Kind.REFERENCE, type="enumeration", values=(("44", "small"), ("45", "big"))),
    Field(
        name="UF_CRM_COLOURS", kind=Kind.JSON, type="enumeration", multiple=True,
        values=(("46", "red"), ("47", "it's 100% blue")),
    ),
    Field(name="ASSIGNED_BY_NAME", kind=Kind.TEXT),  # in the way of a name
)  # fmt: skip


def enum_rows(table, fields):
    return [
        {"table_name": table, "field": f.name, "column_name": f.column, "value_id": code, "value": text}
        for f in fields
        for code, text in f.values
    ]


@pytest.fixture
def people_store(store: Store) -> Store:
    store.shape(TABLES["deals"], FULL_DEAL)
    store.shape(TABLES["users"], TABLES["users"].fields)
    store.shape(
        TABLES["companies"], (Field(name="ID", kind=Kind.INTEGER), Field(name="TITLE", kind=Kind.TEXT))
    )
    store.fill_dictionary("statuses", STATUSES)
    store.fill_dictionary("categories", CATEGORIES)
    store.fill_dictionary("enum_values", enum_rows("deals", FULL_DEAL))
    return store


def test_a_dictionary_is_stored_and_follows_the_portal(store, rows):
    store.fill_dictionary("statuses", STATUSES)
    store.fill_dictionary("statuses", [{**STATUSES[0], "name": "Brand new"}, *STATUSES[1:3]])
    assert rows("SELECT id, name FROM statuses WHERE _deleted_at IS NULL ORDER BY id") == [
        (101, "Brand new"), (102, "Fresh"), (103, "Web site"),
    ]  # fmt: skip
    assert rows("SELECT id FROM statuses WHERE _deleted_at IS NOT NULL") == [(104,)]
    assert rows("SELECT op, row_id FROM bitsheet_changes WHERE table_name = 'statuses' ORDER BY seq") == [
        ("snapshot", None), ("snapshot", None), ("update", "101"), ("delete", "104"),
    ]  # fmt: skip


def test_a_dictionary_without_entries_is_empty(store, rows):
    store.fill_dictionary("categories", [])
    assert rows("SELECT count(*) FROM categories") == [(0,)]
    assert rows("SELECT op FROM bitsheet_changes WHERE table_name = 'categories'") == [("snapshot",)] * 2
    store.fill_dictionary("categories", CATEGORIES[:1])
    assert rows("SELECT op FROM bitsheet_changes WHERE table_name = 'categories'")[2:] == [("insert",)]


def test_pipelines_of_two_kinds_may_have_the_same_number(store, rows):
    store.fill_dictionary("categories", CATEGORIES)
    assert rows("SELECT name FROM categories WHERE id = 9 ORDER BY entity_type_id") == [
        ("Route",), ("Other kind",),
    ]  # fmt: skip


def test_labels_name_the_columns_as_they_are_in_the_mirror(store, rows):
    store.shape(
        TABLES["deals"], (*DEAL, Field(name="uf_a", kind=Kind.TEXT), Field(name="UF_A", kind=Kind.TEXT))
    )
    labels = [
        {"table_name": "deals", "field": name, "column_name": "uf_a", "title": "A", "type": "string", "multiple": False}
        for name in ("uf_a", "UF_A")
    ]  # fmt: skip
    store.fill_dictionary("field_labels", labels)
    (upper, lower) = rows("SELECT field, column_name FROM field_labels ORDER BY field COLLATE \"C\"" if
                          store.label.startswith("postgresql") else "SELECT field, column_name FROM field_labels ORDER BY field")  # fmt: skip
    assert upper == ("UF_A", "uf_a")
    assert lower[1].startswith("uf_a_")
    assert rows(f"SELECT count({lower[1]}) FROM deals") == [(0,)]


def test_dictionaries_are_not_counted_among_the_mirrored_tables(store):
    store.fill_dictionary("statuses", STATUSES)
    assert "statuses" not in {count.table for count in store.counts()}


def test_the_view_of_deals_has_names_beside_the_codes(people_store, rows):
    store = people_store
    store.commit(
        TABLES["users"], [{"ID": "5", "NAME": "Ann", "LAST_NAME": "Lee"}, {"ID": "6"}], None, at=NOW, cycle=1
    )
    store.commit(TABLES["companies"], [{"ID": "9", "TITLE": "Acme"}], None, at=NOW, cycle=1)
    store.commit(
        TABLES["deals"],
        [
            deal(1, STAGE_ID="NEW", CATEGORY_ID="0", SOURCE_ID="WEB", ASSIGNED_BY_ID="5", UF_CRM_SIZE="45",
                 UF_CRM_COLOURS=[46, 47]),
            deal(2, STAGE_ID="C9:NEW", CATEGORY_ID="9", ASSIGNED_BY_ID="6", UF_CRM_COLOURS="47"),
            deal(3, STAGE_ID="gone", CATEGORY_ID="99", ASSIGNED_BY_ID="99", COMPANY_ID="99", UF_CRM_SIZE="1"),
            deal(4),
        ],
        None, at=NOW, cycle=1,
    )  # fmt: skip
    store.bury(TABLES["deals"], [4], at=NOW, cycle=1)
    (taken,) = [column for column in columns_of(store, "v_deals") if column.startswith("assigned_by_name_")]
    names = f"stage_name, category_name, source_name, {taken}, company_title, uf_crm_size_name, uf_crm_colours_name"
    found = rows(f"SELECT id, {names} FROM v_deals ORDER BY id")
    assert [row[:-1] for row in found] == [
        (1, "New", "General", "Web site", "Ann Lee", "Acme", "big"),
        (2, "Fresh", "Route", None, None, "Acme", None),
        (3, None, None, None, None, None, None),
    ]
    assert set(found[0][-1].split(", ")) == {"red", "it's 100% blue"}
    assert found[1][-1] == "it's 100% blue"


def test_the_view_has_every_column_of_its_table(people_store):
    table, view = columns_of(people_store, "deals"), columns_of(people_store, "v_deals")
    assert table - view == {"_deleted_at"}


def test_a_view_works_before_anything_it_looks_up_is_there(store, rows):
    store.commit(TABLES["deals"], [deal(1)], None, at=NOW, cycle=1)
    assert rows("SELECT id, title FROM v_deals") == [(1, "Deal 1")]
    assert "category_name" not in columns_of(store, "v_deals")


def test_a_new_field_appears_in_the_view(store):
    store.shape(TABLES["deals"], (*DEAL, Field(name="UF_NEW", kind=Kind.TEXT)))
    assert "uf_new" in columns_of(store, "v_deals")


def test_a_view_is_not_made_again_when_nothing_changed(store, open_store, rows):
    before = rows("SELECT value FROM bitsheet_meta WHERE key = 'views'")
    store.shape(TABLES["deals"], DEAL)
    store.close()
    assert query(open_store(), "SELECT value FROM bitsheet_meta WHERE key = 'views'") == before


def test_tasks_show_their_status_and_their_people(store, rows):
    fields = (
        *TASK,
        Field(name="STATUS", kind=Kind.INTEGER, values=(("2", "pending"), ("5", "completed"))),
        Field(name="MULTITASK", kind=Kind.BOOLEAN, values=(("Y", "yes"), ("N", "no"))),
        Field(name="RESPONSIBLE_ID", kind=Kind.REFERENCE, type="integer"),
        Field(name="CREATED_BY", kind=Kind.REFERENCE, type="integer"),
    )
    store.shape(TABLES["users"], TABLES["users"].fields)
    store.shape(TABLES["tasks"], fields)
    store.fill_dictionary("enum_values", enum_rows("tasks", fields))
    store.commit(TABLES["users"], [{"ID": "5", "NAME": "Ann"}], None, at=NOW, cycle=1)
    values = {"STATUS": "5", "RESPONSIBLE_ID": "5", "CREATED_BY": "5", "MULTITASK": "N"}
    store.commit(TABLES["tasks"], [task(1, **values)], None, at=NOW, cycle=1)
    assert rows("SELECT status_name, responsible_name, created_by_name, multitask_name FROM v_tasks") == [
        ("completed", "Ann", "Ann", "no")
    ]


def test_a_person_of_a_deal_links_to_the_contact(store, rows):
    store.shape(TABLES["contacts"], (*CONTACT, Field(name="LAST_NAME", kind=Kind.TEXT)))
    store.shape(TABLES["deals"], (*DEAL, Field(name="CONTACT_ID", kind=Kind.REFERENCE)))
    store.commit(TABLES["contacts"], [{"ID": "3", "NAME": "Bo", "LAST_NAME": "Ek"}], None, at=NOW, cycle=1)
    store.commit(TABLES["deals"], [deal(1, CONTACT_ID="3")], None, at=NOW, cycle=1)
    assert rows("SELECT contact_name FROM v_deals") == [("Bo Ek",)]


def test_activities_say_in_words_what_they_are(open_store):
    store = open_store()
    numbers = ("OWNER_TYPE_ID", "TYPE_ID", "STATUS", "PRIORITY", "DIRECTION")
    fields = [Field(name=name, kind=Kind.INTEGER) for name in ("ID", *numbers)]
    store.shape(TABLES["activities"], fields)
    rows = [{"ID": 1, **dict.fromkeys(numbers, "2")}, {"ID": 2, **dict.fromkeys(numbers, "99")}, {"ID": 3}]
    store.commit(TABLES["activities"], rows, None, at=NOW, cycle=1)
    sql = "SELECT owner_type_name, type_name, status_name, priority_name, direction_name FROM v_activities"
    assert query(store, f"{sql} ORDER BY id") == [
        ("deal", "call", "done", "medium", "outgoing"), (None,) * 5, (None,) * 5,
    ]  # fmt: skip


def test_a_view_of_more_names_than_a_query_can_have_leaves_some_out(open_store):
    store = open_store()
    many = tuple(
        Field(name=f"UF_{n}", kind=Kind.REFERENCE, type="enumeration", values=(("1", "one"),))
        for n in range(1450)
    )
    store.fill_dictionary("enum_values", enum_rows("deals", many))
    store.shape(TABLES["deals"], (*DEAL, *many))
    store.commit(TABLES["deals"], [deal(1, UF_0="1")], None, at=NOW, cycle=1)
    assert query(store, "SELECT uf_0_name FROM v_deals") == [("one",)]
    assert len(columns_of(store, "v_deals")) > len(columns_of(store, "deals"))


def columns_of(store: Store, table: str) -> set[str]:
    database = store._database
    cursor = database.read(lambda: database.execute(f"SELECT * FROM {table} LIMIT 0"))
    return {column[0] for column in cursor.description}
