"""One table: how it stands, its records, its columns, its runs, its rows that could not be stored."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from bitsheet_tui.errors import StoreError
from bitsheet_tui.text import plain
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.screens.parted import Parted
from bitsheet_tui.ui.views import details
from bitsheet_tui.ui.views.log_window import LogWindow
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.widgets.log_pane import LogPane
from bitsheet_tui.ui.widgets.records import RecordList
from bitsheet_tui.ui.widgets.table_lists import AsideList, ColumnList, RunList
from bitsheet_tui.ui.widgets.tabs import Tabs

PARTS = ("overview", "records", "columns", "runs", "set aside")


class TableFacts(Scroller):
    """One table in full."""

    grows = True

    def __init__(self, table: str) -> None:
        super().__init__(id="facts")
        self.table = table
        self._reach: list[Line] = []
        self._asked = -1  # up to which cycle

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return ((plain(self.table, 40), "title"),), ()

    def paint(self) -> None:
        """Draw what differs; ask the mirror once a cycle has ended."""
        if self.display and self._asked != self.picture.ended:
            self._asked = self.picture.ended
            self.run_worker(self._ask(), exclusive=True, group="facts")
        super().paint()

    async def _ask(self) -> None:
        library, table = self.console_app.library, self.table
        try:
            checkpoint = await library.ask(lambda reader: reader.checkpoint(table))
            columns = await library.ask(lambda reader: reader.columns(table))
            hidden = await library.ask(lambda reader: reader.hidden(table))
        except StoreError:  # the sentence above tells of a store that is away
            return
        self._reach = details.reach(checkpoint, columns, hidden)
        self.paint()

    def content(self, columns: int) -> list[Line]:
        """Its facts."""
        found = [*details.facts(self.picture, self.table, min(columns - 2, 110)), *self._reach]
        return [((" ", ""), *line) for line in found]


class TableScreen(Parted):
    """Five parts; the overview has the log of that table under it."""

    AUTO_FOCUS = "#facts"

    def __init__(self, table: str, part: str = "") -> None:
        super().__init__(name="table")
        self.table, self.part = table, part

    def middle(self) -> Iterable[Widget]:
        """Tabs, then the parts."""
        window = LogWindow(self.console_app.ring)
        window.look(table=self.table)
        yield Tabs(plain(self.table, 30), PARTS, self.part)
        yield from self.parts(
            **{
                "overview": (TableFacts(self.table), LogPane(window)),
                "records": (RecordList(self.table),),
                "columns": (ColumnList(self.table),),
                "runs": (RunList(table=self.table),),
                "set aside": (AsideList(self.table),),
            }
        )

    def on_mount(self) -> None:
        """The part that was asked for has the keys."""
        self.show_part(self.part)

    def offered(self) -> set[str]:
        """What can be done to a table, too."""
        return super().offered() | {"table", "held"}

    @on(RecordList.Opened)
    def _opened(self, event: RecordList.Opened) -> None:
        from bitsheet_tui.ui.screens.record import RecordScreen  # noqa: PLC0415 - not for the list

        self.app.push_screen(RecordScreen(self.table, event.found.key, self.query_one(RecordList)))
