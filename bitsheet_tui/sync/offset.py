"""Lists that are read whole, from the first page to the last, whenever they are due."""

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import PortalError, TableTrouble
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.listing import PAGE, offset_page, page_rows, row_id
from bitsheet_tui.sync import guard
from bitsheet_tui.sync.deletions import settle
from bitsheet_tui.sync.desk import Answers, Desk
from bitsheet_tui.tables import Table


class OffsetJob(Struct):
    """A whole list that can only be read by offset; the guard decides about what is not in it any more.

    `start` beyond the end serves the first page again (main/classes/general/dbresult.php), so the pages are
    asked one after the other, and the total must stay the same from the first to the last.
    """

    desk: Desk
    table: Table
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _start: int = 0
    _total: int | None = None
    _began: datetime | None = None
    _keys: set[int] = field(default_factory=set)
    _gone: set[int] = field(default_factory=set)

    def asks(self, room: int) -> dict[str, Ask]:  # noqa: ARG002 - one page is indivisible
        if self._gone:
            return guard.asks(self.table)
        return {self.table.name: offset_page(self.table, self._start)}

    def take(self, answers: Answers) -> None:
        if self._gone:
            settle(self.desk, self.table, self._gone, guard.told(self.table, answers))
            self.complete = True
            return
        self._take_page(answers)

    def _take_page(self, answers: Answers) -> None:
        answer = answers[self.table.name]
        if isinstance(answer, PortalError):
            self.error = answer
            return
        desk, table = self.desk, self.table
        self._began = self._began or answer.started
        if self._total is not None and answer.total != self._total:  # the list moved under us
            self._start, self._total, self._began, self._keys = 0, None, None, set()
            return
        self._total = answer.total
        rows = page_rows(table, answer)
        fresh = {row_id(table, row) for row in rows}
        again = bool(fresh & self._keys)
        self._keys |= fresh
        self._start += PAGE
        self.complete = again or len(rows) < PAGE or self._start >= (answer.total or 0)
        checkpoint = desk.checkpoint(table)
        stored = desk.commit(table, rows, checkpoint)
        self.rows += stored.inserted + stored.updated
        if self.complete:
            self._finish()

    def _finish(self) -> None:
        """All of the list was read. What is missing is decided on when it is known what we may see."""
        desk, table = self.desk, self.table
        desk.keep(replace(desk.checkpoint(table), watermark=self._began))
        self._gone = set(desk.store.ids(table)) - self._keys
        if self._gone:
            self.complete = False
        else:
            settle(desk, table, (), {})
