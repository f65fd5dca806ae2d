"""stdin, stdout and stderr in unusual states, and signals: the engine goes on, and exit codes stay what they are."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui import streams
from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.errors import StoreError
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.wiring import open_store
from tests.support.command_terminal import terminal
from tests.support.commands import SECONDS, SMALL, configure, rows, until


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`line` in bash, where `bitsheet-tui` is ours."""
    ours = f'bitsheet-tui() {{ "{sys.executable}" -m bitsheet_tui "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", ours], capture_output=True, text=True, check=False, timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )  # fmt: skip


@pytest.fixture
def mirrored(home, capfd):
    assert main(["--once"]) == 0
    return home


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("reader", ["terminal", "pipe"])
def test_a_reader_of_stderr_that_stops_reading_holds_up_neither_the_mirror_nor_its_end(home, capfd, reader):
    with DemoPortal(SMALL).run_in_thread() as webhook:
        configure(home, webhook, "[sync]\ninterval = 1\n[log]\nlevel = 'DEBUG'\n")
        if reader == "pipe":
            ours, theirs = os.pipe()
        else:
            ours, theirs = os.openpty()
        os.set_blocking(theirs, False)
        try:
            while os.write(theirs, b"x" * 4096):  # nobody reads: it is full
                pass
        except BlockingIOError:
            os.set_blocking(theirs, True)
        process = subprocess.Popen(
            [sys.executable, "-m", "bitsheet_tui", "--no-ui"], stdin=subprocess.DEVNULL, stderr=theirs,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            deadline = time.monotonic() + SECONDS
            while cycles(home) < 3:
                assert time.monotonic() < deadline, "it stands still"
                time.sleep(0.1)
            assert main(["pause"]) == 0
            began = time.monotonic()
            process.terminate()
            assert process.wait(SECONDS) == 0
            assert time.monotonic() - began < 5
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def cycles(home) -> int:
    try:
        with closing(open_store(load(None, {}), readonly=True)) as store:
            last = store.last_cycles(1)
    except StoreError:
        return 0
    return last[0].number if last else 0


def test_lines_that_nobody_takes_are_dropped_and_counted(monkeypatch):
    monkeypatch.setattr(streams, "ROOM", 5)
    ours, theirs = os.pipe()
    writer = streams.LineWriter(theirs)
    block = b"x" * 65536  # as much as a pipe takes
    writer.write(block + b"\n")  # its end does not fit
    for number in range(20):
        writer.write(b"line %d\n" % number)
        time.sleep(0.01)
    began = time.monotonic()
    writer.flush(0.2)
    assert time.monotonic() - began < 2
    read = b""
    while len(read) < len(block) + 1 + 5 * 7:
        read += os.read(ours, 65536)
    writer.write(b"the next\n")
    writer.flush(5)
    read += os.read(ours, 65536)
    lines = read.decode().splitlines()
    assert lines[1:6] == [f"line {number}" for number in range(5)]
    assert lines[6:] == ["15 lines could not be written here", "the next"]


@pytest.mark.parametrize(("words", "code"), [("--config none.toml status", 78), ("pause", 64), ("status", 0)])
@pytest.mark.parametrize("how", ["2>/dev/full", "2>&-", "2> >(exit)", "<&-"])
def test_the_exit_code_is_the_same_whatever_becomes_of_what_is_told_to_people(mirrored, words, code, how):
    done = shell(f"bitsheet-tui {words} {how}")
    assert done.returncode == code
    assert (done.stdout == "") is (words != "status")  # nothing is told where programs read
    assert "Traceback" not in done.stderr


def test_with_a_closed_stderr_nothing_is_written_into_the_mirror(mirrored):
    assert shell("bitsheet-tui sync 2>&- >&- <&-").returncode == 0
    assert rows(mirrored, "PRAGMA integrity_check") == [("ok",)]
    assert rows(mirrored, "SELECT max(number) FROM bitsheet_cycles") == [(2,)]


CLOSED = ("&-", "Bad file descriptor")
FULL = ("/dev/full", "No space left on device")


@pytest.mark.parametrize(
    ("words", "how"), [("status", FULL), ("status --json", CLOSED), ("--help", FULL), ("log", CLOSED)]
)
def test_data_that_cannot_be_written_is_told_and_no_bug(mirrored, words, how):
    where, why = how
    done = shell(f"bitsheet-tui {words} >{where}")
    assert done.stderr == f"bitsheet-tui: stdout cannot be written: {why}\n"
    assert done.returncode == 1


def test_what_else_went_wrong_is_the_exit_code_also_where_stdout_is_full(home):
    assert shell("bitsheet-tui --config none.toml status >/dev/full").returncode == 78
    assert shell("bitsheet-tui status >/dev/full").returncode == 73


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [pytest.param(["--once"], marks=pytest.mark.sample), ["resync", "--all"], ["--no-ui"]]
)
def test_the_signal_usr1_tells_how_it_is_and_ends_nothing(home, start, slow, words):
    process = start(*words)
    until(process, " fill ")
    process.send_signal(signal.SIGUSR1)
    until(process, "filling: cycle 1")
    process.terminate()
    assert process.wait(SECONDS) in {0, 1}


def test_the_signal_usr1_is_nothing_to_a_command_that_has_nothing_to_tell(mirrored, start):
    follow = start("log", "--follow")
    assert follow.stdout.readline()
    follow.send_signal(signal.SIGUSR1)
    time.sleep(0.3)
    assert follow.poll() is None
    follow.terminate()
    assert follow.wait(SECONDS) == 0


@pytest.mark.slow
@pytest.mark.sample
def test_the_signal_usr1_lets_a_console_log_how_it_is(home):
    with terminal() as screen:
        screen.until(b"CURRENT")
        screen.process.send_signal(signal.SIGUSR1)
        log = home / "logs" / "bitsheet.log"
        deadline = time.monotonic() + SECONDS
        while not re.search("(current|filling): cycle 1", log.read_text()):
            assert time.monotonic() < deadline, log.read_text()
            screen.pause(0.1)
        screen.press(b"q")
        assert screen.ends() == 0


def test_a_limit_of_open_files_is_raised_as_far_as_it_may_be_and_named_where_that_is_too_few(home):
    raised = shell("ulimit -Sn 12; bitsheet-tui --once")
    assert (raised.returncode, raised.stderr.count("Too many open files")) == (0, 0)
    few = shell("ulimit -n 12; bitsheet-tui --once")
    assert few.returncode == 78
    assert "may open 12 files at once, and needs 32" in few.stderr
    assert "a bug" not in few.stderr
