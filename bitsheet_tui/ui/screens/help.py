"""Help: the keys by the names that the line at the bottom has for them, the words, and the manual."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, NamedTuple

from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui import words
from bitsheet_tui.ui.keys import BY_ID, FOOTERS, KEYS, Key
from bitsheet_tui.ui.language import fold, t
from bitsheet_tui.ui.line import Line, Span, fit, wrap
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.manual import ChapterList
from bitsheet_tui.ui.screens.parted import Parted
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.widgets.tabs import Tabs


class Entry(NamedTuple):
    """A key with its name in the line of keys, or a word of the screen, which has no other name."""

    shown: str
    label: str
    meaning: str


WIDE = max(len(key.shown) for key in KEYS) + 2


class HelpText(Scroller):
    """Made from the table of keys, and the glossary."""

    has: ClassVar[frozenset[str]] = frozenset({"search"})
    breaks: ClassVar[bool] = True
    hint = words.LIST_HINT

    def __init__(self, origin: str, means: Callable[[str], bool]) -> None:
        super().__init__()
        self._origin = origin  # the name of the screen one came from
        self._means = means  # whether what a key needs was there
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
        name: Line = ((t("keys"), "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        return name, ((t("/ looks for a word"), "dim"),)

    def content(self, columns: int) -> list[Line]:
        """The headings, and under each its entries."""
        out: list[Line] = []
        for heading, entries in self._sections():
            wide = max([WIDE, *(len(entry.shown) + 1 for entry in entries)])
            found = [entry for entry in entries if fold(self._term) in fold(" ".join(entry))]
            out += [(), ((f" {heading}", "title"),)] if found else []
            out += [marked(line, self._term) for entry in found for line in _lines(entry, wide, columns)]
        return out[1:]

    def _sections(self) -> Iterator[tuple[str, list[Entry]]]:
        """What one looks for first is first: the keys of the line at the bottom, in its order."""
        first = [BY_ID[name] for name in FOOTERS.get(self._origin, "").split()]
        here = [key for key in first if key.id != "help" and self._means(key.needs)]
        rest = [key for key in KEYS if key not in here]
        app = [key for key in rest if key.scope == "app"]
        here += [key for key in app if key.needs and self._means(key.needs)]
        yield t("On the screen you came from"), _told(here)
        yield t("Everywhere"), _told(key for key in app if not key.needs)
        yield t("Moving"), _told(key for key in rest if key.scope == "list")
        yield t("On other screens"), _told(key for key in app if not self._means(key.needs))
        yield t("Words"), [Entry(t(word), "", t(meaning)) for word, meaning in words.GLOSSARY]


def _told(keys: Iterable[Key]) -> list[Entry]:
    return [Entry(key.shown, t(key.label), t(key.words)) for key in keys]


def _lines(entry: Entry, wide: int, columns: int) -> list[Line]:
    shown, label, meaning = entry
    name = f"{label}: " if label else ""
    rows = wrap(name + meaning, max(10, min(columns, 100) - wide - 3))
    first: Line = ((" " + fit(shown, wide), "key"), (" ", ""), *_named(rows[0], label))
    return [first, *(((" " * (wide + 2) + row, ""),) for row in rows[1:])]


def _named(row: str, label: str) -> tuple[Span, ...]:
    """The name stands out, where the line is wide enough for it."""
    return ((label, "strong"), (row[len(label) :], "")) if label and row.startswith(label) else ((row, ""),)


class HelpScreen(Parted):
    """Stands on the screen that it explains; esc returns there."""

    AUTO_FOCUS = "HelpText"

    def __init__(self, origin: Base) -> None:
        super().__init__(name="help")
        self._origin, self._means = origin.name or "", origin.offered().__contains__

    def middle(self) -> Iterable[Widget]:
        """Tabs, then the keys and the manual."""
        keys, chapters = HelpText(self._origin, self._means), ChapterList()
        yield Tabs(t("help"), ("keys", "the manual"), "keys")
        yield from self.parts(**{"keys": (keys,), "the manual": (chapters,)})
