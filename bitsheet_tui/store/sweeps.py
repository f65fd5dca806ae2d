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
Usual = Callable[[Column], Column | None]  # None: they are not spelt as usual
Met = dict[Kind, dict[str | None, Any]]  # dates and what they mean: those of a row are often the same
Sweep = Callable[[Column, Met], Column]
NOTHING = {type(None)}
TEXTS = {type(None), str}
MOMENTS = {Kind.INSTANT, Kind.DATE}
SHORT = 15  # characters of a number that every database keeps as it is
LONGEST = 18  # digits that surely fit into 64 bits


def sweep(kind: Kind, convert: Convert, number: Callable[[str], Any]) -> Sweep:
    """What converts a column; `convert` does one value, and raises Unstorable as the sweep does.

    `number` makes one of a text of at most 15 digits. The columns of the same rows share what they have met.
    """
    usual = USUAL.get(kind)
    if kind is Kind.BOOLEAN:
        usual = _flags(convert)
    elif kind is Kind.NUMERIC:
        usual = _numbers(number)

    def swept(column: Column, met: Met) -> Column:
        types = set(map(type, column))
        if types == NOTHING:
            return column
        if kind in MOMENTS and types <= TEXTS:
            return _moments(column, convert, met.setdefault(kind, {}))
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


def _flags(convert: Convert) -> Usual:
    known = {text: convert(text) for text in ("Y", "N", "1", "0")} | {None: None, "": None}

    def flags(column: Column) -> Any:
        return [known[raw] for raw in column] if known.keys() >= set(column) else None

    return flags


def _moments(column: Column, convert: Convert, known: dict[str | None, Any]) -> Column:
    for raw in set(column) - known.keys():
        known[raw] = convert(raw) if raw else None
    return [known[raw] for raw in column]


def _numbers(number: Callable[[str], Any]) -> Usual:
    def numbers(column: Column) -> Any:
        together = "".join(filter(None, column)).replace(".", "").replace("-", "")
        if not (together.isascii() and together.isdigit() and max(map(len, filter(None, column))) <= SHORT):
            return None
        try:
            return [number(raw) if raw else None for raw in column]
        except (ValueError, ArithmeticError):  # 1.2.3
            return None

    return numbers


USUAL: Mapping[Kind, Usual] = {
    Kind.TEXT: _texts,
    Kind.INTEGER: _integers,
    Kind.REFERENCE: _references,
}
