"""The parts of a record: its fields, how it came to be so, its bare values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from bitsheet_tui.errors import StoreError
from bitsheet_tui.text import plain
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import fold, retold, t
from bitsheet_tui.ui.line import Line, text
from bitsheet_tui.ui.screens.text import Text, TextScreen
from bitsheet_tui.ui.views import books, record
from bitsheet_tui.ui.widgets.asked import LIMIT, WIDE, AskedList

if TYPE_CHECKING:
    from bitsheet_tui.store.record import Entry, History, Record

SPAN = 50_000  # lines of the change feed looked at in one query
OF_A_RECORD = frozenset({"search", "step", "link"})


class FieldList(AskedList):
    """Every field with its label; those without a value come last."""

    has: ClassVar[frozenset[str]] = OF_A_RECORD
    name_shown, noun, none = "fields", "field", words.GONE
    follows = False

    def __init__(self) -> None:
        super().__init__(id="fields")
        self._asked = 0  # the screen asks
        self.looking = True
        self.sought = ""  # the word by which the record was found

    @property
    def mark(self) -> str:
        """What is looked for in the fields, or was in the records."""
        return self._term or self.sought

    def show(self, found: Record | None, sought: str = "") -> None:
        """Another record, or the same one anew; at the field by which it was found, if it was."""
        self.looking = False
        self.answered(sorted(found.entries, key=lambda entry: entry.value is None) if found else ())
        if sought:
            self.sought = sought
            having = (
                n for n, one in enumerate(self._seen) if fold(sought) in fold(text(self.line(one, WIDE)))
            )
            self.cursor = next(having, 0)
        self.paint()

    def fail(self, why: str) -> None:
        """It could not be read: nobody knows whether it is there."""
        self.answered(())
        self.trouble, self.looking = why, False
        self.paint()

    def line(self, item: Entry, columns: int) -> Line:
        """One field."""
        return record.field(item, columns, self.picture.zone)

    def open(self, item: Entry) -> None:
        """All of its value."""
        rows = record.whole(item, self.picture.zone)
        copied = record.copied(item, self.picture.zone)
        self.app.push_screen(TextScreen(record.label(item), rows, self.mark, copied))

    def copied(self) -> list[Line]:
        """The value under the cursor, without its label."""
        item = self.under()
        return [((row, ""),) for row in record.copied(item, self.picture.zone)] if item else []


class ChangeLog(AskedList):
    """What the change feed tells of a record; looked for in the background, however long the feed is."""

    has: ClassVar[frozenset[str]] = OF_A_RECORD
    name_shown, noun, none = "changes", "change", words.NEVER_CHANGED
    follows = False

    def __init__(self) -> None:
        super().__init__(id="changes")
        self.record: Record | None = None
        self.whole = False  # the feed was read to its beginning

    def show(self, found: Record | None) -> None:
        """Another record."""
        self.record, self.items, self._asked = found, (), None
        self._sift()
        if self.display:
            self.shown()

    async def _ask(self) -> None:
        found: list[Any] = []
        below: int | None = None
        self.whole = False
        try:
            while self.record and not self.whole and len(found) < LIMIT:
                piece = await self._piece(self.record, below)
                found += piece.changes
                below, self.whole = piece.below, piece.below is None
                self.answered(tuple(found))
                self.paint()
        except StoreError as error:
            self.trouble = f"{retold(str(error))} {retold(error.hint)}"
        self.looking = False
        self.paint()

    async def _piece(self, one: Record, below: int | None) -> History:
        table, row_id = one.table, one.row_id
        return await self.console_app.library.ask(
            lambda reader: reader.history(table, row_id, below=below, span=SPAN, limit=LIMIT)
        )

    def rest(self) -> bool:
        """Look no further back."""
        if self.looking:
            self.workers.cancel_group(self, "asked")
            self.looking = False
            return True
        return False

    def line(self, item: Any, columns: int) -> Line:
        """One change."""
        return books.change(item, self.picture, columns, named=False)

    def open(self, item: Any) -> None:
        """All of it."""
        rows = books.change_lines(item, self.picture.zone)
        self.app.push_screen(TextScreen(f"{item.table} {item.row_id}", rows))

    def title(self) -> tuple[Line, Line]:
        """How far it was looked."""
        name, note = super().title()
        return (name, ((t(words.LOOKING_BACK), "wait"),)) if self.looking else (name, note)


class RawText(Text):
    """The values as the database has them, and the portal's own JSON where it is kept."""

    has: ClassVar[frozenset[str]] = OF_A_RECORD - {"search"}

    def __init__(self) -> None:
        super().__init__(t("raw"), ())

    def show(self, found: Record | None) -> None:
        """Another record."""
        self.say(record.raw(found) if found else [t(words.GONE)])

    def shown(self) -> None:
        """Nothing is asked."""


def name(found: Record | None) -> str:
    """`deals 88214`."""
    return f"{plain(found.table, 30)} {plain(found.row_id, 30)}" if found else ""
