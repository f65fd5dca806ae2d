"""Viewers of a running engine: they see what it sees, and nothing they do delays it."""

import asyncio
import json
import os
import socket
import stat
import time
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.commands import Pause, Resume, Stop, SyncNow
from bitsheet_tui.observe import wire
from bitsheet_tui.observe.attached import Mirror, Onlooker
from bitsheet_tui.observe.live import BUFFER, MOST, Live
from bitsheet_tui.observe.served import Served, places
from bitsheet_tui.ring import Ring
from bitsheet_tui.state import EngineState, reduce, start
from bitsheet_tui.store.books import LOG
from tests.support.sync_run import config, portal

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
HELLO = wire.Hello(pid=os.getpid(), host="here", since=NOW)


class Shown:
    """An engine that says what a test lets it say."""

    def __init__(self, live) -> None:
        self.state = start(("deals",), portal="acme", store="sqlite crm.db", at=NOW)
        self.live = live
        self.asked = []

    def say(self, event) -> None:
        self.state = reduce(self.state, event)
        self.live.tell(event)

    def grant(self, name, argument) -> str:
        self.asked.append((name, argument))
        return f"{name} done"


@asynccontextmanager
async def shown(tmp_path):
    ring = Ring()
    live = Live(ring)
    engine = Shown(live)
    await live.open(engine, tmp_path / "live.sock", HELLO)
    try:
        yield engine, ring, tmp_path / "live.sock"
    finally:
        live.close()


async def lines_until(reader, wanted) -> list:
    """What is told, up to and with the first thing that is `wanted`."""
    told = []
    async with asyncio.timeout(10):
        while not told or not wanted(told[-1]):
            told.append(wire.read(await reader.readline()))
    return told


HELD_UP = 5.0  # seconds: who waits for a viewer that does not read waits for ever, a busy machine does not


async def longest_wait(doing) -> float:
    """How late the loop was at the most while `doing` was done."""
    task, longest = asyncio.ensure_future(doing), 0.0
    while not task.done():
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before - 0.01)
    await task
    return longest


def page(number: int) -> e.PageStored:
    return e.PageStored(table="deals", at=NOW + timedelta(seconds=number), read=50, inserted=50, updated=0)


async def test_a_viewer_gets_the_picture_then_what_happens_and_what_is_logged(tmp_path):
    async with shown(tmp_path) as (engine, ring, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        ring.append(NOW, "INFO", "deals", "before")
        reader, writer = await asyncio.open_unix_connection(path)
        told = await lines_until(reader, lambda one: isinstance(one, EngineState))
        assert told[0] == HELLO
        assert [one.text for one in told[1:-1]] == ["before"]
        assert told[-1] == engine.state
        engine.say(e.Paused(at=NOW))
        ring.append(NOW, "INFO", "engine", "paused")
        told = await lines_until(reader, lambda one: getattr(one, "text", "") == "paused")
        assert told[0] == e.Paused(at=NOW)
        writer.write(wire.asked("resume", ""))
        assert await lines_until(reader, lambda one: isinstance(one, wire.Answer)) == [
            wire.Answer("resume done")
        ]
        assert engine.asked == [("resume", "")]
        writer.close()


async def test_viewers_that_say_and_read_nothing_cost_a_buffer_each_and_are_sent_away_at_the_end(tmp_path):
    async with shown(tmp_path) as (engine, ring, path):
        silent = [socket.socket(socket.AF_UNIX) for _ in range(MOST + 8)]
        try:
            for plug in silent:
                plug.connect(str(path))

            async def talk():
                for number in range(100):
                    for _ in range(100):
                        engine.say(page(number))
                        ring.append(NOW, "INFO", "deals", "x" * 100)
                    await asyncio.sleep(0.01)

            assert await longest_wait(talk()) < HELD_UP
            assert len(engine.live._viewers) == MOST
            waiting = [viewer._transport.get_write_buffer_size() for viewer in engine.live._viewers]
            assert max(waiting) < 4 * BUFFER  # one flush may go beyond
            began = time.monotonic()
            engine.live.close()
            await asyncio.sleep(0)
            assert time.monotonic() - began < HELD_UP
        finally:
            for plug in silent:
                plug.close()


async def test_a_viewer_that_does_not_read_costs_a_buffer_and_sees_everything_later(tmp_path):
    async with shown(tmp_path) as (engine, ring, path):
        reader, writer = await asyncio.open_unix_connection(path, limit=2**22)
        reader._transport.pause_reading()

        async def talk():
            for number in range(300):
                for _ in range(100):
                    engine.say(page(number))
                    ring.append(NOW, "INFO", "deals", "x" * 100)
                await asyncio.sleep(0.01)

        assert await longest_wait(talk()) < HELD_UP
        (viewer,) = engine.live._viewers
        assert viewer._transport.get_write_buffer_size() < 4 * BUFFER
        engine.say(e.Counted(table="deals", rows=7, deleted=0))
        reader._transport.resume_reading()
        seen = None
        async with asyncio.timeout(10):
            while seen != engine.state:
                told = wire.read(await reader.readline())
                seen = told if isinstance(told, EngineState) else seen
        writer.close()


NONSENSE = {
    "empty": b"\n",
    "no JSON": b"hello\n",
    "endless": b"x" * 5000,
    "binary": b"\xff" * 2**20,
    "wrong types": b'{"kind": "ask", "data": {"name": 3}}\n',
    "deep": b"[" * 4000 + b"\n",
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
async def test_a_viewer_that_sends_nonsense_is_shown_out_and_nobody_else(tmp_path, nonsense):
    async with shown(tmp_path) as (engine, _, path):
        other, others = await asyncio.open_unix_connection(path)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(nonsense)
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError, BrokenPipeError):
                while await reader.readline():
                    pass
        engine.say(e.Paused(at=NOW))
        assert (await lines_until(other, lambda one: isinstance(one, e.Paused)))[-1].at == NOW
        assert engine.asked == []
        writer.close()
        others.close()


async def test_a_flood_of_requests_does_not_delay_the_engine(tmp_path):
    async with shown(tmp_path) as (engine, _, path):
        _reader, writer = await asyncio.open_unix_connection(path)
        writer.write(wire.asked("sync", "deals") * 20_000)  # about a megabyte; nothing is read back
        assert await longest_wait(asyncio.sleep(1.0)) < HELD_UP
        assert 0 < len(engine.asked) < 1000
        writer.close()


async def test_viewers_that_come_and_go_leave_nothing_behind(tmp_path):
    async with shown(tmp_path) as (engine, _, path):

        async def crowd():
            for _ in range(10):
                many = [await asyncio.open_unix_connection(path) for _ in range(10)]
                await asyncio.sleep(0.01)
                for _, writer in many:
                    writer.transport.abort()

        assert await longest_wait(crowd()) < HELD_UP
        async with asyncio.timeout(5):
            while engine.live._viewers:
                engine.say(page(1))
                await asyncio.sleep(0.02)


# --- a real engine ------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(settings, folder):
    """An engine that can be looked at, on this loop."""
    ring = Ring()
    store = wiring.open_store(settings)
    live = Live(ring)
    engine = Served(wiring.build(settings, store, [live.tell]), live, store, places(folder / "m.db", {}))
    running = asyncio.create_task(engine.run())
    try:
        yield engine
        engine.submit(Stop())
        await running
    finally:
        store.close()


@asynccontextmanager
async def onlooker(settings, ring=None, **more):
    mirror = Mirror(
        look=lambda: wiring.open_store(settings, readonly=True),
        ask=lambda: wiring.open_to_ask(settings),
        names=("deals",),
        portal="acme",
        interval=settings.sync.interval,
        **more,
    )
    looker = Onlooker(mirror, ring or Ring(), EngineState())
    running = asyncio.create_task(looker.run())
    try:
        yield looker
        looker.submit(Stop())
        await running
    finally:
        running.cancel()


async def until(true) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


async def test_what_a_viewer_sees_is_what_the_engine_sees(store_url, tmp_path):
    async with portal() as (_, webhook):
        settings = config(webhook, store_url)
        async with served(settings, tmp_path) as engine, onlooker(settings) as looker:
            await until(lambda: looker.state.attached and looker.state.attached.live)
            looker.submit(SyncNow(("deals",)))
            await until(lambda: engine.state.cycle == 2 and not engine.state.cycle_started)
            assert "deals is read" in looker.answers.popleft()
            await until(lambda: not any(table.fill for table in engine.state.tables.values()))
            await asyncio.sleep(0.3)
            attached, here = looker.state.attached, engine.state
            assert (attached.pid, attached.host, attached.live) == (os.getpid(), "", True)
            assert {name: table.rows for name, table in looker.state.tables.items()} == {
                name: table.rows for name, table in here.tables.items()
            }
            assert looker.state.cycles == here.cycles
            assert looker.state.phase is here.phase


async def test_from_another_host_the_store_tells_and_takes_requests(store_url, tmp_path, monkeypatch):
    monkeypatch.setattr("bitsheet_tui.observe.attached.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("bitsheet_tui.observe.attached.SHARE", 1.0)
    async with portal() as (_, webhook):
        settings = config(webhook, store_url)
        async with served(settings, tmp_path) as engine:
            here = socket.gethostname()
            monkeypatch.setattr("bitsheet_tui.observe.attached.socket.gethostname", lambda: "elsewhere")
            async with onlooker(settings) as looker:
                await until(
                    lambda: engine.state.cycles and not any(t.fill for t in engine.state.tables.values())
                )
                looker.submit(Pause())
                await until(lambda: looker.state.paused_at)
                assert looker.answers.popleft().startswith("paused: nothing is asked")
                attached = looker.state.attached
                assert (attached.pid, attached.host, attached.live) == (os.getpid(), here, False)
                await until(lambda: looker.state.tables["deals"].rows == engine.state.tables["deals"].rows)
                assert looker.state.cycle == engine.state.cycle
                assert [c.number for c in looker.state.cycles] == [c.number for c in engine.state.cycles]
                assert looker.state.tables["deals"].watermark == engine.state.tables["deals"].watermark
                looker.submit(Resume())
                await until(lambda: not looker.state.paused_at)
            assert not engine.state.paused_at


async def test_when_the_instance_ends_the_viewer_says_so_and_finds_the_next(
    sqlite_url, tmp_path, monkeypatch
):
    monkeypatch.setattr("bitsheet_tui.observe.attached.LOOK_SECONDS", 0.1)
    async with portal() as (_, webhook):
        settings = config(webhook, sqlite_url)
        async with served(settings, tmp_path) as engine:
            await until(lambda: engine.state.tables["deals"].rows)
        async with onlooker(settings) as looker:
            await until(lambda: looker.state.attached.gone)
            assert looker.state.tables["deals"].rows
            looker.submit(Pause())
            await until(lambda: looker.answers)
            assert looker.answers.popleft() == "no instance is running"
            async with served(settings, tmp_path):
                await until(lambda: looker.state.attached.live)


def test_a_socket_has_a_place_whose_name_is_short_enough(tmp_path):
    long = tmp_path / ("x" * 120) / "bitsheet.db"
    assert places(tmp_path / "m.db", {})[0] == tmp_path / "m.db.sock"
    assert long.with_name("bitsheet.db.sock") not in places(long, {})
    assert str(places(long, {"RUNTIME_DIRECTORY": "/run/bitsheet-tui"})[0]).startswith(
        "/run/bitsheet-tui/bitsheet-"
    )
    assert json.dumps([str(place) for place in places(None, {})]).count("bitsheet-tui") == 1


async def test_a_folder_that_others_may_write_or_have_made_is_no_place_for_the_socket(tmp_path):
    live, folder = Live(Ring()), tmp_path / "bitsheet-tui-0"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="may be written by others"):
        await live.open(Shown(live), folder / "live.sock", HELLO)
    assert not any(folder.iterdir())
    folder.chmod(0o1777)  # where nobody can replace what is not theirs
    await live.open(Shown(live), folder / "live.sock", HELLO)
    assert stat.S_IMODE((folder / "live.sock").stat().st_mode) == 0o600
    live.close()


@pytest.mark.parametrize("linked", [False, True])
async def test_a_folder_of_somebody_else_is_no_place_for_the_socket(tmp_path, monkeypatch, linked):
    live, folder = Live(Ring()), tmp_path / "bitsheet-tui-0"
    (tmp_path / "theirs").mkdir()
    if linked:
        folder.symlink_to(tmp_path / "theirs")
    else:
        folder = tmp_path / "theirs"
    monkeypatch.setattr("bitsheet_tui.observe.peers.trusted", lambda: {os.getuid() + 1})
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        await live.open(Shown(live), folder / "live.sock", HELLO)
    assert not any((tmp_path / "theirs").iterdir())


async def test_the_mode_of_no_other_file_changes_when_the_socket_is_swapped(tmp_path, monkeypatch):
    """Whoever can put a link in place of the new socket had every file of ours made 0600."""
    changed = []
    monkeypatch.setattr(os, "chmod", lambda path, mode, **_: changed.append(path))
    async with shown(tmp_path):
        assert changed == []


@pytest.mark.parametrize("stranger", [(os.getpid(), 65534), (1, os.getuid())], ids=["user", "process"])
async def test_a_socket_behind_which_somebody_else_is_shows_nothing(
    sqlite_url, tmp_path, monkeypatch, stranger
):
    monkeypatch.setattr("bitsheet_tui.observe.attached.LOOK_SECONDS", 0.05)
    async with portal() as (_, webhook):
        settings = config(webhook, sqlite_url)
        async with served(settings, tmp_path) as engine:
            monkeypatch.setattr("bitsheet_tui.observe.attached.peer", lambda _: stranger)
            async with onlooker(settings) as looker:
                await until(lambda: looker.state.attached.pid == os.getpid() and looker.state.cycle)
                assert not looker.state.attached.live
                looker.submit(Pause())  # by way of the store, where the engine itself looks
                await until(lambda: engine.state.paused_at)


async def test_a_log_that_only_the_mirror_names_is_not_read(sqlite_url, tmp_path):
    secret = tmp_path / "rootonly.txt"
    secret.write_text("top secret\n")
    async with portal() as (_, webhook):
        settings, ring = config(webhook, sqlite_url), Ring()
        async with served(settings, tmp_path) as engine:
            engine._store.remember(LOG, f"INFO {secret}")
            async with onlooker(settings, ring) as looker:
                await until(lambda: looker.state.attached and looker.state.attached.live)
                await asyncio.sleep(0.7)
        assert not any("top secret" in line.text for line in ring.after(0))
