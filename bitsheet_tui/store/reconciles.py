"""What is known about rows that may be gone from the portal: when it was looked at last, what is held, why.

A table is *held* when more of it seems to be gone than may be marked unasked. Then nothing of it is marked,
an alert stands for it, and somebody has to confirm; a confirmation speaks of the number that was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.store import census, closed, comparing, discussions, forgotten, quarantine, tombstones
from bitsheet_tui.store.comparing import Difference
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Portal
from bitsheet_tui.store.models import ReconcileRecord
from bitsheet_tui.tables import Table

DAY = 86400.0  # seconds


class Reconcile(Struct, frozen=True, kw_only=True):
    """Where one table stands with its deletions."""

    table: str
    cycle: int = 0  # the last comparison that came to its end: how many full cycles there had been
    due: bool = False  # to be compared at once, whatever the cycle
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the webhook was allowed at that time
    held: int = 0  # rows that seem to be gone and are not marked; 0: none
    reason: str = ""  # why they are held
    held_since: datetime | None = None  # the host's clock
    confirmed: int = 0  # somebody has confirmed that so many are gone
    audit_below: int | None = None  # the audit has read every id from here up
    audited_at: datetime | None = None  # the host's clock: up to when the audit has done its share
    compared_at: datetime | None = None  # the host's clock: when deletions were last looked for
    count_seconds: float | None = None  # of its method's time that a count of it takes; none: not known
    count_used: float = 0.0  # seconds that counts had taken then, and their share had not made up for yet
    marked: float = 0.0  # rows that were marked lately, which fade within DAY
    marked_at: datetime | None = None  # when the last of them were

    def lately(self, at: datetime) -> float:
        """Rows that were marked within about a day before `at`; they do not fade while more are held."""
        if self.marked_at is None or self.held:
            return self.marked
        passed = abs((at - self.marked_at).total_seconds())
        return self.marked * max(0.0, 1 - passed / DAY)


class Reconciles:
    """The store's side of comparing ids with the portal."""

    def __init__(
        self,
        database: Database,
        layout: Callable[..., Layout],
        layout_of: Callable[[str], Layout | None],
    ) -> None:
        self._database = database
        self._layout = layout
        self._layout_of = layout_of

    def load(self, table: str) -> Reconcile:
        """Where `table` stands; an empty record before the first comparison."""
        return self._database.read(lambda: _load(self._database, table))

    def save(self, record: Reconcile) -> None:
        """Keep it."""
        self._database.write(lambda: _save(self._database, record))

    def held(self) -> list[Reconcile]:
        """The tables whose deletions are held."""

        def work() -> list[Reconcile]:
            query = ReconcileRecord.select().where(ReconcileRecord.held > 0)
            return [_read(record) for record in query.execute(self._database.peewee)]

        return self._database.read(work)

    def count(self, table: Table, *, above: int, upto: int) -> int:
        """How many ids in (above, upto] the mirror knows of."""
        mine = self._layout(table)
        return self._database.read(lambda: census.count(self._database, mine, above=above, upto=upto))

    def ids(self, table: Table, *, above: int, upto: int) -> list[int]:
        """The ids in (above, upto] that the mirror knows of, ascending."""
        mine = self._layout(table)
        return self._database.read(lambda: census.ids(self._database, mine, above=above, upto=upto))

    def cuts(self, table: Table, *, above: int, upto: int, parts: int) -> list[int]:
        """The upper ends of up to `parts` ranges of (above, upto] with as many rows each."""
        mine = self._layout(table)
        return self._database.read(
            lambda: census.cuts(self._database, mine, above=above, upto=upto, parts=parts)
        )

    def bury(
        self, table: Table, ids: Collection[int], record: Reconcile | None, *, at: datetime, cycle: int
    ) -> int:
        """Mark the rows with these ids and keep the record, in one transaction; how many were not marked."""
        database, mine = self._database, self._layout(table, writing=True)

        def work() -> int:
            forgotten.gone(database, mine, ids, When(at=at, cycle=cycle))
            keys = [(id_,) for id_ in census.alive(database, mine, ids)]
            quarantine.release(database, table.name, [str(id_) for id_ in ids])
            if record:
                _save(database, record)
            when = When(at=at, cycle=cycle)
            if table.name in discussions.PARENTS:  # also of those that were never stored
                tombstones.bury_comments(database, list(ids), when, self._layout_of)
            return tombstones.bury(database, mine, keys, when, self._layout_of)

        return database.write(work)

    def held_comments(self) -> tuple[int, int]:
        """How many comments are held, and in how many discussions."""
        return self._database.read(lambda: discussions.count_held(self._database))

    def reread(self, tasks: Sequence[int] | None = None) -> None:
        """Let these discussions be read soon; without `tasks` those of which comments are held."""
        self._database.write(lambda: discussions.due_again(self._database, tasks))

    def read_soon(self, tasks: Sequence[int]) -> None:
        """Let these discussions be read in the next cycle."""
        if tasks:
            self._database.write(lambda: discussions.due_soon(self._database, tasks))

    def discussions(self, *, below: int, limit: int) -> list[Discussion]:
        """The next discussions there is anything to read of, from the newest task under `below` down."""
        return self._database.read(lambda: discussions.some(self._database, below=below, limit=limit))

    def unproved(self, table: Table, *, overlap: int, limit: int) -> list[Discussion]:
        """Chats that are not yet shown to be whole and not due, the one first that was read longest ago.

        With what the mirror has of them.
        """
        database, mine = self._database, self._layout(table)

        def work() -> list[Discussion]:
            found = discussions.unproved(database, overlap=overlap, limit=limit)
            return discussions.with_known(database, mine, found)

        return database.read(work)

    def with_known(self, table: Table, found: Sequence[Discussion]) -> list[Discussion]:
        """The same discussions, of chats that are not yet shown to be whole with what the mirror has."""
        mine = self._layout(table)
        return self._database.read(lambda: discussions.with_known(self._database, mine, found))

    def count_unproved(self) -> int:
        """How many chats were read and are not yet shown to be whole."""
        return self._database.read(lambda: discussions.count_unproved(self._database))

    def rewind(self, now: datetime, overlap: int) -> int:
        """Let discussions that were read while the portal's clock was ahead be read again; how many.

        `now` is the portal's clock. As much as the overlap it may be behind the latest reading.
        """
        database = self._database
        read = database.read(lambda: discussions.latest(database))
        if read is None or read <= now + timedelta(seconds=max(1, overlap)):
            return 0
        return database.write(lambda: discussions.rewind(database, now))

    def closed(self, *, overlap: int, limit: int) -> list[Discussion]:
        """The discussions that the webhook may not read and that are not due, the longest untried first."""
        database = self._database
        return database.read(lambda: closed.longest_untried(database, overlap=overlap, limit=limit))

    def try_again(self) -> None:
        """Let every discussion that the webhook may not read be read soon."""
        self._database.write(lambda: closed.try_again(self._database))

    def count_discussions(self) -> int:
        """How many discussions there is anything to read of."""
        return self._database.read(lambda: discussions.count_all(self._database))

    def compare(self, table: Table, rows: Sequence[Portal]) -> Difference:
        """How these rows of the portal differ from the mirror's; changes nothing."""
        mine = self._layout(table)
        return self._database.read(lambda: comparing.rows(self._database, mine, rows))

    def living_comments(self, table: Table, tasks: Sequence[int]) -> list[tuple[str, int, int]]:
        """The source, id and task of every comment of these tasks that is not marked."""
        mine = self._layout(table)
        found = self._database.read(lambda: discussions.living_comments(self._database, mine, tasks))
        return [(source, id_, task) for source, id_, task in found]

    def bury_orphans(self, table: Table, *, at: datetime, cycle: int) -> int:
        """Mark the comments whose task is gone, and which nobody would read again; how many."""
        database, mine = self._database, self._layout(table, writing=True)
        if not self.orphans(table):
            return 0
        when = When(at=at, cycle=cycle)
        return database.write(
            lambda: tombstones.bury(database, mine, discussions.orphans(database, mine), when)
        )

    def orphans(self, table: Table) -> set[str]:
        """The comments, by their keys in one word, that are not marked although their task is gone."""
        mine = self._layout(table)
        found = self._database.read(lambda: discussions.orphans(self._database, mine))
        return {mine.row_id(key) for key in found}


def _load(database: Database, table: str) -> Reconcile:
    record = ReconcileRecord.one(database.peewee, ReconcileRecord.table_name == table)
    return Reconcile(table=table) if record is None else _read(record)


def _read(record: Any) -> Reconcile:
    names = [name for name in Reconcile.__struct_fields__ if name not in {"table", "facts"}]
    values = {name: getattr(record, name) for name in names}
    return Reconcile(table=record.table_name, facts=record.facts or {}, **values)


def _save(database: Database, record: Reconcile) -> None:
    values = {name: getattr(record, name) for name in Reconcile.__struct_fields__ if name != "table"}
    values |= {"table_name": record.table, "facts": dict(record.facts)}
    ReconcileRecord.save_over(database.peewee, values, key=("table_name",))
