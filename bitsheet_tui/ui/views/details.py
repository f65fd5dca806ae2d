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
from bitsheet_tui.ui.language import retold, t
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


def reach(checkpoint: "Checkpoint", columns: Sequence["Grown"], hidden: int = 0) -> list[Line]:
    """How far the ids were read, how many columns there are, and how many rows the portal does not show."""
    lines: list[Line] = []
    if hidden:
        rows = f.plural(hidden, "row")
        lines.append(
            _fact(t("hidden"), (t("{rows} that the portal counts and does not show", rows=rows), ""))
        )
    if checkpoint.reach is not None:
        told = t("every id up to {id}", id=f.count(checkpoint.reach))
        if checkpoint.floor:
            told += t(", read down to {id} so far", id=f.count(checkpoint.floor))
        lines.append(_fact(t("reach"), (told, "")))
    if checkpoint.progress:
        left = ", ".join(
            t("{name} at {id}", name=plain(name, 30), id=f.count(at))
            for name, at in checkpoint.progress.items()
            if at
        )
        lines += [_fact(t("scan in hand"), (left, "dim"))] if left else []
    if columns:
        gone = sum(one.retired_at is not None for one in columns)
        told = f.count(len(columns) - gone)
        if gone:
            told = t("{count} and {gone} that the portal no longer has", count=told, gone=f.count(gone))
        newest, first = max(columns, key=_came), min(columns, key=_came)
        late = ""
        if _came(newest) > _came(first):
            late = "  " + t("newest {column}", column=plain(newest.column or newest.field))
        lines.append(_fact(t("columns"), (told, ""), (late, "dim")))
    return lines


def _came(column: "Grown") -> datetime:
    return column.first_seen


def _fact(label: str, *spans: tuple[str, str]) -> Line:
    return ((fit(label, LABEL), "dim"), *spans)


def _reading(picture: Picture, table: TableState, columns: int) -> list[Line]:
    entry = _METHODS.get(table.name)
    out = [_fact(t("state"), *tables.state(picture, table, columns - LABEL))]
    if entry:
        rhythm = t("now and then") if entry.static else t("every cycle")
        rhythm = t("every {span}", span=f.span(table.every)) if table.every else rhythm
        out.append(_fact(t("read by"), (entry.method, ""), (f"  {rhythm}", "dim")))
        told = ", ".join(entry.cursors) or t("reading all of it")
        if entry.parent and not entry.cursors:
            told = t("{column} of {table}", column=entry.parent.changed, table=entry.parent.table)
        out.append(_fact(t("changes by"), (told, "")))
    late = "  " + f.ago(table.synced_at, picture.now) if picture.late(table) else ""
    out.append(_fact(t("synced"), (f.clock(table.synced_at, picture.zone, picture.now), ""), (late, "wait")))
    out.append(_fact(t("current to"), (f.clock(table.watermark, picture.zone, picture.now), ""),
                     ("  " + t("by the portal's clock"), "dim")))  # fmt: skip
    if table.compared_at:
        out.append(_fact(t("compared"), (f.clock(table.compared_at, picture.zone, picture.now), ""),
                         ("  " + t("its deletions with the portal's"), "dim")))  # fmt: skip
    if table.fill:
        out += _fill(picture, table)
    return out


def _fill(picture: Picture, table: TableState) -> list[Line]:
    fill = table.fill
    if fill is None:
        return []
    done = f.count(fill.done)
    if fill.expected:
        done = t("{done} of about {all}", done=done, all=f.count(fill.expected))
    pages = t("in {pages}", pages=f.plural(fill.pages, "page"))
    out = [_fact(t("backfill"), (done, ""), (f"  {pages}", "dim"))]
    eta = picture.eta(fill)
    left = t("{span} left", span=f.span(eta)) if eta is not None else t("too early to say how long")
    out.append(_fact("", (f.rate(fill.rate) if fill.rate else f.UNKNOWN, ""), (f"  {left}", "dim")))
    return out


def _drift(drift: Drifted) -> list[Line]:
    told = (
        (t("added"), drift.added),
        (t("now text"), drift.widened),
        (t("of another type"), drift.retyped),
        (t("retired"), drift.retired),
    )
    return [
        _fact(t("columns"), (f"{what}: {plain(', '.join(names))}", "wait")) for what, names in told if names
    ]


def _stored(table: TableState) -> list[Line]:
    new, changed, gone = f.delta("+", table.new), f.delta("~", table.changed), f.delta(MINUS, table.gone)
    last = t("{new} new, {changed} changed, {gone} gone", new=new, changed=changed, gone=gone)
    marked = t("and {count} marked deleted", count=f.count(table.deleted))
    out = [
        _fact(t("rows"), (f.count(table.rows), "strong"), (f"  {marked}", "dim")),
        _fact(t("last cycle"), (last, "")),
    ]
    if table.drift:
        out += _drift(table.drift)
    for number, noun in ((table.quarantined, "row"), (table.values, "value")):
        if number:
            kept = t("{rows} in {table}", rows=f.plural(number, noun), table="bitsheet_quarantine")
            out.append(_fact(t("set aside"), (kept, "wait")))
    if table.held:
        why = plain(retold(table.held_reason), 200)
        held = t("{deletions}: {why}; y confirms", deletions=f.plural(table.held, "deletion"), why=why)
        out.append(_fact(t("held"), (held, "bad")))
    if table.unreadable:
        hidden = t("comments of {tasks}", tasks=f.plural(table.unreadable, "task"))
        out.append(_fact(t("hidden"), (hidden, "wait")))
    return out


def _timing(table: TableState, columns: int) -> list[Line]:
    seconds = table.seconds
    if not seconds:
        return []
    p50, p95 = f.took(f.quantile(seconds, 0.5)), f.took(f.quantile(seconds, 0.95))
    shown = seconds[-max(1, min(60, columns - LABEL)) :]
    return [
        _fact(t("reads take"), (f"p50 {p50}  p95 {p95}  {t('max')} {f.took(max(seconds))}", "")),
        _fact(t("last {count}", count=f"{len(shown)}"), (spark.strip(shown), "spark")),
    ]


def _trouble(table: TableState, columns: int) -> list[Line]:
    if not table.error:
        return []
    style = "bad" if table.standing is Standing.REFUSED else "wait"
    rows = [(row, style) for row in wrap(plain(retold(table.error), 400), columns - LABEL)]
    rows += [(row, "hint") for row in wrap(plain(retold(table.hint), 400), columns - LABEL) if row]
    return [_fact(t("last error") if not index else "", span) for index, span in enumerate(rows)]


def how_many(table: TableState | None) -> str:
    """`about 30,355 rows`."""
    if table is None or table.rows is None:
        return t("nobody knows how many rows yet")
    return t("about {rows}", rows=f.plural(table.rows, "row"))


PAGE = 50  # rows in one answer of the portal
BATCH = 50  # answers in one request
PAGES_A_SECOND = 12  # at two requests a second, where the portal is quick


def how_long(picture: Picture, table: TableState | None) -> str:
    """How many requests a backfill of the table costs and how long it takes, as far as anybody can tell."""
    if table is None or table.rows is None:
        return t("in as many requests and as long as it takes")
    rate = table.fill.rate if table.fill and table.fill.rate else PAGE * PAGES_A_SECOND
    requests = -(-_answers(picture, table) // BATCH)
    span = f.span(max(5.0, table.rows / rate))
    if requests == 1:
        return t("in one request, roughly {span} while the portal is quick", span=span)
    asked = f.plural(requests, "request")
    return t("in some {requests}, roughly {span} while the portal is quick", requests=asked, span=span)


def _answers(picture: Picture, table: TableState) -> int:
    """How many answers a backfill takes: one for a page, or at least one for each discussion."""
    pages = -(-(table.rows or 0) // PAGE)
    entry = _METHODS.get(table.name)
    parent = picture.state.tables.get(entry.parent.table) if entry and entry.parent else None
    return max(1, pages, (parent.rows or 0) if parent else 0)
