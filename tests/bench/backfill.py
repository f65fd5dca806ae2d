"""Reading one list from nothing: ours, which stores it, beside clients that only fetch it."""

import json
import sqlite3

from tests.bench.client import configure, folder, ours, run, theirs
from tests.bench.portal import documented, served
from tests.bench.report import show, table

METHOD = "crm.deal.list"
OTHERS = ("fast_bitrix24", "as_list", "as_list_fast")
CHEAP = {}  # pages cost nothing but the demo portal's own work


def documented_costs():
    """10,000 deals, every page and every count slept as long as documented, at the limits of a cloud portal."""
    _compare("10,000 deals at documented costs", 10_000, documented())


def cheap_pages():
    """100,000 deals from a portal whose pages cost next to nothing, at the limits of a cloud portal."""
    _compare("100,000 deals, cheap pages", 100_000, CHEAP)


def growth():
    """10,000, 100,000 and 1,000,000 deals, cheap pages: ours only."""
    lines = []
    for count in (10_000, 100_000, 1_000_000):
        with served({"deals": count}) as portal:
            lines.append(_ours(portal, count))
    table("Growth: deals stored, cheap pages", lines)


def _compare(title, count, cost):
    with served({"deals": count}, cost=cost) as portal:
        lines = [_ours(portal, count), *(_theirs(portal, name, count) for name in OTHERS)]
    table(title, lines, f"ours / fast_bitrix24: {show(lines[0]['rows/s'] / max(1, lines[1]['rows/s']))}x")


def _ours(portal, count):
    with folder() as where:
        path = configure(where, portal.url, tables=["deals"])
        took = run(ours(path, "--once"))
        with sqlite3.connect(where / "mirror.db") as mirror:
            ((rows,),) = mirror.execute("SELECT count(*) FROM deals")
    return _line("bitsheet-tui, stored", took, portal.stats(), rows, count)


def _theirs(portal, name, count):
    took = run(theirs(name, portal.url, METHOD))
    rows = json.loads(took.out)["rows"] if took.code == 0 else 0
    line = _line(name, took, portal.stats(), rows, count)
    if took.code:
        lines = took.err.strip().splitlines()
        line["client"] += f" ({lines[-1][:60] if lines else 'ended by the bench'})"
    return line


def _line(name, took, stats, rows, count):
    return {
        "client": name,
        "seconds": took.seconds,
        "rows/s": rows / took.seconds,
        "requests": stats["requests"],
        "commands": stats["commands"],
        "read in vain": max(0, stats["rows"] - rows),
        "missing": count - rows,
        "503": stats["refused"],
        "429": stats["blocked"],
        "CPU s": took.cpu,
        "peak MB": took.peak,
    }
