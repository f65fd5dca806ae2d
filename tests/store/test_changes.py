"""Whoever copies the mirror gets a snapshot of one moment, then every line once, in order, told as it is committed."""

from __future__ import annotations

import json
import threading
import time

import pytest

from bitsheet_tui.errors import LinesGone, MirrorHeld, NoMirror, StoreError, UsageError
from bitsheet_tui.fields import Kind
from bitsheet_tui.store import DiscussionRead, Store, changes, documents
from bitsheet_tui.store.changes import Changes
from bitsheet_tui.store.cursors import Cursors
from bitsheet_tui.store.feed import Op
from tests.support.store_rows import NOW, SHAPES, TABLES, comment, deal, query, task

OTHERS_END = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()"""
DEALS, TASKS = TABLES["deals"], TABLES["tasks"]


@pytest.fixture
def feed(store, store_url):
    found = Changes.open(store_url)
    yield found
    found.close()


@pytest.fixture
def cursors(store, store_url):
    opened = []

    def opener():
        opened.append(Cursors.open(store_url))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def commit(store, *rows, table=DEALS, cycle=1):
    return store.commit(table, rows, None, at=NOW, cycle=cycle)


def everything(feed, after=0, **how):
    found = []
    while some := feed.lines(found[-1].seq if found else after, limit=1000, **how):
        found += some
    return found


def test_there_is_no_feed_where_there_is_no_mirror(sqlite_url):
    with pytest.raises(NoMirror):
        Changes.open(sqlite_url)


def test_lines_come_in_order_with_what_was_and_what_is(store, feed):
    assert feed.newest() == feed.oldest() == 0
    assert feed.lines(0, limit=10) == []
    commit(store, deal(1))
    commit(store, deal(1, TITLE="Ünïcode\n\x01\u2028 \U0001f600", OPPORTUNITY="0.1"), cycle=2)
    commit(store, task(1), table=TASKS, cycle=3)
    store.bury(DEALS, [1], at=NOW, cycle=4)
    lines = everything(feed)
    assert [(line.table, line.row_id, line.op) for line in lines] == [
        ("deals", "1", Op.INSERT), ("deals", "1", Op.UPDATE), ("tasks", "1", Op.INSERT), ("deals", "1", Op.DELETE),
    ]  # fmt: skip
    assert [line.seq for line in lines] == sorted({line.seq for line in lines})
    assert [line.cycle for line in lines] == [1, 2, 3, 4]
    assert {line.at for line in lines} == {NOW}
    _, update, _, delete = lines
    assert json.loads(update.before) == {"title": "Deal 1", "opportunity": 1000.5}
    assert json.loads(update.after) == {"title": "Ünïcode\n\x01\u2028 \U0001f600", "opportunity": 0.1}
    assert delete.before is delete.after is None
    assert (feed.oldest(), feed.newest()) == (lines[0].seq, lines[-1].seq)
    assert everything(feed, lines[1].seq) == lines[2:]
    assert everything(feed, tables=("tasks",)) == [lines[2]]
    assert [line.seq for line in feed.lines(0, limit=1)] == [lines[0].seq]


def test_long_lines_come_a_few_at_a_time_and_short_ones_many(store, feed):
    commit(store, *(deal(number, TITLE="x" * 200_000) for number in range(1, 26)))
    commit(store, *map(deal, range(100, 150)))
    sizes, after = [], 0
    while some := feed.lines(after, limit=1000):
        after = some[-1].seq
        sizes.append(sum(line.size for line in some))
    assert len(everything(feed)) == 75
    assert max(sizes[1:]) <= changes.BYTES + 400_000
    assert len(sizes) > 2


def test_who_waits_is_told_of_a_commit_at_once_and_of_nothing_else(store, feed):
    began = time.monotonic()
    assert not feed.wait(0, timeout=0.3)
    assert time.monotonic() - began >= 0.3
    store.remember("something", "else")
    assert not feed.wait(0, timeout=0.3)
    done = []
    later = threading.Timer(0.5, lambda: done.append((commit(store, deal(1)), time.monotonic())))
    later.start()
    assert feed.wait(0, timeout=30)
    woken = time.monotonic()
    later.join()
    ((_, committed),) = done
    assert woken - committed < 1
    assert feed.wait(0, timeout=0)
    assert not feed.wait(feed.newest(), timeout=0)


def test_who_waits_can_be_woken_by_another_thread_or_beforehand(feed):
    threading.Timer(0.3, feed.interrupt).start()
    began = time.monotonic()
    assert not feed.wait(0, timeout=30)
    assert time.monotonic() - began < 5
    feed.interrupt()
    assert not feed.wait(0, timeout=30)
    assert time.monotonic() - began < 5


def test_a_server_is_not_asked_while_somebody_waits(postgres_url, monkeypatch):
    store = open_store_on(postgres_url)
    feed = Changes.open(postgres_url)
    try:
        feed.wait(0, timeout=0)
        asked = []
        driver = feed._database.driver
        real = driver.db.execute_sql
        monkeypatch.setattr(driver.db, "execute_sql", lambda *a, **k: asked.append(a) or real(*a, **k))
        assert not feed.wait(0, timeout=1.5)
        assert asked == []
    finally:
        feed.close()
        store.close()


def test_a_session_that_was_ended_is_replaced_and_listens_again(postgres_url):
    store = open_store_on(postgres_url)
    feed = Changes.open(postgres_url)
    try:
        assert not feed.wait(0, timeout=0)
        for again in range(2):
            query(
                store,
                OTHERS_END,
            )
            threading.Timer(0.5, commit, (store, deal(again + 1))).start()
            assert feed.wait(again, timeout=30)
            assert [line.row_id for line in feed.lines(again, limit=9)] == [str(again + 1)]
    finally:
        feed.close()
        store.close()


def open_store_on(url):
    store = Store.open(url)
    store.shape(DEALS, SHAPES["deals"])
    return store


def test_a_snapshot_is_of_one_moment_and_says_which(store, feed):
    commit(store, *map(deal, range(1, 401)))
    store.bury(DEALS, [7], at=NOW, cycle=1)
    newest = feed.newest()
    with feed.snapshot() as snapshot:
        pages = snapshot.pages("deals", size=150)
        found = next(pages)
        commit(store, deal(1, TITLE="new"), deal(900), deal(399, TITLE="new"))
        found += [row for page in pages for row in page]
        assert snapshot.seq == newest
        names = [column.name for column in snapshot.columns("deals")]
        assert snapshot.row_id("deals", found[0]) == "1"
    rows = [dict(zip(names, row, strict=True)) for row in found]
    assert [row["id"] for row in rows] == list(range(1, 401))
    assert {row["title"] for row in rows} == {f"Deal {number}" for number in range(1, 401)}
    assert [row["id"] for row in rows if row["_deleted_at"] is not None] == [7]
    assert [line.row_id for line in everything(feed, newest)] == ["1", "900", "399"]
    assert json.loads(documents.encode(rows[0])) == {
        "id": 1, "title": "Deal 1", "opportunity": 1000.5, "category_id": 0, "company_id": 9, "closed": False,
        "date_modify": "2024-08-30T12:29:00+00:00", "begindate": "2024-08-30", "uf_crm_list": ["a", "b"],
        "_synced_at": NOW.isoformat(), "_deleted_at": None,
    }  # fmt: skip


def test_a_snapshot_knows_the_tables_their_columns_and_their_keys(store, feed):
    store.shape(TABLES["task_comments"], TABLES["task_comments"].fields)
    store.fill_dictionary("statuses", [{"id": 1, "entity_id": "STATUS", "status_id": "NEW", "name": "New"}])
    with feed.snapshot() as snapshot:
        assert snapshot.tables() == ["contacts", "deals", "tasks", "task_comments", "statuses"]
        key = [(column.name, column.kind) for column in snapshot.columns("task_comments") if column.key]
        assert key == [("source", Kind.TEXT), ("id", Kind.INTEGER)]
        assert [*snapshot.pages("tasks")] == []
        ((row,),) = snapshot.pages("statuses")
        assert row[:4] == (1, "STATUS", "NEW", "New")
        assert [snapshot.filling(name) for name in ("deals", "statuses")] == [False, False]


def test_a_snapshot_gives_single_rows_and_knows_what_is_being_filled(store, feed):
    store.shape(TABLES["task_comments"], TABLES["task_comments"].fields)
    store.commit(DEALS, [*map(deal, range(1, 4))], None, at=NOW, cycle=1, filling=True)
    read = DiscussionRead(task_id=1, read_at=NOW, forum=[], chat=[comment(1), comment(2)], readable=True)
    store.commit(TASKS, [task(1)], None, at=NOW, cycle=1)
    assert store.commit_discussions(TABLES["task_comments"], [read], at=NOW, cycle=1).inserted == 2
    with feed.snapshot() as snapshot:
        assert snapshot.filling("deals")
        assert not snapshot.filling("contacts")
        assert [row[0] for row in snapshot.rows("deals", ["3", "17", "1", "x:y"])] == [3, 1]
        assert snapshot.rows("deals", ["2"]) == [[*next(snapshot.pages("deals"))][1]]
        assert [row[:2] for row in snapshot.rows("task_comments", ["chat:2", "forum:2"])] == [("chat", 2)]
        assert snapshot.rows("deals", []) == []


def test_big_rows_of_a_snapshot_come_a_few_at_a_time(store, feed):
    commit(store, *(deal(number, TITLE="x" * 200_000) for number in range(1, 251)))
    with feed.snapshot() as snapshot:
        sizes = [len(page) for page in snapshot.pages("deals")]
    assert sum(sizes) == 250
    assert max(sizes[1:]) <= 41


def test_a_snapshot_whose_session_is_lost_is_not_continued_with_another_moment(postgres_url):
    store = open_store_on(postgres_url)
    commit(store, *map(deal, range(1, 401)))
    feed = Changes.open(postgres_url)
    try:
        with feed.snapshot() as snapshot:
            pages = snapshot.pages("deals", size=100)
            next(pages)
            query(store, OTHERS_END)
            with pytest.raises(StoreError):
                list(pages)
            with pytest.raises(StoreError, match="is lost"):
                next(snapshot.pages("deals"))
        assert feed.newest() == 400
    finally:
        feed.close()
        store.close()


def test_who_wants_lines_that_are_not_kept_or_not_there_yet_is_told(store, feed):
    commit(store, *map(deal, range(1, 6)))
    for after in (0, 3, 5):
        feed.expect(after)
    with pytest.raises(LinesGone, match="ends with line 5"):
        feed.expect(6)
    query(store, "DELETE FROM bitsheet_changes WHERE seq <= 3 RETURNING 1")
    store.remember("changes_cut", "3")
    with pytest.raises(LinesGone, match="from line 4 on"):
        feed.expect(2)
    feed.expect(3)


def test_a_cursor_is_kept_moves_forward_and_can_be_dropped(cursors):
    mine = cursors()
    assert mine.take("lake") is None
    mine.move("lake", 7, description="Delta Lake")
    mine.move("lake", 5)
    (found,) = mine.all()
    assert (found.name, found.seq, found.description) == ("lake", 7, "Delta Lake")
    mine.close()
    other = cursors()
    assert other.take("lake") == found
    assert other.drop("lake")
    assert not other.drop("lake")
    assert other.all() == []


def test_one_process_at_a_time_has_a_cursor(cursors):
    first, second = cursors(), cursors()
    first.take("lake")
    first.take("lake")
    with pytest.raises(MirrorHeld, match="lake"):
        second.take("lake")
    second.take("other")
    first.close()
    second.take("lake")


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "x" * 64, "a\n", "ä"])
def test_a_cursor_has_a_name_that_can_be_typed(cursors, name):
    with pytest.raises(UsageError):
        cursors().take(name)
