"""The lines at the top and the bottom: state, sentence, countdown, keys."""

from typing import TYPE_CHECKING, cast

from textual import events
from textual.geometry import Size

from bitsheet_tui.ui import keys
from bitsheet_tui.ui.line import Line, fit
from bitsheet_tui.ui.views import header
from bitsheet_tui.ui.widgets.lines import LineView

if TYPE_CHECKING:
    from bitsheet_tui.ui.screens.base import Base


class StatusLine(LineView):
    """What is mirrored where, and how it is, in a word."""

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line."""
        return [header.status(self.picture, columns)]


class Sentence(LineView):
    """What is going on and what happens next; as high as it needs to be."""

    grows = True

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the sentence takes."""
        return len(self.lines(width, 0))

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line, or as many as it takes."""
        return header.sentence(self.picture, columns)


class Countdown(LineView):
    """`next at 10:07:00`; a widget of its own, so that a second of a cycle costs fifty bytes."""

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line, right-aligned."""
        return [((fit(header.next_in(self.picture), columns - 1, right=True), "dim"), (" ", ""))]


class TinyLine(LineView):
    """The whole console in one line."""

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line."""
        return [header.tiny(self.picture, columns, self.app.size.height)]


class KeyHints(LineView):
    """The most useful keys; a click presses one."""

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line."""
        return [keys.footer(self._offered(columns))]

    def _offered(self, columns: int) -> list[tuple[keys.Key, Line]]:
        screen = cast("Base", self.screen)
        log, paused = screen.log_pane, self.console_app.pausing
        if paused is None:
            paused = bool(self.picture.state.paused_at)
        on = {"pause": paused, "freeze": log is not None and log.end is not None}
        return keys.offered(
            screen.name or "dashboard",
            columns,
            screen.offered().__contains__,
            [name for name, undoes in on.items() if undoes],
        )

    def on_click(self, event: events.Click) -> None:
        """Press the key whose words were clicked."""
        key = keys.at(self._offered(self.size.width), event.x)
        if key:
            self.app.simulate_key(key.keys[0])
