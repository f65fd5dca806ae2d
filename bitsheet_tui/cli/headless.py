"""`bitsheet-tui --no-ui` and `--once`: the engine on the main thread, its story on stderr and in the log."""

import asyncio
import os
from argparse import Namespace
from contextlib import ExitStack

from bitsheet_tui import memory
from bitsheet_tui.cli.ground import configured, prepare, serve
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.commands import ConfirmDeletions, Resync, SyncNow
from bitsheet_tui.errors import Exit
from bitsheet_tui.observe.live import TAIL
from bitsheet_tui.observe.served import Served
from bitsheet_tui.observe.systemd import Notifier, report
from bitsheet_tui.ring import Ring
from bitsheet_tui.sync.engine import Engine


def run(arguments: Namespace) -> int:
    """Runs until told to stop, or with --once for one cycle."""
    notifier = Notifier(os.environ)
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(notifier))
        config = ending.enter_context(configured(arguments))
        if arguments.once:
            engine = prepare(config, ending)
            stopping.engine = engine
            return once(engine)
        served = serve(config, ending, Ring(TAIL), narrated=True)
        memory.give_back()  # what importing left; later, it would be strewn among what a backfill leaves
        stopping.engine = served
        asyncio.run(_forever(served, notifier))
        return Exit.DONE


def once(engine: Engine, wish: SyncNow | Resync | ConfirmDeletions | None = None) -> int:
    """One cycle of what is due or wished for, and how it went as an exit code."""
    asyncio.run(_once(engine, wish))
    return Exit.TABLE_FAILED if engine.failed else Exit.DONE


async def _once(engine: Engine, wish: SyncNow | Resync | ConfirmDeletions | None) -> None:
    await engine.once(wish)


async def _forever(engine: Served, notifier: Notifier) -> None:
    """Ready as soon as the store is held: the portal may be down when the machine starts."""
    notifier.send("READY=1")
    reporting = asyncio.create_task(report(lambda: engine.state, notifier)) if notifier else None
    try:
        await engine.run()
    finally:
        if reporting:
            reporting.cancel()
