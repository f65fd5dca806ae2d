"""What a service is told by signals, besides to stop: HUP, to read its configuration again; USR1, to report.

HUP also comes when a terminal is closed. Then it means what it means to every program: stop.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType

TERMINAL = "/dev/tty"  # of the session, if it has one (tty(4))
BREATH = 0.2  # seconds: a shell that ends tells its jobs before the terminal has gone


class Hearing:
    """Owns the handlers of HUP and USR1 while the block runs; what it hears is done by `listen`."""

    def __init__(self, *signals: signal.Signals) -> None:
        """`signals`: those of the two that mean something; none: both."""
        self._signals = signals or (signal.SIGHUP, signal.SIGUSR1)
        self._heard: dict[int, None] = {}  # in their order; the same twice is once
        self._ring: Callable[[], object] | None = None
        self._terminal = attached()

    def __enter__(self) -> "Hearing":
        # what nohup, or a shell in the background, made us ignore stays ignored
        heard = (one for one in self._signals if signal.getsignal(one) is not signal.SIG_IGN)
        self._before = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def listen(
        self, reload: Callable[[], None], report: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        """Do what is heard, and what was heard before there was anybody to do it, until cancelled."""
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        self._ring = lambda: loop.call_soon_threadsafe(rung.set)
        try:
            while True:
                while self._heard:
                    number = next(iter(self._heard))
                    if number == signal.SIGHUP:
                        await asyncio.sleep(BREATH)
                    del self._heard[number]
                    lost = self._terminal and not attached()
                    do = report if number == signal.SIGUSR1 else stop if lost else reload
                    loop.call_soon(do)  # a bug in it is told at once, and the next signal is heard
                await rung.wait()
                rung.clear()
        finally:
            self._ring = None

    def _handle(self, number: int, _: FrameType | None) -> None:
        """Must not log: the signal may have come in the middle of a log call."""
        self._heard[number] = None
        if self._ring:
            self._ring()


def attached() -> bool:
    """Whether this process has a terminal that could hang up."""
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True
