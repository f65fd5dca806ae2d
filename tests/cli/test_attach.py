"""A console beside an instance that holds the mirror: it shows that one, steers it, leaves it, or follows it."""

import signal
import socket
import time
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from tests.support.command_terminal import terminal
from tests.support.commands import SECONDS, instance, until


@pytest.fixture
def engine(home, start):
    """An instance without a console, after its first cycle."""
    process = start("--no-ui")
    until(process, "fill done")
    return process


def test_it_shows_the_other_instance_steers_it_and_leaves_it_running(engine, capfd):
    log = Path("logs/bitsheet.log").read_bytes()
    with terminal() as screen:
        screen.until(f"pid {engine.pid}".encode())
        screen.until("⇄".encode())
        screen.until(b"CURRENT")
        screen.until(b"fill done")  # what its log has from before
        screen.press(b"p")
        screen.until(b"PAUSED")
        assert instance(capfd)["paused_at"]
        screen.press(b"p")
        until(engine, "resumed")
        screen.press(b"f")
        until(engine, "cycle 2 done")
        screen.until(b"cycle 2 done")  # its log, too
        screen.press(b"q")
        assert screen.ends() == 0
    assert f"pid {engine.pid} goes on".encode() in screen.seen
    assert instance(capfd)["pid"] == engine.pid
    assert Path("logs/bitsheet.log").read_bytes().startswith(log)  # it is the other one's
    engine.terminate()
    assert engine.wait(SECONDS) == 0


def test_a_viewer_that_is_killed_or_stopped_is_nothing_to_the_instance(engine, capfd):
    with terminal() as killed, terminal() as stopped:
        for screen in (killed, stopped):
            screen.until(b"CURRENT")
        stopped.process.send_signal(signal.SIGSTOP)
        killed.process.kill()
        assert main(["sync"]) == 0
        until(engine, "cycle 2 done")
        stopped.process.send_signal(signal.SIGCONT)
        stopped.until(b"cycle 2")
        engine.terminate()
        assert engine.wait(SECONDS) == 0
        stopped.until(b"has ended")
        stopped.press(b"q")
        assert stopped.ends() == 0


def test_whoever_connects_and_says_and_reads_nothing_is_nothing_to_the_instance(engine, home, capfd):
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for plug in silent:
        plug.connect(str(home / "bitsheet.db.sock"))
    assert main(["sync"]) == 0
    until(engine, "cycle 2 done")
    began = time.monotonic()
    engine.terminate()
    assert engine.wait(SECONDS) == 0
    assert time.monotonic() - began < 10
    for plug in silent:
        plug.close()


def test_it_takes_the_mirror_over_when_the_other_has_ended_and_says_so(engine, capfd):
    with terminal("--takeover") as screen:
        screen.until(b"CURRENT")
        engine.kill()
        screen.until(b"has ended: this console has taken")  # the message may cover the line in the log
        screen.until(b"cycle 2")
        assert instance(capfd)["pid"] == screen.process.pid
        screen.press(b"q")
        assert screen.ends() == 0
    assert instance(capfd)["running"] is False
    assert b"stopped at cycle 2" in screen.seen


def test_without_a_takeover_it_never_writes_itself(home, start, run):
    assert run("--once").returncode == 0
    with terminal("--attach") as screen:
        screen.until(b"Nobody keeps this mirror current")
        process = start("--no-ui")
        screen.until(f"pid {process.pid}".encode())
        process.kill()
        screen.until(b"has ended")
        screen.press(b"q")
        assert screen.ends() == 0
    assert run("status", "--json").stdout.count('"running": false') == 1


def test_what_does_not_go_together_is_refused(home, capfd):
    assert main(["--attach", "--takeover"]) == 64
    assert main(["--attach", "--no-ui"]) == 64
    assert main(["--takeover", "--demo"]) == 64
    assert "goes with the console alone" in capfd.readouterr().err
