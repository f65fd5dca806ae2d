"""In the middle of a backfill it stops within two seconds, with everything in order."""

import fcntl
import json
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.portal.demo.settings import Cost
from tests.cli.conftest import configure
from tests.cli.test_killed import BIG, url_of
from tests.cli.test_running import SECONDS, until


@pytest.fixture
def slow(home):
    """A portal that takes a second for a request, and a configuration for it."""
    demo = DemoPortal(BIG, seed=11, settings=Settings(cost=Cost(page=0.02, call=0.005)))
    with demo.run_in_thread() as webhook:
        configure(home, webhook, "burst = 5000\n[log]\nfile = ''\n")
        yield demo


def in_order(home, demo) -> None:
    """Nobody holds the lock, and every table has exactly the rows that its checkpoint speaks of."""
    with (home / "bitsheet.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror:
        assert mirror.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = mirror.execute(
            "SELECT table_name, floor, unread FROM bitsheet_checkpoints WHERE floor > 0"
        ).fetchall()
        assert found
        for table, floor, unread in found:
            stretches = json.loads(unread or "[]") or [(0, floor)]
            assert stretches[0][1] == floor
            there = {id_ for (id_,) in mirror.execute(f"SELECT id FROM {table}")}
            ids = {row["ID"] for row in demo.world.truth(table)}
            assert there == {id_ for id_ in ids if not any(a < id_ < b for a, b in stretches)}


@pytest.mark.parametrize("mode", ["--once", "--no-ui"])
def test_a_backfill_stops_within_two_seconds(home, start, slow, figure, mode):
    process = start(mode)
    until(process, "fill start")
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    seconds = time.monotonic() - began
    figure(f"{mode} stopped in {seconds:.2f} s in the middle of a backfill")
    assert seconds < 2
    assert "stopped" in process.stderr.read()
    in_order(home, slow)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_after_a_stop_the_next_one_goes_on_at_once(home, start, slow, request, url):
    store = json.dumps(url_of(url, home, request).reveal())
    configure(home, slow.url, f"burst = 5000\n[store]\nurl = {store}\n[log]\nfile = ''\n")
    for _ in range(2):
        process = start("--no-ui")
        assert "another instance" not in until(process, "fill start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def test_a_second_signal_ends_a_backfill_at_once(home, start, slow):
    process = start("--once")
    until(process, "fill start")
    process.send_signal(signal.SIGSTOP)  # so that both are there when it looks
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    in_order(home, slow)
