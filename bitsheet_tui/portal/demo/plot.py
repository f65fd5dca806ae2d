"""What goes wrong in the demo, so that there is something to understand and to put right."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bitsheet_tui.portal.demo.faults import Fault, Faults, Kind
from bitsheet_tui.portal.demo.world import World

CLEAN_UP = 20.0  # seconds until somebody throws old leads away
TROUBLE = 40.0  # seconds from then until a right is lost
FORBIDDEN = 120.0  # seconds until it is given back
PEACE = 180.0  # seconds until it is lost again
SHARE = 0.3  # of the leads: so much that a mirror should hold it back
TASKS = "tasks.task.list"


class Plot:
    """Two things happen to every portal sooner or later; here they happen soon."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._refusal = faults.add(Fault(kind=Kind.DENIED, method=TASKS, times=0))

    async def run(self) -> None:
        """Old leads are thrown away once; now and then the webhook's owner may not read tasks for a while."""
        await asyncio.sleep(CLEAN_UP)
        self.clean_up()
        await asyncio.sleep(TROUBLE)
        while True:
            with self.forbidden():
                await asyncio.sleep(FORBIDDEN)
            await asyncio.sleep(PEACE)

    def clean_up(self) -> None:
        """Somebody deletes the oldest leads, many at once."""
        with self._world.lock:
            ids = self._world.tables["leads"].ids
            for _ in range(int(ids.count(1, ids.last) * SHARE)):
                oldest = ids.at(1, ids.last, 0, descending=False)
                if oldest is not None:
                    self._world.delete("leads", oldest)

    @contextmanager
    def forbidden(self) -> Iterator[None]:
        """The webhook's owner may not read tasks meanwhile."""
        self._refusal.times = 1_000_000
        try:
            yield
        finally:
            self._refusal.times = 0
