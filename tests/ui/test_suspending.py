"""Suspending: whatever thread the signals arrive on and however often it is asked for, fg shows a whole screen."""

import shlex
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from bitsheet_tui.commands import Pause
from bitsheet_tui.ui.app import Console
from tests.support import engine_states
from tests.support.pty_terminal import PtyTerminal

WORDS = ("CURRENT", "departments", "FOLLOW", "? Help", "p Pause")


class Shell(PtyTerminal):
    """A shell with job control; `self.process` is the shell, `job()` what it runs."""

    # the terminal becomes its controlling one, as no shell takes one that somebody else has opened
    script = (
        "import fcntl, os, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.environ['PS1'] = 'READY> '; os.execvp('sh', ['sh', '-i'])"
    )
    program = (sys.executable, "-c", script)

    def run(self, *words: str) -> None:
        self.wait_for(b"READY> ")
        program = shlex.join((*PtyTerminal.program, *words))
        self.type(f"{program}\n".encode())

    def job(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def prompt(self) -> None:
        """Until the shell has the terminal again."""
        self.until(lambda shown: any(row.startswith("READY>") for row in shown))


def await_that(true, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def switches(pid: int) -> int:
    """How often the main thread gave up the processor."""
    fields = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in fields if "ctxt_switches" in line)


@pytest.mark.parametrize("ask", [b"\x1a", signal.SIGTSTP])
def test_fg_draws_everything_again_though_sigcont_arrives_later_on_another_thread(ask, tmp_path):
    with PtyTerminal("idle", tmp_path / "told", (80, 24), "late") as console:
        console.settle()
        console.type(ask) if isinstance(ask, bytes) else console.send(ask)
        await_that(lambda: is_stopped(console.process.pid))
        console.still()
        assert console.restored()
        console.screen.reset()
        console.send(signal.SIGCONT)
        console.until(lambda shown: all(word in "\n".join(shown) for word in WORDS))
        assert (tmp_path / "told").read_text() == "Pause Resume"
        console.type(b"q")
        assert console.end() == 0
        assert console.restored()


@pytest.mark.parametrize("late", [(), ("late",)])
def test_bg_leaves_the_terminal_to_the_shell_and_fg_still_shows_a_whole_screen(late, tmp_path):
    told = tmp_path / "told"
    with Shell("") as console:
        console.run("idle", str(told), *late)
        console.until(lambda shown: "? Help" in shown[-1])
        console.settle()
        console.type(b"\x1a")
        console.screen.reset()
        console.prompt()
        job = console.job()
        await_that(lambda: is_stopped(job))
        before = switches(job)
        console.screen.reset()
        console.type(b"bg\n")
        await_that(
            lambda: switches(job) > before and is_stopped(job)
        )  # it went on, and asked for the terminal
        console.prompt()
        assert b"\x1b[?1049h" not in console.out[console.out.rindex(b"\x1b[?1049l") :]
        assert told.read_text() == "Pause"
        console.screen.reset()
        console.type(b"fg\n")
        console.until(lambda shown: all(word in "\n".join(shown) for word in WORDS))
        assert told.read_text() == "Pause Resume"
        console.screen.reset()
        console.type(b"q")
        console.prompt()
        assert console.out.rindex(b"\x1b[?1049l") > console.out.rindex(b"\x1b[?1049h")
        console.type(b"exit\n")
        assert console.end() == 0


def test_asked_twice_while_a_page_is_read_it_stops_once_and_goes_on_after_fg(tmp_path):
    with PtyTerminal("reading", tmp_path / "told") as console:
        console.settle()
        console.type(b"\x1a")
        console.wait_for(b"Suspending")
        console.type(b"\x1a")
        await_that(lambda: is_stopped(console.process.pid))
        console.send(signal.SIGCONT)
        await_that(lambda: (tmp_path / "told").read_text() == "Pause Resume")
        console.type(b"q")
        assert console.end() == 0


def test_the_pause_for_the_shell_is_nobody_elses(tmp_path):
    with PtyTerminal("late to resume", tmp_path / "told") as console:
        console.settle()
        console.type(b"\x1a")
        await_that(lambda: is_stopped(console.process.pid))
        console.send(signal.SIGCONT)
        await_that(lambda: (tmp_path / "told").read_text() == "Pause Resume")
        console.until(lambda shown: "CURRENT" in shown[0])
        console.still()
        assert b"somebody" not in console.out.lower()
        console.type(b"q")
        assert console.end() == 0


@pytest.mark.parametrize("signals", [("TERM",), ("HUP",), ("TERM", "TERM")])
def test_killed_while_it_is_stopped_it_ends_without_a_touch_of_the_terminal(signals, tmp_path):
    with Shell("") as console:
        console.run("idle", str(tmp_path / "told"))
        console.until(lambda shown: "? Help" in shown[-1])
        console.settle()
        console.type(b"\x1a")
        console.screen.reset()
        console.prompt()
        job = console.job()
        await_that(lambda: is_stopped(job))
        console.still()
        before = len(console.out)
        for name in signals:
            console.type(f"kill -{name} %1\n".encode())
        console.type(b"kill -CONT %1\n")
        console.wait_for(b"stopped at cycle 812")
        await_that(lambda: not is_running(job))
        assert b"\x1b[?1049" not in console.out[before:]
        assert set((tmp_path / "told").read_text().split()) == {"Pause", "Stop"}
        console.type(b"jobs\nexit\nexit\n")  # a shell that has not looked yet stays for its job, once
        assert console.end() == 0


def test_after_sigstop_it_has_its_keys_though_the_shell_has_set_the_terminal_for_itself():
    with PtyTerminal("idle") as console:
        console.settle()
        console.send(signal.SIGSTOP)
        await_that(lambda: is_stopped(console.process.pid))
        termios.tcsetattr(console.slave, termios.TCSANOW, console.before)
        console.screen.reset()
        console.send(signal.SIGCONT)
        console.until(lambda shown: all(word in "\n".join(shown) for word in WORDS))
        console.type(b"?")  # without an enter
        console.until(lambda shown: "On the screen" in "\n".join(shown))
        console.type(b"\x1b")
        console.until(lambda shown: "On the screen" not in "\n".join(shown))  # else esc and q are one key
        console.type(b"q")
        assert console.end() == 0
        assert console.restored()


async def test_where_there_is_no_shell_it_says_so_and_pauses_nothing():
    engine = engine_states.FakeEngine()
    window = Console(engine, engine_states.log())
    async with window.run_test() as pilot:  # like a browser's, this driver cannot be suspended
        await pilot.press("ctrl+z")
        await pilot.pause()
        assert "no shell" in str(next(iter(window._notifications)).message)
        assert not any(isinstance(command, Pause) for command in engine.told)
