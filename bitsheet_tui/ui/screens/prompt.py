"""Prompt: one line to type, over whatever is shown."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from bitsheet_tui.ui.screens.confirm import Words
from bitsheet_tui.ui.words import CANCEL


class Prompt(ModalScreen[str]):
    """Ends with what was typed; with an empty text when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", CANCEL, show=False)]
    AUTO_FOCUS = "Input"

    def __init__(self, title: str, hint: str, value: str = "") -> None:
        super().__init__(name="dialog")
        self.words = Words(title, [hint])
        self.value = value

    def compose(self) -> ComposeResult:
        """The words above the line."""
        line = Input(self.value, compact=True, max_length=400)
        line.cursor_blink = False
        with Vertical():
            yield self.words
            yield line

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Esc was pressed."""
        self.dismiss("")

    def paint(self, *, quiet: bool = False) -> None:
        """Nothing in it changes."""
