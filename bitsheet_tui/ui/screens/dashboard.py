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

    def offers(self, need: str) -> bool:
        """Its panes can be zoomed."""
        return need == "zoom" or super().offers(need)

    def zoom(self) -> None:
        """Only the row of panes that has the focus, or all rows."""
        rows = ("top", "middle", "bottom")
        mine = next((name for name in rows if self.focused in list(self.query(f"#{name} *"))), rows[0])
        zoomed = any(self.has_class(f"-zoom-{name}") for name in rows)
        for name in rows:
            self.set_class(not zoomed and name == mine, f"-zoom-{name}")
        self.call_after_refresh(self.paint)

    @on(TableGrid.Moved)
    def _moved(self) -> None:
        for panel in self.query(DetailPanel):
            panel.paint()
