"""A column of some rows converted at once: a call for each value is what a backfill costs most.

The values of a column look alike, so one look at all of them tells whether they are spelt as usual. Then
they are converted in one sweep, and otherwise each as `values` reads it; the results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values

Convert = Callable[[Any], Any]
Column = Sequence[Any]
Sweep = Callable[[Column], Column]
NOTHING = {type(None)}
TEXTS = {type(None), str}
SHORT = 15  # characters of a number that every database keeps as it is
REMEMBERED = 500  # dates: of some rows, not of a table
LONGEST = 18  # digits that surely fit into 64 bits


def sweep(kind: Kind, convert: Convert, number: Callable[[str], Any], known: dict[str | None, Any]) -> Sweep:
    """What converts a column; `convert` does one value, and raises Unstorable as the sweep does.

    `number` makes one of a text of at most 15 digits; `known` is shared by the columns of one kind, for the
    dates of a row are often the same.
    """
    usual = USUAL.get(kind)
    if kind is Kind.BOOLEAN:
        usual = _flags(convert)
    elif kind is Kind.NUMERIC:
        usual = _numbers(number)
    elif kind in (Kind.INSTANT, Kind.DATE):
        usual = _moments(convert, known)

    def swept(column: Column) -> Column:
        types = set(map(type, column))
        if types == NOTHING:
            return column
        found = usual(column) if usual and types <= TEXTS else None
        return [None if raw is None else convert(raw) for raw in column] if found is None else found

    return swept


def _texts(column: Column) -> Column | None:
    together = "".join(filter(None, column))
    tidy = values.clean(together) is together
    return [raw or None for raw in column] if tidy else None


def _integers(column: Column) -> Column | None:
    return [int(raw) if raw else None for raw in column] if _are_digits(column) else None


def _references(column: Column) -> Column | None:
    return [int(raw) or None if raw else None for raw in column] if _are_digits(column) else None


def _are_digits(column: Column) -> bool:
    together = "".join(filter(None, column))
    return together.isascii() and together.isdigit() and max(map(len, filter(None, column))) <= LONGEST


def _flags(convert: Convert) -> Sweep:
    known = {text: convert(text) for text in ("Y", "N", "1", "0")} | {None: None, "": None}

    def flags(column: Column) -> Any:
        return [known[raw] for raw in column] if known.keys() >= set(column) else None

    return flags


def _moments(convert: Convert, known: dict[str | None, Any]) -> Sweep:
    def moments(column: Column) -> Column:
        if len(known) > REMEMBERED:
            known.clear()
        for raw in set(column) - known.keys():
            known[raw] = convert(raw) if raw else None
        return [known[raw] for raw in column]

    return moments


def _numbers(number: Callable[[str], Any]) -> Sweep:
    def numbers(column: Column) -> Any:
        together = "".join(filter(None, column)).replace(".", "").replace("-", "")
        if not (together.isascii() and together.isdigit() and max(map(len, filter(None, column))) <= SHORT):
            return None
        try:
            return [number(raw) if raw else None for raw in column]
        except (ValueError, ArithmeticError):  # 1.2.3
            return None

    return numbers


USUAL: Mapping[Kind, Callable[[Column], Column | None]] = {
    Kind.TEXT: _texts,
    Kind.INTEGER: _integers,
    Kind.REFERENCE: _references,
}
