"""The settings: what is set, where that comes from, and enter for what can be changed while it runs."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from bitsheet_tui.locales import CODES
from bitsheet_tui.text import plain
from bitsheet_tui.ui.language import fold, t
from bitsheet_tui.ui.line import Line, middle, text
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.themes import THEMES
from bitsheet_tui.ui.views import settings
from bitsheet_tui.ui.views.settings import Setting
from bitsheet_tui.ui.widgets.choices import Choices
from bitsheet_tui.ui.words import LIST_HINT

TURNS: dict[str, tuple[object, ...]] = {
    "language": CODES,
    "theme": tuple(THEMES),
    "ascii": ("auto", "on", "off"),
    "title": (True, False),
    "bell": (True, False),
}


class SettingList(Choices):
    """Every setting; enter turns the one under the cursor to its next value, or asks for it."""

    has: ClassVar[frozenset[str]] = frozenset({"search"})
    hint = LIST_HINT

    def __init__(self) -> None:
        super().__init__(id="settings")
        self._term = ""

    @property
    def _found(self) -> list[Setting]:
        app = self.console_app
        found = settings.settings(app.beside.config(), app.looks, self.picture)
        term = fold(self._term)
        return [one for one in found if term in fold(text(settings.line(one, 300)))]

    def count(self) -> int:
        """How many have the word."""
        return len(self._found)

    def row(self, index: int, columns: int) -> Line:
        """One of them."""
        return settings.line(self._found[index], columns)

    def title(self) -> tuple[Line, Line]:
        """And from which file."""
        config = self.console_app.beside.config()
        path = str(config.path) if config and config.path else t("no configuration file")
        if self.picture.state.attached:  # another process may have been started with another one
            path = t("{path}, as this console reads it", path=path)
        name: Line = ((t("settings"), "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        return name, ((middle(plain(path), max(20, self.size.width - 30)), "dim"),)

    @property
    def term(self) -> str:
        """The word that every setting shown has."""
        return self._term

    def search(self, term: str) -> None:
        """Show only what has this word."""
        self._term, self.cursor = term, 0
        self.paint()

    def chosen(self, index: int) -> None:
        """Change it, if it can be."""
        setting = self._found[index]
        section, _, name = setting.key.partition(".")
        if section == "ui":
            turns, now = TURNS[name], getattr(self.console_app.looks, name)
            self.console_app.choose(name, turns[(turns.index(now) + 1) % len(turns) if now in turns else 0])
        elif setting.live:
            self.console_app.action_steer("interval")
        else:
            self.console_app.say(t("{key} is not changed here: {note}.", key=setting.key, note=setting.note))


class SettingsScreen(Base):
    """One list."""

    AUTO_FOCUS = "SettingList"

    def __init__(self) -> None:
        super().__init__(name="settings")

    def middle(self) -> Iterable[Widget]:
        """The list."""
        yield SettingList()
