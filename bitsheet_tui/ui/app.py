"""Console: what the keys do."""

import asyncio
from collections.abc import Iterable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from bitsheet_tui.commands import Pause, Resume, SyncNow
from bitsheet_tui.manual import chapters
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import line, words
from bitsheet_tui.ui import terminal as tty
from bitsheet_tui.ui.glyphs import RETURN
from bitsheet_tui.ui.keys import KEYS, bindings
from bitsheet_tui.ui.language import code, t
from bitsheet_tui.ui.saving import write_new
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.themes import THEMES
from bitsheet_tui.ui.viewing import Viewing
from bitsheet_tui.ui.widgets.lists import Movable

COPIED = 50_000  # letters of a line
TWICE = 2.0  # seconds in which ctrl+c must come again


class Console(Viewing):
    """A window on the engine: it owns nothing that the mirror needs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    _interrupted = 0.0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing on a screen do nothing there."""
        need = NEEDS.get(action, "")
        return not need or (self.base is not None and need in self.base.offered())

    # --- the engine -------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Pause, or go on."""
        paused = bool(self.engine.state.paused_at) if self.pausing is None else self.pausing
        self.pausing = not paused
        self.engine.submit(Resume() if paused else Pause())
        self.say(t(words.ASKED_RESUME if paused else words.ASKED_PAUSE))

    def action_force(self) -> None:
        """A cycle now."""
        self._sync((), t(words.ASKED_CYCLE))

    def action_force_table(self) -> None:
        """The chosen table now."""
        if self.chosen:
            self.sync_table(self.chosen)

    def sync_table(self, table: str) -> None:
        """One table now."""
        self._sync((table,), t(words.ASKED_TABLE, table=table))

    def action_retry(self) -> None:
        """Every table that failed, now."""
        failed = tuple(table.name for table in self.picture.tables if table.error)
        if failed:
            self._sync(failed, t(words.ASKED_TABLE, table=", ".join(failed)))
        else:
            self.say(t(words.NO_ERRORS))

    def _sync(self, tables: tuple[str, ...], answer: str) -> None:
        state = self.engine.state
        self.engine.submit(SyncNow(tables))
        if state.paused_at:
            answer = t(words.PAUSED_FIRST)
        elif state.cycle_started:
            answer = t(words.ASKED_RUNNING, cycle=f.count(state.cycle))
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
        """Ask, then let what is held be marked: of the chosen table, or the first where none can be."""
        from bitsheet_tui.ui import asking  # noqa: PLC0415 - not for the first screen

        held = [table.name for table in self.picture.tables if table.held]
        choice = self.base is not None and "table" in self.base.offered()
        asking.confirm(self, self.chosen if choice or not held else held[0])

    def action_steer(self, what: str) -> None:
        """Change how the engine works, or ask for what costs much."""
        from bitsheet_tui.ui import steering  # noqa: PLC0415 - not for the first screen

        {"interval": steering.interval, "cancel": steering.cancel, "resync_all": steering.resync_all}[what](
            self
        )

    def action_enable(self) -> None:
        """Ask, then read the chosen table no more; or read it again."""
        from bitsheet_tui.ui import steering  # noqa: PLC0415 - not for the first screen

        steering.enable(self, self.chosen)

    def ask_since(self, table: str) -> None:
        """Ask since when, then read again what changed in a table."""
        from bitsheet_tui.ui import steering  # noqa: PLC0415 - not for the first screen

        steering.resync_since(self, table)

    # --- the terminal -----------------------------------------------------------------------------

    async def action_copy(self) -> None:
        """What the focused pane offers, to the clipboard; over SSH too, for the terminal does it."""
        pane = self.screen.focused
        if not isinstance(pane, Movable):
            return
        rows = [row for one in pane.copied() if (row := plain(redact(line.text(one).strip()), COPIED))]
        if rows:
            self.copy_to_clipboard(("\n" if pane.breaks else f" {RETURN} ").join(rows))
            told = t(words.COPIED, what=f.plural(len(rows), "line"))
            self.say(told if await asyncio.to_thread(tty.takes_copies) else f"{told} {t(words.TMUX_DROPS)}")

    def action_repaint(self) -> None:
        """Everything anew, also where a terminal has left something of its own."""
        self.send("\x1b[2J")
        self.screen.refresh(layout=True)
        for view in self.base.views if self.base else ():
            view.refresh()

    def action_picture(self) -> None:
        """Save the screen as SVG, with the secrets out of it, readable by its owner only."""
        name = f"bitsheet-{self.clock():%Y%m%d-%H%M%S}.svg"
        shown = redact(self.export_screenshot(title=words.NAME))
        if self.is_web:  # it goes to the browser, never into a folder of the server
            self.deliver_text(StringIO(shown), save_filename=name, mime_type="image/svg+xml")
            return
        try:
            path = Path.cwd() / name
            write_new(path, shown.splitlines())
        except OSError as error:
            self.say(t(words.NOT_SAVED, why=error.strerror or t("no reason given")), bad=True)
        else:
            self.say(t(words.SAVED, path=f"{path}"))

    def action_hold(self) -> None:
        """Back to the shell; asked again on the way there, nothing more."""
        from bitsheet_tui.ui.suspending import driver, suspend  # noqa: PLC0415 - not for the first screen

        held = driver(self)
        if held is None:
            self.say(t(words.NO_SHELL))
        elif not self.suspending:
            self.suspending = True
            self.say(t(words.SUSPENDING))
            self.run_worker(suspend(self, held))

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
        self.say(t(words.QUIT_ONCE))

    # --- the palette ------------------------------------------------------------------------------

    def action_command_palette(self) -> None:
        """Every command, by name."""
        from bitsheet_tui.ui.palette import Palette  # noqa: PLC0415 - not for the first screen

        if not isinstance(self.screen, Palette):
            hint = self.spelt(t("Search for commands…"))
            self.push_screen(Palette(placeholder=hint, id="--command-palette"))

    def search_themes(self) -> None:
        """Every theme, by name."""
        from textual.theme import ThemeProvider  # noqa: PLC0415 - not for the first screen

        from bitsheet_tui.ui.palette import Palette  # noqa: PLC0415

        hint = self.spelt(t("Search for themes…"))
        self.push_screen(Palette(providers=[ThemeProvider], placeholder=hint))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The action of every key that means something on `screen`, and those of each table."""
        offered = screen.offered() if isinstance(screen, Base) else {""}
        for key in KEYS:
            if key.command and key.needs in offered:
                yield SystemCommand(
                    t(key.label), f"{t(key.words)}  ({key.shown})", partial(self.run_action, key.action)
                )
        for table in self.picture.state.tables:
            if table.isidentifier():  # the palette parses markup
                yield SystemCommand(
                    t("Sync {table}", table=table), t("read it now"), partial(self.sync_table, table)
                )
                yield SystemCommand(
                    t("Resync {table}", table=table),
                    t("read it from scratch"),
                    partial(self.ask_resync, table),
                )
                yield SystemCommand(
                    t("Resync {table} since", table=table),
                    t("what changed since a day"),
                    partial(self.ask_since, table),
                )
                yield SystemCommand(
                    t("Open {table}", table=table), t("its details"), partial(self.open_table, table)
                )
        for one in chapters(code()):
            about = one.summary.replace("`", "")
            yield SystemCommand(
                t("Manual {topic}", topic=one.topic), about, partial(self.read_chapter, one.topic)
            )
        yield SystemCommand(
            t("Resync every table"), t("from scratch"), partial(self.action_steer, "resync_all")
        )
        for theme in THEMES:
            yield SystemCommand(
                t("Theme {name}", name=theme), t("change the colours"), partial(self.choose, "theme", theme)
            )
        yield SystemCommand(t("Other themes"), t("change the colours"), self.action_change_theme)


NEEDS = {key.action.partition("(")[0]: key.needs for key in KEYS if key.needs}
