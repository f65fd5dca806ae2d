"""The first filling of a table that never was: to the change feed a line at its begin and one at its end.

Rows that come in between have no lines of their own, whoever reads them. The end is told in the transaction
that stores the last of them, and from then on every difference is a line: nothing that reads the table
again, for whatever reason, is a first filling any more. Which of the two lines was told is kept with the
table's checkpoint, so that a killed filling goes on without a second one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bitsheet_tui.store import documents, feed
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.feed import BEGUN, ENDED, Op, When
from bitsheet_tui.store.layout import DELETED
from bitsheet_tui.store.models import CheckpointRecord
from bitsheet_tui.tables import CATALOGUE

READ = frozenset(table.name for table in CATALOGUE)  # what has a watermark; dictionaries have none
PARENTS = {table.name: table.parent.table for table in CATALOGUE if table.parent}


def begin(database: Database, table: str, when: When) -> None:
    """The table is read for the first time, unless it has been before."""
    if feed.state(database, table) is None:
        _begin(database, table, when)


def end(database: Database, table: str, when: When) -> None:
    """Every row that the table had is stored."""
    if feed.state(database, table) != ENDED:
        begin(database, table, when)
        _end(database, table, when)


def follow(database: Database, checkpoint: Checkpoint, when: When) -> None:
    """A checkpoint has been saved: end the first filling where it says so.

    What hangs on rows of another table is not filled before that one is.
    """
    if not checkpoint.filled or feed.state(database, checkpoint.table) == ENDED:
        return
    parent = PARENTS.get(checkpoint.table)
    if parent and feed.silent(database, parent):
        begin(database, checkpoint.table, when)
    else:
        end(database, checkpoint.table, when)


def take_over(database: Database) -> None:
    """Of a mirror whose feed had one line for each filling: what is complete has an end from now on.

    What is being filled, or filled once more, goes on without lines, and ends as a first filling does.
    """
    found = database.rows("SELECT table_name, watermark, floor, snapshot FROM bitsheet_checkpoints")
    there = set(database.peewee.get_tables())
    filled = {
        name
        for name, watermark, floor, told in found
        if name in there and ((watermark and not floor) if name in READ else told)
    }
    when = When(at=datetime.now(UTC), cycle=0)
    for name, watermark, _, told in found:
        if name in filled and PARENTS.get(name, name) in filled:
            _end(database, name, when)
        elif watermark or told:
            _keep(database, name, BEGUN)


def _begin(database: Database, table: str, when: When) -> None:
    _tell(database, table, when, {"phase": "begin"})
    _keep(database, table, BEGUN)


def _end(database: Database, table: str, when: When) -> None:
    _tell(database, table, when, {"phase": "end", "rows": _count(database, table)})
    _keep(database, table, ENDED)


def _tell(database: Database, table: str, when: When, after: dict[str, Any]) -> None:
    feed.append(database, table, when, [(None, Op.SNAPSHOT, None, documents.encode(after))])


def _keep(database: Database, table: str, state: str) -> None:
    values = {"table_name": table, "snapshot": state}
    CheckpointRecord.save_over(database.peewee, values, key=("table_name",))
    database.snapshots[table] = state


def _count(database: Database, table: str) -> int:
    """How many rows there are; the deleted ones are counted apart, which is faster."""
    name = quote(table)
    ((rows,),) = database.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 - a quoted name
    ((deleted,),) = database.rows(f"SELECT count(*) FROM {name} WHERE {quote(DELETED)} IS NOT NULL")  # noqa: S608
    return int(rows) - int(deleted)
