"""One JSON object a line (jsonlines.org): every column, numbers with all digits, JSON as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from bitsheet_tui.export import spelling
from bitsheet_tui.export.spelling import Convert, Rows
from bitsheet_tui.fields import Kind
from bitsheet_tui.store.export_reader import Output

_encoder = msgspec.json.Encoder(decimal_format="number")


class Encoder:
    """Pages of one table as bytes."""

    def __init__(self, columns: Sequence[Output], zone: tzinfo | None) -> None:
        known: Mapping[Kind, Convert] = {
            Kind.BOOLEAN: bool,
            Kind.INSTANT: spelling.iso(zone),
            Kind.DATE: spelling.day,
            Kind.JSON: lambda text: msgspec.Raw(text.encode()),
        }
        self._names = [column.name for column in columns]
        self._converts = {n: known[one.kind] for n, one in enumerate(columns) if one.kind in known}

    def head(self) -> bytes:
        """Nothing: each line says what it has."""
        return b""

    def page(self, rows: Rows) -> bytes:
        """A line for each row."""
        names, found = self._names, spelling.converted(rows, self._converts)
        return _encoder.encode_lines([dict(zip(names, row, strict=True)) for row in found])
