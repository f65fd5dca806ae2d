"""What the books tell, a line for each: runs, columns, rows set aside, changes, alerts."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import ARROW, BAD, MINUS, OK, WAIT
from bitsheet_tui.ui.language import retold, short, t
from bitsheet_tui.ui.line import Line, Span, cut, fit
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.values import LONG, pretty

if TYPE_CHECKING:
    from bitsheet_tui.store.journal import Grown, Told
    from bitsheet_tui.store.ledger import Cycle, Run
    from bitsheet_tui.store.quarantine import Quarantined
    from bitsheet_tui.store.record import Change

AT = 15  # `24 Nov 10:02:13`
OPS = {"insert": ("new", "new"), "update": ("changed", ""), "delete": ("deleted", "bad"),
       "undelete": ("is back", "ok")}  # fmt: skip
PHASES = {"begin": ("is read for the first time", "dim"), "end": ("has been read for the first time", "dim")}


def run_head(*, named: bool) -> str:
    """The titles over the lines of `run`."""
    who = fit(t("table"), 14) if named else fit(t("cycle"), 7, right=True)
    numbers = " ".join(fit(short(title), 6, right=True) for title in ("took", "new", "chg", "gone"))
    return f" {who} {fit(t('started'), AT)} {numbers}  {t('what it was')}"


def cycle_head() -> str:
    """The titles over the lines of `cycle`."""
    numbers = (("took", 7), ("rows", 9), ("requests", 9))
    figures = " ".join(fit(t(title), wide, right=True) for title, wide in numbers)
    return f" {fit(t('cycle'), 9, right=True)}  {fit(t('started'), AT)} {figures}  {t('not current')}"


def column_room(columns: int) -> int:
    """How wide a column's name and its label are."""
    return max(12, min(30, (columns - 44) // 2))


def column_head(columns: int) -> str:
    """The titles over the lines of `column`."""
    room = column_room(columns)
    widths = (("column", room), ("label in the portal", room), ("kind", 9), ("type", 18))
    return " ".join(["", *(fit(t(title), wide) for title, wide in widths), t("known")])


def at(moment: datetime | None, picture: Picture) -> str:
    """When, with the day where it is not today's."""
    return fit(f.clock(moment, picture.zone, picture.now), AT)


def run(one: "Run", picture: Picture, columns: int, *, named: bool) -> Line:
    """What a cycle did to a table; `named`: with the table's name, else with the cycle's number."""
    who = fit(plain(one.table, 14), 14) if named else f"{f.count(one.cycle):>7}"
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
        return ((f"{BAD} {plain(retold(one.error))}", "bad"),)
    if one.kind == "drift":
        return ((f"{WAIT} {t('columns: {names}', names=plain(retold(one.hint)))}", "wait"),)
    kind = t({"scan": "changes", "fill": "from scratch"}.get(one.kind, plain(one.kind, 20)))
    aside = t(", {count} set aside", count=f.count(one.quarantined)) if one.quarantined else ""
    return ((kind, "dim"), (aside, "wait"))


def cycle(one: "Cycle", picture: Picture, columns: int) -> Line:
    """One pass over the due tables."""
    figures = f"{f.took(one.seconds):>7} {f.count(one.rows):>9} {f.count(one.requests):>9}  "
    about = f" {f.count(one.number):>9}  {at(one.started_at, picture)} {figures}"
    return cut(((about, ""), outcome(one, picture)), columns)


def outcome(one: "Cycle", picture: Picture) -> Span:
    """How a cycle ended: well, with tables left behind, or not at all."""
    if one.failed:
        return (f"{BAD} {plain(', '.join(one.failed))}", "bad")
    if one.ended_at is not None:
        return (OK, "ok")
    running = picture.state.cycle_started and picture.state.cycle == one.number
    return (t("running"), "ok") if running else (t("did not come to its end"), "wait")


def column(one: "Grown", picture: Picture, columns: int) -> Line:
    """A column with the portal's label, its type, and when it came or went."""
    room = column_room(columns)
    several = " " + t("list") if one.multiple else ""
    name = one.column or t("extra: {field}", field=one.field)
    spans: list[Span] = [
        (" " + fit(plain(name, room), room), "name"),
        (" " + fit(plain(one.title, room) or f.UNKNOWN, room), "" if one.title else "dim"),
        (" " + fit(plain(one.kind, 9), 9), ""),
        (" " + fit(plain(one.type, 14) + several, 18), "dim"),
    ]
    if one.retired_at:
        at = f.clock(one.retired_at, picture.zone, picture.now)
        spans.append((" " + t("gone from the portal {at}", at=at), "wait"))
    else:
        at = f.clock(one.first_seen, picture.zone, picture.now, seconds=False)
        spans.append((" " + t("since {at}", at=at), "dim"))
    return cut(tuple(spans), columns)


def aside(one: "Quarantined", picture: Picture, columns: int, *, named: bool) -> Line:
    """A row that could not be stored, or a value that its row is stored without."""
    who = f"{plain(one.table, 14)} " if named else ""
    when = f.clock(one.last_seen, picture.zone, picture.now)
    spans: Line = (
        (f" {who}{plain(one.row_id, 14) or f.UNKNOWN:<10}", "name"),
        (f" {plain(_why(one), 200)}", "wait"),
        ("  " + t("seen {times}, last {at}", times=f.plural(one.times, "time"), at=when), "dim"),
    )  # fmt: skip
    return cut(spans, columns)


def aside_lines(one: "Quarantined") -> list[str]:
    """All of it."""
    value = one.row if one.whole else one.value
    return [
        f"{one.table} {one.row_id}: {_why(one)}",
        t("Mend it in the portal, or retry with: bitsheet-tui quarantine --retry"),
        "",
        *([f.UNKNOWN] if value is None else pretty(value) if one.whole else plain(value, LONG).splitlines()),
    ]


def _why(one: "Quarantined") -> str:
    return retold(one.reason) if one.whole else f"{one.field}: {retold(one.reason)}"


def alert(one: "Told", picture: Picture, columns: int) -> Line:
    """A condition: since when, and whether it still holds."""
    ended = one.ended_at is not None
    sign: Span = (
        f" {OK if ended else BAD} ",
        "ok" if ended else "bad" if one.severity == "error" else "wait",
    )
    end = f.clock(one.ended_at, picture.zone, picture.now)
    over = "  " + t("ended {at}", at=end) if ended else ""
    times = f"  {f.plural(one.times, 'time')}" if one.times > 1 else ""
    text = plain(retold(one.text), 300)
    return cut((sign, (at(one.since, picture), ""), (f" {text}", "dim" if ended else ""),
                (f"{over}{times}", "dim")), columns)  # fmt: skip


def alert_lines(one: "Told", picture: Picture) -> list[str]:
    """All of it."""
    ended = f.clock(one.ended_at, picture.zone, picture.now) if one.ended_at else t("it still stands")
    facts = ((t("since"), f.clock(one.since, picture.zone, picture.now)), (t("ended"), ended),
             (t("times"), f.count(one.times)))  # fmt: skip
    wide = max(len(label) for label, _ in facts)
    return [
        retold(one.text),
        "",
        retold(one.hint),
        "",
        *(f"{label:<{wide}}  {fact}" for label, fact in facts),
    ]


def change(one: "Change", picture: Picture, columns: int, *, named: bool) -> Line:
    """One line of the change feed: when, what, and the fields that differ."""
    word, style = _what(one)
    cycle = t("cycle {number}", number=f"{f.count(one.cycle):<7}")
    who = f"{plain(one.row_id, 12):<9} " if named else f"{cycle} "
    fields = ", ".join(_moved(name, one.before or {}, one.after or {}) for name in _fields(one))
    return cut(((f" {at(one.at, picture)} {who}", "dim"), (f"{t(word)}  ", style), (fields, "")), columns)


def _what(one: "Change") -> Span:
    """What happened to the row, or to the table; an older version told the begin alone, and no phase."""
    if one.op == "snapshot":
        return PHASES.get(str((one.after or {}).get("phase")), PHASES["begin"])
    return OPS.get(one.op, (plain(one.op, 12), ""))


def _fields(one: "Change") -> list[str]:
    names = dict.fromkeys((*(one.before or {}), *(one.after or {})))
    return [name for name in names if one.op != "snapshot" or name != "phase"]


def _moved(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    was, is_ = before.get(name), after.get(name)
    if name not in before:
        return f"{plain(name, 40)} {_value(is_)}" if is_ is not None else plain(name, 40)
    return f"{plain(name, 40)} {_value(was)} {ARROW} {_value(is_)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return f.UNKNOWN if value is None else plain(value, 40)


def change_lines(one: "Change", zone: tzinfo | None) -> list[str]:
    """All that a line of the feed says."""
    word, _ = _what(one)
    when = f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    out = [
        f"{one.table} {one.row_id}: {t(word)}",
        t(
            "{at}, cycle {cycle}, number {seq} of the feed",
            at=when,
            cycle=f.count(one.cycle),
            seq=f.count(one.seq),
        ),
        "",
    ]
    before, after = t("before"), t("after")
    wide = max(len(before), len(after))
    for name in _fields(one):
        out.append(name)
        if one.before and name in one.before:
            out += [f"  {before:<{wide}}  {row}" for row in pretty(one.before[name])]
        if one.after and name in one.after:
            out += [f"  {after:<{wide}}  {row}" for row in pretty(one.after[name])]
    return out
