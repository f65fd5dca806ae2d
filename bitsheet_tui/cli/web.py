"""`bitsheet-tui web`: the console in a browser, on the running instance, or on one that runs meanwhile."""

import asyncio
import os
import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from bitsheet_tui import authentication, locales
from bitsheet_tui.authentication import Visit
from bitsheet_tui.cli import ground
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.commands import Stop
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, MirrorHeld, UsageError
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.observe.live import TAIL
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret
from bitsheet_tui.ui import language

if TYPE_CHECKING:
    from bitsheet_tui.observe.served import Served
    from bitsheet_tui.ui.web import Web

INSTALL = "install it with its extra web: see `bitsheet-tui help install`"
TOKEN = "BITSHEET_WEB_TOKEN"  # noqa: S105 - the name of a variable
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(arguments: Namespace) -> int:
    """Serves until told to stop. Without a token of the operator's one is made, and printed once."""
    host, port = arguments.listen
    given = _token(arguments.token_file)
    token = given or authentication.make_token()
    try:
        from bitsheet_tui.ui.web import Web  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(f"the browser's console needs {error.name}", INSTALL) from None
    with ExitStack() as ending:
        config, path = _configured(arguments, ending)
        engine = None
        with suppress(MirrorHeld):  # then that instance is shown
            engine = ground.serve(config, ending, Ring(TAIL), narrated=True)
        spoken = locales.choose(config.ui.language, os.environ)
        # what a viewer's console said last is narration
        with language.speaking(spoken), redirect_stdout(sys.stderr):
            site = Web(_command(path, readonly=arguments.read_only), token=token, heard=_heard)
            asyncio.run(_serve(site, host, port, engine, "" if given else token.reveal()))
        return Exit.DONE


def _token(file: Path | None) -> Secret | None:
    """The operator's own; out of the environment it goes, for the consoles that are started inherit that."""
    named = os.environ.pop(TOKEN, "")
    if file:
        return authentication.read_token(file)
    return authentication.need_token(named) if named else None


def _configured(arguments: Namespace, ending: ExitStack) -> tuple[Config, Path | None]:
    """The configuration, and the file from which a viewer's console reads the same mirror."""
    if not arguments.demo:
        config = load(arguments.config, os.environ)
        return config, config.path
    config = ending.enter_context(ground.demo())
    path = Path(config.log.file).with_name("config.toml")
    path.write_text(f'[store]\nurl = "{config.store_url.reveal()}"\n', encoding="utf-8")
    return config, path


def _command(path: Path | None, *, readonly: bool) -> str:
    """The console behind a page. With -P no module comes from the folder in which it is started."""
    words = [sys.executable, "-P", "-m", "bitsheet_tui", "--attach"]
    words += ["--read-only"] if readonly else []
    return f"exec {shlex.join([*words, '--config', str(path)] if path else words)}"


async def _serve(site: "Web", host: str, port: int, engine: "Served | None", token: str) -> None:
    """The browsers' side here, the engine on a thread with a loop of its own.

    The address is printed with the `token` that was made: it is how the operator learns it.
    """
    from bitsheet_tui.ui.web import serve  # noqa: PLC0415 - an extra

    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    running: asyncio.Future[None] | None = None
    if engine:
        running = loop.run_in_executor(None, lambda: asyncio.run(engine.run()))
        running.add_done_callback(lambda _: ended.set())
    with _stopping(lambda: loop.call_soon_threadsafe(ended.set)):
        try:
            await serve(site, host, port, lambda address: _print(address, token), ended)
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be used: {os.strerror(error.errno or 0)}") from None
        finally:
            if engine and running:
                engine.submit(Stop())
                await running


def _print(address: str, token: str) -> None:
    """Where the console is; the token that was made is printed here and nowhere else."""
    told = f"{address}?token={token}" if token else address
    print(f"the console is at {told}", file=sys.stderr, flush=True)


def _heard(visit: Visit, whence: str) -> None:
    """A line for whoever came in, left, or brought a wrong token."""
    told = {
        Visit.CAME: f"web: a visitor from {whence} has come in",
        Visit.LEFT: f"web: a visitor from {whence} has left",
        Visit.REFUSED: f"web: a wrong token from {whence} was refused",
        Visit.LIMITED: f"web: after too many wrong tokens one from {whence} was not looked at",
    }
    tell(told[visit])


@contextmanager
def _stopping(stop: Callable[[], object]) -> Iterator[None]:
    """The first signal stops, the second ends at once."""
    asked: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if asked:
            hard_exit(128 + number)
        asked.append(number)
        stop()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
