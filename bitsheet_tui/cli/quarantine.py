"""`bitsheet-tui quarantine`: the rows that could not be stored, and another try to store them."""

import os
from argparse import Namespace
from contextlib import closing
from datetime import UTC, datetime

from bitsheet_tui import wiring
from bitsheet_tui.cli.control import check_tables, passed_on
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.commands import Retry
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit
from bitsheet_tui.secret import redact
from bitsheet_tui.store.quarantine import Quarantined
from bitsheet_tui.text import plain


def run(arguments: Namespace) -> int:
    """A line for each row on stdout: table, id, since when, how often, why."""
    config = load(arguments.config, os.environ)
    tables = tuple(arguments.tables)
    check_tables(tables, config)
    if arguments.retry and passed_on(config, Retry(tables)) is None:
        _retry(config, tables)
    with closing(wiring.open_store(config, readonly=True)) as store:
        rows = store.quarantined(tables)
    for row in rows:
        print(redact(line(row)))
    tell(f"{len(rows)} row{'' if len(rows) == 1 else 's'} in quarantine")
    return Exit.DONE


def line(row: Quarantined) -> str:
    """One row, its fields apart by tabs."""
    since = f"{row.first_seen:%Y-%m-%d %H:%M}"
    return "\t".join((row.table, plain(row.row_id), since, str(row.times), plain(row.reason)))


def _retry(config: Config, tables: tuple[str, ...]) -> None:
    with closing(wiring.open_store(config)) as store:
        for table in wiring.tables(config):
            if table.name in store.shapes() and (not tables or table.name in tables):
                stored = store.retry(table, at=datetime.now(UTC), cycle=0)
                if stored.inserted + stored.updated:
                    tell(f"{table.name}: {stored.inserted + stored.updated} stored")
