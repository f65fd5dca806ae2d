"""Stops when asked: the first signal lets the commit in hand finish, the second ends at once."""

import signal
from types import FrameType
from typing import Protocol

from bitsheet_tui import commands as c
from bitsheet_tui.errors import Exit
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.observe.systemd import Notifier

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stoppable(Protocol):
    """What can be told to stop."""

    def submit(self, command: c.Command) -> None:
        """Tell it; from any thread and from a signal handler."""


class Stopping:
    """Owns the handlers of TERM, INT and HUP while the block runs."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._asked = False
        self.engine: Stoppable | None = None  # none yet: there is nothing to finish

    def __enter__(self) -> "Stopping":
        # what nohup, or a shell in the background, made us ignore stays ignored
        heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        """Must not log: the signal may have come in the middle of a log call."""
        if number == signal.SIGHUP and self._asked:
            return  # whoever ends a session hangs up besides, and so does the terminal
        if self._asked:
            hard_exit(128 + number)
        self.ask()

    def ask(self) -> None:
        """Stop after the commit in hand; from now on a signal ends it at once."""
        self._asked = True
        self._notifier.send("STOPPING=1")
        if self.engine is None:
            raise SystemExit(Exit.DONE)
        self.engine.submit(c.Stop())
