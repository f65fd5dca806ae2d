"""Time that passes only when somebody sleeps."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A clock, a calendar and a sleep that agree; `run` lets the hours pass while a coroutine runs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.naps: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self._count += 1
        waker = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, self._count, waker))
        await waker

    async def run(self, coroutine, *, until: float = float("inf")):
        """The outcome of `coroutine`, as soon as it has one; time jumps whenever everybody sleeps."""
        task = asyncio.ensure_future(coroutine)
        while not task.done():
            for _ in range(30):
                await asyncio.sleep(0)
            if task.done():
                break
            if not self._sleepers:
                await asyncio.sleep(0.001)  # bytes are on their way
                continue
            at, _, waker = heapq.heappop(self._sleepers)
            if at > until:
                task.cancel()
                break
            self.seconds = max(self.seconds, at)
            if not waker.done():
                waker.set_result(None)
        return await task
