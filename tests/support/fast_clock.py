"""Time that passes faster than it is, for the client and for whoever waits for it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from bitsheet_tui.portal.client import Portal
from bitsheet_tui.sync import engine as engines
from bitsheet_tui.sync import fills

MINUTE, INTERVAL = 60.0, 300.0


class FastClock:
    """A clock that runs `speed` times as fast, and a sleep that belongs to it."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._began, self._start = time.monotonic(), datetime.now(UTC)

    def clock(self) -> float:
        return (time.monotonic() - self._began) * self.speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.clock())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def __getattr__(self, name: str):
        """Anything else of asyncio: backfills see this object in its place."""
        return getattr(asyncio, name)

    def connect(self, settings):
        """What makes a client that lives in this time."""
        return lambda say: Portal(
            settings.webhook, settings.portal, say=say, clock=self.clock, now=self.now, sleep=self.sleep,
            chance=lambda: 1.0,
        )  # fmt: skip

    def everywhere(self, monkeypatch) -> None:
        """Backfills and the engine live in it, too."""
        monkeypatch.setattr(fills, "asyncio", self)
        monkeypatch.setattr(fills, "now", self.now)
        monkeypatch.setattr(engines, "RETRY_SECONDS", MINUTE / self.speed)
