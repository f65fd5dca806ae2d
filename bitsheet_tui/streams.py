"""stdin, stdout and stderr in every state they come in: closed, full, or with a reader that stopped reading.

What is told to people, on stderr, never makes anybody wait and never fails: a thread writes it, and what
nobody takes is dropped and counted. What programs read, on stdout, waits for its reader; a reader that has
gone ends the command, and any other failure is told at its end.
"""

import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO, cast

ROOM = 1000  # lines that wait for a reader
FLUSH_SECONDS = 1.0  # for lines that nobody has taken when the process ends


class LineWriter:
    """Writes lines to a descriptor, in their order, on a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._writing = False
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """One line with its end; from any thread, but from no signal handler."""
        with self._changed:
            if len(self._lines) >= ROOM:
                self._dropped += 1
                return
            if self._dropped:
                self._lines.append(f"{self._dropped} lines could not be written here\n".encode())
                self._dropped = 0
            self._lines.append(data)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stderr", daemon=True)
                self._thread.start()

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until everything is written, but not for ever."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines and not self._writing, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lines)
                data, self._writing = self._lines.popleft(), True
            if not self._written(data):
                with self._changed:
                    self._dropped += 1

    def _written(self, data: bytes) -> bool:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # somebody else made the terminal so
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()
            except OSError:  # full, or its reader has gone
                return False
        return True


class Output:
    """stdout, that only a reader who has gone stops: BrokenPipeError. `failed` is what else went wrong."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failed: OSError | None = None

    def write(self, text: str) -> int:
        """Raises BrokenPipeError."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """What is no text, or is already encoded. Raises BrokenPipeError."""
        self._try(lambda: self._stream.buffer.write(data))

    def flush(self) -> None:
        """Raises BrokenPipeError."""
        self._try(self._stream.flush)

    def _try(self, work: Callable[[], object]) -> None:
        if self.failed:
            return
        try:
            work()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failed = error

    def __getattr__(self, name: str) -> Any:
        """Whatever else a stream has."""
        return getattr(self._stream, name)


_stderr = LineWriter(2)


def tell(line: str) -> None:
    """One line for people, on stderr; never waits and never fails."""
    write(sys.__stderr__ if sys.stderr is None else sys.stderr, f"{line}\n")


def write(stream: TextIO | None, text: str) -> None:
    """Text for people, on stderr or on what a test has put in its place."""
    if stream is None:
        return
    if stream is sys.__stderr__:
        _stderr.write(text.encode(getattr(stream, "encoding", "utf-8"), "backslashreplace"))
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # whoever read it has gone, or it was closed
        return


def flush() -> None:
    """Let what was told be written, as far as somebody takes it."""
    _stderr.flush()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the terminal of a screen is gone
            give_up(stream)


def claim() -> None:
    """Make streams of 0, 1 and 2, which no file of ours must ever be: one that is closed gives nothing.

    A line for people that was written to a mirror, because that was the first file to be opened and so had
    the number of stderr, would damage it. What is written to a stdout that is closed fails.
    """
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest number that is free: those before it are not
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            stream = os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if sys.stdout is sys.__stdout__:
        sys.stdout = cast(TextIO, Output(cast(TextIO, sys.stdout)))


def give_up(stream: TextIO) -> None:
    """Nothing is written to it any more: Python would try again at its end, and end with 120."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return
