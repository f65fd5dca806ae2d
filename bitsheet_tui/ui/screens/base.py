"""Base: a screen with the state on top, the keys at the bottom, and one paint for all of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget

from bitsheet_tui.ui.widgets.filter import FilterBar
from bitsheet_tui.ui.widgets.lines import LineView
from bitsheet_tui.ui.widgets.lists import Movable
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.status import Countdown, KeyHints, Sentence, StatusLine, TinyLine

if TYPE_CHECKING:
    from bitsheet_tui.ui.app import Console


class Row(Horizontal):
    """Widgets side by side, which cover it."""

    BLANK = True  # it is painted in no time


class Base(Screen[None]):
    """Everything but the middle."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's name, and never changed
        (0, "-tiny"), (40, "-slim"), (60, "-narrow"), (80, "-std"), (110, "-wide"), (160, "-huge"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (10, "-low"), (16, "-mid"), (36, "-tall")]  # noqa: RUF012

    BLANK = True  # all of it is covered by widgets

    def __init__(self, name: str) -> None:
        """With the classes of the size there is: found out later, they would style everything twice."""
        super().__init__(name=name, classes=" ".join(self._sized(*self.app.size)))

    def _sized(self, columns: int, rows: int) -> set[str]:
        across = self._get_breakpoint_classes(columns, self.HORIZONTAL_BREAKPOINTS)
        return across | self._get_breakpoint_classes(rows, self.VERTICAL_BREAKPOINTS)

    def middle(self) -> Iterable[Widget]:
        """What is between the sentence and the keys."""
        return ()

    def compose(self) -> ComposeResult:
        """State, sentence, the middle, keys."""
        yield StatusLine()
        with Horizontal(id="now"):  # below the countdown it shows where the sentence takes two lines
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
        return list(self.walk_children(LineView))

    def whose(self, need: str) -> Movable | None:
        """The pane that a key with this need speaks to: the focused one, else the first that has it."""
        panes = [pane for pane in self.walk_children(Movable) if pane.display and need in pane.has]
        return next((pane for pane in panes if pane is self.focused), panes[0] if panes else None)

    def offered(self) -> set[str]:
        """What keys may need and find here; the empty need is always met."""
        return {"", *(need for pane in self.walk_children(Movable) if pane.display for need in pane.has)}

    @property
    def filter_bar(self) -> FilterBar | None:
        """The line in which one types what is searched for, while there is one."""
        return next(iter(self.walk_children(FilterBar)), None)

    async def search(self) -> None:
        """Let somebody type what the pane in question shall show."""
        if self.filter_bar is None and (pane := self.whose("search")):
            bar = FilterBar(pane.term, pane.hint, lambda: self.whose("search"))
            await self.mount(bar, before=self.query_one(KeyHints))
            self.set_focus(bar)  # now: the next key may be there already

    async def searched(self, *, drop: bool) -> None:
        """It is typed; `drop`: show everything again."""
        if bar := self.filter_bar:
            bar.close(drop=drop)
            if pane := self.whose("search"):
                self.set_focus(pane)
            await bar.remove()

    @property
    def address(self) -> str:
        """In the portal, of what is shown."""
        return ""

    def step(self, steps: int) -> None:
        """To the next of what is shown, or the one before."""
        if pane := self.whose("step"):
            pane.step(steps)

    def zoom(self) -> None:
        """Show only the focused pane, or all of them again."""

    @property
    def log_pane(self) -> LogPane | None:
        """The log of this screen."""
        pane = self.whose("log")
        return pane if isinstance(pane, LogPane) else None

    def redraw(self) -> None:
        """All of it anew: its words, signs or colours are others."""
        self.paint()
        self.refresh(layout=True)
        for view in self.views:
            view.refresh()

    def paint_head(self) -> None:
        """Draw what differs of the first lines."""
        for view in self.views:
            if isinstance(view, StatusLine | Sentence | Countdown):
                view.paint()

    def paint(self, *, quiet: bool = False) -> None:
        """Draw what differs; `quiet`: only the seconds can."""
        for view in self.views:
            if not quiet or isinstance(view, Countdown):
                view.paint()
