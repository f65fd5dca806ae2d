"""What users build upon the mirror survives every change of it, or is named; rights on views are never lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui.errors import StoreLocked, StoreRefused
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Checkpoint, Store, postgres
from tests.support.store_rows import CONTACT, DEAL, NOW, TABLES, deal, query

DEALS = TABLES["deals"]
WORDS = tuple(
    replace(field, kind=Kind.TEXT) if field.name in {"OPPORTUNITY", "CLOSED"} else field for field in DEAL
)
NEW = Field(name="UF_NEW", kind=Kind.TEXT)


def at(url):
    """A connection of somebody else."""
    text = url.reveal()
    if text.startswith("sqlite"):
        return sqlite3.connect(text.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(text, autocommit=True)


def told(url, sql):
    with closing(at(url)) as other:
        return [tuple(row) for row in other.execute(sql).fetchall()]


@pytest.fixture
def mirror(store):
    """With two deals in it."""
    store.commit(DEALS, [deal(1), deal(2, CLOSED="Y")], None, at=NOW, cycle=1)
    return store


@pytest.fixture
def theirs(store_url):
    """Runs what users run; both databases take it."""

    def run(*statements):
        with closing(at(store_url)) as other:
            for statement in statements:
                other.execute(statement)

    return run


def test_views_and_indexes_of_users_survive_a_column_that_becomes_text(mirror, theirs, store_url):
    theirs(
        "CREATE VIEW mine AS SELECT id, opportunity FROM deals",
        "CREATE VIEW upon_mine AS SELECT opportunity AS sum FROM mine",
        "CREATE VIEW upon_ours AS SELECT id, title FROM v_deals",
        "CREATE INDEX my_index ON deals (opportunity, title)",
        "CREATE INDEX my_part ON deals (title) WHERE opportunity IS NOT NULL",
    )
    assert mirror.shape(DEALS, WORDS).widened == ("opportunity", "closed")
    mirror.commit(DEALS, [deal(3, OPPORTUNITY="to be agreed", CLOSED="perhaps")], None, at=NOW, cycle=2)
    assert told(store_url, "SELECT sum FROM upon_mine ORDER BY sum")[-1] == ("to be agreed",)
    assert len(told(store_url, "SELECT id, opportunity FROM mine WHERE opportunity LIKE '1000.5%'")) == 2
    assert told(store_url, "SELECT title FROM upon_ours WHERE id = 3") == [("Deal 3",)]
    assert told(store_url, "SELECT closed FROM v_deals ORDER BY id") == [("N",), ("Y",), ("perhaps",)]
    indexes = "sqlite_master WHERE type = 'index'"
    if store_url.reveal().startswith("postgres"):
        indexes = "(SELECT indexname AS name FROM pg_indexes) AS i WHERE true"
    assert len(told(store_url, f"SELECT 1 FROM {indexes} AND name IN ('my_index', 'my_part')")) == 2


def test_a_trigger_of_users_survives_and_does_not_fire_for_the_change(sqlite_url):
    store = Store.open(sqlite_url)
    store.shape(DEALS, DEAL)
    store.commit(DEALS, [deal(1)], None, at=NOW, cycle=1)
    with closing(at(sqlite_url)) as other:
        other.execute("CREATE TABLE seen (id INTEGER, sum TEXT)")
        other.execute(
            "CREATE TRIGGER watch AFTER UPDATE ON deals BEGIN"
            " INSERT INTO seen VALUES (new.id, new.opportunity); END"
        )
    store.shape(DEALS, WORDS)
    assert told(sqlite_url, "SELECT * FROM seen") == []
    store.commit(DEALS, [deal(1, OPPORTUNITY="much")], None, at=NOW, cycle=2)
    store.close()
    assert told(sqlite_url, "SELECT * FROM seen") == [(1, "much")]


def test_a_trigger_on_a_view_of_ours_stays_when_the_view_is_made_anew(sqlite_url):
    store = Store.open(sqlite_url)
    store.shape(DEALS, DEAL)
    with closing(at(sqlite_url)) as other:
        other.execute(
            "CREATE TRIGGER theirs INSTEAD OF UPDATE ON v_deals BEGIN SELECT raise(FAIL, 'only read'); END"
        )
    store.shape(DEALS, (*DEAL, NEW))
    store.close()
    assert told(sqlite_url, "SELECT tbl_name FROM sqlite_master WHERE name = 'theirs'") == [("v_deals",)]


def test_a_mirror_of_an_earlier_version_is_gone_on_with(mirror, open_store, theirs, store_url):
    """It had one digest for all views, and their columns in the order of the description."""
    theirs(
        "CREATE VIEW mine AS SELECT id, title FROM v_deals",
        "UPDATE bitsheet_meta SET value = 'd41d8cd98f00b204e9800998ecf8427e' WHERE key = 'views'",
    )
    mirror.close()
    later = open_store()
    assert later.refresh_views() == {}
    later.shape(DEALS, (*DEAL, NEW))
    later.commit(DEALS, [deal(1, UF_NEW="x")], None, at=NOW, cycle=2)
    assert told(store_url, "SELECT uf_new FROM v_deals WHERE id = 1") == [("x",)]
    assert told(store_url, "SELECT title FROM mine WHERE id = 1") == [("Deal 1",)]


def test_a_broken_view_anywhere_in_the_file_stops_nothing_and_stays(sqlite_url):
    store = Store.open(sqlite_url)
    store.shape(DEALS, DEAL)
    with closing(at(sqlite_url)) as other:
        other.execute("CREATE VIEW broken AS SELECT * FROM nowhere")
    store.shape(DEALS, (*WORDS, NEW))
    store.close()
    views = "SELECT sql FROM sqlite_master WHERE name = 'broken'"
    assert told(sqlite_url, views) == [("CREATE VIEW broken AS SELECT * FROM nowhere",)]


OVERFLOWS = (
    "CREATE INDEX worse ON deals"
    " (abs(CASE typeof(opportunity) WHEN 'text' THEN -9223372036854775808 ELSE 0 END))"
)


def test_what_does_not_allow_the_change_is_named_and_nothing_has_changed(mirror, theirs, store_url):
    sqlite = store_url.reveal().startswith("sqlite")
    theirs(OVERFLOWS if sqlite else "CREATE VIEW worse AS SELECT sum(opportunity) FROM deals")
    with pytest.raises(StoreRefused, match="worse") as caught:
        mirror.shape(DEALS, WORDS, Checkpoint(table="deals", reach=77))
    assert "Drop it" in caught.value.hint
    assert mirror.checkpoint("deals").reach is None
    assert len(query(mirror, "SELECT 1 FROM deals WHERE opportunity < 2000")) == 2  # a number still
    mirror.commit(DEALS, [deal(3)], None, at=NOW, cycle=2)
    theirs("DROP INDEX worse" if sqlite else "DROP VIEW worse")
    assert mirror.shape(DEALS, WORDS).widened == ("opportunity", "closed")
    mirror.commit(DEALS, [deal(4, OPPORTUNITY="much")], None, at=NOW, cycle=3)
    assert told(store_url, "SELECT opportunity FROM v_deals WHERE id = 4") == [("much",)]


def test_columns_and_the_checkpoint_that_says_they_are_empty_are_one_transaction(mirror):
    mirror.shape(DEALS, (*DEAL, NEW), Checkpoint(table="deals", reach=9, floor=10))
    assert mirror.checkpoint("deals").floor == 10


# --- PostgreSQL: rights, owners, comments ------------------------------------------------------------------


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        for role in ("bi", "author"):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(f"CREATE ROLE {role}")
        yield connection
        connection.execute("RESET ROLE")
        connection.execute("DROP OWNED BY bi, author")


@pytest.fixture
def pg(postgres_url):
    store = Store.open(postgres_url)
    store.shape(DEALS, DEAL)
    store.shape(TABLES["contacts"], CONTACT)
    store.commit(DEALS, [deal(1)], None, at=NOW, cycle=1)
    yield store
    store.close()


def may(admin, role, view, what="SELECT"):
    return admin.execute("SELECT has_table_privilege(%s, %s, %s)", (role, view, what)).fetchone()[0]


@pytest.mark.parametrize(
    "fields", [(*DEAL, NEW), WORDS, DEAL[:-1]], ids=["a field more", "a text", "one less"]
)
def test_rights_on_views_survive_every_change(pg, admin, fields):
    admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO bi WITH GRANT OPTION")
    admin.execute("GRANT SELECT (title) ON v_deals TO author")
    admin.execute("COMMENT ON VIEW v_deals IS 'it''s 100 % ours'")
    admin.execute("COMMENT ON COLUMN v_deals.title IS 'what it is called'")
    admin.execute("ALTER VIEW v_deals SET (security_barrier = true)")
    admin.execute("CREATE VIEW mine AS SELECT id, title FROM v_deals")
    admin.execute("GRANT SELECT ON mine TO author")
    admin.execute("ALTER VIEW mine OWNER TO bi")
    pg.shape(DEALS, fields)
    assert all(may(admin, "bi", view) for view in ("v_deals", "v_contacts", "mine"))
    assert may(admin, "author", "mine")
    assert may(admin, "bi", "v_deals", "SELECT WITH GRANT OPTION")
    assert not may(admin, "author", "v_deals")
    ((column, comment, of_column, options, owner),) = admin.execute(
        "SELECT has_column_privilege('author', 'v_deals', 'title', 'SELECT'), obj_description('v_deals'::regclass),"
        " col_description('v_deals'::regclass, (SELECT attnum FROM pg_attribute"
        " WHERE attrelid = 'v_deals'::regclass AND attname = 'title')),"
        " (SELECT reloptions FROM pg_class WHERE oid = 'v_deals'::regclass),"
        " (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'mine'::regclass)"
    ).fetchall()
    assert (column, comment, of_column) == (True, "it's 100 % ours", "what it is called")
    assert options == ["security_barrier=true"]
    assert owner == "bi"
    assert admin.execute("SELECT title FROM mine").fetchall() == [("Deal 1",)]


def test_a_new_field_is_seen_in_its_view_also_where_somebody_built_upon_it(pg, admin):
    admin.execute("CREATE VIEW mine AS SELECT id, title FROM v_deals")
    pg.shape(DEALS, (*DEAL, NEW))
    pg.commit(DEALS, [deal(1, UF_NEW="x")], None, at=NOW, cycle=2)
    assert admin.execute("SELECT uf_new FROM v_deals").fetchall() == [("x",)]
    assert admin.execute("SELECT * FROM mine").fetchall() == [(1, "Deal 1")]


def test_only_the_view_that_changes_is_made_anew(pg, admin):
    version = "SELECT xmin::text FROM pg_rewrite WHERE ev_class = 'v_contacts'::regclass"
    before = admin.execute(version).fetchone()
    pg.shape(DEALS, (*DEAL, NEW))
    assert admin.execute(version).fetchone() == before


def test_a_materialized_view_is_made_anew_with_its_index_and_its_rows(pg, admin):
    admin.execute("CREATE MATERIALIZED VIEW sums AS SELECT id, opportunity FROM v_deals")
    admin.execute("CREATE UNIQUE INDEX sums_id ON sums (id)")
    admin.execute("GRANT SELECT ON sums TO bi")
    pg.shape(DEALS, WORDS)
    assert admin.execute("SELECT id, opportunity FROM sums").fetchall() == [(1, "1000.50")]
    admin.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY sums")  # which needs the index
    assert may(admin, "bi", "sums")


def test_what_somebody_s_view_calls_runs_with_their_rights(pg, admin):
    admin.execute("GRANT USAGE, CREATE ON SCHEMA public TO bi")
    admin.execute("GRANT SELECT ON deals TO bi")
    admin.execute("CREATE FUNCTION whose() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT current_user::text'")
    admin.execute("SET ROLE bi")
    admin.execute("CREATE MATERIALIZED VIEW theirs AS SELECT opportunity, whose() AS role FROM deals")
    admin.execute("RESET ROLE")
    pg.shape(DEALS, WORDS)
    assert admin.execute("SELECT opportunity, role FROM theirs").fetchall() == [("1000.50", "bi")]


def test_a_reader_of_a_view_keeps_no_new_column_from_being_filled(pg, admin, monkeypatch):
    """The view follows once the reader has gone."""
    monkeypatch.setattr(postgres, "PATIENCE", "50ms")
    with admin.transaction():
        admin.execute("SELECT count(*) FROM v_contacts")
        assert pg.shape(DEALS, (*DEAL, NEW)).added == ("uf_new",)
        pg.commit(DEALS, [deal(1, UF_NEW="x")], None, at=NOW, cycle=2)
        assert query(pg, "SELECT uf_new FROM v_deals") == [("x",)]


def test_a_view_that_could_not_be_made_anew_is_tried_again(pg, admin, monkeypatch):
    monkeypatch.setattr(postgres, "PATIENCE", "50ms")
    with admin.transaction():
        admin.execute("COMMENT ON VIEW v_contacts IS 'which is locked so, and its table is not'")
        street = Field(name="UF_STREET", kind=Kind.TEXT)
        assert pg.shape(TABLES["contacts"], (*CONTACT, street)).added == ("uf_street",)
        ((view, error),) = pg.refresh_views().items()
        assert (view, type(error)) == ("v_contacts", StoreLocked)
        assert pg.refresh_views() == {}  # not again at once
    pg._next_try = 0.0
    assert pg.refresh_views() == {}
    assert query(pg, "SELECT uf_street FROM v_contacts") == []


def test_who_holds_a_table_is_named_and_the_change_waits_a_moment_only(pg, admin, monkeypatch):
    monkeypatch.setattr(postgres, "PATIENCE", "50ms")
    with admin.transaction():
        admin.execute("SELECT count(*) FROM deals")
        with pytest.raises(StoreLocked, match=f"pid {admin.info.backend_pid} of role postgres"):
            pg.shape(DEALS, (*DEAL, NEW))
        pg.commit(DEALS, [deal(2)], None, at=NOW, cycle=2)
    assert pg.shape(DEALS, (*DEAL, NEW)).added == ("uf_new",)


SLOW = """
CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_sleep(0.1); RETURN $1; END'
"""


def test_a_rewrite_may_take_longer_than_a_statement(pg):
    """What takes long here is an index, which is made anew with the table."""
    database = pg._database
    database.write(lambda: database.execute(SLOW))
    database.write(lambda: database.execute("CREATE INDEX slowly ON deals (slow(title))"))
    query(pg, "SELECT set_config('statement_timeout', '50ms', false)")
    assert pg.shape(DEALS, WORDS).widened == ("opportunity", "closed")


# what people make of a SQLite file, with what is asked of it and answered once a third deal was stored
THEIRS = {
    "index": ("CREATE INDEX my_index ON deals (json_extract(json_array(title), '$[0]'))", None, None),
    "partial index": ("CREATE INDEX my_index ON deals (id) WHERE json_array(title) ->> 0 <> ''", None, None),
    "generated column": (
        "ALTER TABLE deals ADD COLUMN mine AS (json_extract(json_array(title), '$[0]'))",
        "SELECT mine FROM deals WHERE id = 3",
        "Deal 3",
    ),
    "view": (
        "CREATE VIEW mine AS SELECT id, json_extract(json_array(title), '$[0]') AS title FROM deals",
        "SELECT title FROM mine WHERE id = 3",
        "Deal 3",
    ),
    "trigger": (
        """CREATE TABLE mine (title);
        CREATE TRIGGER mine_too AFTER INSERT ON deals BEGIN
        INSERT INTO mine VALUES (json_extract(json_array(new.title), '$[0]')); END""",
        "SELECT title FROM mine WHERE title = 'Deal 3'",
        "Deal 3",
    ),
    "full text": (
        """CREATE VIRTUAL TABLE mine USING fts5(title);
        CREATE TRIGGER mine_too AFTER INSERT ON deals BEGIN
        INSERT INTO mine(rowid, title) VALUES (new.id, new.title); END""",
        "SELECT title FROM mine WHERE mine MATCH '\"Deal 3\"'",
        "Deal 3",
    ),
}


@pytest.mark.parametrize("what", THEIRS)
def test_what_users_make_with_functions_of_json_or_full_text_never_stops_the_mirror(what, sqlite_url):
    made, question, answer = THEIRS[what]
    with closing(Store.open(sqlite_url)) as store:
        store.shape(DEALS, DEAL)
        store.commit(DEALS, [deal(1), deal(2, CLOSED="Y")], None, at=NOW, cycle=1)
        with closing(at(sqlite_url)) as other:
            other.executescript(made)
        store.commit(DEALS, [deal(1, TITLE="Deal 1b"), deal(3)], None, at=NOW, cycle=2)
        assert store.shape(DEALS, (*WORDS, NEW)).added == ("uf_new",)
        store.commit(DEALS, [deal(2, TITLE="Deal 2b", UF_NEW="new")], None, at=NOW, cycle=3)
        assert store.bury(DEALS, [1], at=NOW, cycle=3) == 1
        assert not question or (answer,) in told(sqlite_url, question)
    with closing(Store.open(sqlite_url)) as store:  # and a start finds nothing wrong with it
        found = query(store, "SELECT id, title, uf_new FROM deals ORDER BY id")
    assert list(found) == [(1, "Deal 1b", None), (2, "Deal 2b", "new"), (3, "Deal 3", None)]
