"""The state of the mirror as one page of HTML for people: no script, and it reloads itself.

Whatever comes from the portal is made inert (`text.plain`) and escaped in one place, `_tag`.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from bitsheet_tui import __version__
from bitsheet_tui.locales import CODES
from bitsheet_tui.state import CycleSummary, EngineState, Phase, Standing, TableState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import ARROW, MINUS
from bitsheet_tui.ui.language import code, retold, speaking, t
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.troubles import Trouble, troubles

RELOAD_SECONDS = 10
CYCLES = 10
FRAME = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)

Html = str  # finished; never text of somebody else


def language(accepted: str, otherwise: str) -> str:
    """The code that an Accept-Language header likes best of those there are (RFC 9110, 12.5.4)."""
    found = [(_weight(rest), name[:2].lower()) for name, _, rest in _parts(accepted)]
    liked = [one for one in found if one[0] > 0 and one[1] in CODES]
    return max(liked, key=lambda one: one[0])[1] if liked else otherwise


def _parts(accepted: str) -> list[tuple[str, str, str]]:
    return [part.strip().partition(";") for part in accepted[:500].split(",")]


def _weight(rest: str) -> float:
    """`q=0.8`; 1 where there is none, 0 where it is none."""
    name, _, value = rest.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def render(state: EngineState, now: datetime, spoken: str) -> Html:
    """The whole page in a language."""
    with speaking(spoken):
        picture = Picture(state=state, now=now)
        body = _header(picture) + _element("main", "", _main(picture)) + _footer(picture)
        return FRAME.substitute(
            language=code(),
            seconds=RELOAD_SECONDS,
            title=_tag("title", _title(picture)),
            style=STYLE,
            body=body,
        )


def _tag(name: str, text: str, style: str = "") -> Html:
    """An element with a text in it, whosever that is."""
    return _element(name, style, escape(plain(text, 1000)))


def _element(name: str, style: str, content: Html) -> Html:
    """An element of finished content; `style` is one of our own classes."""
    given = ' class="' + style + '"' if style else ""
    return f"<{name}{given}>{content}</{name}>"


def _title(picture: Picture) -> str:
    word, _, _ = picture.word
    return f"{t(word)} · {picture.state.portal} · {words.NAME}"


def _header(picture: Picture) -> Html:
    state = picture.state
    word, sign, colour = picture.word
    where = f"{state.portal} {ARROW} {state.store}"
    lines = [_tag("p", line, style) for line, style in _sentences(picture) if line]
    name = _tag("h1", where) + _tag("span", f"{sign} {t(word)}", f"badge-{colour}")
    return _element("header", "", name) + "".join(lines)


def _sentences(picture: Picture) -> list[tuple[str, str]]:
    """What it does, how old the data is, what comes next."""
    return [
        (_doing(picture), ""),
        (_current(picture), ""),
        (_rhythm(picture), "dim"),
        (_fresh(picture), "dim"),
    ]


def _doing(picture: Picture) -> str:  # noqa: PLR0911 - a sentence for each phase
    state, verdict = picture.state, picture.verdict
    event = state.trouble or state.waiting
    match verdict.phase:
        case Phase.NEEDS_YOU:
            return t(
                "{count} needs you" if verdict.jobs == 1 else "{count} need you", count=f"{verdict.jobs}"
            )
        case Phase.WAITING if event:
            return t("{text} Tries again at {at}.", text=retold(event.text), at=_clock(picture, event.until))
        case Phase.PAUSED:
            return t("Paused since {at}.", at=_clock(picture, state.paused_at))
        case Phase.STARTING:
            return t(words.STARTING)
        case Phase.STOPPING | Phase.STOPPED:
            return t(words.STOPPED)
        case Phase.FILLING if picture.fill and picture.fill.share is not None:
            return t("{share} filled", share=f.percent(picture.fill.share))
    return ""


def _current(picture: Picture) -> str:
    verdict = picture.verdict
    if verdict.as_of is None:
        return ""
    facts = {"count": f"{len(verdict.current)}", "at": _clock(picture, verdict.as_of)}
    if len(verdict.current) == verdict.all:
        return t("All {count} tables current as of {at}.", **facts)
    return t("{count} of {all} tables current as of {at}.", all=f"{verdict.all}", **facts)


def _rhythm(picture: Picture) -> str:
    state = picture.state
    told = [t("A cycle every {span}.", span=f.span(state.interval))] if state.interval else []
    if state.quiet_until and state.quiet_until > picture.now:
        told.append(t("Quiet until {at}.", at=_clock(picture, state.quiet_until)))
    elif state.next_at:
        told.append(t("The next one starts at {at}.", at=_clock(picture, state.next_at)))
    return " ".join(told)


def _fresh(picture: Picture) -> str:
    found = picture.state.last_hour.measure(picture.now)
    if found is None:
        return t("Nothing changed in the last hour.")
    return t(
        "Half of the changes of the last hour were here after {p50}, 95% after {p95}.",
        p50=f.took(found.p50), p95=f.took(found.p95),
    )  # fmt: skip


def _main(picture: Picture) -> Html:
    return _troubles(picture) + _tables(picture) + _cycles(picture)


def _section(title: str, content: Html, style: str = "") -> Html:
    return _element("section", style, _tag("h2", title) + content)


# --- what is wrong ----------------------------------------------------------------------------------------


def _troubles(picture: Picture) -> Html:
    found = troubles(picture)
    told = "".join(_trouble(one, picture) for one in found) or _tag("p", t(words.NO_ERRORS), "dim")
    return _section(t("What is wrong, and what to do"), told)


def _trouble(trouble: Trouble, picture: Picture) -> Html:
    since = t("since {at}", at=_clock(picture, trouble.since)) if trouble.since else ""
    head = _tag("b", trouble.where) + " " + _tag("span", since, "dim")
    told = [_element("p", "", head), _tag("p", trouble.what), _tag("p", trouble.hint)]
    if trouble.until:
        told.append(_tag("p", t("Next try at {at}.", at=_clock(picture, trouble.until)), "dim"))
    return _element("article", "bad" if trouble.grave else "wait", "".join(told))


# --- tables -----------------------------------------------------------------------------------------------

Cell = tuple[str, str]  # text and class
WIDE, NUMBER = "wide", "num"


def _grid(heads: Iterable[Cell], lines: Iterable[Sequence[Cell]]) -> Html:
    head = "".join(_tag("th", text, style) for text, style in heads)
    body = (_element("tr", "", "".join(_tag("td", text, style) for text, style in line)) for line in lines)
    content = _element("thead", "", _element("tr", "", head)) + _element("tbody", "", "".join(body))
    return _element("table", "", content)


def _tables(picture: Picture) -> Html:
    heads = (
        (t("table"), ""), (t("rows"), NUMBER), (t("new"), WIDE), (t("chg"), WIDE), (t("gone"), WIDE),
        (t("read"), NUMBER), (t("due"), WIDE), (t("state"), ""),
    )  # fmt: skip
    lines = [_line(picture, table) for table in picture.tables]
    known = [table.rows for table in picture.tables if table.rows is not None]
    total = [(t("total"), ""), (f.count(sum(known)) if known else f.UNKNOWN, NUMBER)]
    lines.append([*total, *((("", WIDE),) * 3), ("", NUMBER), ("", WIDE), ("", "")])
    return _section(t("tables"), _grid(heads, lines), "tables")


def _line(picture: Picture, table: TableState) -> list[Cell]:
    return [
        (table.name, ""),
        (f.count(table.rows), NUMBER),
        (f.delta("+", table.new), WIDE),
        (f.delta("~", table.changed), WIDE),
        (f.delta(MINUS, table.gone), WIDE),
        (f.ago(table.synced_at, picture.now), NUMBER),
        (f.span(table.every) if table.every else f.UNKNOWN, WIDE),
        _standing(picture, table),
    ]


def _standing(picture: Picture, table: TableState) -> Cell:  # noqa: PLR0911 - from the gravest down
    if table.disabled:
        return t("disabled"), "dim"
    if table.held:
        return t("{count} deletions held", count=f.count(table.held)), "bad"
    if table.fill and table.standing is Standing.FILLING and table.fill.share is not None:
        return t("{share} filled", share=f.percent(table.fill.share)), "ok"
    if table.standing is Standing.RESTING and table.until:
        return t("rests until {at}", at=_clock(picture, table.until)), "wait"
    if table.standing in {Standing.OK, Standing.QUEUED} and picture.late(table):
        return t("late"), "wait"
    if table.standing is Standing.PARTIAL:
        return t("partial, {count} set aside", count=f.count(table.quarantined)), "wait"
    if table.standing is Standing.REFUSED:
        return t("refused"), "bad"
    _, said, style = words.STANDINGS[table.standing]
    return t(said), style


# --- cycles -----------------------------------------------------------------------------------------------


def _cycles(picture: Picture) -> Html:
    last = picture.state.cycles[-CYCLES:][::-1]
    if not last:
        return _section(t("last cycles"), _tag("p", t("No cycle has ended since the start."), "dim"))
    heads = (
        (t("cycle"), ""), (t("ended"), NUMBER), (t("took"), NUMBER), (t("rows"), NUMBER),
        (t("requests"), WIDE), (t("not up to date"), ""),
    )  # fmt: skip
    return _section(t("last cycles"), _grid(heads, [_cycle(picture, one) for one in last]))


def _cycle(picture: Picture, one: CycleSummary) -> list[Cell]:
    return [
        (f.count(one.number), ""),
        (_clock(picture, one.at), NUMBER),
        (f.took(one.seconds), NUMBER),
        (f.count(one.rows), NUMBER),
        (f.count(one.requests), WIDE),
        (", ".join(one.failed), "wait"),
    ]


def _footer(picture: Picture) -> Html:
    now = t("Shown as of {at}; the page reloads itself.", at=_clock(picture, picture.now))
    return _tag("footer", f"{now} {words.NAME} {__version__}", "dim")


def _clock(picture: Picture, at: datetime | None) -> str:
    return f.clock(at, picture.zone, picture.now)
