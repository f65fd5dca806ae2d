"""What programs that follow the change feed cost a cycle."""

import os
import sqlite3
import subprocess
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tests.bench.client import Engine, configure, folder, ours
from tests.bench.notify import EVERY, NEWEST, _line
from tests.bench.portal import served
from tests.bench.report import table

CYCLES = int(os.environ.get("BITSHEET_BENCH_CYCLES", "60"))
HOW = (("--cursor", "one"), ("--cursor", "two", "--format", "debezium"), ("--table", "deals"))


def follow():
    """The median cycle of 60 beside three followers, two of them with cursors, and without."""
    with ExitStack() as stack:
        engines = [_engine(stack, followers) for followers in ((), HOW)]
        took = [{}, {}]
        while min(map(len, took)) < CYCLES:
            for (_, mirror, portal), found in zip(engines, took, strict=True):
                before = len(found)
                found.update(mirror.execute(NEWEST).fetchall())
                if len(found) > before:  # the next one has something to store, and to tell
                    portal.tell(do="edit", table="deals", count=5, values={"TITLE": f"edit {len(found)}"})
            time.sleep(EVERY / 8)
        running = [(engine, None) for engine, _, _ in engines]
        lines = [_line(*one) for one in zip(("without", "with"), running, took, strict=True)]
    ratio = lines[1]["median, ms"] / lines[0]["median, ms"]
    told = f"Followers: {CYCLES} cycles of two processes in turn"
    table(told, lines, f"ratio {ratio:.3f}, at most 1.05")


def _engine(stack, followers):
    portal = stack.enter_context(served({"scale": 0.02}))
    where = stack.enter_context(folder())
    path = configure(where, portal.url, interval=EVERY)
    engine = stack.enter_context(Engine(path))
    engine.filled("task_comments")
    for words in followers:
        process = subprocess.Popen(
            ours(path, "changes", "--follow", *words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.terminate)
    engine.next_cycle(more=2)
    time.sleep(EVERY / 2)
    return engine, stack.enter_context(closing(sqlite3.connect(where / "mirror.db"))), portal
