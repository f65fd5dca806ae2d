"""Follows the feed: a snapshot of the tables, then the lines after it, from wherever a consumer was before.

Every consumer that does what is told, in its order, has what the mirror has:

* The rows of a snapshot are of one moment, and no line comes that is older (`Snapshot.seq`).
* Lines come in the order of their numbers, none is left out, and those that are not kept any more are an
  error (LinesGone).
* A table that is filled for the first time has no lines for its rows; nor have changes of its fields that
  privacy rules make. So where a line says that such is over, the table is read once more, from a snapshot:
  with it come the lines of all other tables up to it, and no line of this table that is older is told. Until
  then a consumer is nowhere from where it could go on later: it goes on from before that line.

What is handed over may be handed over again, after an end that came too early: at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.store.changes import Changes, Line, Snapshot
from bitsheet_tui.store.feed import Op

LINES = 1000  # asked for at once; `Changes` gives fewer where they are long
KEPT_ALIVE = 300.0  # seconds after which a session is looked at, whether it was told of anything or not
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before the mirror is opened again
OVER = frozenset({"end", "redacted"})  # phases of a table after which it is read once more


class Read(Struct, frozen=True):
    """A row of a snapshot: as it is once every line up to `seq` is done."""

    seq: int
    at: datetime  # when the snapshot was taken, the host's clock
    table: str
    row_id: str
    values: dict[str, Any]  # every column, those without a value included
    last: bool = False  # of this snapshot


Item = Line | Read


class Batch(Struct, frozen=True):
    """Some of what a consumer gets. `upto`: whoever has it may go on after this line; None: not yet."""

    items: Sequence[Item]
    upto: int | None


class Follower:
    """Where one consumer is. `after`: the newest line that was handed over; None: a snapshot is first.

    `tables`: only these; none: all. With `whole` it is told all that it takes to have a copy of the tables;
    without, lines alone.
    """

    def __init__(self, after: int | None, *, tables: Collection[str] = (), whole: bool = True) -> None:
        self.after = after
        self._tables = tuple(tables)
        self._whole = whole
        self._again: dict[str, None] = {}  # tables that are to be read once more

    def catch_up(self, changes: Changes) -> Iterator[Batch]:
        """Everything up to now. What is interrupted anywhere goes on from there with the next call."""
        if self.after is None:
            with changes.snapshot() as snapshot:
                yield from self._rows(snapshot, [name for name in snapshot.tables() if self._wants(name)])
        else:
            changes.expect(self.after)
        while True:
            newest = changes.newest() if self._tables else 0
            lines = changes.lines(int(self.after or 0), limit=LINES, tables=self._tables)
            if not lines:
                break
            yield self._told(lines)
        self.after = max(int(self.after or 0), newest)
        if self._again:
            with changes.snapshot() as snapshot:
                while lines := snapshot.lines(self.after, limit=LINES, tables=self._tables):
                    yield self._told(lines)
                tables = [name for name in snapshot.tables() if name in self._again]
                yield from self._rows(snapshot, tables)
            self._again.clear()
        yield Batch((), self.after)

    def _wants(self, table: str) -> bool:
        return not self._tables or table in self._tables

    def _told(self, lines: Sequence[Line]) -> Batch:
        told = []
        for line in lines:
            if line.op is Op.SNAPSHOT and self._whole and phase(line) in OVER:
                self._again[line.table] = None
            if line.op is Op.SNAPSHOT or line.table not in self._again:
                told.append(line)
        self.after = lines[-1].seq
        return Batch(told, None if self._again else self.after)

    def _rows(self, snapshot: Snapshot, tables: Sequence[str]) -> Iterator[Batch]:
        at = datetime.now(UTC).replace(microsecond=0)
        held: Read | None = None  # the newest, which may be the last
        for table in tables:
            names = [column.name for column in snapshot.columns(table)]
            for page in snapshot.pages(table):
                rows = [
                    Read(
                        snapshot.seq,
                        at,
                        table,
                        snapshot.row_id(table, row),
                        dict(zip(names, row, strict=True)),
                    )
                    for row in page
                ]
                yield Batch([held, *rows[:-1]] if held else rows[:-1], None)
                held = rows[-1]
        if held:
            yield Batch([msgspec.structs.replace(held, last=True)], None)
        self.after = snapshot.seq


def phase(line: Line) -> str:
    """What a line of a whole table says: begin or end of its first filling, or redacted."""
    document = msgspec.json.decode(line.after) if line.after else {}
    return str(document.get("phase", "")) if isinstance(document, dict) else ""


class Ways(Struct, frozen=True, kw_only=True):
    """How a follower comes to the mirror, and what it does meanwhile."""

    connect: Callable[[], Changes]  # raises StoreError
    take: Callable[[Batch], None]  # what came; whoever wants to stop makes `go_on` say so
    go_on: Callable[[], bool]
    pause: Callable[[float], None]  # so many seconds, or until somebody wants to stop
    tell: Callable[[str], None]  # a sentence for people


def follow(follower: Follower, ways: Ways, *, endless: bool) -> None:
    """Hand over everything up to now, and with `endless` what comes, as it comes, until somebody stops it.

    An `endless` one outlives a store that is away, and waits for one that is not there yet. Raises StoreError
    otherwise, and LinesGone in any case.
    """
    waiting = Waiting(ways)
    while ways.go_on():
        try:
            _once(follower, ways, waiting, endless=endless)
        except StoreUnavailable as error:
            if ways.go_on() and not endless:
                raise
            waiting.wait(error)
        else:
            return


class Waiting:
    """Between two tries to reach the mirror: longer each time, and told once for each reason."""

    def __init__(self, ways: Ways) -> None:
        self._ways, self._failures, self._told = ways, 0, ""

    def wait(self, error: StoreUnavailable) -> None:
        """Wait for a while, because of this."""
        if not self._ways.go_on():
            return
        if str(error) != self._told:
            self._ways.tell(f"{error} It is tried again.")
        self._told = str(error)
        self._ways.pause(PAUSES[min(self._failures, len(PAUSES) - 1)])
        self._failures += 1

    def well(self) -> None:
        """It was reached."""
        self._failures, self._told = 0, ""


def _once(follower: Follower, ways: Ways, waiting: Waiting, *, endless: bool) -> None:
    with closing(ways.connect()) as changes:
        for batch in _all(follower, changes, ways, endless=endless):
            ways.take(batch)
            waiting.well()


def _all(follower: Follower, changes: Changes, ways: Ways, *, endless: bool) -> Iterator[Batch]:
    while ways.go_on():
        for batch in follower.catch_up(changes):
            yield batch
            if not ways.go_on():
                return
        if not endless:
            return
        while ways.go_on() and not changes.wait(int(follower.after or 0), timeout=KEPT_ALIVE):
            continue
