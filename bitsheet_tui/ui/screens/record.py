"""One record: every field, its change history, its raw values, its address in the portal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from bitsheet_tui.errors import StoreError
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import links, words
from bitsheet_tui.ui.glyphs import BAD
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.line import Line, joined
from bitsheet_tui.ui.screens.parted import Parted
from bitsheet_tui.ui.widgets.lines import LineView
from bitsheet_tui.ui.widgets.record_lists import ChangeLog, FieldList, RawText
from bitsheet_tui.ui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from bitsheet_tui.store.record import Record
    from bitsheet_tui.ui.widgets.records import RecordList

PARTS = ("fields", "changes", "raw")


class Address(LineView):
    """Where the record is in the portal, and how it stands in the mirror."""

    def __init__(self) -> None:
        super().__init__(id="address")
        self.words: Line = ()

    def lines(self, columns: int, rows: int) -> list[Line]:
        """One line."""
        return [self.words]


class RecordScreen(Parted):
    """`step` goes to the next record of the list that it was opened from."""

    AUTO_FOCUS = "#fields"

    def __init__(self, table: str, key: tuple[Any, ...], origin: RecordList | None = None) -> None:
        super().__init__(name="record")
        self.table, self.key, self.origin = table, key, origin
        self.record: Record | None = None

    def middle(self) -> Iterable[Widget]:
        """Tabs, address, the parts."""
        yield Tabs("", PARTS, "fields")
        yield Address()
        yield from self.parts(fields=(FieldList(),), changes=(ChangeLog(),), raw=(RawText(),))

    def on_mount(self) -> None:
        """Read it."""
        self._load()

    def _load(self) -> None:
        self.query_one(Tabs).title = f"{plain(self.table, 30)} {plain(':'.join(map(str, self.key)), 30)}"
        self.run_worker(self._read(), exclusive=True, group="record")

    async def _read(self) -> None:
        table, key = self.table, self.key
        try:
            self.record = await self.console_app.library.ask(lambda reader: reader.record(table, key))
        except StoreError as error:
            why = f"{retold(str(error))} {retold(error.hint)}"
            self.console_app.say(why, bad=True)
            self.query_one(FieldList).fail(why)
            return
        self.query_one(FieldList).show(self.record, self.origin.term if self.origin else "")
        self.query_one(ChangeLog).show(self.record)
        self.query_one(RawText).show(self.record)
        self.query_one(Address).words = self._where()
        self.paint()

    def _where(self) -> Line:
        if self.record is None:
            return ((f" {t(words.GONE)}", "wait"),)
        picture = self.console_app.picture
        gone: Line = ()
        if self.record.deleted_at:
            at = f.clock(self.record.deleted_at, picture.zone, picture.now)
            gone = ((f"{BAD} {t('deleted on the portal, found {at}', at=at)}", "bad"),)
        if self.record.refused:
            why = plain(retold(self.record.refused), 200)
            gone = (*gone, (f"{BAD} {t('a newer version waits in quarantine: {why}', why=why)}", "bad"))
        changed = t("changed {ago}", ago=f.ago(self.record.synced_at, picture.now))
        link = self.address
        return joined((((" ", ""),), gone, ((changed, "dim"),), ((link, "hint"),) if link else ()))

    @property
    def address(self) -> str:
        """In the portal; empty where it has no page for it."""
        if self.record is None:
            return ""
        values = {str(entry.column.name): entry.value for entry in self.record.entries}
        host = self.console_app.picture.state.portal
        return plain(links.address(host, self.table, self.key, values), 300)

    def step(self, steps: int) -> None:
        """To the next record of the list, or the one before."""
        if self.origin is None:
            return
        self.origin.move(steps)
        found = self.origin.under()
        if found and found.key != self.key:
            self.key = found.key
            self._load()
