"""Rows of the portal against rows of the mirror, without changing anything."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from bitsheet_tui.store import bulk, quarantine, writer
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import Op
from bitsheet_tui.store.layout import Layout, Portal


class Difference(Struct, kw_only=True):
    """The rows, by their keys in one word, that are not the same on both sides."""

    missing: set[str] = field(default_factory=set)  # only the portal has them
    gone: set[str] = field(default_factory=set)  # only the mirror has them
    changed: set[str] = field(default_factory=set)  # some field differs

    def __bool__(self) -> bool:
        return bool(self.missing or self.gone or self.changed)

    def __or__(self, other: Difference) -> Difference:
        return Difference(
            missing=self.missing | other.missing,
            gone=self.gone | other.gone,
            changed=self.changed | other.changed,
        )

    def __and__(self, other: Difference) -> Difference:
        return Difference(
            missing=self.missing & other.missing,
            gone=self.gone & other.gone,
            changed=self.changed & other.changed,
        )


def rows(database: Database, layout: Layout, portal: Sequence[Portal]) -> Difference:
    """How these rows of the portal differ from the mirror's. One that waits in quarantine does not count."""
    sifted = writer.sift(layout, portal)
    found = writer.compare(layout, sifted, bulk.read(database, layout, list(sifted.rows)))
    difference = Difference()
    waiting = quarantine.whole(database, layout.table.name) if found.changes else frozenset()
    for change in found.changes:
        here = difference.changed if change.op is Op.UPDATE else difference.missing
        here |= {layout.row_id(change.new)} - waiting
    return difference
