"""Herald: says what nobody should miss, by a message, the bell and the terminal's title."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from bitsheet_tui.events import NeedsOperator
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import glyphs, words
from bitsheet_tui.ui.language import lower, retold, t
from bitsheet_tui.ui.troubles import errors as errors_of
from bitsheet_tui.ui.views import header

if TYPE_CHECKING:
    from datetime import datetime

    from bitsheet_tui.alert import Alert
    from bitsheet_tui.state import EngineState
    from bitsheet_tui.ui.picture import Picture
    from bitsheet_tui.ui.window import Window

BURST = 4.0  # seconds: what begins within them is one message
NAME = "bitsheet"
# xterm's stack of titles, which others know, too: put the old one there, and take it back
PUSH, POP = "\x1b[22;2t", "\x1b[23;2t"
UNTITLED = frozenset({"linux", "dumb", ""})  # terminals that would print it, or have none


class News(Struct, frozen=True):
    """One thing to say; `bad`: somebody should look."""

    text: str
    bad: bool = False


def news(before: EngineState, after: EngineState, *, ours: bool) -> Iterator[News]:
    """What changed that somebody should know of, alerts apart. `ours`: this console asked for the pause."""
    told = {alert.text for alert in after.alerts.values()}
    trouble = after.trouble
    if isinstance(trouble, NeedsOperator) and not isinstance(before.trouble, NeedsOperator):
        if trouble.text not in told:
            yield News(f"{retold(trouble.text)} {retold(trouble.hint)}", bad=True)
    elif isinstance(before.trouble, NeedsOperator) and trouble is None:
        yield News(t(words.WELL_AGAIN))
    if bool(before.paused_at) != bool(after.paused_at) and not ours and not after.stopping:
        yield News(
            t("Paused by somebody else; p goes on.") if after.paused_at else t("Somebody let it go on.")
        )
    for name, table in after.tables.items():
        old = before.tables.get(name)
        if old and old.held and not table.held:
            marked = table.deleted - old.deleted or table.gone
            yield News(t(words.MARKED if marked else words.LET_GO, table=name, rows=f.plural(marked, "row")))
    filled = [
        table for name, table in after.tables.items()
        if not table.fill and not table.error and (old := before.tables.get(name)) and old.fill
    ]  # fmt: skip
    if filled:
        names = ", ".join(f"{table.name} ({f.count(table.rows)})" for table in filled)
        yield News(t(words.FILLED, tables=names))


def begun(before: EngineState, after: EngineState, since: datetime) -> list[Alert]:
    """The alerts that are new; those from before `since` were there when one came."""
    return [alert for key, alert in after.alerts.items() if key not in before.alerts and alert.since >= since]


def title(picture: Picture) -> str:
    """`● bitsheet: 2 errors`; where nothing is wrong `✓ bitsheet: current`."""
    errors = errors_of(picture)
    if errors:
        return f"{glyphs.DOT} {NAME}: {f.plural(errors, 'error')}"
    word, sign, _ = picture.word
    return f"{sign} {NAME}: {lower(t(word))}"


class Herald:
    """Speaks for one window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._since = window.clock()
        self._burst: list[tuple[float, str]] = []
        self._title = ""  # what is in the title; empty: what was there before

    def tell(self, before: EngineState, after: EngineState, *, ours: bool) -> None:
        """Say what is new, all of it in one message."""
        alerts = begun(before, after, self._since)
        said = [*self._alerts(alerts), *news(before, after, ours=ours)]
        if said:
            self._window.say(" ".join(one.text for one in said), bad=any(one.bad for one in said))
        if self._window.looks.bell and any(one.bad for one in said):
            self._window.bell()

    def _alerts(self, alerts: list[Alert]) -> Iterator[News]:
        if not alerts:
            return
        now = time.monotonic()
        texts = [t("{text} Press e.", text=header.full_stop(retold(alert.text))) for alert in alerts]
        self._burst = [one for one in self._burst if now - one[0] < BURST] + [(now, text) for text in texts]
        text = texts[-1]
        if len(self._burst) > 1:
            text = t("{count} new troubles, the last: {text}", count=f"{len(self._burst)}", text=text)
        yield News(text, bad=True)

    # --- the title ------------------------------------------------------------------------------------

    def entitle(self) -> None:
        """Let the terminal's title say how it stands; only what differs is sent, and nothing to a shell's."""
        if self._window.suspending:
            return
        wanted = title(self._window.picture) if self._window.looks.title and _entitled() else ""
        shown = plain(glyphs.to_ascii(wanted) if self._window.ascii else wanted, 80)
        if shown == self._title:
            return
        if not shown:
            self.leave()
            return
        self._window.send(f"{'' if self._title else PUSH}\x1b]2;{shown}\x07")
        self._title = shown

    def leave(self) -> None:
        """Give the terminal its own title back."""
        if self._title:
            self._title = ""
            self._window.send(POP)

    @property
    def entitled(self) -> bool:
        """Whether the title is ours."""
        return bool(self._title)


def _entitled() -> bool:
    """Whether the terminal has a title; a browser's page keeps its own."""
    return os.environ.get("TERM", "") not in UNTITLED and not os.environ.get("TEXTUAL_DRIVER")
