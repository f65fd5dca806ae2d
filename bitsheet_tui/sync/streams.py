"""The streams of one table's backfill: each sends request after request until nothing is left to read."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from bitsheet_tui import events as e
from bitsheet_tui.errors import TABLE_TROUBLE, Resting, TableTrouble, TooLarge
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.sync.backfill import Backfill, Errand, unread
from bitsheet_tui.sync.describing import widen
from bitsheet_tui.sync.desk import Desk, Progress, now
from bitsheet_tui.sync.in_flight import SHORT
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.tables import Table

NAP = 0.5  # seconds between looks at a budget that only waits for answers on their way


class Failed(Exception):
    """An error of this table alone ends its backfill."""

    def __init__(self, error: TableTrouble) -> None:
        super().__init__(str(error))
        self.error = error


async def fill(desk: Desk, table: Table) -> TableTrouble | None:
    """Read every row that the table's checkpoint has left unread; returns what is wrong with the table.

    Raises PortalError for what concerns all tables.
    """
    done = desk.store.count_ids(table)
    desk.say(e.FillStarted(table=table.name, at=now(), expected=None, done=done))
    while filling(table, desk.checkpoint(table)):
        left = unread(desk.checkpoint(table))
        backfill = Backfill(table, left, desk.chained(table), desk.streams)
        desk.backfills[table.name] = backfill
        try:
            streams = Streams(desk, table, backfill, done)
            await together(streams.run() for _ in range(desk.streams))
            done = streams.done
            desk.unjudged.add(table.name)  # now that every value is there
            widen(desk, table)
        except Failed as failed:
            return failed.error
        finally:
            if desk.backfills.get(table.name) is backfill:
                del desk.backfills[table.name]
    return None


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all of them; the first error ends the others and is raised."""
    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Streams:
    """What the streams of one backfill share."""

    def __init__(self, desk: Desk, table: Table, backfill: Backfill, done: int) -> None:
        self._desk, self._table, self._backfill = desk, table, backfill
        self._back = asyncio.Event()  # set when an errand has come back
        self.done = done  # rows in the mirror

    async def run(self) -> None:
        """One stream, until nothing is left or the backfill has begun anew."""
        desk, method = self._desk, self._table.method
        while self._current:
            await desk.moving.wait()
            await rest(desk, self._table, method)
            async with desk.tickets.turn(urgent=self._table.name in desk.parents):
                most = await desk.in_flight.room(self._most(), desk.portal.seconds_per_command(method))
                if not (desk.moving.is_set() and desk.portal.affords(method) and self._current):
                    continue
                errand = self._errand(most)
                if errand:
                    await self._send(errand)
                    continue
            if not self._backfill.waits:
                return
            self._back.clear()
            await self._back.wait()

    @property
    def _current(self) -> bool:
        return self._desk.backfills.get(self._table.name) is self._backfill and bool(self._backfill.left)

    def _most(self) -> int:
        """How many pages one request may have."""
        desk, room = self._desk, self._desk.portal.room(self._table.method)
        return min(desk.room, desk.fits(self._table, min(desk.seconds, room)))

    def _errand(self, most: int) -> Errand | None:
        desk, most = self._desk, min(most, self._most())
        self._backfill.chained = desk.chained(self._table)
        return self._backfill.errand(most, min(most, desk.commands(self._table.method, SHORT)))

    async def _send(self, errand: Errand) -> None:
        """One request, and the commit of what it brought. A method that rests is no error here."""
        desk, pages, rows = self._desk, len(errand.asks), 0
        desk.in_flight.asked(pages)
        try:
            answers = await desk.ask(errand.asks, (self._table,), urgent=False)
            if self._current:
                rows = self._store(errand, answers)
        except TooLarge as error:
            if not desk.divisible(errand.asks):
                raise Failed(error) from error
        finally:
            desk.in_flight.answered(pages, rows)
            self._backfill.give_back(errand)
            self._back.set()

    def _store(self, errand: Errand, answers: Any) -> int:
        """How many rows it brought."""
        try:
            return self._take(errand, answers)
        except TABLE_TROUBLE as error:
            raise Failed(error) from error

    def _take(self, errand: Errand, answers: Any) -> int:
        desk, table = self._desk, self._table
        step = self._backfill.take(errand, answers, desk.checkpoint(table))
        if step.broken:
            desk.unchained.add(table.name)
        self.done += len(step.rows)
        left = self._backfill.rows_left
        progress = Progress(self.done, self.done + left, desk.lasts(table.method, left / PAGE))
        desk.commit(table, step.rows, step.checkpoint, progress)
        widen(desk, table)
        if step.error and not isinstance(step.error, Resting):
            raise Failed(step.error)
        return len(step.rows)


async def rest(desk: Desk, table: Table, method: str) -> None:
    """Wait while the method has used what a backfill may use of its time; cycles go on meanwhile."""
    while not desk.portal.affords(method):
        until = desk.portal.opens(method)
        if until is None:  # what is on its way will have used it up, or not
            await asyncio.sleep(NAP)
            continue
        desk.say(
            e.TableFailed(
                table=table.name, at=now(), reason=None, until=until,
                text="the portal's time budget for this method is used up",
                hint="Nothing to do: it resumes by itself.",
            )
        )  # fmt: skip
        await asyncio.sleep(max(NAP, (until - now()).total_seconds()))
