"""What the books tell, a line for each: runs, columns, rows set aside, changes, alerts."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import ARROW, BAD, MINUS, OK, WAIT
from bitsheet_tui.ui.line import Line, Span, cut, fit
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.values import pretty

if TYPE_CHECKING:
    from bitsheet_tui.store.journal import Grown, Told
    from bitsheet_tui.store.ledger import Cycle, Run
    from bitsheet_tui.store.quarantine import Quarantined
    from bitsheet_tui.store.record import Change

AT = 15  # `24 Nov 10:02:13`
OPS = {"insert": ("new", "new"), "update": ("changed", ""), "delete": ("deleted", "bad"),
       "undelete": ("is back", "ok"), "snapshot": ("read again from scratch", "dim")}  # fmt: skip
RUN_HEAD = f"{'started':<{AT}} {'took':>6} {'new':>6} {'chg':>6} {'gone':>6}  what it was"
CYCLE_HEAD = f"{'cycle':>9}  {'started':<{AT}} {'took':>7} {'rows':>9} {'requests':>9}  not current"


def at(moment: datetime | None, picture: Picture) -> str:
    """When, with the day where it is not today's."""
    return fit(f.clock(moment, picture.zone, picture.now), AT)


def run(one: "Run", picture: Picture, columns: int, *, named: bool) -> Line:
    """What a cycle did to a table; `named`: with the table's name, else with the cycle's number."""
    who = fit(plain(one.table, 14), 14) if named else f"{one.cycle:>7,}"
    spans: list[Span] = [
        (f" {who} {at(one.started_at, picture)} {f.took(one.seconds):>6}", ""),
        *(_number(sign, number, style) for sign, number, style in (
            ("+", one.inserted, "new"), ("~", one.updated, ""), (MINUS, one.deleted, "wait"))),
        ("  ", ""), *_how(one),
    ]  # fmt: skip
    return cut(tuple(spans), columns)


def _number(sign: str, number: int, style: str) -> Span:
    return (f" {f.delta(sign, number):>6}", style if number else "dim")


def _how(one: "Run") -> Line:
    if one.error:
        return ((f"{BAD} {plain(one.error)}", "bad"),)
    if one.kind == "drift":
        return ((f"{WAIT} columns: {plain(one.hint)}", "wait"),)
    kind = {"scan": "changes", "fill": "from scratch"}.get(one.kind, plain(one.kind, 20))
    aside = f", {one.quarantined:,} set aside" if one.quarantined else ""
    return ((kind, "dim"), (aside, "wait"))


def cycle(one: "Cycle", picture: Picture, columns: int) -> Line:
    """One pass over the due tables."""
    figures = f"{f.took(one.seconds):>7} {one.rows:>9,} {one.requests:>9,}  "
    about = f" {one.number:>9,}  {at(one.started_at, picture)} {figures}"
    return cut(((about, ""), outcome(one, picture)), columns)


def outcome(one: "Cycle", picture: Picture) -> Span:
    """How a cycle ended: well, with tables left behind, or not at all."""
    if one.failed:
        return (f"{BAD} {plain(', '.join(one.failed))}", "bad")
    if one.ended_at is not None:
        return (OK, "ok")
    running = picture.state.cycle_started and picture.state.cycle == one.number
    return ("runs", "ok") if running else ("did not come to its end", "wait")


def column(one: "Grown", picture: Picture, columns: int) -> Line:
    """A column with the portal's label, its type, and when it came or went."""
    room = max(12, min(30, (columns - 44) // 2))
    several = " list" if one.multiple else ""
    spans: list[Span] = [
        (" " + fit(plain(one.column or f"extra: {one.field}", room), room), "name"),
        (" " + fit(plain(one.title, room) or f.UNKNOWN, room), "" if one.title else "dim"),
        (" " + fit(plain(one.kind, 9), 9), ""),
        (" " + fit(plain(one.type, 14) + several, 18), "dim"),
    ]
    if one.retired_at:
        spans.append((f" gone from the portal {f.clock(one.retired_at, picture.zone, picture.now)}", "wait"))
    else:
        spans.append((f" since {f.clock(one.first_seen, picture.zone, picture.now, seconds=False)}", "dim"))
    return cut(tuple(spans), columns)


def aside(one: "Quarantined", picture: Picture, columns: int, *, named: bool) -> Line:
    """A row that could not be stored."""
    who = f"{plain(one.table, 14)} " if named else ""
    when = f.clock(one.last_seen, picture.zone, picture.now)
    spans: Line = (
        (f" {who}{plain(one.row_id, 14) or f.UNKNOWN:<10}", "name"), (f" {plain(one.reason, 200)}", "wait"),
        (f"  seen {f.plural(one.times, 'time')}, last {when}", "dim"),
    )  # fmt: skip
    return cut(spans, columns)


def aside_lines(one: "Quarantined") -> list[str]:
    """All of it."""
    head = f"{one.table} {one.row_id}: {one.reason}"
    return [
        head,
        "Mend it in the portal, or retry with: bitsheet-tui quarantine --retry",
        "",
        *pretty(dict(one.row)),
    ]


def alert(one: "Told", picture: Picture, columns: int) -> Line:
    """A condition: since when, and whether it still holds."""
    ended = one.ended_at is not None
    sign: Span = (
        f" {OK if ended else BAD} ",
        "ok" if ended else "bad" if one.severity == "error" else "wait",
    )
    over = f"  ended {f.clock(one.ended_at, picture.zone, picture.now)}" if ended else ""
    times = f"  {f.plural(one.times, 'time')}" if one.times > 1 else ""
    return cut((sign, (at(one.since, picture), ""), (f" {plain(one.text, 300)}", "dim" if ended else ""),
                (f"{over}{times}", "dim")), columns)  # fmt: skip


def alert_lines(one: "Told", picture: Picture) -> list[str]:
    """All of it."""
    ended = f.clock(one.ended_at, picture.zone, picture.now) if one.ended_at else "it still stands"
    return [one.text, "", one.hint, "", f"since  {f.clock(one.since, picture.zone, picture.now)}",
            f"ended  {ended}", f"times  {one.times:,}"]  # fmt: skip


def change(one: "Change", picture: Picture, columns: int, *, named: bool) -> Line:
    """One line of the change feed: when, what, and the fields that differ."""
    word, style = OPS.get(one.op, (plain(one.op, 12), ""))
    who = f"{plain(one.row_id, 12):<9} " if named else f"cycle {one.cycle:<7,} "
    fields = ", ".join(_moved(name, one.before or {}, one.after or {}) for name in _fields(one))
    return cut(((f" {at(one.at, picture)} {who}", "dim"), (f"{word}  ", style), (fields, "")), columns)


def _fields(one: "Change") -> list[str]:
    return list(dict.fromkeys((*(one.before or {}), *(one.after or {}))))


def _moved(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    was, is_ = before.get(name), after.get(name)
    if name not in before:
        return f"{plain(name, 40)} {_value(is_)}" if is_ is not None else plain(name, 40)
    return f"{plain(name, 40)} {_value(was)} {ARROW} {_value(is_)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f.UNKNOWN if value is None else plain(value, 40)


def change_lines(one: "Change", zone: tzinfo | None) -> list[str]:
    """All that a line of the feed says."""
    word, _ = OPS.get(one.op, (one.op, ""))
    when = f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    out = [
        f"{one.table} {one.row_id}: {word}",
        f"{when}, cycle {one.cycle:,}, number {one.seq:,} of the feed",
        "",
    ]
    for name in _fields(one):
        out.append(name)
        if one.before and name in one.before:
            out += [f"  before  {row}" for row in pretty(one.before[name])]
        if one.after and name in one.after:
            out += [f"  after   {row}" for row in pretty(one.after[name])]
    return out
