"""Quiet hours: a span of every day, on a clock on the wall, in which nothing starts by itself."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")
DAY = timedelta(days=1)


class QuietHours(Struct, frozen=True):
    """From `begin` to `end`, minutes after midnight, over midnight where `end` is the smaller.

    `zone` is an IANA name; empty: the host's.
    """

    begin: int
    end: int
    zone: str = ""

    def __str__(self) -> str:
        span = f"{self.begin // 60:02}:{self.begin % 60:02}-{self.end // 60:02}:{self.end % 60:02}"
        return f"{span} {self.zone}".rstrip()

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours end that `at` lies in; None: it lies in none."""
        local = self._local(at)
        minutes = local.hour * 60 + local.minute
        inside = self.begin <= minutes < self.end
        if self.begin > self.end:
            inside = minutes >= self.begin or minutes < self.end
        if not inside:
            return None
        day = local.date() + (DAY if minutes >= self.end else timedelta())
        end = datetime.combine(day, time(self.end // 60, self.end % 60))
        return next((moment for fold in (0, 1) if (moment := self._moment(end, fold)) > at), at)

    def awake(self, since: datetime, at: datetime) -> float:
        """How many of the seconds from `since` to `at` lie outside of the quiet hours."""
        total, day = (at - since).total_seconds(), self._local(since).date() - DAY
        last = self._local(at).date()
        while day <= last:
            begin = datetime.combine(day, time(self.begin // 60, self.begin % 60))
            ends = day + DAY if self.begin > self.end else day
            end = datetime.combine(ends, time(self.end // 60, self.end % 60))
            inside = min(self._moment(end, 1), at) - max(self._moment(begin, 0), since)
            total -= max(0.0, inside.total_seconds())
            day += DAY
        return max(0.0, total)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone) if self.zone else None)

    def _moment(self, local: datetime, fold: int) -> datetime:
        zone = ZoneInfo(self.zone) if self.zone else None
        return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def parse(text: str, zone: str = "") -> QuietHours:
    """`23:00-06:00`. Raises ValueError."""
    found = _SPAN.match(text.replace(" ", ""))
    if found is None:
        raise ValueError('must be a span such as "23:00-06:00"')
    first, second, third, fourth = map(int, found.groups())
    begin, end = first * 60 + second, third * 60 + fourth
    if begin == end:
        raise ValueError("must not begin and end at the same time")
    return QuietHours(begin, end, zone)
