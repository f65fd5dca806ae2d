"""Reads tables once more: all of it, or what changed since a day. What they hold stays readable."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time

from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.backfill import again
from bitsheet_tui.sync.desk import Desk
from bitsheet_tui.sync.fills import Fills
from bitsheet_tui.tables import Paging, Table


class Again:
    """Sets checkpoints back, so that the next cycle reads what is wanted."""

    def __init__(self, desk: Desk, fills: Fills) -> None:
        self._desk = desk
        self._fills = fills

    async def begin(self, names: Iterable[str], since: date | None = None) -> None:
        """Let these tables be read again."""
        await self._fills.cancel(*names)
        for name in names:
            table = self._desk.table(name)
            async with self._desk.holding({name}):
                if since is None:
                    self._restart(table)
                else:
                    self._rewind(table, datetime.combine(since, time(), UTC))

    def _restart(self, table: Table) -> None:
        """All of it, changes included; in the end it is compared."""
        desk = self._desk
        before = desk.checkpoint(table)
        desk.keep(again(Checkpoint(table=table.name, watermark=before.watermark, reach=before.reach)))
        if table.paging is Paging.KEYSET:
            desk.note(replace(desk.reconcile(table), due=True))
        if table.paging is Paging.COMMENTS:
            desk.store.reread_discussions()

    def _rewind(self, table: Table, since: datetime) -> None:
        """Let the next scan begin its windows there: it reads more than it has to, and loses nothing.

        A table without cursors is read whole in any case. What was never read has nothing to go back to.
        """
        desk = self._desk
        before = desk.checkpoint(table)
        if table.paging is Paging.COMMENTS:
            desk.store.reread_discussions(since)
        elif before.watermark and since < before.watermark:
            desk.keep(replace(before, watermark=since, scan_started=None, top=None, progress={}))
