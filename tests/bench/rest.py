"""What a mirror at rest costs: bytes of its ledger after a year."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Cycle, Run, Store
from bitsheet_tui.tables import CATALOGUE
from tests.bench.client import folder
from tests.bench.report import table

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 365
A_DAY = 10  # cycles that are run, which stand for its others: each replaces what the one before has written


def year():
    """Cycles in which nothing happens, on every day of a year, 300 s and 1 s apart."""
    table("A year at rest", [_year(300.0), _year(1.0)])


def _year(interval):
    with folder() as where:
        with closing(Store.open(Secret(f"sqlite:///{where}/mirror.db"))) as store:
            _cycle(store, BEGAN)
            before = store.size_bytes()
            for day in range(DAYS):
                for number in range(A_DAY):
                    _cycle(store, BEGAN + timedelta(days=day, seconds=number * interval))
                store.forget(BEGAN + timedelta(days=day))
            number_of_cycles = store.last_cycles()[0].number
            rows, runs = len(store.last_cycles()), len(store.last_runs())
        after = (where / "mirror.db").stat().st_size
    return {
        "interval": interval, "cycles": number_of_cycles, "rows of cycles": rows, "of runs": runs,
        "bytes before": before, "bytes after": after,
    }  # fmt: skip


def _cycle(store, at):
    number = store.begin_cycle(at)
    end = at + timedelta(seconds=0.9)
    runs = [
        Run(cycle=number, table=one.name, started_at=at, ended_at=end, requests=1, watermark_after=at)
        for one in CATALOGUE
    ]
    done = Cycle(number=number, started_at=at, ended_at=end, seconds=0.9, requests=1)
    store.end_cycle(done, runs)
