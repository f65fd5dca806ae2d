"""What a channel that hangs, and a question that never ends, cost a cycle: nothing."""

import sqlite3
import statistics
import time
from contextlib import ExitStack, closing

from tests.bench.client import Engine, configure, folder, memory
from tests.bench.portal import served
from tests.bench.report import table
from tests.support.listeners import silent_server

CYCLES = 60
EVERY = 4.0  # seconds; the two take turns, half of it apart
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
NEWEST = "SELECT number, seconds FROM bitsheet_cycles WHERE seconds IS NOT NULL ORDER BY number DESC LIMIT 1"
MORE = """
[notify]
urls = ["json://127.0.0.1:{port}/?rto=60&cto=60"]
heartbeat_url = "http://127.0.0.1:{port}/"
[[question]]
name = "endless"
sql = "{endless}"
every = "10s"
[[question]]
name = "broken"
sql = "SELECT nothing"
every = "10s"
"""


def notify():
    """The median cycle of 60 beside a channel and a heartbeat that hang and an endless question, and without."""
    with ExitStack() as stack:
        port = stack.enter_context(silent_server())
        engines = [_engine(stack, more) for more in ("", MORE.format(port=port, endless=ENDLESS))]
        took = [{}, {}]
        while min(map(len, took)) < CYCLES:
            for (_, mirror), found in zip(engines, took, strict=True):
                found.update(mirror.execute(NEWEST).fetchall())
            time.sleep(EVERY / 8)
        names = ("without", "with")
        lines = [_line(*one) for one in zip(names, engines, took, strict=True)]
    ratio = lines[1]["median, ms"] / lines[0]["median, ms"]
    table("Notifications: 60 cycles of two processes in turn", lines, f"ratio {ratio:.3f}, at most 1.05")


def _engine(stack, more):
    portal = stack.enter_context(served({"scale": 0.02}))
    where = stack.enter_context(folder())
    path = configure(where, portal.url, interval=EVERY)
    path.write_text(path.read_text() + more)
    engine = stack.enter_context(Engine(path))
    engine.filled("task_comments")
    engine.next_cycle(more=2)
    time.sleep(EVERY / 2)
    return engine, stack.enter_context(closing(sqlite3.connect(where / "mirror.db")))


def _line(name, running, took):
    engine, _ = running
    seconds = [*took.values()][:CYCLES]
    told = sum(
        word in line for line in engine.lines() for word in ("do not arrive", "is not answered", "in vain")
    )
    return {
        "process": name, "cycles": len(seconds), "median, ms": round(1000 * statistics.median(seconds), 1),
        "RSS, MB": round(memory(engine.pid), 1), "troubles told": told,
    }  # fmt: skip
