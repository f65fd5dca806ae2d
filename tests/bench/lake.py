"""What it takes to keep a lake: the first snapshot, a batch of a minute, and how big it is beside the mirror."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Store
from tests.bench.client import OURS, configure, folder, run
from tests.bench.report import table
from tests.bench.store import DEALS, FIELDS, PAGE, row

ROWS = 500_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lake(rows: int = ROWS) -> None:
    """Seconds, CPU and memory of `lake --once`: a first snapshot, then 60 and 5,000 changed rows."""
    lines = []
    with folder() as where:
        path = configure(where, "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/", tables=["deals"])
        with closing(Store.open(Secret(f"sqlite:///{where}/mirror.db"))) as store:
            store.shape(DEALS, FIELDS)
            for start in range(1, rows + 1, PAGE):
                left = start + PAGE <= rows
                _commit(store, range(start, min(start + PAGE, rows + 1)), floor=1 if left else 0)
            for what, ids in (
                (f"first snapshot, {rows:,} rows", []),
                ("60 rows of the newest 3,000", [*range(rows - 3000, rows, 50)]),
                ("5,000 rows from everywhere", [*range(1, rows, rows // 5000)]),
            ):
                if ids:
                    _commit(store, ids, later=len(ids))
                took = run(
                    [OURS, "-m", "bitsheet_tui", "--config", str(path), "lake", f"{where}/lake", "--once"]
                )
                size = sum(file.stat().st_size for file in (where / "lake").rglob("*") if file.is_file())
                mirror = (where / "mirror.db").stat().st_size
                lines.append(
                    {
                        "batch": what, "seconds": took.seconds, "CPU": took.cpu, "MB at its peak": took.peak,
                        "lake MB": size / 1e6, "mirror MB": mirror / 1e6, "exit code": took.code,
                    }
                )  # fmt: skip
    table("A lake of 40 columns", lines, "Goal: 300 MB at its peak.")


def _commit(store: Store, ids, *, floor: int = 0, later: int = 0) -> None:
    checkpoint = Checkpoint(table="deals", watermark=NOW, reach=10**7, floor=floor, fill_started=NOW)
    rows = [{**row(id_), **({"UF_1": f"changed {later}"} if later else {})} for id_ in ids]
    at = NOW + timedelta(seconds=later)
    store.commit(DEALS, rows, checkpoint, at=at, cycle=1, filling=True)
