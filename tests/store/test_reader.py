"""A mirror is read while it is written: in bounded pieces, by id or word, with every name and every change."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from bitsheet_tui import fields
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.errors import NoMirror, StoreError
from bitsheet_tui.store import Checkpoint, Cycle, DiscussionRead, Run
from bitsheet_tui.store.reader import Reader
from bitsheet_tui.store.walk import Wanted, begin
from tests.support.hostile_values import TEXTS
from tests.support.store_rows import NOW, TABLES, comment, deal, task

DEALS, TASKS, COMMENTS = TABLES["deals"], TABLES["tasks"], TABLES["task_comments"]
ALL = Wanted()
IDS = [1, 2, 3, 50, 51, 900, 901, 902, 903, 70_000, 2**40]


@pytest.fixture
def reader(store, store_url):
    found = Reader.open(store_url)
    yield found
    found.close()


def commit(store, *rows, table=DEALS, cycle=1, at=NOW):
    return store.commit(table, rows, None, at=at, cycle=cycle)


def walk(reader, table="deals", wanted=ALL, *, down=True, span=100, limit=3, columns=("title",)):
    """Every row that is found, and how many pieces it took."""
    ground = reader.ground(table)
    place, found, pieces, shares = begin(ground, down=down), [], 0, [0.0]
    while place:
        piece = reader.piece(ground, wanted, place, columns, down=down, span=span, limit=limit)
        assert len(piece.rows) <= limit
        found += piece.rows
        place, pieces = piece.on, pieces + 1
        shares.append(ground.share(place, down=down))
        assert pieces < 1000
    assert shares == sorted(shares)
    assert shares[-1] == 1.0 or not pieces
    return found, pieces


def ids(reader, wanted=ALL, **how):
    return [row[0] for row in walk(reader, "deals", wanted, **how)[0]]


@pytest.mark.parametrize("span", [1, 7, 100_000])
@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_a_walk_finds_every_row_once_in_both_directions_and_jumps_over_gaps(store, reader, span, limit):
    commit(store, *map(deal, IDS))
    assert ids(reader, span=span, limit=limit) == IDS[::-1]
    assert ids(reader, down=False, span=span, limit=limit) == IDS
    _, pieces = walk(reader, span=span, limit=limit)
    assert pieces <= 2 * len(IDS) + 1


def test_a_piece_looks_at_no_more_ids_than_it_may(store, reader):
    commit(store, *map(deal, range(1, 1001)))
    ground = reader.ground("deals")
    place = begin(ground, down=True)
    piece = reader.piece(ground, Wanted(term="Deal 1000"), place, (), down=True, span=10, limit=100)
    assert [row[0] for row in piece.rows] == [1000]
    assert piece.on.edge == 991
    piece = reader.piece(ground, Wanted(term="Deal 1"), piece.on, (), down=True, span=10, limit=100)
    assert piece.rows == ()


def test_nothing_is_found_in_an_empty_table_or_one_that_is_not_there_yet(store, reader):
    assert walk(reader) == ([], 0)


def test_comments_are_walked_source_by_source(store, reader):
    commit(store, task(1), table=TASKS)
    read = DiscussionRead(
        task_id=1, read_at=NOW, forum=[comment(5), comment(900)], chat=[comment(7), comment(8)], readable=True
    )
    store.commit_discussions(COMMENTS, [read], at=NOW, cycle=1)
    found, _ = walk(reader, "task_comments", columns=("text",))
    assert [row[:2] for row in found] == [("chat", 8), ("chat", 7), ("forum", 900), ("forum", 5)]
    found, _ = walk(reader, "task_comments", down=False, span=1, limit=1, columns=("text",))
    assert [row[:2] for row in found] == [("forum", 5), ("forum", 900), ("chat", 7), ("chat", 8)]
    record = reader.record("task_comments", ("chat", 8))
    assert record.row_id == "chat:8"
    assert {e.column.name: e.value for e in record.entries}["text"] == "comment 8"


def test_a_word_that_is_longer_than_a_database_takes_is_looked_for_by_its_beginning(store, reader):
    assert ids(reader, Wanted(term="x%_\\" * 25_000)) == []


@pytest.mark.parametrize("term", ["договор", "ДОГОВОР", "Договор"])
def test_a_word_is_found_in_any_usual_case(store, reader, term):
    titles = ("договор 1", "Договор 2", "ДОГОВОР 3", "разговор 4", "Contract")
    commit(store, *(deal(n, TITLE=title) for n, title in enumerate(titles, 1)))
    assert ids(reader, Wanted(term=term)) == [3, 2, 1]
    assert ids(reader, Wanted(term="CONTRACT")) == [5]


def test_a_word_is_found_inside_lists_and_not_in_other_columns(store, reader):
    commit(store, deal(1, UF_CRM_LIST=["red", "green"]), deal(2, OPPORTUNITY="777"))
    assert ids(reader, Wanted(term="green")) == [1]
    assert ids(reader, Wanted(term="777")) == []


@pytest.mark.parametrize("text", TEXTS[:-1])
def test_what_is_typed_is_looked_for_literally(store, reader, text):
    term = text.replace("\r", "").partition("\n")[0][:80]
    commit(store, deal(1, TITLE=f"x {term} y"), deal(2, TITLE="plain"))
    assert ids(reader, Wanted(term=term)) == [1]
    assert ids(reader, Wanted(term="%")) == ([1] if "%" in term else [])
    assert ids(reader, Wanted(term="_")) == ([1] if "_" in term else [])


def test_deleted_rows_are_found_alone_or_left_out(store, reader):
    commit(store, *map(deal, IDS))
    store.bury(DEALS, [2, 901, 2**40], at=NOW, cycle=2)
    assert ids(reader, Wanted(deleted=True), span=1) == [2**40, 901, 2]
    assert ids(reader, Wanted(deleted=False), limit=2) == [i for i in IDS[::-1] if i not in {2, 901, 2**40}]
    found, _ = walk(reader, wanted=Wanted(deleted=True, term="Deal 901"))
    assert [row[0] for row in found] == [901]
    assert found[0][1] is not None


def test_only_what_changed_since_then_is_found(store, reader):
    commit(store, *map(deal, IDS))
    later = NOW + timedelta(hours=1)
    commit(store, deal(51, TITLE="changed"), cycle=2, at=later)
    assert ids(reader, Wanted(since=later)) == [51]
    assert ids(reader, Wanted(since=NOW)) == IDS[::-1]
    assert ids(reader, Wanted(since=later + timedelta(seconds=1))) == []


def test_columns_are_given_by_name_where_they_are_codes_and_empty_where_they_are_none(store, reader):
    commit(store, {"ID": 9, "TITLE": "Acme"}, table=TABLES["companies"])
    commit(store, deal(1))
    (row,), _ = walk(reader, columns=("company_id", "closed", "no_such_column", "title"))
    assert row[2:] == (9, False, None, "Deal 1")  # nobody knows yet what names a company


def test_a_record_has_every_field_its_label_and_what_its_code_stands_for(store, reader):
    company = (
        fields.Field(name="ID", kind=fields.Kind.INTEGER),
        fields.Field(name="TITLE", kind=fields.Kind.TEXT),
    )
    store.shape(TABLES["companies"], company)
    commit(store, {"ID": 9, "TITLE": "50 % Acme"}, table=TABLES["companies"])
    commit(store, deal(1, UF_CRM_LIST=["a"], OPPORTUNITY=None))
    record = reader.record("deals", (1,))
    entries = {entry.column.name: entry for entry in record.entries}
    assert entries["title"].column.field.title == "Name"
    assert entries["company_id"].value == 9
    assert entries["company_id"].name == "50 % Acme"
    assert entries["opportunity"].value is None
    assert entries["uf_crm_list"].value == '["a"]'
    assert record.synced_at == NOW
    assert record.deleted_at is None
    assert record.raw is None
    assert reader.record("deals", (2,)) is None
    assert walk(reader, columns=("company_id",))[0] == [(1, None, "50 % Acme")]


def test_a_deleted_record_and_the_portals_own_json_can_be_seen(open_store, store_url):
    store = open_store(keep_raw=True)
    from tests.support.store_rows import DEAL

    store.shape(DEALS, DEAL)
    commit(store, deal(1))
    store.bury(DEALS, [1], at=NOW, cycle=2)
    reader = Reader.open(store_url)
    record = reader.record("deals", (1,))
    assert record.deleted_at == NOW
    assert '"TITLE":"Deal 1"' in record.raw
    reader.close()


@pytest.mark.parametrize("span", [1, 3, 1000])
def test_the_history_of_a_record_is_found_piece_by_piece(store, reader, span):
    whole = Checkpoint(table="deals", watermark=NOW, reach=max(IDS), floor=0)
    store.commit(DEALS, [*map(deal, IDS)], whole, at=NOW, cycle=1, filling=True)
    for cycle in range(2, 8):
        commit(store, deal(50, TITLE=f"version {cycle}"), deal(51, TITLE=f"other {cycle}"), cycle=cycle)
    store.bury(DEALS, [50], at=NOW, cycle=9)
    found, below, pieces = [], None, 0
    while pieces == 0 or below is not None:
        history = reader.history("deals", "50", below=below, span=span, limit=2)
        found += history.changes
        below, pieces = history.below, pieces + 1
    assert [(one.op, one.cycle) for one in found] == [
        ("delete", 9), *(("update", cycle) for cycle in range(7, 1, -1)),
    ]  # fmt: skip
    assert found[1].before == {"title": "version 6"}
    assert found[1].after == {"title": "version 7"}
    assert len({one.seq for one in found}) == len(found)


def test_what_one_cycle_changed_is_told_without_looking_at_the_others(store, reader):
    for cycle in (2, 3, 3, 7, 8):
        commit(store, deal(cycle, TITLE=f"in {cycle}"), deal(100 + cycle), cycle=cycle)
        store.fill_dictionary("categories", [{"id": cycle, "entity_type_id": 2, "name": f"{cycle}"}])
    commit(store, task(1), table=TASKS, cycle=8)
    assert [(one.row_id, one.op) for one in reader.changes_of("deals", 3, limit=9)] == [
        ("3", "insert"), ("103", "insert"),
    ]  # fmt: skip
    assert [one.row_id for one in reader.changes_of("deals", 8, limit=9)] == ["8", "108"]
    assert [one.row_id for one in reader.changes_of("tasks", 8, limit=9)] == ["1"]
    assert reader.changes_of("deals", 4, limit=9) == []
    assert reader.changes_of("deals", 99, limit=9) == []


def test_cycles_and_runs_are_told_newest_first_and_only_the_failed_where_asked(store, reader):
    for number in range(1, 6):
        assert store.begin_cycle(NOW) == number
        failed = ("deals",) if number == 2 else ()
        store.end_cycle(
            Cycle(number=number, started_at=NOW, ended_at=NOW, seconds=1.0, rows=1, failed=failed)
        )
        for table in ("leads", "deals"):
            error = "no" if table in failed else ""
            store.record_run(Run(cycle=number, table=table, started_at=NOW, updated=1, error=error))
    store.begin_cycle(NOW)  # runs
    assert [one.number for one in reader.cycles(limit=3)] == [6, 5, 4]
    assert [one.number for one in reader.cycles(below=4, limit=9)] == [3, 2, 1]
    assert [(one.number, one.failed) for one in reader.cycles(failed=True, limit=9)] == [(2, ("deals",))]
    assert [(one.cycle, one.table) for one in reader.runs(cycle=5, limit=9)] == [(5, "deals"), (5, "leads")]
    assert [one.cycle for one in reader.runs(table="leads", limit=2)] == [5, 4]
    assert [(one.cycle, one.error) for one in reader.runs(failed=True, limit=9)] == [(2, "no")]


def test_alerts_that_hold_come_first_and_rows_set_aside_with_their_reason(store, reader):
    commit(store, deal(1), deal(2, OPPORTUNITY="seven"))
    held = [
        Alert(
            kind=Kind.DELETIONS_HELD, about=table, text="many", hint="confirm", since=NOW + timedelta(hours=n)
        )
        for n, table in enumerate(("leads", "deals"))
    ]
    store.settle_alerts(held, (), at=NOW)
    store.settle_alerts(held[:1], (), at=NOW + timedelta(hours=2))
    first, second = reader.alerts(limit=9)
    assert (first.key, first.ended_at) == ("deletions_held:leads", None)
    assert second.ended_at == NOW + timedelta(hours=2)
    (kept,) = reader.set_aside("deals", limit=9)
    assert (kept.row_id, kept.field, kept.value) == ("2", "OPPORTUNITY", "seven")
    assert reader.set_aside("leads", limit=9) == []
    assert len(reader.set_aside(limit=9)) == 1


def test_columns_are_told_with_labels_and_when_they_came_and_went(store, reader):
    from tests.support.store_rows import DEAL

    store.shape(DEALS, DEAL[:-1])
    told = {one.field: one for one in reader.columns("deals")}
    assert (told["TITLE"].column, told["TITLE"].title, told["TITLE"].retired_at) == ("title", "Name", None)
    assert told["UF_CRM_LIST"].retired_at is not None
    assert reader.checkpoint("deals").table == "deals"


def test_what_the_engine_commits_is_seen_by_the_next_question(store, reader):
    assert ids(reader) == []
    commit(store, deal(1))
    assert ids(reader) == [1]


def test_a_reader_cannot_write(store, reader):
    with pytest.raises(StoreError):
        reader._database.write(lambda: reader._database.execute("DELETE FROM deals"))


def test_a_question_that_takes_too_long_can_be_ended_from_another_thread(reader):
    database = reader._database
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    threading.Timer(0.3, reader.interrupt).start()
    started = time.monotonic()
    with pytest.raises(StoreError):
        reader._read(lambda: database.rows(endless))
    assert time.monotonic() - started < 10
    assert reader.ground("deals").parts == ()  # it can be asked again


def test_without_a_mirror_it_says_so(store_url):
    with pytest.raises(NoMirror):
        Reader.open(store_url)
