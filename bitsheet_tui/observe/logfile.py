"""The log file: for its owner alone, bounded in size, and never a reason for the mirror to stop."""

import os
from pathlib import Path

UNITS = {"kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def size(text: str) -> int:
    """`10 MB` in bytes."""
    return int(text[:-2]) * UNITS[text[-2:]]


class LogFile:
    """Appends lines; at `limit_bytes` the file becomes `<name>.1`, and so on up to `<name>.<keep>`."""

    def __init__(self, path: Path, *, limit_bytes: int, keep: int) -> None:
        self.path = path
        self._limit_bytes, self._keep = limit_bytes, keep
        self._lost = 0  # lines that could not be written
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open()

    def write(self, line: str) -> None:
        """One line with its end. A disk that is full costs lines, which are counted, and nothing else."""
        data = line.encode("utf-8", "backslashreplace")
        if self._lost:
            data = f"{self._lost} lines could not be written here\n".encode() + data
        try:
            if self._size and self._size + len(data) > self._limit_bytes:
                self._rotate()
            self._append(data)
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def close(self) -> None:
        """Nothing is written any more."""
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _append(self, data: bytes) -> None:
        while data:
            written = os.write(self._descriptor, data)
            self._size += written
            data = data[written:]

    def _rotate(self) -> None:
        for number in range(self._keep - 1, 0, -1):
            if self._old(number).exists():
                self._old(number).replace(self._old(number + 1))
        if self.path.exists():  # somebody else may have moved it
            self.path.replace(self._old(1))
        before = self._descriptor
        self._open()  # first: a closed number may already be another file, the mirror perhaps
        os.close(before)

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
