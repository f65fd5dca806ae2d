"""The full screens that open on the dashboard: log, errors, history."""

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.history import HistoryScreen
from bitsheet_tui.ui.screens.log import LogScreen
from bitsheet_tui.ui.views import troubles
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.words import NO_ERRORS


class ErrorList(Scroller):
    """Everything that is wrong."""

    def title(self) -> tuple[Line, Line]:
        """How much."""
        count = len(troubles.troubles(self.picture))
        return (("errors", "title"),), ((f"{count} open", "dim"),)

    def content(self, columns: int) -> list[Line]:
        """One below the other."""
        found = troubles.troubles(self.picture)
        if not found:
            return [(), ((" " + NO_ERRORS, "ok"),)]
        width = min(columns - 2, 100)
        return [line for one in found for line in ((), *troubles.render(one, self.picture, width))]


class ListScreen(Base):
    """A screen with one list."""

    def __init__(self, name: str, content: type[Scroller]) -> None:
        super().__init__(name=name)
        self.list = content

    def middle(self) -> Iterable[Widget]:
        """The list."""
        yield self.list()


OPENS: dict[str, Callable[[], Base]] = {
    "errors": partial(ListScreen, "errors", ErrorList),
    "history": HistoryScreen,
    "log": LogScreen,
}
