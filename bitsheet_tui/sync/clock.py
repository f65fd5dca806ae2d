"""When the next cycle starts: APScheduler keeps the appointment, this keeps APScheduler honest.

The scheduler thinks in wall-clock time, and a wall clock may be set, or stand still while the machine sleeps.
What counts here is time that really passed, suspension included (CLOCK_BOOTTIME where there is one): once a
second the appointment is compared with it and made anew when the wall clock has gone astray.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from bitsheet_tui.errors import BitsheetError, Resting
from bitsheet_tui.lean import without_extras

ASTRAY = 1.5  # seconds between the two clocks that are taken for a jump
TICK = 1.0
NAP = 0.05  # seconds after a rest, so that nobody is a moment too early
TOGETHER = 1.0  # seconds
MANY = 1_000_000  # runs that wait for a busy loop: the scheduler is not to drop one of them with a warning


def elapsed() -> float:
    """Seconds that really passed since some moment in the past, sleep of the machine included."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(boottime) if boottime is not None else time.monotonic()


def wall() -> datetime:
    """The host's clock, which people may set."""
    return datetime.now(UTC)


class Appointment:
    """Runs one coroutine function at set times on the running loop, once for each appointment."""

    def __init__(
        self,
        run: Callable[[], Awaitable[None]],
        jumped: Callable[[float], None],
        *,
        elapsed: Callable[[], float] = elapsed,
        wall: Callable[[], datetime] = wall,
    ) -> None:
        with without_extras():
            from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - nobody else needs it
            from apscheduler.triggers.date import DateTrigger  # noqa: PLC0415

        self._run = run
        self._jumped = jumped
        self._elapsed = elapsed
        self._wall = wall
        self._due: float | None = None  # in elapsed()
        self._difference = self._drift()
        self._at = DateTrigger
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC)
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()
        self._ticking = asyncio.get_running_loop().create_task(self._tick_forever())

    def stop(self) -> None:
        """Cancel what was agreed."""
        if self._ticking:
            self._ticking.cancel()
        self._scheduler.shutdown(wait=False)

    def set(self, seconds: float) -> datetime:
        """Run in `seconds` from now; replaces what was agreed. Returns the moment on the wall clock."""
        self._due = self._elapsed() + max(0.0, seconds)
        return self._book()

    def cancel(self) -> None:
        """Agree on nothing."""
        self._due = None
        if self._scheduler.get_job("cycle"):
            self._scheduler.remove_job("cycle")

    def _book(self) -> datetime:
        left = max(0.0, (self._due or 0.0) - self._elapsed())
        at = self._wall() + timedelta(seconds=left)
        self._scheduler.add_job(
            self._keep, self._at(at, UTC), args=(self._due,), id="cycle", replace_existing=True,
            misfire_grace_time=None, coalesce=True, max_instances=MANY,
        )  # fmt: skip
        return at

    async def _keep(self, due: float) -> None:
        if due == self._due:  # what was replaced, or is kept already, may still come when the loop was busy
            self._due = None
            await self._run()

    def _drift(self) -> float:
        return self._wall().timestamp() - self._elapsed()

    def tick(self) -> None:
        """Look at both clocks; make the appointment anew when the wall clock has jumped."""
        difference = self._drift()
        jump = difference - self._difference
        if abs(jump) > ASTRAY:
            self._difference = difference
            self._jumped(jump)
            if self._due is not None:
                self._book()
        elif self._due is not None and self._elapsed() - self._due > ASTRAY:
            self._book()  # overslept: the machine was suspended and both clocks went on without us

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.tick()


def rested(errors: Iterable[BitsheetError], now: datetime) -> float:
    """Seconds until the first of the methods that rest may be asked again; infinite where none rests.

    Rests that end within a second end as one: a cycle before the last of them would find it resting.
    """
    ends = [max(0.0, (error.until - now).total_seconds()) for error in errors if isinstance(error, Resting)]
    first = min(ends, default=inf)
    return max((end for end in ends if end <= first + TOGETHER), default=inf) + NAP
