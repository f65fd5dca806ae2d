"""The table of tables: one row each, with as many columns as the terminal has room for."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import BAD, CURSOR, MINUS, PAUSE, WAIT
from bitsheet_tui.ui.language import retold, short, t
from bitsheet_tui.ui.line import Line, Span, cut, fit, width
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import spark
from bitsheet_tui.ui.words import STANDINGS

NAME_MAX = 20
STATE_MIN, STATE_ROOM = 16, 22
LAST = 8  # how many durations the small sparkline shows

Cell = Callable[[Picture, TableState], Span]


class Column(Struct, frozen=True, kw_only=True):
    """One column. Where room is short the column of the lowest `rank` goes first; rank 0 stays."""

    title: str
    width: int
    rank: int
    cell: Cell
    filling: bool = False  # only while a table is being filled


def _muted(text: str) -> Span:
    return (text, "dim" if text in {"0", f.UNKNOWN, t("never")} else "")


def _rows(picture: Picture, table: TableState) -> Span:
    return _muted(f.count(table.rows))


def _changes(sign: str, attribute: str, style: str) -> Cell:
    def cell(picture: Picture, table: TableState) -> Span:
        number: int = getattr(table, attribute)
        return (f.delta(sign, number), style if number else "dim")

    return cell


def _rate(picture: Picture, table: TableState) -> Span:
    fill = table.fill
    return (f.rate(fill.rate), "") if fill and fill.rate and picture.fresh(fill) else (f.UNKNOWN, "dim")


def _eta(picture: Picture, table: TableState) -> Span:
    eta = picture.eta(table.fill) if table.fill and picture.fresh(table.fill) else None
    return (f.UNKNOWN, "dim") if eta is None else (f.brief(eta), "")


def _synced(picture: Picture, table: TableState) -> Span:
    """When it was read; how long ago that is where it should have been read since."""
    if picture.late(table):
        return (f.age(table.synced_at, picture.now), "wait")
    return (f.lately(table.synced_at, picture.zone, picture.now), "dim")


def _quantile(share: float) -> Cell:
    def cell(picture: Picture, table: TableState) -> Span:
        return _muted(f.took(f.quantile(table.seconds, share)))

    return cell


def _last(picture: Picture, table: TableState) -> Span:
    """How many rows its last reads found changed; durations say nothing, for tables share requests."""
    return (spark.strip(table.changes[-LAST:]), "spark")


ROWS = Column(title="rows", width=9, rank=0, cell=_rows)
STATE = Column(title="state", width=STATE_MIN, rank=0, cell=lambda picture, table: ("", ""))
LEFT = Column(title="left", width=6, rank=8, cell=_eta, filling=True)
COLUMNS = (
    ROWS,
    Column(title="new", width=6, rank=7, cell=_changes("+", "new", "new")),
    Column(title="chg", width=6, rank=5, cell=_changes("~", "changed", "")),
    Column(title="gone", width=6, rank=4, cell=_changes(MINUS, "gone", "wait")),
    STATE,
    Column(title="rows/s", width=8, rank=8, cell=_rate, filling=True),
    LEFT,
    Column(title="synced", width=8, rank=6, cell=_synced),
    Column(title="p50", width=6, rank=1, cell=_quantile(0.5)),
    Column(title="p95", width=6, rank=2, cell=_quantile(0.95)),
    Column(title="last 8", width=LAST, rank=1, cell=_last),
)


class Layout(Struct, frozen=True):
    """The columns that fit, and how wide the name and the state are."""

    columns: tuple[Column, ...]
    name: int
    state: int


def layout(picture: Picture, cells: int) -> Layout:
    """Drop columns until the rest fits; what is left over goes to the state."""
    name = min(NAME_MAX, max([5, *(len(table.name) for table in picture.tables)]))
    filling = any(table.fill for table in picture.tables)
    columns = [column for column in COLUMNS if filling or not column.filling]
    room = cells - name - 3  # the cursor, the name and a gap
    while (left := room - sum(column.width + 1 for column in columns)) < _needed(columns):
        droppable = [column for column in columns if column.rank]
        if not droppable:
            break
        columns.remove(min(droppable, key=lambda column: column.rank))
    return Layout(tuple(columns), name, max(4, STATE_MIN + min(left, 28)))


def _needed(columns: list[Column]) -> int:
    """How much must be left over: durations may not take the room of a sentence about the state."""
    return STATE_ROOM - STATE_MIN if any(0 < column.rank <= 2 for column in columns) else 0


def head(layout: Layout, cells: int) -> Line:
    """The titles of the columns."""
    parts = [fit("  " + t("table"), layout.name + 2)]
    parts += [_aligned(column, short(column.title), layout) for column in layout.columns]
    return cut(((" ".join(parts), "head"),), cells)


def _aligned(column: Column, text: str, layout: Layout) -> str:
    if column is STATE:
        return fit(" " + text, layout.state)
    return fit(text, column.width, right=True)


def row(picture: Picture, table: TableState, layout: Layout, cells: int, *, chosen: bool) -> Line:
    """One table; the chosen one is marked."""
    marker: Span = (CURSOR + " ", "cursor-mark") if chosen else ("  ", "")
    out: list[Span] = [marker, (fit(plain(table.name, NAME_MAX), layout.name), "name")]
    brief = LEFT not in layout.columns
    for column in layout.columns:
        out.append((" ", ""))
        if column is STATE:
            out.extend(
                _padded(((" ", ""), *state(picture, table, layout.state - 1, brief=brief)), layout.state)
            )
        else:
            words, style = column.cell(picture, table)
            out.append((_aligned(column, words, layout), style))
    return cut(tuple(out), cells)


def _padded(line: Line, cells: int) -> Line:
    line = cut(line, cells)
    return (*line, (" " * (cells - width(line)), ""))


def state(picture: Picture, table: TableState, cells: int, *, brief: bool = False) -> Line:
    """Where a table stands, or that it is not read; `brief`: with the time that is left of a backfill."""
    if table.disabled:
        return (("- ", "dim"), (t("disabled, E reads it"), "dim"))
    if picture.left_behind:
        return _left(table)
    return _state(picture, table, cells, brief=brief)


def _left(table: TableState) -> Line:
    """How a table was left by an instance that has ended: nobody reads it, or tries it again."""
    if table.held:
        return ((BAD + " ", "bad"), (t("{count} held, see e", count=f.count(table.held)), "bad"))
    if table.standing is Standing.REFUSED:
        sign, words, style = STANDINGS[table.standing]
        return ((sign + " ", style), (t(words), style))
    if table.standing is Standing.FILLING:
        words = t("not read to its end")
    elif table.standing is Standing.FAILED:
        words = t("had failed")
    else:
        words = _lacks(table) or t("not read yet" if table.standing is Standing.NEVER else "as it was left")
    return (("- ", "dim"), (words, "dim"))


def _state(picture: Picture, table: TableState, cells: int, *, brief: bool) -> Line:
    """Where a table stands: its sign and words, or the bar of its backfill; `brief`: with the time left."""
    if table.fill and table.standing is Standing.FILLING:
        return _filling(picture, table, cells, brief=brief)
    sign, words, style = STANDINGS[table.standing]
    words = t(words)
    if table.standing is Standing.RESTING and table.until:
        words = _rests(picture, table.until, cells)
    if table.standing in {Standing.REFUSED, Standing.FAILED} and table.error and cells > 30:
        words = plain(retold(table.error))
    read = table.standing in {Standing.OK, Standing.PARTIAL}
    if (read or table.standing in {Standing.QUEUED, Standing.READING}) and table.held:
        sign, words, style = BAD, t("{count} held, see e", count=f.count(table.held)), "bad"
    elif (read or table.standing is Standing.QUEUED) and picture.late(table):
        sign, words, style = WAIT, t("late, due every {span}", span=f.span(table.every)), "wait"
    else:
        words = _lacks(table) or words
    return ((sign + " ", style), (words, style if style in {"wait", "bad", "dim"} else ""))


def _lacks(table: TableState) -> str:
    """What is not there of a table that was read; empty: nothing."""
    if table.standing is Standing.PARTIAL:
        return t("partial, {count} set aside", count=f.count(table.quarantined))
    if table.standing is Standing.OK and table.values:
        return t("ok, {values} set aside", values=f.plural(table.values, "value"))
    if table.standing is Standing.OK and table.unreadable:
        return t("ok, {count} hidden", count=f.count(table.unreadable))
    return ""


def _rests(picture: Picture, until: datetime, cells: int) -> str:
    if cells < 22:
        return t("until {at}", at=f.clock(until, picture.zone, picture.now, seconds=False))
    return t("rests until {at}", at=f.clock(until, picture.zone, picture.now))


def _filling(picture: Picture, table: TableState, cells: int, *, brief: bool) -> Line:
    fill = table.fill
    sign, _, style = STANDINGS[Standing.FILLING]
    if picture.state.paused_at:
        sign, style = PAUSE, "wait"
    if fill is None or fill.share is None:
        return ((sign + " ", style), (f.plural(fill.done if fill else 0, "row"), ""))
    eta = picture.eta(fill) if brief else None
    tail = f" {f.percent(fill.share):>4}" + (f" {f.brief(eta)}" if eta is not None else "")
    done, still = f.bar(fill.share, max(3, min(20, cells - 2 - len(tail))))
    return ((sign + " ", style), (done, "bar"), (still, "trough"), (tail, ""))


def total(picture: Picture, layout: Layout, cells: int) -> Line:
    """The sums, and how many tables are current."""
    tables = picture.tables
    out: list[Span] = [("  ", ""), (fit(t("total"), layout.name), "strong")]
    for column in layout.columns:
        out.append((" ", ""))
        if column is STATE:
            out.extend(_padded(((" ", ""), *_summary(picture, layout.state - 1)), layout.state))
        else:
            words = _SUMS[column.title](picture, tables) if column.title in _SUMS else ""
            out.append((_aligned(column, words, layout), "strong"))
    return cut(tuple(out), cells)


def _sum(tables: Sequence[TableState]) -> str:
    known = [table.rows for table in tables if table.rows is not None]
    return f.count(sum(known)) if known else f.UNKNOWN


_SUMS: dict[str, Callable[[Picture, Sequence[TableState]], str]] = {
    "rows": lambda picture, tables: _sum(tables),
    "new": lambda picture, tables: f.delta("+", sum(table.new for table in tables)),
    "chg": lambda picture, tables: f.delta("~", sum(table.changed for table in tables)),
    "gone": lambda picture, tables: f.delta(MINUS, sum(table.gone for table in tables)),
    "rows/s": lambda picture, tables: f.rate(picture.fill.rate) if picture.fill and picture.fill.rate else "",
}


def _summary(picture: Picture, cells: int) -> Line:
    fill = picture.fill
    if fill and fill.share is not None:
        words = t("{share} filled", share=f.percent(fill.share))
        if (eta := picture.eta(fill)) is not None:
            long = t("{share} filled, {span} left", share=f.percent(fill.share), span=f.span(eta))
            words = long if len(long) <= cells else words
        return ((words, "strong"),)
    verdict = picture.verdict
    ok = f"{len(verdict.current)}"
    if not verdict.needs:
        said = t(
            "{count} of {all} were ok" if picture.left_behind else "{count} of {all} ok",
            count=ok,
            all=f"{verdict.all}",
        )
        return ((said, "dim" if picture.left_behind else "strong"),)
    if verdict.held and verdict.refused:
        need = f"{len(verdict.needs)}"
        return ((t("{count} ok", count=ok) + ", ", "strong"), (t("{count} need you", count=need), "bad"))
    one = "{count} held" if verdict.held else "{count} refused"
    return ((t("{count} ok", count=ok) + ", ", "strong"), (t(one, count=f"{len(verdict.needs)}"), "bad"))
