"""The dashboard: the tables, how long cycles take, the log."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from bitsheet_tui.ring import Ring
from bitsheet_tui.ui.kept import Kept
from bitsheet_tui.ui.screens.base import Base, Row
from bitsheet_tui.ui.views.log_window import LogWindow
from bitsheet_tui.ui.views.sorting import ORDERS
from bitsheet_tui.ui.widgets.grid import TableGrid
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.panels import CyclePanel, DetailPanel, ErrorPanel, HistogramPanel, PortalPanel
from bitsheet_tui.ui.words import LEVELS

ROWS = ("top", "middle", "bottom")


class Dashboard(Base):
    """The bottom of the stack; it is never left."""

    AUTO_FOCUS = "TableGrid"

    def __init__(self, ring: Ring, kept: Kept) -> None:
        super().__init__(name="dashboard")
        self.window = LogWindow(ring, kept.level if kept.level in LEVELS else "INFO")
        self.window.wrap = kept.wrap
        self.window.look(table=kept.table)
        self.grid = TableGrid(kept.sort if kept.sort in ORDERS else "", reverse=kept.reverse)
        self._show_only(kept.zoom)

    def middle(self) -> Iterable[Widget]:
        """Three rows of panels."""
        yield Row(self.grid, DetailPanel(), id="top")
        yield Row(CyclePanel(), HistogramPanel(), PortalPanel(), id="middle")
        yield Row(LogPane(self.window), ErrorPanel(), id="bottom")

    def offered(self) -> set[str]:
        """Its panes can be zoomed."""
        return super().offered() | {"zoom"}

    def zoom(self) -> None:
        """Only the row of panes that has the focus, or all rows."""
        mine = next((name for name in ROWS if self.focused in list(self.query(f"#{name} *"))), ROWS[0])
        self._show_only("" if self.zoomed else mine)
        self.call_after_refresh(self.paint)

    @property
    def zoomed(self) -> str:
        """The row that is shown alone; empty: all are."""
        return next((name for name in ROWS if self.has_class(f"-zoom-{name}")), "")

    def _show_only(self, mine: str) -> None:
        for name in ROWS:
            self.set_class(name == mine, f"-zoom-{name}")

    @on(TableGrid.Moved)
    def _moved(self) -> None:
        for panel in self.query(DetailPanel):
            panel.paint()
