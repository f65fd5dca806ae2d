"""The portal's fields become columns: added when they appear, kept when they go, widened when they change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.errors import StoreError
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import dependants, names
from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED, EXTRA, RESERVED, SYNCED, Column, may_overflow
from bitsheet_tui.store.models import ColumnRecord
from bitsheet_tui.store.values import clean
from bitsheet_tui.tables import Table

NUMBERS = frozenset({Kind.INTEGER, Kind.REFERENCE})  # differ in what 0 means, not in their column
TASK_ID = "TASK_ID"


class Drift(Struct, frozen=True):
    """What became of a table that was there.

    Columns it got, that hold anything now, whose values the portal means otherwise now, that stay empty.
    """

    added: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.widened or self.retyped or self.retired)

    @property
    def stale(self) -> bool:
        """Whether rows that were read before are not as they would be read now."""
        return bool(self.added or self.widened or self.retyped)


class Plan(Struct, frozen=True, kw_only=True):
    """What has to happen to a table for it to hold the described fields."""

    columns: tuple[Column, ...]  # all of them, also the retired
    added: tuple[Column, ...]
    widened: tuple[Column, ...]
    changed: bool  # whether anything differs from what is remembered


def drift(todo: Plan, known: Sequence[Column]) -> Drift:
    """What `todo` changes about a table with the `known` columns; nothing about one that is not there yet."""
    if not known:
        return Drift()
    before = {column.field.name: column for column in known}

    def named(columns: Iterable[Column]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.name or EXTRA for column in columns))

    returned = [
        c for c in todo.columns if c.field.name in before and before[c.field.name].retired > c.retired
    ]
    gone = [c for c in todo.columns if c.field.name in before and c.retired > before[c.field.name].retired]
    widened = {column.field.name for column in todo.widened}
    retyped = [
        c
        for c in todo.columns
        if c.field.name in before
        and c.field.name not in widened
        and _retyped(before[c.field.name].field, c.field)
    ]
    return Drift(
        added=named((*todo.added, *returned)),
        widened=named(todo.widened),
        retyped=named(retyped),
        retired=named(gone),
    )


def _retyped(before: Field, now: Field) -> bool:
    """Whether the portal describes a field otherwise: it may have changed every value, and moved no date.

    So has a rule of `privacy` that came or went.
    """
    return (before.type, before.multiple, before.kind, before.rule) != (
        now.type,
        now.multiple,
        now.kind,
        now.rule,
    )


def remembered(database: Database, table: str) -> tuple[Column, ...]:
    """What is known of the columns of `table`, in the order of the description."""
    records = (
        ColumnRecord.select()
        .where(ColumnRecord.table_name == table)
        .order_by(ColumnRecord.position, ColumnRecord.field)
        .execute(database.peewee)
    )
    return tuple(_column(record) for record in records)


def all_remembered(database: Database) -> dict[str, tuple[Column, ...]]:
    """The same for every table."""
    records = (
        ColumnRecord.select().order_by(ColumnRecord.position, ColumnRecord.field).execute(database.peewee)
    )
    found: dict[str, list[Column]] = {}
    for record in records:
        found.setdefault(record.table_name, []).append(_column(record))
    return {name: tuple(columns) for name, columns in found.items()}


def plan(table: Table, fields: Sequence[Field], known: Sequence[Column], *, widest: int) -> Plan:
    """Compare the described `fields` with the `known` columns. Pure.

    Where there are more than the database has columns for, those that the program itself reads come first.
    """
    wanted = described(table, fields)
    places = {column.field.name: column for column in known}
    reserved = RESERVED if table.describe else RESERVED - {EXTRA}  # nothing overflows where all is known
    taken = {column.name for column in known if column.name} | reserved | set(table.columns)
    fresh = sorted(
        (f for f in wanted if f.name not in places), key=lambda f: (f.name not in table.needed, _claim(f))
    )
    for field in fresh:
        places[field.name] = _place(table, field, taken, widest=widest)
    columns, widened = [], []
    for field in wanted:
        place = places.pop(field.name)
        kind = _widest_kind(table, place.field, field)
        column = replace(place, field=replace(field, kind=kind), retired=False)
        columns.append(column)
        if kind is Kind.TEXT and place.field.kind is not Kind.TEXT:
            widened.append(column)
    columns += [replace(column, retired=True) for column in places.values()]
    new = {field.name for field in fresh}
    return Plan(
        columns=tuple(columns),
        added=tuple(column for column in columns if column.field.name in new),
        widened=tuple(widened),
        changed=tuple(columns) != tuple(known),
    )


def described(table: Table, fields: Sequence[Field]) -> list[Field]:
    """The fields to keep: each once, the key among them. A name that no database holds is none."""
    by_name = {
        field.name: _clean(field) for field in fields if field.name and clean(field.name) == field.name
    }
    for name in reversed(table.key):
        known = by_name.pop(name, None) or Field(name=name, kind=Kind.INTEGER)
        kind = Kind.INTEGER if name == "ID" else known.kind
        by_name = {name: replace(known, kind=kind), **by_name}
    return list(by_name.values())


def _clean(field: Field) -> Field:
    values = tuple((clean(code), clean(text)) for code, text in field.values)
    return replace(field, title=clean(field.title), type=clean(field.type), values=values)


def apply(
    database: Database,
    table: Table,
    todo: Plan,
    known: Sequence[Column],
    at: datetime,
    anew: Mapping[str, str],
) -> None:
    """Make it so, within a transaction. `anew`: what views of ours say from now on, by name.

    Raises StoreRefused where something that others built upon the table does not allow it.
    """
    database.driver.altering()
    if known:
        add_columns(database, table.name, [(c.name or EXTRA, _stored_kind(c)) for c in todo.added])
        widened = widened_columns(todo, known)
        if widened:  # those without a column are in a document, which holds anything
            with dependants.aside(database, table.name, widened, anew):
                _widen(database, table.name, widened)
    else:
        _create(database, table, todo.columns)
    _index(database, table, todo.columns)
    _remember(database, table.name, todo.columns, known, at)


def widened_columns(todo: Plan, known: Sequence[Column]) -> dict[str, Kind]:
    """The columns that are to be text, and what they are."""
    before = {column.field.name: column.field.kind for column in known}
    return {column.name: before[column.field.name] for column in todo.widened if column.name}


def add_columns(database: Database, table: str, wanted: Sequence[tuple[str, Kind]]) -> None:
    """Add nullable columns; those that are there stay as they are."""
    there = physical_columns(database, table) if wanted else set()
    types = database.dialect.types
    parts = [
        f"ADD COLUMN {quote(name)} {types[kind]}" for name, kind in dict(wanted).items() if name not in there
    ]
    at_once = len(parts) if database.dialect.name == "postgresql" else 1
    for chunk in chunks(parts, max(1, at_once)):
        database.execute(f"ALTER TABLE {quote(table)} {', '.join(chunk)}")


def physical_columns(database: Database, table: str) -> set[str]:
    """The names of the columns that the table really has."""
    return {column.name for column in database.peewee.get_columns(table)}


def _stored_kind(column: Column) -> Kind:
    return column.field.kind if column.name else Kind.JSON


def _column(record: Any) -> Column:
    field = Field(
        name=record.field,
        kind=Kind(record.kind),
        title=record.title,
        type=record.type,
        multiple=record.multiple,
        values=tuple((str(key), str(text)) for key, text in record.values_json or ()),
        rule=record.rule,
    )
    return Column(field=field, name=record.column_name, retired=record.retired_at is not None)


def _claim(field: Field) -> bool:
    """Of twins that differ in case only, the one in the portal's own spelling gets the plain name."""
    return field.name != field.name.upper()


def _place(table: Table, field: Field, taken: set[str], *, widest: int) -> Column:
    if field.name in table.key:
        return Column(field=field, name=field.column)
    if len(taken) >= widest:
        return Column(field=field, name=None)
    name = names.column_name(field.name, taken)
    taken.add(name)
    return Column(field=field, name=name)


def _widest_kind(table: Table, before: Field, now: Field) -> Kind:
    """The kind that holds the old values and the new ones."""
    if before.kind is now.kind or {before.kind, now.kind} <= NUMBERS or now.name in table.key:
        return now.kind
    return Kind.TEXT


def _create(database: Database, table: Table, columns: Iterable[Column]) -> None:
    if not names.is_safe(table.name):
        raise StoreError(f"{table.name!r} cannot be the name of a table.", hint="Use a-z, 0-9 and _.")
    if table.name in database.peewee.get_tables():
        raise StoreError(
            f"{database.label} has a table {table.name} that bitsheet-tui did not make.",
            hint="Let store.schema or store.url name another place.",
        )
    types, columns = database.dialect.types, tuple(columns)
    parts = [f"{quote(c.name)} {types[c.field.kind]}" for c in columns if c.name and not c.retired]
    if any(column.name is None for column in columns) or may_overflow(columns, database.dialect):
        parts.append(f"{quote(EXTRA)} {types[Kind.JSON]}")
    moment = types[Kind.INSTANT]
    parts += [f"{quote(SYNCED)} {moment} NOT NULL", f"{quote(DELETED)} {moment}"]
    parts.append(f"PRIMARY KEY ({', '.join(quote(name) for name in table.columns)})")
    database.execute(f"CREATE TABLE {quote(table.name)} ({', '.join(parts)})")


def _index(database: Database, table: Table, columns: Iterable[Column]) -> None:
    """Change times, because everybody asks by them; deleted rows, because they are few."""
    wanted = {*table.cursors, *((TASK_ID,) if table.parent else ())}
    for column in columns:
        if column.field.name in wanted and column.name and not column.retired:
            _create_index(database, table.name, column.name, f"({quote(column.name)})")
    key = ", ".join(quote(name) for name in table.columns)
    _create_index(database, table.name, "deleted", f"({key}) WHERE {quote(DELETED)} IS NOT NULL")


def _create_index(database: Database, table: str, suffix: str, what: str) -> None:
    name = names.index_name(table, suffix)
    database.execute(f"CREATE INDEX IF NOT EXISTS {quote(name)} ON {quote(table)} {what}")


def _widen(database: Database, table: str, columns: Mapping[str, Kind]) -> None:
    """Turn columns of these kinds into text, with the values they have."""
    texts = {name: as_text(name, kind) for name, kind in columns.items()}
    if database.dialect.name == "postgresql":
        changes = (f"ALTER COLUMN {quote(name)} TYPE TEXT USING {text}" for name, text in texts.items())
        database.execute(f"ALTER TABLE {quote(table)} {', '.join(changes)}")
        return
    # SQLite keeps the affinity of a column for ever, and would turn "15" back into a number
    spare = {name: names.hashed(name, name) for name in texts}
    for name in texts:
        database.execute(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(spare[name])} TEXT")
    changes = (f"{quote(spare[name])} = {text}" for name, text in texts.items())
    database.execute(f"UPDATE {quote(table)} SET {', '.join(changes)}")  # noqa: S608 - quoted names
    for name in texts:
        database.execute(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(name)}")
        database.execute(f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(spare[name])} TO {quote(name)}")


def as_text(name: str, kind: Kind) -> str:
    """The text of a column of this kind, in SQL; flags become Y and N."""
    if kind is Kind.BOOLEAN:
        return f"CASE WHEN {quote(name)} THEN 'Y' WHEN NOT {quote(name)} THEN 'N' END"
    return f"CAST({quote(name)} AS TEXT)"


def _remember(
    database: Database, table: str, columns: Sequence[Column], known: Sequence[Column], at: datetime
) -> None:
    before = {column.field.name: (place, column) for place, column in enumerate(known)}
    fresh = []
    for place, column in enumerate(columns):
        values = {"position": place, **_facts(column)}
        old_place, old = before.get(column.field.name, (None, None))
        if old is None:
            fresh.append(
                {
                    "table_name": table,
                    "field": column.field.name,
                    "first_seen": at,
                    "retired_at": None,
                    **values,
                }
            )
        elif (old_place, old) != (place, column):
            if old.retired != column.retired:
                values["retired_at"] = at if column.retired else None
            where = (ColumnRecord.table_name == table, ColumnRecord.field == column.field.name)
            ColumnRecord.update(**values).where(*where).execute(database.peewee)
    for chunk in chunks(fresh, 100):
        ColumnRecord.insert_many(chunk).execute(database.peewee)


def _facts(column: Column) -> dict[str, Any]:
    field = column.field
    return {
        "column_name": column.name,
        "kind": str(field.kind),
        "type": field.type,
        "title": field.title,
        "multiple": field.multiple,
        "rule": field.rule,
        "values_json": [list(pair) for pair in field.values] or None,
    }


def ensure(database: Database, table: str, own: Collection[str]) -> None:
    """Give the table these columns of our own, `_raw` and `extra`, within a transaction."""
    if own:
        database.driver.altering()
        add_columns(database, table, [(name, Kind.JSON) for name in own])
