"""A first run that is killed again and again: how many rows the portal gave, for each that is mirrored."""

import random
import sqlite3
import subprocess
import time

from bitsheet_tui.tables import CATALOGUE
from tests.bench.client import configure, folder, ours, run
from tests.bench.portal import served
from tests.bench.report import table

APART = (0.6, 2.2)  # seconds from a start to its kill
SIZE = {
    "leads": 2800, "contacts": 8000, "companies": 200, "deals": 12000, "activities": 16000, "tasks": 3600,
    "users": 51, "departments": 14,
}  # fmt: skip
COST = {"page": 0.004, "call": 0.001, "slept": True}


def kills():
    """A first run, and one that is killed every 0.6 to 2.2 s: rows given for each row stored."""
    table("Kills in a first run", [_run("never killed", kill=False), _run("killed", kill=True)])


def _run(title, *, kill):
    pick = random.Random(3)
    with served(SIZE, cost=COST) as portal, folder() as where:
        path = configure(where, portal.url)
        killed = 0
        while kill and _killed(path, pick.uniform(*APART)):
            killed += 1
        took = run(ours(path, "--once"))
        stats = portal.stats()
        with sqlite3.connect(where / "mirror.db") as mirror:
            rows = sum(mirror.execute(f"SELECT count(*) FROM {one.name}").fetchone()[0] for one in CATALOGUE)
    return {
        "run": title, "kills": killed, "rows": rows, "given": stats["rows"],
        "ratio": round(stats["rows"] / rows, 2), "requests": stats["requests"], "code": took.code,
    }  # fmt: skip


def _killed(path, seconds):
    """Whether a run was still at work after so long."""
    process = subprocess.Popen(ours(path, "--once"), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    return process.wait() < 0
