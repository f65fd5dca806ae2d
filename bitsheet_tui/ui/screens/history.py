"""What was done: cycles, runs, alerts, rows set aside; and one cycle with what it did to each table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.widget import Widget

from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.parted import Parted
from bitsheet_tui.ui.views import books
from bitsheet_tui.ui.widgets.history_lists import AlertList, CycleList
from bitsheet_tui.ui.widgets.lines import LineView
from bitsheet_tui.ui.widgets.table_lists import AsideList, RunList
from bitsheet_tui.ui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from bitsheet_tui.store.ledger import Cycle


class HistoryScreen(Parted):
    """Four lists; enter goes from a cycle to its tables, and from there to what was changed."""

    AUTO_FOCUS = "#cycles"

    def __init__(self) -> None:
        super().__init__(name="history")

    def middle(self) -> Iterable[Widget]:
        """Tabs, then the lists."""
        lists = {"cycles": CycleList(), "runs": RunList(), "alerts": AlertList(), "set aside": AsideList()}
        yield Tabs(t("history"), tuple(lists), "cycles")
        yield from self.parts(**{name: (widget,) for name, widget in lists.items()})

    def on_mount(self) -> None:
        """The cycles have the keys."""
        self.show_part(self.part)


class CycleLine(LineView):
    """One cycle in a line."""

    def __init__(self, cycle: Cycle) -> None:
        super().__init__(id="cycle")
        self.cycle = cycle

    def lines(self, columns: int, rows: int) -> list[Line]:
        """When, how long, how much."""
        cycle, picture = self.cycle, self.picture
        started = f.clock(cycle.started_at, picture.zone, picture.now)
        about = t(
            "started {at}, took {took}, {rows}, {requests}",
            at=started, took=f.took(cycle.seconds), rows=f.plural(cycle.rows, "row"),
            requests=f.plural(cycle.requests, "request"),
        )  # fmt: skip
        number = t("cycle {number}", number=f.count(cycle.number))
        return [((f" {number}", "title"), (f"  {about}  ", ""), books.outcome(cycle, picture))]


class CycleScreen(Base):
    """What one cycle did to each table."""

    AUTO_FOCUS = "#runs"

    def __init__(self, cycle: Cycle) -> None:
        super().__init__(name="cycle")
        self.cycle = cycle

    def middle(self) -> Iterable[Widget]:
        """The cycle, its runs."""
        yield CycleLine(self.cycle)
        yield RunList(cycle=self.cycle.number)

    def on_mount(self) -> None:
        """Ask what it did."""
        self.query_one(RunList).shown()
