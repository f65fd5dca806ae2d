"""The portal's own clock: the host's, shifted by some hours, or one that moves only when told."""

import time
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct


class Clock(Protocol):
    """Where the portal reads its time."""

    def now(self) -> float:
        """Unix seconds as the portal believes them to be."""


class HostClock(Struct):
    """The host's clock plus `offset`; a portal is rarely exactly right."""

    offset: timedelta = timedelta()

    def now(self) -> float:
        """Unix seconds of the portal."""
        return time.time() + self.offset.total_seconds()


class ManualClock:
    """A clock that stands still until `advance`d."""

    def __init__(self, start: datetime) -> None:
        self._now = start.timestamp()

    def now(self) -> float:
        """Unix seconds of the portal."""
        return self._now

    def advance(self, by: timedelta | float) -> None:
        """Let `by` (seconds, if a number) pass."""
        self._now += by.total_seconds() if isinstance(by, timedelta) else by
