"""Base: a screen with the state on top, the keys at the bottom, and one paint for all of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget

from bitsheet_tui.ui.widgets.lines import LineView
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.status import Countdown, KeyHints, Sentence, StatusLine, TinyLine

if TYPE_CHECKING:
    from bitsheet_tui.ui.app import Console


class Base(Screen[None]):
    """Everything but the middle."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's name, and never changed
        (0, "-tiny"), (40, "-slim"), (60, "-narrow"), (80, "-std"), (110, "-wide"), (160, "-huge"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (10, "-low"), (16, "-mid"), (36, "-tall")]  # noqa: RUF012
    has_table = False  # whether a table is chosen here

    def middle(self) -> Iterable[Widget]:
        """What is between the sentence and the keys."""
        return ()

    def compose(self) -> ComposeResult:
        """State, sentence, the middle, keys."""
        yield StatusLine()
        with Horizontal(id="now"):
            yield Sentence()
            yield Countdown()
        yield from self.middle()
        yield KeyHints()
        yield TinyLine()

    @property
    def console_app(self) -> "Console":
        """The app, as what it is."""
        return cast("Console", self.app)

    @property
    def views(self) -> list[LineView]:
        """Every painted widget."""
        return list(self.query(LineView))

    @property
    def log_pane(self) -> LogPane | None:
        """The log of this screen."""
        return next(iter(self.query(LogPane)), None)

    def paint(self, *, quiet: bool = False) -> None:
        """Draw what differs; `quiet`: only the seconds can."""
        for view in self.views:
            if not quiet or isinstance(view, Countdown):
                view.paint()
