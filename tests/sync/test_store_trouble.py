"""A store in trouble is said, stops the asking, kills nothing, and is gone on with as soon as it is well."""

import asyncio
import sqlite3
from contextlib import closing

import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.alert import Kind
from bitsheet_tui.errors import MirrorHeld, StoreDamaged, StoreFull
from bitsheet_tui.state import Phase
from bitsheet_tui.store import sqlite
from bitsheet_tui.store.lock import advisory_key
from bitsheet_tui.sync.fills import Fills
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import SMALL, config, portal, unequal

pytestmark = pytest.mark.slow

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'bitsheet-tui' AND pid <> pg_backend_pid()"
)
BIGGER = replace(SMALL, deals=900, activities=900)


def pragma(engine, sql):
    return engine._desk.store._database.read(lambda: engine._desk.store._database.rows(sql))


async def asks_nothing(demo, told, running):
    """While the store is down, tries go on and the portal is left in peace."""
    await asyncio.sleep(0.3)  # what was under way comes back
    before = demo.stats.requests
    tries = sum(isinstance(event, e.StoreTrouble) for event in told)
    await until(lambda: sum(isinstance(event, e.StoreTrouble) for event in told) > tries + 2, running)
    assert demo.stats.requests == before


async def current_again(engine, running, demo, url):
    await until(lambda: engine.state.phase is Phase.CURRENT and not engine.failed, running)
    seen = len(engine.state.cycles)
    await until(lambda: len(engine.state.cycles) > seen + 1, running)
    assert unequal(url, demo) == {}


@pytest.mark.sample
async def test_a_full_disk_in_the_middle_of_backfills_is_waited_for(sqlite_url, monkeypatch):
    async with portal(BIGGER) as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: any(isinstance(event, e.PageStored) for event in told), running)
            ((pages,),) = pragma(engine, "PRAGMA page_count")
            pragma(engine, f"PRAGMA max_page_count = {pages + 3}")
            await until(lambda: engine.state.phase is Phase.WAITING, running)
            assert "no space left" in engine.state.trouble.text
            before, tries = demo.stats.requests, sum(isinstance(event, e.StoreTrouble) for event in told)
            await until(lambda: sum(isinstance(event, e.StoreTrouble) for event in told) > tries + 5, running)
            assert demo.stats.requests - before <= 10 * 6  # a small write may still fit: each try asks once
            pragma(engine, "PRAGMA max_page_count = 1000000")
            await current_again(engine, running, demo, sqlite_url)


@pytest.mark.sample
async def test_a_file_that_was_replaced_is_said_and_not_written_to(sqlite_url, monkeypatch, tmp_path):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            (tmp_path / "mirror.db").rename(tmp_path / "elsewhere.db")
            (tmp_path / "mirror.db").write_bytes(b"")
            await until(lambda: engine.state.phase is Phase.WAITING, running)
            assert "moved, deleted or replaced" in engine.state.trouble.text
            await asks_nothing(demo, told, running)
            assert (tmp_path / "mirror.db").read_bytes() == b""


async def test_a_file_that_was_deleted_is_said_and_gone_on_with_when_it_is_back(
    sqlite_url, monkeypatch, tmp_path
):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            (tmp_path / "mirror.db").rename(tmp_path / "elsewhere.db")
            await until(lambda: engine.state.phase is Phase.WAITING, running)
            assert "moved, deleted or replaced" in engine.state.trouble.text
            await asks_nothing(demo, told, running)
            assert not (tmp_path / "mirror.db").exists()
            demo.world.create("deals", TITLE="meanwhile")
            (tmp_path / "elsewhere.db").rename(tmp_path / "mirror.db")
            await current_again(engine, running, demo, sqlite_url)


async def test_a_program_that_reads_without_a_break_is_told_of_until_it_lets_go(
    sqlite_url, monkeypatch, tmp_path
):
    monkeypatch.setattr(sqlite, "PINNED", 300_000)
    monkeypatch.setattr(sqlite, "WRITING", (*sqlite.WRITING, ("journal_size_limit", 100_000)))
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, _told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            reader = sqlite3.connect(tmp_path / "mirror.db", isolation_level=None)
            with closing(reader):
                reader.execute("BEGIN")
                before = reader.execute("SELECT count(*) FROM bitsheet_cycles").fetchone()
                for number in range(60):
                    for ident in [row["ID"] for row in demo.world.truth("deals")]:
                        demo.world.edit("deals", ident, TITLE=f"for the {number}th time")
                    await asyncio.sleep(0.1)
                    if engine.state.alerts:
                        break
                (alert,) = engine.state.alerts.values()
                assert alert.kind is Kind.STORE_PINNED
                assert "without a break: 0.0 GB wait" in alert.text
                assert reader.execute("SELECT count(*) FROM bitsheet_cycles").fetchone() == before
            await until(lambda: not engine.state.alerts, running)
            assert (tmp_path / "mirror.db-wal").stat().st_size < 300_000
            await current_again(engine, running, demo, sqlite_url)


async def test_a_file_that_became_read_only_is_waited_for(sqlite_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            pragma(engine, "PRAGMA query_only = ON")
            await until(lambda: engine.state.phase is Phase.WAITING, running)
            assert "cannot be written" in engine.state.trouble.text
            await asks_nothing(demo, told, running)
            demo.world.create("deals", TITLE="meanwhile")
            pragma(engine, "PRAGMA query_only = OFF")
            await current_again(engine, running, demo, sqlite_url)


async def test_a_file_that_is_damaged_while_it_is_used_ends_the_engine_and_is_left_alone(
    sqlite_url, monkeypatch, tmp_path
):
    async with portal() as (_demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            pragma(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
            file = tmp_path / "mirror.db"
            file.write_bytes(file.read_bytes()[:4096].ljust(file.stat().st_size, b"\xa5"))
            damaged = file.read_bytes()
            pragma(engine, "PRAGMA shrink_memory")  # what SQLite had read is read again
            await asyncio.wait({running}, timeout=20)
            assert isinstance(running.exception(), StoreDamaged)
            assert "Restore it from a backup" in running.exception().hint
            assert file.read_bytes() == damaged
        with pytest.raises(StoreDamaged):
            wiring.open_store(settings)


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        yield connection
        connection.execute("ALTER ROLE postgres RESET default_transaction_read_only")


@pytest.mark.sample
async def test_sessions_that_the_server_ends_again_and_again_cost_nothing(postgres_url, admin, monkeypatch):
    async with portal(BIGGER) as (demo, webhook):
        settings = config(webhook, postgres_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            for _ in range(25):
                await asyncio.sleep(0.05)
                admin.execute(TERMINATE)
            await current_again(engine, running, demo, postgres_url)


async def test_who_finds_the_lock_taken_after_a_lost_session_stops(postgres_url, admin, monkeypatch):
    async with portal() as (_demo, webhook):
        settings = config(webhook, postgres_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            waiting = asyncio.to_thread(
                admin.execute, "SELECT pg_advisory_lock(%s)", (advisory_key("postgres", "bitsheet"),)
            )
            taking = asyncio.create_task(waiting)
            await asyncio.sleep(0.2)  # it stands in the queue for the lock
            with psycopg.connect(admin.info.dsn, autocommit=True) as other:
                other.execute(TERMINATE)
                await taking
                before = other.execute("SELECT max(number) FROM bitsheet_cycles").fetchone()
                await asyncio.wait({running}, timeout=20)
                assert isinstance(running.exception(), MirrorHeld)
                assert other.execute("SELECT max(number) FROM bitsheet_cycles").fetchone() == before


async def test_a_server_that_became_read_only_is_waited_for(postgres_url, admin, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, postgres_url, interval=0.2)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            admin.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
            admin.execute(TERMINATE)
            await until(lambda: engine.state.phase is Phase.WAITING, running)
            await asks_nothing(demo, told, running)
            with psycopg.connect(admin.info.dsn, autocommit=True) as other:
                other.execute("SET default_transaction_read_only = off")
                other.execute("ALTER ROLE postgres RESET default_transaction_read_only")
                other.execute(TERMINATE)
            await current_again(engine, running, demo, postgres_url)


async def test_backfills_that_died_of_the_same_trouble_are_told_once():
    """Were they told one by one, each would cost one more minute after the store is well again."""
    fills = Fills(None, alarm=lambda: None, ended=lambda: None)

    async def dies():
        raise StoreFull("no space left")

    for name in ("deals", "leads", "tasks"):
        fills._tasks[name] = asyncio.create_task(dies())
    await asyncio.wait(fills._tasks.values())
    with pytest.raises(StoreFull):
        fills.check()
    fills.check()


async def test_a_bug_in_a_backfill_is_told_before_trouble():
    fills = Fills(None, alarm=lambda: None, ended=lambda: None)

    async def dies(error):
        raise error

    for name, error in (("deals", StoreFull("no space left")), ("leads", ZeroDivisionError())):
        fills._tasks[name] = asyncio.create_task(dies(error))
    await asyncio.wait(fills._tasks.values())
    with pytest.raises(ZeroDivisionError):
        fills.check()
