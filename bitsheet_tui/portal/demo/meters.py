"""The portal's limits at work: a leaking bucket of requests, and the seconds each method has used.

`apidocs.bitrix24.com limits`, `modules/rest/lib/engine/access/loadlimiter.php`.
"""

from collections import defaultdict

from bitsheet_tui.portal.demo.settings import Limits

MINUTE = 60
BUCKETS = 10
NOTICED = 0.1  # a hit that spends no more than this on a method is not recorded


class Bucket:
    """Requests drip out at `rate`; a request that no longer fits is refused."""

    def __init__(self, limits: Limits) -> None:
        self._rate = limits.rate
        self._burst = limits.burst
        self._level = 0.0
        self._seen: float | None = None

    def admits(self, now: float) -> bool:
        """Whether a request may pass; if so it is in the bucket."""
        if self._rate is None:
            return True
        if self._seen is not None:
            self._level = max(0.0, self._level - (now - self._seen) * self._rate)
        self._seen = now
        if self._level + 1 > self._burst:
            return False
        self._level += 1
        return True


class Operating:
    """Seconds per method in ten buckets of one minute."""

    def __init__(self, limits: Limits) -> None:
        self.limit = limits.operating
        self._spent: dict[str, dict[int, float]] = defaultdict(dict)
        self._begun: dict[tuple[str, int], float] = {}  # when a bucket was first used

    def used(self, method: str, now: float) -> float:
        """Seconds recorded in the last ten minutes."""
        buckets = self._spent[method]
        for minute in [minute for minute in buckets if self._begun[method, minute] + self._window <= now]:
            del buckets[minute], self._begun[method, minute]
        return sum(buckets.values())

    def most(self, now: float) -> tuple[str, float]:
        """The method that has used most of the last ten minutes, and how much; before any, none."""
        used = ((self.used(method, now), method) for method in tuple(self._spent))
        seconds, method = max(used, default=(0.0, ""))
        return method, seconds

    def blocked(self, method: str, now: float) -> bool:
        """Whether a method has used more than it may."""
        return self.limit is not None and self.used(method, now) > self.limit

    def record(self, method: str, seconds: float, now: float) -> None:
        """Charge what one hit spent on a method, if it is worth noticing."""
        if seconds > NOTICED:
            minute = int(now) // MINUTE
            self._spent[method][minute] = self._spent[method].get(minute, 0.0) + seconds
            self._begun.setdefault((method, minute), now)

    def resets_at(self, method: str, now: float) -> int:
        """When the oldest bucket drops."""
        begun = [self._begun[method, minute] for minute in self._spent[method]]
        return int(min(begun, default=now) + self._window)

    @property
    def _window(self) -> int:
        return MINUTE * BUCKETS
