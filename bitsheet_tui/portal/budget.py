"""How much time each method has used on the portal, and when one must rest.

The portal allows a method 480 seconds (420 where it is self-hosted) of its own time in ten minutes, per
webhook. It prints the sum used so far as `operating`, and as `operating_reset_at` the moment when the
oldest minute of it is forgotten. Over the budget the method answers 429 OPERATION_TIME_LIMIT.
Sources: apidocs.bitrix24.com limits; `modules/rest/lib/engine/access/loadlimiter.php`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from bitsheet_tui.events import Operating
from bitsheet_tui.portal.answer import Timing
from bitsheet_tui.portal.limiter import Clock

BUDGET = 480.0  # seconds
WINDOW = 600.0  # seconds in which the budget counts
SHARE = 0.9  # of the budget that a backfill may use; the rest is for what is new
LEAST = 60.0  # no budget is believed to be smaller
FRESH = 60.0  # a figure older than this says nothing about why we were refused
REST_SECONDS = 60.0  # when nobody said how long
GUESS_SECONDS = 0.5  # of a command never seen
RISE, FALL = 0.5, 0.1  # weight of a slower and of a faster command in the average


class Account(Struct):
    """What is known of one method; moments are on our monotonic clock."""

    used: float = 0.0
    budget: float = BUDGET
    seen: float = 0.0
    reset: float | None = None
    rests_until: float | None = None
    promised: float = 0.0  # what the commands on their way will take, as far as one can tell
    seconds: float = GUESS_SECONDS
    timed: bool = False


class Budgets:
    """The accounts of all methods."""

    def __init__(self, *, clock: Clock, now: Callable[[], datetime]) -> None:
        self._clock, self._now = clock, now
        self._accounts: dict[str, Account] = {}
        self._outer = 0.0

    def charge(self, method: str, timing: Timing) -> None:
        """Note what an answer says. `operating` is the sum so far: it replaces, it is not added."""
        if timing.operating is not None:
            self._note(method, timing.operating, timing, timing.finished)

    def charge_batch(self, outer: Timing, inner: Iterable[tuple[str, Timing]]) -> None:
        """Note what a batch says, of itself and of each command.

        Some builds charge the batch and leave its commands at 0: then what moved is charged to every
        method in it. Source: github.com/bitrix24/b24jssdk pull 539.
        """
        items = list(inner)
        moved = outer.operating is not None and outer.operating > self._outer
        if moved and outer.operating and not any(timing.operating for _, timing in items):
            for method in {method for method, _ in items}:
                self._note(method, outer.operating, outer, outer.finished)
        else:
            for method, timing in items:
                if timing.operating is not None:
                    self._note(method, timing.operating, timing, outer.finished)
        self._outer = outer.operating or 0.0

    def time(self, method: str, most: float, least: float | None = None) -> None:
        """Note how long a command with rows took: `most` seconds, or something from `least` to that.

        Slower ones count at once, faster ones by and by; what agrees with the average changes nothing.
        """
        account = self._account(method)
        least = most if least is None else least
        if not account.timed:
            account.seconds = (least + most) / 2
            account.timed = least == most
            return
        seconds = min(max(account.seconds, least), most)
        account.seconds += (RISE if seconds > account.seconds else FALL) * (seconds - account.seconds)

    @contextmanager
    def promising(self, methods: Iterable[str]) -> Iterator[None]:
        """While it lasts, a command of each of these (one may be there often) is on its way."""
        promises = {method: number * self.seconds(method) for method, number in Counter(methods).items()}
        for method, seconds in promises.items():
            self._account(method).promised += seconds
        try:
            yield
        finally:
            for method, seconds in promises.items():
                self._account(method).promised -= seconds

    def exhausted(self, method: str) -> datetime:
        """The portal refused `method` for its budget: it rests until the returned moment."""
        account, now = self._account(method), self._clock()
        if account.used and now - account.seen <= FRESH:
            account.budget = max(LEAST, min(account.budget, account.used))
        account.used, account.seen = max(account.used, account.budget), now
        until = account.reset if account.reset is not None and account.reset > now else now + REST_SECONDS
        account.reset = account.rests_until = until
        return self._wall(until)

    def resting(self, method: str) -> datetime | None:
        """Until when `method` must not be asked; None: it may be."""
        until = self._rests_until(method)
        return self._wall(until) if until is not None else None

    def affords(self, method: str) -> bool:
        """Whether there is budget left for what can wait."""
        return self._rests_until(method) is None and self.room(method) > 0

    def room(self, method: str) -> float:
        """Seconds that what can wait may still use, once everything on its way is answered."""
        account = self._accounts.get(method)
        if account is None:
            return SHARE * BUDGET
        return max(0.0, SHARE * account.budget - self._used(account) - account.promised)

    def opens(self, method: str) -> datetime | None:
        """When there will be room again, with nothing on its way; None: there is."""
        if until := self.resting(method):
            return until
        account = self._accounts.get(method)
        limit = SHARE * account.budget if account else 0.0
        if account is None or self._used(account) < limit:
            return None
        return self._wall(self._forgets(account) + WINDOW * (1.0 - limit / account.used))

    def lasts(self, method: str, seconds: float, abreast: int) -> float:
        """How long `seconds` of a method's time take at the least, `abreast` requests at once.

        Beyond what is left of the budget it waits until the portal begins to forget, and in the long run
        goes on at the pace at which it forgets.
        """
        account, now = self._account(method), self._clock()
        share = SHARE * account.budget
        left = max(0.0, share - self._used(account))
        if seconds <= left:
            return seconds / abreast
        forgets = WINDOW if account.reset is None else max(0.0, account.reset - now)
        return left / abreast + max(forgets, (seconds - left) * WINDOW / share)

    def seconds(self, method: str) -> float:
        """How long a command of `method` takes on the portal."""
        account = self._accounts.get(method)
        return account.seconds if account else GUESS_SECONDS

    def told(self, method: str) -> float | None:
        """The last figure that the portal gave; None: it gave none."""
        account = self._accounts.get(method)
        return account.used if account and account.seen else None

    def granted(self, method: str) -> float:
        """Seconds that the portal grants `method` in a window."""
        account = self._accounts.get(method)
        return account.budget if account else BUDGET

    def seen(self) -> tuple[Operating, ...]:
        """The accounts that were ever charged, for people."""
        return tuple(
            Operating(
                method=method,
                used=self._used(account),
                budget=account.budget,
                until=self.resting(method),
                reset=self._wall(account.reset) if account.reset else None,
            )
            for method, account in sorted(self._accounts.items())
            if account.used or account.rests_until is not None
        )

    def _account(self, method: str) -> Account:
        return self._accounts.setdefault(method, Account())

    def _note(self, method: str, used: float, timing: Timing, finished: datetime) -> None:
        """`finished`: when the portal sent its answer, which is now; a batch goes on after a command."""
        account, now = self._account(method), self._clock()
        account.used, account.seen = used, now
        if timing.reset_at is not None:
            # both moments are on the portal's clock, so its error falls out
            ahead = (timing.reset_at - finished).total_seconds()
            account.reset = now + min(max(ahead, 0.0), WINDOW)

    def _used(self, account: Account) -> float:
        """The last figure; from the moment the portal begins to forget, it fades over the window."""
        faded = max(0.0, self._clock() - self._forgets(account)) / WINDOW
        return account.used * max(0.0, 1.0 - faded)

    def _forgets(self, account: Account) -> float:
        return account.reset if account.reset is not None else account.seen

    def _rests_until(self, method: str) -> float | None:
        account = self._accounts.get(method)
        if account is None or account.rests_until is None or account.rests_until <= self._clock():
            return None
        return account.rests_until

    def _wall(self, moment: float) -> datetime:
        return self._now() + timedelta(seconds=moment - self._clock())
