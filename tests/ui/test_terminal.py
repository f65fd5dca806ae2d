"""The console from outside: it is quiet, it never stands in the engine's way, it leaves the terminal as it was."""

import base64
import os
import re
import signal
import time

import pytest

from bitsheet_tui.errors import UsageError
from bitsheet_tui.ui.beside import Beside
from bitsheet_tui.ui.run import run_console
from tests.support import engine_states
from tests.support.console_program import CODE
from tests.support.pty_terminal import STALL, PtyTerminal

REST = float(os.environ.get("BITSHEET_REST", "2.5"))  # seconds; with 70 a minute ends in it


def test_q_ends_with_one_line_that_says_where_the_mirror_stands():
    with PtyTerminal("idle") as console:
        console.settle()
        console.type(b"q")
        assert console.end() == 0
        assert console.restored()
        assert b"stopped at cycle 812, all 9 tables current as of " in console.out
        assert b"threads left: []" in console.out


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_gracefully_and_the_terminal_is_restored(number, tmp_path):
    with PtyTerminal("beating", tmp_path / "report") as console:
        console.settle()
        console.send(number)
        assert console.end() == 0
        assert console.restored()
        assert b"stopped at cycle 812" in console.out
        assert (tmp_path / "report").exists()  # the engine came to its own end


def test_a_second_signal_ends_it_at_once():
    with PtyTerminal("deaf") as console:
        console.settle()
        console.send(signal.SIGTERM)
        console.read(0.5, b"?1049l")
        console.send(signal.SIGTERM)
        assert console.end(2) == 128 + signal.SIGTERM
        assert console.restored()


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGUSR2, signal.SIGALRM])
def test_a_signal_that_means_nothing_to_it_ends_it_with_the_terminal_restored(number):
    with PtyTerminal("idle") as console:
        console.settle()
        console.send(number)
        assert console.end() == -number
        assert console.restored()


@pytest.mark.parametrize("first", [signal.SIGHUP, signal.SIGTERM])
def test_a_hang_up_is_no_second_signal(first):
    with PtyTerminal("deaf", os.devnull, (80, 24), "quick") as console:
        console.settle()
        console.send(first)
        console.read(0.2)
        console.send(signal.SIGHUP)  # the shell's, and the terminal's
        assert console.end() == 75  # the watchdog's: it was not ended at once


def test_an_engine_that_never_stops_is_left_after_a_while():
    with PtyTerminal("deaf", "/dev/null", (80, 24), "quick") as console:
        console.settle()
        console.type(b"q")
        assert console.end(6) == 75
        assert console.restored()
        assert b"The engine did not stop within" in console.out


def test_without_a_terminal_it_says_how_to_run():
    with pytest.raises(UsageError, match="needs a terminal") as error:
        run_console(engine_states.FakeEngine(), engine_states.log(), Beside())
    assert "--no-ui" in error.value.hint


def test_a_second_q_ends_it_at_once():
    with PtyTerminal("deaf") as console:
        console.settle()
        console.type(b"q")
        console.wait_for(b"STOPPING")
        console.type(b"q")
        assert console.end(3) == 128 + signal.SIGINT
        assert console.restored()
        assert b"left at cycle 812" in console.out


def test_noise_on_the_line_is_no_key_and_ends_nothing():
    with PtyTerminal("idle") as console:
        console.settle()
        console.type(b"\xff\xfe\xc3")
        console.type(b"?")
        console.until(lambda shown: "On the screen" in "\n".join(shown))
        console.type(b"\x1b")
        console.until(lambda shown: "FOLLOW" in "\n".join(shown))
        console.type(b"\x1b[B\r")  # down, enter
        console.until(lambda shown: "crm.contact.list" in "\n".join(shown))
        console.type(b"q")
        assert console.end() == 0


def test_what_is_typed_in_one_breath_arrives_where_it_was_meant_for():
    with PtyTerminal("idle") as console:
        console.settle()
        console.type(b"?/delet")  # d and e are keys, too
        console.until(lambda shown: "/delet" in shown[3] and "deletions" in "\n".join(shown[4:-2]))
        console.type(b"\x1b")
        console.until(lambda shown: "/delet" not in shown[3])
        console.type(b"q")
        assert console.end() == 0


def test_ctrl_l_draws_everything_again():
    with PtyTerminal("beating") as console:
        console.settle()
        console.type(b"\x0c")
        again = console.read(3, b"Quit")
        for words in (b"bitsheet-tui", b"Paused since", b"departments", b"FOLLOW"):
            assert words in again


@pytest.mark.slow
def test_a_window_that_changes_its_size_while_it_syncs_shows_nothing_garbled():
    with PtyTerminal("busy", os.devnull, (200, 60)) as console:
        console.wait_for(b"50 new")
        for size in ((60, 20), (200, 60)):
            console.resize(*size)
            console.until(lambda shown: "SYNCING" in shown[0] and "? Help" in shown[-1])
            console.read(1.6)  # it syncs and is painted meanwhile
            console.send(signal.SIGUSR1)
            shown = console.still()
            console.type(b"\x0c")
            again = console.still()
            shown.pop(1), again.pop(1)  # the clock in it goes on
            assert again == shown  # as if all of it had just been drawn
            assert sum("departments" in row for row in shown) == 1
            console.send(signal.SIGUSR1)


def stopped(process):
    """Wait until a process has really stopped itself."""
    deadline = time.monotonic() + 8
    while os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is None:
        assert time.monotonic() < deadline, "it never stopped"
        time.sleep(0.02)


@pytest.mark.parametrize("ask", [b"\x1a", signal.SIGTSTP])
def test_stopped_it_gives_the_terminal_back_with_its_engine_paused_and_fg_draws_everything_again(
    ask, tmp_path
):
    with PtyTerminal("idle", tmp_path / "told") as console:
        console.settle()
        console.type(ask) if isinstance(ask, bytes) else console.send(ask)
        stopped(console.process)  # a shell's fg is never earlier
        assert (tmp_path / "told").read_text() == "Pause"
        console.still()
        assert console.restored()
        console.screen.reset()
        console.send(signal.SIGCONT)
        console.read(5, b"CURRENT")
        shown = console.still()
        for words in ("CURRENT", "departments", "FOLLOW", "? Help", "p Pause"):
            assert words in "\n".join(shown)
        assert (tmp_path / "told").read_text() == "Pause Resume"
        console.type(b"q")
        assert console.end() == 0


def test_sigstop_that_nobody_can_answer_leaves_a_whole_screen_and_a_terminal_that_is_restored():
    with PtyTerminal("idle") as console:
        console.settle()
        console.send(signal.SIGSTOP)
        stopped(console.process)
        console.screen.reset()  # what the shell does to the screen
        console.send(signal.SIGCONT)
        assert "departments" in "\n".join(console.still())
        console.type(b"q")
        assert console.end() == 0
        assert console.restored()


def test_an_engine_that_breaks_ends_the_screen_and_is_reported_without_the_secrets():
    with PtyTerminal("broken") as console:
        assert console.end() == 70
        assert console.restored()
        assert b"ZeroDivisionError: https://acme.bitrix24.com/rest/1/***/" in console.out
        assert CODE.encode() not in console.out


def test_an_engine_that_cannot_go_on_says_why_and_what_to_do():
    with PtyTerminal("full") as console:
        assert console.end() == 73
        assert console.restored()
        assert b"bitsheet-tui: No space left for ***" in console.out
        assert b"Free some space." in console.out
        assert b"Traceback" not in console.out


def test_a_screen_that_breaks_stops_the_engine_and_is_reported_without_the_secrets():
    with PtyTerminal("nonsense") as console:
        assert console.end() == 70
        assert console.restored()
        assert b"AttributeError" in console.out
        assert b"This is a bug" in console.out
        assert CODE.encode() not in console.out
        assert b"threads left: []" in console.out


def test_nothing_is_sent_to_the_terminal_while_nothing_happens():
    with PtyTerminal("idle", size=(200, 60)) as console:  # a cycle is awaited
        console.settle()
        spent = console.cpu()
        assert console.read(REST) == b""
        assert console.cpu() - spent <= 0.08 * REST


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("keys", [b"jjjb", b"jjjb\r", b"h", b"l", b"jjj\r"])
def test_no_screen_sends_anything_while_nothing_happens(tmp_path, keys):
    with PtyTerminal("beating", os.devnull, (120, 40), str(tmp_path)) as console:
        console.settle()
        console.type(keys)
        assert console.silent(2)


@pytest.mark.slow
def test_mischief_in_the_mirror_stays_text_in_the_terminal(tmp_path):
    with PtyTerminal("hostile", os.devnull, (120, 40), str(tmp_path)) as console:
        console.settle()
        for keys in (b"jjjb", b"\r", b"c", b"o", b"]", b"\r", b"c", b"\x1b", b"]", b"c", b"\x1b", b"]", b"]", b"\r",
                     b"\r", b"\x1b", b"\x1b", b"]", b"\r", b"c", b"h", b"\r", b"\r", b"\x1b", b"]", b"]", b"\r"):  # fmt: skip
            console.type(keys)
            console.read(0.3)
        console.type(b"q")
        assert console.end() == 0
        assert b"threads left: []" in console.out
        assert b"set aside" in console.out
        _inert(console.out)


def _inert(out):
    for evil in (b"\x1b]0;", b"\x1b]52;c;cHduZWQ=", b"\xc2\x9b", b"\x1b[2J", "\u202e".encode()):
        assert evil not in out, evil
    copied = re.findall(rb"\x1b\](52;.*?)[\x07\x1b]", out)
    assert copied
    for one in copied:
        assert one.startswith(b"52;c;")
        assert base64.b64decode(one[5:]).decode().replace("\n", "").isprintable()


def test_the_title_and_the_bell_tell_of_something_new_and_the_title_is_given_back():
    with PtyTerminal("alarmed") as console:
        console.wait_for(b"\x1b[22;2t\x1b]2;\xe2\x9c\x93 bitsheet: current\x07")
        console.wait_for("\x1b]2;● bitsheet: 1 error\x07".encode())
        console.read(0.5)
        rung = re.sub(rb"\x1b\].*?\x07", b"", console.out)
        assert rung.count(b"\x07") == 1
        console.type(b"q")
        assert console.end() == 0
        assert console.out.count(b"\x1b[22;2t") == console.out.count(b"\x1b[23;2t") == 1
        assert console.out.rindex(b"\x1b[23;2t") > console.out.rindex(b"\x1b]2;")


def test_a_busy_engine_is_painted_twice_a_second_and_no_more():
    with PtyTerminal("busy") as console:
        console.read(1.5)
        assert 0 < len(console.read(2)) / 2 <= 40_000


def test_a_terminal_that_stops_reading_never_stops_the_engine(tmp_path):
    report = tmp_path / "report"
    with PtyTerminal("busy", report, (200, 60)) as console:
        console.wait_for(b"bitsheet-tui")
        console.let_it_fill()  # nothing is read from here on, and the screen stands still
        console.send(signal.SIGTERM)
        assert console.process.wait(8) == 0
        assert float(report.read_text()) < STALL / 2


def test_a_lost_terminal_ends_it(tmp_path):
    report = tmp_path / "report"
    with PtyTerminal("busy", report) as console:
        console.wait_for(b"50 new")  # the engine runs
        console.read(0.5)
        console.hang_up()
        assert console.process.wait(8) == 0
        assert report.exists()


def test_hostile_text_stays_text_everywhere():
    with PtyTerminal("hostile", size=(200, 60)) as console:
        console.settle()
        for key in (
            b"G",
            b"\r",
            b"\x1b",
            b"e",
            b"\x1b",
            b"l",
            b"\x1b",
            b"h",
            b"\x1b",
            b"t",
            b"r",
            b"\t\r",
            b"F",
            b"c",
            b"R",
        ):
            console.type(key)
            console.read(0.25)
        console.type(b"q")
        assert console.end() == 0
        _inert(console.out)
