"""Tail: the log file of another process, its newest lines and then those to come.

It is followed as it grows, is rotated (rotation.py), cut off, or deleted.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui.ring import LINE, SIZE
from bitsheet_tui.rotation import rotated_files

BLOCK = 256 * 2**10  # bytes read at a time from the end backwards
MOST = 8 * 2**20  # bytes read at a time forwards

Add = Callable[[datetime, str, str, str], None]  # when, level, table, text


class Named:
    """The log file that an instance names in the store, where it can be read from here."""

    def __init__(self, add: Add) -> None:
        self._add = add
        self._told = ""
        self._tail: Tail | None = None

    def find(self, told: str) -> None:
        """Follow the file that is named so: `INFO /var/log/bitsheet.log`, by the least level it has."""
        if told != self._told:
            self.close()
            self._told = told
            with suppress(OSError):  # then it is seen otherwise
                self._tail = Tail(Path(told.partition(" ")[2]), self._add) if told else None

    def has(self, level: str) -> bool:
        """Whether a line of this level comes from the file."""
        return self._tail is not None and (level != "DEBUG" or self._told.startswith(level))

    def look(self) -> None:
        """Add what is new."""
        with suppress(OSError):
            if self._tail:
                self._tail.look()

    def close(self) -> None:
        """Add the last, and look no more."""
        self.look()
        if self._tail:
            self._tail.close()
        self._tail, self._told = None, ""


class Tail:
    """Adds to `add` what the file has, the newest few thousand lines at first, then what comes."""

    def __init__(self, path: Path, add: Add) -> None:
        self._add = add
        self._at = datetime.now(UTC)
        self._lines = Lines(path)
        self._take(self._lines.newest(SIZE))

    def look(self) -> None:
        """Add what is new."""
        self._take(self._lines.new())

    def close(self) -> None:
        """Look no more."""
        self._lines.close()

    def _take(self, lines: list[bytes]) -> None:
        for line in lines:
            found = LINE.match(line)
            if found is None:
                self._add(self._at, "INFO", "engine", line.decode(errors="replace"))
                continue
            moment, level, table, text = (part.decode(errors="replace") for part in found.groups())
            with suppress(ValueError):
                self._at = datetime.fromisoformat(moment).astimezone(UTC)
            self._add(self._at, level, table, text)


class Lines:
    """The lines of a log file without their ends: first `newest`, then `new` again and again."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where there is no such file, or none that can be read."""
        self.path = path
        self._descriptor = _open(path)
        self._end = os.fstat(self._descriptor).st_size  # what comes after it is new
        self._rest = b""  # a line without its end yet

    def newest(self, count: int) -> list[bytes]:
        """The last so many lines, the oldest first, also from the files that this one was before."""
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        if count <= 0:
            return []
        lines, self._rest = _last(self._descriptor, self._end, count)
        for older in rotated_files(self.path):
            if len(lines) >= count:
                break
            with suppress(OSError), _opened(older) as descriptor:
                end = os.fstat(descriptor).st_size
                before, rest = _last(descriptor, end, count - len(lines))
                lines = [*before, *([rest] if rest else []), *lines][-count:]
        return lines

    def new(self) -> list[bytes]:
        """What came since. A file that was rotated is read to its end, then those that followed it."""
        lines = self._read()
        if self._rotated():
            lines += self._read()
            with suppress(OSError):
                lines += self._next()
        return lines

    @property
    def rest(self) -> bytes:
        """The beginning of a line that is not finished; often none."""
        return self._rest

    def close(self) -> None:
        """Read no more."""
        os.close(self._descriptor)

    def _next(self) -> list[bytes]:
        """Go over to the file that has the name now; those between ours and it are read on the way."""
        between = self._between()
        new = _open(self.path)
        lines = []
        for descriptor in (*between, new):
            os.close(self._descriptor)
            self._descriptor, self._rest = descriptor, b""
            lines += self._read()
        return lines

    def _between(self) -> list[int]:
        """The files that were begun after ours and have been rotated too, the oldest first."""
        found: list[int] = []
        for older in rotated_files(self.path):
            with suppress(OSError):
                descriptor = _open(older)
                if os.path.samestat(os.fstat(descriptor), os.fstat(self._descriptor)):
                    os.close(descriptor)
                    return found[::-1]
                found.append(descriptor)
        for descriptor in found:  # ours was moved elsewhere or deleted: nobody can say which came after it
            os.close(descriptor)
        return []

    def _read(self) -> list[bytes]:
        if os.fstat(self._descriptor).st_size < os.lseek(self._descriptor, 0, os.SEEK_CUR):
            os.lseek(self._descriptor, 0, os.SEEK_SET)  # cut off, as logrotate does with copytruncate
            self._rest = b""
        lines: list[bytes] = []
        while data := os.read(self._descriptor, MOST):
            *whole, self._rest = (self._rest + data).split(b"\n")
            lines += whole
        return lines

    def _rotated(self) -> bool:
        """Whether another file has the name now."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))  # noqa: PTH116
        except OSError:  # just now nobody has it
            return False


def _last(descriptor: int, end: int, count: int) -> tuple[list[bytes], bytes]:
    """The last `count` lines before `end`, and the beginning of one that has no end yet."""
    data, start = b"", end
    while start > 0 and data.count(b"\n") <= count:
        start = max(0, start - BLOCK)
        data = os.pread(descriptor, min(BLOCK, end - start - len(data)), start) + data
    *lines, rest = data.split(b"\n")
    return lines[-count:], rest


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = _open(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    """Raises OSError, also for what is no file: a pipe would keep us waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return descriptor
