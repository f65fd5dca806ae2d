"""Asks again for rows of which something was too big to be read, when somebody wants it tried once more.

What was too big is left out for as long as a row's dates of change stay (`splitting.py`), so a row that
became smaller without moving them is asked for by its id: in the next cycle, whichever process runs it.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct, field

from bitsheet_tui.errors import PortalError, TableTrouble, Unasked
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.counting import some, those
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.desk import Answers, Desk
from bitsheet_tui.tables import Paging, Table

WANTED = "ask_again"  # the fact that names the tables


def want(store: Store, names: Collection[str]) -> bool:
    """Let what was too big in these tables be asked for again; whether there is anything."""
    found = {name for name in names if store.unread(name)}
    if found:
        store.remember(WANTED, " ".join(sorted(found | set(store.remembered(WANTED).split()))))
    return bool(found)


def rereads(desk: Desk, tables: Sequence[Table]) -> list["RereadJob"]:
    """The work that is wanted of these tables."""
    wanted = desk.wanted
    if wanted is None:
        wanted = desk.wanted = set(desk.store.remembered(WANTED).split())
    found = [table for table in tables if table.name in wanted and table.paging is Paging.KEYSET]
    for table in found:
        desk.recall()
        desk.splitter.forget(table)
    return [RereadJob(desk, table, left=desk.store.unread(table.name)) for table in found]


class RereadJob(Struct):
    """The rows of one table, a page at a time."""

    desk: Desk
    table: Table
    left: list[int]
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _asked: list[int] = field(default_factory=list)

    def asks(self, room: int) -> dict[str, Ask]:  # noqa: ARG002 - a page of rows that may be big
        """The next page of them."""
        self._asked = self.left[:PAGE]
        self.complete = not self._asked
        if self.complete:
            self._done()
            return {}
        return {f"{self.table.name}again": some(self.table, self._asked)}

    def take(self, answers: Answers) -> None:
        """Store those that came."""
        answer = answers[f"{self.table.name}again"]
        if isinstance(answer, Unasked):
            return
        if isinstance(answer, PortalError):
            self.error = answer
            return
        found = those(self.table, self._asked, answer)
        stored = self.desk.commit(self.table, list(found.rows.values()), self.desk.checkpoint(self.table))
        self.rows += stored.inserted + stored.updated
        if found.rows and found.more:  # the others did not fit, or are hidden
            self.left = [id_ for id_ in self.left if id_ not in found.rows]
        else:
            self.left = self.left[len(self._asked) :]

    def _done(self) -> None:
        wanted = self.desk.wanted
        if wanted and self.table.name in wanted:
            wanted.discard(self.table.name)
            self.desk.store.remember(WANTED, " ".join(sorted(wanted)))
