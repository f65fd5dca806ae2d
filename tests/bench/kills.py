"""A first run that is killed again and again: how many rows the portal gave, for each that is mirrored.

What it gave beside the rows of the mirror is told by why: `tests`, the pages of ids by which each start finds
out whether a portal understands us; `cut`, rows of requests that were being answered when their client was
killed, to the end of the answer, which nobody reads; `again`, the rest: rows of answers that were not stored
when the kill came, and what scans read below a watermark.

Measured with the processor shared with others, in shares of the rows: a start-up test at each start was 0.19
(SQLite) to 0.22 (PostgreSQL), answers that were cut 0.06 to 0.18, answers that waited to be stored 0.82 to
1.03: five requests were on their way, of up to fifty pages each, and half a second's work of storing waited.
Now tests are 0.02, cuts 0.03 and 0.01, what waited 0.22 and 0.27 (`sync/tested.py`, `sync/in_flight.py`); of
that most is the first run's own, before anybody knows of a kill. Below that there is only one way left,
smaller requests, and those the portal counts: a run that is never killed would take more of them.
"""

import random
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager

from bitsheet_tui.tables import CATALOGUE
from tests.bench.client import configure, folder, ours, run, spent
from tests.bench.portal import served
from tests.bench.report import table

APART = (0.6, 2.2)  # seconds of the processor from a start to its kill: a busy machine only takes longer
BUSY = 5.0  # times as long a process that waits for the portal is left alone
LOOK = 0.01  # seconds
SIZE = {
    "leads": 2800, "contacts": 8000, "companies": 200, "deals": 12000, "activities": 16000, "tasks": 3600,
    "users": 51, "departments": 14,
}  # fmt: skip
COST = {"page": 0.004, "call": 0.001, "slept": True}
MOST = 60  # kills


def kills():
    """A first run, and one that is killed every 0.6 to 2.2 s: rows given for each row stored."""
    lines = []
    for database in (_sqlite, _postgres):
        lines += [_run(database, kill=kill) for kill in (False, True)]
    table("Kills in a first run", lines)


def _run(database, *, kill):
    pick = random.Random(3)
    with served(SIZE, cost=COST) as portal, folder() as where, database(where) as (store, count):
        path = configure(where, portal.url, store=store)
        killed = 0
        while kill and killed < MOST and _killed(portal, path, pick.uniform(*APART)):
            killed += 1
        took = run(ours(path, "--once"))
        stats, rows = portal.stats(), sum(count(one.name) for one in CATALOGUE)
    answered, cut = Counter(stats["given"]["answered"]), sum(stats["given"]["cut"].values())
    tests = answered.pop("test", 0)
    return {
        "store": database.__name__.strip("_"), "kills": killed, "rows": rows, "given": stats["rows"],
        "tests": tests, "cut": cut, "again": sum(answered.values()) - rows,
        "ratio": round(stats["rows"] / rows, 2), "requests": stats["requests"], "503": stats["refused"],
        "code": took.code,
    }  # fmt: skip


def _killed(portal, path, seconds):
    """Whether a run was still at work after so long."""
    process = subprocess.Popen(ours(path, "--once"), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    limit = time.monotonic() + BUSY * seconds
    while process.poll() is None and spent(process.pid) < seconds and time.monotonic() < limit:
        time.sleep(LOOK)
    process.kill()
    portal.tell(do="kill")
    return process.wait() < 0


@contextmanager
def _sqlite(where):
    def count(name):
        with closing(sqlite3.connect(where / "mirror.db")) as mirror:
            return mirror.execute(f"SELECT count(*) FROM {name}").fetchone()[0]

    yield "sqlite:///mirror.db", count


@contextmanager
def _postgres(where):
    from tests.support.postgres_server import Server

    server = Server()
    try:
        server.empty()
        yield server.url.reveal(), lambda name: server.sql(f"SELECT count(*) FROM bitsheet.{name}")[0][0]
    finally:
        server.close()
