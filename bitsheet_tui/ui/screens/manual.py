"""The manual: the list of its chapters, and one of them on the whole screen."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from bitsheet_tui import manual
from bitsheet_tui.manual import TOPICS, Chapter
from bitsheet_tui.manual.layout import laid
from bitsheet_tui.text import plain
from bitsheet_tui.ui import language, words
from bitsheet_tui.ui.language import fold, t
from bitsheet_tui.ui.line import Line, broken, cut, fit, text, width
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.widgets.choices import Choices
from bitsheet_tui.ui.widgets.lists import Scroller

NAMES = max(map(len, TOPICS)) + 2
WIDEST = 88  # cells: longer lines are hard to read
INKS = {"code": "hint", "heading": "strong"}  # the other kinds of text are named as their inks


class ChapterList(Choices):
    """The chapters, or those that have a word anywhere in their text."""

    has: ClassVar[frozenset[str]] = frozenset({"search"})
    hint = words.LIST_HINT

    def __init__(self) -> None:
        super().__init__(id="chapters")
        self._term = ""
        self._seen: tuple[object, list[Chapter]] = ((), [])

    @property
    def _found(self) -> list[Chapter]:
        """Looked for once for each word: every row that is drawn asks."""
        asked = (self._term, language.code())
        if self._seen[0] != asked:
            chapters, term = manual.chapters(asked[1]), fold(self._term)
            self._seen = asked, [one for one in chapters if term in fold(f"{one.topic} {one.text}")]
        return self._seen[1]

    def count(self) -> int:
        """How many have the word."""
        return len(self._found)

    def row(self, index: int, columns: int) -> Line:
        """One of them."""
        one = self._found[index]
        foreign = "" if one.language == language.code() else t(" (in English)")
        summary = one.summary.replace("`", "")
        return cut(((f" {fit(one.topic, NAMES)}", "key"), (f"{summary}{foreign}", "")), columns)

    def nothing(self, columns: int) -> list[Line]:
        """None has the word."""
        return [((f" {t('No matches found')}", "dim"),)]

    def title(self) -> tuple[Line, Line]:
        """Its name, and how many chapters."""
        name: Line = ((t("the manual"), "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        return name, ((f"{self.count()}", "dim"),)

    @property
    def term(self) -> str:
        """The word that every chapter shown has."""
        return self._term

    def search(self, term: str) -> None:
        """Show only chapters with this word."""
        self._term, self.cursor = term, 0
        self.paint()

    def chosen(self, index: int) -> None:
        """Open it, at the word that was looked for."""
        self.app.push_screen(ChapterScreen(self._found[index].topic, self._term))


class ChapterText(Scroller):
    """One chapter, and another one where a key leads there."""

    has: ClassVar[frozenset[str]] = frozenset({"search", "step"})
    breaks: ClassVar[bool] = True
    hint = words.CHAPTER_HINT

    def __init__(self, topic: str, term: str) -> None:
        super().__init__()
        self.topic, self._term = topic, term
        self._sought = bool(term)  # whether the place of the word is still to be shown
        self._laid: tuple[object, list[Line]] = ((), [])

    @property
    def chapter(self) -> Chapter:
        """In the language spoken, where it is translated."""
        return manual.chapter(self.topic, language.code())

    def title(self) -> tuple[Line, Line]:
        """Its name on the command line, and which of all it is."""
        name: Line = ((self.topic, "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        return name, ((f"{TOPICS.index(self.topic) + 1}/{len(TOPICS)}", "dim"),)

    def content(self, columns: int) -> list[Line]:
        """All of it; laid out once for each width."""
        made_for = (columns, self.chapter, self._term)
        if self._laid[0] != made_for:
            rows = laid(self.chapter.text, min(columns - 2, WIDEST))
            lines = [line for row in rows for line in _lines(row, columns - 2)]
            self._laid = made_for, [marked(line, self._term) for line in lines]
        return self._laid[1]

    def body(self, columns: int, rows: int) -> list[Line]:
        """The part that is looked at: at first, where the word is."""
        if self._sought:
            self._sought = False
            self.top = self._place(self.content(columns), 0, 1)
        return super().body(columns, rows)

    @property
    def term(self) -> str:
        """The word that is marked."""
        return self._term

    def search(self, term: str) -> None:
        """Mark a word and show its first place; what is read stays where it is without one."""
        self._term, self._sought = term, bool(term)
        self.paint()

    def step(self, steps: int) -> None:
        """To the next place of the word, or the one before; without a word to another chapter."""
        if self._term:
            self.top = self._place(self._laid[1], self.top + steps, steps)
        else:
            self.topic = TOPICS[(TOPICS.index(self.topic) + steps) % len(TOPICS)]
            self.top = 0
        self.paint()

    def _place(self, lines: list[Line], start: int, steps: int) -> int:
        """The line with the word from `start` on, or back from there; without one, the top line now."""
        term = fold(self._term)
        ways = range(max(0, start), len(lines)) if steps > 0 else range(start, -1, -1)
        return next((at for at in ways if term in fold(text(lines[at]))), self.top)


def _lines(row: Line, columns: int) -> list[Line]:
    """A line of the chapter in the console's inks; a line of code that is too long, in several."""
    line: Line = ((" ", ""), *((words, INKS.get(kind, kind)) for words, kind in row))
    if width(line) <= columns + 1:
        return [line]
    return [((f" {part}", INKS.get(row[-1][1], "")),) for part in broken(text(row), columns)]


class ChapterScreen(Base):
    """One chapter."""

    AUTO_FOCUS = "ChapterText"

    def __init__(self, topic: str, term: str = "") -> None:
        super().__init__(name="chapter")
        self._text = ChapterText(topic, term)

    def middle(self) -> Iterable[Widget]:
        """Its text."""
        yield self._text
