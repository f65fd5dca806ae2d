"""`bitsheet-tui verify`: whether the mirror is what the portal is, a verdict for each table."""

import asyncio
import os
from argparse import Namespace
from contextlib import closing

from bitsheet_tui import wiring
from bitsheet_tui.cli.control import check_tables
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load, need_webhook
from bitsheet_tui.errors import Exit
from bitsheet_tui.events import Event, Waiting
from bitsheet_tui.secret import redact
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.engine import PROMPT_SECONDS
from bitsheet_tui.sync.verify import verify


def run(arguments: Namespace) -> int:
    """A line for each table on stdout; 1 when one of them differs. Works while an instance runs."""
    config = load(arguments.config, os.environ)
    check_tables(tuple(arguments.tables), config)
    need_webhook(config)
    with closing(wiring.open_store(config, readonly=True)) as store:
        equal = asyncio.run(_verify(config, store, arguments.tables, full=arguments.full))
    return Exit.DONE if equal else Exit.TABLE_FAILED


def _waits(event: Event) -> None:
    if isinstance(event, Waiting):
        tell(f"portal: {event.text.rstrip('.')}; asking again")


async def _verify(config: Config, store: Store, names: list[str], *, full: bool) -> bool:
    tables = [table for table in wiring.tables(config) if not names or table.name in names]
    portal = wiring.connect(config, _waits)
    portal.hurry(PROMPT_SECONDS)
    equal = True
    try:
        async for verdict in verify(portal, store, tables, full=full):
            print(redact(verdict.line()), flush=True)
            equal = equal and verdict.equal
    finally:
        await portal.close()
    return equal
