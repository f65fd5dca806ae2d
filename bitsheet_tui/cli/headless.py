"""`bitsheet-tui --no-ui` and `--once`: the engine on the main thread, its story on stderr and in the log."""

import asyncio
import os
import signal
from argparse import Namespace
from collections.abc import Coroutine
from contextlib import ExitStack
from functools import partial
from typing import Any

from bitsheet_tui import hardening
from bitsheet_tui.cli.ground import configured, prepare, stand
from bitsheet_tui.cli.hearing import Hearing
from bitsheet_tui.cli.reloading import Reloading
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.commands import ConfirmDeletions, Resync, SyncNow
from bitsheet_tui.config import inherited, load
from bitsheet_tui.errors import Exit
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.live import TAIL
from bitsheet_tui.observe.systemd import Notifier, report, status
from bitsheet_tui.ring import Ring
from bitsheet_tui.sync.engine import Engine

PARENT = "BITSHEET_PARENT_PID"  # of an engine that another command has started, and that ends with it


def run(arguments: Namespace) -> int:
    """Runs until told to stop, or with --once for one cycle."""
    if (parent := os.environ.pop(PARENT, "")).isdecimal():
        hardening.end_with(int(parent))
    inherited.take_over(os.environ)
    notifier = Notifier(os.environ)
    environ = dict(os.environ)  # as it was at the start: reading a configuration takes the secrets out of it
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(notifier))
        hearing = ending.enter_context(Hearing(signal.SIGUSR1) if arguments.once else Hearing())
        config = ending.enter_context(configured(arguments))
        if arguments.once:
            engine = prepare(config, ending)
            stopping.engine = engine
            return once(engine, hearing)
        ring = Ring(TAIL)
        store = stand(config, ending, ring, narrated=True)
        path = config.path or arguments.config
        served = Reloading(config, store, ring, notifier, lambda: load(path, dict(environ)))
        stopping.engine = served
        reload = stopping.ask if arguments.demo else served.reload  # the demo has nothing to read again
        asyncio.run(_forever(served, notifier, hearing.listen(reload, served.report, stopping.ask)))
        return Exit.DONE


def once(engine: Engine, hearing: Hearing, wish: SyncNow | Resync | ConfirmDeletions | None = None) -> int:
    """One cycle of what is due or wished for, and how it went as an exit code."""
    asyncio.run(_once(engine, hearing, wish))
    return Exit.TABLE_FAILED if engine.failed or engine.partial else Exit.DONE


async def _once(engine: Engine, hearing: Hearing, wish: SyncNow | Resync | ConfirmDeletions | None) -> None:
    told = partial(_report, engine)
    listening = asyncio.create_task(hearing.listen(_nothing, told, _nothing))
    try:
        await engine.once(wish)
    finally:
        listening.cancel()


def _report(engine: Engine) -> None:
    logs.say("INFO", status(engine.state))


def _nothing() -> None:
    """A run of one cycle has no configuration to read again."""


async def _forever(served: Reloading, notifier: Notifier, hearing: Coroutine[Any, Any, None]) -> None:
    """The engine, with those who tell of it and tell it something."""
    beside = [asyncio.create_task(hearing)]
    if notifier:
        beside.append(asyncio.create_task(report(lambda: served.state, notifier)))
    try:
        await served.run()
    finally:
        for task in beside:
            task.cancel()
