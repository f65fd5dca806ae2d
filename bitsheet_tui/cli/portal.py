"""`bitsheet-tui portal`: the demo portal alone, for any Bitrix24 client."""

import asyncio
import os
import signal
import sys
from argparse import Namespace
from contextlib import suppress

from bitsheet_tui.cli.ending import tell
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.portal.demo import DemoPortal, lively, serve


def run(arguments: Namespace) -> int:
    """Serves until interrupted or terminated; the first line on stdout is the webhook's address."""
    portal = lively(odd=arguments.odd, mistyped=arguments.mistyped, page_faults=arguments.page_faults)
    asyncio.run(_serve(arguments.port, portal))
    return Exit.DONE


async def _serve(port: int, portal: DemoPortal) -> None:
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(serve(port, _announce, portal))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(serving.cancel))
    try:
        with suppress(asyncio.CancelledError):
            await serving
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {os.strerror(error.errno or 0)}") from None


def _announce(webhook: str) -> None:
    sys.stdout.write(f"{webhook}\n")
    sys.stdout.flush()
    tell("a pretend portal of invented data; stop it with ctrl+c")
