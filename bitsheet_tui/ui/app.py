"""Console: what the keys do."""

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from bitsheet_tui.commands import Pause, Resume, SyncNow
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import line, words
from bitsheet_tui.ui.keys import KEYS, bindings
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.views.log import LogWindow
from bitsheet_tui.ui.widgets.filter import FilterBar
from bitsheet_tui.ui.widgets.grid import TableGrid
from bitsheet_tui.ui.widgets.lists import Movable
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.window import Window

COPIED = 500  # letters of a line
TWICE = 2.0  # seconds in which ctrl+c must come again


class Console(Window):
    """A window on the engine: it owns nothing that the mirror needs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    _interrupted = 0.0

    @property
    def chosen(self) -> str:
        """The table under the cursor of the dashboard; empty when there is none."""
        grid = next(iter(self.screen_stack[0].query(TableGrid)), None)
        return grid.chosen if grid else ""

    @property
    def log_window(self) -> LogWindow:
        """How the dashboard looks at the log."""
        return self.screen_stack[0].query_one(LogPane).window

    @property
    def base(self) -> Base | None:
        """The screen on top, unless it is a dialog."""
        return self.screen if isinstance(self.screen, Base) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing on a screen do nothing there."""
        base = self.base
        if action in _LOG_ACTIONS:
            return base is not None and base.log_pane is not None
        if action in _TABLE_ACTIONS:
            return base is not None and base.has_table
        return True

    # --- the engine -------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Pause, or go on."""
        paused = bool(self.engine.state.paused_at) if self.pausing is None else self.pausing
        self.pausing = not paused
        self.engine.submit(Resume() if paused else Pause())
        self.say(words.ASKED_RESUME if paused else words.ASKED_PAUSE)

    def action_force(self) -> None:
        """A cycle now."""
        self._sync((), words.ASKED_CYCLE)

    def action_force_table(self) -> None:
        """The chosen table now."""
        if self.chosen:
            self.sync_table(self.chosen)

    def sync_table(self, table: str) -> None:
        """One table now."""
        self._sync((table,), words.ASKED_TABLE.format(table=table))

    def action_retry(self) -> None:
        """Every table that failed, now."""
        failed = tuple(table.name for table in self.picture.tables if table.error)
        if failed:
            self._sync(failed, words.ASKED_TABLE.format(table=", ".join(failed)))
        else:
            self.say(words.NO_ERRORS)

    def _sync(self, tables: tuple[str, ...], answer: str) -> None:
        state = self.engine.state
        self.engine.submit(SyncNow(tables))
        if state.paused_at:
            answer = words.PAUSED_FIRST
        elif state.cycle_started:
            answer = words.ASKED_RUNNING.format(cycle=state.cycle)
        self.say(answer)

    def action_resync(self) -> None:
        """Ask, then read the chosen table from scratch."""
        if self.chosen:
            self.ask_resync(self.chosen)

    def ask_resync(self, table: str) -> None:
        """Ask, then read a table from scratch."""
        from bitsheet_tui.ui import asking  # noqa: PLC0415 - not for the first screen

        asking.resync(self, table)

    def action_confirm(self) -> None:
        """Ask, then let what is held of the chosen table be marked."""
        from bitsheet_tui.ui import asking  # noqa: PLC0415 - not for the first screen

        asking.confirm(self, self.chosen)

    # --- screens ----------------------------------------------------------------------------------

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

    def open_table(self, table: str) -> None:
        """The details of a table."""
        for grid in self.screen_stack[0].query(TableGrid):
            names = list(self.picture.state.tables)
            grid.cursor = names.index(table) if table in names else grid.cursor
        if self.base and self.base.name != "table":
            self.action_open("table")

    @on(TableGrid.Chosen)
    def _table_chosen(self, event: TableGrid.Chosen) -> None:
        self.open_table(event.table)

    def action_escape(self) -> None:
        """Drop the filter, else one screen back; never quits."""
        base = self.base
        bar = next(iter(base.query(FilterBar)), None) if base else None
        if bar and (bar.has_class("-open") or bar.window.term):
            bar.close(drop=True)
            self._focus_log()
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        elif base and base.log_pane and base.log_pane.end is not None:
            base.log_pane.follow(on=True)
        self.paint()

    # --- the log ----------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type what the log shall show."""
        if self.base:
            self.base.query_one(FilterBar).open()

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        if self.base:
            self.base.query_one(FilterBar).close(drop=False)
            self._focus_log()
            self.paint()

    def _focus_log(self) -> None:
        if self.base and self.base.log_pane:
            self.base.log_pane.focus()

    def action_freeze(self) -> None:
        """Hold the log, or follow."""
        pane = self.base.log_pane if self.base else None
        if pane:
            pane.follow(on=pane.end is not None)

    def action_level(self, level: str) -> None:
        """Show this level and above."""
        self._look(level=level)

    def action_only_table(self) -> None:
        """Only the chosen table in the log, or all."""
        pane = self.base.log_pane if self.base else None
        self._look(table="" if pane and pane.window.table else self.chosen)

    def action_wrap(self) -> None:
        """Long lines of the log whole, or cut."""
        pane = self.base.log_pane if self.base else None
        if pane:
            pane.window.wrap = not pane.window.wrap
            pane.paint()

    def _look(self, **changes: str) -> None:
        pane = self.base.log_pane if self.base else None
        if pane:
            pane.window.look(**changes)
            pane.paint()

    # --- the terminal -----------------------------------------------------------------------------

    def action_copy(self) -> None:
        """What the focused pane offers, to the clipboard; over SSH too, for the terminal does it."""
        pane = self.screen.focused
        rows = [line.text(row).strip() for row in pane.copied()] if isinstance(pane, Movable) else []
        what = "\n".join(plain(redact(row), COPIED) for row in rows if row)
        if what:
            self.copy_to_clipboard(what)
            self.say(words.COPIED.format(what=f.plural(len(what.splitlines()), "line")))

    def action_repaint(self) -> None:
        """Everything anew."""
        self.screen.refresh(layout=True)
        for view in self.base.views if self.base else ():
            view.refresh()

    def action_picture(self) -> None:
        """Save the screen as SVG, with the secrets out of it, readable by its owner only."""
        path = Path.cwd() / f"bitsheet-{self.clock():%Y%m%d-%H%M%S}.svg"
        try:
            path.touch(mode=0o600)
            path.write_text(redact(self.export_screenshot(title=words.NAME)), encoding="utf-8")
        except OSError as error:
            self.say(words.NOT_SAVED.format(why=error.strerror or "no reason given"), bad=True)
        else:
            self.say(words.SAVED.format(path=path))

    def action_hold(self) -> None:
        """Back to the shell."""
        self.run_worker(self._hold(), exclusive=True)

    async def _hold(self) -> None:
        """Pause first: a stopped process must not hold a lock of the database, and the budgets go on."""
        self.say(words.SUSPENDING)
        ours = not self.engine.state.paused_at
        if ours:
            self.engine.submit(Pause())
        for _ in range(30):
            if self.engine.state.paused_at and not self.engine.state.cycle_started:
                break
            await asyncio.sleep(0.1)
        self.action_suspend_process()
        if ours:  # reached after fg
            self.engine.submit(Resume())

    # --- leaving ----------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Stop gracefully and leave when the engine has; the second time at once."""
        if self.leaving:
            self.abandoned = True
            self.exit()
            return
        self.leaving = True
        self.stop()
        self.look()

    def action_interrupt(self) -> None:
        """ctrl+c: warns once."""
        now = asyncio.get_running_loop().time()
        if self.leaving or now - self._interrupted < TWICE:
            self.action_leave()
            return
        self._interrupted = now
        self.say(words.QUIT_ONCE)

    # --- the palette ------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key's action, and those of each table."""
        for key in KEYS:
            if key.command and self.check_action(key.action.partition("(")[0], ()):
                yield SystemCommand(
                    key.label, f"{key.words}  ({key.shown})", partial(self.run_action, key.action)
                )
        for table in self.picture.state.tables:
            if table.isidentifier():  # the palette parses markup
                yield SystemCommand(f"Sync {table}", "read it now", partial(self.sync_table, table))
                yield SystemCommand(
                    f"Resync {table}", "read it from scratch", partial(self.ask_resync, table)
                )
                yield SystemCommand(f"Open {table}", "its details", partial(self.open_table, table))
        yield SystemCommand("Theme", "change the colours", self.action_change_theme)


_LOG_ACTIONS = frozenset(key.action.partition("(")[0] for key in KEYS if key.log)
_TABLE_ACTIONS = frozenset(key.action.partition("(")[0] for key in KEYS if key.table)
