"""How long to wait after a failure, together: nobody hammers a portal that is down.

Each request backs off by itself, one second at first and forty at most, by chance. After five failures in a
row, whoever's they were, the circuit is open: every 32 to 40 seconds one request goes out to see, in turn,
and the others wait for it. So ten minutes cost 25 requests at most, and work goes on within a minute after
them. What the portal asks for in `Retry-After` binds everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from bitsheet_tui.portal.limiter import TICK, Clock, Sleep

TRIES = 8
PATIENCE_SECONDS = 600.0
FIRST, LONGEST = 1.0, 40.0  # seconds of back-off
OPENS_AT = 5  # failures in a row
PROBE_SECONDS, PROBE_SPREAD = 32.0, 8.0  # by chance, so that mirrors of one portal do not ask together
LONGEST_ASKED = 3600.0  # seconds of Retry-After that are believed
DOUBT_SECONDS = (2.0, 4.0)
STEP = 1.0  # seconds; an answer to somebody else may end the wait


class Trial(Struct):
    """One request: how often it was sent, and when it is given up."""

    deadline: float
    tries: int = 0
    doubts: int = 0  # answers without a word of the portal

    def doubt(self) -> float | None:
        """Seconds until an answer without a word of the portal is looked at again; None: it is believed."""
        self.doubts += 1
        return DOUBT_SECONDS[self.doubts - 1] if self.doubts <= len(DOUBT_SECONDS) else None


class Circuit:
    """What all requests know together about the portal's health."""

    def __init__(self, *, clock: Clock, sleep: Sleep, chance: Callable[[], float]) -> None:
        self._clock, self._sleep, self._chance = clock, sleep, chance
        self.patience = PATIENCE_SECONDS  # how long one request is tried again
        self._failures = 0
        self._probe_at = 0.0
        self._hold_until = 0.0
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Too many failures in a row: one request now and then."""
        return self._failures >= OPENS_AT

    @property
    def delay(self) -> float:
        """Seconds until somebody may send."""
        return max(0.0, self._hold_until, self._probe_at if self.is_open else 0.0) - self._clock()

    def trial(self) -> Trial:
        """A request begins."""
        return Trial(deadline=self._clock() + self.patience)

    async def enter(self) -> bool:
        """Wait until a request may be sent. True: it is the probe, and must `leave`."""
        await self._until(lambda: self._hold_until - self._clock())
        if not self.is_open:
            return False
        await self._turn.acquire()
        probing = False
        try:
            await self._until(lambda: self.delay)
            probing = self.is_open
        finally:  # a cancelled wait gives its turn away, too
            if not probing:
                self._turn.release()
        return probing

    def leave(self) -> None:
        """The probe is back."""
        self._turn.release()

    def succeeded(self) -> None:
        """The portal answered, whatever it said."""
        self._failures = 0

    def failed(self, trial: Trial, retry_after: float) -> float | None:
        """The portal did not answer `trial`: seconds until its next try, None: it is given up."""
        now = self._clock()
        self._failures += 1
        if self.is_open:
            self._probe_at = now + PROBE_SECONDS + self._chance() * PROBE_SPREAD
        if retry_after > 0:
            self._hold_until = max(self._hold_until, now + min(retry_after, LONGEST_ASKED))
            trial.deadline = max(trial.deadline, self._hold_until + LONGEST)
        delay = self._chance() * min(LONGEST, FIRST * 2 ** (trial.tries - 1))
        delay = max(delay, self.delay)
        return delay if trial.tries < TRIES and now + delay < trial.deadline else None

    async def _until(self, left_over: Callable[[], float]) -> None:
        while (left := left_over()) > 0:
            await self._sleep(max(TICK, min(left, STEP)))


def asked_to_wait(header: str, now: datetime) -> float:
    """Seconds that a `Retry-After` header asks for: a number or a date; nonsense is 0."""
    text = header.strip()
    if not text:
        return 0.0
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few portals say it by a date

    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
