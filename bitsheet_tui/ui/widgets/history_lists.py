"""The lists about the whole mirror: its cycles and its alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, cut
from bitsheet_tui.ui.views import books, spark
from bitsheet_tui.ui.widgets.asked import LIMIT, AskedList

if TYPE_CHECKING:
    from bitsheet_tui.store.journal import Told
    from bitsheet_tui.store.ledger import Cycle
    from bitsheet_tui.store.reader import Reader


class CycleList(AskedList):
    """Every cycle there ever was, read as one scrolls; only those that left a table behind where asked."""

    has: ClassVar[frozenset[str]] = frozenset({"search", "narrow"})
    name_shown, noun, none = "cycles", "cycle", words.NO_CYCLES

    def __init__(self) -> None:
        super().__init__(id="cycles")
        self.failed = False
        self.wanted = LIMIT

    def question(self) -> Callable[[Reader], Sequence[Cycle]]:
        """The newest."""
        return lambda reader: reader.cycles(failed=self.failed, limit=self.wanted)

    def narrow(self) -> None:
        """All, or only those that left a table behind."""
        self.failed, self.wanted = not self.failed, LIMIT
        self.again()

    def move(self, steps: int) -> None:
        """Move the cursor; at the end ask for more."""
        super().move(steps)
        if self.cursor >= self.count() - 1 and len(self.items) == self.wanted and not self.looking:
            self.wanted *= 2
            self.again()

    def title(self) -> tuple[Line, Line]:
        """Its name, whether only some are shown, and how long they took lately."""
        name, note = super().title()
        done = self.picture.state.cycles
        if self.failed:
            return (*name, ("  " + t("only those with a failure"), "wait")), note
        return (*name, ("  ", ""), *spark.figures(done)) if done else name, note

    def head(self, columns: int) -> list[Line]:
        """What the numbers are."""
        return [cut(((books.cycle_head(), "head"),), columns)]

    def line(self, item: Cycle, columns: int) -> Line:
        """One cycle."""
        return books.cycle(item, self.picture, columns)

    def open(self, item: Cycle) -> None:
        """What it did to each table."""
        from bitsheet_tui.ui.screens.history import CycleScreen  # noqa: PLC0415 - it is made of this

        self.app.push_screen(CycleScreen(item))


class AlertList(AskedList):
    """What somebody had to know of."""

    name_shown, noun, none = "alerts", "alert", words.NO_ALERTS

    def __init__(self) -> None:
        super().__init__(id="alerts")

    def question(self) -> Callable[[Reader], Sequence[Told]]:
        """Those that stand first."""
        return lambda reader: reader.alerts(limit=LIMIT)

    def line(self, item: Told, columns: int) -> Line:
        """One alert."""
        return books.alert(item, self.picture, columns)

    def open(self, item: Told) -> None:
        """What it says and what to do."""
        from bitsheet_tui.ui.screens.text import TextScreen  # noqa: PLC0415 - not for the list

        self.app.push_screen(TextScreen(item.key, books.alert_lines(item, self.picture)))
