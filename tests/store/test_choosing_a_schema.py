"""Where the mirror is in a PostgreSQL database when nobody has named a schema: every command finds the same."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from bitsheet_tui.errors import NoMirror, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.store.reader import Reader
from tests.support.readme import said

ROLES = ("engine", "group_of_engine", "stranger")
HERE = "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'bitsheet_meta'"


@pytest.fixture
def admin(postgres_server, postgres_url):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SET search_path = public")
        for role in ROLES:
            connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute("GRANT group_of_engine TO engine")
        connection.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
        connection.execute("GRANT CREATE ON DATABASE postgres TO engine")
        yield connection
        for role in ROLES:
            connection.execute(f"DROP OWNED BY {role} CASCADE")
            connection.execute(f"DROP ROLE {role}")


@pytest.fixture
def url(postgres_url, admin):
    return Secret(postgres_url.reveal().replace("//postgres@", "//engine@"))


def own(admin, owner):
    """Let everything of the mirror in public belong to that role."""
    (*tables,) = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (name,) in tables:
        admin.execute(f'ALTER TABLE public."{name}" OWNER TO {owner}')


def schemas(admin):
    return [schema for (schema,) in admin.execute(HERE).fetchall()]


def test_a_new_mirror_has_a_schema_of_its_own(url, admin):
    with closing(Store.open(url, schema="")) as store:
        store.remember("word", "new")
        with closing(Store.open(url, schema="", readonly=True)) as reader:
            assert reader.remembered("word") == "new"
    assert schemas(admin) == ["bitsheet"]


@pytest.mark.parametrize("owner", ["engine", "group_of_engine", "postgres"])
def test_a_mirror_in_public_that_can_be_trusted_is_gone_on_with(url, admin, owner):
    with closing(Store.open(url, schema="public")) as store:
        store.remember("word", "old")
    own(admin, owner)
    admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO engine")
    with closing(Store.open(url, schema="")) as store:
        assert store.remembered("word") == "old"
    with closing(Reader.open(url, schema="")) as reader:
        assert list(reader.cycles(limit=1)) == []
    assert schemas(admin) == ["public"]


def test_one_of_its_own_comes_before_one_in_public(url, admin):
    for schema in ("public", "bitsheet"):
        with closing(Store.open(url, schema=schema)) as store:
            store.remember("word", schema)
    with closing(Store.open(url, schema="")) as store:
        assert store.remembered("word") == "bitsheet"


@pytest.mark.parametrize("readonly", [False, True])
def test_tables_that_somebody_else_has_prepared_in_public_are_refused_with_their_name(url, admin, readonly):
    admin.execute("CREATE TABLE public.bitsheet_meta (key TEXT PRIMARY KEY, value TEXT)")
    own(admin, "stranger")
    with pytest.raises(StoreUnavailable, match="role stranger") as caught:
        Store.open(url, schema="", readonly=readonly)
    assert said("tables of somebody else in the schema `public`") in str(caught.value)
    assert "store.schema" in caught.value.hint
    assert caught.value.exit_code == 73
    with pytest.raises(StoreUnavailable, match="role stranger"):
        Store.open_to_ask(url, schema="")
    assert schemas(admin) == ["public"]


def test_a_schema_that_is_set_is_never_second_guessed(url, admin):
    admin.execute("CREATE TABLE public.bitsheet_meta (key TEXT PRIMARY KEY, value TEXT)")
    own(admin, "stranger")
    with closing(Store.open(url, schema="crm")) as store:
        store.remember("word", "here")
    assert sorted(schemas(admin)) == ["crm", "public"]
    admin.execute("DROP SCHEMA crm CASCADE")


def test_whoever_only_looks_makes_no_schema(url, admin):
    with pytest.raises(NoMirror):
        Store.open(url, schema="", readonly=True)
    assert admin.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'bitsheet'").fetchall() == []
