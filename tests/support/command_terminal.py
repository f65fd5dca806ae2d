"""`bitsheet-tui` in a pseudo-terminal of 100 x 30."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60.0


class Screen:
    """A terminal of 100 x 30 with `bitsheet-tui` in it."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process, self.descriptor, self.seen = process, descriptor, b""

    def until(self, word: bytes, since: int = 0) -> None:
        """Reads until `word` was painted, after the first `since` bytes."""
        deadline = time.monotonic() + SECONDS
        while word not in self.seen[since:]:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"never painted {word!r}: {self.seen[-2000:]!r}"
            self.seen += os.read(self.descriptor, 65536)

    def pause(self, seconds: float) -> None:
        """Reads what is painted meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.descriptor], [], [], left)[0]:
                self.seen += os.read(self.descriptor, 65536)

    def press(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self.descriptor)
        self.descriptor = -1

    def ends(self) -> int:
        """The exit code, once everything that was painted has been read."""
        deadline = time.monotonic() + SECONDS
        while True:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"it goes on: {self.seen[-2000:]!r}"
            try:
                self.seen += os.read(self.descriptor, 65536)
            except OSError:  # nobody has the other side of the terminal any more
                return self.process.wait(SECONDS)


@contextmanager
def terminal(*words: str, start: tuple[str, ...] = ("-m", "bitsheet_tui")):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *start, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm-256color"},
    )
    os.close(theirs)
    screen = Screen(process, ours)
    try:
        yield screen
    finally:
        process.kill()
        process.wait()
        if screen.descriptor >= 0:
            os.close(ours)
