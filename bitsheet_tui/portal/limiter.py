"""How often the portal may be asked: a leaky bucket kept a little under the real one, filled in turn.

The portal counts HTTP requests per address: the bucket leaks 2 a second and holds 50 (Enterprise: 5 and
250); what overflows is refused with 503 QUERY_LIMIT_EXCEEDED. Source: apidocs.bitrix24.com limits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bitsheet_tui.portal.turns import Turns

Clock = Callable[[], float]  # monotonic seconds
Sleep = Callable[[float], Awaitable[None]]

RATE_SHARE, BURST_SHARE = 0.95, 0.96  # of what the portal grants: its clock is not ours
SHRINK, LOWEST = 0.5, 0.1  # after a refusal; of the configured figures
TICK = 0.001  # seconds; a shorter sleep may not move the clock
RECOVERY_SECONDS = 600.0  # from the lowest figures back to the configured ones


class Bucket:
    """The leaky bucket that all requests share. `take` fills it before the request is sent, in turn."""

    def __init__(self, rate: float, burst: float, *, clock: Clock, sleep: Sleep) -> None:
        self._rate = max(rate * RATE_SHARE, 0.01)
        self._burst = max(burst * BURST_SHARE, 1.0)
        self._share = 1.0  # of both; less after the portal refused
        self._level = 0.0
        self._clock, self._sleep = clock, sleep
        self._at = clock()
        self._turns = Turns(1)  # nobody is woken with the herd

    @property
    def level(self) -> float:
        """How full it is now, in requests."""
        self._leak()
        return self._level

    @property
    def delay(self) -> float:
        """Seconds until one more request fits, if nobody stands before it."""
        self._leak()
        room = max(1.0, self._burst * self._share) - 1.0
        return max(0.0, self._level - room) / (self._rate * self._share)

    def lasts(self, requests: float) -> float:
        """Seconds until so many more have been sent, if nobody else asks."""
        room = max(0.0, self._burst * self._share - self.level)
        return max(0.0, requests - room) / (self._rate * self._share)

    async def take(self, *, urgent: bool = True) -> None:
        """Wait for room for one request and use it."""
        async with self._turns.turn(urgent=urgent):
            while (delay := self.delay) > 0:
                await self._sleep(max(delay, TICK))
            self._level += 1.0

    def assume(self, share: float) -> None:
        """Others have filled it to this share of its burst at the least."""
        self._leak()
        self._level = max(self._level, share * self._burst)

    def refused(self) -> None:
        """The portal's bucket was full: so is ours, and both figures were too high."""
        self._leak()
        self._share = max(LOWEST, self._share * SHRINK)
        self._level = self._burst * self._share

    def _leak(self) -> None:
        now = self._clock()
        passed = max(0.0, now - self._at)
        self._at = now
        self._level = max(0.0, self._level - passed * self._rate * self._share)
        self._share = min(1.0, self._share + passed / RECOVERY_SECONDS)
