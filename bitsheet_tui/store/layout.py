"""One table as it is written: which field goes to which column, and how a portal row becomes a tuple."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.privacy.values import Change
from bitsheet_tui.store import values
from bitsheet_tui.store.dialects import Convert, Dialect, quote, reader
from bitsheet_tui.store.privacy import KEPT, NONE, Changed, Privacy, parsed
from bitsheet_tui.store.sweeps import Met, Sweep, sweep
from bitsheet_tui.store.values import Unstorable
from bitsheet_tui.tables import Table

EXTRA, RAW, SYNCED, DELETED = "extra", "_raw", "_synced_at", "_deleted_at"
# columns of our own, and names that one of the databases keeps for itself
RESERVED = frozenset({EXTRA, RAW, SYNCED, DELETED}) | frozenset(
    "ctid xmin xmax cmin cmax tableoid rowid oid _rowid_".split()
)
IDENT = "ID"  # what the portal calls a row's id
Row = tuple[Any, ...]
Portal = Mapping[str, Any]


class Column(Struct, frozen=True, kw_only=True):
    """A field of the portal and its place. `name` is None for a field that lives in `extra`."""

    field: Field
    name: str | None
    retired: bool = False


class Odd(Struct, frozen=True):
    """A value that contradicts the kind of its field: NULL in its row, and kept in quarantine."""

    field: str
    value: str | None  # as the portal spelt it; None: it cannot be kept
    reason: str


Odds = dict[int, list[Odd]]  # by the place of the row


class Converted(Struct, frozen=True):
    """Rows as the database takes them, in the order in which they came; `odd` says what is missing in them.

    A row with an odd or empty key has None there and cannot be stored.
    """

    rows: list[Row]
    odd: Odds
    keyed: bool  # whether each has a usable key


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
    fields: tuple[str, ...]  # the portal's names of `columns`
    retired: tuple[str, ...]  # columns of fields that are gone: a written row leaves them empty
    retired_kinds: tuple[Kind, ...]
    stale: tuple[str, ...]  # more columns that it leaves empty
    overflows: bool  # whether a row may be too big, and leave some of its values in `extra`: see `overflow`
    raw: bool
    privacy: Privacy = NONE
    changed: Mapping[str, tuple[Kind, Changed]] = {}  # fields that are kept from being read

    @cached_property
    def guarded(self) -> bool:
        """Whether a portal's row is not stored as it is."""
        return bool(self.changed) or self.privacy.rules.on(self.table.name)

    @cached_property
    def before(self) -> Callable[[Portal], Portal] | None:
        """What is done to each row of the portal first."""
        return self.privacy.before(self.table)

    @cached_property
    def forgotten(self) -> frozenset[int]:
        """The ids whose rows are never stored."""
        return self.privacy.forgotten.get(self.table.name, frozenset())

    def told(self, portal: Portal) -> Portal:
        """The portal's row as it may be kept."""
        return self._told(portal, parsed) if self.guarded else portal

    def sealed(self, portal: Portal) -> Portal:
        """The same, so that what it becomes, stored once more, is as it is."""
        if not self.guarded:
            return portal
        return self._told(portal, lambda _, value: None if value is None else {KEPT: value})

    def _told(self, portal: Portal, show: Callable[[Kind, Any], Any]) -> Portal:
        found: dict[str, Any] = {}
        for name, raw in portal.items():
            if name in self.changed:
                kind, convert = self.changed[name]
                found[name] = show(kind, convert(raw))
            elif self.privacy.rules.of(self.table.name, name) is None:
                found[name] = raw
        return found

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
        return (*self.names, *self.retired, *self.stale, *raw, SYNCED, DELETED)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What is read of a row: every column of a field, those of fields that are gone last."""
        return (*self.names, *self.retired)

    @cached_property
    def column_kinds(self) -> tuple[Kind, ...]:
        """What `columns` hold."""
        return (*self.kinds, *self.retired_kinds)

    @cached_property
    def select(self) -> str:
        """The rows of some keys that differ in the last part only (see `Dialect.one_of`).

        Each is its `columns`, then when it was marked as deleted.
        """
        columns = ", ".join(quote(name) for name in (*self.columns, DELETED))
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

    @cached_property
    def movable(self) -> dict[str, int]:
        """The fields whose values may be in `extra` instead, and where they stand in a row."""
        fixed = {*self.table.needed, *self.table.volatile, EXTRA}
        return {name: place for place, name in enumerate(self.fields) if name not in fixed}

    @cached_property
    def moments(self) -> tuple[int, ...]:
        """Where the moments stand in a row of which the newest says when it changed."""
        return tuple(self.position[name] for name in self.table.moments if name in self.position)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where the value of a column stands in a row that was read."""
        return {name: place for place, name in enumerate(self.columns)}

    def convert_all(self, rows: Sequence[Portal]) -> Converted:
        """The rows as the database takes them and gives them back. Pure.

        A column at a time: only one that holds an odd value is gone through value by value.
        """
        odd: Odds = {}
        if self.surplus:
            rows = [self._whole(row, odd, place) for place, row in enumerate(rows)]
        gets = [row.get for row in rows]
        met: Met = {}
        columns: list[Sequence[Any]] = []
        for (name, convert), swept in zip(self.readers, self.sweeps, strict=True):
            column = [get(name) for get in gets]
            try:
                columns.append(swept(column, met))
            except Unstorable:
                columns.append([_tried(name, convert, raw, odd, place) for place, raw in enumerate(column)])
        keyed = not any(None in column for column in columns[: len(self.table.key)])
        return Converted(list(zip(*columns, strict=True)), odd, keyed)

    def row_id(self, row: Row) -> str:
        """The key of a stored row in one word: 7, or chat:15."""
        return ":".join(str(part) for part in row[: len(self.table.key)])

    def complete(self, row: Row, portal: Portal, at: Any) -> Row:
        """The row with everything that an upsert writes."""
        empty = (None,) * (len(self.retired) + len(self.stale))
        raw = (raw_text(self.told(portal)),) if self.raw else ()
        return (*row, *empty, *raw, at, None)

    def key_of(self, row_id: str) -> tuple[Any, ...] | None:
        """The key that `row_id` spells; None: it is the key of no row."""
        parts = row_id.split(":", len(self.key) - 1)  # only the last may hold one itself
        if len(parts) != len(self.key):
            return None
        read = zip(parts, self.readers, strict=False)
        try:
            key = tuple(convert(part) for part, (_, convert) in read)
        except Unstorable:
            return None
        return None if None in key else key

    def _whole(self, row: Portal, odd: Odds, place: int) -> Portal:
        """The row with one more field for those that have no column of their own."""
        found = {name: _tried(name, convert, row.get(name), odd, place) for name, convert in self.surplus}
        return {**row, EXTRA: {name: value for name, value in found.items() if value is not None}}


def build(  # noqa: PLR0913 - most of it by name
    table: Table,
    columns: Sequence[Column],
    dialect: Dialect,
    *,
    raw: bool,
    stale: Iterable[str] = (),
    zone: tzinfo | None = None,
    overflow: bool = True,
    privacy: Privacy = NONE,
) -> Layout:
    """The layout of `table` from what is known of its columns.

    `stale`: more columns that a written row leaves empty. `zone` is that of moments without an offset. With
    `overflow` a table that may need a column `extra` has one.
    """
    overflows = overflow and may_overflow(columns, dialect)
    hidden = {c.field.name for c in columns if privacy.hides(table, c.field)} if privacy.rules else set()
    shown = [column for column in columns if not column.retired and column.field.name not in hidden]
    live = [column for column in shown if column.name is not None]
    surplus = [column for column in shown if column.name is None]
    gone = [c for c in columns if c.name is not None and (c.retired or c.field.name in hidden)]
    live.sort(key=lambda column: _rank(table, column.field))
    changed = {
        column.field.name: (column.field.kind, _changed(table, column.field, dialect, zone, change))
        for column in shown
        if (change := privacy.change(table, column.field)) is not None
    }
    readers = [(column.field.name, convert_of(table, column.field, dialect, zone)) for column in live]
    names = [str(column.name) for column in live]
    kinds = [column.field.kind for column in live]
    stable = sum(column.field.name not in table.volatile for column in live)
    if surplus or overflows:
        readers.insert(stable, (EXTRA, values.structure if surplus else _nothing))
        names.insert(stable, EXTRA)
        kinds.insert(stable, Kind.JSON)
        stable += 1
    sweeps = [
        sweep(Kind.REFERENCE if convert is values.identity else kind, convert, dialect.plain_number)
        for kind, (_, convert) in zip(kinds, readers, strict=True)
    ]
    for place, (name, _) in enumerate(readers):
        if name in changed:
            readers[place] = name, changed[name][1]
            sweeps[place] = changed[name][1].sweep(sweeps[place])
    return Layout(
        table=table,
        dialect=dialect,
        readers=tuple(readers),
        sweeps=tuple(sweeps),
        names=tuple(names),
        kinds=tuple(kinds),
        stable=stable,
        surplus=tuple(
            (column.field.name, _in_document(column.field, zone, changed.get(column.field.name)))
            for column in surplus
        ),
        fields=(*(name for name, _ in readers), *(column.field.name for column in gone)),
        retired=tuple(str(column.name) for column in gone),
        retired_kinds=tuple(column.field.kind for column in gone),
        stale=tuple(stale),
        overflows=overflows,
        raw=raw,
        privacy=privacy,
        changed=changed,
    )


def _changed(table: Table, field: Field, dialect: Dialect, zone: tzinfo | None, change: Change) -> Changed:
    return Changed(convert_of(table, field, dialect, zone), change, document=field.kind is Kind.JSON)


def may_overflow(columns: Iterable[Column], dialect: Dialect) -> bool:
    """Whether a row of so many columns may be too big for the database."""
    return dialect.roomy is not None and sum(column.name is not None for column in columns) > dialect.roomy


def _nothing(_: Any) -> None:
    """No field of the portal is called as our own column."""


def convert_of(table: Table, field: Field, dialect: Dialect, zone: tzinfo | None = None) -> Convert:
    """How the values of a field are read, whatever is done to them then."""
    if field.name == IDENT and IDENT in table.key:
        return values.identity
    return dialect.converter(field, zone)


def _tried(name: str, convert: Convert, raw: Any, odd: Odds, place: int) -> Any:
    """One value, or None and a note of what is odd about it."""
    try:
        return convert(raw)
    except Unstorable as reason:
        odd.setdefault(place, []).append(Odd(name, values.spelt(raw), str(reason)))
        return None


def _rank(table: Table, field: Field) -> tuple[int, int]:
    """The key first and in its own order, volatile fields last."""
    if field.name in table.key:
        return 0, table.key.index(field.name)
    return (2 if field.name in table.volatile else 1), 0


def raw_text(portal: Portal) -> str:
    """The portal's row as canonical JSON for `_raw`, or a JSON text that says why there is none."""
    try:
        return values.canonical(portal)
    except Unstorable as error:
        return values.canonical({"unstorable": str(error)})


def _in_document(field: Field, zone: tzinfo | None, changed: tuple[Kind, Changed] | None) -> Convert:
    """From what the portal says to a value inside a JSON document."""
    read = changed[1] if changed else reader(field, zone)

    def convert(raw: Any) -> Any:
        value = read(raw)
        return float(value) if isinstance(value, Decimal) else documented(field.kind, value)

    return convert


def documented(kind: Kind, value: Any) -> Any:
    """A stored value inside a JSON document; a number keeps all its digits."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if kind is Kind.JSON:
        return json.loads(value)
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    return value if isinstance(value, str) else value.isoformat()


def undocumented(kind: Kind, value: Any) -> Any:
    """What `documented` was given, as PostgreSQL gives it back; of another kind its text."""
    if kind is Kind.JSON:
        return values.canonical(value)
    read = _FROM_TEXT.get(kind)
    if read:
        return read(str(value))
    return value if kind is not Kind.TEXT or isinstance(value, str) else values.canonical(value)


_FROM_TEXT: Mapping[Kind, Convert] = {
    Kind.NUMERIC: Decimal,
    Kind.INSTANT: datetime.fromisoformat,
    Kind.DATE: date.fromisoformat,
}
