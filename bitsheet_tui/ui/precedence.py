"""Precedence: what somebody looks at goes before what nobody waits for.

Python runs one thread at a time, and a thread that wants to run asks the running one to step aside after an
interval, which is one for all (docs.python.org/3/library/sys.html#sys.setswitchinterval). With the same for
both, a key that takes 40 ms to answer takes 80 while a page is decoded. So the screen waits a moment only,
and once it runs, the engine waits until it has answered.
"""

import asyncio
import selectors
import sys

SOON = 0.001  # seconds that the screen waits for the engine
LATER = 0.05  # seconds that the engine waits for the screen, at the most: it rests far more than it runs


class _Selector(selectors.DefaultSelector):
    """Tells when the thread of the loop waits, and when it runs."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See selectors; the thread is the screen's."""
        sys.setswitchinterval(SOON)
        try:
            return super().select(timeout)
        finally:
            sys.setswitchinterval(LATER)


def loop() -> asyncio.AbstractEventLoop:
    """An event loop for the screen."""
    return asyncio.SelectorEventLoop(_Selector())
