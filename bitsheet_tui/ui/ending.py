"""How the console ends: by key, signal, crash or a lost terminal; never by hanging.

The engine runs on a thread of its own with a loop of its own. Whoever wants to end asks here; the first
time the engine is told to stop and a watchdog starts, the second time the process is gone at once.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from bitsheet_tui import streams
from bitsheet_tui.commands import Stop
from bitsheet_tui.errors import Exit
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.terminal import Terminal, tell
from bitsheet_tui.ui.window import EngineLike, Window
from bitsheet_tui.ui.words import TOO_LONG

ENGINE_SECONDS = 10.0  # for the page in hand
SCREEN_SECONDS = 3.0  # for a terminal that may have stopped reading
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
DEADLY = (signal.SIGQUIT, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO)


class EngineThread(threading.Thread):
    """Runs the engine; afterwards `error` is what ended it, or None."""

    def __init__(self, engine: EngineLike, ended: Callable[[], None]) -> None:
        super().__init__(name="engine", daemon=True)
        self.engine = engine
        self.ended = ended
        self.over = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """The thread's life."""
        try:
            asyncio.run(self._watch())
        finally:
            self.over.set()
            self.ended()

    async def _watch(self) -> None:
        self.error = await outcome(self.engine)


async def outcome(engine: EngineLike) -> BaseException | None:
    """What `run()` ended with; nothing is raised, so that nothing is swallowed either."""
    task = asyncio.ensure_future(engine.run())
    await asyncio.wait({task})
    return asyncio.CancelledError() if task.cancelled() else task.exception()


class Ending:
    """The one way out."""

    def __init__(self, engine: EngineLike, thread: EngineThread, window: Window, terminal: Terminal) -> None:
        self.engine = engine
        self.thread = thread
        self.window = window
        self.terminal = terminal
        self.report: Callable[[], None] | None = None  # says in the log how it stands
        self.signalled = 0
        self.screen_closed = threading.Event()
        self._watchdog: threading.Thread | None = None

    def ask(self) -> None:
        """Tell the engine to stop; from now on nothing takes longer than the watchdog allows."""
        self.engine.submit(Stop())
        if self._watchdog is None:
            self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._watchdog.start()

    def wait(self) -> None:
        """Until the engine has come to its end; the watchdog sees to it that this does not take for ever."""
        self.ask()
        if self.thread.ident is not None:  # the screen may have broken before the engine began
            self.thread.join()
        if self._watchdog:
            self._watchdog.join()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Handle the signals as long as it lasts, also while the screen is stuck in a write."""
        before = {number: signal.signal(number, self._signal) for number in SIGNALS}
        before |= {number: signal.signal(number, self._die) for number in DEADLY}
        if self.report:
            before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._report)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _report(self, _number: int, _frame: FrameType | None) -> None:
        """Must not log: the signal may have come in the middle of a log call."""
        if self.report:
            self.window.when_able(self.report)

    def _die(self, number: int, _frame: FrameType | None) -> None:
        """As the signal has it, but not with the terminal as it is now; every commit is whole."""
        self.terminal.restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self.signalled:
            return  # whoever ends a session hangs up besides, and so does the terminal
        if self.signalled:
            self.terminal.restore()
            hard_exit(128 + number)
        self.signalled = number
        self.ask()
        self.window.finish()

    def _watch(self) -> None:
        if self.thread.ident is not None and not self.thread.over.wait(ENGINE_SECONDS):
            self.terminal.restore()
            tell(t(TOO_LONG, seconds=f"{ENGINE_SECONDS:.0f}"))
            streams.flush()
            hard_exit(Exit.HELD)
        if not self.screen_closed.wait(SCREEN_SECONDS):
            self.terminal.restore()
            hard_exit(Exit.DONE)
