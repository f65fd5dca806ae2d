"""The metrics: their names, their meaning, and where each comes from. prometheus-client writes them.

Gauges follow from the picture of the engine, counters from the tally. No label has a value that the portal
or a person chose: tables are those of the catalogue, methods those of the REST interface.
"""

import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from bitsheet_tui import __version__
from bitsheet_tui.alert import Kind
from bitsheet_tui.events import StoreTrouble
from bitsheet_tui.monitoring.health import quiet_seconds, stale_after, table_stale_after
from bitsheet_tui.monitoring.tally import Histogram, Tally
from bitsheet_tui.portal.budget import BUDGET
from bitsheet_tui.state import EngineState, Phase, TableState, judge
from bitsheet_tui.tables import CATALOGUE, Paging

COMPARED_AS_READ = frozenset(table.name for table in CATALOGUE if table.paging is not Paging.KEYSET)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STATES: Mapping[Phase, str] = {
    Phase.STARTING: "running",
    Phase.CURRENT: "idle",
    Phase.SYNCING: "running",
    Phase.FILLING: "running",
    Phase.PAUSED: "paused",
    Phase.WAITING: "waiting",
    Phase.NEEDS_YOU: "needs_operator",
    Phase.STOPPING: "running",
    Phase.STOPPED: "idle",
}


class Watched(Struct, frozen=True, kw_only=True):
    """What is measured. `file` is the SQLite file; none: a database on a server."""

    state: Callable[[], EngineState]
    tally: Tally
    levels: Mapping[str, int]  # lines of the log
    file: Path | None
    sessions: Callable[[], int] = lambda: 1  # of the store, that were opened
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Exposition(Collector):
    """Prometheus' text, or OpenMetrics, of what is watched."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def form(self, accept: str) -> tuple[str, Callable[[], bytes]]:
        """The media type of the first of the two formats that is accepted, and what writes it."""
        encode, media = choose_encoder(accept)
        return media, lambda: encode(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Every metric; for the registry."""
        watched = self._watched
        state, now = watched.state(), watched.now()
        yield from _engine(state, watched, now)
        yield from _tables(state, watched.tally, now)
        yield from _portal(state, watched.tally)
        yield from _store(state, watched)
        yield from _rest(state, watched)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"bitsheet_{name}", text, value=value)


def _gauges(name: str, text: str, label: str, values: Iterable[tuple[str, float | None]]) -> Metric:
    """One with a label; what nobody knows has no series."""
    family = GaugeMetricFamily(f"bitsheet_{name}", text, labels=[label])
    for of, value in values:
        if value is not None:
            family.add_metric([of], value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"bitsheet_{name}", text, value=value)


def _counters(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(f"bitsheet_{name}", text, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _histogram(name: str, text: str, found: Histogram) -> Metric:
    return HistogramMetricFamily(f"bitsheet_{name}", text, buckets=found.buckets(), sum_value=found.sum)


def _at(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _engine(state: EngineState, watched: Watched, now: datetime) -> Iterator[Metric]:
    tally = watched.tally
    facts = {
        "version": __version__, "python": platform.python_version(),
        "store": "sqlite" if watched.file else "postgresql",
    }  # fmt: skip
    build = GaugeMetricFamily("bitsheet_build_info", "What runs.", labels=list(facts))
    build.add_metric(list(facts.values()), 1)
    yield build
    is_ = STATES[judge(state, now).phase]
    states = [(name, float(name == is_)) for name in dict.fromkeys(STATES.values())]
    yield _gauges("engine_state", "What the engine is doing: one of them is 1.", "state", states)
    yield _counter("cycles", "Cycles that ended.", tally.cycles)
    yield _counter("cycle_failures", "Cycles in which a table failed.", tally.cycles_failed)
    yield _histogram("cycle_duration_seconds", "How long cycles took.", tally.cycle_seconds)
    good = tally.succeeded
    yield _gauge(
        "cycle_last_start_timestamp_seconds", "When the newest cycle started.", _at(tally.started) or 0
    )
    yield _gauge("cycle_last_success_timestamp_seconds", "When a full cycle was good last.", _at(good) or 0)
    yield _gauge(
        "cycle_quiet_seconds", "Quiet hours since then, which ages leave out.",
        quiet_seconds(state, good, now) if good else 0,
    )  # fmt: skip
    yield _gauge("cycle_interval_seconds", "Between the starts of cycles.", state.interval)
    yield _gauge(
        "cycle_stale_after_seconds", "The age of a good cycle from which the mirror is stale.",
        stale_after(state, tally),
    )  # fmt: skip


def _tables(state: EngineState, tally: Tally, now: datetime) -> Iterator[Metric]:
    tables = state.tables

    def of(name: str, text: str, value: Callable[[TableState], float | None]) -> Metric:
        return _gauges(f"table_{name}", text, "table", ((key, value(one)) for key, one in tables.items()))

    yield of("last_success_timestamp_seconds", "When it was read to its end.", lambda t: _at(t.synced_at))
    yield of(
        "quiet_seconds", "Quiet hours since then, which ages leave out.",
        lambda t: quiet_seconds(state, t.synced_at, now) if t.synced_at else None,
    )  # fmt: skip
    yield of("stale_after_seconds", "The age from which it is stale.", table_stale_after)
    yield of(
        "watermark_timestamp_seconds", "Up to when it is read, by the portal.", lambda t: _at(t.watermark)
    )
    yield of("compared_timestamp_seconds", "When its deletions were looked for.", _compared)
    yield of("rows", "Rows in the mirror that are on the portal.", lambda t: t.rows)
    yield of("tombstones", "Rows in the mirror that are deleted.", lambda t: t.deleted)
    yield of("quarantined_rows", "Rows that cannot be stored.", lambda t: t.quarantined)
    yield of("backfill_ratio", "How much of it was read at least once.", _filled)
    held = ((name, one.held) for name, one in tables.items())
    yield _gauges("deletions_held", "Rows that seem gone, and wait to be confirmed.", "table", held)
    yield _counters("rows_stored", "Rows that were read.", ("table", "change"), tuple(tally.rows.items()))
    added = (((name,), count) for name, count in tuple(tally.columns.items()))
    yield _counters("columns_added", "Columns for new fields.", ("table",), added)
    yield _histogram("freshness_seconds", "From a change on the portal to its commit.", tally.freshness)


def _compared(table: TableState) -> float | None:
    """A table that is read whole, and comments, are compared whenever they are read."""
    return _at(table.synced_at if table.name in COMPARED_AS_READ else table.compared_at)


def _filled(table: TableState) -> float | None:
    if table.fill:
        return table.fill.share
    return float(table.synced_at is not None)


def _portal(state: EngineState, tally: Tally) -> Iterator[Metric]:
    methods = tuple(tally.requests.items())
    counts = (((name,), found.seconds.buckets()[-1][1]) for name, found in methods)
    yield _counters("portal_requests", "HTTP requests to the portal.", ("method",), counts)
    failed = (
        ((name, str(reason)), count) for name, found in methods for reason, count in found.failed.items()
    )
    yield _counters("portal_request_failures", "Those without a usable answer.", ("method", "reason"), failed)
    took = HistogramMetricFamily(
        "bitsheet_portal_request_duration_seconds", "How long the portal took to answer.", labels=["method"]
    )
    for name, found in methods:
        took.add_metric([name], found.seconds.buckets(), found.seconds.sum)
    yield took
    yield _counter("portal_response_bytes", "Bytes of answers, unpacked.", tally.bytes)
    again = (((str(reason),), count) for reason, count in tally.retries.items())
    yield _counters("portal_retries", "Requests sent once more.", ("reason",), again)
    waited = (((limit,), seconds) for limit, seconds in tally.throttled.items())
    yield _counters("portal_throttled_seconds", "Time spent waiting for a limit.", ("limit",), waited)
    seen = state.seen
    used = {table.method: 0.0 for table in CATALOGUE if table.name in state.tables}
    granted = dict.fromkeys(used, BUDGET)
    for one in seen.operating if seen else ():
        used[one.method], granted[one.method] = one.used, one.budget
    yield _gauges("portal_operating_seconds", "Used of the time in ten minutes.", "method", used.items())
    yield _gauges("portal_operating_limit_seconds", "Granted of it.", "method", granted.items())
    offset = seen.clock_offset if seen else 0.0
    yield _gauge("portal_clock_offset_seconds", "The portal's clock minus this host's.", offset)


def _store(state: EngineState, watched: Watched) -> Iterator[Metric]:
    tally, file = watched.tally, watched.file
    yield _counter("store_transactions", "Transactions that ended.", tally.transactions.buckets()[-1][1])
    failed = (((why,), count) for why, count in tally.transactions_failed.items())
    yield _counters("store_transaction_failures", "Those that were rolled back.", ("reason",), failed)
    yield _histogram("store_transaction_duration_seconds", "How long they took.", tally.transactions)
    again = max(0, watched.sessions() - 1)
    yield _counter("store_reconnects", "Sessions opened for one that was lost.", again)
    full = isinstance(state.trouble, StoreTrouble) and state.trouble.full
    yield _gauge("store_full", "Whether the store has no space left.", full)
    if file is None:
        return
    yield _gauge("store_size_bytes", "The SQLite file.", _size(file))
    yield _gauge("store_wal_bytes", "Its write-ahead log.", _size(file.with_name(f"{file.name}-wal")))
    try:
        free = shutil.disk_usage(file.parent).free
    except OSError:  # the metric is missing then, as the file system is
        return
    yield _gauge("store_free_bytes", "Free where it is.", free)


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size  # noqa: PTH116 - a Path would be made anew for each
    except OSError:
        return 0


def _rest(state: EngineState, watched: Watched) -> Iterator[Metric]:
    standing = {alert.kind for alert in state.alerts.values()}
    kinds = ((str(kind), float(kind in standing)) for kind in Kind)
    yield _gauges("alert_active", "Whether there is an alert of this kind.", "alert", kinds)
    yield _histogram(
        "event_loop_lag_seconds", "How long the engine's loop took to answer.", watched.tally.lag
    )
    yield _counter("clock_jumps", "How often this host's clock was set.", watched.tally.clock_jumps)
    sent = watched.tally.notified.items()
    yield _counters(
        "notifications",
        "Messages that arrived.",
        ("channel",),
        (((of,), n) for (of, well), n in sent if well),
    )
    yield _counters(
        "notification_failures", "Tries of messages that did not.", ("channel",),
        (((of,), n) for (of, well), n in sent if not well),
    )  # fmt: skip
    lines = (((level.lower(),), watched.levels.get(level, 0)) for level in LEVELS)
    yield _counters("log_messages", "Lines of the log.", ("level",), lines)
