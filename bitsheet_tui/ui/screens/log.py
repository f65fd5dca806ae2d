"""The log on the whole screen: live, and the files of this run and of earlier ones."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from textual import on
from textual.widget import Widget

from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import moments, words
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.logbook import LogBook, files
from bitsheet_tui.ui.saving import write_new
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.prompt import Prompt
from bitsheet_tui.ui.views.log_window import FileWindow
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.tabs import Tabs

LIVE = "live"


class LogScreen(Base):
    """Live it looks at the log as the dashboard does."""

    AUTO_FOCUS = "LogPane"

    def __init__(self) -> None:
        super().__init__(name="log")
        self.files: dict[str, Path] = {}

    def middle(self) -> Iterable[Widget]:
        """The names of the logs, the one that is looked at."""
        self.files = {plain(path.name, 40): path for path in files(self.console_app.beside.log_file())}
        yield Tabs(t("log"), (LIVE, *self.files), LIVE)
        yield LogPane(self.console_app.log_window)

    def offered(self) -> set[str]:
        """Other logs too."""
        return super().offered() | {"parts"}

    @on(Tabs.Turned)
    def _turned(self, event: Tabs.Turned) -> None:
        pane = self.query_one(LogPane)
        if event.name == LIVE:
            pane.look_through(self.console_app.log_window)
        else:
            self.run_worker(self._read(pane, self.files[event.name]), exclusive=True, group="file")

    async def _read(self, pane: LogPane, path: Path) -> None:
        try:
            book = await asyncio.to_thread(LogBook.read, path)
        except OSError as error:
            self.console_app.say(t(words.NOT_READ, why=error.strerror or t("no reason given")), bad=True)
        else:
            pane.look_through(FileWindow(book))


def ask_time(screen: Base) -> None:
    """To a time of the log."""
    pane, picture = screen.log_pane, screen.console_app.picture

    def wrong(text: str) -> str:
        return "" if moments.parse(text, picture.now, picture.zone) else t(words.NO_TIME)

    def typed(text: str | None) -> None:
        moment = moments.parse(text, picture.now, picture.zone) if text else None
        if moment and pane is not None:
            pane.jump(moment)

    screen.app.push_screen(Prompt(t(words.TIME_TITLE), t(words.TIME_HINT), wrong=wrong), typed)


def ask_path(screen: Base) -> None:
    """Save what the log shows."""
    pane, console = screen.log_pane, screen.console_app
    name = f"bitsheet-log-{console.clock():%Y%m%d-%H%M%S}.txt"
    if console.is_web and pane is not None:  # it goes to the browser, never into a folder of the server
        text = "".join(f"{redact(row)}\n" for row in pane.saved())
        console.deliver_text(StringIO(text), save_filename=name)
        return
    try:
        proposed = Path.cwd() / name
    except OSError:  # the folder is gone: another one must be named
        proposed = Path(tempfile.gettempdir(), name)

    def typed(text: str | None) -> None:
        if text and pane is not None:
            screen.run_worker(_save(screen, pane, Path(os.path.expanduser(text))), group="save")  # noqa: PTH111

    screen.app.push_screen(Prompt(t(words.SAVE_TITLE), t(words.SAVE_HINT), str(proposed)), typed)


async def _save(screen: Base, pane: LogPane, path: Path) -> None:
    rows = await asyncio.to_thread(pane.saved)
    try:
        await asyncio.to_thread(write_new, path, rows)
    except OSError as error:
        screen.console_app.say(t(words.NOT_SAVED, why=error.strerror or t("no reason given")), bad=True)
    else:
        told = t(words.SAVED_LINES, count=f.plural(len(rows), "line"), path=f"{path}")
        screen.console_app.say(told)
