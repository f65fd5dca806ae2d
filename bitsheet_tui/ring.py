"""The newest log lines, for a screen: appended by the log, read by whoever looks."""

import re
from collections import Counter, deque
from datetime import datetime
from itertools import islice

from msgspec import Struct

SIZE = 5000
# how the log writes a line into a file: a moment with its offset, the level, the table, the text
LINE = re.compile(rb"(\S{10} \S{8,21}) +(DEBUG|INFO|SUCCESS|WARNING|ERROR|CRITICAL) +(\S+) +(.*)")


class LogLine(Struct, frozen=True, kw_only=True):
    """One record, already redacted and on one line."""

    seq: int
    at: datetime  # aware UTC
    level: str  # DEBUG, INFO, WARNING, ERROR, CRITICAL
    table: str  # a table's name, or "engine", "portal", "store"
    text: str


class Ring:
    """At most `size` lines; older ones fall out. Appending never waits for a reader."""

    def __init__(self, size: int = SIZE) -> None:
        self._lines: deque[LogLine] = deque(maxlen=size)
        self.last = 0  # seq of the newest line; 0 before the first
        self.levels: Counter[str] = Counter()  # lines of each level, those that fell out included

    def append(self, at: datetime, level: str, table: str, text: str) -> None:
        """Add one line. One writer at a time: the log's own lock sees to it."""
        line = LogLine(seq=self.last + 1, at=at, level=level, table=table, text=text)
        self._lines.append(line)
        self.last = line.seq
        self.levels[level] += 1

    def after(self, seq: int) -> list[LogLine]:
        """The lines newer than `seq`, oldest first; those that fell out are missing."""
        wanted = min(self.last - seq, len(self._lines))
        for _ in range(3):  # the writer may append while the deque is walked
            try:
                return list(islice(self._lines, max(0, len(self._lines) - wanted), None))
            except RuntimeError:
                continue
        return []
