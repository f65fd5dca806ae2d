"""Freshness: seconds from a change on the portal to its commit in the mirror.

Delays are kept as a sketch: how many rows lie in each bucket, whose bounds grow by a fixed ratio, so that
sketches of several commits add up and a quantile is right within `GROWTH` (the idea of DDSketch, Masson et
al., VLDB 2019). A portal prints whole seconds, so a delay is right within one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil, log

from msgspec import Struct

GROWTH = 1.05
LEAST = 0.05  # seconds; what is below counts as this
HOUR = timedelta(hours=1)
MINUTE = 60.0

Delays = Mapping[int, int]  # bucket -> rows


class Freshness(Struct, frozen=True, kw_only=True):
    """Half of the rows were in the mirror within `p50` seconds, 95 % within `p95`."""

    rows: int
    p50: float
    p95: float


class LastHour(Struct, frozen=True):
    """The delays of the last hour, a sketch a minute: (minutes since 1970, delays), the oldest first."""

    minutes: tuple[tuple[int, dict[int, int]], ...] = ()

    def add(self, at: datetime, delays: Delays) -> "LastHour":
        """With what was committed at `at`, and without what is older than an hour by then."""
        if not delays:
            return self
        minute = int(at.timestamp() // MINUTE)
        kept = [(one, counts) for one, counts in self.minutes if minute - 60 < one]
        if kept and kept[-1][0] == minute:
            kept[-1] = (minute, total((kept[-1][1], delays)))
        else:
            kept.append((minute, dict(delays)))
        return LastHour(tuple(kept))

    def measure(self, at: datetime) -> Freshness | None:
        """The freshness of the hour before `at`; None: nothing changed in it."""
        first = int((at - HOUR).timestamp() // MINUTE)
        return measure(total(counts for minute, counts in self.minutes if minute > first))


NOTHING = LastHour()


def sketch(seconds: Iterable[float]) -> dict[int, int]:
    """The buckets of these delays; one below zero is a clock that is not exact."""
    return dict(Counter(max(0, ceil(log(max(one, LEAST) / LEAST, GROWTH))) for one in seconds))


def total(parts: Iterable[Delays]) -> dict[int, int]:
    """Several sketches as one."""
    found: Counter[int] = Counter()
    for part in parts:
        found.update(part)
    return dict(found)


def measure(delays: Delays) -> Freshness | None:
    """What a sketch says; None: it is empty."""
    rows = sum(delays.values())
    if not rows:
        return None
    return Freshness(rows=rows, p50=_quantile(delays, rows, 0.5), p95=_quantile(delays, rows, 0.95))


def _quantile(delays: Delays, rows: int, share: float) -> float:
    wanted, seen = ceil(share * rows), 0
    for bucket in sorted(delays):
        seen += delays[bucket]
        if seen >= wanted:
            return round(LEAST * GROWTH**bucket, 2)
    raise ValueError("a sketch has fewer rows than it counts")
