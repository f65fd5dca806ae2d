"""Phones, e-mail addresses and the like of a row, as rows of contact_points."""

from collections.abc import Mapping, Sequence
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Portal
from bitsheet_tui.store.values import Unstorable

PLACES = 1_000_000  # of entries without an id in one field


def points(portal: Portal, fields: Sequence[str]) -> list[tuple[int, str | None, str | None, str | None]]:
    """(id, type, value type, value) of every multi-field of a portal row.

    The id is the portal's own, or else a negative number that says in which field it stands at which place.
    """
    found = {}
    for place, field in enumerate(fields):
        for number, entry in enumerate(_entries(portal.get(field)), start=1):
            key = _id(entry.get("ID")) or -(place * PLACES + number)
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
    """The contact points of these rows become what the rows say; others are marked as deleted.

    One that is as it was is not written, so `_synced_at` says when each changed.
    """
    there = _there(database, table, list(owners))
    wanted = {(owner, id_): rest for owner, row in owners.items() for id_, *rest in points(row, fields)}
    changed = [key for key, rest in wanted.items() if there.get(key) != [*rest, True]]
    gone = [key for key, (*_, living) in there.items() if living and key not in wanted]
    dialect = database.dialect
    at = dialect.encode(Kind.INSTANT, when.second)
    database.many(
        "INSERT INTO contact_points (owner_table, owner_id, id, type, value_type, value, _synced_at)"  # noqa: S608
        f" VALUES ({dialect.marks(7)})"
        " ON CONFLICT (owner_table, owner_id, id) DO UPDATE SET type = excluded.type,"
        " value_type = excluded.value_type, value = excluded.value, _synced_at = excluded._synced_at,"
        " _deleted_at = NULL",
        [(table, *key, *wanted[key], at) for key in changed],
    )
    mark = dialect.mark
    database.many(
        f"UPDATE contact_points SET _deleted_at = {mark}, _synced_at = {mark}"  # noqa: S608
        f" WHERE owner_table = {mark} AND owner_id = {mark} AND id = {mark}",
        [(at, at, table, *key) for key in gone],
    )


def _there(database: Database, table: str, owners: Sequence[int]) -> dict[tuple[int, int], list[Any]]:
    """Type, value type, value and whether it lives, of every contact point of these rows."""
    dialect = database.dialect
    found = database.rows(
        "SELECT owner_id, id, type, value_type, value, _deleted_at IS NULL FROM contact_points"  # noqa: S608
        f" WHERE owner_table = {dialect.mark} AND owner_id {dialect.one_of}",
        (table, dialect.keys(owners)),
    )
    return {(owner, id_): [*rest, bool(living)] for owner, id_, *rest, living in found}


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
    entries = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


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
