"""FilterBar: the line in which one types what the log shall show."""

from textual import on
from textual.widgets import Input

from bitsheet_tui.ui.views.log import LogWindow
from bitsheet_tui.ui.words import FILTER_HINT


class FilterBar(Input):
    """Filters while one types; enter keeps it, esc drops it."""

    def __init__(self, window: LogWindow) -> None:
        super().__init__(id="filter", placeholder=FILTER_HINT, compact=True, max_length=80)
        self.window = window
        self.cursor_blink = False

    def open(self) -> None:
        """Show it with the last term and take the keys."""
        self.add_class("-open")
        self.value = self.window.term
        self.focus()

    def close(self, *, drop: bool) -> None:
        """Hide it; `drop`: show every line again."""
        if drop:
            self.window.look(term="")
        self.remove_class("-open")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        if self.has_class("-open") and event.value != self.window.term:
            self.window.look(term=event.value)
