"""The lines of a log, with the word that is looked for marked."""

from datetime import tzinfo

from rich.cells import cell_len

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import TIMES
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, Span, cut, fit, width, wrap
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.views.log_window import Entry, Looked
from bitsheet_tui.ui.words import READING

_STYLES = {"WARNING": "wait", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "dim"}
SOURCE = 14
LONGEST = 1000


def render(
    window: Looked, end: int, cells: int, rows: int, zone: tzinfo | None, place: int | None = None
) -> tuple[list[Line], int | None]:
    """The entries up to number `end` that fit into `rows` lines; in which of them entry `place` begins."""
    out: list[Line] = []
    found: int | None = None
    entries = window.slice(end, rows)
    for number, entry in zip(range(min(end, window.total) - 1, -1, -1), reversed(entries), strict=False):
        lines = _entry(entry, cells, zone, window)
        out[:0] = lines
        found = 0 if number == place else found + len(lines) if found is not None else None
        if len(out) >= rows:
            break
    over = max(0, len(out) - rows)
    return out[over:] if rows > 0 else [], None if found is None else max(0, found - over)


def told(entry: Entry) -> str:
    """A line as the log file has it."""
    line = entry.line
    times = f"  {TIMES} {entry.times}" if entry.times > 1 else ""
    at = line.at.astimezone().isoformat(" ", "seconds")
    return f"{at} {plain(line.level, 10):<8} {plain(line.table, 40):<14} {plain(line.text, 12_000)}{times}"


def _entry(entry: Entry, cells: int, zone: tzinfo | None, window: Looked) -> list[Line]:
    """` 10:02:11 I deals          page 12  50 rows`; if it wraps, the rest stands below its text."""
    head = _head(entry, cells, zone, window)
    style = _STYLES.get(entry.line.level, "")
    text = plain(entry.line.text, LONGEST)
    times: Line = ((f"  {TIMES} {f.count(entry.times)}", "dim"),) if entry.times > 1 else ()
    room = cells - width(head)
    if not window.wrap or room < 10 or cell_len(text) + width(times) <= room:
        return [cut((*head, *marked(((text, style),), window.term), *times), cells)]
    lines = [marked(((row, style),), window.term) for row in wrap(text, room)]
    indent: Line = ((" " * width(head), ""),)
    return [
        cut((*(indent if n else head), *line), cells)
        for n, line in enumerate([*lines[:-1], (*lines[-1], *times)])
    ]


def _head(entry: Entry, cells: int, zone: tzinfo | None, window: Looked) -> Line:
    line = entry.line
    level = plain(line.level, 10)[:1] or "?"
    source = plain(line.table, SOURCE)
    source = fit(source, SOURCE) + " " if cells >= 60 else source + " " if source else ""
    at = f"{line.at.astimezone(zone):%m-%d %H:%M:%S}" if not window.grows else f.clock(line.at, zone)
    return (
        (f"{at} ", "dim"),
        (f"{level} ", _STYLES.get(line.level, "")),
        *marked(((source, "name"),), window.term),
    )


def title(window: Looked, end: int | None, *, narrow: bool, looking: bool = False) -> tuple[Line, Line]:
    """What the pane shows, and how much there is of it. `end` is where it is frozen; None: it follows."""
    follow: Span = (t("FOLLOW"), "ok") if end is None else (t("FROZEN"), "wait")
    if not window.grows:
        follow = (t("END"), "ok") if end is None else (t("HELD"), "wait")
    name: list[Span] = [(t("log"), "title"), ("  ", ""), follow]
    if looking:
        name.append((f"  {t(READING)}", "wait"))
    if end is not None and window.total > end and window.grows:
        name.append((" " + t("+{count} new", count=f.count(window.total - end)), "wait"))
    name.append((f"  {t(window.level.lower())}+", "dim"))
    table = plain(window.table, 20) or t("all tables")
    name.append((f"  {table}", "" if window.table else "dim"))
    if window.term:
        name += [("  ", ""), (f"{'/' if window.sift else 'n '}{plain(window.term, 30)}", "match")]
    if narrow:
        return tuple(name), ()
    note: list[Span] = [(f.plural(window.total - window.first, "line"), "dim")]
    if window.warnings:
        note += [("  ", ""), (f.plural(window.warnings, "warning"), "wait")]
    return tuple(name), tuple(note)
