"""A mirror is opened with care: made for its owner only, and nothing that is not ours is ever touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from bitsheet_tui.errors import StoreDamaged, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store, migrations
from bitsheet_tui.store.address import parse
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query


def sqlite_at(path: Path) -> Secret:
    return Secret(f"sqlite:///{path}")


# --- addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///mirror.db", "/base/mirror.db"),
        ("sqlite:///data/mirror.db", "/base/data/mirror.db"),
        ("sqlite:////var/lib/mirror.db", "/var/lib/mirror.db"),
        ("sqlite:///a b?c#d%20.db", "/base/a b?c#d%20.db"),
    ],
)
def test_a_sqlite_path_is_relative_to_the_configuration_unless_it_is_absolute(url, path):
    assert str(parse(Secret(url), schema="public", base=Path("/base")).path) == path


def test_a_postgresql_address_is_taken_apart_and_shows_no_password():
    url = Secret("postgresql://ann:p%40ss%2Fword@Db1.example:5433/crm?sslmode=require")
    address = parse(url, schema="mirror", base=None)
    assert (address.database, address.schema, address.label) == (
        "crm",
        "mirror",
        "postgresql crm@Db1.example",
    )
    assert address.options == {"host": "Db1.example", "port": "5433", "user": "ann", "sslmode": "require"}
    assert address.password.reveal() == "p@ss/word"
    assert "p@ss" not in repr(address)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://ann@%2Fvar%2Frun%2FPG/crm", "/var/run/PG"),
        ("postgresql://ann@/crm?host=/var/run/PG", "/var/run/PG"),
        ("postgresql:///crm", None),
    ],
)
def test_a_socket_can_be_named(url, host):
    address = parse(Secret(url), schema="public", base=None)
    assert address.options.get("host") == host
    assert address.label == "postgresql crm@localhost"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("postgresql://[::1]/crm", {"host": "::1"}),
        ("postgresql://[2001:db8::1]:5433/crm", {"host": "2001:db8::1", "port": "5433"}),
        ("postgresql://[::1]:5433,db2/crm", {"host": "::1,db2", "port": "5433,"}),
        ("postgresql://db1,db2:5433/crm", {"host": "db1,db2", "port": ",5433"}),
    ],
)
def test_ipv6_addresses_and_several_hosts_are_named_as_libpq_takes_them(url, options):
    assert parse(Secret(url), schema="", base=None).options == options


@pytest.mark.parametrize(
    "url",
    [
        "bitsheet.db", "mysql://root:hunter22@host/db", "sqlite:///", "sqlite://mirror.db", "postgresql://host",
        "postgresql://ann:hunter22@host:port/db", "postgresql://ann:hunter22@[::1/db", "",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_refused_without_repeating_it(url):
    with pytest.raises(StoreUnavailable) as caught:
        parse(Secret(url), schema="public", base=None)
    assert "hunter22" not in str(caught.value) + caught.value.hint
    assert "sqlite:///" in caught.value.hint


# --- files ----------------------------------------------------------------------------------------------------


def test_a_new_mirror_is_readable_by_its_owner_only(tmp_path):
    before = os.umask(0o022)
    try:
        store = Store.open(sqlite_at(tmp_path / "m.db"))
        store.shape(TABLES["deals"], DEAL)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"m.db": 0o600, "m.db-wal": 0o600, "m.db-shm": 0o600, "m.db.lock": 0o600}


def test_what_root_makes_beside_anothers_mirror_belongs_to_that_other(tmp_path, monkeypatch):
    """A service could not go on with files of root's."""
    given: dict[str, int] = {}

    def give(descriptor: int, owner: int, _group: int) -> None:
        given[Path(f"/proc/self/fd/{descriptor}").readlink().name] = owner

    def owned(found: os.stat_result) -> os.stat_result:
        return os.stat_result((*found[:4], 1234, 1234, *found[6:]))

    with monkeypatch.context() as root:
        real = Path.stat
        root.setattr(os, "geteuid", lambda: 0)
        root.setattr(os, "fchown", give)
        root.setattr(Path, "stat", lambda self, **more: owned(real(self, **more)))
        Store.open(sqlite_at(tmp_path / "m.db")).close()
        assert given == {"m.db": 1234, "m.db.lock": 1234}
        (tmp_path / "m.db.lock").unlink()
        given.clear()
        Store.open(sqlite_at(tmp_path / "m.db")).close()
        assert given == {"m.db.lock": 1234}


def test_a_mirror_in_sqlite_is_set_up_for_safety(tmp_path):
    store = Store.open(sqlite_at(tmp_path / "m.db"))
    found = {
        name: query(store, f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "busy_timeout", "trusted_schema", "cell_size_check",
                     "application_id", "user_version")
    }  # fmt: skip
    store.close()
    assert found == {
        "journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000, "trusted_schema": 1,
        "cell_size_check": 1, "application_id": 0x62697473, "user_version": len(migrations.STEPS),
    }  # fmt: skip


def foreign_text(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)


def foreign_short(path: Path) -> None:
    path.write_bytes(b"SQ")


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER)")
    connection.close()


def foreign_application(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA application_id = 1234")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (id INTEGER)")
    connection.close()


def broken_inside(path: Path) -> None:
    store = Store.open(sqlite_at(path))
    store.shape(TABLES["deals"], DEAL)
    store.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)  # the root page of everything


@pytest.mark.parametrize(
    "make", [foreign_text, foreign_short, foreign_database, foreign_application, broken_inside]
)
@pytest.mark.parametrize("readonly", [False, True])
def test_what_is_not_ours_or_broken_is_refused_and_left_as_it_is(tmp_path, make, readonly):
    path = tmp_path / "m.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged) as caught:
        Store.open(sqlite_at(path), readonly=readonly)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 74
    assert path.read_bytes() == before


def test_damage_met_later_is_told_and_not_worsened(tmp_path):
    path = tmp_path / "m.db"
    store = Store.open(sqlite_at(path))
    store.shape(TABLES["deals"], DEAL)
    store.commit(TABLES["deals"], [deal(n, TITLE="x" * 500) for n in range(1, 500)], None, at=NOW, cycle=1)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 3))
    before = path.read_bytes()
    store = Store.open(sqlite_at(path))
    with pytest.raises(StoreDamaged):
        query(store, "SELECT sum(length(title)) FROM deals")
    store.close()
    assert path.read_bytes() == before


def test_after_an_unclean_end_the_file_is_checked(tmp_path):
    path = tmp_path / "m.db"
    script = (
        "import os, sys; from tests.support.store_rows import *; from bitsheet_tui.secret import Secret; from bitsheet_tui.store import Store;"
        f"s = Store.open(Secret('sqlite:///{path}')); s.shape(TABLES['deals'], DEAL);"
        "s.commit(TABLES['deals'], [deal(1)], None, at=NOW, cycle=1); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    store = Store.open(sqlite_at(path))
    assert store.count_ids(TABLES["deals"]) == 1
    store.close()


def test_an_empty_file_becomes_a_mirror(tmp_path):
    (tmp_path / "m.db").touch()
    Store.open(sqlite_at(tmp_path / "m.db")).close()
    assert (tmp_path / "m.db").stat().st_size > 0


@pytest.mark.parametrize("readonly", [False, True])
def test_places_that_cannot_hold_a_mirror_are_named(tmp_path, readonly):
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "missing" / "m.db", tmp_path / "folder"):
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(sqlite_at(place), readonly=readonly)
        assert str(place.parent if "missing" in str(place) else place) in str(caught.value)
        assert caught.value.exit_code == 73


OPENING_AS_NOBODY = """
import os, sys
from bitsheet_tui.store import Store
from bitsheet_tui.secret import Secret
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        Store.open(Secret(f"sqlite:///{path}"))
    except Exception as error:
        print(type(error).__name__, str(error))
"""


def test_a_place_without_permission_is_named():
    with tempfile.TemporaryDirectory(prefix="bitsheet-") as name:
        folder = Path(name)
        Store.open(sqlite_at(folder / "m.db")).close()
        (folder / "m.db").chmod(0)
        folder.chmod(0o555)
        paths = [str(folder / "new.db"), str(folder / "m.db")]
        command = [sys.executable, "-c", OPENING_AS_NOBODY, *paths]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(told) == 2
    for line, path in zip(told, paths, strict=True):
        assert line.startswith("StoreUnavailable")
        assert path in line
        assert "Permission denied" in line


# --- reading only ----------------------------------------------------------------------------------------------


def test_reading_needs_no_lock_and_sees_what_another_instance_writes(store, store_url):
    reader = Store.open(store_url, readonly=True)
    store.commit(TABLES["deals"], [deal(1)], None, at=NOW, cycle=1)
    assert [count.rows for count in reader.counts() if count.table == "deals"] == [1]
    assert reader.shapes().keys() == store.shapes().keys()
    with pytest.raises(StoreUnavailable):
        reader.begin_cycle(NOW)
    assert reader.holder().pid == os.getpid()
    reader.close()


def test_reading_what_is_not_there_makes_nothing(tmp_path):
    with pytest.raises(StoreUnavailable, match="There is no mirror") as caught:
        Store.open(sqlite_at(tmp_path / "m.db"), readonly=True)
    assert "bitsheet-tui" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


# --- versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("readonly", [False, True])
def test_a_mirror_of_a_newer_program_is_refused(open_store, store_url, readonly):
    store = open_store()
    query_ = "UPDATE bitsheet_meta SET value = '99' WHERE key = 'schema_version'"
    store._database.write(lambda: store._database.execute(query_))
    store.close()
    with pytest.raises(StoreUnavailable, match=r"made by a newer bitsheet-tui \(version 99"):
        open_store(readonly=readonly)


def test_an_older_mirror_is_brought_forward_in_one_transaction(open_store):
    store = open_store()
    database = store._database

    def add(database):
        database.execute("CREATE TABLE bitsheet_new (id INTEGER)")

    def fail(database):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrations.migrate(database, (*migrations.STEPS, add, fail))
    assert database.read(lambda: migrations.version(database)) == len(migrations.STEPS)
    assert "bitsheet_new" not in database.read(database.peewee.get_tables)
    migrations.migrate(database, (*migrations.STEPS, add))
    assert database.read(lambda: migrations.version(database)) == len(migrations.STEPS) + 1
    assert "bitsheet_new" in database.read(database.peewee.get_tables)


def test_alerts_of_an_older_mirror_stand_still_once_it_is_brought_forward(open_store, store_url):
    store = open_store()
    database = store._database

    def older():
        for column in ("kind", "about", "hint", "tables"):
            database.execute(f"ALTER TABLE bitsheet_alerts DROP COLUMN {column}")
        database.execute("UPDATE bitsheet_meta SET value = '2' WHERE key = 'schema_version'")
        database.execute(
            "INSERT INTO bitsheet_alerts (key, state, severity, text, since, times)"
            f" VALUES ('deletions_held:deals', 'active', 'error', 'held', '{NOW.isoformat()}', 1)"
        )

    database.write(older)
    store.close()
    with pytest.raises(StoreUnavailable, match=r"older bitsheet-tui \(version 2") as caught:
        open_store(readonly=True)
    assert "every row stays" in caught.value.hint
    (alert,) = open_store().alerts()
    assert (alert.key, alert.about, alert.text, alert.since) == ("deletions_held:deals", "deals", "held", NOW)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def test_a_postgresql_session_has_limits_and_one_schema(postgres_url):
    store = Store.open(postgres_url, schema="mirror's")
    found = {
        name: query(store, f"SHOW {name}")[0][0]
        for name in ("application_name", "statement_timeout", "lock_timeout", "TimeZone", "search_path",
                     "idle_in_transaction_session_timeout")
    }  # fmt: skip
    schemas = query(store, "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE ?", "bitsheet%")
    store.close()
    assert found == {
        "application_name": "bitsheet-tui", "statement_timeout": "1min", "lock_timeout": "10s",
        "TimeZone": "UTC", "search_path": "\"mirror's\", pg_temp", "idle_in_transaction_session_timeout": "1min",
    }  # fmt: skip
    assert schemas == [("mirror's",)]


def test_a_table_that_was_there_before_is_not_taken_over(postgres_url, postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE TABLE deals (mine TEXT)")
    store = Store.open(postgres_url)
    with pytest.raises(Exception, match="has a table deals that bitsheet-tui did not make") as caught:
        store.shape(TABLES["deals"], DEAL)
    store.close()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://ann:sesame-open@127.0.0.1:1/crm", "cannot be reached"),
        ("postgresql://ann:sesame-open@/crm?host=/nowhere", "cannot be reached"),
    ],
)
def test_a_server_that_is_not_there_is_named_without_the_password(url, says):
    with pytest.raises(StoreUnavailable, match=says) as caught:
        Store.open(Secret(url))
    assert "sesame" not in str(caught.value) + repr(caught.value.__cause__)
    assert "crm@" in str(caught.value)


def test_a_refused_login_says_what_to_check(postgres_url, postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS weak")
        connection.execute("CREATE ROLE weak LOGIN PASSWORD 'sesame-open'")
    url = postgres_url.reveal().replace("postgres@", "weak:sesame-open@")
    with pytest.raises(StoreUnavailable, match="permission denied") as caught:
        Store.open(Secret(url), schema="mirror")
    assert "rights of the role" in caught.value.hint


def test_without_the_driver_the_message_says_how_to_install_it():
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from bitsheet_tui.store import Store; from bitsheet_tui.secret import Secret\n"
        "try: Store.open(Secret('postgresql://host/db'))\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == (
        "StoreUnavailable Install bitsheet-tui with its extra postgres: see `bitsheet-tui help install`."
    )


def test_a_mirror_in_sqlite_loads_no_other_driver(tmp_path):
    script = (
        "import sys; from bitsheet_tui.store import Store; from bitsheet_tui.secret import Secret\n"
        f"Store.open(Secret('sqlite:///{tmp_path}/m.db')).close()\n"
        "print([name for name in sys.modules if name.startswith('psycopg')])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
