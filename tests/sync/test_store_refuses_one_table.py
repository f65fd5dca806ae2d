"""What the database refuses for one table is that table's trouble, told at once; the other eight go on."""

import sqlite3
import threading
from contextlib import closing, contextmanager
from decimal import Decimal

import psycopg
import pytest

from bitsheet_tui.alert import Kind
from bitsheet_tui.portal.demo import Column
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import Standing
from bitsheet_tui.store import postgres
from bitsheet_tui.sync import describing
from tests.support import mirror
from tests.support.live_engine import live_engine, until
from tests.support.readme import said
from tests.support.sync_run import NAMES, config, once, portal, unequal

FEW = Size(leads=12, contacts=9, companies=3, deals=14, activities=12, tasks=8, users=5, departments=3)
FIELD = "UF_CRM_MARGIN"
OTHERS = tuple(name for name in NAMES if name != "deals")
# an index whose expression fails for a text, and a view of a sum: neither can be of a column of text
IN_THE_WAY = {
    "sqlite": (
        "CREATE INDEX theirs ON deals (abs(CASE typeof(uf_crm_margin) WHEN 'text' THEN -1 << 63 ELSE 0 END))",
        "DROP INDEX theirs",
    ),
    "postgresql": ("CREATE VIEW theirs AS SELECT sum(uf_crm_margin) FROM deals", "DROP VIEW theirs"),
}


def run(url, sql):
    """What somebody else does to the database."""
    text = url.reveal()
    if text.startswith("sqlite"):
        with closing(sqlite3.connect(text.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute(sql)
    else:
        with psycopg.connect(text, autocommit=True) as other:
            other.execute(sql)


def in_the_way(url):
    return IN_THE_WAY["sqlite" if url.reveal().startswith("sqlite") else "postgresql"]


def margin(kind):
    return Column(name=FIELD, type=kind, title="Margin", custom=True)


def with_margin(demo):
    demo.world.add_field("deals", margin("double"))
    demo.world.edit("deals", next(iter(demo.world.truth("deals")))["ID"], **{FIELD: Decimal("12.5")})


def work(demo):
    """People edit leads and deals, and one of them writes a word where a number was."""
    world = demo.world
    for table in ("leads", "deals"):
        for row in list(world.truth(table))[:5]:
            world.edit(table, row["ID"], TITLE=f"{table} edited")


def told_in_sql(url):
    query = "SELECT key, text FROM bitsheet_alerts WHERE ended_at IS NULL"
    return dict(mirror.select(url, query)[1])


async def test_a_table_that_cannot_follow_its_description_is_told_of_and_the_others_go_on(
    store_url, monkeypatch
):
    monkeypatch.setattr(describing, "PAUSE", 0.0)
    make, drop = in_the_way(store_url)
    async with portal(FEW) as (demo, webhook):
        with_margin(demo)
        settings = config(webhook, store_url, interval=0.2, static_every=1)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: len(engine.state.cycles) > 1 and not engine.failed, running)
            run(store_url, make)
            demo.world.change_field("deals", margin("string"))
            await until(lambda: engine.failed == ("deals",), running)
            work(demo)
            seen = len(engine.state.cycles)
            await until(lambda: len(engine.state.cycles) > seen + 2, running)
            state = engine.state.tables["deals"]
            assert state.standing is Standing.REFUSED
            assert "theirs" in state.error
            assert said("something of others in the database that forbids a change") in state.error
            assert unequal(store_url, demo, OTHERS) == {}
            assert unequal(store_url, demo, ("deals",)) == {}  # into the columns that it has
            await until(lambda: "table_refused:deals" in told_in_sql(store_url), running)
            assert "theirs" in told_in_sql(store_url)["table_refused:deals"]
            run(store_url, drop)
            deal = next(iter(demo.world.truth("deals")))["ID"]
            demo.world.edit("deals", deal, **{FIELD: "a lot"})
            await until(lambda: not engine.failed and not engine.state.alerts, running)
            await until(lambda: not engine._fills.running("deals"), running)
            assert unequal(store_url, demo) == {}
            await until(lambda: told_in_sql(store_url) == {}, running)


async def test_one_run_ends_with_a_failed_table_and_the_rest_equal(store_url):
    make, drop = in_the_way(store_url)
    async with portal(FEW) as (demo, webhook):
        with_margin(demo)
        settings = config(webhook, store_url)
        await once(settings)
        run(store_url, make)
        demo.world.change_field("deals", margin("string"))
        work(demo)
        engine = await once(settings)
        assert engine.failed == ("deals",)
        assert unequal(store_url, demo) == {}
        run(store_url, drop)
        assert (await once(settings)).failed == ()
        assert unequal(store_url, demo) == {}


@pytest.mark.parametrize("where", ["in a cycle", "in the backfill"])
async def test_rows_that_the_database_refuses_whole_fail_their_table_alone(store_url, where):
    """Whatever somebody did to the table: here a column of theirs takes it away from us."""
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        run(store_url, "ALTER TABLE deals RENAME COLUMN title TO name")
        if where == "in the backfill":
            run(store_url, "UPDATE bitsheet_checkpoints SET floor = reach + 1 WHERE table_name = 'deals'")
        work(demo)
        engine = await once(settings)
        assert "deals" in engine.failed
        assert unequal(store_url, demo, OTHERS) == {}
        assert [alert.kind for alert in engine.state.alerts.values()] == [Kind.TABLE_REFUSED]
        assert said("a statement that the database refuses") in engine.state.tables["deals"].error
        run(store_url, "ALTER TABLE deals RENAME COLUMN name TO title")
        assert (await once(settings)).failed == ()
        assert unequal(store_url, demo) == {}


async def test_trouble_of_the_whole_store_is_written_down_where_it_can_be_written(store_url, monkeypatch):
    """The cycle cannot be noted, so nothing can be mirrored; the list of alerts is well."""
    async with portal(FEW) as (_demo, webhook):
        settings = config(webhook, store_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.cycles, running)
            run(store_url, "ALTER TABLE bitsheet_cycles RENAME TO theirs")
            await until(lambda: "store_trouble" in told_in_sql(store_url), running)
            run(store_url, "ALTER TABLE theirs RENAME TO bitsheet_cycles")
            await until(lambda: "store_trouble" not in told_in_sql(store_url), running)


async def test_a_new_field_is_filled_although_somebody_read_the_table_meanwhile(postgres_url, monkeypatch):
    """Its column comes once they have gone; they are named until then, and wait for nobody."""
    monkeypatch.setattr(postgres, "PATIENCE", "50ms")
    monkeypatch.setattr(describing, "PAUSE", 0.0)
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, postgres_url, interval=0.2, static_every=1)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: len(engine.state.cycles) > 1 and not engine.failed, running)
            with psycopg.connect(postgres_url.reveal(), application_name="a report") as other:
                other.execute("SELECT count(*) FROM v_deals")
                demo.world.add_field("deals", margin("string"))
                deal = next(iter(demo.world.truth("deals")))["ID"]
                demo.world.bind("deals", deal, **{FIELD: "old"})
                work(demo)
                await until(lambda: engine.failed == ("deals",), running)
                assert (
                    f"pid {other.info.backend_pid} of role postgres (a report)"
                    in engine.state.tables["deals"].error
                )
                assert engine.state.tables["deals"].standing is Standing.FAILED
                told = said("a table that somebody holds when it has to change")
                assert told in engine.state.tables["deals"].error
                seen = len(engine.state.cycles)
                await until(lambda: len(engine.state.cycles) > seen + 1, running)
                assert unequal(postgres_url, demo, OTHERS) == {}
            await until(lambda: not engine.failed and not engine._fills.running("deals"), running)
            assert unequal(postgres_url, demo) == {}
            assert mirror.select(postgres_url, "SELECT count(*) FROM v_deals WHERE uf_crm_margin = 'old'")[
                1
            ] == [(1,)]


WAITING = """
SELECT extract(epoch FROM clock_timestamp() - query_start)::float FROM pg_stat_activity
WHERE usename = 'engine' AND wait_event_type = 'Lock'
"""


@contextmanager
def longest_wait(server):
    """How long the engine waited for locks whenever a thread looked; its own is the one that waits."""
    waits, over = [0.0], threading.Event()

    def look():
        with psycopg.connect(server, autocommit=True) as boss:
            while not over.wait(0.02):
                waits.extend(seconds for (seconds,) in boss.execute(WAITING))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield waits
    finally:
        over.set()
        looking.join()


@contextmanager
def two_roles(server):
    """The engine's role and a reader's, neither of them a superuser."""
    with psycopg.connect(server, autocommit=True) as boss:
        boss.execute(
            "CREATE ROLE engine LOGIN; CREATE ROLE bi LOGIN; GRANT CREATE ON DATABASE postgres TO engine"
        )
        try:
            yield boss
        finally:
            boss.execute("DROP OWNED BY engine, bi CASCADE; DROP ROLE engine, bi")


@pytest.mark.slow
async def test_a_reader_of_another_role_delays_one_table_by_a_second_and_is_named(
    postgres_url, postgres_server, monkeypatch
):
    """What it was granted on the table and on its view is as it was once both have the new field."""
    monkeypatch.setattr(describing, "PAUSE", 0.0)
    url = Secret(postgres_url.reveal().replace("//postgres@", "//engine@"))
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, url, interval=0.2, static_every=1)
        with two_roles(postgres_server) as boss:
            async with live_engine(settings, monkeypatch) as (engine, _, running):
                await until(lambda: len(engine.state.cycles) > 1 and not engine.failed, running)
                boss.execute("GRANT USAGE ON SCHEMA bitsheet TO bi")
                boss.execute("GRANT SELECT ON bitsheet.deals, bitsheet.v_deals TO bi")
                with psycopg.connect(postgres_server, user="bi", application_name="a report") as reader:
                    reader.execute("SELECT count(*) FROM bitsheet.deals")
                    demo.world.add_field("deals", margin("string"))
                    work(demo)
                    await until(lambda: engine.failed == ("deals",), running)
                    who = f"pid {reader.info.backend_pid} of role bi (a report)"
                    assert who in engine.state.tables["deals"].error
                    await until(
                        lambda: any(who in text for text in told_in_sql(postgres_url).values()), running
                    )
                    seen = len(engine.state.cycles)
                    with longest_wait(postgres_server) as waits:
                        await until(lambda: len(engine.state.cycles) > seen + 1, running)
                    assert 0 < max(waits) < 3
                    assert unequal(postgres_url, demo, OTHERS) == {}
                await until(lambda: not engine.failed and not engine._fills.running("deals"), running)
                with psycopg.connect(postgres_server, user="bi") as reader:
                    for name in ("deals", "v_deals"):
                        reader.execute(f"SELECT count({FIELD.lower()}) FROM bitsheet.{name}")
