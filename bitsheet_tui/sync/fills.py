"""Backfills: each its own task, next to the cycles, until every old row has been read."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from bitsheet_tui import events as e
from bitsheet_tui.errors import TABLE_TROUBLE, PortalError, Resting, StoreError, TableTrouble, TooLarge
from bitsheet_tui.sync import comments, rounds, streams
from bitsheet_tui.sync.audit import audit
from bitsheet_tui.sync.deletions import CompareJob, CountJob, comparable, settle_comments
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.jobs import CommentJob
from bitsheet_tui.sync.rhythm import COMPARISON
from bitsheet_tui.sync.runs import failure, note_comments, record
from bitsheet_tui.sync.streams import rest
from bitsheet_tui.tables import Paging, Table

COUNTS = "counts"  # what is under way under this name is no table's own

Work = Callable[[Table], Coroutine[Any, Any, None]]  # begun by the task, which may be cancelled before that


class Fills:
    """The backfills that are running. An error ends one of them; the next cycle starts it again."""

    def __init__(self, desk: Desk, alarm: Callable[[], None], ended: Callable[[], None]) -> None:
        self._desk = desk
        self._alarm = alarm  # called when one ends by anything but the portal's doing
        self._one_ended = ended  # called whenever one ends
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._counted: list[CountJob] = []  # answered, and not seen to yet
        self.failed: dict[str, TableTrouble] = {}

    def running(self, name: str) -> bool:
        """Whether the table's backfill is under way."""
        task = self._tasks.get(name)
        return task is not None and not task.done()

    def start(self, table: Table) -> None:
        """Begin or go on with the table's backfill, unless it is under way."""
        if not self.running(table.name) and table.name not in self._desk.disabled:
            if self._desk.in_flight.begin():
                self._desk.portal.follow()
            self._begin(table, self._comments if table.paging is Paging.COMMENTS else self._rows, "fill")

    def compare(self, table: Table) -> None:
        """Begin to compare the table with the portal, unless something else is under way with it."""
        if not self.running(table.name):
            self._begin(table, self._compare, "reconcile")

    def count(self, counts: Sequence[CountJob]) -> None:
        """Ask for these counts next to the cycles, in one request; later `counted` has them."""
        task = asyncio.get_running_loop().create_task(self._count(counts), name=COUNTS)
        task.add_done_callback(self._ended)
        self._tasks[COUNTS] = task

    def counted(self) -> list[CountJob]:
        """The counts that were answered since the last time."""
        counted, self._counted = self._counted, []
        return counted

    def audit(self, table: Table) -> "asyncio.Task[bool] | None":
        """Begin to audit the table in one go; None: something else is under way with it."""
        if self.running(table.name):
            return None
        return self._begin(table, self._audit, "audit")

    def _begin(self, table: Table, work: Work, kind: str) -> "asyncio.Task[bool]":
        self.failed.pop(table.name, None)
        task = asyncio.get_running_loop().create_task(self._guard(table, work, kind), name=table.name)
        task.add_done_callback(self._ended)
        self._tasks[table.name] = task
        return task

    @property
    def quiet(self) -> bool:
        """Whether none is under way."""
        return all(task.done() for task in self._tasks.values())

    async def wait(self) -> None:
        """Until none is running. Raises what ended one of them and is not the portal's doing."""
        while running := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            self.check()
        self.check()

    def check(self) -> None:
        """Raise what ended a backfill and is trouble with the store or a bug; a bug before trouble.

        All that ended meanwhile are forgotten: they died of the same trouble, which is told once.
        """
        errors: list[BaseException] = []
        for name, task in list(self._tasks.items()):
            if task.done() and not task.cancelled() and (error := task.exception()):
                del self._tasks[name]
                errors.append(error)
        for error in sorted(errors, key=lambda error: isinstance(error, StoreError)):
            raise error

    async def cancel(self, *names: str) -> None:
        """Abandon these backfills, or all; what was committed stays and is gone on from."""
        found = [self._tasks.pop(name, None) for name in names or tuple(self._tasks)]
        running = [task for task in found if task and not task.done()]
        for task in running:  # all, before any is waited for: comments take the end of tasks for their own
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._desk.stir()
        if self.quiet:  # it was given up, or died of a store that is told of
            with suppress(StoreError):
                self._desk.in_flight.end()
        if not task.cancelled() and task.exception():
            self._alarm()
        self._one_ended()

    async def _guard(self, table: Table, work: Work, kind: str) -> bool:
        """Do the work and tell of it; whether it came to its end."""
        whole = await self._tell(table, work, kind)
        if all(task.done() for name, task in self._tasks.items() if name != table.name):
            self._desk.in_flight.end()
        return whole

    async def _tell(self, table: Table, work: Work, kind: str) -> bool:
        began, at = monotonic(), now()
        try:
            await work(table)
        except TABLE_TROUBLE as error:
            whole = isinstance(error, PortalError) and self.failed.get(table.name) is not error
            self.failed[table.name] = error
            self._desk.say(failure(table, error, whole=whole))
            record(self._desk, table, kind=kind, at=at, seconds=monotonic() - began, error=error)
            return False
        else:
            seconds = monotonic() - began
            if kind == "fill":
                watermark = self._desk.checkpoint(table).watermark
                self._desk.say(e.FillEnded(table=table.name, at=now(), seconds=seconds, watermark=watermark))
            record(self._desk, table, kind=kind, at=at, seconds=seconds)
            rhythm = self._desk.rhythm
            if kind == "reconcile" and (job := rhythm.paid(COMPARISON, {table.name})):
                rhythm.keep(job)
            return True

    async def _rows(self, table: Table) -> None:
        self._own(table, await streams.fill(self._desk, table))
        first = comparable(self._desk, table) and not self._desk.reconcile(table).cycle
        if self._desk.reconcile(table).due or (first and await self._counted_otherwise(table)):
            await self._compare(table)

    async def _counted_otherwise(self, table: Table) -> bool:
        """Whether the portal counts other rows than a first backfill has found.

        One request. Where the method rests it is left to the next cycle.
        """
        count = CountJob(self._desk, table)
        await rounds.run(self._desk, [count])
        if isinstance(count.error, TooLarge):
            return True  # smaller ranges can be counted
        if not isinstance(count.error, Resting):
            self._own(table, count.error)
        return count.differs

    async def _count(self, counts: Sequence[CountJob]) -> bool:
        with suppress(PortalError):  # of what concerns all, the cycle is the one to report it
            await rounds.count(self._desk, counts)
            self._counted += counts
            return True
        return False

    async def _compare(self, table: Table) -> None:
        job = CompareJob(self._desk, table)
        self._desk.unsettled[table.name] = self._desk.full  # until it has come to its end
        try:
            while not job.done:
                await rest(self._desk, table, table.method)
                job.error, job.complete = None, False
                await rounds.run(self._desk, [job])
                if not isinstance(job.error, Resting):
                    self._own(table, job.error)
        finally:
            self._desk.returning.pop(table.name, None)

    async def _audit(self, table: Table) -> None:
        """Every share that is owed since the last one, until none is."""
        while True:
            await rest(self._desk, table, table.method)
            job = audit(self._desk, table, whole=True)
            if not job.owed:
                return
            await rounds.run(self._desk, [job])
            if not isinstance(job.error, Resting):
                self._own(table, job.error)

    async def _comments(self, table: Table) -> None:
        parent = table.parent.table if table.parent else ""
        self._own(table, await comments.fill(self._desk, table, lambda: self.running(parent)))
        await self._last_look(table)
        note_comments(self._desk, table)
        settle_comments(self._desk, table)

    async def _last_look(self, table: Table) -> None:
        """Read once more the discussions in which something happened shortly before they were read."""
        job = CommentJob(self._desk, table)
        await rounds.run(self._desk, [job])
        if not isinstance(job.error, Resting):
            self._own(table, job.error)

    def _own(self, table: Table, error: TableTrouble | None) -> None:
        """Raise an error that is the table's own; what else is raised concerns all."""
        if error:
            self.failed[table.name] = error
            raise error
