"""A session of PostgreSQL is what the mirror needs, whatever else is set; its trouble ends it and no more."""

from __future__ import annotations

from urllib.parse import quote_plus

import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui.cli import check
from bitsheet_tui.config import Config
from bitsheet_tui.errors import MirrorHeld, StoreRefused, StoreUnavailable
from bitsheet_tui.fields import Kind
from bitsheet_tui.observe.checkup import FAIL
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.store.address import parse
from bitsheet_tui.store.reader import Reader
from tests.support.readme import said
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query

DEALS = TABLES["deals"]
WORDS = tuple(
    replace(field, kind=Kind.TEXT) if field.name in {"OPPORTUNITY", "CLOSED"} else field for field in DEAL
)
ODD = {
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "client_encoding": "WIN1252",
    "timezone": "America/New_York",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "search_path": "pg_catalog",
    "statement_timeout": "1h",
    "lock_timeout": "1h",
    "idle_session_timeout": "30s",
}


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        yield connection


@pytest.fixture
def odd_role(admin):
    for name, value in ODD.items():
        admin.execute(f"ALTER ROLE postgres SET {name} = '{value}'")
    yield
    admin.execute("ALTER ROLE postgres RESET ALL")


def commit(store, *rows, cycle=1):
    return store.commit(DEALS, rows, None, at=NOW, cycle=cycle)


def is_exact(url):
    """Whether the same row twice is one change, also for the next session, and reads as it was written."""
    row = deal(1, TITLE="Ğüşı, Привет, €", UF_CRM_LIST=["ç"])
    stores = []
    try:
        stores.append(Store.open(url))
        stores[0].shape(DEALS, DEAL)
        first, again = commit(stores[0], row), commit(stores[0], row)
        stores[0].close()
        stores.append(Store.open(url))
        later = commit(stores[1], row)
        found = query(stores[1], "SELECT title, begindate::text, date_modify::text, uf_crm_list FROM deals")
    finally:
        for store in stores:
            store.close()
    assert (first.inserted, again.unchanged, later.unchanged) == (1, 1, 1)
    assert found == [("Ğüşı, Привет, €", "2024-08-30", "2024-08-30 12:29:00+00", '["ç"]')]


def test_what_is_set_for_the_role_does_not_matter(postgres_url, odd_role):
    is_exact(postgres_url)


def test_what_is_set_for_the_database_does_not_matter(postgres_url, admin):
    try:
        admin.execute("ALTER DATABASE postgres SET datestyle = 'SQL, DMY'")
        admin.execute("ALTER DATABASE postgres SET client_encoding = 'LATIN5'")
        is_exact(postgres_url)
    finally:
        for name in ("datestyle", "client_encoding"):  # and nothing that other tests rely on
            admin.execute(f"ALTER DATABASE postgres RESET {name}")


def test_what_is_set_for_libpq_does_not_matter(postgres_url, monkeypatch):
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGCLIENTENCODING", "WIN1252")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=serializable -c intervalstyle=iso_8601")
    is_exact(postgres_url)


def test_a_session_is_set_whole(postgres_url, odd_role):
    store = Store.open(postgres_url)
    found = {name: query(store, f"SHOW {name}")[0][0] for name in ODD}
    store.close()
    assert found == {
        "datestyle": "ISO, YMD", "intervalstyle": "postgres", "client_encoding": "UTF8", "timezone": "UTC",
        "default_transaction_isolation": "read committed", "default_transaction_deferrable": "off",
        "search_path": "public, pg_temp", "statement_timeout": "1min", "lock_timeout": "10s",
        "idle_session_timeout": "0",
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN5"])
@pytest.mark.parametrize("readonly", [False, True])
def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url, admin, encoding, readonly):
    admin.execute("DROP DATABASE IF EXISTS old")
    admin.execute(f"CREATE DATABASE old ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    url = Secret(postgres_url.reveal().replace("/postgres?", "/old?"))
    with pytest.raises(StoreUnavailable, match=f"encoded as {encoding}") as caught:
        Store.open(url, readonly=readonly)
    assert said("a PostgreSQL database that is not encoded as UTF-8") in str(caught.value)
    assert "ENCODING 'UTF8'" in caught.value.hint
    assert caught.value.exit_code == 73
    finding = check.store(Config(webhook=Secret("https://portal.example/rest/1/n0t4s3cr3t/"), store_url=url))
    assert (finding.verdict, finding.code) == (FAIL, 73)


def test_a_role_that_owns_its_schema_needs_no_right_to_make_one(postgres_url, admin):
    admin.execute("DROP SCHEMA IF EXISTS crm CASCADE")
    admin.execute("DROP ROLE IF EXISTS clerk")
    admin.execute("CREATE ROLE clerk LOGIN")
    admin.execute("CREATE SCHEMA crm AUTHORIZATION clerk")
    url = Secret(postgres_url.reveal().replace("//postgres@", "//clerk@"))
    store = Store.open(url, schema="crm")
    store.shape(DEALS, DEAL)
    assert commit(store, deal(1)).inserted == 1
    store.close()
    admin.execute("DROP SCHEMA crm CASCADE")
    admin.execute("DROP ROLE clerk")


def test_a_lock_is_the_database_s_by_whatever_name_it_is_reached(postgres_url):
    """As through a pooler, which knows it by another name."""
    aliased = Store.open(postgres_url)
    aliased.close()
    address = replace(parse(postgres_url, schema="public", base=None), database="alias")
    driver = type(aliased._database.driver)(address, readonly=False, locked=True)
    driver.db.database = "postgres"
    driver.connect(5)
    try:
        with pytest.raises(MirrorHeld):
            Store.open(postgres_url)
    finally:
        driver.close()


@pytest.mark.parametrize(
    ("netloc", "host", "port"),
    [
        ("ann@one,two", "one,two", None),
        ("ann@one:5433,two:5434", "one,two", "5433,5434"),
        ("ann@one,two:5434", "one,two", ",5434"),
        ("ann@[::1]:5433,[::2]", "::1,::2", "5433,"),
        ("ann@[::1]:5433", "::1", "5433"),
        ("ann@[fe80::1%25eth0]", "fe80::1%eth0", None),
        ("ann:p:w@Db1:", "Db1", None),
        ("ann@:5433", None, "5433"),
    ],
)
def test_hosts_are_taken_as_libpq_takes_them(netloc, host, port):
    options = parse(Secret(f"postgresql://{netloc}/crm"), schema="public", base=None).options
    assert (options.get("host"), options.get("port"), options["user"]) == (host, port, "ann")


def test_what_the_driver_cannot_read_is_trouble_of_that_table(postgres_url, admin):
    """Somebody wrote a day that Python has not: PostgreSQL has some more."""
    store = Store.open(postgres_url)
    store.shape(DEALS, DEAL)
    commit(store, deal(1))
    admin.execute("UPDATE public.deals SET begindate = 'infinity'")
    with pytest.raises(StoreRefused, match="date"):
        commit(store, deal(1))
    store.close()


# --- trouble of a session -----------------------------------------------------------------------------------


@pytest.fixture
def pg(postgres_url):
    store = Store.open(postgres_url)
    store.shape(DEALS, DEAL)
    commit(store, deal(1))
    yield store
    store.close()


def test_a_session_that_may_only_read_from_now_on_is_left_for_another(pg):
    """An old primary keeps its sessions and turns read-only; the address leads to the new one by then."""
    query(pg, "SELECT set_config('default_transaction_read_only', 'on', false)")
    assert commit(pg, deal(2)).inserted == 1


def test_of_several_hosts_the_one_that_may_be_written_to_is_taken(postgres_url, admin):
    host = quote_plus(f"{admin.info.host},{admin.info.host}")
    store = Store.open(Secret(f"postgresql://postgres@/postgres?host={host}"))
    assert store._database.driver.db.connect_params["target_session_attrs"] == "read-write"
    store.close()


def test_whoever_looks_while_a_column_changes_is_told_what_is_there(pg, postgres_url):
    reader = Reader.open(postgres_url)
    try:
        for _ in range(8):  # often enough for psycopg to let the server prepare the statements
            assert reader.record("deals", (1,)).row_id == "1"
            assert reader.ground("deals").parts
        pg.shape(DEALS, WORDS)
        assert reader.record("deals", (1,)).row_id == "1"
        assert reader.ground("deals").parts
    finally:
        reader.close()


def test_the_writer_survives_its_own_and_others_changes_of_columns(pg, admin):
    for number in range(8):
        commit(pg, deal(1, TITLE=f"for the {number}th time"))
    admin.execute("DROP VIEW v_deals")
    admin.execute("ALTER TABLE deals ALTER COLUMN title TYPE varchar(300)")
    assert commit(pg, deal(1, TITLE="once more"), deal(2)).updated == 1


def losing_the_answer(store, admin, monkeypatch):
    """The next COMMIT is done, and nobody hears of it: the session ends before its answer."""
    driver, left = store._database.driver, [1]
    told = driver.after_commit

    def after_commit():
        if left and left.pop():
            pid = driver.db.connection().info.backend_pid
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            driver.db.execute_sql("SELECT 1")
        told()

    monkeypatch.setattr(driver, "after_commit", after_commit)


def test_a_new_table_whose_commit_got_no_answer_is_there_and_ours(postgres_url, admin, monkeypatch):
    store = Store.open(postgres_url)
    losing_the_answer(store, admin, monkeypatch)
    store.shape(DEALS, DEAL)
    store.shape(DEALS, DEAL)
    assert commit(store, deal(1)).inserted == 1
    store.close()


def test_a_column_whose_change_got_no_answer_is_changed_once(pg, admin, monkeypatch):
    losing_the_answer(pg, admin, monkeypatch)
    assert pg.shape(DEALS, WORDS).widened == ("opportunity", "closed")
    assert pg.shape(DEALS, WORDS).widened == ()
    commit(pg, deal(1, CLOSED="perhaps"))
    assert query(pg, "SELECT closed, opportunity FROM deals") == [("perhaps", "1000.50")]


def test_rows_whose_commit_got_no_answer_are_counted_and_told_once(pg, admin, monkeypatch):
    losing_the_answer(pg, admin, monkeypatch)
    stored = commit(pg, deal(1), deal(2), cycle=2)
    assert (stored.inserted, stored.unchanged) == (1, 1)
    assert query(pg, "SELECT count(*) FROM bitsheet_changes WHERE row_id = '2'") == [(1,)]


def test_a_server_that_stays_away_after_a_lost_answer_leaves_no_doubt(pg, admin, monkeypatch):
    """The change was done or not: what the mirror holds is read again before it is gone on with."""
    driver = pg._database.driver
    losing_the_answer(pg, admin, monkeypatch)
    with monkeypatch.context() as away:
        away.setitem(driver.db.connect_params, "host", "/nowhere")
        with pytest.raises(StoreUnavailable):
            pg.shape(DEALS, WORDS)
    pg.connect()
    assert pg.shape(DEALS, WORDS).widened == ()
    assert commit(pg, deal(1, CLOSED="perhaps")).updated == 1


def test_commits_of_somebody_else_are_found_out_before_the_next_one(pg, admin):
    """Two writers, however that came to be: the second one writes nothing over the first one's."""
    admin.execute("UPDATE bitsheet_meta SET value = value::bigint + 1 WHERE key = 'commits'")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="not as it was left"):
            commit(pg, deal(2))
        assert pg.astray
    assert query(pg, "SELECT count(*) FROM deals") == [(1,)]
    pg.accept()
    assert commit(pg, deal(2)).inserted == 1
