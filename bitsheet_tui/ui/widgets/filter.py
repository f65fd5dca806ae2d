"""FilterBar: the line in which one types what a pane shall show."""

from collections.abc import Callable

from textual import on
from textual.widgets import Input

from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.widgets.lists import Movable


class Line(Input):
    """An input that takes as much of a paste as it has room for; Textual's takes all of it or nothing."""

    def insert_text_at_cursor(self, text: str) -> None:
        """Insert what there is room for."""
        room = self.max_length - len(self.value) if self.max_length else len(text)
        super().insert_text_at_cursor(text[: max(0, room)])


class FilterBar(Line):
    """Searches while one types, or once enter is pressed; enter keeps it, esc drops it."""

    def __init__(self, term: str, hint: str, whose: Callable[[], Movable | None]) -> None:
        super().__init__(term, id="filter", compact=True, max_length=80, placeholder=t(hint))
        self._whose = whose
        self.cursor_blink = False

    def close(self, *, drop: bool) -> None:
        """Search for what was typed; `drop`: show everything again."""
        pane = self._whose()
        term = "" if drop else self.value
        if pane and (drop or not pane.while_typing) and term != pane.term:
            pane.search(term)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        pane = self._whose()
        if pane and pane.while_typing and event.value != pane.term:
            pane.search(event.value)
