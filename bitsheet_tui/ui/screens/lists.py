"""The full screens that open on the dashboard: log, errors, history."""

from collections.abc import Callable, Iterable

from textual.widget import Widget

from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.history import HistoryScreen
from bitsheet_tui.ui.screens.log import LogScreen
from bitsheet_tui.ui.screens.settings import SettingsScreen
from bitsheet_tui.ui.troubles import troubles
from bitsheet_tui.ui.views.troubles import render
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.words import NO_ERRORS


class ErrorList(Scroller):
    """Everything that is wrong."""

    def title(self) -> tuple[Line, Line]:
        """How much."""
        count = len(troubles(self.picture))
        return ((t("errors"), "title"),), ((t("{count} open", count=f"{count}"), "dim"),)

    def content(self, columns: int) -> list[Line]:
        """One below the other."""
        found = troubles(self.picture)
        if not found:
            return [(), ((" " + t(NO_ERRORS), "ok"),)]
        width = min(columns - 2, 100)
        return [line for one in found for line in ((), *render(one, self.picture, width))]


class ErrorScreen(Base):
    """One list."""

    def __init__(self) -> None:
        super().__init__(name="errors")

    def middle(self) -> Iterable[Widget]:
        """The list."""
        yield ErrorList()

    def offered(self) -> set[str]:
        """Something to confirm, too, where deletions are held."""
        held = any(table.held for table in self.console_app.picture.tables)
        return super().offered() | ({"held"} if held else set())


OPENS: dict[str, Callable[[], Base]] = {
    "errors": ErrorScreen,
    "history": HistoryScreen,
    "log": LogScreen,
    "settings": SettingsScreen,
}
