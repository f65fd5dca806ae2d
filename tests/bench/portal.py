"""A demo portal in a process of its own, so that what a client costs is the client's own.

As a script it serves: the first line on stdout is the webhook's address, and every line of JSON on stdin is
answered by one on stdout.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec.structs import replace

PAGE = 0.068  # seconds for a page of 50: apidocs.bitrix24.com settings/performance/huge-data.html
COUNTED = 49.9 / 2_390_000  # seconds for each row that is counted for `total`: the same page
CLOUD = {"rate": 2.0, "burst": 50, "operating": 480.0}  # apidocs.bitrix24.com limits


class Served:
    """A portal that runs elsewhere."""

    def __init__(self, process):
        self._process = process
        self.url = process.stdout.readline().strip()

    def tell(self, **command):
        """Send a command and wait for its answer."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stats(self):
        """What was asked since the last time."""
        return self.tell(do="stats")


@contextmanager
def served(size, *, cost=None, limits=CLOUD):
    """A portal with `size` rows per table; those not named have none."""
    wanted = {"size": {"scale": 0.0, **size}, "cost": cost or {}, "limits": limits}
    command = [sys.executable, "-m", "tests.bench.portal", json.dumps(wanted)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process)
        finally:
            process.terminate()
            process.wait()


def documented(*, slept=True, **pages):
    """What the portal's documentation says things take; `pages` for methods with another price."""
    return {"page": PAGE, "counted_row": COUNTED, "slept": slept, "pages": pages}


class Given:
    """Rows by what they were asked for, as far as the names of a batch's commands tell.

    Those of a request that is being answered when its client is killed are told apart.
    """

    def __init__(self):
        self._ended, self._cut = Counter(), Counter()
        self._under_way = []

    def kill(self):
        """The client is dead: what is being answered now, nobody reads."""
        for batch in self._under_way:
            batch["cut"] = True

    def told(self):
        """Rows by purpose since the last time."""
        found = {"answered": dict(self._ended), "cut": dict(self._cut)}
        self._ended, self._cut = Counter(), Counter()
        return found

    def listen(self):
        """Look at every batch from now on."""
        from bitsheet_tui.portal.demo.batches import Batch
        from bitsheet_tui.portal.demo.desk import Desk

        command = ContextVar("command", default=None)
        run, one, count = Batch.all, Batch._one, Desk._count

        async def all_of(batch, commands, *, halt):
            batch.given = {"cut": False, "rows": Counter()}
            self._under_way.append(batch.given)
            try:
                await run(batch, commands, halt=halt)
            finally:
                self._under_way.remove(batch.given)
                (self._cut if batch.given["cut"] else self._ended).update(batch.given["rows"])

        async def one_of(batch, key, text, place):
            command.set((key, batch.given["rows"]))
            await one(batch, key, text, place)

        def counted(desk, name, reply, spent):
            count(desk, name, reply, spent)
            if found := command.get():
                found[1][_purpose(found[0])] += reply.rows

        Batch.all, Batch._one, Desk._count = all_of, one_of, counted


def _purpose(key):
    if re.search(r"_(ids|first|second|after_\w+|since_\w+)$", key):
        return "test"
    if re.match(r"(ahead|chat|forum)", key):
        return "comments"
    if re.match(r"[a-z]+f\d+p\d+$", key):
        return "backfill"
    return "scan" if re.match(r"[a-z]+\d+p\d+$", key) else "other"


async def _serve(wanted):
    from bitsheet_tui.portal.demo import DemoPortal
    from bitsheet_tui.portal.demo.settings import Cost, Limits, Settings, Size

    settings = Settings(cost=Cost(**wanted["cost"]), limits=Limits(**wanted["limits"]))
    portal = DemoPortal(size=Size(**wanted["size"]), seed=1, settings=settings)
    portal.given = Given()
    portal.given.listen()
    sys.stdout.write(await portal.start() + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps(_obey(portal, json.loads(line))) + "\n")
        sys.stdout.flush()


def _obey(portal, command):
    return DEEDS[command.pop("do")](portal, **command) or {}


def _stats(portal):
    stats = portal.stats
    told = {name: getattr(stats, name) for name in ("requests", "refused", "blocked", "rows", "seconds")}
    told |= {"commands": sum(stats.commands.values()), "methods": dict(stats.commands)}
    told |= {"given": portal.given.told(), "most_used": portal.operating.most(portal.office.now())}
    stats.reset()
    return told


def _kill(portal):
    portal.given.kill()


def _cost(portal, cost):
    from bitsheet_tui.portal.demo.settings import Cost

    portal.office.settings = replace(portal.office.settings, cost=Cost(**cost))


def _live(portal):
    """A deed of somebody in the company."""
    portal.life.tick()


def _edit(portal, table, count, place=0, values=None):
    """The newest rows, from `place` on; their ids."""
    ids = portal.world.tables[table].ids
    edited = [ids.nth(ids.base - 1 - one) for one in range(place, place + count)]
    for id_ in edited:
        portal.world.edit(table, id_, **(values or {}))
    return {"ids": edited}


def _delete(portal, table, count):
    """Evenly strewn."""
    ids = portal.world.tables[table].ids
    step = ids.base // (count + 1)
    for place in range(count):
        portal.world.delete(table, ids.nth((place + 1) * step))


def _comment(portal, tasks, count):
    """The newest tasks have chats."""
    ids = portal.world.tables["tasks"].ids
    for place in range(count):
        portal.world.comment(ids.nth(ids.base - 1 - place % tasks), f"said {place}")


DEEDS = {
    "stats": _stats, "kill": _kill, "cost": _cost, "live": _live, "edit": _edit, "delete": _delete,
    "comment": _comment,
}  # fmt: skip


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
