"""Reads a mirror while its engine writes it: for people who look, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import checkpoints, journal, record, schema, views, walk
from bitsheet_tui.store.books import HIDDEN
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.journal import Grown, Told
from bitsheet_tui.store.layout import SYNCED
from bitsheet_tui.store.ledger import Cycle, Run
from bitsheet_tui.store.models import FactRecord
from bitsheet_tui.store.quarantine import Quarantined
from bitsheet_tui.store.record import Change, History, Record
from bitsheet_tui.store.store import Store
from bitsheet_tui.store.walk import Aim, Ground, Key, Piece, Place, Wanted
from bitsheet_tui.tables import CATALOGUE

T = TypeVar("T")
KEYS = {table.name: table.columns for table in CATALOGUE}


class Reader:
    """A connection that only reads. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shapes: views.Shapes = {}

    @classmethod
    def open(cls, url: Secret, *, schema: str = "public", base: Path | None = None) -> Reader:
        """The mirror at `url`. Raises NoMirror where there is none yet."""
        Store.open(url, schema=schema, readonly=True, base=base).close()  # says what is wrong with it
        return cls(Database(url, schema=schema, base=base, readonly=True, locked=False))

    def close(self) -> None:
        """End the connection."""
        self._database.close()

    def interrupt(self) -> None:
        """End the query that runs; any thread may say so."""
        self._database.driver.interrupt()

    def _read(self, work: Callable[[], T]) -> T:
        return self._database.read(work)

    # --- rows -------------------------------------------------------------------------------------------

    def ground(self, table: str) -> Ground:
        """Where the rows of a table lie; from here on its columns are known as they are now."""

        def work() -> Ground:
            self._shapes = schema.all_remembered(self._database)
            return walk.ground(self._database, table, self._key(table))

        return self._read(work)

    def piece(
        self,
        ground: Ground,
        wanted: Wanted,
        place: Place,
        columns: Sequence[str],
        *,
        down: bool,
        span: int,
        limit: int,
    ) -> Piece:
        """Look at the next `span` ids, and stop at the `limit`th row that fits.

        Of these rows it gives what stands in `columns`, by name where it is a code; None for a column that
        the table does not have.
        """

        def work() -> Piece:
            shape = self._shapes.get(ground.table, ())
            aim = Aim(
                wanted=wanted,
                searched=walk.searchable(shape) if wanted.term else (),
                shown=self._expressions(ground.table, columns),
            )
            return walk.piece(self._database, ground, aim, place, down=down, span=span, limit=limit)

        return self._read(work)

    def record(self, table: str, key: Key) -> Record | None:
        """One row in full; None where there is none with this key."""

        def work() -> Record | None:
            self._shapes = schema.all_remembered(self._database)
            return record.load(self._database, self._shapes, table, key, self._key(table))

        return self._read(work)

    def history(self, table: str, row_id: str, *, below: int | None, span: int, limit: int) -> History:
        """What the change feed tells of one row, newest first, looking at `span` lines of it."""
        return self._read(
            lambda: record.history(self._database, table, row_id, below=below, span=span, limit=limit)
        )

    def changes_of(self, table: str, cycle: int, *, limit: int) -> Sequence[Change]:
        """What one cycle changed in a table."""
        return self._read(lambda: record.changes_of(self._database, table, cycle, limit=limit))

    # --- the books ----------------------------------------------------------------------------------------

    def columns(self, table: str) -> Sequence[Grown]:
        """The columns of a table, those that the portal no longer has included."""
        return self._read(lambda: journal.columns(self._database, table))

    def checkpoint(self, table: str) -> Checkpoint:
        """How far a table has been read."""
        return self._read(lambda: checkpoints.load(self._database.peewee, table))

    def hidden(self, table: str) -> int:
        """How many rows of a table the portal counts and does not show, as far as is known."""
        key = f"{HIDDEN}{table}"
        found = self._read(lambda: FactRecord.one(self._database.peewee, FactRecord.key == key))
        return int(found.value or 0) if found else 0

    def cycles(self, *, below: int | None = None, failed: bool = False, limit: int) -> list[Cycle]:
        """The newest cycles under number `below`."""
        return self._read(lambda: journal.cycles(self._database, below=below, failed=failed, limit=limit))

    def runs(
        self, *, cycle: int | None = None, table: str | None = None, failed: bool = False, limit: int
    ) -> list[Run]:
        """The newest runs of a cycle, of a table, or of all."""
        return self._read(
            lambda: journal.runs(self._database, cycle=cycle, table=table, failed=failed, limit=limit)
        )

    def alerts(self, *, limit: int) -> list[Told]:
        """Those that stand first, then the newest."""
        return self._read(lambda: journal.alerts(self._database, limit=limit))

    def set_aside(self, table: str | None = None, *, limit: int) -> list[Quarantined]:
        """The rows that could not be stored, of one table or of all."""
        return self._read(lambda: journal.set_aside(self._database, table, limit=limit))

    # ------------------------------------------------------------------------------------------------------

    def _key(self, table: str) -> tuple[str, ...]:
        return KEYS.get(table, ("id",))

    def _expressions(self, table: str, columns: Sequence[str]) -> list[str]:
        names = views.explained(table, self._shapes, self._database.dialect)
        there = {column.name for column in self._shapes.get(table, ())} | {SYNCED}
        return [
            f"coalesce({names[name]}, CAST(t.{quote(name)} AS TEXT))"
            if name in names
            else f"t.{quote(name)}"
            if name in there
            else "NULL"
            for name in columns
        ]
