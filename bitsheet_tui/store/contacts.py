"""Phones, e-mail addresses and the like of a row, as rows of contact_points."""

from collections.abc import Mapping, Sequence
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Portal
from bitsheet_tui.store.values import Unstorable


def points(portal: Portal, fields: Sequence[str]) -> list[tuple[int, str | None, str | None, str | None]]:
    """(id, type, value type, value) of every multi-field of a portal row; the id is the portal's own."""
    found = {}
    for field in fields:
        for number, entry in enumerate(_entries(portal.get(field)), start=1):
            key = _id(entry.get("ID")) or -number
            found[key] = (
                key,
                _text(entry.get("TYPE_ID")) or field,
                _text(entry.get("VALUE_TYPE")),
                _text(entry.get("VALUE")),
            )
    return list(found.values())


def replace_points(
    database: Database, table: str, owners: Mapping[int, Portal], fields: Sequence[str], when: When
) -> None:
    """The contact points of these rows become what the rows say; others are marked as deleted."""
    mark_gone(database, table, list(owners), when)
    at = database.dialect.encode(Kind.INSTANT, when.second)
    database.many(
        "INSERT INTO contact_points (owner_table, owner_id, id, type, value_type, value, _synced_at)"  # noqa: S608
        f" VALUES ({database.dialect.marks(7)})"
        " ON CONFLICT (owner_table, owner_id, id) DO UPDATE SET type = excluded.type,"
        " value_type = excluded.value_type, value = excluded.value, _synced_at = excluded._synced_at,"
        " _deleted_at = NULL",
        [(table, owner, *point, at) for owner, row in owners.items() for point in points(row, fields)],
    )


def mark_gone(database: Database, table: str, owners: Sequence[int], when: When) -> None:
    """Mark every contact point of these rows as deleted."""
    dialect = database.dialect
    at = dialect.encode(Kind.INSTANT, when.second)
    database.execute(
        f"UPDATE contact_points SET _deleted_at = {dialect.mark}, _synced_at = {dialect.mark}"  # noqa: S608
        f" WHERE owner_table = {dialect.mark} AND owner_id {dialect.one_of} AND _deleted_at IS NULL",
        (at, at, table, dialect.keys(owners)),
    )


def _entries(value: Any) -> list[Mapping[str, Any]]:
    entries = value.values() if isinstance(value, Mapping) else value
    return [entry for entry in entries or () if isinstance(entry, Mapping)]


def _id(value: Any) -> int | None:
    try:
        return values.integer(value)
    except Unstorable:
        return None


def _text(value: Any) -> str | None:
    try:
        return values.text(value)
    except Unstorable:
        return None
