"""Whatever breaks under the store, a page is there as a whole or not at all, and work goes on."""

from __future__ import annotations

import math
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import psycopg
import pytest

from bitsheet_tui.errors import (
    MirrorHeld,
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreRefused,
    StoreUnavailable,
)
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, DiscussionRead, Store, writer
from bitsheet_tui.store.lock import advisory_key
from tests.support.store_rows import CONTACT, DEAL, NOW, TABLES, TASK, comment, deal, query, task

DEALS = TABLES["deals"]
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'bitsheet-tui' AND pid <> pg_backend_pid()"
)


def commit(store: Store, *rows, reach=0):
    return store.commit(DEALS, rows, Checkpoint(table="deals", reach=reach), at=NOW, cycle=1)


@pytest.fixture
def pg_store(postgres_url):
    store = Store.open(postgres_url)
    store.shape(DEALS, DEAL)
    yield store
    store.close()


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        yield connection


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def test_a_session_that_ended_between_pages_is_replaced(pg_store, admin):
    commit(pg_store, deal(1))
    assert admin.execute(TERMINATE).fetchall()
    assert commit(pg_store, deal(2), reach=2).inserted == 1
    assert pg_store.checkpoint("deals").reach == 2
    admin.execute(TERMINATE)
    assert pg_store.count_ids(DEALS) == 2  # reading notices as well
    assert pg_store.holder() is not None


@pytest.mark.parametrize("moment", ["tell", "waits", "isolate"])
@pytest.mark.parametrize("count", [3, 150])
def test_a_session_that_ends_inside_a_page_is_replaced_and_the_page_is_stored_once(
    pg_store, admin, monkeypatch, moment, count
):
    module = writer.feed if moment == "tell" else writer.quarantine
    original, calls = getattr(module, moment), []

    def terminate_first(*args):
        calls.append(1)
        if len(calls) == 1:
            admin.execute(TERMINATE)
        return original(*args)

    monkeypatch.setattr(module, moment, terminate_first)
    done = commit(pg_store, *(deal(n) for n in range(1, count + 1)), reach=count)
    assert (done.inserted, len(calls)) == (count, 2)
    assert query(pg_store, "SELECT count(*) FROM deals") == [(count,)]
    assert query(pg_store, "SELECT count(*) FROM bitsheet_changes") == [(count,)]
    assert pg_store.checkpoint("deals").reach == count


def test_one_who_lost_the_lock_with_the_session_writes_no_more(pg_store, admin, postgres_server, monkeypatch):
    other = psycopg.connect(postgres_server, autocommit=True)
    original = writer.quarantine.waits

    def lose(*args):
        admin.execute(TERMINATE)
        other.execute("SELECT pg_advisory_lock(%s)", (advisory_key("postgres", "public"),))
        return original(*args)

    commit(pg_store, deal(1))
    monkeypatch.setattr(writer.quarantine, "waits", lose)
    with pytest.raises(MirrorHeld):
        commit(pg_store, deal(2))
    monkeypatch.undo()
    with pytest.raises(MirrorHeld):
        commit(pg_store, deal(3))
    assert admin.execute("SELECT id FROM deals").fetchall() == [(1,)]
    other.close()
    for _ in range(50):
        try:
            assert commit(pg_store, deal(2)).inserted == 1
            break
        except MirrorHeld:
            time.sleep(0.05)
    else:
        pytest.fail("the lock never came back")


def test_a_server_that_does_not_come_back_is_unavailable_and_the_page_is_not_lost(
    pg_store, admin, monkeypatch
):
    commit(pg_store, deal(1))
    admin.execute(TERMINATE)
    with monkeypatch.context() as away:
        away.setitem(pg_store._database.driver.db.connect_params, "host", "/nowhere")
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                commit(pg_store, deal(2))
    pg_store.connect()  # who wants to know whether it is back says so; others do not try again and again
    assert commit(pg_store, deal(2)).inserted == 1


def noticed(store):
    """Look whether anybody asks for something until the look says that the session is lost."""
    while store.connected:
        with suppress(StoreUnavailable):
            store.asked()


def test_what_is_wanted_while_a_session_is_opened_waits_a_little(
    pg_store, admin, postgres_server, monkeypatch
):
    """Another one holds the lock for a moment, so that opening takes that long."""
    monkeypatch.setattr("bitsheet_tui.store.postgres.LINGER", 2.0)
    held = threading.Event()

    def hold():
        with psycopg.connect(postgres_server, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (advisory_key("postgres", "public"),))
            held.set()
            time.sleep(0.3)

    commit(pg_store, deal(1))
    admin.execute(TERMINATE)
    noticed(pg_store)
    holding, opening = threading.Thread(target=hold), threading.Thread(target=pg_store.connect)
    holding.start()
    held.wait()
    opening.start()
    assert commit(pg_store, deal(2)).inserted == 1
    opening.join()
    holding.join()


def test_nobody_waits_again_and_again_for_a_server_that_says_nothing(pg_store, admin, monkeypatch):
    def reach():
        with suppress(StoreUnavailable):
            pg_store.connect()

    commit(pg_store, deal(1))
    admin.execute(TERMINATE)
    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as away:
        host, port = silent.getsockname()
        for name, value in {"host": host, "port": port}.items():
            away.setitem(pg_store._database.driver.db.connect_params, name, value)
        noticed(pg_store)
        opening = threading.Thread(target=reach)
        opening.start()
        began = time.monotonic()
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                commit(pg_store, deal(2))
        assert time.monotonic() - began < 3
        silent.close()
        opening.join()


@pytest.mark.parametrize(
    ("code", "error", "tries"),
    [
        ("53100", StoreFull, 1), ("53200", StoreUnavailable, 1), ("40001", StoreLocked, 2), ("40P01", StoreLocked, 2),
        ("25006", StoreUnavailable, 2), ("57014", StoreUnavailable, 1), ("XX001", StoreDamaged, 1),
        ("42P01", StoreRefused, 1), ("57P01", StoreUnavailable, 2),
    ],
)  # fmt: skip
def test_what_the_server_says_is_told_by_meaning(pg_store, monkeypatch, code, error, tries):
    calls = []

    def fail(*_args):
        calls.append(1)
        database = pg_store._database
        database.execute(f"DO $$ BEGIN RAISE EXCEPTION 'boom' USING ERRCODE = '{code}'; END $$")

    monkeypatch.setattr(writer.quarantine, "waits", fail)
    with pytest.raises(error) as caught:
        commit(pg_store, deal(1))
    assert type(caught.value) is error
    assert "postgresql postgres@localhost" in str(caught.value)
    assert len(calls) == tries
    monkeypatch.undo()
    assert commit(pg_store, deal(1)).inserted == 1


def test_a_server_that_forgot_is_told(pg_store, admin):
    """As one does that lost what it had acknowledged, or a backup that was restored."""
    commit(pg_store, deal(1))
    admin.execute("UPDATE bitsheet_meta SET value = value::bigint - 1 WHERE key = 'commits'")
    admin.execute(TERMINATE)
    with pytest.raises(StoreUnavailable, match="is not as it was left") as caught:
        commit(pg_store, deal(2))
    assert "read again" in caught.value.hint
    assert pg_store.astray
    pg_store.accept()
    assert commit(pg_store, deal(2)).inserted == 1


def test_a_deadlock_is_overcome_by_trying_again(pg_store, monkeypatch):
    original, calls = writer.quarantine.waits, []

    def fail_once(*args):
        calls.append(1)
        if len(calls) == 1:
            pg_store._database.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")
        return original(*args)

    monkeypatch.setattr(writer.quarantine, "waits", fail_once)
    assert commit(pg_store, deal(1)).inserted == 1


# --- SQLite ------------------------------------------------------------------------------------------------------


@pytest.fixture
def file_store(sqlite_url):
    store = Store.open(sqlite_url)
    store.shape(DEALS, DEAL)
    yield store
    store.close()


def test_a_full_disk_is_told_and_ends_by_itself(file_store):
    commit(file_store, deal(1), reach=1)
    ((pages,),) = query(file_store, "PRAGMA page_count")
    query(file_store, f"PRAGMA max_page_count = {pages + 2}")
    page = [deal(n, TITLE="x" * 1000) for n in range(2, 200)]
    for _ in range(2):
        with pytest.raises(StoreFull, match="no space left"):
            commit(file_store, *page, reach=2)
        assert query(file_store, "SELECT count(*) FROM deals") == [(1,)]
        assert file_store.checkpoint("deals").reach == 1
    query(file_store, "PRAGMA max_page_count = 1000000")
    assert commit(file_store, *page, reach=2).inserted == 198
    assert query(file_store, "PRAGMA integrity_check") == [("ok",)]


def test_another_program_that_writes_is_waited_for_and_then_named(file_store, sqlite_url):
    query(file_store, "PRAGMA busy_timeout = 50")
    other = sqlite3.connect(sqlite_url.reveal().removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Another program is writing"):
        commit(file_store, deal(1))
    other.execute("ROLLBACK")
    other.close()
    assert commit(file_store, deal(1)).inserted == 1


@pytest.mark.parametrize("what", ["delete", "replace"])
def test_a_file_that_was_taken_away_is_not_written_to(file_store, sqlite_url, tmp_path, what):
    commit(file_store, deal(1))
    path = tmp_path / "mirror.db"
    path.rename(tmp_path / "moved.db")
    if what == "replace":
        path.write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="moved, deleted or replaced"):
        commit(file_store, deal(2))
    assert not path.exists() or path.read_bytes() == b""


def test_a_file_that_became_unwritable_is_named(file_store):
    query(file_store, "PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        commit(file_store, deal(1))


WRITING = """
import sys
from tests.support.store_rows import DEAL, NOW, TABLES, deal
from bitsheet_tui.store import Checkpoint, Store
from bitsheet_tui.secret import Secret
store = Store.open(Secret(sys.argv[1]))
store.shape(TABLES["deals"], DEAL)
n = store.checkpoint("deals").reach or 0
print("open", flush=True)
while True:
    page = [deal(n + i) for i in range(1, 21)]
    n += 20
    store.commit(TABLES["deals"], page, Checkpoint(table="deals", reach=n), at=NOW, cycle=1)
"""


def test_a_copy_made_while_it_is_written_is_a_whole_mirror(sqlite_url, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, sqlite_url.reveal()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout.readline() == b"open\n"
    ends = []
    try:
        for number in range(20):
            copy = tmp_path / f"copy{number}.db"
            with closing(sqlite3.connect(tmp_path / "mirror.db")) as mirror:
                if number % 2:
                    mirror.execute("VACUUM INTO ?", (str(copy),))
                else:
                    with closing(sqlite3.connect(copy)) as kept:
                        mirror.backup(kept)
            store = opened(Secret(f"sqlite:///{copy}"))
            ((count, newest),) = query(store, "SELECT count(*), coalesce(max(id), 0) FROM deals")
            ends.append(store.checkpoint("deals").reach or 0)
            assert query(store, "PRAGMA integrity_check") == [("ok",)]
            store.close()
            assert count == newest == ends[-1]
            copy.unlink()
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    assert ends == sorted(ends)
    assert len(set(ends)) > 2  # copies of different moments


def test_killed_at_any_moment_rows_and_checkpoint_agree(store_url):
    pick = random.Random(7)
    before = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITING, store_url.reveal()],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout.readline() == b"open\n"
        time.sleep(pick.uniform(0.0, 0.08))
        process.kill()
        process.communicate()
        store = opened(store_url)
        ((count, newest, changes),) = query(
            store, "SELECT count(*), max(id), (SELECT count(*) FROM bitsheet_changes) FROM deals"
        )
        reach = store.checkpoint("deals").reach
        if store_url.reveal().startswith("sqlite"):
            assert query(store, "PRAGMA integrity_check") == [("ok",)]
        store.close()
        assert count == (newest or 0) == (reach or 0) == changes >= before
        before = count
    assert before > 0


def opened(url: Secret) -> Store:
    for _ in range(100):
        try:
            return Store.open(url)
        except MirrorHeld:  # a server needs a moment to notice
            time.sleep(0.02)
    raise AssertionError("still held")


def test_a_row_by_row_search_stops_at_an_error_that_is_no_row_s_fault(file_store, monkeypatch):
    class Away(sqlite3.OperationalError):
        sqlite_errorcode = sqlite3.SQLITE_FULL

    calls = []

    def many(sql, rows_):
        calls.append(sql)
        if len(calls) == 1:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        raise Away("database or disk is full")

    monkeypatch.setattr(file_store._database, "many", many)
    with pytest.raises(StoreFull):
        commit(file_store, deal(1), deal(2))
    assert len(calls) == 2


def test_work_inside_a_transaction_belongs_to_it(file_store):
    database = file_store._database

    def outer():
        database.write(lambda: database.execute("INSERT INTO bitsheet_meta VALUES ('a', '1')"))
        assert database.read(lambda: database.rows("SELECT value FROM bitsheet_meta WHERE key = 'a'")) == [
            ("1",)
        ]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(outer)
    assert query(file_store, "SELECT count(*) FROM bitsheet_meta WHERE key = 'a'") == [(0,)]


def test_a_view_that_somebody_built_upon_stays_and_nothing_fails(pg_store, admin):
    admin.execute("CREATE VIEW mine AS SELECT title FROM v_deals")
    assert pg_store.shape(DEALS, (*DEAL, Field(name="UF_NEW", kind=Kind.TEXT))).added == ("uf_new",)
    commit(pg_store, deal(1, UF_NEW="x"))
    assert admin.execute("SELECT title FROM mine").fetchall() == [("Deal 1",)]
    assert admin.execute("SELECT uf_new FROM deals").fetchall() == [("x",)]


def test_a_database_that_keeps_no_session_is_refused(pg_store, monkeypatch):
    driver = pg_store._database.driver
    execute = driver.db.execute_sql

    def pooled(sql, parameters=None):
        return execute("SELECT 0" if "pid = pg_backend_pid()" in sql else sql, parameters)

    monkeypatch.setattr(driver.db, "execute_sql", pooled)
    with pytest.raises(StoreUnavailable, match="another session") as caught:
        driver._take_lock()
    assert "PgBouncer" in caught.value.hint


class Crash(BaseException):
    """The process is as good as gone."""


class FailingAt:
    """Fails at the n-th thing the store asks of its database."""

    def __init__(self, store: Store, n: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = n
        database = store._database
        for place, name in ((database, "many"), (database, "rows"), (database.peewee, "execute_sql")):
            monkeypatch.setattr(place, name, self.counting(getattr(place, name), error))

    def counting(self, original, error):
        def step(*args):
            self.left -= 1
            if self.left == 0:
                raise error
            return original(*args)

        return step


def everything(store: Store) -> list:
    tables = ("contacts", "contact_points", "tasks", "task_comments", "bitsheet_discussions", "bitsheet_changes",
              "bitsheet_quarantine", "bitsheet_checkpoints")  # fmt: skip
    return [sorted(map(repr, query(store, f"SELECT * FROM {table}"))) for table in tables]


@pytest.mark.parametrize("error", [ZeroDivisionError(), Crash()], ids=["error", "crash"])
def test_failing_at_the_nth_step_leaves_all_or_nothing_for_every_n(store_url, monkeypatch, error):
    contacts, tasks, comments = (TABLES[name] for name in ("contacts", "tasks", "task_comments"))
    store = Store.open(store_url)
    store.shape(contacts, CONTACT)
    store.shape(tasks, TASK)
    store.shape(comments, comments.fields)
    phone = [{"ID": "6", "VALUE": "+1", "TYPE_ID": "PHONE"}]

    def page(round_):
        rows = [{"ID": n, "NAME": f"{n} {round_}", "PHONE": phone} for n in range(1, 4)]
        rows.append({"ID": 9, "PHONE": [math.nan]})
        store.commit(contacts, rows, Checkpoint(table="contacts", reach=round_), at=NOW, cycle=round_)

    def task_page(round_):
        rows = [task(n, TITLE=f"{n} {round_}") for n in (1, 2)]
        store.commit(tasks, rows, Checkpoint(table="tasks", reach=round_), at=NOW, cycle=round_)

    def talk(round_):
        read = [
            DiscussionRead(task_id=n, read_at=NOW, forum=[], chat=[comment(10 * n + round_)], readable=True)
            for n in (1, 2)
        ]
        store.commit_discussions(comments, read, at=NOW, cycle=round_)

    def sweep(round_):
        store.sweep(contacts, {1}, Checkpoint(table="contacts", reach=-round_), at=NOW, cycle=round_)

    steps = [
        failed_steps(store, monkeypatch, error, lambda work=work, round_=round_: work(round_))
        for round_, work in enumerate((page, page, task_page, talk, talk, sweep), start=1)
    ]
    store.close()
    assert min(steps) > 3
    assert sum(steps) > 30


def failed_steps(store: Store, monkeypatch, error: BaseException, work) -> int:
    """How often `work` fails until it does not, and nothing has changed before that."""
    before = everything(store)
    for n in range(1, 100):
        with monkeypatch.context() as failing:
            counter = FailingAt(store, n, error, failing)
            try:
                work()
            except (ZeroDivisionError, Crash):
                assert counter.left <= 0
            else:
                break
        assert everything(store) == before
    assert everything(store) != before
    return n - 1
