"""Keeps a folder of Delta Lake tables current from the change feed: one table for each of the mirror.

A batch is what the feed has told since the last one. The feed says which rows are touched; what they are is
read from one snapshot of the mirror, so that every table is what the mirror was at that snapshot's line,
whatever happened to its columns meanwhile. Each table is one atomic commit with the number of that line:

* a few rows are merged by their key, with the columns that are new;
* a table that is new, was filled for the first time, has a column of another type, or has too many touched
  rows, is overwritten from the snapshot, which is streamed.

A killed process goes on from what the tables themselves say: a line that a table has is not applied again.
The folder's own file says up to which line all of them are, which is where the feed is read from. What has to
be erased is erased before that moves, so a killed erasure is done again.

Rows that are forgotten, and fields that are redacted, leave no byte: the newest version is made without them,
and every older one is deleted with its log.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
from arro3.core import RecordBatch
from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import (
    LinesGone,
    MirrorHeld,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnavailable,
    UsageError,
)
from bitsheet_tui.feed import arrow_batches
from bitsheet_tui.feed.arrow_batches import Misfit
from bitsheet_tui.feed.delta import Delta
from bitsheet_tui.fields import Kind
from bitsheet_tui.store.changes import (
    CONTACT_POINTS,
    POINT_COLUMNS,
    TABLES,
    Changes,
    Column,
    Line,
    Snapshot,
)
from bitsheet_tui.store.cursors import Cursors
from bitsheet_tui.store.database import Row
from bitsheet_tui.store.feed import Op
from bitsheet_tui.store.lock import FileLock
from bitsheet_tui.text import plain

STATE, LOCK = "bitsheet-lake.json", "bitsheet-lake.lock"
FORMAT = 1
LINES = 1000  # of the feed, read at once
MOST = 20_000  # rows of a table that are merged: more are read from the snapshot, with all others
MERGED = 64 * 2**20  # bytes of data files that a merge may write anew: it takes twelve times that of memory
ROWS = 2000  # of a batch of the snapshot
KEYS = 500  # rows of the snapshot that are read by key at once
HOUR, DAY = 3600.0, 86_400.0
AGAIN = 10.0  # seconds after which a batch is tried again that failed
Say = Callable[[str], None]


class Stopped(Exception):
    """The process is to end: nothing that is not committed is kept."""


class Position(Struct, kw_only=True):
    """What the folder's own file says."""

    format: int = FORMAT
    id: str  # of the lake, which its cursor is named after
    # from which line on the feed is still to be read: every table that is there has all before it; None: the
    # first batch has not begun
    seq: int | None = None
    mark: tuple[str, int, str] | None = None  # of that line: when, in which cycle and in which table
    tended_at: float = 0.0  # when files were joined and deleted last, seconds since 1970


class Touched(Struct):
    """What the feed tells of one table: each row with its newest line."""

    rows: dict[str, int] = field(default_factory=dict)
    whole: int = 0  # the line after which every row is to be read; 0: none
    erase: bool = False  # whether what was there before has to go for good

    def add(self, line: Line) -> None:
        """Take in one more line."""
        if line.row_id is None:
            phase = _phase(line)
            self.whole = self.whole if phase == "begin" else line.seq
            self.erase |= phase == "redacted"
            return
        self.erase |= line.op is Op.DELETE and line.before is None and b"forgotten" in (line.after or b"")
        self.rows[line.row_id] = line.seq
        if len(self.rows) > MOST:
            self.whole = line.seq
            self.rows.clear()

    def since(self, seq: int) -> Touched:
        """What a table still lacks that has every line up to `seq`."""
        return Touched(
            rows={row_id: line for row_id, line in self.rows.items() if line > seq},
            whole=self.whole if self.whole > seq else 0,
            erase=self.erase,
        )


def _phase(line: Line) -> str:
    return str(msgspec.json.decode(line.after or b"{}", type=dict[str, Any]).get("phase", ""))


class Folder:
    """The folder of a lake, which this process has for itself until `close`."""

    def __init__(self, path: Path) -> None:
        """Makes it where it is not there. Raises UsageError, MirrorHeld, StoreFull, StoreUnavailable."""
        self.path = path.absolute()
        self._lock = FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            others = {entry.name for entry in self.path.iterdir()} - {LOCK, f"{STATE}.new", "lost+found"}
            if others and STATE not in others:
                raise UsageError(f"{plain(path)} holds something else", "name a new folder, or an empty one")
            self._take()
            self.position = self._load()
        except OSError as error:
            raise self._meaning(error) from error

    @property
    def cursor(self) -> str:
        """The name of its cursor in the mirror."""
        return f"lake-{self.position.id}"

    def close(self) -> None:
        """Let others have it."""
        self._lock.release()

    def save(self, position: Position) -> None:
        """Whole or not at all."""
        new = self.path / f"{STATE}.new"
        try:
            with new.open("wb") as file:
                file.write(msgspec.json.encode(position))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path / STATE)
        except OSError as error:
            raise self._meaning(error) from error
        self.position = position

    def _take(self) -> None:
        try:
            self._lock.take()
        except MirrorHeld:
            hint = "end that one first, or name another folder"
            raise MirrorHeld(f"another process keeps the lake {plain(self.path)} current", hint) from None

    def _load(self) -> Position:
        file = self.path / STATE
        if not file.exists():
            position = Position(id=secrets.token_hex(4), tended_at=time.time())
            self.save(position)
            return position
        try:
            found = msgspec.json.decode(file.read_bytes(), type=Position)
        except msgspec.MsgspecError:
            found = None
        if found is None or found.format != FORMAT:
            raise StoreDamaged(
                f"{plain(file)} is not what it should be.", "Remove the folder, and begin anew."
            )
        return found

    def _meaning(self, error: OSError) -> StoreError | UsageError:
        why = os.strerror(error.errno) if error.errno else str(error)
        if isinstance(error, FileExistsError | NotADirectoryError):
            return UsageError(
                f"{plain(self.path)} is no folder", "name one that is, or that is not there yet"
            )
        kind = StoreFull if "space" in why or "quota" in why else StoreUnavailable
        return kind(f"The lake {plain(self.path)} cannot be written: {why}.")


class Mirrored(Struct, frozen=True):
    """A table as one snapshot has it, and what the feed tells of it."""

    name: str
    columns: Sequence[Column]
    touched: Touched
    pages: Callable[[], Iterator[list[Row]]]
    read: Callable[[Sequence[str]], list[Row]]  # of what `touched.rows` names

    @property
    def key(self) -> list[str]:
        """The names of its key."""
        return [column.name for column in self.columns if column.key]

    def absent(self, row_ids: Iterable[str], found: Iterable[Row]) -> list[list[int | str]]:
        """The keys of these that are not among the rows which were read for them: they have been erased."""
        if self.name == CONTACT_POINTS:  # which is touched by its owners, and read whole where one is erased
            return []
        width = len(self.key)
        there = {":".join(map(str, row[:width])) for row in found}
        return [self._typed(row_id) for row_id in row_ids if row_id not in there]

    def located(self, row_ids: Sequence[str]) -> tuple[str, list[int | str]]:
        """A column of the key, and its values in these rows."""
        if self.name == CONTACT_POINTS:
            return "owner_id", [int(owner.partition(":")[2]) for owner in row_ids]
        return self.key[-1], [self._typed(row_id)[-1] for row_id in row_ids]

    def _typed(self, row_id: str) -> list[int | str]:
        kinds = [column.kind for column in self.columns if column.key]
        parts = row_id.split(":", len(kinds) - 1)
        return [part if kind is Kind.TEXT else int(part) for part, kind in zip(parts, kinds, strict=True)]


def mirrored(snapshot: Snapshot, touched: Mapping[str, Touched]) -> Iterator[Mirrored]:
    """The tables whose first filling has ended, and the contact points of their rows."""
    owners = []
    for name in snapshot.tables():
        if snapshot.filling(name):
            continue
        owners += [name] if TABLES[name].contacts else []
        yield Mirrored(
            name=name,
            columns=snapshot.columns(name),
            touched=touched.get(name, Touched()),
            pages=partial(snapshot.pages, name, size=ROWS),
            read=partial(snapshot.rows, name),
        )
    if owners:
        yield Mirrored(
            name=CONTACT_POINTS,
            columns=POINT_COLUMNS,
            touched=of_owners({owner: touched[owner] for owner in owners if owner in touched}),
            pages=partial(snapshot.points, owners, size=ROWS),
            read=snapshot.points_of,
        )


def _mark(snapshot: Snapshot, seq: int) -> tuple[str, int, str] | None:
    """What tells this line from the one with the same number in another mirror; None: it is not kept."""
    for line in snapshot.lines(seq - 1, limit=1):
        if line.seq == seq:
            return line.at.isoformat(), line.cycle, line.table
    return None


def of_owners(touched: Mapping[str, Touched]) -> Touched:
    """What the lines of rows with contact points tell of those, which have none of their own. Pure."""
    found = Touched()
    for owner, one in touched.items():
        newest = max(one.rows.values(), default=0)
        found.whole = max(found.whole, one.whole, newest if one.erase or len(one.rows) > MOST // 4 else 0)
        found.erase |= one.erase
        found.rows.update({f"{owner}:{row_id}": seq for row_id, seq in one.rows.items()})
    return found


class Lake:
    """A lake and the mirror that it follows; the folder and the cursors are the caller's to close."""

    def __init__(
        self,
        changes: Changes,
        folder: Folder,
        *,
        retention: int,
        say: Say,
        cursors: Cursors | None = None,
        again: Callable[[], tuple[Changes, Cursors | None]] | None = None,
    ) -> None:
        """`retention`: hours for which old versions stay readable. `cursors`: None where none can be kept.

        `again` opens the mirror once more, where it was lost.
        """
        self._changes, self._folder, self._say = changes, folder, say
        self._retention = retention
        self._cursors = cursors
        self._again = again
        self._stop = Event()
        self._told = ""

    @property
    def seq(self) -> int | None:
        """The line from which on the feed is still to be read; None: nothing has begun."""
        return self._folder.position.seq

    def stop(self) -> None:
        """End soon, between two commits; from any thread and from a signal handler."""
        self._stop.set()
        self._changes.interrupt()

    def close(self) -> None:
        """End the connection to the mirror."""
        self._changes.close()

    def run(self, *, every: float) -> None:
        """Batch after batch, `every` seconds apart at least, until `stop`.

        What goes wrong in the first one is raised; later it is told, and tried again.
        """
        began = time.monotonic()
        self.once()
        while not self._stop.wait(max(0.0, began + every - time.monotonic())):
            try:
                if self._changes.wait(self.seq or 0, timeout=HOUR) or self._is_due():
                    began = time.monotonic()
                    self.once()
                    self._told = ""
            except (StoreDamaged, LinesGone):
                raise
            except StoreError as error:
                self._lost(error)

    def once(self) -> None:
        """One batch: every table becomes what the mirror is now. After `stop` nothing more is committed."""
        try:
            self._catch_up()
        except (Stopped, StoreError):
            if not self._stop.is_set():
                raise

    def _lost(self, error: StoreError) -> None:
        """Say it once, and open the mirror again a little later: it may be another file by then."""
        if self._stop.is_set():
            return
        if str(error) != self._told:
            self._told = str(error)
            self._say(f"{error} It is tried again every {AGAIN:.0f} seconds.")
        self._stop.wait(AGAIN)
        if self._again and not self._stop.is_set():
            if self._cursors:
                self._cursors.close()  # so that it can be taken again
            try:
                fresh, self._cursors = self._again()
            except StoreError:  # the next turn finds out what is wrong
                return
            self._changes.close()
            self._changes = fresh

    def _catch_up(self) -> None:
        began, told = time.monotonic(), []
        with self._changes.snapshot() as snapshot:
            seq = snapshot.seq
            mark = _mark(snapshot, seq)
            if self.seq is None:  # were the first batch killed, these are the lines that whole tables lack
                self._keep(seq, mark)
            touched = self._touched(snapshot, self.seq or seq)
            for table in mirrored(snapshot, touched):
                self._check()
                if did := self._bring(seq, table):
                    told.append(f"{table.name} {did}")
        if seq != self.seq:
            self._keep(seq, mark)
        if told:
            self._say(f"line {seq}: {', '.join(told)}; {time.monotonic() - began:.1f} s")
        if self._is_due():
            self._tend()

    def _touched(self, snapshot: Snapshot, after: int) -> dict[str, Touched]:
        """What the lines since then tell, by table. Raises LinesGone where they are another mirror's."""
        mark, kept = _mark(snapshot, after), self._folder.position.mark
        if after > snapshot.seq or (mark and kept and mark != kept):
            raise LinesGone(
                f"The lake {plain(self._folder.path)} is not of {self._changes.label}, or of a newer state"
                " of it.",
                "Name another folder, or remove this one to begin anew.",
            )
        try:
            snapshot.expect(after)
        except LinesGone as error:
            self._say(f"{error} Every table is read anew.")
            return {name: Touched(whole=snapshot.seq, erase=True) for name in TABLES}
        found: dict[str, Touched] = {}
        while lines := snapshot.lines(after, limit=LINES):
            for line in lines:
                found.setdefault(line.table, Touched()).add(line)
            after = lines[-1].seq
            self._check()
        return found

    def _bring(self, seq: int, table: Mirrored) -> str:
        """One table becomes what the snapshot has; what was done, in words."""
        delta = Delta(self._folder.path / table.name, retention=self._retention)
        there, types = delta.seq, delta.types
        todo = table.touched.since(there or 0)
        wanted = arrow_batches.types(table.columns, spelt=arrow_batches.spelt(table.columns, types))
        did = ""
        if there is None or todo.whole or any(wanted.get(name) != type_ for name, type_ in types.items()):
            did = self._overwrite(seq, delta, table)
        elif todo.rows:
            did = self._merge(seq, delta, table, [*todo.rows])
        elif wanted.keys() - types.keys():
            delta.add_columns(seq, arrow_batches.schema(wanted))
            did = "has new columns"
        if table.touched.erase:
            delta.forget_versions()
            did += ", older versions erased"
        elif did:
            delta.compact()
        return did

    def _overwrite(self, seq: int, delta: Delta, table: Mirrored) -> str:
        spelt = arrow_batches.spelt(table.columns, delta.types)
        count = 0

        def batches() -> Iterator[RecordBatch]:
            nonlocal count
            count = 0
            for page in table.pages():
                self._check()
                yield arrow_batches.batch(table.columns, page, spelt)
                count += len(page)

        while True:
            schema = arrow_batches.schema(arrow_batches.types(table.columns, spelt))
            try:
                delta.overwrite(seq, schema, batches(), key=table.key)
            except Misfit as found:
                spelt |= {found.column}
            else:
                return f"{count} rows, read whole"

    def _merge(self, seq: int, delta: Delta, table: Mirrored, row_ids: Sequence[str]) -> str:
        if delta.rewritten(*table.located(row_ids)) > MERGED:
            return self._overwrite(seq, delta, table)
        rows: list[Row] = []
        for start in range(0, len(row_ids), KEYS):
            self._check()
            rows += table.read(row_ids[start : start + KEYS])
        try:
            batch = arrow_batches.batch(table.columns, rows, arrow_batches.spelt(table.columns, delta.types))
        except Misfit:
            return self._overwrite(seq, delta, table)
        self._check()
        if gone := table.absent(row_ids, rows):
            delta.delete(gone, key=table.key)
        delta.merge(seq, batch, key=table.key)
        return f"{len(rows)} rows" + (f", {len(gone)} erased" if gone else "")

    def _keep(self, seq: int, mark: tuple[str, int, str] | None) -> None:
        self._folder.save(replace(self._folder.position, seq=seq, mark=mark))
        if self._cursors:
            try:
                self._cursors.move(self._folder.cursor, seq, description=f"lake {self._folder.path}")
            except StoreError as error:  # then the feed is kept for longer than need be
                self._say(f"the lake's cursor in the mirror stays where it is: {error}")

    def _is_due(self) -> bool:
        return time.time() - self._folder.position.tended_at > DAY

    def _tend(self) -> None:
        """Join small files and delete what no version within the retention has, once a day."""
        for folder in sorted(self._folder.path.iterdir()):
            if folder.is_dir():
                self._check()
                delta = Delta(folder, retention=self._retention)
                delta.compact(all_of_it=True)
                delta.vacuum()
        self._folder.save(replace(self._folder.position, tended_at=time.time()))

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped
