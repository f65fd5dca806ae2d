"""Suspending: pauses the engine, gives the terminal back and stops the process; `fg` undoes all three."""

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from bitsheet_tui.commands import Pause, Resume
from bitsheet_tui.ui.driver import Driver

if TYPE_CHECKING:
    from bitsheet_tui.ui.app import Console

STEPS, STEP = 30, 0.1  # how often, and how many seconds apart, it is looked whether the engine rests


def driver(window: "Console") -> Driver | None:
    """What holds the terminal; None where there is no shell to go back to, as in a browser."""
    found = window._driver  # noqa: SLF001 - Textual has no public name for it
    return found if isinstance(found, Driver) else None


def given_back(window: "Console") -> bool:
    """Whether the terminal is the shell's."""
    found = driver(window)
    return found is not None and not found.holding


async def suspend(window: "Console", driver: Driver) -> None:
    """Pause, stop the process, go on after `fg`.

    A stopped process must not hold a lock of the database, and what it asked of the portal costs it time.
    """
    ours = not (window.engine.state.paused_at or window.engine.state.attached)
    if ours:
        window.pausing = True
        window.engine.submit(Pause())
    for _ in range(STEPS if ours else 0):
        if window.engine.state.paused_at and not window.engine.state.cycle_started:
            break
        await asyncio.sleep(STEP)
    window.look()  # the pause is known as ours before another one can be
    window.clear_notifications()
    window.herald.leave()
    driver.suspend_application_mode()
    signal.raise_signal(signal.SIGSTOP)  # to this thread: it returns once the process goes on
    await _take_again(window, driver)
    if window.over:
        return
    window.suspending = False
    window.action_repaint()
    if ours:
        window.pausing = False
        window.engine.submit(Resume())


async def _take_again(window: "Console", driver: Driver) -> None:
    """Take the terminal, or leave it where the process shall end.

    No handler of SIGCONT does it: a signal to a process goes to any of its threads (signal(7)), so Python
    may run that handler long after this thread goes on. In the background whoever asks for the terminal is
    stopped once more; hence a signal that ends us has a moment to arrive first.
    """
    while not driver.holding:
        if not _in_front(driver):
            await asyncio.sleep(STEP)
        if window.over:
            return
        driver.resume_application_mode()


def _in_front(driver: Driver) -> bool:
    try:
        return os.tcgetpgrp(driver.fileno) == os.getpgrp()
    except OSError:  # hung up
        return False


def obey(window: "Console") -> None:
    """From now on SIGTSTP does what the key does, and after SIGCONT everything is drawn again.

    Must be called on the main thread, once the driver runs; its own handlers do not pause the engine.
    """
    held = driver(window)
    if held is None:
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTSTP, window.call_later, window.action_hold)
    loop.add_signal_handler(signal.SIGCONT, window.call_later, _continued, window, held)


def _continued(window: "Console", driver: Driver) -> None:
    if not window.suspending:  # else it is done in order, above
        driver.take_again()
        window.action_repaint()
