"""One table in full: how it is read, how far, how fast, what is odd about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bitsheet_tui.events import Drifted
from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.tables import CATALOGUE, Table
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import MINUS
from bitsheet_tui.ui.line import Line, fit, wrap
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import spark, tables

if TYPE_CHECKING:
    from bitsheet_tui.store.checkpoints import Checkpoint
    from bitsheet_tui.store.journal import Grown

_METHODS: dict[str, Table] = {table.name: table for table in CATALOGUE}
LABEL = 12


def facts(picture: Picture, name: str, columns: int) -> list[Line]:
    """One fact a line; nothing for a table that is not there."""
    table = picture.state.tables.get(name)
    if table is None:
        return []
    return [
        *_reading(picture, table, columns),
        *_stored(table),
        *_timing(table, columns),
        *_trouble(table, columns),
    ]


def reach(checkpoint: "Checkpoint", columns: Sequence["Grown"]) -> list[Line]:
    """How far the ids were read, and how many columns there are."""
    lines: list[Line] = []
    if checkpoint.reach is not None:
        down = "" if checkpoint.floor in {0, None} else f", read down to {checkpoint.floor:,} so far"
        lines.append(_fact("reach", (f"every id up to {checkpoint.reach:,}{down}", "")))
    if checkpoint.progress:
        left = ", ".join(f"{plain(name, 30)} at {at:,}" for name, at in checkpoint.progress.items() if at)
        lines += [_fact("scan in hand", (left, "dim"))] if left else []
    if columns:
        gone = sum(one.retired_at is not None for one in columns)
        told = f"{len(columns) - gone:,}" + (f" and {gone:,} that the portal no longer has" if gone else "")
        newest, first = max(columns, key=_came), min(columns, key=_came)
        late = f"  newest {plain(newest.column or newest.field)}" if _came(newest) > _came(first) else ""
        lines.append(_fact("columns", (told, ""), (late, "dim")))
    return lines


def _came(column: "Grown") -> datetime:
    return column.first_seen


def _fact(label: str, *spans: tuple[str, str]) -> Line:
    return ((fit(label, LABEL), "dim"), *spans)


def _reading(picture: Picture, table: TableState, columns: int) -> list[Line]:
    entry = _METHODS.get(table.name)
    out = [_fact("state", *tables.state(picture, table, columns - LABEL))]
    if entry:
        rhythm = "  now and then" if entry.static else "  every cycle"
        rhythm = f"  every {f.span(table.due)}" if table.due else rhythm
        out.append(_fact("read by", (entry.method, ""), (rhythm, "dim")))
        told = ", ".join(entry.cursors) or (
            f"{entry.parent.changed} of {entry.parent.table}" if entry.parent else ""
        )
        out.append(
            _fact("changes by", (told, "")) if told else _fact("changes by", ("reading all of it", ""))
        )
    out.append(_fact("synced", (f.clock(table.synced_at, picture.zone, picture.now), ""),
                     (f"  {f.ago(table.synced_at, picture.now)}", "dim")))  # fmt: skip
    out.append(_fact("current to", (f.clock(table.watermark, picture.zone, picture.now), ""),
                     ("  by the portal's clock", "dim")))  # fmt: skip
    if table.fill:
        out += _fill(picture, table)
    return out


def _fill(picture: Picture, table: TableState) -> list[Line]:
    fill = table.fill
    if fill is None:
        return []
    of = f" of about {fill.expected:,}" if fill.expected else ""
    out = [_fact("backfill", (f"{fill.done:,}{of}", ""), (f"  in {f.plural(fill.pages, 'page')}", "dim"))]
    eta = picture.eta(fill)
    left = f"{f.span(eta)} left" if eta is not None else "too early to say how long"
    out.append(_fact("", (f.rate(fill.rate) if fill.rate else f.UNKNOWN, ""), (f"  {left}", "dim")))
    return out


def _drift(drift: Drifted) -> list[Line]:
    told = (("added", drift.added), ("now text", drift.widened), ("gone", drift.retired))
    return [_fact("columns", (f"{what}: {plain(', '.join(names))}", "wait")) for what, names in told if names]


def _stored(table: TableState) -> list[Line]:
    new, changed, gone = f.delta("+", table.new), f.delta("~", table.changed), f.delta(MINUS, table.gone)
    last = f"{new} new, {changed} changed, {gone} gone"
    out = [
        _fact("rows", (f.count(table.rows), "strong"), (f"  and {table.deleted:,} marked deleted", "dim")),
        _fact("last cycle", (last, "")),
    ]
    if table.drift:
        out += _drift(table.drift)
    if table.quarantined:
        out.append(
            _fact("set aside", (f"{f.plural(table.quarantined, 'row')} in bitsheet_quarantine", "wait"))
        )
    if table.held:
        out.append(
            _fact(
                "held",
                (f"{f.plural(table.held, 'deletion')}: {plain(table.held_reason, 200)}; y confirms", "bad"),
            )
        )
    if table.unreadable:
        out.append(_fact("hidden", (f"comments of {f.plural(table.unreadable, 'task')}", "wait")))
    return out


def _timing(table: TableState, columns: int) -> list[Line]:
    seconds = table.seconds
    if not seconds:
        return []
    p50, p95 = f.took(f.quantile(seconds, 0.5)), f.took(f.quantile(seconds, 0.95))
    shown = seconds[-max(1, min(60, columns - LABEL)) :]
    return [
        _fact("reads take", (f"p50 {p50}  p95 {p95}  max {f.took(max(seconds))}", "")),
        _fact(f"last {len(shown)}", (spark.strip(shown), "spark")),
    ]


def _trouble(table: TableState, columns: int) -> list[Line]:
    if not table.error:
        return []
    style = "bad" if table.standing is Standing.REFUSED else "wait"
    rows = [(row, style) for row in wrap(plain(table.error, 400), columns - LABEL)]
    rows += [(row, "hint") for row in wrap(plain(table.hint, 400), columns - LABEL) if row]
    return [_fact("last error" if not index else "", span) for index, span in enumerate(rows)]


def how_many(table: TableState | None) -> str:
    """`about 30,355 rows`."""
    return (
        f"about {table.rows:,} rows" if table and table.rows is not None else "nobody knows how many rows yet"
    )


PAGE = 50  # rows in one answer of the portal
BATCH = 50  # answers in one request
PAGES_A_SECOND = 12  # at two requests a second, where the portal is quick


def how_long(picture: Picture, table: TableState | None) -> str:
    """How many requests a backfill of the table costs and how long it takes, as far as anybody can tell."""
    if table is None or table.rows is None:
        return "in as many requests and as long as it takes"
    rate = table.fill.rate if table.fill and table.fill.rate else PAGE * PAGES_A_SECOND
    asked = f.plural(-(-_answers(picture, table) // BATCH), "request")
    return f"in some {asked}, roughly {f.span(max(5.0, table.rows / rate))} while the portal is quick"


def _answers(picture: Picture, table: TableState) -> int:
    """How many answers a backfill takes: one for a page, or at least one for each discussion."""
    pages = -(-(table.rows or 0) // PAGE)
    entry = _METHODS.get(table.name)
    parent = picture.state.tables.get(entry.parent.table) if entry and entry.parent else None
    return max(1, pages, (parent.rows or 0) if parent else 0)
