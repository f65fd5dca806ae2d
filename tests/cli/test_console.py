"""The console as a person starts it: in a terminal, with a key to end it."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.command_terminal import terminal


def test_it_shows_the_mirror_and_ends_with_a_key(home):
    with terminal() as screen:
        screen.until(b"CURRENT")
        screen.press(b"q")
        assert screen.ends() == 0
    for name in (b"deals", b"task_comments", b"bitsheet.db"):
        assert name in screen.seen
    assert b"cycle 1" in (home / "logs/bitsheet.log").read_bytes()


def test_a_mistake_is_told_before_the_screen_is_taken(home):
    Path("config.toml").write_text("[sync]\nintervall = 1\n", encoding="utf-8")
    with terminal() as screen:
        assert screen.ends() == 78
    assert b"did you mean sync.interval?" in screen.seen
    assert b"\x1b[?1049h" not in screen.seen


def test_the_first_run_asks_tests_writes_and_starts(home, portal):
    Path("config.toml").unlink()
    with terminal() as screen:
        screen.until(b"1 of 5")
        screen.press(f"\x1b[200~{portal}\x1b[201~".encode())  # pasted
        screen.until("•••".encode())
        screen.press(b"\r")
        screen.until(b"Everything is as it has to be")
        screen.press(b"\r")
        screen.until(b"sqlite:///bitsheet.db")
        screen.press(b"\r")
        screen.until(b"will be made by the first cycle")
        screen.press(b"\r")
        screen.until(b"4 of 5")
        screen.press(b"\r")
        screen.until(b"5 of 5")
        assert not Path("config.toml").exists()
        screen.press(b"\r")
        screen.until(b"CURRENT")
        screen.press(b"q")
        assert screen.ends() == 0
    assert portal.split("/")[5].encode() not in screen.seen
    assert portal in Path("config.toml").read_text()
    assert Path("config.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("leave", [b"\x1b", b"\x03", signal.SIGTERM, signal.SIGHUP, None])
def test_a_first_run_that_is_left_writes_nothing_and_restores_the_terminal(home, leave):
    Path("config.toml").unlink()
    with terminal() as screen:
        screen.until(b"1 of 5")
        if leave is None:
            screen.hang_up()
            assert screen.process.wait(10) is not None
        else:
            screen.press(leave) if isinstance(leave, bytes) else screen.process.send_signal(leave)
            assert screen.ends() == 0
            for code in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"):
                assert code in screen.seen[screen.seen.rindex(b"\x1b[?1049h") :]
            assert b"nothing was written" in screen.seen
    assert not Path("config.toml").exists()


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_first_run_that_was_stopped_draws_everything_again_and_leaves_nothing_behind(home, number):
    Path("config.toml").unlink()
    with terminal() as screen:
        screen.until(b"1 of 5")
        screen.process.send_signal(number)
        for _ in range(400):
            screen.pause(0.05)  # its writes need a reader, or it never gets as far as to stop
            if os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG):
                break
        screen.seen = b""
        screen.process.send_signal(signal.SIGCONT)
        screen.until(b"1 of 5")
        screen.press(b"\x1b")
        assert screen.ends() == 0
        assert screen.seen.rindex(b"\x1b[?1049l") > screen.seen.rfind(b"\x1b[?1049h")
        assert b"Warning" not in screen.seen


def test_one_key_starts_the_demo_instead_and_nothing_is_left_of_it(home, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(home))
    Path("config.toml").unlink()
    with terminal() as screen:
        screen.until(b"1 of 5")
        screen.press(b"\x04")
        screen.until(b"cycle 1")
        screen.press(b"q")
        assert screen.ends() == 0
    assert b"demo: its mirror is deleted" in screen.seen
    assert not list(home.iterdir())
