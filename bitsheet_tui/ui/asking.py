"""The questions that come before something that costs time or marks rows: what, how much, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitsheet_tui.commands import Command, ConfirmDeletions, Resync
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.screens.confirm import Dialog
from bitsheet_tui.ui.views.details import how_long, how_many

if TYPE_CHECKING:
    from bitsheet_tui.ui.window import Window


def resync(window: Window, table: str) -> None:
    """Say what reading a table again means, how much it is and how long it takes."""
    state = window.picture.state.tables.get(table)
    facts = {
        "table": plain(table, 30),
        "rows": how_many(state),
        "long": how_long(window.picture, state),
    }
    body = [t(paragraph, **facts) for paragraph in words.RESYNC_BODY]
    dialog = Dialog(t(words.RESYNC_TITLE, **facts), body, t(words.RESYNC_YES))
    _ask(window, dialog, Resync((table,)), t(words.ASKED_RESYNC, table=table))


def confirm(window: Window, table: str) -> None:
    """Say how many rows of a table would be marked, and why they are held."""
    state = window.picture.state.tables.get(table)
    if state is None or not state.held:
        window.say(t(words.NOT_HELD, table=plain(table, 30)))
        return
    facts = {
        "table": plain(table, 30),
        "count": f.plural(state.held, "row"),
        "why": plain(retold(state.held_reason), 200),
    }
    body = [t(paragraph, **facts) for paragraph in words.CONFIRM_BODY]
    dialog = Dialog(t(words.CONFIRM_TITLE, **facts), body, t(words.CONFIRM_YES))
    _ask(window, dialog, ConfirmDeletions(table), t(words.ASKED_CONFIRM, table=table))


def _ask(window: Window, dialog: Dialog, command: Command, done: str) -> None:
    """Show the dialog; only its own button tells the engine. Cancel is what enter means."""

    def answered(yes: bool | None) -> None:
        if yes:
            window.engine.submit(command)
            window.say(done)

    window.push_screen(dialog, answered)
