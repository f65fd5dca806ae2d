"""The terminal itself: whether there is one, and putting it back as it was, even if nothing else works."""

import os
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

from bitsheet_tui import streams

# out of the alternate screen, cursor on, mouse, paste, focus and key reports off, wrapping on
RESTORE = (
    b"\x1b[<u\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
    b"\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"
)
TITLE = b"\x1b[23;2t"  # the one before ours


def usable() -> bool:
    """Whether somebody can see and type; a browser's driver brings its own."""
    return bool(os.environ.get("TEXTUAL_DRIVER")) or (sys.__stdin__ is not None and _tty(0) and _tty(1))


def follow_size() -> None:
    """Let the size be the window's, which changes, and not what some shells export of it, which does not."""
    if not os.environ.get("TEXTUAL_DRIVER"):
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def _tty(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


_PARENT = os.getppid()


def alive() -> bool:
    """False once the terminal was hung up, or the server of a browser's console has gone."""
    return os.getppid() == _PARENT if os.environ.get("TEXTUAL_DRIVER") else _tty(0)


def takes_copies() -> bool:
    """False inside a tmux that does not pass on what programs copy (tmux(1))."""
    if not os.environ.get("TMUX"):
        return True
    try:
        asked = ["tmux", "show-options", "-sv", "set-clipboard"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=1, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.stdout.strip() in {"on", ""}


class Terminal:
    """The settings of the terminal before the console changed them."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        self.entitled: Callable[[], bool] = lambda: False  # whether its title is ours
        self.given_back: Callable[[], bool] = lambda: False  # whether it is the shell's, as it was
        try:
            self._before = termios.tcgetattr(0)
        except (termios.error, OSError):
            return

    def restore(self) -> None:
        """Put it back without ever waiting: the terminal may have stopped reading, or be gone."""
        if self.given_back():
            return
        try:
            descriptor = os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return
        try:
            os.write(descriptor, RESTORE + (TITLE if self.entitled() else b""))
            if self._before is not None:
                termios.tcsetattr(descriptor, termios.TCSANOW, self._before)
        except (OSError, termios.error):
            return
        finally:
            os.close(descriptor)


def tell(text: str) -> None:
    """One line for the people, on the normal screen; nobody may be there any more."""
    streams.write(sys.__stderr__ or sys.stderr, text.rstrip("\n") + "\n")  # the screen may hold the other
