"""The log file of another process is followed as it grows, whatever becomes of it."""

import os
import threading
import time
from datetime import UTC, datetime

import pytest

from bitsheet_tui.config import LogSettings
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.tail import Named, Tail
from bitsheet_tui.ring import SIZE, Ring
from bitsheet_tui.rotation import rotated_files

LINES = int(os.environ.get("BITSHEET_LOG_LINES", "100000"))


def line(number: int, level: str = "INFO") -> str:
    return f"2026-11-24 10:00:{number % 60:02}+03:00 {level:<8} {'deals':<14} line {number}\n"


@pytest.fixture
def seen():
    return []


@pytest.fixture
def add(seen):
    return lambda *told: seen.append(told)


def test_the_newest_lines_are_there_at_once_and_what_comes_follows(tmp_path, seen, add):
    path = tmp_path / "b.log"
    path.write_text("".join(map(line, range(LINES))))
    began = time.perf_counter()
    tail = Tail(path, add)
    assert time.perf_counter() - began < 2
    assert [told[3] for told in seen] == [f"line {n}" for n in range(LINES - SIZE, LINES)]
    assert seen[0][:3] == (datetime(2026, 11, 24, 7, 0, (LINES - SIZE) % 60, tzinfo=UTC), "INFO", "deals")
    del seen[:]
    with path.open("a") as file:
        file.write(line(1) + line(2)[:30])
        file.flush()
        tail.look()
        assert [told[3] for told in seen] == ["line 1"]  # half a line is none yet
        file.write(line(2)[30:] + "3 lines could not be written here\n")
        file.flush()
        tail.look()
    tail.look()
    assert [told[3] for told in seen] == ["line 1", "line 2", "3 lines could not be written here"]
    tail.close()


def test_a_thousand_lines_a_second_come_whole_through_files_that_are_rotated(tmp_path):
    path, ring, lines = tmp_path / "b.log", Ring(size=10_000), 3000
    logs.start(LogSettings(file=str(path), rotation="40 kB", retention=9))
    tail = Tail(path, ring.append)

    def burst():
        for number in range(lines):
            logs.say("INFO", f"line {number}", table="deals")
            if number % 100 == 99:
                time.sleep(0.05)

    try:
        writing = threading.Thread(target=burst)
        writing.start()
        while writing.is_alive():
            tail.look()
            time.sleep(0.05)
    finally:
        logs.stop()
    tail.look()
    tail.close()
    assert len(rotated_files(path)) >= 3
    assert [one.text for one in ring.after(0)] == [f"line {number}" for number in range(lines)]


def test_a_file_that_is_named_and_cannot_be_read_is_none(tmp_path, seen, add):
    named = Named(add)
    os.mkfifo(tmp_path / "pipe")
    for told in ("", f"INFO {tmp_path}/none", f"INFO {tmp_path}/pipe", f"INFO {tmp_path}"):
        named.find(told)
        named.look()
        assert not named.has("INFO")
    (tmp_path / "b.log").write_text(line(1))
    named.find(f"INFO {tmp_path}/b.log")
    assert (named.has("INFO"), named.has("DEBUG")) == (True, False)
    (tmp_path / "b.log").unlink()
    named.look()
    named.close()
    assert [told[3] for told in seen] == ["line 1"]
