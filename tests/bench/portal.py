"""A demo portal in a process of its own, so that what a client costs is the client's own.

As a script it serves: the first line on stdout is the webhook's address, and every line of JSON on stdin is
answered by one on stdout.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager

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


async def _serve(wanted):
    from bitsheet_tui.portal.demo import DemoPortal
    from bitsheet_tui.portal.demo.settings import Cost, Limits, Settings, Size

    settings = Settings(cost=Cost(**wanted["cost"]), limits=Limits(**wanted["limits"]))
    portal = DemoPortal(size=Size(**wanted["size"]), seed=1, settings=settings)
    sys.stdout.write(await portal.start() + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps(_obey(portal, json.loads(line))) + "\n")
        sys.stdout.flush()


def _obey(portal, command):
    world = portal.world
    match command["do"]:
        case "stats":
            stats = portal.stats
            told = {
                name: getattr(stats, name) for name in ("requests", "refused", "blocked", "rows", "seconds")
            }
            told |= {"commands": sum(stats.commands.values()), "methods": dict(stats.commands)}
            told["most_used"] = portal.operating.most(portal.office.now())
            stats.reset()
            return told
        case "cost":
            from bitsheet_tui.portal.demo.settings import Cost

            portal.office.settings = replace(portal.office.settings, cost=Cost(**command["cost"]))
            return {}
        case "live":  # a deed of somebody in the company
            portal.life.tick()
            return {}
        case "edit":
            ids = world.tables[command["table"]].ids
            for place in range(command["count"]):
                world.edit(command["table"], ids.nth(ids.base - 1 - place))
            return {}
        case "delete":  # evenly strewn
            ids = world.tables[command["table"]].ids
            step = ids.base // (command["count"] + 1)
            for place in range(command["count"]):
                world.delete(command["table"], ids.nth((place + 1) * step))
            return {}
        case "comment":  # the newest tasks have chats
            ids = world.tables["tasks"].ids
            for place in range(command["count"]):
                world.comment(ids.nth(ids.base - 1 - place % command["tasks"]), f"said {place}")
            return {}
    raise ValueError(command)


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
