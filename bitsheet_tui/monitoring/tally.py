"""What only grows: cycles, rows, requests and how long they took, counted as the engine tells of them.

Counted on the engine's thread and read on the listener's. A reader may miss the newest event; no number ever
becomes less.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from bitsheet_tui import events as e
from bitsheet_tui.errors import (
    BitsheetError,
    Reason,
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreRefused,
)
from bitsheet_tui.freshness import GROWTH, LEAST

CYCLE_BOUNDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)  # seconds
REQUEST_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FRESHNESS_BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
LAG_BOUNDS = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
CHANGES = ("inserted", "updated", "unchanged", "deleted")
STORE_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
LIMITS = ("rate", "operating", "asked")
STORE_REASONS: tuple[tuple[type[BitsheetError], str], ...] = (  # the first that fits
    (StoreLocked, "busy"),
    (StoreFull, "full"),
    (StoreDamaged, "broken"),
    (StoreRefused, "refused"),
    (BitsheetError, "lost"),
)
BATCH = "batch"  # the method by which nearly everything is asked


class Histogram:
    """How many observations were at most each bound, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.sum = 0.0
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """`times` observations of `value`."""
        self._counts[bisect_left(self._bounds, value)] += times
        self.sum += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """For each bound, as text, how many were at most that; the last is all."""
        found, total = list[tuple[str, float]](), 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), tuple(self._counts), strict=True):
            total += count
            found.append((bound, total))
        return found


class Requests:
    """The requests of one method."""

    def __init__(self) -> None:
        self.seconds = Histogram(REQUEST_BOUNDS)
        self.failed = dict.fromkeys(Reason, 0)


class Tally:
    """All counts of one engine.

    `succeeded` is when a full cycle was good last, before this start; `services` are those of the channels.
    """

    def __init__(
        self, tables: Iterable[str], succeeded: datetime | None = None, services: Iterable[str] = ()
    ) -> None:
        names = tuple(tables)
        self.started: datetime | None = None  # the newest cycle
        self.succeeded = succeeded
        self.duration = 0.0  # seconds of the newest full cycle
        self.cycles = self.cycles_failed = self.clock_jumps = self.bytes = 0
        self.cycle_seconds = Histogram(CYCLE_BOUNDS)
        self.freshness = Histogram(FRESHNESS_BOUNDS)
        self.lag = Histogram(LAG_BOUNDS)
        self.rows = Counter({(name, change): 0 for name in names for change in CHANGES})
        self.columns = Counter(dict.fromkeys(names, 0))
        self.requests = {BATCH: Requests()}
        self.transactions = Histogram(STORE_BOUNDS)
        self.transactions_failed = {reason: 0 for _, reason in STORE_REASONS}
        self.retries = dict.fromkeys(Reason, 0)
        self.throttled = dict.fromkeys(LIMITS, 0.0)
        self.notified = Counter({(name, arrived): 0 for name in services for arrived in (True, False)})
        self._rests: dict[str, datetime] = {}  # until when the method of a table is counted as resting

    def tell(self, event: e.Event) -> None:
        """An event of the engine."""
        match event:
            case e.PageStored():
                self._stored(event)
            case e.CycleStarted():
                self.started = event.at
            case e.CycleEnded():
                self._ended(event)
            case e.TableFailed():
                self._failed(event)
            case e.Drifted():
                self.columns[event.table] += len(event.added)
            case e.ClockJumped():
                self.clock_jumps += 1
            case e.Notified():
                self.notified[event.service, event.arrived] += 1

    def _stored(self, event: e.PageStored) -> None:
        same = event.read - event.inserted - event.updated - event.quarantined
        counts = (event.inserted, event.updated, max(0, same), event.deleted)
        for change, count in zip(CHANGES, counts, strict=True):
            self.rows[event.table, change] += count
        for bucket, count in event.delays.items():
            self.freshness.add(LEAST * GROWTH**bucket, count)

    def _ended(self, event: e.CycleEnded) -> None:
        good = event.served and not event.failed
        self.cycles += 1
        self.cycles_failed += not good
        self.cycle_seconds.add(event.seconds)
        if not event.asked:  # what is asked for one table says nothing of the others
            self.duration = event.seconds
            self.succeeded = event.at if good else self.succeeded

    def _failed(self, event: e.TableFailed) -> None:
        """A rest counts once, however often the table is due while it lasts."""
        if event.until:
            since = max(event.at, self._rests.get(event.table, event.at))
            self.throttled["operating"] += max(0.0, (event.until - since).total_seconds())
            self._rests[event.table] = max(event.until, since)

    def written(self, seconds: float, failure: BitsheetError | None) -> None:
        """A transaction of the store."""
        self.transactions.add(seconds)
        if failure:
            self.transactions_failed[
                next(why for kind, why in STORE_REASONS if isinstance(failure, kind))
            ] += 1

    def ended(self, request: e.HttpRequest) -> None:
        """A request to the portal."""
        found = self.requests.get(request.method) or self.requests.setdefault(request.method, Requests())
        found.seconds.add(request.seconds)
        if request.failed:
            found.failed[request.failed] += 1
        if request.again:
            self.retries[request.again] += 1
        self.bytes += request.size
        self.throttled["rate"] += request.room_seconds
        self.throttled["asked"] += request.asked_seconds
