"""APScheduler with one job for each rhythm; it says when, and `rhythm.py` whether there is anything to do.

What counts cycles, and has no times of its own, comes with them: it is `riding`.

Two clocks count. Cycles and what is done so often follow the time that really passed, suspension included
(`clock.elapsed`): nobody who sets the host's clock delays or hastens them. What `[schedule]` names follows
the clock on the wall, with its changes of season. The scheduler thinks in wall-clock time and sleeps on a
timer that stands still while the machine is suspended, so once a second both clocks are looked at, and its
jobs are booked anew when one has gone astray. A job that is late runs once, however often it was missed.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from bitsheet_tui.cron import Cron
from bitsheet_tui.lean import without_extras
from bitsheet_tui.sync import clock

with without_extras():
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from apscheduler.triggers.base import BaseTrigger

ASTRAY = 1.5  # seconds between the two clocks that are taken for a jump
TICK = 1.0
LEAST = 1.0  # seconds until a job that nobody could attend to comes again
MANY = 1_000_000  # runs that wait for a busy loop: the scheduler is not to drop one of them with a warning


class Schedule:
    """Calls `fire` with the name of a rhythm whenever its time has come, on the running loop."""

    def __init__(
        self,
        fire: Callable[[str], None],
        jumped: Callable[[float], None],
        *,
        crons: Mapping[str, Any],
        periods: Mapping[str, float],
        riding: Mapping[str, Collection[str]] = MappingProxyType({}),
        elapsed: Callable[[], float] | None = None,
        wall: Callable[[], datetime] = clock.wall,
    ) -> None:
        self._fire, self._jumped = fire, jumped
        self._crons, self._periods, self._riding = crons, periods, riding
        self._elapsed, self._wall = elapsed or clock.elapsed, wall
        self._difference = self._drift()
        self._every: dict[str, Every] = {}
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC)
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()
        for name, trigger in self._crons.items():
            self._add(name, trigger)
        for name, seconds in self._periods.items():
            self.every(name, seconds, after=seconds)
        self._ticking = asyncio.get_running_loop().create_task(self._tick_forever())

    def stop(self) -> None:
        """Cancel what was agreed."""
        if self._ticking:
            self._ticking.cancel()
        self._scheduler.shutdown(wait=False)

    def every(self, name: str, seconds: float, *, after: float) -> datetime:
        """Let a rhythm come in `after` seconds, and then every `seconds`; the moment on the wall clock.

        Replaces what was agreed.
        """
        for rider in self._riding.get(name, ()):
            self.every(rider, seconds, after=after)
        self._every[name] = Every(seconds, self._elapsed() + max(0.0, after), self._elapsed)
        self._add(name, self._every[name])
        return self._wall() + timedelta(seconds=max(0.0, after))

    def cancel(self, name: str) -> None:
        """Let a rhythm not come until it is agreed on anew."""
        for rider in self._riding.get(name, ()):
            self.cancel(rider)
        if self._every.pop(name, None) and self._scheduler.get_job(name):
            self._scheduler.remove_job(name)

    def _add(self, name: str, trigger: Any) -> None:
        self._scheduler.add_job(
            self._due, trigger, args=(name, self._every.get(name)), id=name, replace_existing=True,
            misfire_grace_time=None, coalesce=True, max_instances=MANY,
        )  # fmt: skip

    async def _due(self, name: str, every: "Every | None") -> None:
        if every is self._every.get(name):  # what was replaced may still come when the loop was busy
            self._fire(name)

    def _drift(self) -> float:
        return self._wall().timestamp() - self._elapsed()

    def tick(self) -> None:
        """Look at both clocks; book what goes by passed time anew when the wall clock has jumped."""
        difference = self._drift()
        jump = difference - self._difference
        if abs(jump) > ASTRAY:
            self._difference = difference
            self._jumped(jump)
            for name, every in self._every.items():
                self._add(name, every)
            self._scheduler.wakeup()
        elif self._overslept():
            self._scheduler.wakeup()  # the machine was suspended, and both clocks went on without us

    def _overslept(self) -> bool:
        late = self._wall() - timedelta(seconds=ASTRAY)
        return any(job.next_run_time and job.next_run_time < late for job in self._scheduler.get_jobs())

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.tick()


class Every(BaseTrigger):  # type: ignore[misc]
    """In so many seconds of time that really passes, and then again and again."""

    def __init__(self, seconds: float, due: float, elapsed: Callable[[], float]) -> None:
        self._seconds, self._at, self._elapsed = seconds, due, elapsed

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """APScheduler asks with `previous` once it has come."""
        passed = self._elapsed()
        if previous is not None and self._at <= passed + ASTRAY:
            self._at = passed + max(LEAST, self._seconds)
        return now + timedelta(seconds=max(0.0, self._at - passed))


class Crontab(BaseTrigger):  # type: ignore[misc]
    """As crontab has it, where clocks change included.

    What names its hours runs once in a night in which an hour comes twice, and at once when its hour is left
    out; what runs in every hour goes on evenly, as in cron(8).
    """

    def __init__(self, cron: Cron, zone: str) -> None:
        with without_extras():
            from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - few need it

        self._zone = _zone(zone)
        self._once = cron.hours is not None
        times = {
            "minute": _list(cron.minutes), "hour": _list(cron.hours), "month": _list(cron.months),
            "timezone": self._zone,
        }  # fmt: skip
        days, weekdays = {"day": _list(cron.days)}, {"day_of_week": _list(cron.weekdays)}
        either = cron.days is not None and cron.weekdays is not None
        self._parts = [
            CronTrigger(**times, **some) for some in ((days, weekdays) if either else (days | weekdays,))
        ]

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The first moment after `previous`, or from `now` on."""
        start = now if previous is None else max(previous + timedelta(microseconds=1), now)
        while True:
            found = [part.get_next_fire_time(None, start) for part in self._parts]
            at = min((one.astimezone(UTC) for one in found if one), default=None)
            if at is None or not (self._once and at.astimezone(self._zone).fold):
                return at
            start = at + timedelta(microseconds=1)

    def following(self, at: datetime) -> datetime | None:
        """The first moment after `at`."""
        return self.get_next_fire_time(None, at + timedelta(microseconds=1))


def _list(numbers: tuple[int, ...] | tuple[str, ...] | None) -> str:
    return "*" if numbers is None else ",".join(map(str, numbers))


def _zone(name: str) -> tzinfo:
    if name:
        return ZoneInfo(name)
    from tzlocal import get_localzone  # noqa: PLC0415 - only where something goes by the host's clock

    return get_localzone()
