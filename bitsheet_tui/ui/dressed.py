"""Dressed: an app in the console's own themes."""

import os

from textual.app import App, ReturnType
from textual.filter import Monochrome, NoColor

from bitsheet_tui.ui import themes
from bitsheet_tui.ui.inturn import InTurn
from bitsheet_tui.ui.themes import Colourless


class Dressed(InTurn[ReturnType], inherit_bindings=False):
    """Our themes before Textual's, and no colour at all where NO_COLOR is set and not empty."""

    def dress(self, wanted: str = themes.DEFAULT) -> str:
        """Put on a theme, before it runs; the one that is put on where there is none of that name."""
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        worn = wanted if wanted in self.available_themes else themes.DEFAULT
        self.set_reactive(App.theme, worn)  # nothing is to be restyled yet
        for name in themes.REPLACED:
            self.unregister_theme(name)
        self._filters = [one for one in self._filters if not isinstance(one, NoColor | Monochrome)]
        self.no_color = bool(os.environ.get("NO_COLOR"))
        if self.no_color:
            self._filters.append(Colourless())
        return worn
