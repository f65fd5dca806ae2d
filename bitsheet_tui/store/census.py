"""Which ids the mirror knows of: rows that are there, and rows set aside because they cannot be stored."""

from __future__ import annotations

from collections.abc import Collection

from bitsheet_tui.store import quarantine, tombstones
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED, Layout

ALL = 2**62  # above every id


def count(database: Database, layout: Layout, *, above: int, upto: int) -> int:
    """How many ids in (above, upto] are known."""
    living = tombstones.count_living(database, layout, above=above, upto=upto)
    return living + len(_set_aside(database, layout, above, upto))


def ids(database: Database, layout: Layout, *, above: int, upto: int) -> list[int]:
    """The known ids in (above, upto], ascending."""
    living = tombstones.living(database, layout, above=above, upto=upto)
    aside = _set_aside(database, layout, above, upto)
    return sorted([*living, *aside]) if aside else living


def cuts(database: Database, layout: Layout, *, above: int, upto: int, parts: int) -> list[int]:
    """The upper ends of up to `parts` ranges of (above, upto] with as many rows each; the last is `upto`."""
    rows = tombstones.count_living(database, layout, above=above, upto=upto)
    step = max(1, -(-rows // parts))
    key, mark = quote(layout.key[-1]), database.dialect.mark
    found = database.rows(
        f"SELECT id FROM (SELECT {key} AS id, row_number() OVER (ORDER BY {key}) AS place"  # noqa: S608
        f" FROM {layout.sql_name} WHERE {key} > {mark} AND {key} <= {mark} AND {quote(DELETED)} IS NULL)"
        f" AS numbered WHERE place / {step} * {step} = place ORDER BY id",  # whole numbers
        [above, upto],
    )
    ends = [id_ for (id_,) in found]
    return [*ends[: parts - 1], upto] if not ends or ends[-1] != upto else ends


def alive(database: Database, layout: Layout, wanted: Collection[int]) -> list[int]:
    """Those of the ids whose row is there and not marked."""
    key, dialect = quote(layout.key[-1]), database.dialect
    sql = (
        f"SELECT {key} FROM {layout.sql_name}"  # noqa: S608 - quoted names
        f" WHERE {key} {dialect.one_of} AND {quote(DELETED)} IS NULL ORDER BY {key}"
    )
    return [row[0] for row in database.rows(sql, (dialect.keys(sorted(wanted)),))]


def _set_aside(database: Database, layout: Layout, above: int, upto: int) -> list[int]:
    kept = [id_ for id_ in quarantine.ids(database, layout.table.name) if above < id_ <= upto]
    return sorted(set(kept).difference(alive(database, layout, kept))) if kept else []
