"""A row is stored whenever its id can be read; a value that contradicts its field waits beside it."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

import pytest
from msgspec.structs import replace

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.reader import Reader
from bitsheet_tui.store.schema import Drift
from bitsheet_tui.ui.line import text
from bitsheet_tui.ui.views import record as view
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query, task

DEALS = TABLES["deals"]
LINES = "SELECT row_id, field, value, reason FROM bitsheet_quarantine ORDER BY row_id, field"
ODD = {
    "OPPORTUNITY": ["to be agreed", 1e308 * 10, "1e999", [1, 2], "12,50"],
    "BEGINDATE": [True, "10.04.1955", "04/10/1955", "04101955"],
    "COMPANY_ID": ["abc", True, 1.5],
    "CATEGORY_ID": ["group of five", 2**70],
    "CLOSED": ["maybe", 2, ["Y"]],
    "DATE_MODIFY": ["yesterday", 5, "30.08.2024 14:29:00"],
}


def commit(store, *page, filling=False, cycle=1, table=DEALS):
    return store.commit(table, page, None, at=NOW, cycle=cycle, filling=filling)


def described(**types):
    """The fields of deals, some of them described as text by now."""
    return tuple(
        Field(name=field.name, kind=Kind.TEXT, type="string") if field.name in types else field
        for field in DEAL
    )


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, some in ODD.items() for value in some]
)
def test_an_edit_with_an_odd_value_is_stored_without_it_and_the_value_waits_as_it_was_spelt(
    store, rows, field, value
):
    commit(store, deal(1), deal(2))
    done = commit(store, deal(1, TITLE="edited", **{field: value}), deal(2))
    assert (done.updated, done.unchanged, done.quarantined, done.values) == (1, 1, 0, 1)
    assert rows(f"SELECT title, {field.lower()} FROM deals WHERE id = 1") == [("edited", None)]
    ((row_id, name, spelt, reason),) = rows(LINES)
    assert (row_id, name) == ("1", field)
    assert spelt == (value if isinstance(value, str) else json.dumps(value))
    assert reason
    ((before, after),) = rows("SELECT before, after FROM bitsheet_changes WHERE op = 'update'")
    assert json.loads(before)[field.lower()] is not None
    assert json.loads(after)[field.lower()] is None


def test_a_value_that_is_mended_leaves_and_so_does_one_that_becomes_another(store, rows):
    commit(store, deal(1, OPPORTUNITY="soon", CLOSED="maybe"))
    commit(store, deal(1, OPPORTUNITY="later"))
    assert rows("SELECT field, value, times FROM bitsheet_quarantine") == [("OPPORTUNITY", "later", 2)]
    commit(store, deal(1, OPPORTUNITY="5"))
    assert rows(LINES) == []
    assert rows("SELECT CAST(opportunity AS INTEGER), closed IS NULL FROM deals") == [(5, False)]


def test_a_row_that_goes_takes_its_values_along(store, rows):
    commit(store, deal(1, OPPORTUNITY="soon"), deal(2))
    store.sweep(DEALS, {2}, None, at=NOW, cycle=2)
    assert rows(LINES) == []
    commit(store, deal(1, OPPORTUNITY="soon"))
    assert [line[:3] for line in rows(LINES)] == [("1", "OPPORTUNITY", "soon")]


@pytest.mark.parametrize("count", [3, 150])
def test_true_where_a_number_is_described_is_stored_and_holds_up_nobody(store, rows, count):
    page = [deal(n) for n in range(1, count + 1)]
    page[1] = deal(2, CATEGORY_ID=True, COMPANY_ID=True)
    assert commit(store, *page).inserted == count
    assert rows("SELECT category_id, company_id FROM deals WHERE id = 2") == [(1, None)]
    assert [line[:3] for line in rows(LINES)] == [("2", "COMPANY_ID", "true")]


def test_a_column_that_is_described_as_text_gets_what_waited_for_it(store, rows):
    commit(store, deal(1, OPPORTUNITY="to be agreed", CLOSED="maybe"), deal(2))
    assert store.shape(DEALS, described(OPPORTUNITY=1), cycle=2) == Drift(widened=("opportunity",))
    ((one, text),) = rows(
        "SELECT (SELECT opportunity FROM deals WHERE id = 1), opportunity FROM deals WHERE id = 2"
    )
    assert one == "to be agreed"
    assert [line[:2] for line in rows(LINES)] == [("1", "CLOSED")]
    lines = rows("SELECT op, row_id, before, after FROM bitsheet_changes WHERE cycle = 2 ORDER BY seq")
    assert [(op, row_id, json.loads(before), json.loads(after)) for op, row_id, before, after in lines] == [
        ("update", "2", {"opportunity": 1000.5}, {"opportunity": text}),
        ("update", "1", {"opportunity": None}, {"opportunity": "to be agreed"}),
    ]
    assert rows("SELECT opportunity FROM v_deals WHERE id = 1") == [("to be agreed",)]
    again = commit(store, deal(1, OPPORTUNITY="to be agreed", CLOSED="maybe"), cycle=3)
    assert (again.updated, again.unchanged) == (0, 1)


def test_values_of_a_field_that_the_portal_no_longer_has_wait_no_longer(store, rows):
    commit(store, deal(1, OPPORTUNITY="to be agreed", CLOSED="maybe"))
    store.shape(DEALS, [field for field in DEAL if field.name != "CLOSED"])
    assert [line[1] for line in rows(LINES)] == ["OPPORTUNITY"]


# --- what a column is judged by ------------------------------------------------------------------------------


def outgrown(store, *, unread=False):
    return store.outgrown(DEALS, unread=unread)


def page(odd, good, empty=0):
    """Deals with odd, good and empty amounts."""
    amounts = [*["soon"] * odd, *["5"] * good, *[""] * empty]
    return [deal(n, OPPORTUNITY=amount) for n, amount in enumerate(amounts, start=1)]


@pytest.mark.parametrize(
    ("odd", "good", "empty", "text"),
    [
        (19, 0, 0, False),  # too few to tell anything by
        (20, 0, 500, True),
        (20, 19, 0, True),
        (20, 20, 0, False),
        (25, 315, 0, False),
        (260, 80, 0, True),
    ],
)
def test_a_column_is_text_when_more_than_half_of_its_values_and_twenty_are_odd(store, odd, good, empty, text):
    commit(store, *page(odd, good, empty))
    assert outgrown(store) == ({"OPPORTUNITY"} if text else set())


def test_a_first_reading_decides_nothing_before_a_thousand_values(store):
    commit(store, *page(998, 1))
    assert outgrown(store, unread=True) == set()
    assert outgrown(store) == {"OPPORTUNITY"}
    commit(store, deal(1000, OPPORTUNITY="5"))
    assert outgrown(store, unread=True) == {"OPPORTUNITY"}


def test_deleted_rows_are_no_values(store):
    commit(store, *page(30, 40))
    assert outgrown(store) == set()
    store.sweep(DEALS, set(range(1, 51)), None, at=NOW, cycle=1)
    assert outgrown(store) == {"OPPORTUNITY"}
    store.sweep(DEALS, set(range(12, 51)), None, at=NOW, cycle=1)
    assert outgrown(store) == set()


def test_fields_without_a_column_are_judged_by_the_same_share(store, rows):
    database = store._database
    database.dialect = replace(database.dialect, widest=len(DEAL) + 1)
    grades = tuple(Field(name=f"UF_GRADE_{n}", kind=Kind.INTEGER, type="integer") for n in range(3))
    store.shape(DEALS, (*DEAL, *grades))
    odd = [deal(n, UF_GRADE_2="good", UF_GRADE_1="good" if n < 21 else "5") for n in range(1, 61)]
    commit(store, *odd)
    assert len(rows(LINES)) == 80
    assert outgrown(store) == {"UF_GRADE_2"}
    texts = tuple(replace(f, kind=Kind.TEXT) if f.name == "UF_GRADE_2" else f for f in (*DEAL, *grades))
    store.shape(DEALS, texts)
    commit(store, *odd)
    extra = rows("SELECT extra FROM deals WHERE id = 1")[0][0]
    extra = json.loads(extra) if isinstance(extra, str) else extra
    assert extra == {"UF_GRADE_2": "good"}
    assert {line[1] for line in rows(LINES)} == {"UF_GRADE_1"}


def test_the_key_is_never_text(store):
    commit(store, *({**deal(n), "ID": f"deal {n}"} for n in range(30)))
    assert outgrown(store) == set()


# --- again -----------------------------------------------------------------------------------------------------


def test_another_try_stores_values_that_a_newer_program_understands(store, rows):
    commit(store, deal(1, OPPORTUNITY="12,50", CLOSED="maybe"))
    sql = "UPDATE bitsheet_quarantine SET value = '12.50' WHERE field = 'OPPORTUNITY'"
    store._database.write(lambda: store._database.execute(sql))
    assert store.retry(DEALS, at=NOW, cycle=2).updated == 1
    assert [line[1] for line in rows(LINES)] == ["CLOSED"]
    assert rows("SELECT CAST(opportunity * 10 AS INTEGER) FROM deals") == [(125,)]
    assert rows("SELECT count(*) FROM bitsheet_changes WHERE cycle = 2 AND op = 'update'") == [(1,)]


def test_another_try_leaves_a_value_that_came_later_alone(store, rows):
    commit(store, deal(1, OPPORTUNITY="5"))
    kept = "('deals', '1', 'OPPORTUNITY', '7', 'x', '2026-03-01', '2026-03-01', 1)"
    sql = (
        "INSERT INTO bitsheet_quarantine (table_name, row_id, field, value, reason, first_seen, last_seen, times)"
        f" VALUES {kept}"
    )
    store._database.write(lambda: store._database.execute(sql))
    store.retry(DEALS, at=NOW, cycle=2)
    assert rows(LINES) == []
    assert rows("SELECT CAST(opportunity AS INTEGER) FROM deals") == [(5,)]


def test_another_try_leaves_no_ghost_of_a_value_that_cannot_be_spelt(store, rows):
    nested: list = []
    for _ in range(70):
        nested = [nested]
    commit(store, deal(1, UF_CRM_LIST=nested, TITLE="deep"))
    assert rows("SELECT title, uf_crm_list FROM deals") == [("deep", None)]
    store.retry(DEALS, at=NOW, cycle=1)
    assert [line[:2] for line in rows(LINES)] == [("1", "UF_CRM_LIST")]
    commit(store, deal(1))
    assert rows(LINES) == []


def test_a_row_without_a_usable_id_is_tried_again_as_a_whole(store, rows):
    commit(store, {**deal(1), "ID": "one"})
    assert [line[:2] for line in rows(LINES)] == [("one", "")]
    sql = "UPDATE bitsheet_quarantine SET value = ?, row_id = '1'".replace("?", store._database.dialect.mark)
    store._database.write(lambda: store._database.execute(sql, (json.dumps(deal(1)),)))
    assert store.retry(DEALS, at=NOW, cycle=1).inserted == 1
    assert rows(LINES) == []


def test_the_comments_of_a_task_with_an_odd_value_are_followed(store, rows):
    commit(store, task(7, FAVORITE="perhaps"), table=TABLES["tasks"])
    assert rows("SELECT task_id, chat_id FROM bitsheet_discussions") == [(7, 2007)]
    assert rows("SELECT count(*) FROM tasks") == [(1,)]


# --- what hangs on it ------------------------------------------------------------------------------------------


def contact(phone, **more):
    return {"ID": "1", "NAME": "Ann", "DATE_MODIFY": "2024-08-30T14:29:00+02:00", "PHONE": phone, **more}


POINTS = "SELECT id, type, value FROM contact_points WHERE _deleted_at IS NULL ORDER BY id DESC"


def test_entries_without_an_id_are_all_kept(store, rows):
    entry = {"VALUE_TYPE": "WORK"}
    phones = [{**entry, "VALUE": "+7", "TYPE_ID": "PHONE"}, {**entry, "VALUE": "+8", "TYPE_ID": "PHONE"}]
    mails = [{**entry, "VALUE": "a@b", "TYPE_ID": "EMAIL"}]
    commit(store, contact(phones, EMAIL=mails), table=TABLES["contacts"])
    assert [point[1:] for point in rows(POINTS)] == [("PHONE", "+7"), ("PHONE", "+8"), ("EMAIL", "a@b")]
    commit(store, contact(phones[:1], EMAIL=mails), table=TABLES["contacts"])
    assert [point[1:] for point in rows(POINTS)] == [("PHONE", "+7"), ("EMAIL", "a@b")]


@pytest.mark.parametrize("odd", [5, "none", [["+7"]], {"a": 1}])
def test_details_that_are_no_list_of_entries_hold_up_nobody(store, rows, odd):
    commit(store, contact(odd), table=TABLES["contacts"])
    assert rows("SELECT name FROM contacts") == [("Ann",)]
    assert rows(POINTS) == []


def test_details_that_wait_in_quarantine_are_no_contact_points(store, rows):
    good = [{"ID": "3", "VALUE": "+7", "TYPE_ID": "PHONE"}]
    commit(store, contact(good), table=TABLES["contacts"])
    deep: list = [good]
    for _ in range(70):
        deep = [deep]
    commit(store, contact([*good, deep]), table=TABLES["contacts"])
    assert rows("SELECT phone FROM contacts") == [(None,)]
    assert rows(POINTS) == []
    commit(store, contact(good), table=TABLES["contacts"])
    assert rows(POINTS) == [(3, "PHONE", "+7")]


def test_a_value_beyond_the_last_column_is_left_out_of_the_document_alone(store, rows):
    wide = [Field(name=f"UF_{n}", kind=Kind.INTEGER) for n in range(2000)]
    store.shape(DEALS, (*DEAL, *wide))
    names = [field.name for field in wide if not _has_column(store, field.name)]
    commit(store, deal(1, **{names[0]: "five", names[1]: "6"}))
    assert [line[:3] for line in rows(LINES)] == [("1", names[0], "five")]
    ((extra,),) = rows("SELECT extra FROM deals")
    assert json.loads(extra) == {names[1]: 6}
    commit(store, deal(1, **{names[0]: "5"}))
    assert rows(LINES) == []


def _has_column(store, name):
    return any(column.field.name == name and column.name for column in store._columns["deals"])


def test_no_stale_row_of_the_portal_stays_beside_newer_values(open_store, rows_of):
    first = open_store(keep_raw=True)
    first.shape(DEALS, DEAL)
    commit(first, deal(1, TITLE="old"), deal(2))
    first.close()
    second = open_store()
    commit(second, deal(1, TITLE="new"))
    assert rows_of(second, "SELECT title, _raw FROM deals WHERE id = 1") == [("new", None)]
    assert rows_of(second, "SELECT _raw IS NULL FROM deals WHERE id = 2")[0][0] in (0, False)


@pytest.fixture
def rows_of():
    return query


def test_a_record_shows_what_waits_beside_the_empty_field(store_url, store):
    commit(store, deal(1, OPPORTUNITY="to be agreed"))
    commit(store, {**deal(2), "ID": "2 or 3"})
    reader = Reader.open(store_url)
    found = reader.record("deals", (1,))
    lines = reader.set_aside("deals", limit=9)
    reader.close()
    entry = next(one for one in found.entries if one.column.name == "opportunity")
    assert (entry.value, entry.waiting.value) == (None, "to be agreed")
    assert "in quarantine: to be agreed" in text(view.field(entry, 120, None))
    assert view.whole(entry, None) == ["in quarantine: to be agreed", "not a number"]
    assert found.refused == ""
    assert {(one.row_id, one.field) for one in lines} == {("1", "OPPORTUNITY"), ("2 or 3", "")}


# --- a moment without an offset ---------------------------------------------------------------------------------


def test_a_moment_without_an_offset_is_of_the_servers_time(store, rows):
    store.set_zone(timezone(timedelta(hours=3)))
    commit(store, deal(1, DATE_MODIFY="2024-07-23 08:08:50"))
    ((found,),) = rows("SELECT CAST(date_modify AS TEXT) FROM deals")
    assert found.replace(" ", "T").removesuffix(":00") in ("2024-07-23T05:08:50+00", "2024-07-23T05:08:50")
    assert rows(LINES) == []


# --- a field that means something else ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (
            Field(name="UF_X", kind=Kind.TEXT, type="string"),
            Field(name="UF_X", kind=Kind.REFERENCE, type="enumeration"),
        ),
        (
            Field(name="UF_X", kind=Kind.JSON, type="string", multiple=True),
            Field(name="UF_X", kind=Kind.JSON, type="enumeration", multiple=True),
        ),
        (
            Field(name="UF_X", kind=Kind.INTEGER, type="integer"),
            Field(name="UF_X", kind=Kind.REFERENCE, type="employee"),
        ),
    ],
    ids=["text", "list", "number"],
)
def test_a_field_that_changes_its_type_makes_old_rows_stale_even_where_the_column_stays(store, before, now):
    store.shape(DEALS, (*DEAL, before))
    drift = store.shape(DEALS, (*DEAL, now))
    assert drift.stale
    assert drift.retyped == ("uf_x",)
    assert not store.shape(DEALS, (*DEAL, now))


# --- a mirror of before ------------------------------------------------------------------------------------------


def age(store):
    """Give quarantine the form that it had in version 6."""
    database = store._database

    def work():
        database.execute("DROP TABLE bitsheet_quarantine")
        moment = "TIMESTAMPTZ" if database.dialect.name == "postgresql" else "INSTANT"
        database.execute(
            "CREATE TABLE bitsheet_quarantine (table_name TEXT NOT NULL, row_id TEXT NOT NULL,"
            f" reason TEXT NOT NULL, row_json TEXT NOT NULL, first_seen {moment} NOT NULL,"
            f" last_seen {moment} NOT NULL, times BIGINT NOT NULL, PRIMARY KEY (table_name, row_id))"
        )
        database.execute("CREATE VIEW mine AS SELECT table_name, times FROM bitsheet_quarantine")
        kept = [
            ("deals", "1", json.dumps(deal(1, OPPORTUNITY="soon"))),
            ("deals", "", '{"unstorable":"x"}'),
            ("deals", "7", '{"unstorable":"nested too deeply"}'),
        ]
        at = "2026-03-01T12:00:00+00:00"
        database.many(
            f"INSERT INTO bitsheet_quarantine VALUES ({database.dialect.marks(7)})",
            [(table, id_, "OPPORTUNITY: not a number", row, at, at, 3) for table, id_, row in kept],
        )
        database.execute("UPDATE bitsheet_meta SET value = '6' WHERE key = 'schema_version'")

    database.write(work)


def test_the_quarantine_of_an_older_mirror_is_brought_forward_and_its_rows_are_stored(open_store, rows_of):
    old = open_store()
    old.shape(DEALS, DEAL)
    age(old)
    old.close()
    store = open_store()
    kept, lost = store.quarantined()
    assert (kept.row_id, kept.field, kept.times, kept.row) == ("1", "", 3, deal(1, OPPORTUNITY="soon"))
    assert (lost.row_id, lost.whole, lost.row) == ("7", True, None)
    assert rows_of(store, "SELECT times FROM mine") == [(3,), (3,)]
    assert store.retry(DEALS, at=NOW, cycle=1).inserted == 1
    assert rows_of(store, "SELECT title, opportunity FROM deals") == [("Deal 1", None)]
    assert [line[:3] for line in rows_of(store, LINES) if line[1]] == [("1", "OPPORTUNITY", "soon")]


@pytest.mark.parametrize(
    ("floor", "unread", "then"),
    [
        (0, (), (8, ((6, 8),))),
        (5, (), (8, ((6, 8), (0, 5)))),
        (30, ((20, 30), (0, 9)), (30, ((20, 30), (6, 8), (0, 9)))),
    ],
)
def test_a_row_of_which_an_older_mirror_kept_nothing_is_read_again(open_store, floor, unread, then):
    old = open_store()
    old.shape(DEALS, DEAL)
    old.keep(Checkpoint(table="deals", watermark=NOW, reach=40, floor=floor, unread=unread))
    age(old)
    old.close()
    found = open_store().checkpoint("deals")
    assert (found.floor, found.unread) == then
