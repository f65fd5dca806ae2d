"""`bitsheet-tui log`: the newest lines of the log, and those to come, whatever becomes of the file."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.wiring import open_store
from tests.support.commands import SECONDS, configure, until


def line(number: int) -> str:
    return f"2026-11-24 10:00:00+03:00 INFO     deals          line {number}\n"


def numbers(out: str) -> list[int]:
    return [int(told.rpartition(" ")[2]) for told in out.splitlines()]


@pytest.fixture
def kept(home) -> Path:
    """The log file that the configuration names."""
    (home / "logs").mkdir()
    return home / "logs" / "bitsheet.log"


def test_the_newest_fifty_lines_or_as_many_as_are_wanted(kept, capfd):
    kept.write_text("".join(map(line, range(200))))
    assert main(["log"]) == 0
    assert numbers(capfd.readouterr().out) == list(range(150, 200))
    assert main(["log", "-n", "3"]) == 0
    said = capfd.readouterr()
    assert numbers(said.out) == [197, 198, 199]
    assert said.err == ""
    assert said.out == "".join(map(line, range(197, 200)))
    assert main(["log", "-n", "0"]) == 0
    assert capfd.readouterr().out == ""
    assert main(["log", "-n", "1000"]) == 0
    assert numbers(capfd.readouterr().out) == list(range(200))
    assert main(["log", "-n", "-1"]) == 64


def test_a_log_that_was_just_turned_over_is_read_from_the_files_before_it(kept, capfd):
    kept.write_text("".join(map(line, range(90, 100))))
    for number, begin in ((1, 60), (2, 30), (10, 0)):
        kept.with_name(f"bitsheet.log.{number}").write_text("".join(map(line, range(begin, begin + 30))))
    kept.with_name("bitsheet.log.gz").write_bytes(b"somebody else's")
    assert main(["log", "-n", "75"]) == 0
    assert numbers(capfd.readouterr().out) == list(range(25, 100))
    kept.write_text("")
    assert main(["log", "-n", "2"]) == 0
    assert numbers(capfd.readouterr().out) == [88, 89]


def test_files_that_were_rotated_by_a_moment_are_read_before_those_with_a_number(kept, capfd):
    kept.write_text("".join(map(line, range(60, 70))))
    for middle, begin in (
        (".2026-11-24_10-00-00_000002.log", 40),
        (".2026-11-24_10-00-00_000001.log", 20),
        (".log.1", 0),
    ):
        kept.with_name(f"bitsheet{middle}").write_text("".join(map(line, range(begin, begin + 20))))
    kept.with_name("bitsheet.2026-11-24_10-00-00_000003.db").write_bytes(b"somebody else's")
    assert main(["log", "-n", "65"]) == 0
    assert numbers(capfd.readouterr().out) == list(range(5, 70))


def test_where_there_is_no_log_it_says_so(home, portal, capfd):
    assert main(["log"]) == 64
    said = capfd.readouterr()
    assert said.out == ""
    assert "there is no log at" in said.err
    assert "logs/bitsheet.log" in said.err
    configure(home, portal, "[log]\nfile = ''\n")
    assert main(["log"]) == 64
    assert 'log.file is ""' in capfd.readouterr().err
    assert main(["--once"]) == 0
    capfd.readouterr()
    assert main(["log"]) == 64
    assert 'log.file is ""' in capfd.readouterr().err


def test_nothing_of_a_line_reaches_the_terminal_as_a_command(kept, capfd):
    kept.write_bytes(b"2026-11-24 10:00:00+03:00 INFO     deals          \x1b[2J\x9b31m \xff\n")
    assert main(["log"]) == 0
    out = capfd.readouterr().out
    assert out.isprintable() is False  # its line end
    assert out.rstrip("\n").isprintable()


def test_the_log_of_the_last_one_is_found_where_it_was_and_not_where_the_next_will_write(home, portal, capfd):
    configure(home, portal, "[log]\nfile = 'one.log'\n")
    assert main(["--once"]) == 0
    configure(home, portal, "[log]\nfile = 'two.log'\n")
    capfd.readouterr()
    assert main(["log", "-n", "1000"]) == 0
    assert capfd.readouterr().out == (home / "one.log").read_text()
    (home / "one.log").unlink()
    (home / "two.log").write_text(line(7))
    assert main(["log"]) == 0
    assert numbers(capfd.readouterr().out) == [7]


def test_the_log_of_an_instance_on_another_host_is_said_to_be_there(home, monkeypatch, capfd):
    assert main(["--once"]) == 0
    with closing(open_store(load(None, {}))):
        monkeypatch.setattr("bitsheet_tui.cli.log.socket.gethostname", lambda: "elsewhere")
        capfd.readouterr()
        assert main(["log"]) == 64
    said = capfd.readouterr()
    assert said.out == ""
    assert "the instance runs on " in said.err
    assert "bitsheet.log" in said.err


def test_a_log_is_read_also_while_the_store_cannot_be(home, portal, capfd):
    configure(home, portal, "[store]\nurl = 'postgresql://nobody@127.0.0.1:1/none'\n")
    (home / "logs").mkdir()
    (home / "logs" / "bitsheet.log").write_text(line(1))
    assert main(["log"]) == 0
    assert numbers(capfd.readouterr().out) == [1]


def test_it_follows_the_instance_through_files_that_are_turned_over(home, start):
    path = home / "logs" / "bitsheet.log"
    follow = start("log", "--follow", "-n", "5")
    assert "waiting" in follow.stderr.readline()
    path.parent.mkdir()
    path.write_text("".join(map(line, range(10))))
    for number in range(10):
        assert follow.stdout.readline() == line(number) or number < 5
        if number == 4:
            break
    with path.open("a") as file:
        file.write(line(10) + "half a ")
    assert numbers(follow.stdout.readline()) == [10]
    with path.open("a") as file:
        file.write("line 11\n")
    assert follow.stdout.readline() == "half a line 11\n"
    for begin in (12, 13, 14):  # three times between two looks
        for old in (2, 1):
            if path.with_name(f"bitsheet.log.{old}").exists():
                path.with_name(f"bitsheet.log.{old}").rename(path.with_name(f"bitsheet.log.{old + 1}"))
        path.rename(path.with_name("bitsheet.log.1"))
        path.write_text(line(begin))
    assert [numbers(follow.stdout.readline()) for _ in range(3)] == [[12], [13], [14]]
    path.write_text("")  # cut off
    time.sleep(0.6)
    with path.open("a") as file:
        file.write(line(15))
    assert numbers(follow.stdout.readline()) == [15]
    follow.send_signal(signal.SIGINT)
    assert follow.wait(SECONDS) == 0
    assert follow.stderr.read() == ""


@pytest.mark.parametrize("words", [("log",), ("log", "--follow")])
def test_a_reader_that_has_seen_enough_ends_it_with_0_and_without_a_word(kept, words):
    kept.write_text("".join(map(line, range(100_000))))
    command = (
        f"{sys.executable} -m bitsheet_tui {' '.join(words)} -n 100000 | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=SECONDS, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{line(0)}0\n", "")


def test_a_reader_that_goes_while_nothing_comes_is_noticed(kept, start):
    kept.write_text(line(1))
    follow = start("log", "--follow")
    assert follow.stdout.readline() == line(1)
    follow.stdout.close()
    assert follow.wait(SECONDS) == 0
    assert follow.stderr.read() == ""


@pytest.mark.slow
@pytest.mark.sample
def test_the_running_instance_is_followed(home, portal, start):
    configure(home, portal, f"[log]\nfile = {json.dumps(str(home / 'one.log'))}\n")
    instance = start("--no-ui")
    until(instance, "cycle 1 done")
    configure(home, portal, "[log]\nfile = 'other.log'\n")
    follow = start("log", "--follow", "-n", "1000")
    told = ""
    while "cycle 1 done" not in told:
        told += follow.stdout.readline()
    assert main(["pause"]) == 0
    while "paused" not in told:
        told += follow.stdout.readline()
    assert main(["stop"]) == 0
    while "stopped" not in told:
        told += follow.stdout.readline()
    assert told == (home / "one.log").read_text()
    assert instance.wait(SECONDS) == 0
    follow.terminate()
    assert follow.wait(SECONDS) == 0
