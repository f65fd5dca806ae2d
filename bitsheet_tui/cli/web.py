"""`bitsheet-tui web`: the console in a browser, on the running instance, or on one that runs meanwhile.

The process that listens never holds the mirror and knows no portal: where nobody keeps the mirror current, it
starts an engine as a process of its own, and each page's console is one, too.
"""

import asyncio
import os
import signal
import subprocess
import sys
from argparse import Namespace
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    redirect_stdout,
)
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from bitsheet_tui import authentication, hardening, locales, wiring
from bitsheet_tui.authentication import Visit
from bitsheet_tui.cli import ground
from bitsheet_tui.cli.headless import PARENT
from bitsheet_tui.config import Config, LogSettings, inherited, load, need_webhook
from bitsheet_tui.errors import Exit, NoMirror, UsageError
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.libraries import LibraryRepeats
from bitsheet_tui.secret import Secret
from bitsheet_tui.ui import language

if TYPE_CHECKING:
    from bitsheet_tui.ui.web import Web

INSTALL = "install it with its extra web: see `bitsheet-tui help install`"
TOKEN = "BITSHEET_WEB_TOKEN"  # noqa: S105 - the name of a variable
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
TOLD = {
    Visit.CAME: "a visitor from {} has come in",
    Visit.LEFT: "a visitor from {} has left",
    Visit.REFUSED: "a wrong token from {} was refused",
    Visit.LIMITED: "too many wrong tokens: another from {} was not looked at",
}


def run(arguments: Namespace) -> int:
    """Serves until told to stop. Without a token of the operator's one is made, and printed once."""
    given = _token(arguments.token_file)
    token = given or authentication.make_token()
    try:
        from bitsheet_tui.ui.web import Console, Web  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(f"the browser's console needs {error.name}", INSTALL) from None
    with ExitStack() as ending:
        if arguments.demo:  # which is as it is
            inherited.forget_settings(os.environ)
        secrets = inherited.secrets_of(os.environ)
        config, path = _configured(arguments, ending)
        hardening.seal()
        ground.need_files()
        ending.push(logs.last_words)
        settings = LogSettings(file="", level=config.log.level)
        logs.start(settings, stderr=sys.stderr, journal=ground.journaled())
        if arguments.token_file and (why := authentication.shared(arguments.token_file)):
            logs.say("WARNING", f"others may know the token in {arguments.token_file}: {why}", "web")
        engine = None if arguments.attach or _held(config) else _engine(path, config, secrets)
        store = inherited.hand_over({name: secrets[name] for name in secrets if name == inherited.STORE})
        ending.callback(os.close, store)
        console = Console(
            words=_viewer(path, readonly=arguments.read_only),
            variables={inherited.DESCRIPTOR: f"{store}"},
            descriptor=store,
        )
        spoken = locales.choose(config.ui.language, os.environ)
        # what a viewer's console said last is narration
        with language.speaking(spoken), redirect_stdout(sys.stderr):
            site = Web(console, token=token, heard=_Repeated().visit)
            return asyncio.run(_serve(site, arguments.listen, engine, "" if given else token.reveal()))


def _token(file: Path | None) -> Secret | None:
    """The operator's own; out of the environment it goes, for the consoles that are started inherit that."""
    named = os.environ.pop(TOKEN, "")
    if file:
        return authentication.read_token(file)
    return authentication.need_token(named) if named else None


def _configured(arguments: Namespace, ending: ExitStack) -> tuple[Config, Path | None]:
    """The configuration, and the file from which the processes behind it read the same."""
    if not arguments.demo:
        config = load(arguments.config, os.environ, looking=arguments.attach)
        return config, config.path
    config = ending.enter_context(ground.demo())
    path = Path(config.log.file).with_name("config.toml")
    path.write_text(ground.as_file(config), encoding="utf-8")
    return config, path


def _held(config: Config) -> bool:
    """Whether an instance runs already, which is then shown. Raises StoreError."""
    try:
        with closing(wiring.open_store(config, readonly=True)) as store:
            return store.holder() is not None
    except NoMirror:
        return False


class Start:
    """How the engine is started that runs while there is no other."""

    def __init__(self, words: list[str], secrets: Mapping[str, str]) -> None:
        self._words = words
        self._secrets = secrets

    async def __call__(self) -> Process:
        """Not in our session: what a terminal sends is for us, and the engine is told to stop once."""
        descriptor = inherited.hand_over(self._secrets)
        try:
            environment = {name: os.environ[name] for name in os.environ if name != "NOTIFY_SOCKET"}
            told = {inherited.DESCRIPTOR: f"{descriptor}", PARENT: f"{os.getpid()}"}
            return await asyncio.create_subprocess_exec(
                *self._words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment | told,
                pass_fds=[descriptor], start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(descriptor)


def _engine(path: Path | None, config: Config, secrets: Mapping[str, str]) -> Start:
    need_webhook(config)
    return Start([*_command(path), "--no-ui"], secrets)


def _viewer(path: Path | None, *, readonly: bool) -> list[str]:
    return [*_command(path), "--attach", *(["--read-only"] if readonly else [])]


def _command(path: Path | None) -> list[str]:
    """With -P no module comes from the folder in which it is started."""
    words = [sys.executable, "-P", "-m", "bitsheet_tui"]
    return [*words, "--config", str(path)] if path else words


async def _serve(site: "Web", listen: tuple[str, int], start: Start | None, token: str) -> int:
    """The browsers' side here, the engine in a process of its own, which ends with us.

    The address is printed with the `token` that was made: it is how the operator learns it.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with _stopping(lambda: loop.call_soon_threadsafe(ended.set)):
        async with _serving(site, *listen) as address:
            engine = await start() if start else None
            _print(address, token)
            code = await _end_of(engine, ended)
            if engine and engine.returncode is None:
                engine.terminate()
        if engine and code is None:
            code = max(await engine.wait(), 0)  # below 0: it was told before it could listen
        return code or Exit.DONE


@asynccontextmanager
async def _serving(site: "Web", host: str, port: int) -> AsyncIterator[str]:
    from bitsheet_tui.ui.web import serving  # noqa: PLC0415 - an extra

    async with AsyncExitStack() as ending:
        try:
            address = await ending.enter_async_context(serving(site, host, port, _Repeated().exhausted))
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be used: {error.strerror}") from None
        yield address


async def _end_of(engine: Process | None, ended: asyncio.Event) -> int | None:
    """The exit code of the engine where it ends by itself; None when we are told to end.

    One that lost a race for the mirror is not missed: the other one is shown.
    """
    asked = asyncio.create_task(ended.wait())
    if engine:
        over = asyncio.create_task(engine.wait())
        await asyncio.wait({asked, over}, return_when=asyncio.FIRST_COMPLETED)
        if over.done() and not asked.done() and over.result() != Exit.HELD:
            asked.cancel()
            return over.result() if over.result() >= 0 else 128 - over.result()
    await asked
    return None


def _print(address: str, token: str) -> None:
    """Where the console is; the token that was made is printed here and nowhere else."""
    told = f"{address}?token={token}" if token else address
    print(f"the console is at {told}", file=sys.stderr, flush=True)


class _Repeated:
    """What somebody without a token can cause any number of times: told some times a minute, then counted."""

    def __init__(self) -> None:
        self._repeats = LibraryRepeats()

    def visit(self, visit: Visit, whence: str) -> None:
        """A line for whoever came in, left, or brought a wrong token."""
        text = TOLD[visit].format(whence)
        if visit in {Visit.CAME, Visit.LEFT}:
            logs.say("INFO", text, "web")
        else:
            self._tell(text)

    def exhausted(self) -> None:
        """The system grants no more descriptors."""
        self._tell("no more files can be opened: browsers wait (ulimit -n, or LimitNOFILE= of the service)")

    def _tell(self, text: str) -> None:
        admitted, counted = self._repeats.admit("web", text)
        for line in counted:
            logs.say("WARNING", line, "web")
        if admitted:
            logs.say("WARNING", text, "web")


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
