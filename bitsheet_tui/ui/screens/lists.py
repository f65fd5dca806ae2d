"""The full screens: log, errors, history, one table, help."""

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from bitsheet_tui.ui.keys import KEYS
from bitsheet_tui.ui.line import Line, fit, wrap
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.history import HistoryScreen
from bitsheet_tui.ui.screens.log import LogScreen
from bitsheet_tui.ui.views import troubles
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.words import GLOSSARY, NO_ERRORS


class ErrorList(Scroller):
    """Everything that is wrong."""

    def title(self) -> tuple[Line, Line]:
        """How much."""
        count = len(troubles.troubles(self.picture))
        return (("errors", "title"),), ((f"{count} open", "dim"),)

    def content(self, columns: int) -> list[Line]:
        """One below the other."""
        found = troubles.troubles(self.picture)
        if not found:
            return [(), ((" " + NO_ERRORS, "ok"),)]
        width = min(columns - 2, 100)
        return [line for one in found for line in ((), *troubles.render(one, self.picture, width))]


class HelpText(Scroller):
    """Every key, then the words used."""

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return (("help", "title"),), ()

    def content(self, columns: int) -> list[Line]:
        """Made from the table of keys."""
        wide = max(len(key.shown) for key in KEYS) + 2
        out: list[Line] = []
        for heading, scope in (("Keys", "app"), ("Moving", "list")):
            out += [(), ((f" {heading}", "title"),)]
            for key in KEYS:
                if key.scope == scope:
                    out += _entry(key.shown, key.words, wide, columns)
        out += [(), ((" Words", "title"),)]
        for word, meaning in GLOSSARY:
            out += _entry(word, meaning, wide, columns)
        return out


def _entry(name: str, meaning: str, wide: int, columns: int) -> list[Line]:
    rows = wrap(meaning, max(10, min(columns, 100) - wide - 3))
    return [
        ((" " + fit(name if not index else "", wide), "key"), (" " + row, ""))
        for index, row in enumerate(rows)
    ]


class ListScreen(Base):
    """A screen with one list."""

    def __init__(self, name: str, content: type[Scroller]) -> None:
        super().__init__(name=name)
        self.list = content

    def middle(self) -> Iterable[Widget]:
        """The list."""
        yield self.list()


OPENS: dict[str, Callable[[], Base]] = {
    "errors": partial(ListScreen, "errors", ErrorList),
    "history": HistoryScreen,
    "help": partial(ListScreen, "help", HelpText),
    "log": LogScreen,
}
