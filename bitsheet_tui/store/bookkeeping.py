"""Copies records of the bookkeeping from one mirror to another, some at a time, between any two databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from bitsheet_tui.store.bulk import Key, by_prefix, chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.models import Record

AT_ONCE = 500
Known = tuple[Any, ...]  # a record: its fields in the order of the model, as peewee gives them


class There(Protocol):
    """The other mirror, at one moment."""

    def records(
        self, record: type[Record], after: Sequence[Any] | None, limit: int | None, *where: Any
    ) -> list[Known]:
        """See `records`."""

    def some(self, record: type[Record], keys: Sequence[Key]) -> list[Known]:
        """See `some`."""

    def amount(self, record: type[Record]) -> int:
        """How many there are."""


def key_fields(record: type[Record]) -> list[Any]:
    """The fields of a record's primary key."""
    key = record._meta.primary_key  # noqa: SLF001 - peewee's public place for it
    names = getattr(key, "field_names", None) or (key.name,)
    return [getattr(record, name) for name in names]


def records(
    database: Database, record: type[Record], after: Sequence[Any] | None, limit: int | None, *where: Any
) -> list[Known]:
    """Records behind a key, in its order; each is its fields in the order of the model."""
    key = key_fields(record)
    query = record.select().order_by(*key).limit(limit)
    if after is not None:
        query = query.where(_behind(key, after))
    if where:
        query = query.where(*where)
    return list(query.tuples().execute(database.peewee))


def _behind(key: Sequence[Any], after: Sequence[Any]) -> Any:
    first, rest = key[0], key[1:]
    if not rest:
        return first > after[0]
    return (first > after[0]) | ((first == after[0]) & _behind(rest, after[1:]))


def some(database: Database, record: type[Record], keys: Sequence[Sequence[Any]]) -> list[Known]:
    """The records with these keys that are there."""
    fields = key_fields(record)
    found: list[Known] = []
    for prefix, ids in by_prefix([tuple(key) for key in keys]).items():
        here = [field == value for field, value in zip(fields, prefix, strict=False)]
        query = record.select().where(*here, fields[-1].in_(ids))
        found += query.tuples().execute(database.peewee)
    return found


def places(record: type[Record]) -> dict[str, int]:
    """Where each field stands in a record."""
    return {field.name: place for place, field in enumerate(record._meta.sorted_fields)}  # noqa: SLF001


def merge(database: Database, there: There, record: type[Record]) -> None:
    """The records become those that are there."""
    after: Key | None = None
    while found := there.records(record, after, AT_ONCE):
        keys = [_key(record, one) for one in found]
        after = keys[-1]
        here = {_key(record, one): one for one in some(database, record, keys)}
        write(database, record, [one for key, one in zip(keys, found, strict=True) if here.get(key) != one])
    if int(record.select().count(database.peewee)) != there.amount(record):
        _forget_others(database, there, record)


def _forget_others(database: Database, there: There, record: type[Record]) -> None:
    """Paged as this database sorts, which need not be as the other one does."""
    after: Key | None = None
    while found := records(database, record, after, AT_ONCE):
        keys = [_key(record, one) for one in found]
        after = keys[-1]
        known = {_key(record, one) for one in there.some(record, keys)}
        delete(database, record, [key for key in keys if key not in known])


def put(database: Database, record: type[Record], wanted: Sequence[Known], here: Sequence[Known]) -> None:
    """A few records, of which these are `here`, become the `wanted` ones."""
    keys = {_key(record, one) for one in wanted}
    write(database, record, [one for one in wanted if one not in here])
    delete(database, record, [key for key in (_key(record, one) for one in here) if key not in keys])


def delete(database: Database, record: type[Record], keys: Iterable[Key]) -> None:
    """Delete the records with these keys."""
    for key in keys:
        here = [field == value for field, value in zip(key_fields(record), key, strict=True)]
        record.delete().where(*here).execute(database.peewee)


def write(database: Database, record: type[Record], found: Sequence[Known]) -> None:
    """Insert the records, or let them replace what is there under the same key."""
    fields = record._meta.sorted_fields  # noqa: SLF001 - peewee's public place for them
    key = key_fields(record)
    names = {field.name for field in key}
    others = [field for field in fields if field.name not in names]
    for chunk in chunks(found, 50):
        query = record.insert_many(chunk, fields=fields)
        query.on_conflict(conflict_target=key, preserve=others).execute(database.peewee)


def _key(record: type[Record], one: Known) -> Key:
    where = places(record)
    return tuple(one[where[field.name]] for field in key_fields(record))
