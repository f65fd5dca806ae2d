"""Nothing odd blocks a table: a value waits aside, a row only without a usable key or where it is refused."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from bitsheet_tui.store import Checkpoint
from tests.support import hostile_values
from tests.support.store_rows import DEAL, NOW, TABLES, deal

DEALS = TABLES["deals"]
OF_KIND = {
    "integer": "CATEGORY_ID", "numeric": "OPPORTUNITY", "boolean": "CLOSED", "instant": "DATE_MODIFY",
    "date": "BEGINDATE", "json": "UF_CRM_LIST", "text": "TITLE",
}  # fmt: skip


def commit(store, rows, cycle=1):
    done = store.commit(DEALS, rows, Checkpoint(table="deals", reach=cycle), at=NOW, cycle=cycle)
    return done.inserted, done.updated, done.quarantined


@pytest.mark.parametrize("position", range(0, 50, 7))
def test_of_a_page_with_poison_at_any_place_every_row_is_stored_and_the_value_waits(store, rows, position):
    kind, poison = hostile_values.POISON[position % len(hostile_values.POISON)]
    page = [deal(n) for n in range(1, 51)]
    page[position] = deal(position + 1, **{OF_KIND[kind]: poison})
    assert commit(store, page) == (50, 0, 0)
    assert rows("SELECT count(*) FROM deals") == [(50,)]
    assert store.checkpoint("deals").reach == 1
    column = OF_KIND[kind].lower()
    assert rows(f"SELECT {column} FROM deals WHERE id = {position + 1}") == [(None,)]
    assert rows("SELECT table_name, row_id, field, times FROM bitsheet_quarantine") == [
        ("deals", str(position + 1), OF_KIND[kind], 1)
    ]


@pytest.mark.parametrize("number", range(len(hostile_values.POISON)))
def test_every_poison_is_kept_aside_without_its_row(sqlite_url, number):
    from bitsheet_tui.store import Store

    kind, poison = hostile_values.POISON[number]
    store = Store.open(sqlite_url)
    store.shape(DEALS, DEAL)
    assert commit(store, [deal(1, **{OF_KIND[kind]: poison}), deal(2)]) == (2, 0, 0)
    assert [(count.quarantined, count.values) for count in store.counts()] == [(0, 1)]
    store.close()


@pytest.mark.parametrize("id_", [None, "", "x", [], 2**70, 0, "0", -5, "-5", True, 1.5])
def test_a_row_without_a_usable_key_is_kept_aside(store, rows, id_):
    assert commit(store, [{**deal(1), "ID": id_}, deal(2)]) == (1, 0, 1)
    assert rows("SELECT count(*) FROM bitsheet_quarantine") == [(1,)]


def test_a_reading_from_scratch_forgets_rows_without_a_usable_key(store, rows):
    commit(store, [{**deal(1), "ID": "x"}, deal(2, CATEGORY_ID="x")])
    store.forget_nameless(DEALS)
    assert rows("SELECT row_id, field FROM bitsheet_quarantine") == [("2", "CATEGORY_ID")]


def refuse_titles(store):
    """Somebody's trigger lets no title through that begins with "bad"."""
    database = store._database
    if store.label.startswith("sqlite"):
        statements = [
            f"CREATE TRIGGER theirs_{when} BEFORE {when} ON deals WHEN new.title LIKE 'bad%'"
            " BEGIN SELECT RAISE(ABORT, 'no such title'); END"
            for when in ("insert", "update")
        ]
    else:
        body = "IF new.title LIKE 'bad%%' THEN RAISE EXCEPTION 'no such title'; END IF; RETURN new;"
        statements = [
            f"CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
            "CREATE TRIGGER theirs BEFORE INSERT OR UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION theirs()",
        ]
    database.write(lambda: [database.execute(statement) for statement in statements])


def test_rows_that_wait_because_the_database_refuses_them_are_no_difference(store, rows):
    commit(store, [deal(1), deal(2)])
    refuse_titles(store)
    bad = [deal(1, TITLE="bad edit"), deal(3, TITLE="bad from the first")]
    assert commit(store, bad) == (0, 0, 2)
    assert not store.reconciles.compare(DEALS, [*bad, deal(2)])
    assert store.reconciles.compare(DEALS, [deal(2, TITLE="edited"), deal(4)]).changed == {"2"}


def test_a_good_version_after_a_bad_one_in_the_same_page_is_enough(store, rows):
    assert commit(store, [deal(1, CATEGORY_ID="x"), deal(1)]) == (1, 0, 0)
    assert rows("SELECT count(*) FROM bitsheet_quarantine") == [(0,)]


@pytest.mark.parametrize("text", hostile_values.TEXTS, ids=lambda text: repr(text)[:20])
def test_hostile_texts_are_stored_as_they_are(store, rows, text):
    page = [deal(n, TITLE=text, UF_CRM_LIST=[text, {text: text}]) for n in range(1, 4)]
    assert commit(store, page) == (3, 0, 0)
    assert commit(store, page) == (0, 0, 0)
    ((title, list_),) = rows("SELECT title, uf_crm_list FROM deals WHERE id = 2")
    assert (title, json.loads(list_)) == (text, [text, {text: text}])


def test_hostile_texts_survive_bulk_loading(store, rows):
    texts = (hostile_values.TEXTS * 10)[:150]
    page = [deal(n, TITLE=text, UF_CRM_LIST=[text]) for n, text in enumerate(texts, start=1)]
    assert commit(store, page) == (150, 0, 0)
    assert commit(store, page) == (0, 0, 0)
    assert [title for (title,) in rows("SELECT title FROM deals ORDER BY id")] == list(texts)


@pytest.mark.parametrize("count", [3, 150])
def test_a_row_that_only_the_database_refuses_is_kept_aside(store, rows, monkeypatch, count):
    # on PostgreSQL somebody's trigger does; in SQLite it is a value that cannot be bound
    if store.label.startswith("sqlite"):
        layout = store._layout(DEALS)
        broken = tuple(
            (lambda column, _: [object() if raw == "Deal 2" else raw for raw in column])
            if name == "TITLE"
            else sweep
            for (name, _), sweep in zip(layout.readers, layout.sweeps, strict=True)
        )
        monkeypatch.setattr(store, "_layouts", {"deals": replace(layout, sweeps=broken)})
        page = [deal(n) for n in range(1, count + 1)]
    else:
        refuse_titles(store)
        page = [deal(n) for n in range(1, count + 1)]
        page[1]["TITLE"] = "bad"
    assert commit(store, page) == (count - 1, 0, 1)
    assert rows("SELECT count(*) FROM deals") == [(count - 1,)]
    ((row_id, reason),) = rows("SELECT row_id, reason FROM bitsheet_quarantine")
    assert row_id == "2"
    assert reason.startswith("the database refuses it: ")
    assert rows("SELECT count(*) FROM bitsheet_changes WHERE op = 'insert'") == [(count - 1,)]
