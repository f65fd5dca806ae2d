"""What other processes ask through the store is done, or refused in words; the engine outlives both."""

import asyncio
from datetime import UTC, datetime, timedelta

from bitsheet_tui import wiring
from bitsheet_tui.commands import Retry, Stop
from bitsheet_tui.portal.demo import Spelt
from bitsheet_tui.state import Phase
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
