"""The lists about one table: its runs, its columns, its rows that could not be stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, cut
from bitsheet_tui.ui.views import books
from bitsheet_tui.ui.widgets.asked import LIMIT, AskedList

if TYPE_CHECKING:
    from bitsheet_tui.store.journal import Grown
    from bitsheet_tui.store.ledger import Run
    from bitsheet_tui.store.quarantine import Quarantined
    from bitsheet_tui.store.reader import Reader


class RunList(AskedList):
    """What each cycle did to a table, or one cycle to each; only the failed ones where asked."""

    has: ClassVar[frozenset[str]] = frozenset({"search", "narrow"})
    name_shown, noun, none = "runs", "run", words.NO_RUNS

    def __init__(self, *, table: str | None = None, cycle: int | None = None) -> None:
        super().__init__(id="runs")
        self.table, self.cycle = table, cycle
        self.failed = False
        self.follows = cycle is None

    def question(self) -> Callable[[Reader], Sequence[Run]]:
        """The newest."""
        return lambda reader: reader.runs(cycle=self.cycle, table=self.table, failed=self.failed, limit=LIMIT)

    def narrow(self) -> None:
        """All, or only those that failed."""
        self.failed = not self.failed
        self.again()

    def title(self) -> tuple[Line, Line]:
        """Its name, and whether only some are shown."""
        name, note = super().title()
        return (*name, ("  " + t("only failed"), "wait")) if self.failed else name, note

    def head(self, columns: int) -> list[Line]:
        """What the numbers are."""
        return [cut(((books.run_head(named=self.table is None), "head"),), columns)]

    def line(self, item: Run, columns: int) -> Line:
        """One run."""
        return books.run(item, self.picture, columns, named=self.table is None)

    def open(self, item: Run) -> None:
        """What it changed, and what went wrong."""
        from bitsheet_tui.ui.screens.run import RunScreen  # noqa: PLC0415 - it is made of this

        self.app.push_screen(RunScreen(item))


class ColumnList(AskedList):
    """The columns of a table with the portal's labels."""

    name_shown, noun, none = "columns", "column", words.NO_RUNS

    def __init__(self, table: str) -> None:
        super().__init__(id="columns")
        self.table = table

    def question(self) -> Callable[[Reader], Sequence[Grown]]:
        """All of them."""
        return lambda reader: reader.columns(self.table)

    def head(self, columns: int) -> list[Line]:
        """What stands where."""
        return [cut(((books.column_head(columns), "head"),), columns)]

    def line(self, item: Grown, columns: int) -> Line:
        """One column."""
        return books.column(item, self.picture, columns)


class AsideList(AskedList):
    """The rows that could not be stored, of one table or of all."""

    name_shown, noun, none = "set aside", "row", words.NONE_ASIDE

    def __init__(self, table: str | None = None) -> None:
        super().__init__(id="aside")
        self.table = table

    def question(self) -> Callable[[Reader], Sequence[Quarantined]]:
        """Those seen last first."""
        return lambda reader: reader.set_aside(self.table, limit=LIMIT)

    def line(self, item: Quarantined, columns: int) -> Line:
        """One row with the reason."""
        return books.aside(item, self.picture, columns, named=self.table is None)

    def open(self, item: Quarantined) -> None:
        """All of it."""
        from bitsheet_tui.ui.screens.text import TextScreen  # noqa: PLC0415 - not for the list

        self.app.push_screen(TextScreen(f"{item.table} {item.row_id}", books.aside_lines(item)))


class ChangeList(AskedList):
    """What one cycle changed in a table."""

    name_shown, noun, none = "changes", "change", "It changed no row."
    follows = False

    def __init__(self, table: str, cycle: int) -> None:
        super().__init__(id="changes")
        self.table, self.cycle = table, cycle

    def question(self) -> Callable[[Reader], Sequence[Any]]:
        """In the order in which they were made."""
        return lambda reader: reader.changes_of(self.table, self.cycle, limit=LIMIT)

    def line(self, item: Any, columns: int) -> Line:
        """One change."""
        return books.change(item, self.picture, columns, named=True)

    def open(self, item: Any) -> None:
        """All of it."""
        from bitsheet_tui.ui.screens.text import TextScreen  # noqa: PLC0415 - not for the list

        rows = books.change_lines(item, self.picture.zone)
        self.app.push_screen(TextScreen(f"{item.table} {item.row_id}", rows))
