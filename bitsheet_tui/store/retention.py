"""How long the change feed is kept: by age and by number, and longer for a named cursor that still needs it.

Whoever follows by a cursor that has not moved for long, or is far behind, is told of by an alert, so what he
needs is never cut without one; at twice the limits it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bitsheet_tui.store import cursors
from bitsheet_tui.store.cursors import Cursor
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import CUT
from bitsheet_tui.store.models import FactRecord, InstantField

KEPT = timedelta(days=400)  # what happened a year ago can be looked up, and compared with
LINES = 10_000_000
PORTION = 5000  # lines that are cut at once, so that a long history costs no long pause
STILL = timedelta(days=7)  # a cursor that has not moved for so long, and has not everything, is forgotten


class Lag(Struct, frozen=True, kw_only=True):
    """How far a consumer of the feed is behind."""

    cursor: Cursor
    behind: int  # numbers: so many lines at most

    def late(self, at: datetime) -> bool:
        """Whether somebody should know of it."""
        return self.behind > LINES or (self.behind > 0 and at - self.cursor.moved_at > STILL)


def lags(database: Database) -> list[Lag]:
    """Every named cursor, by name. Only within `work`."""
    found = cursors.listing(database)
    if not found:
        return []
    newest = _newest(database)
    return [Lag(cursor=one, behind=max(0, newest - one.seq)) for one in found]


def cut(database: Database, at: datetime) -> bool:
    """Cut the oldest lines that are kept no longer; whether there may be more. Only within `work`.

    The newest line stays in any case: SQLite would give its number once more.
    """
    oldest = database.rows(f"SELECT seq, at FROM bitsheet_changes ORDER BY seq LIMIT {PORTION:d}")  # noqa: S608
    needed = min((one.seq for one in cursors.listing(database)), default=None)
    upto = last_cut(oldest, newest=_newest(database), needed=needed, at=at)
    if upto:
        mark = database.dialect.mark
        database.execute(f"DELETE FROM bitsheet_changes WHERE seq <= {mark}", (upto,))  # noqa: S608 - a mark
        FactRecord.save_over(database.peewee, {"key": CUT, "value": str(upto)}, key=("key",))
    return len(oldest) == PORTION and upto == oldest[-1][0]


def last_cut(
    oldest: Sequence[tuple[int, object]], *, newest: int, needed: int | None, at: datetime
) -> int | None:
    """The number of the last of these lines, (number, when), that is to go; None: all stay. Pure.

    `needed`: the line that the slowest consumer has, who needs those after it.
    """
    upto = None
    for seq, told in oldest:
        age, number = at - _moment(told), newest - seq
        over = age > KEPT or number >= LINES
        far_over = age > 2 * KEPT or number >= 2 * LINES
        if seq >= newest or not over or (needed is not None and seq > needed and not far_over):
            break
        upto = seq
    return upto


def _moment(told: object) -> datetime:
    found: datetime = InstantField().python_value(told)  # type: ignore[assignment]
    return found


def _newest(database: Database) -> int:
    ((seq,),) = database.rows("SELECT max(seq) FROM bitsheet_changes")
    return int(seq or 0)
