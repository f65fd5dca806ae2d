"""The full screens: log, errors, history, one table, help."""

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import BAD
from bitsheet_tui.ui.keys import KEYS
from bitsheet_tui.ui.line import Line, fit, wrap
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.views import spark, troubles
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.words import GLOSSARY, NO_CYCLES, NO_ERRORS


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


class HistoryList(Scroller):
    """The cycles in memory, the newest first."""

    def title(self) -> tuple[Line, Line]:
        """How many, and how long they took."""
        cycles = self.picture.state.cycles
        return (("cycles", "title"),), spark.figures(cycles) if cycles else ()

    def content(self, columns: int) -> list[Line]:
        """One cycle a line."""
        cycles = self.picture.state.cycles
        if not cycles:
            return [(), ((" " + NO_CYCLES, "dim"),)]
        head = f" {'cycle':>9}  {'ended':<15} {'took':>7} {'rows':>9} {'requests':>9}  not current"
        out: list[Line] = [((head, "head"),)]
        for cycle in reversed(cycles):
            ended = f.clock(cycle.at, self.picture.zone, self.picture.now)
            failed = f"{BAD} {plain(', '.join(cycle.failed))}" if cycle.failed else ""
            figures = f"{f.took(cycle.seconds):>7} {cycle.rows:>9,} {cycle.requests:>9,}  "
            out.append(((f" {cycle.number:>9,}  {ended:<15} {figures}", ""), (failed, "bad")))
        return out


class HelpText(Scroller):
    """Every key, then the words used."""

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return (("help", "title"),), ()

    def content(self, columns: int) -> list[Line]:
        """Made from the table of keys."""
        wide = max(len(key.shown) for key in KEYS) + 2
        out: list[Line] = []
        for heading, scope in (("Keys", "app"), ("Moving", "list")):
            out += [(), ((f" {heading}", "title"),)]
            for key in KEYS:
                if key.scope == scope:
                    out += _entry(key.shown, key.words, wide, columns)
        out += [(), ((" Words", "title"),)]
        for word, meaning in GLOSSARY:
            out += _entry(word, meaning, wide, columns)
        return out


def _entry(name: str, meaning: str, wide: int, columns: int) -> list[Line]:
    rows = wrap(meaning, max(10, min(columns, 100) - wide - 3))
    return [
        ((" " + fit(name if not index else "", wide), "key"), (" " + row, ""))
        for index, row in enumerate(rows)
    ]


class ListScreen(Base):
    """A screen with one list."""

    def __init__(self, name: str, content: type[Scroller]) -> None:
        super().__init__(name=name)
        self.list = content

    def middle(self) -> Iterable[Widget]:
        """The list."""
        yield self.list()


class LogScreen(Base):
    """The log on the whole screen, looked at as the dashboard looks at it."""

    def __init__(self) -> None:
        super().__init__(name="log")

    def middle(self) -> Iterable[Widget]:
        """The log and its filter."""
        window = self.console_app.log_window
        yield LogPane(window)
        yield self.filter_bar()


OPENS: dict[str, Callable[[], Base]] = {
    "errors": partial(ListScreen, "errors", ErrorList),
    "history": partial(ListScreen, "history", HistoryList),
    "help": partial(ListScreen, "help", HelpText),
    "log": LogScreen,
}
