"""What the start-up test has found, kept in the store: a process that follows soon does not test once more.

A test reads up to 150 ids of every table, and dates of tasks take up to two requests more. Who is killed
every second or two would fetch more for tests than for the mirror. What a portal does not change under a
process that runs, it does not change under one that is started again within `KEPT` of the test.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.scan import begun
from bitsheet_tui.tables import Case, Paging, Table

KEPT = timedelta(minutes=10)
TESTED = "tested"  # the fact


class Tested(Struct, frozen=True, kw_only=True):
    """Which tables passed, on which portal, as whom, and what was found."""

    at: datetime  # the host's clock
    portal: str
    user_id: int | None
    admin: bool
    zone: str
    scopes: frozenset[str]
    tables: frozenset[str]
    chained: frozenset[str]
    dates_are_right: bool

    def of(self, profile: Profile) -> bool:
        """Whether it speaks of the one whom the portal says that we are now."""
        found = profile.user_id, profile.admin, profile.zone, profile.scopes
        return found == (self.user_id, self.admin, self.zone, self.scopes)

    def covers(self, tables: Iterable[Table]) -> frozenset[str]:
        """Those of the tables that need no test."""
        return frozenset(one.name for one in tables if one.name in self.tables)

    def completing(self, profile: Profile, names: frozenset[str]) -> Profile:
        """`profile`, of a test without the tables `names`, with what was found of them before."""
        return replace(
            profile, chained=profile.chained | self.chained & names, dates_are_right=self.dates_are_right
        )


def recall(store: Store, portal: str, tables: Sequence[Table], now: datetime) -> Tested | None:
    """The last test of this portal, if it was lately, with those of its tables that were begun; None: test.

    Where tasks did not pass, nothing was found of their dates.
    """
    try:
        found = msgspec.json.decode(store.remembered(TESTED) or "null", type=Tested | None)
    except msgspec.DecodeError:  # another version's
        return None
    if found is None or found.portal != portal or not timedelta() <= now - found.at < KEPT:
        return None
    if any(one.case is Case.MIXED and one.name not in found.tables for one in tables):
        return None
    begun_ = (one for one in tables if one.paging is Paging.KEYSET and begun(one, store.checkpoint(one.name)))
    return replace(found, tables=found.tables & {one.name for one in begun_})


def note(store: Store, portal: str, profile: Profile, tables: Iterable[Table], now: datetime) -> None:
    """Keep what a whole test has found."""
    passed = frozenset(one.name for one in tables if one.name not in profile.faults)
    found = Tested(
        at=now,
        portal=portal,
        user_id=profile.user_id,
        admin=profile.admin,
        zone=profile.zone,
        scopes=profile.scopes,
        tables=passed,
        chained=profile.chained,
        dates_are_right=profile.dates_are_right,
    )
    store.remember(TESTED, msgspec.json.encode(found).decode())
