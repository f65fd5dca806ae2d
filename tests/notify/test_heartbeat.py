"""The dead man's switch: a GET after a good cycle, which nothing waits for."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.alert import Kind
from bitsheet_tui.cli import main
from bitsheet_tui.config import NotifySettings
from bitsheet_tui.notify import heartbeat as heartbeats
from bitsheet_tui.notify.heartbeat import Heartbeat, beat
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import engine as engines
from tests.support.commands import SMALL, configure
from tests.support.listeners import silent_server, web_server
from tests.support.live_engine import live_engine, until
from tests.support.schedule_life import BEGIN, storyteller
from tests.support.sync_run import config, portal

MINUTE = timedelta(seconds=55)  # a busy moment delays one, and not the next


def beats(url, monkeypatch, story, **more):
    """When the heart beat in a story of hours."""
    told = []

    def lives(life):
        begin = life.start

        async def beat():
            told.append(datetime.fromtimestamp(life.hands.now(), UTC))
            return True

        life.start = lambda: begin(heartbeat=beat)
        return story(life)

    storyteller(url, monkeypatch)(lives, **more)
    return told


@pytest.mark.slow
def test_it_beats_after_good_cycles_through_quiet_hours_and_not_while_the_portal_is_away(
    sqlite_url, monkeypatch
):
    async def story(life):
        life.start()
        await sleep_until(life, BEGIN + timedelta(hours=6))
        life.demo.revoke()
        await sleep_until(life, BEGIN + timedelta(hours=8))
        await life.stop()

    told = beats(sqlite_url, monkeypatch, story, schedule={"quiet": "08:00-10:00", "timezone": "UTC"})
    assert told[0] - BEGIN < timedelta(minutes=3)
    gaps = [after - before for before, after in pairwise(told)]
    assert min(gaps) >= MINUTE
    assert max(gaps) <= timedelta(seconds=300 + 120)
    assert told[-1] - BEGIN < timedelta(hours=6, minutes=1)


@pytest.mark.slow
@pytest.mark.sample
def test_it_beats_once_a_minute_where_cycles_are_seconds_apart(sqlite_url, monkeypatch):
    async def story(life):
        life.start()
        await sleep_until(life, BEGIN + timedelta(minutes=10))
        await life.stop()

    told = beats(sqlite_url, monkeypatch, story, interval=5.0, tick=1.0)
    gaps = [after - before for before, after in pairwise(told)]
    assert 8 <= len(told) <= 10
    assert min(gaps) >= MINUTE


async def sleep_until(life, at):
    await life.until(lambda: datetime.fromtimestamp(life.hands.now(), UTC) >= at)


def test_a_beat_is_one_get_and_a_refusal_says_why():
    with web_server() as server:
        address = Secret(f"http://127.0.0.1:{server.port}/ping/s3cr3tp4th")
        assert beat(address) == ""
        assert server.asked == ["/ping/s3cr3tp4th"]
        server.status = 503
        assert beat(address) == "it answers 503"
    assert beat(address) == "it cannot be reached"


def test_three_failures_in_a_row_are_told_and_the_first_beat_that_arrives_ends_it():
    told = []
    why = "it answers 503"
    heart = Heartbeat(Secret("http://127.0.0.1:1/s3cr3t"), told.append, send=lambda _: why)
    for _ in range(3):
        assert told == []
        assert not heart.once()
    (event,) = told
    assert (event.kind, event.text) == (
        Kind.HEARTBEAT_FAILING,
        "the heartbeat is sent in vain: it answers 503",
    )
    why = ""
    assert heart.once()
    assert [(type(event), event.key) for event in told[1:]] == [(e.BesideWell, "heartbeat_failing")]


@pytest.mark.slow
async def test_an_address_that_hangs_holds_up_no_cycle_and_is_told(sqlite_url, monkeypatch):
    monkeypatch.setattr(engines, "MINUTE", 0.05)
    monkeypatch.setattr(heartbeats, "DEADLINE", 0.3)
    monkeypatch.setattr("bitsheet_tui.sync.schedule.LEAST", 0.05)
    with silent_server() as port:
        async with portal() as (_, webhook):
            address = f"http://127.0.0.1:{port}/"
            settings = replace(
                config(webhook, sqlite_url, interval=0.1), notify=NotifySettings(heartbeat_url=address)
            )
            async with live_engine(settings, monkeypatch) as (engine, told, running):
                engine._heartbeat = wiring.heartbeat(settings, engine.tell)
                began = time.monotonic()
                await until(lambda: sum(isinstance(event, e.CycleEnded) for event in told) > 5, running)
                assert time.monotonic() - began < 30
                await until(lambda: Kind.HEARTBEAT_FAILING in engine.state.alerts, running)


@pytest.mark.slow
def test_one_cycle_beats_before_it_ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with web_server() as server, DemoPortal(SMALL).run_in_thread() as webhook:
        configure(tmp_path, webhook, f'[notify]\nheartbeat_url = "http://127.0.0.1:{server.port}/ping"\n')
        assert main(["--once"]) == 0
        assert server.asked == ["/ping"]
