"""What other processes ask through the store is done, or refused in words; the engine outlives both."""

import asyncio
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

import psycopg
import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync, Retry, Stop, SyncNow, from_words
from bitsheet_tui.observe.narrate import narrate
from bitsheet_tui.portal.demo import Spelt
from bitsheet_tui.state import Phase
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.desk import now
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, portal, unequal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_request_that_is_not_known_is_answered_and_the_next_one_is_done(sqlite_url, monkeypatch):
    monkeypatch.setattr("bitsheet_tui.sync.control.GLANCE_SECONDS", 0.02)
    monkeypatch.setattr("bitsheet_tui.sync.control.LOOK_SECONDS", 0.02)  # nobody else writes here
    monkeypatch.setattr("bitsheet_tui.sync.control.STALE", timedelta(days=9000))
    async with portal() as (_, webhook):
        store = wiring.open_store(config(webhook, sqlite_url))
        try:
            engine = wiring.build(config(webhook, sqlite_url), store)
            running = asyncio.create_task(engine.run())
            asked = [
                store.ask("dance", by="somebody", at=NOW),
                store.ask("resync", "nothing", by="somebody", at=NOW),
                store.ask("pause", by="somebody", at=NOW),
            ]
            async with asyncio.timeout(10):
                while store.open_requests():
                    await asyncio.sleep(0.02)
            assert [store.request(number).answer for number in asked] == [
                "not done: there is no request dance",
                "not done: not mirrored here: nothing",
                "paused: nothing is asked of the portal until somebody resumes",
            ]
            assert engine.state.paused_at
            engine.submit(Stop())
            await running
        finally:
            store.close()


async def test_a_retry_that_the_store_refuses_is_answered_and_harms_nothing(sqlite_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("deals",))
        odd = next(demo.world.truth("deals"))["ID"]
        demo.world.edit("deals", odd, OPPORTUNITY=Spelt("to be agreed"))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            database = engine._desk.store._database
            database.read(lambda: database.execute("PRAGMA query_only = ON"))
            engine.submit(Retry(()))
            await until(lambda: engine.answers, running)
            assert engine.answers[-1].startswith("not done: ")
            await until(lambda: engine.state.phase is Phase.WAITING, running)  # a cycle has found out
            database.read(lambda: database.execute("PRAGMA query_only = OFF"))
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
        assert unequal(sqlite_url, demo, ("deals",)) == {}


async def test_a_flood_of_requests_delays_neither_cycles_nor_an_answer_nor_the_end(store_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, tables=("deals",))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            store = engine._desk.store
            with closing(Store.open_to_ask(store_url, schema="")) as other:
                database = other._database
                mark = database.dialect.mark
                rows = [(now(), f"{'sync' if n % 2 else 'interval'}", "deals" if n % 2 else "300")
                        for n in range(3000)]  # fmt: skip
                database.write(
                    lambda: database.many(
                        f"INSERT INTO bitsheet_control (at, command, argument, by)"
                        f" VALUES ({database.dialect.marks(3)}, 'nobody')",
                        [(at.isoformat() if mark == "?" else at, *rest) for at, *rest in rows],
                    )
                )
                number = other.ask("pause", by="somebody", at=now())
                began = monotonic()
                await until(lambda: store.request(number).answer, running)
                assert monotonic() - began < 5
                assert store.request(number).answer.startswith("paused")
                other.ask("resume", by="somebody", at=now())
                await until(lambda: not store.open_requests(), running)
            cycle = engine.state.cycle
            engine.submit(SyncNow())
            await until(lambda: engine.state.cycle > cycle, running)
            began = monotonic()
            engine.submit(Stop())
            await running
            assert monotonic() - began < 2
        assert unequal(store_url, demo, ("deals",)) == {}


@pytest.mark.parametrize("argument", ["leads " * 30_000, "x" * 2_000_000])
async def test_a_request_of_any_length_is_refused_at_once(sqlite_url, monkeypatch, argument):
    monkeypatch.setattr("bitsheet_tui.sync.control.LOOK_SECONDS", 0.02)
    async with portal() as (_, webhook):
        settings = config(webhook, sqlite_url, tables=("deals",))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            store = engine._desk.store
            number = store.ask("resync", argument, by="somebody", at=now())
            await until(lambda: store.request(number).answer, running, 5)
            assert store.request(number).answer == "not done: resync is given more than 2000 characters"


def test_a_table_that_is_named_twice_is_read_once():
    assert from_words("resync", "deals deals leads deals", ("deals", "leads")) == Resync(("deals", "leads"))


async def test_who_asked_is_logged_by_the_role_of_its_session(postgres_url, postgres_server, monkeypatch):
    async with portal() as (_, webhook):
        settings = config(webhook, postgres_url, tables=("deals",))
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            with role(postgres_server, "bi") as connection:
                connection.execute(
                    "INSERT INTO bitsheet.bitsheet_control (at, command, argument, by, role)"
                    " VALUES (now(), 'pause', '', 'boss@office', 'mirror')"
                )
                connection.execute("UPDATE bitsheet.bitsheet_control SET role = 'mirror'")
            await until(lambda: engine.state.paused_at, running)
        lines = [narrate(event) for event in told]
        assert "asked by role bi (boss@office): pause" in [line.text for line in lines if line]


@contextmanager
def role(server, name):
    """A session of a role that may read and ask."""
    with psycopg.connect(server, autocommit=True) as boss:
        boss.execute(f"CREATE ROLE {name} LOGIN")
        boss.execute(f"GRANT USAGE ON SCHEMA bitsheet TO {name}")
        boss.execute(f"GRANT SELECT, INSERT, UPDATE ON bitsheet.bitsheet_control TO {name}")
        boss.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA bitsheet TO {name}")
        try:
            with psycopg.connect(server, user=name, autocommit=True) as connection:
                yield connection
        finally:
            boss.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
