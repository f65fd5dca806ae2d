"""A page is stored as a whole with its checkpoint, and reading it again changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Checkpoint, Store, writer
from bitsheet_tui.store.feed import When
from tests.support.store_rows import CONTACT, DEAL, NOW, TABLES, deal, query, task

DEALS, TASKS = TABLES["deals"], TABLES["tasks"]
LATER = NOW + timedelta(hours=1)


def commit(store: Store, *rows, table=DEALS, checkpoint=None, at=NOW, cycle=1, filling=False):
    done = store.commit(table, rows, checkpoint, at=at, cycle=cycle, filling=filling)
    return done.inserted, done.updated, done.unchanged, done.quarantined


def lines(store: Store):
    """The feed: cycle, table, row, op, and what was before and after."""
    found = query(
        store, "SELECT cycle, table_name, row_id, op, before, after FROM bitsheet_changes ORDER BY seq"
    )
    return [(*line[:4], *(part and json.loads(part) for part in line[4:])) for line in found]


def told(store: Store):
    """Of each line of the feed the row, and what was after; of an insert the row alone."""
    return [(line[2], None if line[3] == "insert" else line[5]) for line in lines(store)]


def test_a_row_is_stored_with_its_types(store, rows):
    assert commit(store, deal(7, COMPANY_ID="0")) == (1, 0, 0, 0)
    (found,) = rows(
        "SELECT id, title, opportunity, category_id, company_id, closed, date_modify, begindate, uf_crm_list,"
        " _synced_at, _deleted_at FROM deals"
    )
    id_, title, amount, category, company, closed, modified, begun, list_, synced, deleted = found
    assert (id_, title, category, company, bool(closed), deleted) == (7, "Deal 7", 0, None, False, None)
    assert Decimal(str(amount)) == Decimal("1000.5")
    assert json.loads(list_) == ["a", "b"]
    if store.label.startswith("sqlite"):
        assert (modified, begun, synced) == (
            "2024-08-30T12:29:00+00:00", "2024-08-30", "2026-03-01T12:00:00+00:00",
        )  # fmt: skip
    else:
        assert (modified, begun, synced) == (
            datetime(2024, 8, 30, 12, 29, tzinfo=UTC),
            date(2024, 8, 30),
            NOW,
        )


def test_reading_again_changes_nothing(store, rows):
    page = [deal(n) for n in range(1, 51)]
    commit(store, *page)
    before = rows("SELECT * FROM deals ORDER BY id"), rows("SELECT * FROM bitsheet_changes ORDER BY seq")
    assert commit(store, *page, at=LATER, cycle=2) == (0, 0, 50, 0)
    assert before == (
        rows("SELECT * FROM deals ORDER BY id"),
        rows("SELECT * FROM bitsheet_changes ORDER BY seq"),
    )


@pytest.mark.parametrize(
    "spelling",
    [
        {"DATE_MODIFY": "2024-08-30T12:29:00+00:00"},  # the same moment in another offset
        {"OPPORTUNITY": "1000.5"},
        {"OPPORTUNITY": 1000.5},
        {"CLOSED": "0"},
        {"CATEGORY_ID": 0},
        {"COMPANY_ID": 9},
        {"TITLE": "Deal 7"},
        {"BEGINDATE": "2024-08-30"},
    ],
    ids=str,
)
def test_another_spelling_of_the_same_value_is_no_change(store, spelling):
    commit(store, deal(7))
    assert commit(store, deal(7, **spelling), at=LATER) == (0, 0, 1, 0)


@pytest.mark.parametrize("nothing", [None, "", False, [], {}], ids=repr)
def test_no_value_is_null_in_every_spelling(store, rows, nothing):
    names = ("TITLE", "OPPORTUNITY", "CATEGORY_ID", "COMPANY_ID", "DATE_MODIFY", "BEGINDATE", "UF_CRM_LIST")
    commit(store, deal(7, **dict.fromkeys(names, nothing)), {"ID": "8"})
    columns = ", ".join(name.lower() for name in names)
    assert rows(f"SELECT {columns} FROM deals ORDER BY id") == [(None,) * 7] * 2


def test_a_change_is_stored_and_dated(store, rows):
    commit(store, deal(7), deal(8))
    assert commit(store, deal(7, TITLE="New"), deal(8), at=LATER) == (0, 1, 1, 0)
    (seven, eight) = rows("SELECT title, _synced_at FROM deals ORDER BY id")
    assert (seven[0], eight[0]) == ("New", "Deal 8")
    assert str(seven[1])[:13].replace("T", " ") == "2026-03-01 13"
    assert str(eight[1])[:13].replace("T", " ") == "2026-03-01 12"


@pytest.mark.parametrize("count", [1, 99, 100, 101, 2500])
def test_pages_of_every_size_are_stored_and_updated(store, rows, count):
    assert commit(store, *(deal(n) for n in range(1, count + 1))) == (count, 0, 0, 0)
    assert commit(store, *(deal(n, TITLE="x") for n in range(1, count + 1))) == (0, count, 0, 0)
    assert rows("SELECT count(*), count(DISTINCT id) FROM deals WHERE title = 'x'") == [(count, count)]


def test_of_two_versions_in_one_page_the_last_wins(store, rows):
    assert commit(store, deal(7, TITLE="first"), deal(7, TITLE="last")) == (1, 0, 0, 0)
    assert rows("SELECT title FROM deals") == [("last",)]


def test_the_checkpoint_is_saved_with_the_rows(store, open_store):
    checkpoint = Checkpoint(
        table="deals", watermark=NOW, reach=10, floor=3, fill_started=NOW, scan_started=LATER, top=12,
        progress={"tail": 0, "DATE_MODIFY": 8},
    )  # fmt: skip
    assert store.checkpoint("deals") == Checkpoint(table="deals")
    commit(store, deal(8), checkpoint=checkpoint)
    assert store.checkpoint("deals") == checkpoint
    store.keep(replace(checkpoint, progress={}))
    store.close()
    assert open_store().checkpoint("deals") == replace(checkpoint, progress={})


def test_a_failure_anywhere_leaves_neither_rows_nor_checkpoint(store, rows, monkeypatch):
    def fail(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(writer.checkpoints, "save", fail)
    with pytest.raises(ZeroDivisionError):
        commit(store, deal(7), checkpoint=Checkpoint(table="deals", reach=7))
    monkeypatch.undo()
    assert rows("SELECT count(*) FROM deals") == rows("SELECT count(*) FROM bitsheet_changes") == [(0,)]
    assert store.checkpoint("deals") == Checkpoint(table="deals")
    assert commit(store, deal(7)) == (1, 0, 0, 0)


def test_fields_that_change_without_meaning_are_stored_but_no_change(store, rows):
    tasks = TABLES["tasks"]
    commit(store, task(7, FAVORITE="N"), table=tasks)
    before = rows("SELECT _synced_at FROM tasks"), rows("SELECT count(*) FROM bitsheet_changes")
    assert commit(store, task(7, FAVORITE="Y"), table=tasks, at=LATER) == (0, 0, 1, 0)
    assert [bool(value) for (value,) in rows("SELECT favorite FROM tasks")] == [True]
    assert before == (rows("SELECT _synced_at FROM tasks"), rows("SELECT count(*) FROM bitsheet_changes"))


def test_the_change_feed_holds_the_changed_fields_only(store):
    commit(store, {"ID": "7", "TITLE": "a", "CLOSED": "N"}, cycle=1)
    commit(store, {"ID": "7", "TITLE": "b", "CLOSED": "N", "UF_CRM_LIST": [1]}, cycle=2)
    store.sweep(DEALS, set(), None, at=LATER, cycle=3)
    commit(store, {"ID": "7", "TITLE": "c", "CLOSED": "N", "UF_CRM_LIST": [1]}, cycle=4)
    assert lines(store) == [
        (1, "deals", "7", "insert", None, {"id": 7, "title": "a", "closed": False}),
        (2, "deals", "7", "update", {"title": "a", "uf_crm_list": None}, {"title": "b", "uf_crm_list": [1]}),
        (3, "deals", "7", "delete", None, None),
        # whoever took the row away has nothing left that could be changed
        (
            4,
            "deals",
            "7",
            "undelete",
            {"title": "b"},
            {"id": 7, "title": "c", "closed": False, "uf_crm_list": [1]},
        ),
    ]


def test_a_first_filling_is_two_lines_in_the_feed_and_every_later_one_a_line_for_each_row(store, rows):
    begun = Checkpoint(table="deals", watermark=NOW, fill_started=NOW, reach=8, floor=9)
    commit(store, checkpoint=begun, filling=True)
    commit(store, deal(7), checkpoint=replace(begun, floor=5))
    commit(store, deal(8), checkpoint=replace(begun, floor=5))
    store.bury(DEALS, [8], at=NOW, cycle=1)
    commit(store, deal(2), checkpoint=replace(begun, floor=0))
    assert told(store) == [(None, {"phase": "begin"}), (None, {"phase": "end", "rows": 2})]
    commit(store, deal(7), deal(3), checkpoint=replace(begun, floor=4), filling=True)
    commit(store, deal(2, TITLE="b"), checkpoint=replace(begun, floor=0), filling=True)
    assert told(store)[2:] == [("3", None), ("2", {"title": "b"})]


def test_a_column_whose_field_is_gone_is_emptied_with_the_next_change_and_a_line_says_so(store):
    commit(store, deal(7, COMPANY_ID="9"))
    store.shape(DEALS, [field for field in DEAL if field.name != "COMPANY_ID"])
    commit(store, deal(7, TITLE="b", COMPANY_ID="9"))
    ((before, after),) = [line[4:] for line in lines(store) if line[3] == "update"]
    assert (before, after) == ({"title": "Deal 7", "company_id": 9}, {"title": "b", "company_id": None})


def test_a_field_that_comes_back_as_a_text_is_told_from_what_was_told_of_it_last(store):
    commit(store, deal(7, COMPANY_ID="9"))
    store.shape(DEALS, [field for field in DEAL if field.name != "COMPANY_ID"])
    as_text = [replace(field, kind=Kind.TEXT) if field.name == "COMPANY_ID" else field for field in DEAL]
    store.shape(DEALS, as_text)
    assert lines(store)[-1][4:] == ({"company_id": 9}, {"company_id": "9"})


def test_what_changes_without_meaning_is_told_with_the_next_line_of_its_row_and_once(store, rows):
    commit(store, task(1, FAVORITE="N"), table=TASKS)
    commit(store, task(1, FAVORITE="Y"), table=TASKS)
    assert rows("SELECT count(*) FROM bitsheet_changes") == [(1,)]
    commit(store, task(1, FAVORITE="Y", TITLE="b"), table=TASKS)
    commit(store, task(1, FAVORITE="Y", TITLE="c"), table=TASKS)
    assert [line[4:] for line in lines(store)][1:] == [
        ({"title": "Task 1", "favorite": False}, {"title": "b", "favorite": True}),
        ({"title": "b"}, {"title": "c"}),
    ]
    assert rows("SELECT count(*) FROM bitsheet_untold") == [(0,)]


def test_what_is_again_as_it_was_told_is_told_to_those_who_copied_it_in_between(store):
    commit(store, task(1, FAVORITE="N"), table=TASKS)
    commit(store, task(1, FAVORITE="Y"), table=TASKS)
    commit(store, task(1, FAVORITE="N"), table=TASKS)
    commit(store, task(1, FAVORITE="N", TITLE="b"), table=TASKS)
    assert lines(store)[-1][4:] == ({"title": "Task 1", "favorite": True}, {"title": "b", "favorite": False})


def test_a_row_as_it_was_costs_the_feed_and_what_it_keeps_nothing(store, rows):
    commit(store, task(1, FAVORITE="Y"), table=TASKS)
    commit(store, task(1, FAVORITE="N"), table=TASKS)
    kept = rows("SELECT * FROM bitsheet_untold")
    for _ in range(3):
        assert commit(store, task(1, FAVORITE="N"), table=TASKS) == (0, 0, 1, 0)
    assert (rows("SELECT * FROM bitsheet_untold"), len(lines(store))) == (kept, 1)


def test_a_row_that_returns_is_unmarked_and_counts_as_new(store, rows):
    commit(store, deal(7), deal(8))
    assert store.sweep(DEALS, {8}, Checkpoint(table="deals", reach=8), at=NOW, cycle=1) == 1
    assert store.checkpoint("deals").reach == 8
    assert rows("SELECT id FROM deals WHERE _deleted_at IS NOT NULL") == [(7,)]
    assert store.sweep(DEALS, [8], None, at=NOW, cycle=1) == 0
    assert commit(store, deal(7)) == (1, 0, 0, 0)
    assert rows("SELECT count(*) FROM deals WHERE _deleted_at IS NULL") == [(2,)]


def test_a_row_that_came_while_the_list_was_read_is_not_marked(store, rows):
    commit(store, deal(7), at=NOW)
    commit(store, deal(8), at=LATER)
    assert store.sweep(DEALS, set(), None, at=LATER, cycle=1, before=LATER) == 1
    assert rows("SELECT id FROM deals WHERE _deleted_at IS NULL") == [(8,)]


def test_ids_are_listed_and_counted_without_the_deleted(store):
    commit(store, *(deal(n) for n in range(1, 11)))
    assert store.bury(DEALS, [3, 4, 99], at=NOW, cycle=1) == 2
    assert store.bury(DEALS, [3], at=NOW, cycle=1) == 0
    assert store.ids(DEALS) == [1, 2, 5, 6, 7, 8, 9, 10]
    assert store.ids(DEALS, above=2, upto=7) == [5, 6, 7]
    assert store.count_ids(DEALS, above=2, upto=7) == 3


def test_raw_rows_are_kept_when_asked_for(open_store):
    store = open_store()
    store.shape(DEALS, DEAL)
    commit(store, deal(7))
    store.close()
    store = open_store(keep_raw=True)
    commit(store, deal(7), deal(8, UNKNOWN={"b": 1, "a": "\ud800"}))
    (seven, eight) = query(store, "SELECT _raw FROM deals ORDER BY id")
    assert seven == (None,)
    assert json.loads(eight[0]) == {**deal(8), "UNKNOWN": {"a": "\N{REPLACEMENT CHARACTER}", "b": 1}}
    assert commit(store, deal(8, OTHER="not a field")) == (0, 0, 1, 0)


def test_links_of_files_are_neither_kept_nor_a_change(store, rows):
    fields = (*CONTACT, Field(name="PHOTO", kind=Kind.JSON, type="file"))
    store.shape(TABLES["contacts"], fields)
    row = {"ID": "7", "PHOTO": {"id": 5, "showUrl": "/a?token=1", "downloadUrl": "/b?token=1"}}
    commit(store, row, table=TABLES["contacts"])
    assert [json.loads(photo) for (photo,) in rows("SELECT photo FROM contacts")] == [{"id": 5}]
    row = {"ID": "7", "PHOTO": {"id": 5, "showUrl": "/a?token=2", "downloadUrl": "/b?token=2"}}
    assert commit(store, row, table=TABLES["contacts"]) == (0, 0, 1, 0)


def test_a_table_that_was_never_described_has_the_fields_of_the_catalogue(open_store):
    store = open_store()
    departments = TABLES["departments"]
    commit(store, {"ID": "1", "NAME": "All", "SORT": 500}, table=departments)
    assert query(store, "SELECT id, name, sort, parent FROM departments") == [(1, "All", 500, None)]


def test_moments_of_a_commit_are_whole_seconds():
    when = When(at=NOW.replace(microsecond=5), cycle=1)
    assert when.second == NOW


def test_an_unknown_field_of_a_row_is_ignored(store, rows):
    assert commit(store, deal(7, NEW_FIELD="x")) == (1, 0, 0, 0)
    assert rows("SELECT title FROM deals") == [("Deal 7",)]
