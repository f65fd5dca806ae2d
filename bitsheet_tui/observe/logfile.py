"""The log file: for its owner alone, bounded in size, and never a reason for the mirror to stop.

loguru rotates it, removes the oldest, and opens it again where logrotate or `rm` took it away. What is done
here is to count the lines that could not be written, and to open it again after an error.
"""

import copy
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bitsheet_tui.ownership import foreign_link, hand_over, make_folder
from bitsheet_tui.rotation import remove_oldest, rotated_files
from bitsheet_tui.text import plain

if TYPE_CHECKING:
    from loguru import Logger

PAUSE = 60.0  # seconds until a rotation that failed is tried again
SILENCE = 3600.0  # seconds until the same trouble is told again
# of loguru's files; the last two come of a date that somebody wrote into the file's attribute
FAILURES = (OSError, ValueError, OverflowError)

UNITS = {"kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}

logger.remove()  # the default one prints the values of variables
_pristine = copy.deepcopy(logger)


def independent_logger() -> "Logger":
    """A logger without a sink, which shares none with loguru's own nor with another of these."""
    return copy.deepcopy(_pristine)


def size(text: str) -> int:
    """`10 MB` in bytes."""
    return int(text[:-2]) * UNITS[text[-2:]]


class LogFile:
    """Appends lines; a file that would exceed `limit_bytes` is renamed, and the newest `keep` of those stay.

    A device, a pipe, or what stdout or stderr was led into is only written to. What cannot be written is
    counted, and told by `tell` in words for the operator, once an hour; `tell` must not come back here.
    """

    def __init__(self, path: Path, *, limit_bytes: int, keep: int, tell: Callable[[str], None]) -> None:
        self.path = path
        self._limit_bytes, self._keep, self._tell = limit_bytes, keep, tell
        self._logger = independent_logger()
        self._append = self._logger.opt(raw=True).info
        self._sink: int | None = None
        self._file: TextIO | None = None  # as loguru has shown it last
        self._grows_until = 0.0  # it is not rotated before
        self._lost = 0  # lines that could not be written
        self._told: dict[str, float] = {}  # what, and when last
        self._attempt("")

    def write(self, line: str) -> None:
        """One line with its end and without secrets. Raises nothing: a line that is lost is counted."""
        text = f"{self._lost} lines could not be written here\n{line}" if self._lost else line
        self._lost = 0 if self._attempt(text) else self._lost + 1

    def close(self) -> None:
        """Let go of the file; the next line opens it again."""
        sink, self._sink = self._sink, None
        if sink is not None:
            with suppress(*FAILURES):  # of what Python still has to write, which was counted as lost
                self._logger.remove(sink)
        file, self._file = self._file, None
        if file is not None:
            with suppress(*FAILURES):  # once more: loguru leaves a file open that it cannot flush
                file.close()

    def _attempt(self, text: str) -> bool:
        """Whether `text` was written. Where rotating it may be what fails, it is written without."""
        failure = self._failure(text)
        if failure and time.monotonic() >= self._grows_until:
            self._grows_until = time.monotonic() + PAUSE
            first, failure = failure, self._failure(text)
            if not failure:
                self._complain(f"cannot be rotated and grows until it can: {_reason(first)}")
        if failure:
            self._complain(f"cannot be written: {_reason(failure)}; lines are lost and counted until it can")
        return failure is None

    def _failure(self, text: str) -> Exception | None:
        try:
            if self._sink is None:
                self._sink = self._open()
            self._append(text)
        except FAILURES as error:
            self.close()
            return error.with_traceback(None)  # which would keep the file open
        return None

    def _open(self) -> int:
        """The number of the sink. Raises OSError."""
        path = self.path
        if why := foreign_link(path):
            raise PermissionError(why)
        if not path.exists() or path.is_file():  # /dev/stdout leads to the name of no file
            path = Path(os.path.realpath(path))
        make_folder(path.parent)
        return self._logger.add(
            str(path).replace("{", "{{").replace("}", "}}"),
            level=0, format="{message}", catch=False, diagnose=False, errors="backslashreplace",
            opener=_opener, watch=True, rotation=self._is_full,
            retention=lambda _: remove_oldest(path, self._keep),
        )  # fmt: skip

    def _is_full(self, message: str, file: TextIO) -> bool:
        """Whether it has to be renamed first. Raises OSError."""
        self._file = file
        found = os.fstat(file.fileno())
        full = found.st_size and found.st_size + len(message.encode(errors="replace")) > self._limit_bytes
        return (
            bool(full)
            and stat.S_ISREG(found.st_mode)
            and time.monotonic() >= self._grows_until
            and not any(os.path.samestat(found, os.fstat(number)) for number in (1, 2))
        )

    def _complain(self, text: str) -> None:
        now = time.monotonic()
        if now - self._told.get(text, -SILENCE) >= SILENCE:
            self._told[text] = now
            self._tell(f"the log {plain(self.path)} {text}")


def _opener(path: str, flags: int) -> int:
    """Open it for its owner alone. Nobody waits for the reader of a pipe. Raises OSError."""
    flags |= os.O_NONBLOCK
    try:
        made = os.open(path, flags | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags & ~os.O_CREAT)
    try:
        before = rotated_files(Path(path))
        hand_over(made, before[0] if before else Path(path).parent)
    except OSError:
        os.close(made)
        raise
    return made


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else str(error)
    return type(error).__name__
