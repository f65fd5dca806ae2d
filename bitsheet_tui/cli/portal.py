"""`bitsheet-tui portal`: the demo portal alone, for any Bitrix24 client."""

import asyncio
import os
import signal
import sys
from argparse import Namespace
from contextlib import suppress

from msgspec.structs import replace

from bitsheet_tui.cli.ending import tell
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.portal.demo import LIVELY, DemoPortal, Settings, serve
from bitsheet_tui.portal.demo.variants import BY_NAME, VARIANTS, Contradiction, nearest, varied


def run(arguments: Namespace) -> int:
    """Serves until interrupted or terminated; the first line on stdout is the webhook's address."""
    if arguments.listed:
        for variant in VARIANTS:
            print(variant.line())
        return Exit.DONE
    settings = _settings(arguments)
    asyncio.run(_serve(arguments.port, DemoPortal(settings=settings)))
    return Exit.DONE


def _settings(arguments: Namespace) -> Settings:
    """What the options ask for. Raises UsageError."""
    for name in arguments.variants:
        if name not in BY_NAME:
            hint = f"did you mean {nearest(name)}? `bitsheet-tui portal --variants` lists them"
            raise UsageError(f"no such variant: {name}", hint)
    try:
        settings = varied(LIVELY, arguments.variants)
    except Contradiction as error:
        raise UsageError(str(error)) from None
    if arguments.page_faults:
        settings = replace(settings, page_faults=arguments.page_faults, page_kinds=(), page_methods=())
    return replace(settings, odd=arguments.odd, mistyped=arguments.mistyped, large=arguments.large)


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
