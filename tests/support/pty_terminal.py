"""A terminal of our own around the console: what is typed into it, and every byte that comes out."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
ENVIRON = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT),
           "COLUMNS": "80", "LINES": "24"}  # fmt: skip

KITTY = re.compile(rb"\x1b\[[<>]\d*u")  # asks for more of the keyboard, which pyte takes for text
SECONDS = 40.0  # at the most, on a busy machine
STALL = float(os.environ.get("BITSHEET_STALL", "2"))  # seconds in which a terminal that is full reads nothing


class PtyTerminal:
    """One run of tests/support/console_program.py, or of a shell that runs it."""

    program = (sys.executable, "-m", "tests.support.console_program")

    def __init__(
        self, scene: str, report: Path | str = os.devnull, size: tuple[int, int] = (80, 24), *more: str
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.out = b""
        self.screen = pyte.Screen(*size)  # as a terminal would show it
        self._stream = pyte.ByteStream(self.screen)
        self.process = subprocess.Popen(
            [*self.program, scene, str(report), *more],
            stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env={**os.environ, **ENVIRON},
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_error) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for descriptor in {self.master, self.slave} - {-1}:
            os.close(descriptor)

    def read(self, seconds: float, until: bytes = b"") -> bytes:
        """What comes out within `seconds`, or until something does."""
        got, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and until in got):
            if select.select([self.master], [], [], min(left, 0.05))[0]:
                try:
                    got += os.read(self.master, 65536)
                except OSError:
                    break
            elif self.process.poll() is not None:
                break
        self.out += got
        self._stream.feed(KITTY.sub(b"", got))
        return got

    def wait_for(self, words: bytes, seconds: float = SECONDS) -> None:
        assert words in self.out or words in self.read(seconds, words), self.out[-2000:]

    def settle(self) -> None:
        """Until the first screen and the title, which comes last, are there and nothing more comes."""
        self.wait_for(b"\x1b]2;")
        while self.read(0.4):
            pass

    def silent(self, seconds: float) -> bool:
        """Whether so many seconds pass without a byte, sooner or later: a busy machine paints late."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if not self.read(seconds):
                return True
        return False

    def until(self, shows: Callable[[list[str]], bool], seconds: float = SECONDS) -> None:
        """Until the terminal shows something."""
        end = time.monotonic() + seconds
        while not shows(list(self.screen.display)):
            assert time.monotonic() < end, "\n".join(self.screen.display)
            self.read(0.1)

    def still(self) -> list[str]:
        """What the terminal shows once nothing more comes."""
        while self.read(0.5):
            pass
        return list(self.screen.display)

    def resize(self, columns: int, rows: int) -> None:
        """Pull at the corner of the window."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.send(signal.SIGWINCH)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def end(self, seconds: float = SECONDS) -> int:
        """Read on until the program is gone; its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        self.read(0.1)
        assert self.process.poll() is not None, "still running"
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self.master)
        os.close(self.slave)
        self.master = self.slave = -1

    def restored(self) -> bool:
        """Whether screen, cursor, mouse and line settings are as before."""
        tail = self.out[self.out.rindex(b"\x1b[?1049h") :]
        codes = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
        return all(code in tail for code in codes) and termios.tcgetattr(self.slave) == self.before

    def let_it_fill(self, seconds: float = 8) -> None:
        """Read nothing until the terminal takes nothing more, and for a while from then on."""
        end = time.monotonic() + seconds
        while select.select([], [self.slave], [], 0)[1] and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(STALL)

    def cpu(self) -> float:
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
