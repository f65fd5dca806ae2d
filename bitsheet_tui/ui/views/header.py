"""The first two lines: what it is and how it is, in one word and one sentence."""

from collections.abc import Callable
from datetime import timedelta

from bitsheet_tui.events import NeedsOperator, StoreTrouble
from bitsheet_tui.state import EngineState, Phase, Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import ARROW
from bitsheet_tui.ui.language import lower, retold, t
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
    need = len(picture.refused)
    wait = len(picture.waiting)
    needs = "{count} needs you" if need == 1 else "{count} need you"
    return [
        ((t(needs, count=f"{need}"), "bad"),) if need else (),
        ((t("{count} waiting", count=f"{wait}"), "wait"),) if wait else (),
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
    return t(words.STARTING)


def _current(picture: Picture) -> str:
    tables = picture.tables
    late = [
        table for table in tables if table.standing not in {Standing.OK, Standing.QUEUED, Standing.READING}
    ]
    last = picture.state.cycles[-1] if picture.state.cycles else None
    count = f"{len(tables)}"
    held = [table for table in tables if table.held]
    if late:
        current = f"{len(tables) - len(late)}"
        return t(
            "{count} of {all} tables current; not {names}: press e.",
            count=current, all=count, names=_names(late),
        )  # fmt: skip
    if held:
        said = "All {count} tables current; deletions held: {names}: press e."
        return t(said, count=count, names=_names(held))
    if last is None:
        return t("All {count} tables current as of {at}.", count=count, at=f.UNKNOWN)
    return t(
        "All {count} tables current as of {at} ({took}, {rows}).",
        count=count, at=f.clock(last.at, picture.zone, picture.now), took=f.took(last.seconds),
        rows=f.plural(last.rows, "row"),
    )  # fmt: skip


def _names(tables: list[TableState]) -> str:
    return ", ".join(plain(table.name, 20) for table in tables[:3]) + (" …" if len(tables) > 3 else "")


def _syncing(picture: Picture) -> str:
    tables = picture.tables
    now = [plain(table.name, 20) for table in tables if table.standing is Standing.READING]
    queued = sum(table.standing is Standing.QUEUED for table in tables)
    facts = {
        "cycle": f.count(picture.state.cycle), "count": f"{len(tables) - queued - len(now)}",
        "all": f"{len(tables)}",
    }  # fmt: skip
    if now:
        names = ", ".join(now[:2])
        return t("Cycle {cycle}: {count} of {all} tables done, {names} now.", **facts, names=names)
    return t("Cycle {cycle}: {count} of {all} tables done.", **facts)


def _filling(picture: Picture) -> str:
    fill = picture.fill
    if fill is None:
        return _syncing(picture)
    if not fill.rate and fill.done == 0:
        return t(words.FIRST_START)
    done = f.count(fill.done)
    total = t("{done} read so far", done=done)
    if fill.expected:
        total = t("{done} of {all} read", done=done, all=f.count(fill.expected))
    if not fill.rate:
        return t("Filling: {total}.", total=total)
    return _left(picture, picture.eta(fill), total=total, rate=f.rate(fill.rate))


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
    return t(words.PAUSED, at=at)


def _waiting(picture: Picture) -> str:
    state = picture.state
    event = state.trouble or state.waiting
    if event is None:
        return t(words.STARTING)
    at = f.clock(event.until, picture.zone, picture.now)
    hint = f" {plain(retold(event.hint))}" if isinstance(event, StoreTrouble) and event.hint else ""
    return t("{text} Tries again at {at}.", text=full_stop(plain(retold(event.text))) + hint, at=at)


def _needs(picture: Picture) -> str:
    event = picture.state.trouble
    if not isinstance(event, NeedsOperator):
        return t(words.STARTING)
    return t("{text} Press e.", text=f"{full_stop(plain(retold(event.text)))} {plain(retold(event.hint))}")


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
    Phase.NEEDS_YOU: _needs,
    Phase.STOPPING: lambda picture: t(words.LEAVING if picture.state.attached else words.STOPPING),
    Phase.STOPPED: lambda _: t(words.STOPPED),
}


def next_in(picture: Picture) -> str:
    """`next at 10:07:00` while a cycle is awaited, `for 0:12` while one runs, else nothing.

    A time of day stays as it is: at rest nothing is sent to the terminal.
    """
    state = picture.state
    if state.phase in {Phase.PAUSED, Phase.STOPPING, Phase.STOPPED}:
        return ""
    if state.cycle_started:
        return t("for {time}", time=f.stopwatch((picture.now - state.cycle_started).total_seconds()))
    if state.next_at is None:
        return ""
    day = state.next_at.astimezone(picture.zone).date() != picture.now.astimezone(picture.zone).date()
    return t("next at {time}", time=f.clock(state.next_at, picture.zone, picture.now, seconds=not day))


def tiny(picture: Picture, columns: int, rows: int) -> Line:
    """The whole console in one line, for a terminal that has no room for more."""
    name, sign, _ = word(picture.state)
    ok = sum(table.standing is Standing.OK for table in picture.tables)
    wait, need = len(picture.waiting), len(picture.refused)
    parts = [f"{sign} {lower(t(name))}", t("{count} ok", count=f"{ok}")]
    parts += [t("{count} waiting", count=f"{wait}")] if wait else []
    parts += [t("{count} refused", count=f"{need}")] if need else []
    parts += [f"{t(words.TOO_SMALL)} ({columns}×{rows})"]
    return cut(((" · ".join(parts), ""),), columns)
