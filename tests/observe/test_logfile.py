"""The log file keeps its size, its mode, its history and its peace."""

import errno
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bitsheet_tui.observe import logfile
from bitsheet_tui.observe.logfile import LogFile, size
from bitsheet_tui.rotation import rotated_files

NOBODY = 65534
OLD = re.compile(r"x\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_\d{6}(\.\d+)?\.log")
LINE = f"{'a line of a hundred letters with its end':<99}\n"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "logs" / "x.log"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def opened(path, told) -> Iterator[Callable[..., LogFile]]:
    made: list[LogFile] = []

    def make(where: Path = path, *, rotation: str = "1 KB", keep: int = 2) -> LogFile:
        made.append(LogFile(where, limit_bytes=size(rotation), keep=keep, tell=told.append))
        return made[-1]

    yield make
    for one in made:
        one.close()


def history(path: Path) -> list[str]:
    """Every line that is left, the oldest first."""
    texts = [one.read_text() for one in (path, *rotated_files(path)) if one.exists()]
    return "".join(reversed(texts)).splitlines()


@pytest.mark.parametrize(
    ("text", "number"), [("10 MB", 10_000_000), ("1KB", 1000), ("2 kB", 2000), ("1 GB", 1_000_000_000)]
)
def test_sizes_are_read_as_people_write_them(text, number):
    assert size(text) == number


def test_old_files_are_kept_up_to_a_number_and_nothing_in_between_is_lost(path, opened, told):
    file = opened(rotation="2 KB", keep=2)
    lines = [f"line {count:092}\n" for count in range(100)]
    for line in lines:
        file.write(line)
    names = sorted(one.name for one in path.parent.iterdir())
    assert len(names) == 3
    assert names[-1] == "x.log"
    assert all(OLD.fullmatch(name) for name in names[:-1])
    kept = history(path)
    assert kept == "".join(lines).splitlines()[-len(kept) :]
    assert {one.stat().st_size for one in rotated_files(path)} == {1960}
    assert told == []


def test_a_line_longer_than_the_limit_is_written_whole(path, opened):
    file = opened(keep=1)
    for _ in range(3):
        file.write(LINE * 20)
    assert path.read_text() == LINE * 20
    assert [one.read_text() for one in rotated_files(path)] == [LINE * 20]


def test_it_goes_on_in_the_file_that_is_there(path, opened):
    for _ in range(2):
        file = opened()
        file.write("line\n")
        file.close()
    assert path.read_text() == "line\nline\n"


def test_only_the_owner_may_read_it_or_what_it_was_before(path, opened):
    os.umask(0o022)
    file = opened()
    for _ in range(25):
        file.write(LINE)
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@contextmanager
def limited(kind: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def test_what_has_no_room_on_the_disk_costs_lines_that_are_counted_and_told_once(path, opened, told):
    file = opened(rotation="1 MB")
    file.write("before\n")
    with limited(resource.RLIMIT_FSIZE, path.stat().st_size):
        file.write("one\n")
        file.write("two\n")
    file.write("three\n")
    file.write("four\n")
    file.close()
    assert path.read_text() == "before\n2 lines could not be written here\nthree\nfour\n"
    assert told == [
        f"the log {path} cannot be written: File too large; lines are lost and counted until it can"
    ]


def test_a_file_that_cannot_be_opened_costs_nothing_of_the_history(path, opened, told):
    file = opened(keep=5)
    lines = [f"line {count:092}" for count in range(55)]
    for line in lines:
        file.write(f"{line}\n")
    assert len(rotated_files(path)) == 5
    taken = []
    with limited(resource.RLIMIT_NOFILE, 256):
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for number in range(12):
            file.write(f"lost {number:0200}\n" * 4)
        for descriptor in taken:
            os.close(descriptor)
    file.write("after\n")
    left = [line for line in history(path) if line.startswith("line ")]
    assert left == lines[-len(left) :]
    assert len(left) >= 45
    assert history(path)[-1] == "after"
    assert len(told) == 1
    assert os.strerror(errno.EMFILE) in told[0]


def test_a_folder_that_lets_nothing_be_renamed_gets_a_file_that_grows(path, opened, told, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    file = opened()
    monkeypatch.setattr("os.rename", refuse)
    lines = [f"line {count:092}\n" for count in range(30)]
    for line in lines:
        file.write(line)
    assert path.read_text() == "".join(lines)
    assert told == [f"the log {path} cannot be rotated and grows until it can: Permission denied"]
    monkeypatch.undo()
    passed = time.monotonic() + logfile.PAUSE
    monkeypatch.setattr(logfile.time, "monotonic", lambda: passed)
    file.write(LINE)
    assert len(rotated_files(path)) == 1
    assert path.read_text() == LINE


def test_logrotate_may_rename_it_or_copy_and_cut_it_and_rm_may_take_it_away(path, opened):
    file = opened(rotation="1 MB")
    file.write("one\n")
    path.rename(path.with_name("renamed"))
    file.write("two\n")
    assert (path.with_name("renamed").read_text(), path.read_text()) == ("one\n", "two\n")
    os.truncate(path, 0)
    file.write("three\n")
    assert path.read_text() == "three\n"
    path.unlink()
    file.write("four\n")
    assert path.read_text() == "four\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    path.with_name("renamed").unlink()
    path.parent.rmdir()
    file.write("five\n")
    assert path.read_text() == "five\n"


def test_text_that_is_no_unicode_is_written_all_the_same(path, opened):
    opened().write("half \ud83d {x} <red>\n")
    assert path.read_text() == "half \\ud83d {x} <red>\n"


def test_a_name_with_braces_is_a_name(tmp_path, opened):
    path = tmp_path / "{time}{0}.log"
    file = opened(path, keep=1)
    for _ in range(30):
        file.write(LINE)
    assert path.exists()
    assert len(rotated_files(path)) == 1
    assert len(list(tmp_path.iterdir())) == 2


# --- what is no ordinary file -------------------------------------------------------------------------------


def test_a_device_stays_where_it_is_and_one_that_takes_nothing_costs_lines(tmp_path, opened, told):
    path = tmp_path / "device"
    path.symlink_to(os.devnull)
    file = opened(path)
    for _ in range(30):
        file.write(LINE)
    assert [one.name for one in tmp_path.iterdir()] == ["device"]
    assert told == []
    opened(Path("/dev/full")).write("line\n")
    assert "cannot be written: No space left on device" in told[0]


def test_a_pipe_without_a_reader_keeps_nobody_waiting_and_one_with_a_reader_gets_the_lines(
    tmp_path, opened, told
):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    opening = threading.Thread(target=lambda: opened(path).write("lost\n"), daemon=True)
    opening.start()
    opening.join(5)
    assert not opening.is_alive()
    assert len(told) == 1
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    file = opened(path)
    for _ in range(30):  # more than the size at which a file would be renamed
        file.write(LINE)
    assert os.read(reader, 100_000).decode() == LINE * 30
    os.close(reader)
    file.write("nobody reads it\n")
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


def test_where_a_link_leads_is_where_the_old_files_are(tmp_path, opened):
    (tmp_path / "far").mkdir()
    link = tmp_path / "x.log"
    link.symlink_to("far/real.log")
    file = opened(link)
    for number in range(30):
        file.write(f"line {number:092}\n")
    assert link.is_symlink()
    names = sorted(one.name for one in (tmp_path / "far").iterdir())
    assert len(names) == 3
    assert names[-1] == "real.log"
    assert history(link)[-1] == f"line {29:092}"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("x")] == ["x.log"]


def test_stdout_as_a_log_is_written_to_whatever_it_is_and_never_renamed(tmp_path):
    script = (
        "from pathlib import Path; from bitsheet_tui.observe.logfile import LogFile\n"
        "file = LogFile(Path('stdout'), limit_bytes=1000, keep=2, tell=print)\n"
        "for number in range(30): file.write(f'line {number:092}\\n')"
    )
    lines = "".join(f"line {number:092}\n" for number in range(30))
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is one
    program = [sys.executable, "-c", script]
    piped = subprocess.run(program, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert piped.stdout.decode() == lines
    with (tmp_path / "out").open("ab") as out:
        subprocess.run(program, cwd=tmp_path, stdout=out, check=True, timeout=60)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "stdout"]
    assert (tmp_path / "stdout").is_symlink()
    assert (tmp_path / "out").read_text() == lines


# --- whose files are whose ----------------------------------------------------------------------------------


def test_only_files_that_this_log_was_are_ever_removed(tmp_path, opened):
    others = (
        "bitsheet.db bitsheet.db-wal bitsheet.db-shm bitsheet.db.lock bitsheet.db.sock bitsheet.log bitsheet.toml "
        "bitsheet.log.1 bitsheet.2026-11-24_10-00-00_000000.log bitsheet.2026-11-24.gz bitsheet.20261124 "
        "bitsheet.2026-11-24_10-00-00_000000.gz bitsheet.0 bitsheet.01 bitsheet.1.gz bitsheet.v1 Xbitsheet.1 "
        "bitsheet.2026-11-24_10-00-00_00000x bitsheet.2026-11-24_10-00-00_000000.db"
    ).split()
    ours = "bitsheet.1 bitsheet.2 bitsheet.17 bitsheet.2026-11-24_10-00-00_000000 bitsheet.2026-11-24_10-00-00_000000.2"
    for name in (*others, *ours.split()):
        (tmp_path / name).write_text("some")
    (tmp_path / "bitsheet.3").mkdir()
    (tmp_path / "bitsheet.4").symlink_to("bitsheet.db")
    path = tmp_path / "bitsheet"
    file = opened(path, keep=2)
    for _ in range(40):
        file.write(LINE)
    left = {one.name for one in tmp_path.iterdir()}
    assert left >= {*others, "bitsheet.3", "bitsheet.4"}
    assert left.isdisjoint(ours.split())
    assert len(left) == len(others) + 2 + 3
    assert len(rotated_files(path)) == 2


def test_the_newest_file_is_the_first_whichever_version_made_it(tmp_path):
    names = [
        "x.2026-11-24_10-00-00_000001.log", "x.2026-11-24_10-00-00_000000.10.log", "x.2026-11-24_10-00-00_000000.2.log",
        "x.2026-11-24_10-00-00_000000.log", "x.2025-12-31_23-59-59_999999.log", "x.log.1", "x.log.2", "x.log.10",
    ]  # fmt: skip
    for name in names[::-1]:
        (tmp_path / name).touch()
    (tmp_path / "x.log.gz").touch()
    assert [one.name for one in rotated_files(tmp_path / "x.log")] == names
    assert rotated_files(tmp_path / "none" / "x.log") == []


def test_what_root_writes_beside_anothers_log_belongs_to_that_other(tmp_path, opened, monkeypatch):
    given: dict[str, int] = {}

    def give(descriptor: int, owner: int, _group: int) -> None:
        given[Path(f"/proc/self/fd/{descriptor}").readlink().name] = owner

    def owned(folder: os.stat_result, owner: int) -> os.stat_result:
        return os.stat_result((*folder[:4], owner, owner, *folder[6:]))

    real = Path.stat
    owners = {"state": NOBODY, "logs": NOBODY}
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.fchown", give)
    monkeypatch.setattr(Path, "stat", lambda self, **_: owned(real(self), owners.get(self.name, NOBODY)))
    path = tmp_path / "state" / "logs" / "x.log"
    path.parent.parent.mkdir()
    file = opened(path)
    file.write(LINE)
    assert given == {"logs": NOBODY, "x.log": NOBODY}
    given.clear()
    owners["logs"] = 0  # as /var/log is: the log itself is another's
    for _ in range(25):
        file.write(LINE)
    assert given == {"x.log": NOBODY}


def test_a_writer_that_is_ended_in_the_middle_of_rotations_leaves_whole_lines(tmp_path):
    script = (
        "import itertools, sys; from pathlib import Path; from bitsheet_tui.observe.logfile import LogFile\n"
        "file = LogFile(Path('x.log'), limit_bytes=2000, keep=100, tell=print)\n"
        "for number in itertools.count(): file.write(f'line {number:092}\\n'); number or print('on', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    while len(rotated_files(tmp_path / "x.log")) < 5:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    kept = history(tmp_path / "x.log")
    numbers = [int(line[5:]) for line in kept]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
