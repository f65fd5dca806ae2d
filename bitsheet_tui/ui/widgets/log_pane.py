"""LogPane: a view into the log window that follows, or holds still while one reads."""

from typing import ClassVar

from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.views import log
from bitsheet_tui.ui.views.log import LogWindow
from bitsheet_tui.ui.widgets.lists import Movable


class LogPane(Movable):
    """The log; scrolling up freezes it, reaching the end follows again."""

    has: ClassVar[frozenset[str]] = frozenset({"log", "search"})

    def __init__(self, window: LogWindow, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.window = window
        self.end: int | None = None  # the number of the last entry shown; None: whatever is newest

    @property
    def term(self) -> str:
        """The word that every line shown has."""
        return self.window.term

    def search(self, term: str) -> None:
        """Show only lines with this word."""
        self.window.look(term=term)

    def title(self) -> tuple[Line, Line]:
        """Whether it follows, what it shows, how much there is."""
        return log.title(self.window, self.end, narrow=self.size.width < 60)

    def body(self, columns: int, rows: int) -> list[Line]:
        """The newest lines, or those that are held."""
        if self.end is not None:  # what fell out of the ring cannot be held
            self.end = min(self.window.total, max(self.end, self.window.first + rows))
        end = self.window.total if self.end is None else self.end
        return log.render(self.window, end, columns, rows, self.picture.zone)

    def lines(self, columns: int, rows: int) -> list[Line]:
        """With what is new in the ring."""
        self.window.pull()
        return super().lines(columns, rows)

    def move(self, steps: int) -> None:
        """Scroll; up freezes, the end follows."""
        window = self.window
        end = (window.total if self.end is None else self.end) + steps
        lowest = min(window.total, window.first + self.page)
        self.end = None if end >= window.total else max(lowest, end)

    def action_choose(self) -> None:
        """Enter follows again."""
        self.follow(on=True)

    def follow(self, *, on: bool) -> None:
        """Follow, or hold still here."""
        self.end = None if on else self.window.total
        self.paint()

    def copied(self) -> list[Line]:
        """The lines in view."""
        return self.body(self.size.width, self.page)
