"""The clocks of this machine, and how long a method of the portal rests."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from math import inf

from bitsheet_tui.errors import BitsheetError, Resting

NAP = 0.05  # seconds after a rest, so that nobody is a moment too early
TOGETHER = 1.0  # seconds


def elapsed() -> float:
    """Seconds that really passed since some moment in the past, sleep of the machine included."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(boottime) if boottime is not None else time.monotonic()


def wall() -> datetime:
    """The host's clock, which people may set."""
    return datetime.now(UTC)


def rested(errors: Iterable[BitsheetError], now: datetime) -> float:
    """Seconds until the first of the methods that rest may be asked again; infinite where none rests.

    Rests that end within a second end as one: a cycle before the last of them would find it resting.
    """
    ends = [max(0.0, (error.until - now).total_seconds()) for error in errors if isinstance(error, Resting)]
    first = min(ends, default=inf)
    return max((end for end in ends if end <= first + TOGETHER), default=inf) + NAP
