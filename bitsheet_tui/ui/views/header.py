"""The first two lines: what it is and how it is, in one word and one sentence."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeGuard

from bitsheet_tui.alert import Kind
from bitsheet_tui.events import NeedsOperator, StoreTrouble
from bitsheet_tui.state import EngineState, Fill, Phase, Standing, TableState, newest
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import ARROW, MORE
from bitsheet_tui.ui.language import lower, retold, t
from bitsheet_tui.ui.line import Line, cut, joined, middle, spread, width, wrap
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import attached

MOST = 3  # lines of the sentence


def status(picture: Picture, cells: int) -> Line:
    """`bitsheet-tui  host → store` on the left; the cycle, the troubles and the word on the right."""
    state = picture.state
    name, sign, colour = picture.word
    badge: Line = ((f" {sign} {t(name)} ", f"badge-{colour}"),)
    cycle: Line = (
        ((t("cycle {number}", number=f.count(state.cycle)), "dim"),) if state.cycle and cells >= 60 else ()
    )
    troubles = joined(_troubles(picture)) if cells >= 56 else ()
    right = joined((troubles, cycle, badge))
    title: Line = attached.title(picture, cells) or ((f" {words.NAME}", "title"),)
    portal = plain(state.portal, 60)
    room = cells - width(right) - width(title) - len(portal) - 7
    store = plain(state.store)
    if len(store) > room:  # what it is called says more than where it is
        store = middle(store.rpartition("/")[2].rpartition(" ")[2], max(12, room))
    where: Line = ((portal, ""), (f" {ARROW} ", "dim"), (store, "")) if store else ((portal, ""),)
    if cells < 72:
        return spread(title if state.attached else ((" " + portal, "title"),), right, cells)
    left = joined((title, where))
    return spread(left, right, cells)


def _troubles(picture: Picture) -> list[Line]:
    verdict = picture.verdict
    need = verdict.jobs
    wait = len(verdict.waiting)
    needs = "{count} needs you" if need == 1 else "{count} need you"
    need = 0 if need == 1 and verdict.phase is Phase.NEEDS_YOU else need  # the word says it
    return [
        ((t(needs, count=f"{need}"), "bad"),) if need else (),
        ((t("{count} waiting", count=f"{wait}"), "wait"),) if wait else (),
    ]


def sentence(picture: Picture, cells: int) -> list[Line]:
    """What waits for somebody, what is going on and what happens next: one line, or more where it is long."""
    verdict = picture.verdict
    remark = attached.remark(picture)
    needs = "" if picture.left_behind or verdict.phase is not Phase.NEEDS_YOU else _needs(picture)
    text = remark if picture.left_behind else f"{_doing(picture)} {remark}".strip()
    if needs:
        room = MOST - bool(text)
        lines = _rows(needs, cells, room, "bad", end=t("{text} Press e.", text=MORE))
        return lines + (_rows(text, cells, MOST - len(lines), "") if text else [])
    if verdict.activity not in _TO_BE_READ:
        return [cut(((" " + text, ""),), cells)]
    return _rows(text, cells, MOST, "")


def _rows(text: str, cells: int, most: int, style: str, end: str = MORE) -> list[Line]:
    """The text in at most so many lines; where something does not fit, the last ends with `end`."""
    room = max(8, cells - 1)
    rows = wrap(text, room)
    if len(rows) > most:
        last = wrap(rows[most - 1], max(1, room - len(end) - 1))[0]
        rows = [*rows[: most - 1], f"{last} {end}"]
    return [cut(((" " + row, style),), cells) for row in rows]


def _doing(picture: Picture) -> str:
    """What the engine does; nothing where what it waits for is told already."""
    activity = picture.verdict.activity
    return "" if activity is Phase.NEEDS_YOU else _SENTENCES[activity](picture)


def _starting(picture: Picture) -> str:
    state = picture.state
    waits = state.quiet and state.quiet.until(picture.now) and not state.cycle_started
    return t(words.STARTING_LATER if waits else words.STARTING)


def _current(picture: Picture) -> str:
    verdict = picture.verdict
    last = picture.state.cycles[-1] if picture.state.cycles else None
    facts = {"count": f"{len(verdict.current)}", "all": f"{verdict.all}", "at": _at(picture, verdict.as_of)}
    if len(verdict.current) < verdict.all:
        return _some(picture, facts)
    fresh, then = newest(picture.state, verdict)
    if last and fresh == verdict.all:
        return t(
            "All {count} tables current as of {at} ({took}, {rows}).",
            took=f.took(last.seconds), rows=f.plural(last.rows, "row"), **facts,
        )  # fmt: skip
    if not fresh:
        return t("All {count} tables current as of {at}.", **facts)
    new = {"some": f"{fresh}", "then": _at(picture, then)}
    return t("All {count} tables current as of {at}, {some} as of {then}.", **new, **facts)


def _some(picture: Picture, facts: dict[str, str]) -> str:
    """Not all of them are current: which, and that it ends by itself, or where it is told."""
    verdict = picture.verdict
    current = set(verdict.current)
    names = [name for name in verdict.waiting if name not in verdict.needs]
    names += [name for name in verdict.partial if name not in verdict.needs]
    if not names or verdict.phase is Phase.NEEDS_YOU:  # what waits for somebody is told before this
        return t("{count} of {all} tables current as of {at}.", **facts) if current else ""
    said = "{count} of {all} tables current; not {names}: press e."
    return t(said, names=_names(names), **facts)


def _at(picture: Picture, at: datetime | None) -> str:
    return f.clock(at, picture.zone, picture.now) if at else f.UNKNOWN


def _names(names: Sequence[str]) -> str:
    return ", ".join(plain(name, 20) for name in names[:3]) + (" …" if len(names) > 3 else "")


def _syncing(picture: Picture) -> str:
    state = picture.state
    due = [state.tables[name] for name in state.reading if name in state.tables] or picture.tables
    now = [plain(table.name, 20) for table in due if table.standing is Standing.READING]
    done = sum(_done(state, table) for table in due)
    facts = {"cycle": f.count(state.cycle), "count": f"{done}", "all": f"{len(due)}"}
    if now:
        names = ", ".join(now[:2])
        return t("Cycle {cycle}: {count} of {all} tables done, {names} now.", **facts, names=names)
    return t("Cycle {cycle}: {count} of {all} tables done.", **facts)


def _done(state: EngineState, table: TableState) -> bool:
    """Whether the cycle has come to an end with it, well or not."""
    if table.standing in {Standing.QUEUED, Standing.READING}:
        return False
    began, failing = state.cycle_started, table.failing_since
    return not (table.error and failing and began) or failing >= began


def _filling(picture: Picture) -> str:
    fill = picture.fill
    if fill is None:
        return _syncing(picture)
    if not fill.rate and fill.done == 0:
        return t(words.FIRST_START)
    total = _so_far(fill, of_rows=picture.of_rows)
    if not fill.rate:
        return t("Filling: {total}.", total=total)
    return _left(picture, picture.eta(fill), total=total, rate=f.rate(fill.rate))


def _so_far(fill: Fill, *, of_rows: bool) -> str:
    done = f.count(fill.done)
    if fill.expected:
        whole = f.count(fill.expected)
        if of_rows:
            return t("{done} of about {all} rows", done=done, all=whole)
        return t("{done} of about {all} discussions", done=done, all=whole)
    return t("{done} rows so far", done=done) if of_rows else t("{done} discussions so far", done=done)


def _left(picture: Picture, eta: float | None, **facts: str) -> str:
    if eta is None:
        return t("Filling: {total}, {rate}.", **facts)
    span = f.span(eta)
    if eta <= 600:
        return t("Filling: {total}, {rate}, {span} left.", **facts, span=span)
    end = f.clock(picture.now + timedelta(seconds=eta), picture.zone, picture.now, seconds=False)
    return t("Filling: {total}, {rate}, {span} left ({end}).", **facts, span=span, end=end)


def _paused(picture: Picture) -> str:
    at = f.clock(picture.state.paused_at, picture.zone, picture.now, seconds=False)
    trouble = picture.state.trouble
    told = f"{full_stop(plain(retold(trouble.text)))} " if trouble and not _whole(trouble) else ""
    return told + t(words.PAUSED, at=at)


def _waiting(picture: Picture) -> str:
    state = picture.state
    event = state.trouble or state.waiting
    if event is None:
        return t(words.STARTING)
    at = f.clock(event.until, picture.zone, picture.now)
    hint = f" {plain(retold(event.hint))}" if isinstance(event, StoreTrouble) and event.hint else ""
    said = t("{text} Tries again at {at}.", text=full_stop(plain(retold(event.text))) + hint, at=at)
    as_of = picture.verdict.as_of
    return f"{said} {t('Data as of {at}.', at=_at(picture, as_of))}" if as_of else said


def _needs(picture: Picture) -> str:
    """What somebody must do, the whole portal first, then tables."""
    event, verdict = picture.state.trouble, picture.verdict
    told = [f"{full_stop(plain(retold(event.text)))} {plain(retold(event.hint))}"] if _whole(event) else []
    grave = [alert for alert in picture.state.alerts.values() if alert.grave and not alert.tables]
    if not told:
        told = [
            full_stop(plain(retold(alert.text))) for alert in grave if alert.kind is not Kind.STORE_TROUBLE
        ]
    portal = _whole(event) or any(alert.kind is Kind.PORTAL_REFUSED for alert in grave)
    if not (portal and set(verdict.refused) == set(picture.state.tables)):
        told += [t("Refused: {names}.", names=_names(verdict.refused))] if verdict.refused else []
    told += [t("Deletions held: {names}.", names=_names(verdict.held))] if verdict.held else []
    rest = [alert for alert in picture.state.alerts.values() if alert.grave and alert.tables]
    others = [alert for alert in rest if not set(alert.tables) & set(verdict.needs)]
    told += [full_stop(plain(retold(alert.text))) for alert in others] if not told else []
    return t("{text} Press e.", text=" ".join(told))


def _whole(event: object) -> TypeGuard[NeedsOperator]:
    return isinstance(event, NeedsOperator)


def full_stop(sentence: str) -> str:
    """`sentence` with an end, so that another may follow."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else sentence + "."


# these stay for a while: nothing jumps when they take a second line
_TO_BE_READ = frozenset({Phase.NEEDS_YOU, Phase.WAITING, Phase.PAUSED, Phase.STOPPING, Phase.STOPPED})
_SENTENCES: dict[Phase, Callable[[Picture], str]] = {
    Phase.STARTING: _starting,
    Phase.CURRENT: _current,
    Phase.SYNCING: _syncing,
    Phase.FILLING: _filling,
    Phase.PAUSED: _paused,
    Phase.WAITING: _waiting,
    Phase.STOPPING: lambda picture: t(words.LEAVING if picture.state.attached else words.STOPPING),
    Phase.STOPPED: lambda _: t(words.STOPPED),
}


def next_in(picture: Picture) -> str:
    """`next at 10:07:00` while a cycle is awaited, `quiet until 06:00` in quiet hours, `for 0:12` in one.

    A time of day stays as it is: at rest nothing is sent to the terminal.
    """
    state = picture.state
    if state.paused_at or state.activity in {Phase.STOPPING, Phase.STOPPED}:
        return ""
    if state.cycle_started:
        return t("for {time}", time=f.stopwatch((picture.now - state.cycle_started).total_seconds()))
    if state.next_at is None:
        return ""
    if state.quiet and (until := state.quiet.until(picture.now)) and state.next_at >= until:
        return t("quiet until {time}", time=f.clock(until, picture.zone, until, seconds=False))
    day = state.next_at.astimezone(picture.zone).date() != picture.now.astimezone(picture.zone).date()
    return t("next at {time}", time=f.clock(state.next_at, picture.zone, picture.now, seconds=not day))


def tiny(picture: Picture, columns: int, rows: int) -> Line:
    """The whole console in one line, for a terminal that has no room for more."""
    name, sign, _ = picture.word
    verdict = picture.verdict
    ok, wait, need = len(verdict.current), len(verdict.waiting), len(verdict.needs)
    parts = [f"{sign} {lower(t(name))}", t("{count} ok", count=f"{ok}")]
    parts += [t("{count} waiting", count=f"{wait}")] if wait else []
    parts += [t("{count} need you" if need > 1 else "{count} needs you", count=f"{need}")] if need else []
    parts += [f"{t(words.TOO_SMALL)} ({columns}×{rows})"]
    return cut(((" · ".join(parts), ""),), columns)
