"""One text on the whole screen: a value, a change, a row that could not be stored."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui.line import Line, broken
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.values import LONG
from bitsheet_tui.ui.widgets.lists import Scroller


class Text(Scroller):
    """Lines of any length, broken where the screen ends. `copied`: what is copied, where that is not they."""

    def __init__(self, name: str, rows: Sequence[str], mark: str = "", copied: Sequence[str] = ()) -> None:
        super().__init__()
        self.heading, self.rows, self.mark = name, rows, mark
        self._copied = copied
        self._wrapped: tuple[int, list[Line]] = (0, [])

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return ((plain(self.heading, 80), "title"),), ()

    def content(self, columns: int) -> list[Line]:
        """Every line; made once for each width."""
        if self._wrapped[0] != columns:
            self._wrapped = (
                columns,
                [line for row in self.rows for line in self._lines_of(row, columns - 2)],
            )
        return self._wrapped[1]

    def _lines_of(self, row: str, columns: int) -> list[Line]:
        return [marked(line, self.mark) for line in _broken(row, columns)]

    def say(self, rows: Sequence[str]) -> None:
        """Show other lines."""
        self.rows, self._wrapped = rows, (0, [])
        self.paint()

    def copied(self) -> list[Line]:
        """All of it, as it was before it was broken."""
        return [((plain(row, LONG), ""),) for row in self._copied or self.rows]


def _broken(row: str, columns: int) -> list[Line]:
    words = plain(row, LONG)
    indent = words[: len(words) - len(words.lstrip())][: max(0, columns // 2)]
    parts = broken(words[len(indent) :], max(8, columns - len(indent)))
    return [((f" {indent}{part}", ""),) for part in parts]


class TextScreen(Base):
    """A screen with one text."""

    AUTO_FOCUS = "Text"

    def __init__(self, name: str, rows: Sequence[str], mark: str = "", copied: Sequence[str] = ()) -> None:
        super().__init__(name="value")
        self.text = Text(name, rows, mark, copied)

    def middle(self) -> Iterable[Widget]:
        """The text."""
        yield self.text
