"""One Delta Lake table on disk: written by one process, one atomic commit at a time.

Each commit carries the number of the line of the change feed up to which its rows are: as the version of the
application `bitsheet-tui` (Delta's `txn`, which outlives the log) and as `bitsheet_seq` in its metadata. The
log keeps no values of a row but those of its key: statistics are of the key alone. This module needs the
extra `lake`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Full, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from arro3.core import RecordBatch, RecordBatchReader, Schema, Table
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from bitsheet_tui.errors import StoreError, StoreFull, StoreUnavailable
from bitsheet_tui.text import plain

if TYPE_CHECKING:
    from arro3.core import DataType

APPLICATION = "bitsheet-tui"
SEQ = "bitsheet_seq"
FILE_BYTES = 16 * 2**20  # of a data file, compressed: a merge writes each anew that has a row of its own
ROW_GROUP = 20_000  # rows that a writer has in memory
SMALL_FILES = 32  # of less than a quarter of FILE_BYTES: more are joined
LOG = "_delta_log"
_FULL = re.compile(r"No space left|Disk quota|File too large|os error (?:28|122|27)\b")
_STAGED = re.compile(r"#\d+$")  # what object_store leaves of a file whose writer was killed
_WRITER = WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)


class Delta:
    """The table in a folder, which may not be there yet. Its methods raise StoreFull and StoreUnavailable."""

    def __init__(self, path: Path, *, retention: int) -> None:
        """`retention`: hours for which old versions stay readable."""
        self.path, self.retention = path, retention
        with _heeding(path):
            there = DeltaTable.is_deltatable(str(path))
            self._table = DeltaTable(str(path)) if there else None

    @property
    def seq(self) -> int | None:
        """The line up to which the newest version has the rows; None: there is no table."""
        if self._table is None:
            return None
        with _heeding(self.path):
            return self._table.transaction_version(APPLICATION) or 0

    @property
    def types(self) -> dict[str, DataType]:
        """What its columns hold, by name."""
        if self._table is None:
            return {}
        with _heeding(self.path):
            found = Schema.from_arrow(self._table.schema().to_arrow())
        return {name: found.field(name).type for name in found.names}

    def rewritten(self, column: str, values: Iterable[int | str]) -> int:
        """Bytes of the data files that a merge of rows with these values of a key writes anew, at most."""
        wanted = sorted(set(values))
        with _heeding(self.path):
            files = Table.from_arrow(self._open.get_add_actions(flatten=True))
        facts = (files[name].to_pylist() for name in ("size_bytes", f"min.{column}", f"max.{column}"))
        return sum(
            size
            for size, least, most in zip(*facts, strict=True)
            if least is None or bisect_left(wanted, least) < bisect_right(wanted, most)
        )

    def overwrite(
        self, seq: int, schema: Schema, batches: Iterable[RecordBatch], *, key: Sequence[str]
    ) -> None:
        """These rows instead of whatever is there, with these columns, a batch at a time in memory."""
        hours = f"interval {self.retention} hours"
        handed = _Handed()

        def write() -> None:
            write_deltalake(
                self._table or str(self.path),
                RecordBatchReader.from_batches(schema, handed),
                mode="overwrite",
                schema_mode="overwrite",
                name=self.path.name,
                configuration={
                    "delta.dataSkippingStatsColumns": ",".join(key),
                    "delta.logRetentionDuration": hours,
                    "delta.deletedFileRetentionDuration": hours,
                },
                target_file_size=FILE_BYTES,
                writer_properties=_WRITER,
                commit_properties=_commit(seq),
            )

        with _heeding(self.path):
            handed.over(batches, write)
            self._table = DeltaTable(str(self.path))

    def merge(self, seq: int, rows: RecordBatch, *, key: Sequence[str]) -> None:
        """The rows with these keys become these; columns that are new come with them."""
        with _heeding(self.path):
            self._open.merge(
                Table.from_batches([rows]),
                predicate=" AND ".join(f"target.{name} = source.{name}" for name in key),
                source_alias="source",
                target_alias="target",
                merge_schema=True,
                streamed_exec=False,  # the source is small, and its keys say which files there are to read
                writer_properties=_WRITER,
                commit_properties=_commit(seq),
            ).when_matched_update_all().when_not_matched_insert_all().execute()

    def add_columns(self, seq: int, schema: Schema) -> None:
        """Columns that are new, and no rows."""
        with _heeding(self.path):
            write_deltalake(
                self._open,
                RecordBatchReader.from_batches(schema, iter(())),
                mode="append",
                schema_mode="merge",
                commit_properties=_commit(seq),
            )

    def delete(self, keys: Collection[Sequence[int | str]], *, key: Sequence[str]) -> None:
        """No row with one of these keys; in older versions they are still."""
        wanted = (
            " AND ".join(f"{name} = {_literal(value)}" for name, value in zip(key, values, strict=True))
            for values in keys
        )
        with _heeding(self.path):
            self._open.delete(" OR ".join(f"({one})" for one in wanted), writer_properties=_WRITER)

    def compact(self, *, all_of_it: bool = False) -> None:
        """Join small files into larger ones where there are many of them."""
        if self._table is None:
            return
        with _heeding(self.path):
            sizes = [Path(file).stat().st_size for file in self._table.file_uris()]
            if sum(size < FILE_BYTES // 4 for size in sizes) > (1 if all_of_it else SMALL_FILES):
                self._table.optimize.compact(
                    target_size=FILE_BYTES,
                    max_concurrent_tasks=1,
                    writer_properties=_WRITER,
                    commit_properties=_commit(self.seq or 0),
                )

    def vacuum(self) -> None:
        """Delete the files that no version within the retention has."""
        if self._table is None:
            return
        with _heeding(self.path):
            self._table.vacuum(
                retention_hours=self.retention,
                enforce_retention_duration=False,
                dry_run=False,
                full=True,
                commit_properties=_commit(self.seq or 0),
            )

    def forget_versions(self) -> None:
        """Only the newest version is left: no other file, and nothing of them in the log."""
        with _heeding(self.path):
            table = self._open
            table.create_checkpoint()
            version = f"{table.version():020}"
            kept = {Path(file).resolve() for file in table.file_uris()}
            kept |= {
                (self.path / LOG / name).resolve()
                for name in (f"{version}.json", f"{version}.checkpoint.parquet", "_last_checkpoint")
            }
            for file in [*self.path.rglob("*")]:
                if file.is_file() and file.resolve() not in kept:
                    file.unlink()
            self._table = DeltaTable(str(self.path))

    def remove_staged(self) -> None:
        """Delete what a killed process had begun to write."""
        with _heeding(self.path):
            for file in [*self.path.rglob("*")]:
                if _STAGED.search(file.name) and file.is_file():
                    file.unlink()

    @property
    def _open(self) -> DeltaTable:
        if self._table is None:
            raise StoreUnavailable(f"There is no Delta table at {plain(self.path)}.")
        return self._table


class _Handed:
    """Batches that one thread makes and another one writes, one in hand: Rust asks for them from its own.

    What is read from the mirror is read by the thread that holds the snapshot, and by no other.
    """

    def __init__(self) -> None:
        self._batches: Queue[RecordBatch | Exception | None] = Queue(maxsize=1)
        self._failed: Exception | None = None

    def over(self, batches: Iterable[RecordBatch], write: Callable[[], None]) -> None:
        """Have them written; whatever goes wrong on either side ends both."""
        writer = Thread(target=self._write, args=(write,), name="delta", daemon=True)
        writer.start()
        try:
            for batch in batches:
                self._give(batch, writer)
            self._give(None, writer)
        except Exception as error:
            self._give(error, writer)
            writer.join()
            raise
        writer.join()
        if self._failed:
            raise self._failed

    def __iter__(self) -> Iterator[RecordBatch]:
        return self

    def __next__(self) -> RecordBatch:
        batch = self._batches.get()
        if batch is None:
            raise StopIteration
        if isinstance(batch, Exception):
            raise batch
        return batch

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - it is raised by whoever waits for this thread
            self._failed = error

    def _give(self, batch: RecordBatch | Exception | None, writer: Thread) -> None:
        while writer.is_alive() and not self._failed:
            with suppress(Full):
                self._batches.put(batch, timeout=0.2)
                return


@contextmanager
def _heeding(path: Path) -> Iterator[None]:
    """One meaning for each error."""
    try:
        yield
    except (DeltaError, OSError) as error:
        raise _meaning(path, error) from error


def _meaning(path: Path, error: Exception) -> StoreError:
    told = str(error)
    if _FULL.search(told):
        return StoreFull(f"No space is left for {plain(path)}.", "Make room: the last version is whole.")
    return StoreUnavailable(f"{plain(path)} cannot be kept current: {plain(told, 300)}")


def _commit(seq: int) -> CommitProperties:
    return CommitProperties(custom_metadata={SEQ: seq}, app_transactions=[Transaction(APPLICATION, seq)])


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
