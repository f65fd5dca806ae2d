"""Choices: a list with a cursor, of which only the lines in view are made."""

from textual import events

from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.marking import marked
from bitsheet_tui.ui.widgets.lists import Movable


class Choices(Movable):
    """Subclasses say how many there are and what one looks like."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        self._above = 1  # lines over the first row

    def count(self) -> int:
        """How many there are."""
        return 0

    def row(self, index: int, columns: int) -> Line:
        """One of them."""
        return ()

    def head(self, columns: int) -> list[Line]:
        """What stands over them."""
        return []

    def nothing(self, columns: int) -> list[Line]:
        """What is said where there are none."""
        return []

    def chosen(self, index: int) -> None:
        """Enter or a double click on one of them."""

    @property
    def page(self) -> int:
        """How many rows are seen at once."""
        return max(1, self.size.height - self.around - len(self.head(self.size.width)))

    def body(self, columns: int, rows: int) -> list[Line]:
        """The head and the rows in view."""
        head, count = self.head(columns), self.count()
        if not count:
            self.marked = None
            return [*head, *self.nothing(columns)][:rows]
        room = max(1, rows - len(head))
        self.cursor = max(0, min(self.cursor, count - 1))
        self.top = max(0, min(max(self.top, self.cursor - room + 1), self.cursor, count - room))
        self._above = 1 + len(head)
        self.marked = self._above + self.cursor - self.top if self.has_focus else None
        shown = range(self.top, min(count, self.top + room))
        return [*head, *(marked(self.row(index, columns), self.mark) for index in shown)][:rows]

    @property
    def mark(self) -> str:
        """The word that is marked in every row: what is looked for."""
        return self.term

    def move(self, steps: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + steps, self.count() - 1))

    def action_choose(self) -> None:
        """Enter was pressed."""
        if 0 <= self.cursor < self.count():
            self.chosen(self.cursor)

    def copied(self) -> list[Line]:
        """The row under the cursor, on as much room as it needs."""
        return [self.row(self.cursor, 500)] if self.count() else []

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a second one on it chooses."""
        index = event.y - self._above + self.top
        if not 0 <= index < self.count():
            return
        if index == self.cursor and event.chain > 1:
            self.chosen(index)
        self.move(index - self.cursor)
        self.paint()

    def on_focus(self) -> None:
        """Show the cursor's line."""
        self.paint()

    def on_blur(self) -> None:
        """Hide it."""
        self.paint()
