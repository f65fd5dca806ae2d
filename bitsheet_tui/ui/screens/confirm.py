"""Dialog: asks before something that costs time; Cancel is what a careless enter means."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Button

from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, wrap
from bitsheet_tui.ui.widgets.lines import LineView
from bitsheet_tui.ui.words import CANCEL


class Words(LineView):
    """A title and paragraphs."""

    def __init__(self, title: str, paragraphs: Sequence[str]) -> None:
        super().__init__()
        self.heading, self.paragraphs = title, paragraphs

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the words take."""
        return len(self.lines(width, 0))

    def lines(self, columns: int, rows: int) -> list[Line]:
        """The title, then the paragraphs with a blank line before each."""
        out: list[Line] = [((row, "title"),) for row in wrap(self.heading, columns)]
        for paragraph in self.paragraphs:
            out += [(), *(((row, ""),) for row in wrap(paragraph, columns))]
        return out


class Scroll(VerticalScroll):
    """The words of a dialog, as far as there is room."""


class Dialog(ModalScreen[bool]):
    """Says what, how much, how long; ends with True only on its own button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", CANCEL, show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, paragraphs: Sequence[str], yes: str) -> None:
        super().__init__(name="dialog")
        self.words = Words(title, paragraphs)
        self.yes = yes

    def compose(self) -> ComposeResult:
        """The words above two buttons."""
        with Vertical():
            with Scroll(can_focus=False):
                yield self.words
            with Horizontal():
                yield Button(t(CANCEL), id="cancel", compact=True)
                yield Button(self.yes, id="yes", variant="warning", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_scroll(self, rows: int) -> None:
        """To the words that there is no room for; where there is room for all, to the other button."""
        scroll = self.query_one(Scroll)
        if scroll.max_scroll_y:
            scroll.scroll_relative(y=rows, animate=False)
        elif rows > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_answer(self, yes: bool) -> None:
        """A key was pressed instead of a button."""
        self.dismiss(yes)

    def paint(self, *, quiet: bool = False) -> None:
        """Nothing in it changes."""
