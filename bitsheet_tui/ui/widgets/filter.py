"""FilterBar: the line in which one types what a pane shall show."""

from collections.abc import Callable

from textual import on
from textual.widgets import Input

from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.widgets.lists import Movable
from bitsheet_tui.ui.words import FILTER_HINT


class FilterBar(Input):
    """Searches while one types, or once enter is pressed; enter keeps it, esc drops it."""

    def __init__(self, whose: Callable[[], Movable | None]) -> None:
        super().__init__(id="filter", compact=True, max_length=80, placeholder=t(FILTER_HINT))
        self.whose = whose
        self.cursor_blink = False

    @property
    def term(self) -> str:
        """What is searched for now."""
        pane = self.whose()
        return pane.term if pane else ""

    def open(self) -> None:
        """Show it with the last term and take the keys."""
        pane = self.whose()
        if pane is None:
            return
        self.placeholder = t(pane.hint)
        self.add_class("-open")
        self.value = pane.term
        self.focus()

    def close(self, *, drop: bool) -> None:
        """Hide it; `drop`: show everything again."""
        pane = self.whose()
        self.remove_class("-open")
        term = "" if drop else self.value
        if pane and (drop or not pane.while_typing) and term != pane.term:
            pane.search(term)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        pane = self.whose()
        if pane and pane.while_typing and self.has_class("-open") and event.value != pane.term:
            pane.search(event.value)
