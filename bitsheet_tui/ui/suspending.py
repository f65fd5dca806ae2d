"""Suspending: pauses the engine, gives the terminal back and stops the process; `fg` undoes all three."""

import asyncio
import signal
from typing import TYPE_CHECKING

from bitsheet_tui.commands import Pause, Resume
from bitsheet_tui.ui.driver import Driver

if TYPE_CHECKING:
    from bitsheet_tui.ui.app import Console

STEPS, STEP = 30, 0.1  # how often, and how many seconds apart, it is looked whether the engine rests


async def suspend(window: "Console") -> None:
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
    window.herald.leave()
    _stop(window)
    window.suspending = False
    if ours:  # reached after fg
        window.pausing = False
        window.engine.submit(Resume())


def _stop(window: "Console") -> None:
    """Give the terminal back, stop the process, and take the terminal again, in this order on this thread.

    No handler of SIGCONT does the last of it: that signal goes to any thread of the process (signal(7)), so
    its handler may run long after this thread goes on. SIGSTOP goes to this thread, which therefore returns
    from the call only when the process continues.
    """
    with window.suspend():
        signal.raise_signal(signal.SIGSTOP)
    window.action_repaint()


def obey(window: "Console") -> None:
    """From now on SIGTSTP does what the key does, and after SIGCONT everything is drawn again.

    The driver of the terminal has handlers of its own for both; its SIGCONT takes the terminal even if the
    process was stopped by SIGSTOP and never gave it back, and then remembers its own settings as those to
    restore. Must be called on the main thread, once the driver runs.
    """
    driver = window._driver  # noqa: SLF001 - Textual has no public name for it
    if not isinstance(driver, Driver):  # in a browser there is nothing to go back to
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTSTP, window.call_later, window.action_hold)
    loop.add_signal_handler(signal.SIGCONT, window.call_later, _continued, window, driver)


def _continued(window: "Console", driver: Driver) -> None:
    """After SIGCONT: what stopped us may have left anything on the screen.

    After `bg` the terminal was not ours to take: asking for it stopped the process once more.
    """
    if not driver.holding:
        driver.resume_application_mode()
    window.action_repaint()
