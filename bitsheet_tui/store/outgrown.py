"""Which fields are not what the portal describes them as, judged by their values.

Widening a column takes a number away from every report, and whoever may edit a few rows could have it done.
So a column becomes text only when more than half of its values, and at least twenty, contradict its kind. Its
values are the non-empty ones of the living rows and those in quarantine. A first reading begins with the
newest rows, and whoever edited those would own its first page: while rows are to come, nothing is decided
before there are a thousand values. Fields without a column of their own, in `extra`, are judged alike.
"""

from __future__ import annotations

from bitsheet_tui.store import quarantine
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED, EXTRA, Layout

LEAST = 20  # values that contradict
ENOUGH = 1000  # values to judge by, while rows are to come


def fields(database: Database, layout: Layout, *, unread: bool) -> frozenset[str]:
    """The portal's names of the fields that are to be text."""
    waiting = quarantine.count_values(database, layout.table.name, LEAST)
    known = layout.position.keys() | {name for name, _ in layout.surplus}
    return frozenset(
        field
        for field, odd in waiting.items()
        if field in known
        and field not in layout.table.key
        and _mostly_odd(database, layout, field, odd, unread=unread)
    )


def _mostly_odd(database: Database, layout: Layout, field: str, odd: int, *, unread: bool) -> bool:
    """Whether more than half of the values are odd; no more good ones are counted than it takes to tell."""
    enough = ENOUGH if unread else 0
    good = _count_good(database, layout, field, max(odd, enough - odd))
    return good < odd and good + odd >= enough


def _count_good(database: Database, layout: Layout, field: str, most: int) -> int:
    place = layout.position.get(field)
    member = database.dialect.member.format(quote(EXTRA))
    value, parameters = (member, (field,)) if place is None else (quote(layout.names[place]), ())
    ((found,),) = database.rows(
        f"SELECT count(*) FROM (SELECT 1 FROM {layout.sql_name}"  # noqa: S608 - quoted names
        f" WHERE {value} IS NOT NULL AND {quote(DELETED)} IS NULL LIMIT {most:d}) AS good",
        parameters,
    )
    return int(found)
