"""Reading one list from nothing: ours, which stores it, beside clients that only fetch it."""

import json
import sqlite3

from tests.bench.client import configure, folder, ours, run, theirs
from tests.bench.portal import documented, served
from tests.bench.report import show, table

METHOD = "crm.deal.list"
OTHERS = ("fast_bitrix24", "as_list", "as_list_fast")
PREDECESSOR = {
    "scale": 0.0, "leads": 9_289, "contacts": 30_962, "companies": 58, "deals": 30_355, "activities": 205_435,
    "tasks": 60_793, "users": 51, "departments": 14,
}  # fmt: skip
COMMENT_METHODS = ("im.dialog.messages.get", "task.commentitem.getlist")
DISCUSSION = 0.01  # seconds
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
            lines.append(_ours(portal, count, limit=1200))
    table("Growth: deals stored, cheap pages", lines)


def million():
    """1,000,000 deals, cheap pages: ours and as_list_fast; fast_bitrix24 would need some 10 GB."""
    count = 1_000_000
    with served({"deals": count}) as portal:
        lines = [_ours(portal, count, limit=1200), _theirs(portal, "as_list_fast", count, limit=1200)]
    table("1,000,000 deals, cheap pages", lines)


def predecessor():
    """The portal that this product grew from, cold: some 500,000 rows of nine tables at documented costs.

    What a discussion of a few messages costs is documented nowhere. As much as a page of a list would be more
    than the portal grants: 1,750 s, where it gives a method 480 s in ten minutes.
    """
    cost = documented(**dict.fromkeys(COMMENT_METHODS, DISCUSSION))
    with served(PREDECESSOR, cost=cost) as portal, folder() as where:
        took = run(ours(configure(where, portal.url), "--once"), limit=1800)
        stats = portal.stats()
        with sqlite3.connect(where / "mirror.db") as mirror:
            counts = {
                name: mirror.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in (*PREDECESSOR, "task_comments")
                if name != "scale"
            }
            sources = mirror.execute("SELECT count(chat_id), count(forum_topic_id) FROM bitsheet_discussions")
            chats, forums = sources.fetchone()
    line = _line("bitsheet-tui, stored", took, stats, sum(counts.values()), sum(counts.values()))
    del line["missing"], line["read in vain"]
    table("The predecessor's portal at documented costs", [line], f"minutes: {show(took.seconds / 60)}")
    asked = [stats["methods"].get(method, 0) for method in COMMENT_METHODS]
    table(
        "Its discussions",
        [
            {"where": "chats", "tasks that have one": chats, "commands": asked[0]},
            {"where": "forum topics", "tasks that have one": forums, "commands": asked[1]},
            {"where": "both", "tasks that have one": chats + forums, "commands": sum(asked)},
        ],
        f"fifty commands to a request: {-(-sum(asked) // 50):,} requests, and no task without either costs any",
    )
    table("Its rows", [{"table": name, "rows": rows} for name, rows in counts.items()])


def _compare(title, count, cost):
    with served({"deals": count}, cost=cost) as portal:
        lines = [_ours(portal, count), *(_theirs(portal, name, count) for name in OTHERS)]
    table(title, lines, f"ours / fast_bitrix24: {show(lines[0]['rows/s'] / max(1, lines[1]['rows/s']))}x")


def _ours(portal, count, limit=280.0):
    with folder() as where:
        path = configure(where, portal.url, tables=["deals"])
        took = run(ours(path, "--once"), limit=limit)
        with sqlite3.connect(where / "mirror.db") as mirror:
            ((rows,),) = mirror.execute("SELECT count(*) FROM deals")
    return _line("bitsheet-tui, stored", took, portal.stats(), rows, count)


def _theirs(portal, name, count, limit=280.0):
    took = run(theirs(name, portal.url, METHOD), limit=limit)
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
