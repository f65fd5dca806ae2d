"""Rows of the mirror as Arrow batches: which type a kind becomes, and what does not fit into it.

    kind                 Arrow                   Delta
    INTEGER, REFERENCE   int64                   long
    NUMERIC              decimal128(38, 18)      decimal(38,18), or string where a value does not fit
    BOOLEAN              bool                    boolean
    INSTANT              timestamp[us, UTC]      timestamp
    DATE                 date32                  date
    JSON, TEXT           string                  string

38 digits of which 18 stand behind the point hold every number that SQLite has from 0.001 up to 20 digits.
This module needs the extra `lake`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from arro3.core import Array, DataType, Field, RecordBatch, Schema

from bitsheet_tui.fields import Kind
from bitsheet_tui.store.changes import Column

DIGITS, SCALE = 38, 18
TEXT = DataType.string()
NUMBER = DataType.decimal128(DIGITS, SCALE)
TYPES: Mapping[Kind, DataType] = {
    Kind.INTEGER: DataType.int64(),
    Kind.REFERENCE: DataType.int64(),
    Kind.NUMERIC: NUMBER,
    Kind.BOOLEAN: DataType.bool(),
    Kind.INSTANT: DataType.timestamp("us", tz="UTC"),
    Kind.DATE: DataType.date32(),
    Kind.JSON: TEXT,
    Kind.TEXT: TEXT,
}
PLAIN = frozenset({Kind.INTEGER, Kind.REFERENCE, Kind.BOOLEAN, Kind.TEXT})


class Misfit(ValueError):
    """A number of this column has more digits than the type that the others have."""

    def __init__(self, column: str) -> None:
        super().__init__(f"a number in {column} has too many digits")
        self.column = column


def types(columns: Sequence[Column], spelt: Collection[str] = ()) -> dict[str, DataType]:
    """What each column is. `spelt`: columns of numbers that are texts."""
    return {column.name: TEXT if column.name in spelt else TYPES[column.kind] for column in columns}


def spelt(columns: Sequence[Column], there: Mapping[str, DataType]) -> set[str]:
    """Which columns of numbers are texts in a table with these types, and stay so."""
    numbers = (column.name for column in columns if column.kind is Kind.NUMERIC)
    return {name for name in numbers if there.get(name) == TEXT}


def schema(columns: Mapping[str, DataType]) -> Schema:
    """The schema of a table with these columns."""
    return Schema([Field(name, type_) for name, type_ in columns.items()])


def batch(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], spelt: Collection[str] = ()
) -> RecordBatch:
    """Rows as `Snapshot.pages` gives them. Raises Misfit."""
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    arrays = [
        _array(column, list(some), text=column.name in spelt)
        for column, some in zip(columns, values, strict=True)
    ]
    return RecordBatch(arrays, schema=schema(types(columns, spelt)))


def _array(column: Column, values: list[Any], *, text: bool) -> Array:
    kind = column.kind
    if kind in PLAIN:
        return Array(values, type=TYPES[kind])
    write = _spelling if text else _WRITTEN.get(kind)
    if write:
        try:
            values = [None if one is None else write(one) for one in values]
        except _TooLong:
            raise Misfit(column.name) from None
    texts = Array(values, type=TEXT)
    if text or kind is Kind.JSON:
        return texts
    array = texts.cast(TYPES[kind])
    if array.null_count != texts.null_count:  # which a cast makes of what it cannot read
        raise ValueError(f"a value in {column.name} is no {kind}")
    return array


class _TooLong(ValueError):
    """A number does not fit."""


def _number(value: Decimal | float) -> str:
    if isinstance(value, int):
        number, exponent = Decimal(value), 0
    else:
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        exponent = int(number.as_tuple().exponent)
        if exponent < -SCALE:
            number = number.normalize()
            exponent = int(number.as_tuple().exponent)
    if exponent < -SCALE or number.adjusted() >= DIGITS - SCALE:
        raise _TooLong
    return format(number, "f")


def _spelling(value: Decimal | float) -> str:
    """The digits of a number, without an exponent."""
    return format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")


def _json(value: Any) -> str:
    return bytes(value).decode()


_WRITTEN: Mapping[Kind, Callable[[Any], str]] = {Kind.NUMERIC: _number, Kind.JSON: _json}
