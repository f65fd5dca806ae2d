"""Prompt: one line to type, over whatever is shown."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from bitsheet_tui.ui.screens.confirm import Words
from bitsheet_tui.ui.widgets.filter import Line
from bitsheet_tui.ui.words import CANCEL


class Prompt(ModalScreen[str]):
    """Ends with what was typed; with an empty text when it was left.

    `wrong` says what is wrong with it, or nothing: what is wrong is told in the prompt, which stays with it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", CANCEL, show=False)]
    AUTO_FOCUS = "Input"

    def __init__(
        self, title: str, hint: str, value: str = "", wrong: Callable[[str], str] = lambda _: ""
    ) -> None:
        super().__init__(name="dialog")
        self.words = Words(title, [hint])
        self.hint, self.value, self.wrong = hint, value, wrong

    def compose(self) -> ComposeResult:
        """The words above the line."""
        line = Line(self.value, compact=True, max_length=400)
        line.cursor_blink = False
        with Vertical():
            yield self.words
            yield line

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text and (why := self.wrong(text)):
            self.words.paragraphs = [why, self.hint]
            self.words.refresh(layout=True)
        else:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Esc was pressed."""
        self.dismiss("")

    def paint(self, *, quiet: bool = False) -> None:
        """Nothing in it changes."""
