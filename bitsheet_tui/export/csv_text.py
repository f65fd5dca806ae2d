r"""CSV as RFC 4180 quotes it, in UTF-8. NULL is an empty field: the mirror has no empty texts.

The values are as they are, and lines end with \n. For a spreadsheet there are a byte order mark, without
which Excel takes it for another encoding, \r\n, and no cell that it would take for a formula: an apostrophe
stands before what begins like one (owasp.org/www-community/attacks/CSV_Injection), also behind what
spreadsheets of other countries take for the end of a cell, or of a line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import tzinfo

from bitsheet_tui.export import spelling
from bitsheet_tui.export.spelling import Rows
from bitsheet_tui.fields import Kind
from bitsheet_tui.store.export_reader import Output

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r＝＋－＠])")
END = "\r\n"


def inert(text: str) -> str:
    """The text as no cell that begins a formula."""
    return FORMULA.sub("'", text)


class Lines:
    """What gathers the lines that a csv.writer writes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.write = self.lines.append


class Encoder:
    """Pages of one table as bytes."""

    def __init__(self, columns: Sequence[Output], zone: tzinfo | None, *, spreadsheet: bool) -> None:
        self._names = [column.name for column in columns]
        self._converts = spelling.texts((column.kind for column in columns), zone)
        if spreadsheet:
            texts = [n for n, column in enumerate(columns) if column.kind in {Kind.TEXT, Kind.JSON}]
            self._converts |= dict.fromkeys(texts, inert)
        self._spreadsheet = spreadsheet

    def head(self) -> bytes:
        """The line of names."""
        return (MARK if self._spreadsheet else "").encode() + self._encoded([self._names])

    def page(self, rows: Rows) -> bytes:
        """A line for each row."""
        return self._encoded(spelling.converted(rows, self._converts))

    def _encoded(self, rows: object) -> bytes:
        out = Lines()
        # with this end it quotes both signs of it, wherever they are
        csv.writer(out, lineterminator=END).writerows(rows)  # type: ignore[arg-type]
        if self._spreadsheet:
            return "".join(out.lines).encode()
        lines = [line[: -len(END)] for line in out.lines]
        lines.append("")
        return "\n".join(lines).encode()
