"""`bitsheet-tui export` as a process: whole or not at all, whatever happens to it or to its reader."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.export.progress import Progress
from bitsheet_tui.secret import Secret
from tests.support.exports import NOW, fill, place
from tests.support.mirror import select
from tests.support.store_rows import TABLES, deal

ENDLESS = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n) > id"


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A mirror of 20,000 deals in a SQLite file, some MB."""
    monkeypatch.chdir(tmp_path)
    url = Secret(f"sqlite:///{tmp_path}/mirror.db")
    place(tmp_path, url)
    with closing(fill(url)) as store:
        rows = [deal(n, TITLE=f"Deal {n} " * 20) for n in range(1000, 21000)]
        store.commit(TABLES["deals"], rows, None, at=NOW, cycle=1, filling=True)
    return tmp_path


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".bitsheet")]


def test_a_reader_that_has_gone_ends_it_without_a_word(many):
    line = f'"{sys.executable}" -m bitsheet_tui export deals | head -1; echo "${{PIPESTATUS[0]}}"'
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, env=env)
    head, code = done.stdout.splitlines()
    assert (head.partition(",")[0], code, done.stderr) == ("id", "0", "")


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_a_full_disk_leaves_what_was_there(many, format_):
    """A limit of the size of files, which is told by another number and means the same."""
    Path(f"deals.{format_}").write_text("the one of before")

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, 2**19))

    done = subprocess.run(
        [sys.executable, "-m", "bitsheet_tui", "export", "deals", "-o", f"deals.{format_}"],
        capture_output=True, text=True, check=False, preexec_fn=small,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[-2:]) == (
        73, [f"bitsheet-tui: There is no space left for deals.{format_}.", "  Free some space."],
    )  # fmt: skip
    assert Path(f"deals.{format_}").read_text() == "the one of before"
    assert hidden(many) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_leaves_nothing(many, start, number):
    process = start("export", "deals", "contacts", "--where", ENDLESS, "-o", "there")
    slow = start("export", "deals", "--format", "csv")  # nobody reads what it writes
    time.sleep(1.5)
    for one in (process, slow):
        assert one.poll() is None
        one.send_signal(number)
        assert one.wait(timeout=5) == 128 + number
    assert hidden(many) == []
    assert not (many / "there").exists()


@pytest.mark.slow
def test_a_signal_ends_a_query_on_a_server(tmp_path, monkeypatch, start, postgres_url):
    monkeypatch.chdir(tmp_path)
    place(tmp_path, postgres_url)
    fill(postgres_url).close()
    process = start("export", "deals", "--where", "pg_sleep(1000) IS NULL", "-o", "deals.csv")
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    for count, number in ((1, signal.SIGINT), (0, None)):
        until = time.monotonic() + 30
        while select(postgres_url, asleep)[1] != [(count,)]:
            assert time.monotonic() < until
            time.sleep(0.2)
        if number:
            process.send_signal(number)
    assert process.wait(timeout=10) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_what_fails_in_the_middle_leaves_nothing_and_what_is_done_replaces_at_once(many, capfd, monkeypatch):
    assert main(["export", "deals", "contacts", "-o", "folder"]) == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in Path("folder").iterdir()} == {
        "deals.csv": 0o600, "contacts.csv": 0o600,
    }  # fmt: skip
    before = Path("folder/deals.csv").read_bytes()
    inode = Path("folder/deals.csv").stat().st_ino
    broken = "id < 1500 OR json_extract(title, '$') > 1"
    assert main(["export", "deals", "contacts", "--where", broken, "-o", "folder"]) == 64
    assert Path("folder/deals.csv").read_bytes() == before
    assert main(["export", "deals", "--where", broken, "-o", "new/deals.csv"]) == 64
    assert not Path("new").exists()
    Path("link.csv").symlink_to("folder/deals.csv")
    assert main(["export", "deals", "-o", "link.csv"]) == 0
    assert Path("link.csv").is_symlink()
    assert (Path("folder/deals.csv").read_bytes(), Path("folder/deals.csv").stat().st_ino == inode) == (
        before,
        False,
    )
    assert main(["export", "deals", "-o", "/dev/null"]) == 0
    assert not Path("/dev/null").is_file()
    assert hidden(many) + hidden(many / "folder") == []
    capfd.readouterr()


def test_without_a_mirror_there_is_no_export(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    place(tmp_path, Secret(f"sqlite:///{tmp_path}/mirror.db"))
    assert main(["export", "deals", "-o", "deals.csv"]) == 73
    assert "no mirror" in capfd.readouterr().err
    assert not Path("deals.csv").exists()


def test_a_line_shows_how_far_it_is(monkeypatch):
    shown = []
    progress = Progress("deals", 60_000, shown.append)
    monkeypatch.setattr("bitsheet_tui.export.progress.OFTEN", 0)
    progress._began -= 10
    assert [len(page) for page in progress.count([[()] * 12_000, [()] * 48_000])] == [12_000, 48_000]
    assert shown[-1] == "deals: 60,000 of 60,000 rows, 0:00 left"
    progress.rows = 12_000
    assert progress.line(10) == "deals: 12,000 of 60,000 rows, 0:40 left"
    assert Progress("deals", None, None).line(1) == "deals: 0 rows"


def test_a_table_that_is_being_read_for_the_first_time_is_told(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    url = Secret(f"sqlite:///{tmp_path}/mirror.db")
    place(tmp_path, url)
    told = "deals is being read for the first time: what has come so far is exported"
    fill(url, whole=False).close()
    assert main(["export", "deals", "v_deals", "-o", "there"]) == 0
    said = capfd.readouterr().err
    assert told in said
    assert f"v_{told}" in said
    with closing(sqlite3.connect("mirror.db", isolation_level=None)) as mirror:
        mirror.execute("UPDATE bitsheet_checkpoints SET snapshot = 'ended' WHERE table_name = 'deals'")
    assert main(["export", "deals"]) == 0
    assert told not in capfd.readouterr().err
