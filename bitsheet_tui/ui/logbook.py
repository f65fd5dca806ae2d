"""LogBook: a log file of this run or an earlier one, as it was when it was opened; any number of lines."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui.ring import LINE, LogLine
from bitsheet_tui.rotation import rotated_files
from bitsheet_tui.ui.language import fold
from bitsheet_tui.ui.words import LEVELS

_HEAD = re.compile(rb"\S{10} \S{8,21} +([A-Z]+) +(\S+)")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 64 * 2**20  # bytes; of a larger file the end is read


class LogBook:
    """The lines by number, taken apart only when they are looked at."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = array("Q", [0])
        place = data.find(b"\n")
        while place >= 0:
            self._starts.append(place + 1)
            place = data.find(b"\n", place + 1)
        if self._starts[-1] != len(data):  # a last line without an end
            self._starts.append(len(data))

    @classmethod
    def read(cls, path: Path) -> LogBook:
        """Read a file. Raises OSError."""
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LARGEST))
            data = file.read()
        return cls(data[data.find(b"\n") + 1 :] if size > LARGEST else data)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def _bytes(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._starts[number + 1]].rstrip(b"\r\n")

    def line(self, number: int) -> LogLine:
        """One line; one that has no moment of its own has that of a line before it."""
        found = LINE.match(self._bytes(number))
        if found is None:
            text = self._bytes(number).decode(errors="replace")
            return LogLine(seq=number, at=self.at(number), level="INFO", table="", text=text)
        _, level, table, text = (part.decode(errors="replace") for part in found.groups())
        return LogLine(seq=number, at=self.at(number), level=level, table=table, text=text)

    def at(self, number: int) -> datetime:
        """When a line was written."""
        for back in range(number, max(-1, number - 100), -1):
            found = LINE.match(self._bytes(back))
            try:
                if found:
                    return datetime.fromisoformat(found[1].decode()).astimezone(UTC)
            except ValueError:
                continue
        return EPOCH

    def select(self, level: str, table: str, term: str) -> array[int]:
        """The numbers of the lines of at least this level, of this table, with this word (or, !, without)."""
        floor, who = LEVELS[level], table.encode()
        word = fold(term.removeprefix("!"))
        wanted = not term.startswith("!")
        out = array("Q")
        for number, line in enumerate(self._lines()):
            if floor > LEVELS["DEBUG"] or who:
                found = _HEAD.match(line)
                grave = LEVELS.get(found[1].decode(), 20) if found else LEVELS["INFO"]
                if grave < floor or (who and (not found or found[2] != who)):
                    continue
            if not word or (word in fold(_told(line))) is wanted:
                out.append(number)
        return out

    def _lines(self) -> Iterator[bytes]:
        return map(self._bytes, range(len(self)))


def _told(line: bytes) -> str:
    """The table and the text, which are what a word is looked for in."""
    return line[26:].decode(errors="replace")


def files(path: Path | None) -> list[Path]:
    """The log file and those it was before, the newest first."""
    if path is None:
        return []
    with suppress(OSError):  # reading the one that is left tells why
        return [path] * path.exists() + rotated_files(path)
    return [path]
