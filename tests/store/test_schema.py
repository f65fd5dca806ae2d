"""The portal's fields become columns, and whatever the portal does to them, no row is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Store, names, schema
from bitsheet_tui.store.schema import Drift
from bitsheet_tui.tables import Table
from tests.support import hostile_values
from tests.support.store_rows import DEAL, NOW, SHAPES, TABLES, deal, query

DEALS = TABLES["deals"]


def text(name: str) -> Field:
    return Field(name=name, kind=Kind.TEXT)


def columns_of(store: Store, table: str = "deals") -> list[str]:
    database = store._database
    return [column.name for column in database.read(lambda: database.peewee.get_columns(table))]


def test_columns_are_named_after_the_fields_in_lower_case(store):
    assert columns_of(store) == [
        *(field.name.lower() for field in DEAL), "_synced_at", "_deleted_at",
    ]  # fmt: skip


def test_types_are_those_of_the_kinds(store, rows):
    if store.label.startswith("sqlite"):
        found = dict(rows("SELECT name, type FROM pragma_table_info('deals')"))
        instant, integer, json_, date_ = "TEXT", "INTEGER", "TEXT", "DATE"
    else:
        found = dict(
            rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'deals'")
        )
        instant, integer, json_, date_ = "timestamp with time zone", "bigint", "jsonb", "date"
    assert {name: type_.lower() for name, type_ in found.items()} == {
        "id": integer.lower(), "title": "text", "opportunity": "numeric", "category_id": integer.lower(),
        "company_id": integer.lower(), "closed": "boolean", "date_modify": instant.lower(),
        "begindate": date_.lower(), "uf_crm_list": json_.lower(), "_synced_at": instant.lower(),
        "_deleted_at": instant.lower(),
    }  # fmt: skip


def test_the_id_is_the_primary_key_whatever_the_portal_calls_it(open_store):
    store = open_store()
    store.shape(DEALS, [text("TITLE"), Field(name="ID", kind=Kind.TEXT)])
    store.commit(DEALS, [{"ID": "7", "TITLE": "x"}], None, at=NOW, cycle=1)
    assert query(store, "SELECT id FROM deals") == [(7,)]
    store.shape(TABLES["contacts"], [text("NAME")])
    assert columns_of(store, "contacts")[0] == "id"


def test_a_new_field_becomes_a_column_and_is_told(store, rows):
    store.commit(DEALS, [deal(1)], None, at=NOW, cycle=1)
    assert store.shape(DEALS, DEAL) == Drift()
    assert store.shape(DEALS, (*DEAL, text("UF_NEW"))).added == ("uf_new",)
    assert store.shape(DEALS, (*DEAL, text("UF_NEW"))) == Drift()
    store.commit(DEALS, [deal(1), deal(2, UF_NEW="x")], None, at=NOW, cycle=1)
    assert rows("SELECT id, uf_new FROM deals ORDER BY id") == [(1, None), (2, "x")]


def test_a_field_that_disappears_keeps_its_column_and_its_old_values(store, rows):
    store.commit(DEALS, [deal(1), deal(2)], None, at=NOW, cycle=1)
    without = tuple(field for field in DEAL if field.name != "TITLE")
    assert store.shape(DEALS, without) == Drift(retired=("title",))
    store.commit(DEALS, [deal(1), deal(2, CLOSED="Y"), deal(3)], None, at=NOW, cycle=1)
    assert rows("SELECT id, title FROM deals ORDER BY id") == [(1, "Deal 1"), (2, None), (3, None)]
    assert [
        bool(row[0])
        for row in rows(
            "SELECT retired_at IS NOT NULL FROM bitsheet_columns WHERE table_name = 'deals' AND field = 'TITLE'"
        )
    ] == [True]
    assert "TITLE" not in {field.name for field in store.shapes()["deals"]}


def test_a_field_that_returns_has_its_column_again(store, rows):
    store.shape(DEALS, DEAL[:1])
    assert "title" in store.shape(DEALS, DEAL).added
    store.commit(DEALS, [deal(1)], None, at=NOW, cycle=1)
    assert rows("SELECT title FROM deals") == [("Deal 1",)]


def test_the_shapes_survive_a_restart(store, open_store):
    shapes = store.shapes()
    fields = (*DEAL[:2], Field(name="UF_X", kind=Kind.JSON, title="Икс", type="enumeration", multiple=True,
                               values=(("1", "one"), ("2", "two"))))  # fmt: skip
    store.shape(DEALS, fields)
    store.close()
    again = open_store()
    assert again.shapes() == {**shapes, "deals": fields}
    again.commit(DEALS, [deal(1, UF_X=[1])], None, at=NOW, cycle=1)
    assert query(again, "SELECT title, uf_x FROM deals") == [("Deal 1", "[1]")]


def test_new_titles_and_values_are_remembered_without_new_columns(store):
    fields = (DEAL[0], Field(name="TITLE", kind=Kind.TEXT, title="Other", values=(("1", "a"),)), *DEAL[2:])
    assert store.shape(DEALS, fields) == Drift()
    assert store.shapes()["deals"] == fields


@pytest.mark.parametrize(
    ("field", "kind", "new", "before", "after"),
    [
        ("OPPORTUNITY", Kind.TEXT, "many", "1000.5", "many"),
        ("CATEGORY_ID", Kind.TEXT, "C9", "0", "C9"),
        ("CATEGORY_ID", Kind.JSON, [1, 2], "0", "[1,2]"),
        ("UF_CRM_LIST", Kind.INTEGER, "15", '["a","b"]', "15"),
        ("BEGINDATE", Kind.INTEGER, "15", "2024-08-30", "15"),
        ("CLOSED", Kind.TEXT, "D", "N", "D"),
    ],
    ids=str,
)
def test_a_field_that_changes_its_type_is_widened_with_the_values_it_has(
    store, rows, field, kind, new, before, after
):
    column = field.lower()
    store.commit(DEALS, [deal(1), deal(2)], None, at=NOW, cycle=1)
    changed = tuple(Field(name=f.name, kind=kind) if f.name == field else f for f in DEAL)
    assert store.shape(DEALS, changed) == Drift(widened=(column,))
    done = store.commit(DEALS, [deal(2, **{field: new})], None, at=NOW, cycle=1)
    assert (done.updated, done.quarantined) == (1, 0)
    again = store.commit(DEALS, [deal(2, **{field: new})], None, at=NOW, cycle=1)
    assert again.unchanged == 1
    (one, two) = rows(f"SELECT {column} FROM deals ORDER BY id")
    assert (one[0].replace(" ", "").removesuffix("0").replace("1000.50", "1000.5") or "0", two[0]) == (
        before.removesuffix("0") or "0", after,
    )  # fmt: skip
    assert rows(f"SELECT {column} FROM v_deals WHERE id = 2") == [(after,)]
    assert store.shape(DEALS, changed) == Drift()
    assert store.shape(DEALS, DEAL).widened == ()
    assert {f.name: f.kind for f in store.shapes()["deals"]}[field] is Kind.TEXT


def test_an_indexed_field_can_be_widened(store, rows):
    changed = tuple(text("DATE_MODIFY") if f.name == "DATE_MODIFY" else f for f in DEAL)
    store.shape(DEALS, changed)
    store.commit(DEALS, [deal(1, DATE_MODIFY="yesterday")], None, at=NOW, cycle=1)
    assert rows("SELECT date_modify FROM deals") == [("yesterday",)]


def test_an_integer_that_turns_out_to_be_a_reference_stays_a_number(store, rows):
    changed = tuple(Field(name=f.name, kind=Kind.REFERENCE) if f.name == "CATEGORY_ID" else f for f in DEAL)
    store.shape(DEALS, changed)
    store.commit(DEALS, [deal(1, CATEGORY_ID="0"), deal(2, CATEGORY_ID="5")], None, at=NOW, cycle=1)
    assert rows("SELECT category_id FROM deals ORDER BY id") == [(None,), (5,)]


def test_hostile_names_are_columns_that_work_and_do_no_harm(store, rows):
    fields = (*DEAL, *(text(name) for name in hostile_values.NAMES))
    added = store.shape(DEALS, fields).added
    assert len(set(added)) == len(hostile_values.NAMES)
    assert store.shape(DEALS, (*fields, text("a\0b"), text("\ud800"), text(""))) == Drift()
    assert all(names.is_safe(name) for name in added)
    values = {name: f"value {n}" for n, name in enumerate(hostile_values.NAMES)}
    store.commit(DEALS, [deal(1, **values)], None, at=NOW, cycle=1)
    assert store.commit(DEALS, [deal(1, **values)], None, at=NOW, cycle=1).unchanged == 1
    chosen = dict(rows("SELECT field, column_name FROM bitsheet_columns WHERE table_name = 'deals'"))
    for name in hostile_values.NAMES:
        known = chosen[name]
        assert (
            rows(f'SELECT "{known}" FROM deals')
            == rows(f'SELECT "{known}" FROM v_deals')
            == [(values[name],)]
        )


def test_twins_keep_their_columns_whatever_order_the_portal_names_them_in(open_store):
    store = open_store()
    store.shape(DEALS, [text("uf_a"), text("UF_A")])
    store.commit(DEALS, [{"ID": 1, "UF_A": "upper", "uf_a": "lower"}], None, at=NOW, cycle=1)
    assert query(store, "SELECT uf_a FROM deals") == [("upper",)]
    store.shape(DEALS, [text("UF_A"), text("uf_a"), text("Uf_a")])
    store.commit(DEALS, [{"ID": 2, "UF_A": "upper", "uf_a": "lower"}], None, at=NOW, cycle=1)
    assert query(store, "SELECT count(*) FROM deals WHERE uf_a = 'upper'") == [(2,)]


def test_more_fields_than_a_table_can_have_columns_overflow_into_one(open_store):
    store = open_store()
    many = [*(text(f"UF_{n}") for n in range(2099)), Field(name="UF_2099", kind=Kind.JSON)]
    store.shape(DEALS, [*DEAL, *many])
    row = deal(1, **{field.name: field.name for field in many[::7]}, UF_2099=[{"b": 1, "a": 2}])
    assert store.commit(DEALS, [row], None, at=NOW, cycle=1).inserted == 1
    assert store.commit(DEALS, [row], None, at=NOW, cycle=1).unchanged == 1
    widest = store._database.dialect.widest
    ((extra,),) = query(store, "SELECT extra FROM deals")
    kept = json.loads(extra)
    assert len(columns_of(store)) < widest + 10
    assert kept.pop("UF_2099") == [{"a": 2, "b": 1}]
    assert len(kept) > (2100 - widest) // 7
    assert all(name == value for name, value in kept.items())
    row[next(iter(kept))] = "changed"
    assert store.commit(DEALS, [row], None, at=NOW, cycle=1).updated == 1
    assert store.shape(DEALS, [*DEAL, *many, text("UF_ONE_MORE")]).added == ("extra",)


def test_of_more_fields_than_columns_the_needed_ones_have_columns(open_store):
    store, contacts = open_store(), TABLES["contacts"]
    described = SHAPES["contacts"]
    store.shape(contacts, [*(text(f"UF_{n}") for n in range(2000)), *described])
    assert {field.column for field in described} - {"name"} <= set(columns_of(store, "contacts"))
    phone = [{"ID": "3", "VALUE": "+7", "TYPE_ID": "PHONE"}]
    store.commit(contacts, [{"ID": "1", "PHONE": phone}], None, at=NOW, cycle=1)
    assert query(store, "SELECT id, type, value FROM contact_points") == [(3, "PHONE", "+7")]


def test_change_times_and_deleted_rows_are_indexed(store, rows):
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'deals'"
        if store.label.startswith("sqlite")
        else "SELECT indexname FROM pg_indexes WHERE tablename = 'deals'"
    )
    assert {"deals_date_modify", "deals_deleted"} <= {name for (name,) in rows(catalogue)}


@pytest.mark.parametrize("name", ['x"; DROP TABLE deals; --', "", "1st", "имя", "x" * 64])
def test_a_table_with_an_unsafe_name_is_refused(store, name):
    with pytest.raises(Exception, match="cannot be the name of a table"):
        store.shape(Table(name=name, method="m"), [text("A")])


@given(st.lists(st.text(), unique=True))
def test_every_name_becomes_a_safe_one_and_no_two_are_alike(fields):
    taken: set[str] = set()
    for field in fields:
        name = names.column_name(field, taken)
        assert names.is_safe(name)
        assert len(name.encode()) <= 63
        assert name not in taken
        taken.add(name)


def test_a_plan_says_what_is_new_and_what_is_gone():
    known = schema.plan(DEALS, DEAL, (), widest=100).columns
    plan = schema.plan(DEALS, (*DEAL[:2], text("UF_NEW")), known, widest=100)
    assert [column.name for column in plan.added] == ["uf_new"]
    assert [column.name for column in plan.columns if column.retired] == [f.column for f in DEAL[2:]]
    assert plan.changed
    assert not schema.plan(DEALS, (*DEAL[:2], text("UF_NEW")), plan.columns, widest=100).changed
