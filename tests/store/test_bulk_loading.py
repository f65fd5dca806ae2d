"""Many rows at once on PostgreSQL: whatever rights the role has, and nothing is left behind but the rows."""

from __future__ import annotations

import psycopg
import pytest

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query

DEALS = TABLES["deals"]
MANY = range(1, 301)
TEMPORARY = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        yield connection


@pytest.fixture
def pg(postgres_url):
    store = Store.open(postgres_url)
    store.shape(DEALS, DEAL)
    yield store
    store.close()


@pytest.fixture
def clerk(postgres_url, admin):
    """The store of a role that may make nothing but what is in its schema."""
    admin.execute("DROP SCHEMA IF EXISTS crm CASCADE")
    admin.execute("DROP ROLE IF EXISTS clerk")
    admin.execute("CREATE ROLE clerk LOGIN")
    admin.execute("CREATE SCHEMA crm AUTHORIZATION clerk")
    admin.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    store = Store.open(Secret(postgres_url.reveal().replace("//postgres@", "//clerk@")), schema="crm")
    store.shape(DEALS, DEAL)
    yield store
    store.close()
    admin.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
    admin.execute("DROP SCHEMA crm CASCADE")
    admin.execute("DROP ROLE clerk")


def commit(store, rows):
    return store.commit(DEALS, list(rows), None, at=NOW, cycle=1)


def edited(numbers):
    return (deal(n, TITLE=f"edited {n}") for n in numbers)


def titles(store, like):
    return query(store, "SELECT count(*) FROM deals WHERE title LIKE ?", like)[0][0]


def test_without_the_right_to_make_temporary_tables_everything_is_stored(clerk):
    assert commit(clerk, map(deal, MANY)).inserted == 300
    stored = commit(clerk, edited(range(1, 501)))
    assert (stored.inserted, stored.updated) == (200, 300)
    assert titles(clerk, "edited%") == 500


def test_the_right_may_be_taken_while_the_mirror_runs(clerk, admin):
    admin.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
    commit(clerk, map(deal, MANY))
    commit(clerk, edited(MANY))
    admin.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    assert commit(clerk, (deal(n, TITLE="once more") for n in MANY)).updated == 300
    assert titles(clerk, "once more") == 300


def test_no_temporary_table_outlives_its_transaction(pg, admin):
    """One that lives as long as a session keeps the whole server from freezing old rows."""
    commit(pg, map(deal, MANY))
    assert commit(pg, edited(range(1, 1501))).updated == 300
    assert query(pg, TEMPORARY) == [(0,)]
    assert titles(pg, "edited%") == 1500


def test_a_column_of_somebody_else_keeps_what_they_wrote_there(pg, admin):
    commit(pg, map(deal, MANY))
    admin.execute("ALTER TABLE deals ADD COLUMN theirs TEXT DEFAULT 'new'")
    admin.execute("UPDATE deals SET theirs = 'kept'")
    commit(pg, edited(range(1, 501)))
    assert query(pg, "SELECT theirs, count(*) FROM deals GROUP BY theirs ORDER BY theirs") == [
        ("kept", 300),
        ("new", 200),
    ]


RAISING = """
CREATE FUNCTION not_seven() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF new.id = 7 THEN RAISE EXCEPTION 'not seven'; END IF; RETURN new; END $$;
CREATE TRIGGER not_seven BEFORE INSERT OR UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION not_seven();
"""


@pytest.mark.parametrize("numbers", [MANY, range(5, 9)], ids=["many", "few"])
@pytest.mark.parametrize("why", ["a check", "a trigger"])
def test_a_row_that_somebody_does_not_want_is_set_aside_and_the_others_are_stored(pg, admin, numbers, why):
    admin.execute("ALTER TABLE deals ADD CHECK (id <> 7)" if why == "a check" else RAISING)
    stored = commit(pg, map(deal, numbers))
    assert (stored.inserted, stored.quarantined) == (len(numbers) - 1, 1)
    (one,) = pg.quarantined()
    assert (one.row_id, "database refuses it" in one.reason) == ("7", True)


@pytest.mark.parametrize("numbers", [MANY, range(5, 9)], ids=["many", "few"])
def test_yes_where_a_number_is_described_keeps_no_other_row_out(pg, numbers):
    stored = commit(pg, (deal(n, CATEGORY_ID=True if n == 7 else "1") for n in numbers))
    assert stored.inserted >= len(numbers) - 1
    assert query(pg, "SELECT count(*) FROM deals WHERE category_id = 1 AND id <> 7") == [(len(numbers) - 1,)]
