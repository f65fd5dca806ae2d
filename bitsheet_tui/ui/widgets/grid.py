"""TableGrid: the tables with a cursor; one changed row repaints one row."""

from typing import ClassVar

from textual import events
from textual.geometry import Size
from textual.message import Message

from bitsheet_tui.state import TableState
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.views import tables
from bitsheet_tui.ui.views.sorting import ORDERS, ordered
from bitsheet_tui.ui.widgets.lists import Movable


class TableGrid(Movable):
    """One row for each table between the titles and the sums."""

    has: ClassVar[frozenset[str]] = frozenset({"table", "held", "sort"})
    breaks: ClassVar[bool] = True

    class Chosen(Message):
        """Enter or a second click on a table."""

        def __init__(self, table: str) -> None:
            super().__init__()
            self.table = table

    def __init__(self, sort: str = "", *, reverse: bool = False) -> None:
        super().__init__()
        self.cursor = 0
        self.top = 0
        self.sort = sort
        self.reverse = reverse
        self._held = ""  # the table under the cursor, which stays there when the order changes

    def order(self) -> list[TableState]:
        """The tables as they are shown; the cursor stays on its own."""
        found = ordered(self.picture, self.sort, reverse=self.reverse)
        names = [table.name for table in found]
        if self._held in names:
            self.cursor = names.index(self._held)
        self.cursor = max(0, min(self.cursor, len(names) - 1))
        self._held = names[self.cursor] if names else ""
        return found

    @property
    def chosen(self) -> str:
        """The table under the cursor; empty when there is none."""
        self.order()
        return self._held

    def sort_by(self, steps: int) -> None:
        """By the next column; or, `steps` 0, the other way round."""
        if steps:
            self.sort, self.reverse = ORDERS[(ORDERS.index(self.sort) + steps) % len(ORDERS)], False
        else:
            self.reverse = not self.reverse
        self.console_app.say(self._sorted())
        self.paint()

    def _sorted(self) -> str:
        if not self.sort:
            return t("in the order of a cycle reversed") if self.reverse else t("in the order of a cycle")
        by = t(self.sort)
        return t("sorted by {title} reversed", title=by) if self.reverse else t("sorted by {title}", title=by)

    def choose(self, table: str) -> None:
        """Put the cursor on a table."""
        self._held = table

    @property
    def around(self) -> int:
        """Titles, sums and the frame."""
        return 4 if self.framed else 2

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are tables, and those around them."""
        return len(self.picture.state.tables) + self.around

    def title(self) -> tuple[Line, Line]:
        """How many tables."""
        count = len(self.picture.state.tables)
        note = f"{count}" if not self.sort and not self.reverse else f"{self._sorted()}  {count}"
        return ((t("tables"), "title"),), ((note, "dim"),)

    def lines(self, columns: int, rows: int) -> list[Line]:
        """Framed with a title where there is room, else bare."""
        if self.framed:
            return super().lines(columns, rows)
        return self.body(columns, rows)

    def body(self, columns: int, rows: int) -> list[Line]:
        """Titles, the rows in view, sums; in a very low terminal without the sums."""
        picture = self.picture
        found = self.order()
        layout = tables.layout(picture, columns)
        sums = rows > 4 or rows >= len(found) + 2
        room = max(0, rows - 1 - sums)
        self.top = max(0, min(max(self.top, self.cursor - room + 1), self.cursor, max(0, len(found) - room)))
        out = [tables.head(layout, columns)]
        for index, table in enumerate(found[self.top : self.top + room], self.top):
            out.append(tables.row(picture, table, layout, columns, chosen=index == self.cursor))
        self.marked = self.cursor - self.top + (2 if self.framed else 1) if found and self.has_focus else None
        return [*out, tables.total(picture, layout, columns)] if sums else out

    def move(self, steps: int) -> None:
        """Move the cursor."""
        names = [table.name for table in self.order()]
        self.cursor = max(0, min(self.cursor + steps, len(names) - 1))
        self._held = names[self.cursor] if names else ""
        self.screen.post_message(self.Moved())

    class Moved(Message):
        """The cursor is on another table."""

    def action_choose(self) -> None:
        """Open the table under the cursor."""
        if self.chosen:
            self.post_message(self.Chosen(self.chosen))

    def copied(self) -> list[Line]:
        """The titles and the row under the cursor."""
        table = self.picture.state.tables.get(self.chosen)
        layout = tables.layout(self.picture, self.size.width)
        if table is None:
            return []
        row = tables.row(self.picture, table, layout, self.size.width, chosen=False)
        return [tables.head(layout, self.size.width), row]

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a click on the cursor opens the table."""
        index = event.y - (2 if self.framed else 1) + self.top
        if not 0 <= index < len(self.picture.state.tables):
            return
        if index == self.cursor and event.chain > 1:
            self.action_choose()
        self.move(index - self.cursor)
        self.paint()

    def on_focus(self) -> None:
        """Show the cursor's line."""
        self.paint()

    def on_blur(self) -> None:
        """Only the mark stays."""
        self.paint()
