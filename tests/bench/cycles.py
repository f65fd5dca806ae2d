"""Cycles: how many requests they take, on a portal that is as slow as its documentation says."""

import json
import random
import re
import sqlite3
import time
from contextlib import closing

from tests.bench.client import Engine, configure, folder, ours, run, spent
from tests.bench.portal import documented, served
from tests.bench.report import table

MILLION = 1_000_000
TIMES = ("first", "second")  # from the first one it is known where discussions are
INTERVALS = (1, 2, 5, 15, 60)
TEXTS = {"deals": "TITLE", "leads": "TITLE", "contacts": "POST", "tasks": "TITLE"}  # fields to edit
LOOK = 0.03  # seconds
FOR = 90  # seconds, and six cycles at least
EVERY = 4  # cycles between comparisons


def cycles():
    """A cycle with nothing changed, and one like the status page's: 5 activities, 3 tasks, 52 comments."""
    with (
        served({"scale": 1.0}, cost=documented()) as portal,
        folder() as where,
        Engine(configure(where, portal.url, interval=6, static_every=1000, overlap=1)) as engine,
    ):
        engine.filled("task_comments")
        engine.next_cycle(more=2)
        idle = [_line("nothing changed", engine.next_cycle()) for _ in range(3)]
        page = [
            _line(f"5 activities, 3 tasks, 52 comments, {time} time", _work(portal, engine)) for time in TIMES
        ]
        stats = portal.stats()
    table("Cycles over all tables at documented costs", [*idle, *page], f"503: {stats['refused']}")


def _work(portal, engine):
    portal.tell(do="edit", table="activities", count=5)
    portal.tell(do="comment", tasks=3, count=52)
    return engine.next_cycle()


def freshness():
    """What an interval costs the portal, and how soon edits are in SQL, at documented costs."""
    lines = [_fresh(interval) for interval in INTERVALS]
    table("Edits all the while, all tables at documented costs", lines, "seconds from an edit to SQL")


def _fresh(interval, seconds=FOR):
    lasting = max(seconds, 6 * interval)
    with (
        served({"scale": 1.0}, cost=documented()) as portal,
        folder() as where,
        Engine(path := configure(where, portal.url, interval=interval)) as engine,
    ):
        engine.filled("task_comments")
        engine.next_cycle(more=2)
        portal.stats()
        cpu, began, waiting, delays = spent(engine.pid), time.monotonic(), {}, []
        with closing(sqlite3.connect(where / "mirror.db")) as mirror:
            while (passed := time.monotonic() - began) < lasting or (waiting and passed < 3 * lasting):
                if passed < lasting:
                    _edit(portal, waiting, f"edit {passed:.3f}")
                until = time.monotonic() + random.uniform(0.3, 1.5)
                while time.monotonic() < until:
                    delays += _arrived(mirror, waiting)
                    time.sleep(LOOK)
        lasted = time.monotonic() - began
        stats, used = portal.stats(), spent(engine.pid) - cpu
        told = json.loads(run(ours(path, "status", "--json")).out)["freshness"]
    delays.sort()
    return {
        "interval": interval, "edits": len(delays), "never seen": len(waiting),
        "p50": delays[len(delays) // 2], "p95": delays[int(len(delays) * 0.95)],
        "told p50": told["p50"], "told p95": told["p95"],
        "requests a second": round(stats["requests"] / lasted, 2), "503": stats["refused"],
        "% of a core": round(100 * used / lasted, 1),
    }  # fmt: skip


def _edit(portal, waiting, text):
    name, field = random.choice(tuple(TEXTS.items()))
    place = random.randrange(100)
    (id_,) = portal.tell(do="edit", table=name, count=1, place=place, values={field: text})["ids"]
    waiting[name, id_] = text, time.monotonic()


def _arrived(mirror, waiting):
    """How long it took those edits that are in the mirror now."""
    found = []
    for (name, id_), (text, at) in list(waiting.items()):
        sql = f"SELECT 1 FROM {name} WHERE id = ? AND {TEXTS[name].lower()} = ?"
        if mirror.execute(sql, (id_, text)).fetchone():
            found.append(time.monotonic() - at)
            del waiting[name, id_]
    return found


def reconcile():
    """Deletions among 1,000,000 deals: none, and 10."""
    with served({"deals": MILLION}) as portal, folder() as where:
        path = configure(where, portal.url, tables=["deals"], interval=5, reconcile_every=EVERY)
        with Engine(path) as engine:
            engine.filled("deals", limit=1800)
            engine.next_cycle()
            lines = [_compared(portal, engine, 0)]
            portal.tell(do="delete", table="deals", count=10)
            lines.append(_compared(portal, engine, 10))
    table("Comparing 1,000,000 deals", lines)


def _compared(portal, engine, deleted):
    """As many cycles as have one comparison among them; what was asked beside one request for each."""
    before = engine.cycles()
    portal.stats()
    engine.next_cycle(more=2 * EVERY)
    ended = engine.cycles() - before
    return {"deleted": deleted, "cycles": ended, "requests beside theirs": portal.stats()["requests"] - ended}


def _line(title, told):
    number = r"([\d.,]+)"
    rows, requests, seconds = re.search(rf"{number} rows? +{number} requests? +{number} ?s", told).groups()
    return {"cycle": title, "rows": rows, "requests": int(requests), "seconds": float(seconds)}
