"""Tail: the log file of another process as it grows, is turned over, or deleted."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui.ring import LINE, SIZE

BEHIND = 2 * 2**20  # bytes before the end at which it begins: some thousand lines
MOST = 8 * 2**20  # bytes at a time; what is more comes with the next look

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
        self.path = path
        self._add = add
        self._at = datetime.now(UTC)
        self._rest = b""
        self._descriptor = _open(path)
        size = os.fstat(self._descriptor).st_size
        data = self._read(max(0, size - BEHIND))
        whole = data if size <= BEHIND else data.partition(b"\n")[2]
        self._take(whole, newest=SIZE)

    def look(self) -> None:
        """Add what is new. A file that was turned over is read to its end, then the one in its place."""
        self._take(self._read())
        if self._turned():
            self._take(self._read())
            with suppress(OSError):
                new = _open(self.path)
                os.close(self._descriptor)
                self._descriptor, self._rest = new, b""
                self._take(self._read())

    def close(self) -> None:
        """Look no more."""
        os.close(self._descriptor)

    def _read(self, start: int | None = None) -> bytes:
        if start is not None:
            os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, MOST)

    def _turned(self) -> bool:
        """Whether another file has the name now."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))  # noqa: PTH116
        except OSError:  # just now nobody has it
            return False

    def _take(self, data: bytes, newest: int = 0) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines[-newest:] if newest else lines:
            found = LINE.match(line)
            if found is None:
                self._add(self._at, "INFO", "engine", line.decode(errors="replace"))
                continue
            moment, level, table, text = (part.decode(errors="replace") for part in found.groups())
            with suppress(ValueError):
                self._at = datetime.fromisoformat(moment).astimezone(UTC)
            self._add(self._at, level, table, text)


def _open(path: Path) -> int:
    """Raises OSError, also for what is no file: a pipe would keep us waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return descriptor
