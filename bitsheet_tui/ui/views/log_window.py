"""The log as it is looked at: some of the lines of the ring, or of a file, by number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain

from msgspec import Struct

from bitsheet_tui.ring import SIZE, LogLine, Ring
from bitsheet_tui.ui.language import fold
from bitsheet_tui.ui.logbook import LogBook
from bitsheet_tui.ui.words import LEVELS


class Entry(Struct):
    """A line of the log, and how often it came in a row."""

    line: LogLine
    times: int = 1


class Looked:
    """Some of the lines of a log: those of a level and above, of a table, with a word.

    Each is known by its number; those from `first` to `total` (exclusive) are there.
    """

    while_typing = True  # whether a word can be followed letter by letter
    grows = True  # whether lines are still added

    def __init__(self, level: str = "INFO") -> None:
        self.level = level
        self.table = ""  # all
        self.term = ""
        self.sift = True  # only lines with the word; else all of them, with the word marked
        self.wrap = False  # long lines go on below
        self.total = 0
        self.warnings = 0

    @property
    def first(self) -> int:
        """The number of the oldest line that is still there."""
        return 0

    def pull(self) -> bool:
        """Take over what is new; True when something of it is shown."""
        return False

    def entry(self, number: int) -> Entry:
        """One line."""
        raise LookupError(number)

    def look(
        self,
        *,
        level: str | None = None,
        table: str | None = None,
        term: str | None = None,
        sift: bool = True,
    ) -> None:
        """Show other lines."""
        self.level = self.level if level is None else level
        self.table = self.table if table is None else table
        self.term = self.term if term is None else term
        self.sift = sift
        self.again()

    def again(self) -> None:
        """Choose the lines anew."""

    def slice(self, end: int, rows: int) -> list[Entry]:
        """At most `rows` entries up to number `end`."""
        return [self.entry(n) for n in range(max(self.first, end - rows), min(end, self.total))]

    def find(self, start: int, steps: int) -> int | None:
        """The next line with the word behind `start`, or before it; from the other end on if need be."""
        term = fold(self.term.removeprefix("!"))
        found = (n for n in self._around(start, steps) if term in _searched(self.entry(n).line))
        return next(found, None) if term else None

    def _around(self, start: int, steps: int) -> Iterable[int]:
        """Every number once, from behind `start` on."""
        start = max(self.first - 1, min(start, self.total))
        if steps > 0:
            return chain(range(start + 1, self.total), range(self.first, min(start + 1, self.total)))
        return chain(
            range(start - 1, self.first - 1, -1), range(self.total - 1, max(start, self.first) - 1, -1)
        )

    def at(self, moment: datetime) -> int:
        """The number of the first line that is not older."""
        numbers = range(self.first, self.total)
        return self.first + bisect_left(numbers, moment, key=lambda number: self.entry(number).line.at)


def _searched(line: LogLine) -> str:
    return fold(f"{line.table} {line.text}")


class LogWindow(Looked):
    """The lines of the ring, the newest `SIZE` of them, and what comes."""

    def __init__(self, ring: Ring, level: str = "INFO") -> None:
        super().__init__(level)
        self.ring = ring
        self.entries: deque[Entry] = deque(maxlen=SIZE)
        self._seen = 0

    @property
    def first(self) -> int:
        """What is older fell out."""
        return self.total - len(self.entries)

    def entry(self, number: int) -> Entry:
        """One line."""
        return self.entries[number - self.first]

    def pull(self) -> bool:
        """Take over what is new in the ring; True when something of it is shown."""
        last = self.ring.last
        if last == self._seen:
            return False
        shown = False
        for line in self.ring.after(self._seen):
            self._seen = line.seq
            if self._passes(line):
                self._add(line)
                shown = True
        return shown

    def _add(self, line: LogLine) -> None:
        self.warnings += LEVELS.get(line.level, 20) >= LEVELS["WARNING"]
        newest = self.entries[-1] if self.entries else None
        if newest and (newest.line.level, newest.line.table, newest.line.text) == (
            line.level,
            line.table,
            line.text,
        ):
            newest.line, newest.times = line, newest.times + 1
            return
        self.entries.append(Entry(line))
        self.total += 1

    def _passes(self, line: LogLine) -> bool:
        if LEVELS.get(line.level, 20) < LEVELS[self.level] or (self.table and line.table != self.table):
            return False
        term = fold(self.term.removeprefix("!"))
        if not term or not self.sift:
            return True
        return (term in _searched(line)) is not self.term.startswith("!")

    def again(self) -> None:
        """Start over with what the ring still has."""
        self.entries.clear()
        self.total = self._seen = self.warnings = 0
        self.pull()


class FileWindow(Looked):
    """The lines of a log file; choosing among a hundred thousand takes a moment, so others do it."""

    while_typing = False
    grows = False

    def __init__(self, book: LogBook, level: str = "DEBUG") -> None:
        super().__init__(level)
        self.book = book
        self.chosen: Sequence[int] = range(len(book))
        self.having: Sequence[int] = ()  # the word
        self.total = len(book)

    def entry(self, number: int) -> Entry:
        """One line."""
        return Entry(self.book.line(self.chosen[number]))

    def choose(self) -> tuple[Sequence[int], Sequence[int]]:
        """Which lines are to be shown, and which have the word; takes long, and changes nothing."""
        having = self.book.select(self.level, self.table, self.term)
        if self.sift or not self.term:
            return having, having
        return self.book.select(self.level, self.table, ""), having

    def show(self, chosen: Sequence[int], having: Sequence[int]) -> None:
        """Show these."""
        self.chosen, self.having, self.total = chosen, having, len(chosen)

    def find(self, start: int, steps: int) -> int | None:
        """The next line with the word."""
        if not self.having or not self.term or not self.total:
            return None
        here = self.chosen[start] if 0 <= start < self.total else (-1 if start < 0 else len(self.book))
        place = bisect_right(self.having, here) if steps > 0 else bisect_left(self.having, here) - 1
        return bisect_left(self.chosen, self.having[place % len(self.having)])

    def at(self, moment: datetime) -> int:
        """The number of the first line that is not older."""
        return bisect_left(self.chosen, moment, key=self.book.at)
