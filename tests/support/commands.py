"""Commands as processes: their configuration, what they log, and what they leave behind."""

import fcntl
import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import Size
from bitsheet_tui.secret import Secret

CODE = "c4n4ryc4n4ryc4n4ry"
SMALL = Size(leads=3, contacts=4, companies=2, deals=60, activities=5, tasks=4, users=3, departments=2)


def configure(folder: Path, webhook: str, more: str = "") -> None:
    """Writes `config.toml`."""
    text = f"[portal]\nwebhook_url = {json.dumps(webhook)}\nrequests_per_second = 100\n{more}"
    (folder / "config.toml").write_text(text, encoding="utf-8")
    (folder / "config.toml").chmod(0o600)


SECONDS = 60.0  # long enough for the slowest machine


def until(process: subprocess.Popen[str], word: str) -> str:
    """What the process has told on stderr, up to and with the first line that has `word`."""
    told = ""
    for line in process.stderr:
        told += line
        if word in line:
            return told
    raise AssertionError(f"never said {word}:\n{told}")


def rows(folder: Path, query: str) -> list:
    with closing(sqlite3.connect(folder / "bitsheet.db")) as mirror:
        return mirror.execute(query).fetchall()


BIG = Size(
    leads=700, contacts=2000, companies=58, deals=3000, activities=4000, tasks=900, users=51, departments=14
)


def url_of(kind: str, home: Path, request: pytest.FixtureRequest) -> Secret:
    """An empty store of the kind."""
    if kind == "postgresql":
        return request.getfixturevalue("postgres_url")
    return Secret(f"sqlite:///{home}/bitsheet.db")


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


def instance(capfd) -> dict:
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)["instance"]
