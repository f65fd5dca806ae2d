"""Nothing is written where it would run what others have prepared in the database."""

from contextlib import closing

import psycopg
import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync
from bitsheet_tui.errors import Exit, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import Phase
from bitsheet_tui.store import Store
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, portal, unequal

SPY = """
CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA bitsheet TO bi'; RETURN NEW; END $$
"""
ROLES = "engine", "bi"


@pytest.fixture
def admin(postgres_server, postgres_url):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        for role in ROLES:
            connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(
            "GRANT ALL ON SCHEMA public TO PUBLIC; GRANT CREATE ON DATABASE postgres TO engine"
        )
        connection.execute(f"SET ROLE bi; {SPY}; RESET ROLE")
        try:
            yield connection
        finally:
            connection.execute("RESET ROLE")
            for role in ROLES:
                connection.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.fixture
def url(postgres_url, admin):
    return Secret(postgres_url.reveal().replace("//postgres@", "//engine@"))


def spied_upon(admin, table):
    admin.execute(f"CREATE TRIGGER spy BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION public.spy()")


def may_read(admin, table):
    return admin.execute("SELECT has_table_privilege('bi', %s, 'SELECT')", (table,)).fetchone()[0]


@pytest.mark.parametrize("role", ["engine", "postgres"])
def test_bookkeeping_that_somebody_else_has_prepared_is_not_adopted(postgres_url, admin, role):
    url = Secret(postgres_url.reveal().replace("//postgres@", f"//{role}@"))
    admin.execute("CREATE SCHEMA bitsheet; GRANT ALL ON SCHEMA bitsheet TO PUBLIC")
    admin.execute("SET ROLE bi; CREATE TABLE bitsheet.bitsheet_meta (key text PRIMARY KEY, value text)")
    spied_upon(admin, "bitsheet.bitsheet_meta")
    admin.execute("RESET ROLE; GRANT ALL ON bitsheet.bitsheet_meta TO PUBLIC")
    with pytest.raises(StoreUnavailable, match="is not used: its table bitsheet_meta") as caught:
        Store.open(url, schema="bitsheet")
    assert caught.value.exit_code == Exit.STORE_UNAVAILABLE
    assert "the role bi" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("what", ["trigger", "rule"])
def test_the_start_ends_where_somebody_else_has_a_say_on_the_bookkeeping(url, admin, what):
    Store.open(url, schema="bitsheet").close()
    if what == "trigger":
        spied_upon(admin, "bitsheet.bitsheet_checkpoints")
    else:
        admin.execute("CREATE RULE spy AS ON INSERT TO bitsheet.bitsheet_checkpoints DO ALSO NOTHING")
    with pytest.raises(StoreUnavailable, match=f"bitsheet_checkpoints has the {what} spy"):
        Store.open(url, schema="bitsheet")


def test_triggers_of_our_own_role_and_of_superusers_are_respected(url, admin):
    Store.open(url, schema="bitsheet").close()
    admin.execute("ALTER FUNCTION public.spy() OWNER TO postgres")
    spied_upon(admin, "bitsheet.bitsheet_alerts")
    Store.open(url, schema="bitsheet").close()


async def test_a_table_on_which_somebody_else_has_a_say_is_not_written_and_the_others_go_on(
    url, admin, monkeypatch
):
    async with portal() as (demo, webhook):
        settings = config(webhook, url, tables=("deals", "leads"))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.tables["deals"].rows, running)
            await until(lambda: engine.state.cycle_started is None, running)
        admin.execute("GRANT USAGE ON SCHEMA bitsheet TO bi")
        spied_upon(admin, "bitsheet.deals")
        deal, lead = (next(demo.world.truth(table))["ID"] for table in ("deals", "leads"))
        demo.world.edit("deals", deal, TITLE="new")
        demo.world.edit("leads", lead, TITLE="new")
        with closing(wiring.open_store(settings)) as store:
            engine = wiring.build(settings, store)
            await engine.once()
            told = [alert for alert in store.alerts() if "deals" in alert.tables]
        assert engine.failed == ("deals",)
        assert "deals is not written: it has the trigger spy of the role bi" in " ".join(
            alert.text for alert in told
        )
        assert admin.execute("SELECT count(*) FROM bitsheet.leads WHERE title = 'new'").fetchone() == (1,)
        assert admin.execute("SELECT count(*) FROM bitsheet.deals WHERE title = 'new'").fetchone() == (0,)
        assert not may_read(admin, "bitsheet.leads")


@pytest.mark.slow
async def test_a_resync_writes_no_table_on_which_somebody_else_has_a_say(url, admin, monkeypatch):
    """Asked of the running engine; the table that is free of them is read anew meanwhile."""
    async with portal() as (demo, webhook):
        settings = config(webhook, url, tables=("deals", "leads"))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            admin.execute("GRANT USAGE ON SCHEMA bitsheet TO bi")
            spied_upon(admin, "bitsheet.deals")
            admin.execute("UPDATE bitsheet.leads SET title = 'theirs'")
            engine.submit(Resync(("deals", "leads")))
            await until(lambda: engine.failed == ("deals",), running)
            assert "the trigger spy of the role bi" in engine.state.tables["deals"].error
            await until(lambda: unequal(url, demo, ("leads",)) == {}, running)
            assert not may_read(admin, "bitsheet.leads")
            admin.execute("DROP TRIGGER spy ON bitsheet.deals; UPDATE bitsheet.deals SET title = 'theirs'")
            engine.submit(Resync(("deals",)))
            await until(lambda: unequal(url, demo, ("deals",)) == {}, running)
            await until(lambda: not engine.failed, running)
