"""`bitsheet-tui portal`: the demo portal alone, for any Bitrix24 client."""

import asyncio
import signal
import sys
from argparse import Namespace

from bitsheet_tui.cli.ending import tell
from bitsheet_tui.errors import Exit
from bitsheet_tui.portal.demo import DemoPortal


def run(arguments: Namespace) -> int:
    """Serves until interrupted or terminated; the first line on stdout is the webhook's address."""
    asyncio.run(_serve(arguments.port))
    return Exit.DONE


async def _serve(port: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    portal = DemoPortal()
    sys.stdout.write(f"{await portal.start(port=port)}\n")
    sys.stdout.flush()
    tell("a pretend portal of invented data; stop it with ctrl+c")
    await stop.wait()
    await portal.stop()
