"""`bitsheet-tui quarantine`: the rows and values that could not be stored, and another try to store them."""

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
from bitsheet_tui.observe.narrate import count
from bitsheet_tui.secret import redact
from bitsheet_tui.store.quarantine import Quarantined
from bitsheet_tui.sync.rereading import want
from bitsheet_tui.text import plain

LONG = 2000  # characters of a value


def run(arguments: Namespace) -> int:
    """A line for each on stdout, rows first: table, id, since when, how often, why; see `line`."""
    config = load(arguments.config, os.environ)
    tables = tuple(arguments.tables)
    check_tables(tables, config)
    if arguments.retry and passed_on(config, Retry(tables)) is None:
        _retry(config, tables)
    with closing(wiring.open_store(config, readonly=True)) as store:
        kept = store.quarantined(tables)
    for one in kept:
        print(redact(line(one)))
    rows = sum(one.whole for one in kept)
    tell(f"{count(rows, 'row')} and {count(len(kept) - rows, 'value')} in quarantine")
    return Exit.DONE


def line(one: Quarantined) -> str:
    """A row, its facts apart by tabs; a value has two more: its field, and how the portal spelt it."""
    since = f"{one.first_seen:%Y-%m-%d %H:%M}"
    facts = (one.table, plain(one.row_id), since, str(one.times), plain(one.reason))
    return "\t".join(facts if one.whole else (*facts, plain(one.field), plain(one.value or "", LONG)))


def _retry(config: Config, tables: tuple[str, ...]) -> None:
    with closing(wiring.open_store(config)) as store:
        for table in wiring.tables(config):
            if table.name in store.shapes() and (not tables or table.name in tables):
                stored = store.retry(table, at=datetime.now(UTC), cycle=0)
                if stored.inserted + stored.updated:
                    tell(f"{table.name}: {stored.inserted + stored.updated} stored")
                if want(store, [table.name]):
                    tell(f"{table.name}: what was too big is asked for again in the next cycle")
