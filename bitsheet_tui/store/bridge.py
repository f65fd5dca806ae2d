"""Rows of one mirror as another one takes them: the same values, each as its database spells it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.dialects import Convert, Dialect
from bitsheet_tui.store.layout import DELETED, EXTRA, RAW, SYNCED, Layout, Row, documented

Column = Sequence[Any]


class Bridge(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """From rows of `source` to rows of `target`: two layouts of the same table, with the same fields.

    A field that is a column there may be in `extra` here, as PostgreSQL has fewer columns; never the other
    way round (`fitting`).
    """

    source: Layout
    target: Layout

    @cached_property
    def read(self) -> tuple[str, ...]:
        """The columns that a row is read with."""
        return read_of(self.source)

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The columns of a row as `convert` gives it: `target.written`."""
        return self.target.written

    def convert(self, rows: Sequence[Row]) -> list[Row]:
        """Rows with the columns `read`, as rows with the columns `written`."""
        if not rows:
            return []
        given = dict(zip(self.read, zip(*rows, strict=True), strict=True))
        nothing = (None,) * len(rows)
        columns = [self._column(field, given, nothing) for field in self.target.fields]
        columns += [nothing for _ in self.target.stale]
        if self.target.raw:
            columns.append(given.get(RAW, nothing))
        columns += [self._respelt(Kind.INSTANT, given[name]) for name in (SYNCED, DELETED)]
        return list(zip(*columns, strict=True))

    def _column(self, field: str, given: Mapping[str, Column], nothing: Column) -> Column:
        place = self._places.get(field)
        found = nothing if place is None else given[self.source.columns[place]]
        if field == EXTRA and self._moved:
            return self._documents(found, given)
        return found if place is None else self._respelt(self.source.column_kinds[place], found)

    def _documents(self, kept: Column, given: Mapping[str, Column]) -> Column:
        """What `extra` has here: what it has there, and the fields that have a column there."""
        columns = [(name, kind, given[column]) for name, kind, column in self._moved]
        found = []
        for place, document in enumerate(kept):
            parts = dict(json.loads(document)) if document else {}
            for name, kind, column in columns:
                value = decoded(self.source.dialect, kind, column[place])
                if value is not None:
                    parts[name] = float(value) if isinstance(value, Decimal) else documented(kind, value)
            found.append(values.structure(parts))
        return found

    @cached_property
    def _places(self) -> dict[str, int]:
        return {field: place for place, field in enumerate(self.source.fields)}

    @cached_property
    def _moved(self) -> list[tuple[str, Kind, str]]:
        """The fields that are a column there and in `extra` here: name, kind, column."""
        source, names = self.source, [name for name, _ in self.target.surplus if name in self._places]
        return [(n, source.column_kinds[self._places[n]], source.columns[self._places[n]]) for n in names]

    def _respelt(self, kind: Kind, column: Column) -> Column:
        respell = respelling(self.source.dialect, self.target.dialect, kind)
        if respell is None:
            return column
        return [None if value is None else respell(value) for value in column]


def read_of(layout: Layout) -> tuple[str, ...]:
    """The columns that a row of a table is read with, to be copied."""
    return (*layout.columns, *((RAW,) if layout.raw else ()), SYNCED, DELETED)


def decoded(dialect: Dialect, kind: Kind, value: Any) -> Any:
    """What a stored value means; see `values`."""
    decode = dialect.decoders.get(kind)
    return value if value is None or decode is None else decode(value)


def respelling(source: Dialect, target: Dialect, kind: Kind) -> Convert | None:
    """What turns a stored value of one database into that of another; None: nothing has to."""
    if source.name == target.name:
        return None
    decode, encode = source.decoders.get(kind), target.encoders.get(kind)
    if decode is None or encode is None:
        return decode or encode
    return lambda value: encode(decode(value))
