"""Reads tables once more: all of it, or what changed since a day. What they hold stays readable."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone

from msgspec.structs import replace

from bitsheet_tui.fields import Field
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.backfill import again
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.fills import Fills
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.tables import Paging, Table

# nobody knows the portal's zone before it was asked; no day begins earlier anywhere than here
EARLIEST = timezone(timedelta(hours=14))


class Again:
    """Sets checkpoints back, so that the next cycle reads what is wanted."""

    def __init__(self, desk: Desk, fills: Fills) -> None:
        self._desk = desk
        self._fills = fills
        # the fields of tables that were complete when they began to be read once more
        self._complete: dict[str, tuple[Field, ...] | None] = {}

    async def begin(self, names: Iterable[str], since: date | None = None) -> None:
        """Let these tables be read again."""
        await self._fills.cancel(*names)
        for name in names:
            table = self._desk.table(name)
            async with self._desk.holding({name}):
                if since is None:
                    self._restart(table)
                else:
                    self._rewind(table, datetime.combine(since, time(), EARLIEST).astimezone(UTC))

    def under_way(self, names: Collection[str] = ()) -> tuple[str, ...]:
        """Of these tables, or of all, those that were complete and are read once more.

        One that has other columns by now has to be read for them, too.
        """
        desk = self._desk
        return tuple(
            name
            for name, fields in self._complete.items()
            if filling(desk.table(name), desk.checkpoint(desk.table(name)))
            and fields == desk.fields.get(name)
            and (not names or name in names)
        )

    async def give_up(self, names: Iterable[str]) -> None:
        """Let these tables be complete again: every row was read before, and scans went on meanwhile."""
        await self._fills.cancel(*names)
        for name in names:
            table = self._desk.table(name)
            async with self._desk.holding({name}):
                if name in self.under_way((name,)):
                    self._desk.keep(replace(self._desk.checkpoint(table), floor=0, unread=()))

    def confirm(self, name: str) -> None:
        """What is held of this table may be marked, once it has been compared again."""
        found = self._desk.reconcile(self._desk.table(name))
        if found.held:
            self._desk.note(replace(found, confirmed=found.held, due=True))

    def _restart(self, table: Table) -> None:
        """All of it, changes included; in the end it is compared."""
        desk = self._desk
        before = desk.checkpoint(table)
        desk.recall()
        desk.splitter.forget(table)
        if table.paging is Paging.KEYSET and before.floor == 0:
            self._complete[table.name] = desk.fields.get(table.name)
        desk.store.forget_nameless(table)
        desk.keep(again(Checkpoint(table=table.name, watermark=before.watermark, reach=before.reach)))
        if table.paging is Paging.KEYSET:
            desk.note(replace(desk.reconcile(table), due=True))
        if table.paging is Paging.COMMENTS:
            desk.store.reread_discussions()
            desk.store.reconciles.bury_orphans(table, at=now(), cycle=desk.cycle)

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
