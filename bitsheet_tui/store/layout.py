"""One table as it is written: which field goes to which column, and how a portal row becomes a tuple."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.dialects import Convert, Dialect, quote, reader
from bitsheet_tui.store.sweeps import Met, Sweep, sweep
from bitsheet_tui.store.values import Unstorable
from bitsheet_tui.tables import Table

EXTRA, RAW, SYNCED, DELETED = "extra", "_raw", "_synced_at", "_deleted_at"
# columns of our own, and names that one of the databases keeps for itself
RESERVED = frozenset({EXTRA, RAW, SYNCED, DELETED}) | frozenset(
    "ctid xmin xmax cmin cmax tableoid rowid oid _rowid_".split()
)
Row = tuple[Any, ...]
Portal = Mapping[str, Any]


class Column(Struct, frozen=True, kw_only=True):
    """A field of the portal and its place. `name` is None for a field that lives in `extra`."""

    field: Field
    name: str | None
    retired: bool = False


class Layout(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """How rows of one table are written.

    A stored row is a tuple in the order of `names`: the key, then the fields that decide whether a row has
    changed, then the volatile ones.
    """

    table: Table
    dialect: Dialect
    readers: tuple[tuple[str, Convert], ...]  # portal's name, conversion
    sweeps: tuple[Sweep, ...]  # the same for some rows at once
    names: tuple[str, ...]  # columns
    kinds: tuple[Kind, ...]
    stable: int  # so many columns decide
    surplus: tuple[tuple[str, Convert], ...]  # fields that live in `extra`
    retired: tuple[str, ...]  # columns that a written row leaves empty
    raw: bool

    @cached_property
    def sql_name(self) -> str:
        """The table, quoted."""
        return quote(self.table.name)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return self.names[: len(self.table.key)]

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Every column that an upsert writes, in the order of `complete`."""
        raw = (RAW,) if self.raw else ()
        return (*self.names, *self.retired, *raw, SYNCED, DELETED)

    @cached_property
    def select(self) -> str:
        """The rows of some keys that differ in the last part only: see `Dialect.one_of`."""
        columns = ", ".join(quote(name) for name in (*self.names, DELETED))
        fixed = "".join(f"{quote(name)} = {self.dialect.mark} AND " for name in self.key[:-1])
        key = f"{quote(self.key[-1])} {self.dialect.one_of}"
        return f"SELECT {columns} FROM {self.sql_name} WHERE {fixed}{key}"  # noqa: S608 - quoted names

    @cached_property
    def insert(self) -> str:
        """The beginning of what writes rows; the rows follow, and then `on_conflict`."""
        return f"INSERT INTO {self.sql_name} ({', '.join(map(quote, self.written))})"

    @cached_property
    def on_conflict(self) -> str:
        """The end of it."""
        changes = (f"{quote(name)} = excluded.{quote(name)}" for name in self.written if name not in self.key)
        return f"ON CONFLICT ({', '.join(map(quote, self.key))}) DO UPDATE SET {', '.join(changes)}"

    @cached_property
    def position(self) -> dict[str, int]:
        """Where the value of a portal field stands in a row."""
        return {name: place for place, (name, _) in enumerate(self.readers)}

    def convert(self, row: Portal) -> Row:
        """The row as the database takes it and gives it back. Raises Unstorable, which names the field."""
        row = self._whole(row)
        converted = tuple([_named(name, convert, row.get(name)) for name, convert in self.readers])
        if None in converted[: len(self.table.key)]:
            raise Unstorable("it has no key")
        return converted

    def convert_all(self, rows: Sequence[Portal]) -> list[Row]:
        """Each row as `convert` gives it, in less time. Raises Unstorable when one of them does."""
        gets = [self._whole(row).get for row in rows]
        met: Met = {}
        columns = [
            sweep([get(name) for get in gets], met)
            for (name, _), sweep in zip(self.readers, self.sweeps, strict=True)
        ]
        if any(None in column for column in columns[: len(self.table.key)]):
            raise Unstorable("one has no key")
        return list(zip(*columns, strict=True))

    def row_id(self, row: Row) -> str:
        """The key of a stored row in one word: 7, or chat:15."""
        return ":".join(str(part) for part in row[: len(self.table.key)])

    def complete(self, row: Row, portal: Portal, at: Any) -> Row:
        """The row with everything that an upsert writes."""
        empty = (None,) * len(self.retired)
        raw = (raw_text(portal),) if self.raw else ()
        return (*row, *empty, *raw, at, None)

    def shown(self, place: int, value: Any) -> Any:
        """A stored value as a value of JSON."""
        if value is None:
            return None
        return _SHOWN.get(self.kinds[place], _as_it_is)(value)

    def _whole(self, row: Portal) -> Portal:
        """The row with one more field for those that have no column of their own."""
        if not self.surplus:
            return row
        found = {name: convert(row.get(name)) for name, convert in self.surplus}
        return {**row, EXTRA: {name: value for name, value in found.items() if value is not None}}


def build(table: Table, columns: Sequence[Column], dialect: Dialect, *, raw: bool) -> Layout:
    """The layout of `table` from what is known of its columns."""
    live = [column for column in columns if column.name is not None and not column.retired]
    surplus = [column for column in columns if column.name is None and not column.retired]
    live.sort(key=lambda column: _rank(table, column.field))
    readers = [(column.field.name, dialect.converter(column.field)) for column in live]
    names = [str(column.name) for column in live]
    kinds = [column.field.kind for column in live]
    stable = sum(column.field.name not in table.volatile for column in live)
    if surplus:
        readers.insert(stable, (EXTRA, values.structure))
        names.insert(stable, EXTRA)
        kinds.insert(stable, Kind.JSON)
        stable += 1
    return Layout(
        table=table,
        dialect=dialect,
        readers=tuple(readers),
        sweeps=tuple(
            sweep(kind, convert, dialect.plain_number)
            for kind, (_, convert) in zip(kinds, readers, strict=True)
        ),
        names=tuple(names),
        kinds=tuple(kinds),
        stable=stable,
        surplus=tuple((column.field.name, _in_document(column.field)) for column in surplus),
        retired=tuple(column.name for column in columns if column.retired and column.name is not None),
        raw=raw,
    )


def _named(name: str, convert: Convert, raw: Any) -> Any:
    """One value, or the error with the name of the field that is to blame."""
    try:
        return convert(raw)
    except Unstorable as reason:
        told = type(reason)(f"{name}: {reason}")
        told.field = name
        raise told from None


def _rank(table: Table, field: Field) -> tuple[int, int]:
    """The key first and in its own order, volatile fields last."""
    if field.name in table.key:
        return 0, table.key.index(field.name)
    return (2 if field.name in table.volatile else 1), 0


def raw_text(portal: Portal) -> str:
    """The portal's row as canonical JSON, or a JSON text that says why there is none."""
    try:
        return values.canonical(portal)
    except Unstorable as error:
        return values.canonical({"unstorable": str(error)})


def _in_document(field: Field) -> Convert:
    """From what the portal says to a value inside a JSON document."""
    read = reader(field)

    def convert(raw: Any) -> Any:
        value = read(raw)
        if value is None or isinstance(value, bool | int):
            return value
        if field.kind is Kind.JSON:
            return json.loads(value)
        return float(value) if isinstance(value, Decimal) else _iso(value)

    return convert


def _as_it_is(value: Any) -> Any:
    return value


def _iso(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat()


_SHOWN: Mapping[Kind, Convert] = {
    Kind.BOOLEAN: bool,
    Kind.INSTANT: _iso,
    Kind.DATE: _iso,
}
