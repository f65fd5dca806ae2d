"""Suspending: before the process is stopped the engine rests, whoever asks for it."""

import asyncio
import signal
from types import FrameType
from typing import TYPE_CHECKING

from bitsheet_tui.commands import Pause, Resume

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
    window.suspending = True
    window.herald.leave()
    window.action_suspend_process()
    window.suspending = False
    if ours:  # reached after fg
        window.pausing = False
        window.engine.submit(Resume())


def obey(window: "Console") -> None:
    """From now on SIGTSTP does what the key does, and SIGCONT draws everything again.

    The driver of the terminal has handlers for both: one restores the terminal and stops the process, the
    other takes the terminal again, which it must not do twice, for it would remember its own settings as
    those to restore. Must be called on the main thread, once the driver runs.
    """
    stop, go_on = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    if not callable(stop) or not callable(go_on):  # in a browser there is nothing to go back to
        return
    loop = asyncio.get_running_loop()

    def asked(number: int, frame: FrameType | None) -> None:
        if window.suspending:
            stop(number, frame)
        else:
            loop.call_soon_threadsafe(window.call_later, window.action_hold)

    def woken(number: int, frame: FrameType | None) -> None:
        if window.suspending:  # else it was SIGSTOP, which nobody can answer
            go_on(number, frame)
        loop.call_soon_threadsafe(window.call_later, window.action_repaint)

    signal.signal(signal.SIGTSTP, asked)
    signal.signal(signal.SIGCONT, woken)
