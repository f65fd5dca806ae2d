"""A page and its checkpoint, in one transaction: what is new, what has changed, what is as it was."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.fields import WHOLE, Kind
from bitsheet_tui.store import (
    bulk,
    checkpoints,
    contacts,
    discussions,
    feed,
    forgotten,
    quarantine,
    snapshots,
    untold,
)
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.store.feed import Moved, Op, When
from bitsheet_tui.store.layout import Layout, Odd, Portal, Row
from bitsheet_tui.store.quarantine import Poison

Unread = Mapping[str, Mapping[str, str]]  # by row and field, why it could not be read
NOTHING: Mapping[str, Any] = {}


class Big(Struct, frozen=True):
    """Rows that may be too big: what of which could not be read, and how many to open at once."""

    unread: Unread = NOTHING
    at_once: int | None = None  # None: as many as the database likes


SMALL = Big()


class Stored(Struct, kw_only=True):
    """What a commit did. A row that came back to life counts as inserted."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0  # rows
    values: int = 0  # that wait in quarantine, of rows that are stored
    held: int = 0  # comments that seem to have vanished and are not marked
    doubted: tuple[Discussion, ...] = ()  # comments of these are missing: they are to be read with proof
    dated: tuple[datetime, ...] = ()  # the portal's clock: when the rows changed that are new in the mirror
    seconds: float = 0.0

    def add(self, other: Stored) -> None:
        """Count what another commit, or another part of this one, did."""
        self.inserted += other.inserted
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.deleted += other.deleted
        self.quarantined += other.quarantined
        self.values += other.values
        self.held += other.held
        self.dated += other.dated
        self.seconds += other.seconds


class Sifted(Struct, frozen=True, kw_only=True):
    """A page after conversion: the last of each key, what is odd in it, and rows that have no usable key."""

    rows: Mapping[Key, tuple[Row, Portal]]
    odd: Mapping[Key, Sequence[Odd]] = field(default_factory=dict)
    poison: tuple[Poison, ...] = ()
    erased: tuple[Key, ...] = ()  # keys of rows that are forgotten: nothing of them is stored


class Change(Struct, frozen=True):
    """A row to write. `old` is what is there, if anything."""

    op: Op
    old: Row | None
    new: Row
    portal: Portal


class Sorted(Struct):
    """A page compared with the mirror."""

    changes: list[Change] = field(default_factory=list)
    touched: list[tuple[Row, Row]] = field(default_factory=list)  # before, after: only volatile fields differ
    unchanged: int = 0


def sift(layout: Layout, rows: Sequence[Portal]) -> Sifted:
    """Convert every row. Pure."""
    width = len(layout.key)
    if layout.before:
        rows = [layout.before(row) for row in rows]
    found = layout.convert_all(rows)
    good = {row[:width]: (row, portal) for row, portal in zip(found.rows, rows, strict=True)}
    erased = tuple(key for key in good if key[-1] in layout.forgotten) if layout.forgotten else ()
    for key in erased:
        del good[key]
    if found.keyed and not found.odd:
        return Sifted(rows=good, erased=erased)
    odd: dict[Key, Sequence[Odd]] = {}
    poison: dict[str, Poison] = {}
    for place, (row, portal) in enumerate(zip(found.rows, rows, strict=True)):
        key, strange = row[:width], found.odd.get(place, ())
        if None in key:
            name = quarantine.row_id(layout, portal)
            kept = layout.sealed(portal)
            poison[name] = Poison(row_id=name, reason=_unusable(layout, strange), portal=kept)
        elif key in good:
            odd[key] = strange
    return Sifted(
        rows={key: one for key, one in good.items() if None not in key},
        odd={key: some for key, some in odd.items() if some},
        poison=tuple(poison.values()),
        erased=erased,
    )


def lacking(layout: Layout, sifted: Sifted, unread: Unread) -> Sifted:
    """The same page with what could not be read in quarantine: values, and whole rows. Pure."""
    odd, rows, poison = dict(sifted.odd), dict(sifted.rows), list(sifted.poison)
    for key in sifted.rows:
        reasons = unread.get(layout.row_id(key), NOTHING)
        if WHOLE in reasons:
            del rows[key]
            poison.append(Poison(row_id=layout.row_id(key), reason=reasons[WHOLE]))
        elif reasons:
            lacks = [Odd(name, None, reason) for name, reason in reasons.items()]
            odd[key] = [*odd.get(key, ()), *lacks]
    return Sifted(rows=rows, odd=odd, poison=tuple(poison), erased=sifted.erased)


def _unusable(layout: Layout, odd: Sequence[Odd]) -> str:
    told = [f"{one.field}: {one.reason}" for one in odd if one.field in layout.table.key]
    return told[0] if told else "it has no key"


def compare(layout: Layout, sifted: Sifted, present: Mapping[Key, Row]) -> Sorted:
    """What each row means for the mirror. Pure."""
    result = Sorted()
    stable, width = layout.stable, len(layout.names)
    for key, (new, portal) in sifted.rows.items():
        old = present.get(key)
        if old is None:
            result.changes.append(Change(Op.INSERT, None, new, portal))
        elif old[-1] is not None:
            result.changes.append(Change(Op.UNDELETE, old, new, portal))
        elif old[:stable] != new[:stable]:
            result.changes.append(Change(Op.UPDATE, old, new, portal))
        else:
            result.unchanged += 1
            if old[stable:width] != new[stable:]:
                result.touched.append((old, new))
    return result


def commit(
    database: Database,
    layout: Layout,
    rows: Sequence[Portal],
    checkpoint: Checkpoint | None,
    when: When,
    big: Big = SMALL,
) -> Stored:
    """Store rows and their checkpoint; all or nothing.

    Some rows at a time, which come into being when they are looked at: an answer to a batch has thousands.
    """
    started = time.perf_counter()

    def work() -> Stored:
        if when.filling:
            snapshots.begin(database, layout.table.name, when)
        stored = Stored()
        for some in bulk.chunks(rows, min(database.dialect.at_once, big.at_once or len(rows) or 1)):
            sifted = sift(layout, some)
            stored.add(
                write(database, layout, lacking(layout, sifted, big.unread) if big.unread else sifted, when)
            )
        if checkpoint:
            checkpoints.save(database.peewee, checkpoint)
            if feed.silent(database, layout.table.name):
                snapshots.follow(database, checkpoint, when)
        return stored

    stored = database.write(work)
    stored.seconds = time.perf_counter() - started
    return stored


def write(database: Database, layout: Layout, sifted: Sifted, when: When) -> Stored:
    """Store converted rows and everything that follows from them, within a transaction."""
    table = layout.table
    if sifted.erased:
        forgotten.returned(database, table.name, [key[-1] for key in sifted.erased])
    present = bulk.read(database, layout, list(sifted.rows))
    ordered = compare(layout, sifted, present)
    at = database.dialect.encode(Kind.INSTANT, when.second)
    complete = [layout.complete(change.new, change.portal, at) for change in ordered.changes]
    refused = bulk.upsert(database, layout, complete, present)
    _touch(database, layout, ordered.touched)
    changes = [change for place, change in enumerate(ordered.changes) if place not in refused]
    poison = [*sifted.poison, *_refused(layout, ordered.changes, refused)]
    if sifted.odd or quarantine.waits(database, table.name):
        lost = {ordered.changes[place].new[: len(layout.key)] for place in refused}
        stored = [key for key in sifted.rows if key not in lost]
        quarantine.settle(
            database, table.name, {layout.row_id(key): sifted.odd.get(key, ()) for key in stored}, when
        )
    quarantine.isolate(database, table.name, poison, when)
    _follow(database, layout, changes, sifted.odd, when)
    discussions.follow(database, layout, [(change.new, change.portal) for change in ordered.changes])
    inserted = sum(change.op is not Op.UPDATE for change in changes)
    return Stored(
        inserted=inserted,
        updated=len(changes) - inserted,
        unchanged=ordered.unchanged,
        quarantined=len(poison),
        values=sum(map(len, sifted.odd.values())),
        dated=tuple(_dated(layout, changes, when.since)) if when.since else (),
    )


def _dated(layout: Layout, changes: Sequence[Change], since: datetime) -> Iterator[datetime]:
    """When these rows changed, of those that did so after `since`.

    A row that is restored, imported or backdated, or that changed without its change time, says nothing of
    how fresh the mirror is.
    """
    for change in changes:
        changed = _moment(layout, change.new)
        before = None if change.old is None else _moment(layout, change.old)
        moved = changed is not None and changed >= since and (before is None or before < changed)
        if changed is not None and moved and change.op is not Op.UNDELETE:
            yield changed


def _moment(layout: Layout, row: Row) -> datetime | None:
    told = [row[place] for place in layout.moments if row[place] is not None]
    moments = [datetime.fromisoformat(one) if isinstance(one, str) else one for one in told]
    return max(moments, default=None)


def _touch(database: Database, layout: Layout, touched: Sequence[tuple[Row, Row]]) -> None:
    """Store what has changed without meaning. No line tells of it, but the next one of the row has to."""
    bulk.touch(database, layout, [new for _, new in touched])
    if touched and not feed.silent(database, layout.table.name):
        untold.keep(database, layout, touched)


def _refused(layout: Layout, changes: Sequence[Change], refused: Mapping[int, str]) -> list[Poison]:
    return [
        Poison(
            row_id=layout.row_id(changes[place].new),
            reason=f"the database refuses it: {reason}",
            portal=layout.sealed(changes[place].portal),
        )
        for place, reason in refused.items()
    ]


def _follow(
    database: Database,
    layout: Layout,
    changes: Sequence[Change],
    odd: Mapping[Key, Sequence[Odd]],
    when: When,
) -> None:
    """What else has to be written because these rows were."""
    table = layout.table
    if table.contacts:
        owners = {
            change.new[0]: _without(layout.told(change.portal), odd.get(change.new[:1], ()))
            for change in changes
            if _contacts_moved(layout, change)
        }
        contacts.replace_points(database, table.name, owners, table.contacts, when)
    if not feed.silent(database, table.name):
        feed.tell_rows(
            database, layout, when, [Moved(change.op, change.old, change.new) for change in changes]
        )


def _without(portal: Portal, odd: Sequence[Odd]) -> Portal:
    """The row as it is stored: without the values that wait in quarantine."""
    return {**portal, **{one.field: None for one in odd}} if odd else portal


def _contacts_moved(layout: Layout, change: Change) -> bool:
    places = [layout.position[name] for name in layout.table.contacts if name in layout.position]
    old = change.old
    if old is None:
        return any(change.new[place] is not None for place in places)
    return change.op is Op.UNDELETE or any(old[place] != change.new[place] for place in places)
