"""One writer for each SQLite file: through links, removed locks, and viewers in the writer's own process."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.errors import MirrorHeld, StoreDamaged, StoreFull, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store, lock
from bitsheet_tui.store.sqlite import Sqlite
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query

DEALS = TABLES["deals"]
HOLDING = """
import sys
from tests.support.store_rows import DEAL, TABLES
from bitsheet_tui.store import Store
from bitsheet_tui.secret import Secret
store = Store.open(Secret(sys.argv[1]))
store.shape(TABLES["deals"], DEAL)
print("open", flush=True)
for line in sys.stdin:
    store.remember("word", line)
    print("done", flush=True)
"""
READING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM deals").fetchone()[0])
connection.close()
"""
needs_own_locks = pytest.mark.parametrize("own_locks", [True] if lock.OWN_LOCKS else [])


def at(path: Path) -> Secret:
    return Secret(f"sqlite:///{path}")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mirror.db"


@pytest.fixture
def other(path):
    """Another process that holds the mirror, and writes when told to."""
    command = [sys.executable, "-c", HOLDING, at(path).reveal()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def held_by(url):
    with pytest.raises(MirrorHeld) as caught:
        Store.open(url)
    assert caught.value.exit_code == 75
    return str(caught.value)


def test_a_symbolic_link_leads_to_the_same_lock(other, path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(path)
    assert f"pid {other.pid}" in held_by(at(link))
    assert sorted(file.name for file in link.parent.iterdir()) == ["link.db"]


def test_a_link_to_the_folder_does_too(other, path, tmp_path):
    (tmp_path / "folder").symlink_to(tmp_path)
    assert f"pid {other.pid}" in held_by(at(tmp_path / "folder" / path.name))


@needs_own_locks
def test_a_hard_link_does_too(other, path, tmp_path, own_locks):
    (tmp_path / "hard.db").hardlink_to(path)
    held_by(at(tmp_path / "hard.db"))
    assert not (tmp_path / "hard.db-wal").exists()


@needs_own_locks
def test_a_lock_file_that_somebody_removes_lets_nobody_in_and_is_made_again(other, path, own_locks):
    Path(f"{path}.lock").unlink()
    held_by(at(path))
    other.stdin.write("something\n")
    other.stdin.flush()
    assert other.stdout.readline() == "done\n"
    assert f"pid {other.pid}" in held_by(at(path))
    reader = Store.open(at(path), readonly=True)
    assert (reader.holder().pid, reader.holder().host) == (other.pid, socket.gethostname())
    reader.close()


def test_where_a_file_has_no_locks_of_its_own_the_first_one_stops_when_it_has_lost_its_lock(
    path, monkeypatch
):
    monkeypatch.setattr(lock, "OWN_LOCKS", False)
    first = Store.open(at(path))
    Path(f"{path}.lock").unlink()
    second = Store.open(at(path))
    with pytest.raises(MirrorHeld):
        first.remember("word", "of the first")
    second.remember("word", "of the second")
    assert query(second, "SELECT value FROM bitsheet_meta WHERE key = 'word'") == [("of the second",)]
    second.close()
    first.remember("word", "of the first again")
    first.close()


def test_a_store_that_was_closed_is_free_by_all_its_names(path, tmp_path):
    Store.open(at(path)).close()
    (tmp_path / "hard.db").hardlink_to(path)
    for name in ("hard.db", "mirror.db"):
        Store.open(at(tmp_path / name)).close()


def test_a_viewer_in_the_same_process_costs_the_writer_no_lock(path):
    """Whoever closes the database file drops every lock of the process on it: another one would end the log."""
    store = Store.open(at(path))
    store.shape(DEALS, DEAL)
    store.commit(DEALS, [deal(1)], None, at=NOW, cycle=1)
    for _ in range(3):
        Store.open(at(path), readonly=True).close()
        log = Path(f"{path}-wal").stat().st_ino
        command = [sys.executable, "-c", READING, str(path)]
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"
        assert Path(f"{path}-wal").stat().st_ino == log
    held_by(at(path))
    store.close()


def test_nothing_is_kept_open_after_the_last_one_has_closed(path):
    before = sorted(Path("/dev/fd").iterdir())
    for _ in range(3):
        stores = [Store.open(at(path)), Store.open(at(path), readonly=True)]
        with pytest.raises(MirrorHeld):
            Store.open(at(path))
        for store in stores:
            store.close()
    assert len(list(Path("/dev/fd").iterdir())) == len(before)
    assert not lock._parked
    assert not lock._users


def test_through_a_link_the_log_of_a_crash_is_seen_and_the_file_is_checked(path, tmp_path, monkeypatch):
    link = tmp_path / "link.db"
    link.symlink_to(path)
    script = HOLDING.replace("for line", "import os; os._exit(9)\nfor line")
    subprocess.run([sys.executable, "-c", script, at(path).reveal()], check=False, stdout=subprocess.DEVNULL)
    checked = []
    monkeypatch.setattr(Sqlite, "_check_health", lambda self: checked.append(self.path))
    Store.open(at(link)).close()
    assert checked == [path]


def test_whoever_finds_a_damaged_file_is_told_of_what_lies_beside_it(path):
    store = Store.open(at(path))
    store.shape(DEALS, DEAL)
    store.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    with pytest.raises(StoreDamaged) as caught:
        Store.open(at(path))
    assert f"{path}-wal and {path}-shm" in caught.value.hint
    assert "Restore it from a backup" in caught.value.hint


def test_a_disk_that_became_read_only_is_no_bug_when_the_lock_is_let_go(path, monkeypatch):
    store = Store.open(at(path))
    with monkeypatch.context() as disk:

        def refuse(*_):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        disk.setattr(os, "ftruncate", refuse)
        store.close()
    Store.open(at(path)).close()


def test_a_file_that_may_not_grow_is_told_by_the_limit_and_goes_on_without_it(path):
    store = Store.open(at(path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (max(one.stat().st_size for one in path.parent.iterdir()), hard)
    )
    try:
        with pytest.raises(StoreFull, match=r"keeps .* from growing") as caught:
            store.remember("word", "x" * 500_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "ulimit -f" in caught.value.hint
    store.remember("word", "well again")
    store.close()


def test_a_file_system_that_turned_read_only_is_told_as_such(path, monkeypatch):
    store = Store.open(at(path))
    real = os.statvfs

    def readonly(name):
        found = list(real(name))
        found[8] |= os.ST_RDONLY
        return os.statvfs_result(found)

    def work():
        store._database.execute("ROLLBACK")  # as SQLite does it by itself
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    monkeypatch.setattr(os, "statvfs", readonly)
    with pytest.raises(StoreUnavailable, match="has become read-only") as caught:
        store._database.write(work)
    assert "dmesg" in caught.value.hint
    store.close()


def test_what_the_disk_said_is_told_and_not_what_came_of_it(path):
    """SQLite rolls back by itself then, and has nothing left to roll back when it is told to."""
    store = Store.open(at(path))
    database = store._database

    def work():
        database.execute("ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        database.write(work)
    store.remember("word", "well again")
    store.close()


def test_a_lock_file_that_is_a_link_of_somebody_else_is_refused_and_what_it_leads_to_stays(
    tmp_path, monkeypatch
):
    victim, lock = tmp_path / "victim.txt", tmp_path / "m.db.lock"
    victim.write_text("kept")
    lock.symlink_to(victim)
    theirs = os.stat_result((*lock.lstat()[:4], 4711, *lock.lstat()[5:]))
    monkeypatch.setattr(Path, "lstat", lambda _: theirs)
    with pytest.raises(StoreUnavailable, match="belongs to somebody else"):
        Store.open(Secret(f"sqlite:///{tmp_path}/m.db"))
    assert victim.read_text() == "kept"
