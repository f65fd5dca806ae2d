"""Viewing: what the keys do to what is shown, and to nothing else."""

import asyncio
from typing import Any, cast

from msgspec import structs
from textual import on
from textual.widgets import Input

from bitsheet_tui.ui import glyphs, language, words
from bitsheet_tui.ui import terminal as tty
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.dashboard import Dashboard
from bitsheet_tui.ui.views.log_window import LogWindow
from bitsheet_tui.ui.widgets.grid import TableGrid
from bitsheet_tui.ui.widgets.lists import Movable
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.tabs import Tabs
from bitsheet_tui.ui.window import Window


class Viewing(Window):
    """The app as far as it looks."""

    @property
    def chosen(self) -> str:
        """The table under the cursor of the dashboard; empty when there is none."""
        grid = next(iter(self.screen_stack[0].query(TableGrid)), None)
        return grid.chosen if grid else ""

    @property
    def log_window(self) -> LogWindow:
        """How the dashboard looks at the log."""
        return cast(LogWindow, self.screen_stack[0].query_one(LogPane).window)

    @property
    def base(self) -> Base | None:
        """The screen on top, unless it is a dialog."""
        return self.screen if isinstance(self.screen, Base) else None

    def whose(self, need: str) -> Movable | None:
        """The pane on top that a key with this need speaks to."""
        return self.base.whose(need) if self.base else None

    # --- choices that last ----------------------------------------------------------------------------

    def look(self) -> None:
        """Look, and keep what was chosen since the last look."""
        super().look()
        self._keep()

    def choose(self, name: str, value: Any) -> None:
        """Let it look another way: `name` is a setting of `[ui]`."""
        self.looks = self.looks.chosen(name, value)
        self.kept = structs.replace(self.kept, **{name: value})
        if name == "theme":
            self.theme = self.theme_shown = value
        elif name == "ascii":
            self.ascii = glyphs.ascii_only() if value == "auto" else value == "on"
            self.set_class(self.ascii, "-ascii")
        elif name == "language":
            language.switch(value)
        for screen in self.screen_stack:
            if isinstance(screen, Base):
                screen.redraw()
        self.look()

    def _keep(self) -> None:
        if self.theme != self.theme_shown:  # chosen among all of them, in the palette
            self.choose("theme", self.theme)
        board = next(iter(self.screen_stack), None)  # none: the console has just ended
        if not isinstance(board, Dashboard):
            return
        grid, log = board.grid, board.window
        self.kept = structs.replace(
            self.kept, sort=grid.sort, reverse=grid.reverse, zoom=board.zoomed, level=log.level,
            table=log.table, wrap=log.wrap,
        )  # fmt: skip
        if self.kept == self.shelved:
            return
        self.shelved = self.kept
        try:
            self.beside.shelf.keep(self.kept)
        except OSError as error:
            self.say(t("Choices cannot be kept: {why}", why=error.strerror or "?"), bad=True)

    # --- going to and fro ---------------------------------------------------------------------------

    def action_open(self, name: str) -> None:
        """Open a screen on the dashboard; once more: close it."""
        from bitsheet_tui.ui.screens.lists import OPENS  # noqa: PLC0415 - not for the first

        if self.base is None:
            return
        already = self.base.name
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if already != name:
            self.push_screen(OPENS[name]())

    def action_help(self) -> None:
        """What the keys do, here first; once more, from a chapter of the manual too: back."""
        from bitsheet_tui.ui.screens.help import HelpScreen  # noqa: PLC0415 - not for the first

        if self.base is None:
            return
        if not any(isinstance(screen, HelpScreen) for screen in self.screen_stack):
            self.push_screen(HelpScreen(self.base))
            return
        while not isinstance(self.screen, HelpScreen):
            self.pop_screen()
        self.pop_screen()

    def read_chapter(self, topic: str) -> None:
        """A chapter of the manual."""
        from bitsheet_tui.ui.screens.manual import ChapterScreen  # noqa: PLC0415 - not for the first

        self.push_screen(ChapterScreen(topic))

    def open_table(self, table: str, part: str = "") -> None:
        """All about a table, at one of its parts."""
        from bitsheet_tui.ui.screens.table import TableScreen  # noqa: PLC0415 - not for the first

        for grid in self.screen_stack[0].query(TableGrid):
            grid.choose(table)
        if self.base is None:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(TableScreen(table, part))

    @on(TableGrid.Chosen)
    def _table_chosen(self, event: TableGrid.Chosen) -> None:
        self.open_table(event.table)

    def action_browse(self, part: str = "records") -> None:
        """The records of the chosen table, or another part of it."""
        if self.chosen:
            self.open_table(self.chosen, part)

    def action_sort(self, steps: int) -> None:
        """Sort the tables by the next column, or the other way round."""
        for grid in self.screen.query(TableGrid):
            grid.sort_by(steps)

    def action_zoom(self) -> None:
        """Only the focused pane, or all."""
        if self.base:
            self.base.zoom()

    def action_turn(self, steps: int) -> None:
        """To another part of the screen."""
        if self.base:
            self.base.query_one(Tabs).turn(steps)

    async def action_escape(self) -> None:
        """Stop a search, drop the filter, else one screen back; never quits."""
        base, pane = self.base, self.whose("search")
        if pane and pane.rest():
            pass
        elif base and base.filter_bar:
            await base.searched(drop=True)
        elif pane and pane.term:
            pane.search("")
            self.screen.set_focus(pane)
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        elif base and base.log_pane and base.log_pane.end is not None:
            base.log_pane.follow(on=True)
        self.paint()

    # --- searching ----------------------------------------------------------------------------------

    async def action_filter(self) -> None:
        """Type what shall be shown."""
        if self.base:
            await self.base.search()

    @on(Input.Submitted, "#filter")
    async def _filter_kept(self) -> None:
        if self.base:
            await self.base.searched(drop=False)
            self.paint()

    def action_narrow(self) -> None:
        """Show only some of the list."""
        if pane := self.whose("narrow"):
            pane.narrow()

    def action_age(self) -> None:
        """Show only what changed lately."""
        if pane := self.whose("age"):
            pane.narrow_age()

    def action_step(self, steps: int) -> None:
        """To the next, or the one before."""
        if self.base:
            self.base.step(steps)

    async def action_link(self) -> None:
        """The address of the record in the portal, to the clipboard."""
        link = self.base.address if self.base else ""
        if link:
            self.copy_to_clipboard(link)
        told = t(words.COPIED_LINK, link=link) if link else t(words.NO_LINK)
        drops = link and not await asyncio.to_thread(tty.takes_copies)
        self.say(f"{told} {t(words.TMUX_DROPS)}" if drops else told)

    # --- the log --------------------------------------------------------------------------------------

    @property
    def log_pane(self) -> LogPane | None:
        """The log on top."""
        return self.base.log_pane if self.base else None

    def action_freeze(self) -> None:
        """Hold the log, or follow."""
        if pane := self.log_pane:
            pane.follow(on=pane.end is not None)

    def action_jump(self) -> None:
        """Ask for a time, and go there."""
        from bitsheet_tui.ui.screens.log import ask_time  # noqa: PLC0415 - not for the first screen

        if self.base:
            ask_time(self.base)

    def action_save(self) -> None:
        """Ask for a name, and save what the log shows."""
        from bitsheet_tui.ui.screens.log import ask_path  # noqa: PLC0415 - not for the first screen

        if self.base:
            ask_path(self.base)

    def action_level(self, level: str) -> None:
        """Show this level and above."""
        self._look(level=level)

    def action_only_table(self) -> None:
        """Only the chosen table in the log, or all."""
        if pane := self.log_pane:
            self._look(table="" if pane.window.table else self.chosen)

    def action_wrap(self) -> None:
        """Long lines of the log whole, or cut."""
        if pane := self.log_pane:
            pane.window.wrap = not pane.window.wrap
            pane.paint()

    def _look(self, **changes: str) -> None:
        if pane := self.log_pane:
            pane.look(**changes)
