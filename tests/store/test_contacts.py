"""Phones and addresses are there twice: as JSON in the row, and one a row in contact_points."""

from __future__ import annotations

import json
from datetime import timedelta

from bitsheet_tui.store import contacts
from tests.support.store_rows import NOW, TABLES

CONTACTS = TABLES["contacts"]


def phone(id_, value="+1", type_="WORK"):
    return {"ID": str(id_), "VALUE_TYPE": type_, "VALUE": value, "TYPE_ID": "PHONE"}


def contact(id_, **values):
    return {"ID": str(id_), "NAME": "Ann", **values}


def commit(store, *rows):
    return store.commit(CONTACTS, rows, None, at=NOW, cycle=1)


def living(rows):
    return rows(
        "SELECT owner_table, owner_id, id, type, value_type, value FROM contact_points"
        " WHERE _deleted_at IS NULL ORDER BY owner_id, id"
    )


def test_each_detail_is_a_row(store, rows):
    mail = {"ID": "8", "VALUE_TYPE": "WORK", "VALUE": "a@b.c", "TYPE_ID": "EMAIL"}
    commit(store, contact(1, PHONE=[phone(6), phone(7, "+2", "HOME")], EMAIL=[mail]), contact(2))
    assert living(rows) == [
        ("contacts", 1, 6, "PHONE", "WORK", "+1"),
        ("contacts", 1, 7, "PHONE", "HOME", "+2"),
        ("contacts", 1, 8, "EMAIL", "WORK", "a@b.c"),
    ]
    ((stored,),) = rows("SELECT phone FROM contacts WHERE id = 1")
    assert json.loads(stored) == [phone(6), phone(7, "+2", "HOME")]


def test_details_follow_the_row(store, rows):
    commit(store, contact(1, PHONE=[phone(6), phone(7)]), contact(2, PHONE=[phone(9)]))
    commit(store, contact(1, PHONE=[phone(7, "+3"), phone(8)]))
    assert [(owner, id_, value) for _, owner, id_, _, _, value in living(rows)] == [
        (1, 7, "+3"), (1, 8, "+1"), (2, 9, "+1"),
    ]  # fmt: skip
    assert rows("SELECT id FROM contact_points WHERE _deleted_at IS NOT NULL") == [(6,)]
    commit(store, contact(1, PHONE=False))
    assert [owner for _, owner, *_ in living(rows)] == [2]


def test_only_a_detail_that_changed_says_that_it_did(store, rows):
    later = NOW + timedelta(hours=1)
    commit(store, contact(1, PHONE=[phone(6), phone(7), phone(8)]))
    store.commit(CONTACTS, [contact(1, PHONE=[phone(6), phone(7, "+3")])], None, at=later, cycle=2)
    (six, seven, eight) = rows("SELECT _synced_at FROM contact_points ORDER BY id")
    assert six < seven == eight


def test_a_row_that_changed_elsewhere_leaves_its_details_alone(store, rows):
    commit(store, contact(1, PHONE=[phone(6)]))
    store._database.write(lambda: store._database.execute("UPDATE contact_points SET value = 'kept'"))
    assert commit(store, contact(1, PHONE=[phone(6)], NAME="Bo")).updated == 1
    assert [value for *_, value in living(rows)] == ["kept"]


def test_details_go_and_come_with_their_row(store, rows):
    commit(store, contact(1, PHONE=[phone(6)]), contact(2, PHONE=[phone(7)]))
    store.sweep(CONTACTS, {2}, None, at=NOW, cycle=1)
    assert [owner for _, owner, *_ in living(rows)] == [2]
    commit(store, contact(1, PHONE=[phone(6)]))
    assert [owner for _, owner, *_ in living(rows)] == [1, 2]


def test_details_in_any_shape_do_no_harm():
    odd = {
        "PHONE": [phone("x", "+1"), {"VALUE": "a\0b"}, "text", None, {"VALUE": [[[1]]], "ID": 2**70}],
        "EMAIL": {"n0": {"ID": 5, "VALUE": "a@b.c"}},
        "WEB": False,
    }
    assert contacts.points(odd, ("PHONE", "EMAIL", "WEB", "IM")) == [
        (-1, "PHONE", "WORK", "+1"),
        (-2, "PHONE", None, "a\N{REPLACEMENT CHARACTER}b"),
        (-3, "PHONE", None, "[[[1]]]"),
        (5, "EMAIL", None, "a@b.c"),
    ]
