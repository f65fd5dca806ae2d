"""run_console(): the screen on the main thread, the engine on its own, and a clean way out for both."""

import asyncio
import gc
import signal
import traceback
from collections.abc import Callable
from datetime import datetime, tzinfo
from importlib import import_module

from bitsheet_tui import streams
from bitsheet_tui.errors import BitsheetError, Exit, UsageError
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import precedence, words
from bitsheet_tui.ui import terminal as tty
from bitsheet_tui.ui.app import Console
from bitsheet_tui.ui.beside import Beside
from bitsheet_tui.ui.driver import driver
from bitsheet_tui.ui.ending import Ending, EngineThread
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.suspending import given_back, obey
from bitsheet_tui.ui.views.farewell import farewell
from bitsheet_tui.ui.window import EngineLike, utc_now

REST = 2.0  # seconds after the first paint
LATER = ("asking", "steering", *(f"screens.{name}" for name in ("lists", "help", "table", "record", "run")))


def run_console(
    engine: EngineLike,
    ring: Ring,
    beside: Beside,
    *,
    clock: Callable[[], datetime] = utc_now,
    zone: tzinfo | None = None,
    ascii_only: bool | None = None,
    report: Callable[[], None] | None = None,
) -> int:
    """Show the engine until somebody ends it; the exit code. It runs from the first paint on.

    Must be called on the main thread. Raises UsageError where there is no terminal; everything that goes
    wrong later is reported on stderr, with the secrets out of it, after the terminal is restored. `report`
    says in the log how things stand, which SIGUSR1 asks for.
    """
    if not tty.usable():
        raise UsageError(words.NEEDS_TERMINAL, words.NEEDS_TERMINAL_HINT)
    tty.follow_size()
    terminal = tty.Terminal()
    window = Console(engine, ring, beside, clock=clock, zone=zone, ascii_only=ascii_only)
    thread = EngineThread(engine, window.finish)
    ending = Ending(engine, thread, window, terminal)
    ending.report = report
    window.driver_class = driver(window.driver_class)
    window.stop = ending.ask
    window.painted = lambda: _begin(thread, window)
    window.alive = tty.alive
    terminal.entitled = lambda: window.herald.entitled
    terminal.given_back = lambda: given_back(window)
    with ending.signals():
        with asyncio.Runner(loop_factory=precedence.loop) as runner:
            crash = runner.run(_shown(window)) or window.crash
        ending.screen_closed.set()
        if window.abandoned:
            tty.tell(farewell(Picture(state=engine.state, now=clock(), zone=zone), abandoned=True))
            streams.flush()
            hard_exit(128 + signal.SIGINT)
        ending.wait()
    if crash:
        terminal.restore()
    return _report(crash, thread.error, Picture(state=engine.state, now=clock(), zone=zone))


def _begin(thread: EngineThread, window: Console) -> None:
    """The first screen is there."""
    obey(window)
    thread.start()
    loop = asyncio.get_running_loop()
    loop.call_later(REST, loop.run_in_executor, None, _load)


def _load() -> None:
    """What the first screen did without, on a thread: a key that opens one shall not wait for its modules."""
    for name in LATER:
        import_module(f"bitsheet_tui.ui.{name}")
    gc.collect()
    gc.freeze()  # what is here to stay is walked no more: each time took every key's answer some 60 ms


async def _shown(window: Console) -> BaseException | None:
    """Run the screen; what it died of, if it did."""
    task = asyncio.ensure_future(window.run_async())
    await asyncio.wait({task})
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _safe(text: object) -> str:
    """One line without secrets: hidden before it is cut, and what cutting put together after it."""
    return redact(plain(redact(str(text)), 2000))


def _report(crash: BaseException | None, error: BaseException | None, picture: Picture) -> int:
    """Say on the normal screen how it ended; the exit code."""
    if isinstance(error, BitsheetError):
        tty.tell(f"{words.NAME}: {_safe(retold(str(error)))}")
        if error.hint:
            tty.tell(f"  {_safe(retold(error.hint))}")
        return error.exit_code
    bug = error or crash
    if bug is None:
        tty.tell(farewell(picture))
        return Exit.DONE
    for line in traceback.format_exception(bug):
        for row in line.splitlines():
            tty.tell(_safe(row))
    tty.tell(t(words.BUG))
    if error is None:
        tty.tell(farewell(picture))
    return Exit.BUG
