"""The dashboard: the tables, how long cycles take, the log."""

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget

from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.views.log_window import LogWindow
from bitsheet_tui.ui.widgets.grid import TableGrid
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.panels import CyclePanel, DetailPanel, ErrorPanel, HistogramPanel, PortalPanel


class Dashboard(Base):
    """The bottom of the stack; it is never left."""

    AUTO_FOCUS = "TableGrid"

    def __init__(self, window: LogWindow) -> None:
        super().__init__(name="dashboard")
        self.window = window

    def middle(self) -> Iterable[Widget]:
        """Three rows of panels and the filter."""
        yield Horizontal(TableGrid(), DetailPanel(), id="top")
        yield Horizontal(CyclePanel(), HistogramPanel(), PortalPanel(), id="middle")
        yield Horizontal(LogPane(self.window), ErrorPanel(), id="bottom")
        yield self.filter_bar()

    @on(TableGrid.Moved)
    def _moved(self) -> None:
        for panel in self.query(DetailPanel):
            panel.paint()
