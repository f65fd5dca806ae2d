"""Values as text, the same from both databases: every digit, moments with their offset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from bitsheet_tui.fields import Kind

Convert = Callable[[Any], Any]
Rows = Sequence[tuple[Any, ...]]


def converted(rows: Rows, converts: Mapping[int, Convert]) -> Iterable[tuple[Any, ...]]:
    """The rows with what `converts` makes of the values at these places; NULL stays. A column at a time."""
    if not converts:
        return rows
    columns: list[Sequence[Any]] = [*zip(*rows, strict=True)]
    for place, convert in converts.items():
        if convert is day and isinstance(next(filter(None, columns[place]), None), str):
            continue  # a driver gives all of a column alike
        columns[place] = [None if value is None else convert(value) for value in columns[place]]
    return zip(*columns, strict=True)


def number(value: float | Decimal) -> str:
    """All its digits, and no exponent."""
    text = str(value)
    return format(Decimal(text), "f") if "e" in text or "E" in text else text


def moment(zone: tzinfo | None) -> Convert:
    """From what a database gives to an aware moment in `zone`; None: in UTC."""

    def read(value: Any) -> datetime:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        return found.astimezone(zone) if zone else found

    return read


def iso(zone: tzinfo | None) -> Convert:
    """From what a database gives to ISO 8601 with the offset of `zone`; None: of UTC."""
    if zone is None:
        return day
    read = moment(zone)
    return lambda value: read(value).isoformat()


def day(value: Any) -> str:
    """ISO 8601, also of a moment in UTC; SQLite gives that."""
    return value if isinstance(value, str) else str(value.isoformat())


FLAGS: Mapping[Any, str] = {False: "false", True: "true"}  # which 0 and 1 find as well


def texts(kinds: Iterable[Kind], zone: tzinfo | None) -> dict[int, Convert]:
    """For each place that needs it, what makes a text of its values; others are texts, or integers."""
    known: Mapping[Kind, Convert] = {
        Kind.NUMERIC: number,
        Kind.BOOLEAN: FLAGS.__getitem__,
        Kind.INSTANT: iso(zone),
        Kind.DATE: day,
    }
    return {place: known[kind] for place, kind in enumerate(kinds) if kind in known}
