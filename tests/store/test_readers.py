"""Roles that only read, and the portal's titles as comments: on a real PostgreSQL, with two roles."""

from collections.abc import Iterator

import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui.cli import main
from bitsheet_tui.fields import Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store, readers
from bitsheet_tui.store.views import VIEWS
from tests.support.commands import configure
from tests.support.store_rows import SHAPES, TABLES

HOOK = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"
OWNER, READER = "mirror_owner", 'report "er" 5%'


def as_role(url, role):
    return psycopg.connect(url.reveal(), user=role, autocommit=True)


@pytest.fixture
def owned(postgres_url: Secret) -> Iterator[Secret]:
    """The database, for the role that owns the mirror; there is one that owns nothing as well."""
    roles = [psycopg.sql.Identifier(role) for role in (OWNER, READER)]
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        for role in roles:
            connection.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(f"GRANT CREATE ON DATABASE postgres TO {OWNER}")
    yield Secret(postgres_url.reveal().replace("//postgres@", f"//{OWNER}@"))
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (OWNER,)
        )
        for role in roles:
            connection.execute(psycopg.sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            connection.execute(psycopg.sql.SQL("DROP ROLE {}").format(role))


def opened(url):
    return Store.open(url, schema="bitsheet")


def may_read(url, role=READER):
    """Of everything in the schema, what the role can really select from."""
    with as_role(url, role) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'bitsheet'::regnamespace AND relkind IN ('r', 'v')"
        ).fetchall()
        found = set()
        for (name,) in names:
            try:
                connection.execute(f'SELECT count(*) FROM bitsheet."{name}"')
                found.add(name)
            except psycopg.errors.InsufficientPrivilege:
                pass
    return found


def test_a_reader_may_read_tables_and_views_and_nothing_else_whatever_is_added(
    owned, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, f'[store]\nurl = "{owned.reveal()}"\n')
    store = opened(owned)
    store.shape(TABLES["deals"], SHAPES["deals"])
    assert may_read(owned) == set()
    capfd.readouterr()
    assert main(["grant", READER, "--apply"]) == 0  # while an instance holds the mirror
    assert may_read(owned) == {"deals", "v_deals", "contact_points"}
    store.shape(TABLES["contacts"], SHAPES["contacts"])
    assert may_read(owned) == {"deals", "v_deals", "contact_points", "contacts", "v_contacts"}
    text = {"OPPORTUNITY": Kind.TEXT, "CLOSED": Kind.TEXT}  # so that the view is made anew
    store.shape(
        TABLES["deals"],
        tuple(
            replace(one, kind=text.get(one.name, one.kind)) for one in SHAPES["deals"] if one.name != "TITLE"
        ),
    )
    store.close()
    opened(owned).close()
    assert may_read(owned) == {"deals", "v_deals", "contact_points", "contacts", "v_contacts"}
    with as_role(owned, READER) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("INSERT INTO bitsheet.deals (id, _synced_at) VALUES (1, now())")


def test_what_is_printed_does_the_same_when_an_administrator_runs_it(
    owned, postgres_url, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, f'[store]\nurl = "{owned.reveal()}"\n')
    store = opened(owned)
    store.shape(TABLES["deals"], SHAPES["deals"])
    capfd.readouterr()
    assert main(["grant", READER]) == 0
    assert may_read(owned) == set()
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(capfd.readouterr().out)
    store.shape(TABLES["contacts"], SHAPES["contacts"])
    assert may_read(owned) == {"deals", "v_deals", "contact_points", "contacts", "v_contacts"}
    store.close()


def test_a_role_that_is_not_there_and_a_file_are_bad_usage(owned, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    opened(owned).close()
    configure(tmp_path, HOOK, f'[store]\nurl = "{owned.reveal()}"\n')
    assert main(["grant", "nobody_there", "--apply"]) == 64
    assert "no role nobody_there" in capfd.readouterr().err
    configure(tmp_path, HOOK)
    assert main(["grant", READER]) == 64
    assert "a SQLite file has no roles" in capfd.readouterr().err


# --- comments ----------------------------------------------------------------------------------------------


def comments(url, relation):
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        return dict(
            connection.execute(
                "SELECT coalesce(a.attname, ''), d.description FROM pg_description d LEFT JOIN pg_attribute a"
                " ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND a.attnum > 0"
                f" WHERE d.objoid = 'bitsheet.{relation}'::regclass AND d.classoid = 'pg_class'::regclass"
            ).fetchall()
        )


def test_tables_columns_and_views_carry_the_portals_titles_and_follow_them(owned, postgres_url):
    store = opened(owned)
    fields = tuple(replace(field, title=f"Title 5% of {field.name}'s") for field in SHAPES["deals"])
    store.shape(TABLES["deals"], fields)
    for relation in ("deals", "v_deals"):
        said = comments(owned, relation)
        assert said["title"] == "Title 5% of TITLE's"
        assert said[""]
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("COMMENT ON COLUMN bitsheet.deals.title IS 'mine'")
    store.shape(TABLES["deals"], tuple(replace(field, title=f"New {field.name}") for field in fields))
    said = comments(owned, "deals")
    assert said["title"] == "mine"  # somebody's own stays
    assert said["id"] == "New ID"
    assert comments(owned, "v_deals")["title"] == "New TITLE"
    store.close()


def test_a_mirror_of_before_gets_its_titles_at_the_first_start(owned, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(readers, "entitle", lambda *_: None)
        store = opened(owned)
        store.shape(
            TABLES["deals"], tuple(replace(one, title=f"Title of {one.name}") for one in SHAPES["deals"])
        )
        store.close()
    assert comments(owned, "deals") == {}
    opened(owned).close()
    assert comments(owned, "deals")["title"] == "Title of TITLE"
    assert "v_deals" in VIEWS
