"""Help: the keys of the screen one came from, then all others, then the words; each can be looked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui import words
from bitsheet_tui.ui.keys import KEYS, Key
from bitsheet_tui.ui.language import fold, t
from bitsheet_tui.ui.line import Line, fit, wrap
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.widgets.lists import Scroller

Entries = list[tuple[str, str]]
WIDE = max(len(key.shown) for key in KEYS) + 2


class HelpText(Scroller):
    """Made from the table of keys, and the glossary."""

    has: ClassVar[frozenset[str]] = frozenset({"search"})
    hint = words.LIST_HINT

    def __init__(self, means: Callable[[str], bool]) -> None:
        super().__init__()
        self._means = means  # whether what a key needs was on the screen one came from
        self._term = ""

    @property
    def term(self) -> str:
        """The word that every entry shown has."""
        return self._term

    def search(self, term: str) -> None:
        """Show only entries with this word."""
        self._term, self.top = term, 0
        self.paint()

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        name: Line = ((t("help"), "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        return name, ((t("/ looks for a word"), "dim"),)

    def content(self, columns: int) -> list[Line]:
        """The headings, and under each its entries."""
        out: list[Line] = []
        for heading, entries in self._sections():
            wide = max([WIDE, *(len(name) + 1 for name, _ in entries)])
            found = [one for one in entries if fold(self._term) in fold(" ".join(one))]
            out += [(), ((f" {heading}", "title"),)] if found else []
            out += [marked(line, self._term) for one in found for line in _entry(*one, wide, columns)]
        return out

    def _sections(self) -> Iterator[tuple[str, Entries]]:
        keys = [key for key in KEYS if key.scope == "app"]
        yield (
            t("On the screen you came from"),
            _told(key for key in keys if key.needs and self._means(key.needs)),
        )
        yield t("Everywhere"), _told(key for key in keys if not key.needs)
        yield t("Moving"), _told(key for key in KEYS if key.scope == "list")
        yield t("On other screens"), _told(key for key in keys if not self._means(key.needs))
        yield t("Words"), [(t(word), t(meaning)) for word, meaning in words.GLOSSARY]


def _told(keys: Iterable[Key]) -> Entries:
    return [(key.shown, t(key.words)) for key in keys]


def _entry(name: str, meaning: str, wide: int, columns: int) -> list[Line]:
    rows = wrap(meaning, max(10, min(columns, 100) - wide - 3))
    return [
        ((" " + fit(name if not index else "", wide), "key"), (" " + row, ""))
        for index, row in enumerate(rows)
    ]


class HelpScreen(Base):
    """Stands on the screen that it explains; esc returns there."""

    AUTO_FOCUS = "HelpText"

    def __init__(self, origin: Base) -> None:
        super().__init__(name="help")
        self._means = origin.offered().__contains__

    def middle(self) -> Iterable[Widget]:
        """The text."""
        yield HelpText(self._means)
