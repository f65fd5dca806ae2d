"""A workbook, by XlsxWriter, which is imported here alone: a sheet for each table, and no formula.

Texts are written as texts, whatever they begin with; a line in them ends with LF, as in sheets. A moment has
no offset in a sheet: it is the time of the zone. A number of more than 15 digits, of which a sheet would lose
some, is a text, and so is a day before March of 1900, of which Excel has another calendar. Where a sheet has
no row left the next one goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from bitsheet_tui.errors import UsageError
from bitsheet_tui.export import spelling
from bitsheet_tui.export.spelling import Rows
from bitsheet_tui.fields import Kind
from bitsheet_tui.store.export_reader import Output

LONGEST = 32_767  # characters of a cell (support.microsoft.com: Excel specifications and limits)
ROWS = 1_048_576  # of a sheet, the one with the names included
DIGITS = 15
FIRST = date(1900, 3, 1)
MADE = datetime(1980, 1, 1)  # noqa: DTZ001 - the same file has the same bytes whenever it is made
NO_XML = re.compile("[\ufffe\uffff]")  # which no XML holds; of others the library takes care
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Cell = Callable[[int, int, Any], object]  # row, column, value


class Sheet(Struct, frozen=True, kw_only=True):
    """One table."""

    name: str
    columns: Sequence[Output]
    pages: Iterable[Rows]


def write(file: BinaryIO, sheets: Iterable[Sheet], zone: tzinfo | None, folder: Path) -> list[str]:
    """Writes the whole workbook, by way of `folder`; the names of its sheets. Raises OSError, UsageError."""
    library = _xlsxwriter()
    options = {"constant_memory": True, "tmpdir": str(folder)}
    book = library.Workbook(file, options)
    book.set_properties({"created": MADE})
    book.use_zip64()
    tables = _Book(book, zone)
    try:
        for sheet in sheets:
            tables.add(sheet)
        book.close()
    except library.exceptions.FileCreateError as error:
        raise error.args[0] from error
    finally:
        for sheet in book.worksheets():  # each has a file open, which only a workbook that is whole closes
            with suppress(OSError):
                sheet.row_data_fh.close()
    return [sheet.name for sheet in book.worksheets()]


def _xlsxwriter() -> Any:
    """The module. Raises UsageError where it is not installed."""
    try:
        import xlsxwriter  # noqa: PLC0415 - for this alone
    except ImportError as error:
        raise UsageError(
            "a workbook needs XlsxWriter, which is not installed",
            "install it: pip install 'bitsheet-tui[export]'",
        ) from error
    return xlsxwriter


class _Book:
    """The workbook, and how it shows moments and days."""

    def __init__(self, book: Any, zone: tzinfo | None) -> None:
        self._book = book
        self.read = spelling.moment(zone or UTC)
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._bold = book.add_format({"bold": True})

    def add(self, table: Sheet) -> None:
        """One table, on as many sheets as it takes."""
        sheets, row = 1, 0
        cells = self._begin(table, table.name)
        for page in table.pages:
            for values in page:
                row += 1
                if row == ROWS:
                    sheets, row = sheets + 1, 1
                    cells = self._begin(table, f"{table.name} {sheets}")
                for column, (cell, value) in enumerate(zip(cells, values, strict=True)):
                    if value is not None:
                        cell(row, column, value)

    def _begin(self, table: Sheet, name: str) -> list[Cell]:
        """A new sheet with the names of the columns; what writes a cell of each."""
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, column.name, self._bold)
        return [_Cells(self, sheet, f"{table.name}.{one.name}").of(one.kind) for one in table.columns]


class _Cells:
    """Writes the cells of one column."""

    def __init__(self, book: _Book, sheet: Any, name: str) -> None:
        self._book, self._sheet, self._name = book, sheet, name

    def of(self, kind: Kind) -> Cell:
        """What writes one of this kind."""
        known: dict[Kind, Cell] = {
            Kind.INTEGER: self._number,
            Kind.REFERENCE: self._number,
            Kind.NUMERIC: self._number,
            Kind.BOOLEAN: self._sheet.write_boolean,
            Kind.INSTANT: self._moment,
            Kind.DATE: self._day,
        }
        return known.get(kind, self._text)

    def _text(self, row: int, place: int, value: str) -> None:
        if len(value) > LONGEST // 2 and (units := len(value.encode("utf-16-le")) // 2) > LONGEST:
            raise UsageError(
                f"a value of {self._name} has {units:,} characters, and a cell at most {LONGEST:,}",
                "leave the column out (--columns), or take another format",
            )
        if "\r" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        self._sheet.write_string(row, place, value if value.isascii() else NO_XML.sub(REPLACEMENT, value))

    def _number(self, row: int, place: int, value: Any) -> None:
        exact = value if isinstance(value, int | Decimal) else Decimal(str(value))
        if _digits(exact) > DIGITS:
            self._sheet.write_string(row, place, spelling.number(exact))
        else:
            self._sheet.write_number(row, place, value)

    def _moment(self, row: int, place: int, value: Any) -> None:
        at = self._book.read(value).replace(tzinfo=None)
        if at.date() < FIRST:
            self._sheet.write_string(row, place, at.isoformat(" "))
        else:
            self._sheet.write_datetime(row, place, at, self._book.moment)

    def _day(self, row: int, place: int, value: Any) -> None:
        at = date.fromisoformat(value) if isinstance(value, str) else value
        if at < FIRST:
            self._sheet.write_string(row, place, at.isoformat())
        else:
            self._sheet.write_datetime(row, place, at, self._book.day)


def _digits(value: int | Decimal) -> int:
    """How many a number needs, zeros at its ends left out."""
    if isinstance(value, int):
        return len(str(abs(value)).rstrip("0"))
    return len(value.normalize().as_tuple().digits)
