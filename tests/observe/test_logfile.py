"""The log file keeps its size, its mode and its peace."""

import os
import stat
from pathlib import Path

import pytest

from bitsheet_tui.observe.logfile import LogFile, size


@pytest.mark.parametrize(
    ("text", "number"), [("10 MB", 10_000_000), ("1KB", 1000), ("2 kB", 2000), ("1 GB", 1_000_000_000)]
)
def test_sizes_are_read_as_people_write_them(text, number):
    assert size(text) == number


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "logs" / "x.log"


def test_old_files_are_kept_up_to_a_number_and_nothing_in_between_is_lost(path):
    file = LogFile(path, limit_bytes=100, keep=2)
    for number in range(30):
        file.write(f"line {number:04}\n")
    file.close()
    names = sorted(one.name for one in path.parent.iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    kept = "".join((path.parent / name).read_text() for name in reversed(names)).split("\n")[:-1]
    assert kept == [f"line {number:04}" for number in range(30)][-len(kept) :]
    assert len(kept) >= 20
    assert all(one.stat().st_size <= 100 for one in path.parent.iterdir())


def test_a_line_longer_than_the_limit_is_written_whole(path):
    file = LogFile(path, limit_bytes=10, keep=1)
    for _ in range(3):
        file.write("a long line that fits nowhere\n")
    file.close()
    assert path.read_text() == "a long line that fits nowhere\n"


def test_it_goes_on_in_the_file_that_is_there(path):
    for _ in range(2):
        file = LogFile(path, limit_bytes=1000, keep=1)
        file.write("line\n")
        file.close()
    assert path.read_text() == "line\nline\n"


def test_only_the_owner_may_read_it(path):
    os.umask(0o022)
    LogFile(path, limit_bytes=1000, keep=1).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_full_disk_costs_lines_that_are_counted(path, monkeypatch):
    file = LogFile(path, limit_bytes=1000, keep=1)
    real, full = os.write, [True]

    def write(descriptor: int, data: bytes) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    file.write("one\n")
    file.write("two\n")
    full[0] = False
    file.write("three\n")
    file.write("four\n")
    file.close()
    assert path.read_text() == "2 lines could not be written here\nthree\nfour\n"


def test_a_file_that_somebody_moved_is_made_again(path):
    file = LogFile(path, limit_bytes=20, keep=1)
    file.write("line 1\n")
    path.rename(path.with_name("moved"))
    for number in (2, 3, 4):
        file.write(f"line {number}\n")
    file.close()
    assert path.read_text() == "line 3\nline 4\n"


def test_a_new_file_that_cannot_be_opened_leaves_the_old_one_open(path, monkeypatch):
    file = LogFile(path, limit_bytes=20, keep=1)
    file.write("line number 1\n")
    descriptor = file._descriptor
    monkeypatch.setattr(file, "_open", lambda: (_ for _ in ()).throw(OSError(24, "Too many open files")))
    file.write("line number 2\n")
    assert os.fstat(descriptor).st_size == len("line number 1\n")
    monkeypatch.undo()
    file.close()


def test_text_that_is_no_unicode_is_written_all_the_same(path):
    file = LogFile(path, limit_bytes=1000, keep=1)
    file.write("half \ud83d\n")
    file.close()
    assert path.read_text() == "half \\ud83d\n"


def test_a_device_that_takes_nothing_raises_nothing():
    file = LogFile(Path("/dev/full"), limit_bytes=1000, keep=1)
    file.write("line\n")
    file.close()
