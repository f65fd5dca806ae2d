"""The first two lines: what it is and how it is, in one word and one sentence."""

from collections.abc import Callable
from datetime import timedelta

from bitsheet_tui.events import NeedsOperator, StoreTrouble
from bitsheet_tui.state import EngineState, Phase, Standing
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import ARROW
from bitsheet_tui.ui.line import Line, cut, joined, middle, spread, width, wrap
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import attached


def word(state: EngineState) -> tuple[str, str, str]:
    """The word for it all, its sign and the name of its colour."""
    phase = state.phase
    if phase is Phase.WAITING and state.waiting and state.waiting.reason in words.OFFLINE_REASONS:
        return words.OFFLINE
    return words.PHASES[phase]


def status(picture: Picture, cells: int) -> Line:
    """`bitsheet-tui  host → store` on the left; the cycle, the troubles and the word on the right."""
    state = picture.state
    name, sign, colour = word(state)
    badge: Line = ((f" {sign} {name} ", f"badge-{colour}"),)
    cycle: Line = ((f"cycle {state.cycle:,}", "dim"),) if state.cycle and cells >= 60 else ()
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
    need = len(picture.refused)
    wait = len(picture.waiting)
    return [
        ((f"{need} {'needs' if need == 1 else 'need'} you", "bad"),) if need else (),
        ((f"{wait} waiting", "wait"),) if wait else (),
    ]


def sentence(picture: Picture, cells: int) -> list[Line]:
    """What is going on, what happens next and when: one line, or more where somebody must read all of it."""
    phase = picture.state.phase
    style = "bad" if phase is Phase.NEEDS_YOU else ""
    remark = attached.remark(picture)
    text = remark if _left_behind(picture) else f"{_SENTENCES[phase](picture)} {remark}".rstrip()
    if phase not in _TO_BE_READ:
        return [cut(((" " + text, style),), cells)]
    lines: list[Line] = [((" " + row, style),) for row in wrap(text, max(8, cells - 1))]
    return lines[:3]


def _left_behind(picture: Picture) -> bool:
    """Whether what is seen is how an instance that ended left it."""
    return bool(picture.state.attached and picture.state.attached.gone)


def _starting(picture: Picture) -> str:
    return words.STARTING


def _current(picture: Picture) -> str:
    tables = picture.tables
    late = [
        table for table in tables if table.standing not in {Standing.OK, Standing.QUEUED, Standing.READING}
    ]
    last = picture.state.cycles[-1] if picture.state.cycles else None
    done = f" ({f.took(last.seconds)}, {f.plural(last.rows, 'row')})" if last else ""
    if not late:
        at = f.clock(last.at, picture.zone, picture.now) if last else f.UNKNOWN
        return f"All {len(tables)} tables current as of {at}{done}."
    names = ", ".join(plain(table.name, 20) for table in late[:3]) + (" …" if len(late) > 3 else "")
    return f"{len(tables) - len(late)} of {len(tables)} tables current; not {names}: press e."


def _syncing(picture: Picture) -> str:
    tables = picture.tables
    now = [plain(table.name, 20) for table in tables if table.standing is Standing.READING]
    queued = sum(table.standing is Standing.QUEUED for table in tables)
    reading = f", {', '.join(now[:2])} now" if now else ""
    done = f"{len(tables) - queued - len(now)} of {len(tables)} tables done"
    return f"Cycle {picture.state.cycle:,}: {done}{reading}."


def _filling(picture: Picture) -> str:
    fill = picture.fill
    if fill is None:
        return _syncing(picture)
    total = f"{fill.done:,} of {fill.expected:,} read" if fill.expected else f"{fill.done:,} read so far"
    if not fill.rate:
        return words.FIRST_START if fill.done == 0 else f"Filling: {total}."
    eta = picture.eta(fill)
    return f"Filling: {total}, {f.rate(fill.rate)}{_left(picture, eta)}."


def _left(picture: Picture, eta: float | None) -> str:
    if eta is None:
        return ""
    end = f.clock(picture.now + timedelta(seconds=eta), picture.zone, picture.now, seconds=False)
    return f", {f.span(eta)} left" + (f" ({end})" if eta > 600 else "")


def _paused(picture: Picture) -> str:
    return words.PAUSED.format(at=f.clock(picture.state.paused_at, picture.zone, picture.now, seconds=False))


def _waiting(picture: Picture) -> str:
    state = picture.state
    event = state.trouble or state.waiting
    if event is None:
        return words.STARTING
    at = f.clock(event.until, picture.zone, picture.now)
    hint = f" {plain(event.hint)}" if isinstance(event, StoreTrouble) and event.hint else ""
    return f"{_stop(plain(event.text))}{hint} Tries again at {at}."


def _needs(picture: Picture) -> str:
    event = picture.state.trouble
    if not isinstance(event, NeedsOperator):
        return words.STARTING
    return f"{_stop(plain(event.text))} {plain(event.hint)} Press e."


def _stop(sentence: str) -> str:
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
    Phase.NEEDS_YOU: _needs,
    Phase.STOPPING: lambda picture: words.LEAVING if picture.state.attached else words.STOPPING,
    Phase.STOPPED: lambda _: words.STOPPED,
}


def next_in(picture: Picture) -> str:
    """`next in 4:47` while a cycle is awaited, `for 0:12` while one runs, else nothing."""
    state = picture.state
    if state.phase in {Phase.PAUSED, Phase.STOPPING, Phase.STOPPED}:
        return ""
    if state.cycle_started:
        return f"for {f.stopwatch((picture.now - state.cycle_started).total_seconds())}"
    return f"next in {f.countdown(state.next_at, picture.now)}" if state.next_at else ""


def tiny(picture: Picture, columns: int, rows: int) -> Line:
    """The whole console in one line, for a terminal that has no room for more."""
    name, sign, _ = word(picture.state)
    ok = sum(table.standing is Standing.OK for table in picture.tables)
    wait, need = len(picture.waiting), len(picture.refused)
    parts = [f"{sign} {name.lower()}", f"{ok} ok"]
    parts += [f"{wait} waiting"] if wait else []
    parts += [f"{need} refused"] if need else []
    parts += [f"{words.TOO_SMALL} ({columns}×{rows})"]
    return cut(((" · ".join(parts), ""),), columns)
