"""An hour at an interval of 1 s, in real time, at documented costs: `python -m tests.soak.hour [MINUTES]`.

The portal has the volumes of the one that this product grew from, and one thing happens in it every two
seconds. It is read for the first time at no costs. Ends with 1 when the portal refused anything, a method used
more of ten minutes than it is granted, there were too many requests, or the mirror is not equal in the end.
"""

import json
import random
import sys
import time

from tests.bench.backfill import PREDECESSOR
from tests.bench.client import Engine, configure, folder, memory, ours, run, spent
from tests.bench.portal import documented, served
from tests.bench.report import say

PACE = 2.0  # seconds between two things that people do
LOOK = 60.0  # seconds between two lines
GRANTED = 480.0  # seconds of a method in ten minutes: apidocs.bitrix24.com limits
REQUESTS = 1.2  # a second


def main(minutes: float) -> int:
    """Print a line a minute, then what came of it."""
    with (
        served(PREDECESSOR) as portal,
        folder() as where,
        Engine(path := configure(where, portal.url, interval=1)) as engine,
    ):
        engine.filled("task_comments", limit=3600)
        engine.next_cycle(more=2)
        portal.tell(do="cost", cost=documented())
        engine.next_cycle(more=2)
        portal.stats()
        said = len(engine.lines())
        refused = blocked = asked = cycles = 0
        most, cpu, began = 0.0, spent(engine.pid), time.monotonic()
        pick = random.Random(7)
        while (passed := time.monotonic() - began) < 60 * minutes:
            counted, ends = engine.cycles(), time.monotonic() + LOOK
            while time.monotonic() < ends:
                portal.tell(do="live")
                time.sleep(pick.uniform(0.5, 1.5) * PACE)
            stats, passed = portal.stats(), time.monotonic() - began
            refused, blocked = refused + stats["refused"], blocked + stats["blocked"]
            asked, cycles = asked + stats["requests"], cycles + engine.cycles() - counted
            method, used = stats["most_used"]
            most = max(most, used)
            fresh = _status(path)["freshness"] or {}
            say(
                f"{passed / 60:5.1f} min  {stats['requests'] / LOOK:.2f} requests/s  {cycles} cycles  "
                f"{method} {used:.0f} s  p50 {fresh.get('p50')}  p95 {fresh.get('p95')}  "
                f"{100 * (spent(engine.pid) - cpu) / passed:.1f} % of a core  {memory(engine.pid):.0f} MB"
            )
        told = [line for line in engine.lines()[said:] if "WARNING" in line or "ERROR" in line]
        engine.next_cycle(more=2)
        fresh = _status(path)["freshness"]
        checked = run(ours(path, "verify"), limit=900)
    rate = asked / passed
    say("\n".join(told[:40]))
    say(checked.out or checked.err)
    say(
        f"{passed / 60:.0f} minutes, {cycles} cycles, {rate:.2f} requests a second, 503: {refused}, "
        f"429: {blocked}, most used of {GRANTED:.0f} s: {most:.0f} s, p50 {fresh['p50']}, p95 {fresh['p95']}"
    )
    return int(bool(refused or blocked or checked.code) or most > GRANTED or rate > REQUESTS)


def _status(path):
    return json.loads(run(ours(path, "status", "--json")).out)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
