"""Keys while everything happens at once: a backfill at full rate, and a thousand lines a second in the log.

As a script it is our own program that logs so much: `python -m tests.bench.keys ARGUMENTS`.
"""

import os
import random
import re
import sys
import threading
import time
from statistics import median

from tests.bench.client import OURS, configure, folder, memory
from tests.bench.portal import documented, served
from tests.bench.process import Terminal
from tests.bench.report import table

LINES = 1000  # a second
BEAT = 0.05  # seconds between two bursts of them
SIZE = {"deals": 70_000, "contacts": 500, "leads": 500, "tasks": 50, "users": 20}
PRESSED = int(os.environ.get("BITSHEET_KEYS", "400"))
RUNS = int(os.environ.get("BITSHEET_SCREENS", "3"))  # of each, in turn
STARTS = 4.0  # seconds until the backfill is under way
LONGEST = 5.0  # seconds for an answer
PAUSE = 0.15  # seconds between two keys at the most
# what is typed, and what only the answer to it sends to the terminal; it ends where it began
STORY = (
    (b"j", b"\xe2\x96\x8c"), (b"j", b"\xe2\x96\x8c"), (b"k", b"\xe2\x96\x8c"), (b"k", b"\xe2\x96\x8c"), (b"?", b"Everywhere"),
    (b"\x1b", b"cycles"), (b"l", b"[live]"), (b" ", b"FROZEN"), (b"G", b"FOLLOW"), (b"3", b"warning"), (b"2", b"info"),
    (b"\x1b", b"cycles"), (b"e", b"Nothing is wrong"), (b"\x1b", b"cycles"), (b"h", b"[cycles]"), (b"]", b"[runs]"),
    (b"\x1b", b"cycles"), (b"b", b"[records]"), (b"\x1b", b"cycles"), (b"\r", b"[overview]"), (b"\x1b", b"cycles"),
)  # fmt: skip


def keys():
    """Milliseconds until a key is answered on the screen, what the load costs, and what the screen costs it."""
    lines, loads = [], [("pages that cost nothing", None), ("documented costs", documented())]
    for title, cost in loads:
        with served(SIZE, cost=cost) as portal, folder() as where, _console(where, portal) as screen:
            screen.read(STARTS)
            watched = screen.watch(title, 3.0)
            took = sorted(_story(screen))
            row = {"load": title, "keys": len(took), "p50 ms": 1000 * median(took)}
            row |= {"p99 ms": 1000 * took[int(0.99 * len(took))], "most ms": 1000 * took[-1]}
            lines.append(row | {"kB/s": watched["kB/s"], "RSS MB": memory(screen.process.pid)})
    table("Keys in a backfill, with 1,000 lines a second in the log, 120x40", lines)


def screen():
    """The seconds of cycles and of a backfill with a console, beside those without; both under the same load."""
    found = {"headless": [], "console": []}
    for _ in range(RUNS):
        for mode, runs in found.items():
            with served(SIZE, cost=documented()) as portal, folder() as where:
                arguments = ["--no-ui"] if mode == "headless" else []
                with _console(where, portal, *arguments) as screen:
                    runs.append(_filled(screen, where))
    rows = [
        {
            "engine": mode,
            "a cycle, s": median(cycle for cycles, _ in runs for cycle in cycles),
            "the backfill, s": median(seconds for _, seconds in runs),
        }
        for mode, runs in found.items()
    ]
    without, beside = rows
    more = {
        name: f"{100 * (beside[name] / without[name] - 1):+.1f} %" for name in without if name != "engine"
    }
    table("The engine with and without a screen", [*rows, {"engine": "difference", **more}])


def _console(where, portal, *arguments):
    path = configure(where, portal.url, interval=2, tables=[name for name in SIZE if name != "users"])
    return Terminal([OURS, "-m", "tests.bench.keys", "--config", str(path), *arguments])


def _story(screen):
    """Seconds until each key's answer began to arrive."""
    dice = random.Random(1)
    for number in range(PRESSED):
        key, answer = STORY[number % len(STORY)]
        screen.read(dice.uniform(0.05, PAUSE))
        screen.type(key)
        began = time.perf_counter()
        screen.read(LONGEST, answer)
        took = time.perf_counter() - began
        assert took < LONGEST, f"{key} was not answered"
        yield took


def _filled(screen, where):
    """The seconds of the cycles while it fills, and of the filling."""
    log, told = where / "logs/bitsheet.log", ""
    while "fill done" not in told:
        screen.read(1.0)
        lines = log.read_text().splitlines() if log.exists() else []
        told = "\n".join(line for line in lines if " noise" not in line and "deals" in line)
    cycles = [_seconds(line) for line in lines if re.search(r"engine +cycle \d+ done", line)]
    (done,) = [line for line in lines if re.search(r"deals +fill done", line)]
    return cycles[2:], _seconds(done)


def _seconds(line):
    number, unit = re.search(r"([\d.]+)(ms|s|m)\b(?!.*\d(?:ms|s|m)\b)", line).groups()
    return float(number) * {"ms": 0.001, "s": 1.0, "m": 60.0}[unit]


def _noise():
    """Log so many lines a second, for ever."""
    from bitsheet_tui.observe import logs

    number, due = 0, time.monotonic()
    while True:
        for _ in range(int(LINES * BEAT)):
            number += 1
            logs.say("INFO", f"noise {number}: what a busy portal would have to say", table="contacts")
        due += BEAT
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    from bitsheet_tui.cli import main

    threading.Thread(target=_noise, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
