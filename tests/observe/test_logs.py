"""What is written to the log, the terminal and the ring."""

import io
import logging
import os
import stat
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitsheet_tui import events as e
from bitsheet_tui import streams
from bitsheet_tui.config import LogSettings
from bitsheet_tui.errors import ConfigError, Reason
from bitsheet_tui.observe import logs
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
CODE = "s3cretc0des3cretc0de"


@pytest.fixture(autouse=True)
def _silence():
    """No test leaves a log behind, nor the library handlers it took over."""
    before = logging.getLogger().handlers, logging.getLogger().level
    yield
    logs.stop()
    logging.getLogger().handlers, level = before
    logging.getLogger().setLevel(level)


def started(level: str = "INFO", *, journal: bool = False) -> io.StringIO:
    stream = io.StringIO()
    logs.start(LogSettings(file="", level=level), stderr=stream, journal=journal)
    return stream


def test_a_record_is_one_line_whatever_it_holds():
    stream = started()
    logs.say("INFO", "a\nb\r\x1b[31mc {x} <red>d</red>", "deals")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("INFO     deals          a b \N{REPLACEMENT CHARACTER}[31mc {x} <red>d</red>")


def test_the_journal_gets_a_priority_and_no_time():
    stream = started(journal=True)
    logs.say("ERROR", "down", "store")
    assert stream.getvalue() == "<3>store          down\n"


def test_a_secret_is_in_no_place():
    Secret(CODE)
    ring, stream, file = Ring(), io.StringIO(), Path("x.log").absolute()
    logs.start(LogSettings(file=str(file)), ring=ring, stderr=stream)
    with pytest.raises(ValueError) as caught:
        raise ValueError(f"https://acme.example.com/rest/1/{CODE}/")
    logs.crash(caught.value)
    logs.say("INFO", "x" * 1985 + CODE)  # the cut would leave half of it
    logging.getLogger("httpx").warning("GET https://acme.example.com/rest/1/%s/profile", CODE)
    told = stream.getvalue() + file.read_text(encoding="utf-8") + "".join(line.text for line in ring.after(0))
    assert CODE[:8] not in told
    assert told.count("ValueError: https://acme.example.com/rest/1/***/") == 3
    assert told.count("raise ValueError") == 3


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_file_is_for_its_owner_alone_and_rotates():
    os.umask(0o022)
    file = Path("logs/x.log").absolute()
    logs.start(LogSettings(file=str(file), rotation="1 KB", retention=2))
    for number in range(100):
        logs.say("INFO", f"line {number} of many that fill the file")
    logs.stop()
    files = sorted(file.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    assert all(one.stat().st_size <= 1000 for one in files)
    assert "line 99 " in file.read_text(encoding="utf-8")


def test_a_log_file_that_cannot_be_opened_is_told_once_in_the_other_places_and_tried_again():
    Path("logs").write_text("", encoding="utf-8")
    ring, stream = Ring(), io.StringIO()
    logs.start(LogSettings(file="logs/x.log"), ring=ring, stderr=stream)
    for number in range(20):
        logs.say("INFO", f"line {number}")
    (first, *others) = [line.text for line in ring.after(0)]
    assert (
        first
        == "the log logs/x.log cannot be written: Not a directory; lines are lost and counted until it can"
    )
    assert others == [f"line {number}" for number in range(20)]
    assert stream.getvalue().count("cannot be written") == 1
    Path("logs").unlink()
    logs.say("INFO", "there is room again")
    logs.say("INFO", "the last")
    told = Path("logs/x.log").read_text(encoding="utf-8").splitlines()
    assert told[0] == "20 lines could not be written here"
    assert [line[50:] for line in told[1:]] == ["there is room again", "the last"]
    assert [line.seq for line in ring.after(0)] == list(range(1, 24))


def test_a_log_that_cannot_be_written_brings_no_raw_record_onto_stderr(capfd):
    Secret(CODE)
    logs.start(LogSettings(file="/dev/full"), stderr=sys.stderr)
    logs.say("INFO", f"https://acme.example.com/rest/1/{CODE}/ \x1b[31m")
    streams.flush()
    told = capfd.readouterr().err
    assert "/dev/full cannot be written: No space left on device" in told
    assert CODE not in told
    assert "\x1b" not in told
    assert "Logging error" not in told
    assert len(told.splitlines()) == 2


def test_the_ring_gets_instants_levels_and_tables():
    ring = Ring()
    logs.start(LogSettings(file=""), ring=ring)
    logs.say("WARNING", "slow", "portal")
    (line,) = ring.after(0)
    assert (line.level, line.table, line.text, line.at.tzinfo) == ("WARNING", "portal", "slow", UTC)


def test_libraries_are_heard_from_warnings_up_and_only_through_the_log():
    stream = started("DEBUG")
    logging.getLogger("httpx").info("HTTP Request: POST https://acme.example.com/rest/1/code/")
    logging.getLogger("apscheduler.scheduler").warning("run of job missed by %s", "1 s")
    logging.getLogger("asyncio").error("a %d of text", "word")
    told = [line[20:] for line in stream.getvalue().splitlines()]
    assert told == [
        "WARNING  engine         run of job missed by 1 s",
        "ERROR    engine         a %d of text",
    ]


def test_a_library_that_repeats_itself_is_told_a_few_times_a_minute_and_counted(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("bitsheet_tui.observe.libraries.time.monotonic", lambda: now[0])
    stream = started()
    for number in range(100_000):
        logging.getLogger("asyncio").error("socket.accept() out of system resource\nsocket: %r", number)
    logging.getLogger("asyncio").error("Task was destroyed but it is pending!")
    told = [line[35:].strip() for line in stream.getvalue().splitlines()]
    assert len(told) == 6
    assert told[4] == "socket.accept() out of system resource socket: 4"
    assert told[5] == "Task was destroyed but it is pending!"
    now[0] += 61
    logging.getLogger("apscheduler").warning("something else")
    told = [line[20:] for line in stream.getvalue().splitlines()[6:]]
    assert told == [
        "WARNING  engine         said 99,995 times more in a minute by asyncio: socket.accept() out of system resource",
        "WARNING  engine         something else",
    ]


def test_a_library_that_says_ever_new_things_is_kept_short_too_and_nothing_is_uncounted_at_the_end():
    stream = started()
    for number in range(500):
        text = f"Error handling request {number}"
        logging.getLogger("aiohttp.server").error(text)
    logs.stop()
    told = stream.getvalue().splitlines()
    assert len(told) == 61
    assert told[-1].endswith("said 440 times more in a minute by aiohttp.server: various lines")


def test_a_thread_that_fails_is_told():
    stream = started()
    thread = threading.Thread(target=[].pop)
    thread.start()
    thread.join()
    assert "a bug ended a thread | Traceback" in stream.getvalue()
    assert "IndexError: pop from empty list" in stream.getvalue()


def test_a_reader_of_stderr_that_has_gone_does_not_stop_the_mirror():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    ring = Ring()
    logs.start(LogSettings(file=""), stderr=Gone(), ring=ring)
    logs.say("INFO", "still here")
    assert [line.text for line in ring.after(0)] == ["still here"]


def test_a_terminal_gets_colour_for_trouble_alone(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def told() -> str:
        stream = Terminal()
        logs.start(LogSettings(file=""), stderr=stream)
        logs.say("INFO", "fine")
        logs.say("ERROR", "not")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert [line[0] == "\x1b" for line in told().splitlines()] == [False, True]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in told()


def ends_with(error: Exception) -> str:
    """What the log file holds after a program that `error` ended."""
    file = Path("x.log")

    def program() -> None:
        with ExitStack() as ending:
            logs.start(LogSettings(file=str(file)))
            ending.push(logs.last_words)
            raise error

    with pytest.raises(type(error)):
        program()
    logs.say("INFO", "too late")
    return file.read_text(encoding="utf-8")


def test_a_bug_that_ends_the_program_is_the_last_thing_in_the_log():
    (line,) = ends_with(ZeroDivisionError("by nought")).splitlines()
    assert "a bug | Traceback" in line
    assert line.endswith("ZeroDivisionError: by nought")


def test_an_error_that_is_told_anyway_is_not_called_a_bug():
    assert ends_with(ConfigError(["no"])) == ""


def test_the_engine_is_told_in_fixed_words():
    stream = started()
    tell = logs.narrator()
    tell(e.CycleStarted(number=812, at=NOW, tables=("deals", "tasks")))
    tell(e.PageStored(table="deals", at=NOW, read=50, inserted=2, updated=48))
    tell(e.PageStored(table="deals", at=NOW, read=0, inserted=0, updated=0))
    tell(e.Counted(table="deals", rows=1, deleted=0))
    tell(e.CycleEnded(number=812, at=NOW, seconds=1.4, rows=1060, requests=1, failed=()))
    assert [line[20:] for line in stream.getvalue().splitlines()] == [
        "INFO     engine         cycle 812 start  2 tables due",
        "INFO     deals          page     50 rows  48 upd 2 new",
        "INFO     engine         cycle 812 done  1,060 rows  1 request  1.4s",
    ]


def test_an_hour_of_the_same_trouble_is_a_few_lines():
    stream = started()
    tell = logs.narrator()
    trouble = e.Waiting(reason=Reason.NETWORK, text="no route", at=NOW, until=NOW + timedelta(seconds=8))
    for _ in range(720):
        tell(trouble)
    lines = [line[35:].strip() for line in stream.getvalue().splitlines()]
    assert lines[:3] == [
        "portal         "[15:] + line
        for line in (
            "no route; asked again in 8.0s",
            "no route; asked again in 8.0s  × 2",
            "no route; asked again in 8.0s  × 4",
        )
    ]
    assert len(lines) == 10
    tell(e.Answered(at=NOW))
    tell(trouble)
    assert stream.getvalue().splitlines()[-1].endswith("asked again in 8.0s")
