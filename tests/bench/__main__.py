"""`python -m tests.bench [NAME...]`: runs benches, prints tables. No name: all; `-h` tells which there are.

What they need of other people: the extra `dev`. Figures in seconds are the machine's; compare the ratios.
"""

import sys

from tests.bench import (
    backfill,
    cycles,
    export,
    follow,
    keys,
    kills,
    lake,
    notify,
    process,
    rest,
    scrapes,
    store,
)
from tests.bench.report import machine, say

BENCHES = {
    "documented": backfill.documented_costs,
    "cheap": backfill.cheap_pages,
    "growth": backfill.growth,
    "million": backfill.million,
    "predecessor": backfill.predecessor,
    "cycles": cycles.cycles,
    "export": export.exports,
    "freshness": cycles.freshness,
    "reconcile": cycles.reconcile,
    "follow": follow.follow,
    "kills": kills.kills,
    "lake": lake.lake,
    "notify": notify.notify,
    "rest": rest.year,
    "scrapes": scrapes.scrapes,
    "store": store.throughput,
    "start": process.start,
    "headless": process.headless,
    "console": process.console,
    "stop": process.stop,
    "keys": keys.keys,
    "screen": keys.screen,
}


def main(names):
    """Run the named benches in turn."""
    if unknown := [name for name in names if name not in BENCHES]:
        for name, bench in BENCHES.items():
            say(f"{name:16}{bench.__doc__.splitlines()[0]}")
        return int(unknown[0] not in ("-h", "--help"))
    say(f"On {machine()}.")
    for name in names or BENCHES:
        BENCHES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
