"""How fast a table is written to files, beside the bare driver's cursor and the csv module, and in what memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from tests.bench.report import table
from tests.bench.store import DEALS, FIELDS, NOW, pages, server

SOME = 10_000  # rows that are stored; the others are copies of them
BARE = """
import csv, sys
url, path = sys.argv[1:]
with open(path, "w", newline="") as file:
    if url.startswith("sqlite:///"):
        import sqlite3
        cursor = sqlite3.connect(url.removeprefix("sqlite:///")).execute("SELECT * FROM deals ORDER BY id")
    else:
        import psycopg
        cursor = psycopg.connect(url).cursor(name="bare")
        cursor.itersize = 1000
        cursor.execute("SELECT * FROM bitsheet.deals ORDER BY id")
    csv.writer(file).writerows(cursor)
"""


def fill(url: Secret, rows: int) -> None:
    """So many deals of 40 columns."""
    store = Store.open(url, schema="bitsheet")
    try:
        store.shape(DEALS, FIELDS)
        for page in pages(SOME):
            store.commit(DEALS, page, None, at=NOW, cycle=1, filling=True)
        database = store._database
        columns = ", ".join(f'"{name}"' for name in store._layout(DEALS).written if name != "id")
        for n in range(1, rows // SOME):
            copy = f"INSERT INTO deals (id, {columns}) SELECT id + {n * SOME}, {columns} FROM deals WHERE id <= {SOME}"
            database.write(lambda copy=copy: database.execute(copy))
    finally:
        store.close()


def run(folder: Path, *words: str) -> tuple[float, float, int]:
    """Seconds, those of the processor, and the most memory in MB: what is started begins with ours."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def measured(folder: Path, url: Secret, rows: int) -> list[dict[str, Any]]:
    """The bare driver and every format, in this order."""
    webhook = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"
    (folder / "config.toml").write_text(
        f"[portal]\nwebhook_url = {json.dumps(webhook)}\n[store]\nurl = {json.dumps(url.reveal())}\n"
    )
    (folder / "config.toml").chmod(0o600)
    found = []
    export = ("-m", "bitsheet_tui", "export", "deals")
    few = f"id <= {rows // 10}"
    for what, share, words in (
        ("bare cursor and csv", 1.0, ("-c", BARE, url.reveal(), "bare.csv")),
        ("csv", 1.0, (*export, "-o", "deals.csv")),
        ("csv, --tz", 1.0, (*export, "--tz", "Europe/Istanbul", "-o", "zone.csv")),
        ("jsonl", 1.0, (*export, "-o", "deals.jsonl")),
        ("parquet", 1.0, (*export, "-o", "deals.parquet")),
        ("xlsx, a tenth of the rows", 0.1, (*export, "--where", few, "-o", "deals.xlsx")),
    ):
        seconds, processor, memory = run(folder, *words)
        found.append(
            {"what": what, "rows/s": rows * share / seconds, "processor's s": processor, "MB": memory}
        )
        for made in folder.glob("*.[cjpx]*"):
            if made.name != "config.toml":
                made.unlink()
    return found


def exports(rows: int = 1_000_000) -> None:
    """A million rows as CSV, JSON lines, Parquet and a workbook, beside the bare cursor, on both databases."""
    with tempfile.TemporaryDirectory() as name, server() as database:
        for label, url in {"SQLite": Secret(f"sqlite:///{name}/a.db"), "PostgreSQL": database("a")}.items():
            fill(url, rows)
            table(f"Export: {rows:,} rows of {len(FIELDS)} columns, {label}", measured(Path(name), url, rows))
