"""The log as it is looked at: a window on the ring with a level, a table and a word to look for."""

from collections import deque
from dataclasses import dataclass
from datetime import tzinfo

from rich.cells import cell_len

from bitsheet_tui.ring import SIZE, LogLine, Ring
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import TIMES
from bitsheet_tui.ui.line import Line, Span, cut, fit, width, wrap
from bitsheet_tui.ui.words import LEVELS

_STYLES = {"WARNING": "wait", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "dim"}
SOURCE = 14
LONGEST = 1000


@dataclass(slots=True)
class Entry:
    """A line of the log, and how often it came in a row."""

    line: LogLine
    times: int = 1


class LogWindow:
    """The lines of the ring that pass the filter, the newest `SIZE` of them."""

    def __init__(self, ring: Ring, level: str = "INFO") -> None:
        self.ring = ring
        self.level = level
        self.table = ""  # all
        self.term = ""
        self.wrap = False  # long lines go on below
        self.entries: deque[Entry] = deque(maxlen=SIZE)
        self.total = 0  # entries ever shown; the last one's number
        self.warnings = 0
        self._seen = 0

    @property
    def first(self) -> int:
        """The number of the oldest entry that is still there."""
        return self.total - len(self.entries)

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
        term = self.term.removeprefix("!").lower()
        if not term:
            return True
        return (term in f"{line.table} {line.text}".lower()) is not self.term.startswith("!")

    def look(self, *, level: str | None = None, table: str | None = None, term: str | None = None) -> None:
        """Change the filter and start over with what the ring still has."""
        self.level = self.level if level is None else level
        self.table = self.table if table is None else table
        self.term = self.term if term is None else term
        self.entries.clear()
        self.total = self._seen = self.warnings = 0
        self.pull()

    def slice(self, end: int, rows: int) -> list[Entry]:
        """At most `rows` entries up to number `end`."""
        stop = max(0, end - self.first)
        return [self.entries[i] for i in range(max(0, stop - rows), min(stop, len(self.entries)))]


def render(window: LogWindow, end: int, cells: int, rows: int, zone: tzinfo | None) -> list[Line]:
    """The entries up to number `end` that fit into `rows` lines."""
    out: list[Line] = []
    for entry in reversed(window.slice(end, rows)):
        out[:0] = _entry(entry, cells, zone, window)
        if len(out) >= rows:
            break
    return out[-rows:] if rows > 0 else []


def _entry(entry: Entry, cells: int, zone: tzinfo | None, window: LogWindow) -> list[Line]:
    """` 10:02:11 I deals          page 12  50 rows`; if it wraps, the rest stands below its text."""
    head = _head(entry, cells, zone)
    style = _STYLES.get(entry.line.level, "")
    text = plain(entry.line.text, LONGEST)
    times: Line = ((f"  {TIMES} {entry.times:,}", "dim"),) if entry.times > 1 else ()
    room = cells - width(head)
    if not window.wrap or room < 10 or cell_len(text) + width(times) <= room:
        return [cut((*head, *_marked(text, window.term, style), *times), cells)]
    lines = [_marked(row, window.term, style) for row in wrap(text, room)]
    indent: Line = ((" " * width(head), ""),)
    return [
        cut((*(indent if n else head), *line), cells)
        for n, line in enumerate([*lines[:-1], (*lines[-1], *times)])
    ]


def _head(entry: Entry, cells: int, zone: tzinfo | None) -> Line:
    line = entry.line
    level = plain(line.level, 10)[:1] or "?"
    source = plain(line.table, SOURCE)
    source = fit(source, SOURCE) + " " if cells >= 60 else source + " " if source else ""
    return (
        (f"{f.clock(line.at, zone)} ", "dim"),
        (f"{level} ", _STYLES.get(line.level, "")),
        (source, "name"),
    )


def _marked(text: str, term: str, style: str) -> Line:
    """The text with every place where the term stands in the style `match`."""
    low, term, at = text.lower(), term.lower(), 0
    if not term or term.startswith("!") or len(low) != len(text):
        return ((text, style),)
    out: list[Span] = []
    while (found := low.find(term, at)) >= 0:
        out += [(text[at:found], style), (text[found : found + len(term)], "match")]
        at = found + len(term)
    return (*out, (text[at:], style))


def title(window: LogWindow, end: int | None, *, narrow: bool) -> tuple[Line, Line]:
    """What the pane shows, and how much there is of it. `end` is where it is frozen; None: it follows."""
    follow: Span = ("FOLLOW", "ok") if end is None else ("FROZEN", "wait")
    name: list[Span] = [("log", "title"), ("  ", ""), follow]
    if end is not None and window.total > end:
        name.append((f" +{window.total - end:,} new", "wait"))
    name.append((f"  {window.level.lower()}+", "dim"))
    name.append(
        (f"  {plain(window.table, 20)}" if window.table else "  all tables", "" if window.table else "dim")
    )
    if window.term:
        name.append((f"  /{plain(window.term, 30)}", "match"))
    if narrow:
        return tuple(name), ()
    note: list[Span] = [(f.plural(len(window.entries), "line"), "dim")]
    if window.warnings:
        note += [("  ", ""), (f.plural(window.warnings, "warning"), "wait")]
    return tuple(name), tuple(note)
