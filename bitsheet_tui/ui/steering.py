"""What changes how the engine works while it runs: each asks first, and says what it means and undoes it.

The engine answers in words of its own, which are shown.
"""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import TYPE_CHECKING

from bitsheet_tui.commands import Cancel, Command, Disable, Enable, Resync, SetInterval
from bitsheet_tui.config.draft import read_interval
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.screens.confirm import Dialog
from bitsheet_tui.ui.screens.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitsheet_tui.state import TableState
    from bitsheet_tui.ui.window import Window

ROWS_A_REQUEST = 2500  # fifty pages of fifty, as long as the portal is quick
REQUESTS_A_SECOND = 0.5  # such a request takes about two seconds


def interval(window: Window) -> None:
    """Ask how often cycles start."""
    now = window.picture.state.interval

    def wrong(text: str) -> str:
        try:
            read_interval(text)
        except ValueError as error:
            return t(words.INTERVAL_WRONG, why=retold(str(error)))
        return ""

    def typed(text: str | None) -> None:
        if text:
            window.engine.submit(SetInterval(read_interval(text)))

    value = f"{now:g}" if now else ""
    window.push_screen(Prompt(t(words.INTERVAL_TITLE), t(words.INTERVAL_HINT), value, wrong), typed)


def enable(window: Window, table: str) -> None:
    """Read a table no more, which is asked first; or again."""
    state = window.picture.state.tables.get(table)
    if state is None:
        return
    if state.disabled:
        window.engine.submit(Enable((table,)))
        return
    _ask(window, words.DISABLE_TITLE, words.DISABLE_BODY, words.DISABLE_YES, Disable((table,)), table=table)


def cancel(window: Window) -> None:
    """Give up what waits and what is read once more."""
    _ask(window, words.CANCEL_TITLE, words.CANCEL_BODY, words.CANCEL_YES, Cancel())


def resync_all(window: Window) -> None:
    """Read every table again."""
    tables = [table for table in window.picture.tables if not table.disabled]
    names = tuple(table.name for table in tables)
    _ask(
        window,
        words.RESYNC_ALL_TITLE,
        words.RESYNC_ALL_BODY,
        words.RESYNC_YES,
        Resync(names),
        cost=cost(tables),
    )


def resync_since(window: Window, table: str) -> None:
    """Ask since which day, then read again what changed."""

    def wrong(text: str) -> str:
        try:
            date.fromisoformat(text)
        except ValueError:
            return t(words.NO_DAY, text=plain(text, 40))
        return ""

    def typed(text: str | None) -> None:
        if not text:
            return
        since = date.fromisoformat(text)
        facts = {"table": plain(table, 30), "since": str(since)}
        _ask(window, words.SINCE_TITLE, words.SINCE_BODY, words.RESYNC_YES, Resync((table,), since), **facts)

    ask = t(words.SINCE_ASK, table=plain(table, 30))
    window.push_screen(Prompt(ask, t(words.SINCE_HINT), wrong=wrong), typed)


def cost(tables: Sequence[TableState]) -> str:
    """`about 205,000 rows, 82 requests, 3 min while the portal is quick`."""
    rows = sum(table.rows or 0 for table in tables)
    requests = sum(max(1, ceil((table.rows or 0) / ROWS_A_REQUEST)) for table in tables)
    long = f.span(max(5.0, requests / REQUESTS_A_SECOND))
    return t(
        "about {rows}, {requests}, {span} while the portal is quick",
        rows=f.plural(rows, "row"), requests=f.plural(requests, "request"), span=long,
    )  # fmt: skip


def _ask(window: Window, title: str, body: Sequence[str], yes: str, command: Command, **facts: str) -> None:
    """Cancel is what a careless enter means."""

    def answered(sure: bool | None) -> None:
        if sure:
            window.engine.submit(command)

    paragraphs = [t(paragraph, **facts) for paragraph in body]
    window.push_screen(Dialog(t(title, **facts), paragraphs, t(yes)), answered)


ASKS = {"interval": interval, "cancel": cancel, "resync_all": resync_all}
