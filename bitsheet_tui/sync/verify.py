"""Compares the mirror with the portal and says how they differ; changes nothing.

First the ids, as a reconciliation finds them (`reconcile.py`), then the fields of some rows, or of all. Both
sides go on moving meanwhile: rows above the reach, and rows that changed on the portal since the mirror's
last scan, are no difference, and what differs is looked at once more before it is told.
"""

import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import PortalError, Refused, Unreachable
from bitsheet_tui.portal import selftest
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.counting import some, those
from bitsheet_tui.portal.listing import PAGE, Window, chain, offset_page, page_rows, read, row_id
from bitsheet_tui.portal.rows import clean
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.store.census import ALL
from bitsheet_tui.store.comparing import Difference
from bitsheet_tui.store.quarantine import Waiting
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.deletions import Mine
from bitsheet_tui.sync.desk import REQUEST_SECONDS, ROOM
from bitsheet_tui.sync.reconcile import Comparison
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.sync.verify_comments import CommentCheck
from bitsheet_tui.tables import Paging, Table
from bitsheet_tui.text import plain

SAMPLE = 500  # rows of a table
DISCUSSIONS = 100
SHOWN = 8  # ids in a verdict
Rows = list[Mapping[str, Any]]


class Verdict(Struct, kw_only=True):
    """What was found of one table."""

    table: str
    rows: int = 0  # in the mirror
    found: Difference = field(default_factory=Difference)
    held: int = 0
    waiting: Waiting = Waiting()  # what of the table waits in quarantine, and is no difference
    trouble: str = ""  # why there is no verdict
    unseen_chats: int = 0  # that the portal does not show whole: what it leaves out nobody can see

    @property
    def equal(self) -> bool:
        """Whether the mirror is what the portal is."""
        return not self.found and not self.trouble

    def line(self) -> str:
        """`deals: 30,355 rows, equal`, or how many differ, and which."""
        start = f"{self.table}: {self.rows:,} rows"
        if self.trouble:
            return f"{start}, not verified: {plain(self.trouble, 300)}"
        chats = "chat is" if self.unseen_chats == 1 else "chats are"
        unseen = f"; {self.unseen_chats:,} {chats} not shown whole" if self.unseen_chats else ""
        if self.equal:
            return f"{start}, equal{unseen}{self._aside}"
        kinds = (("missing", self.found.missing), ("gone", self.found.gone), ("changed", self.found.changed))
        parts = [f"{len(ids):,} {kind}" for kind, ids in kinds if ids]
        names = [name for _, ids in kinds for name in sorted(ids, key=_by_number)]
        more = ", …" if len(names) > SHOWN else ""
        held = f"; {self.held:,} deletions are held" if self.held else ""
        tail = f"{held}{unseen}{self._aside}"
        return f"{start}, differs: {', '.join(parts)}: {', '.join(names[:SHOWN])}{more}{tail}"

    @property
    def _aside(self) -> str:
        told = ((self.waiting.rows, "row"), (self.waiting.values, "value"))
        parts = [f"{number:,} {noun if number == 1 else f'{noun}s'}" for number, noun in told if number]
        return f"; not compared: {' and '.join(parts)} in quarantine" if parts else ""


def _by_number(name: str) -> tuple[str, int]:
    source, _, number = name.rpartition(":")
    return source, int(number)


async def verify(
    portal: Portal, store: Store, tables: Sequence[Table], *, full: bool
) -> AsyncIterator[Verdict]:
    """A verdict for each table. Raises Refused and Unreachable, and StoreError."""
    profile = selftest.judge(tables, await portal.batch(selftest.asks(tables)), datetime.now(UTC))
    for table in tables:
        yield await _verdict(_Look(portal, store, table, profile, full=full))


async def _verdict(look: "_Look") -> Verdict:
    table, store = look.table, look.store
    waiting = store.count_quarantined().get(table.name, Waiting())
    verdict = Verdict(table=table.name, held=store.reconciles.load(table.name).held, waiting=waiting)
    if table.name not in store.shapes() or store.checkpoint(table.name).watermark is None:
        verdict.trouble = "it was not read yet"
        return verdict
    verdict.rows = store.count_ids(table)
    if filling(table, store.checkpoint(table.name)):
        verdict.trouble = "it is being read"
    elif error := look.profile.faults.get(table.name):
        verdict.trouble = str(error)
    else:
        try:
            verdict.found = await look.difference()
            verdict.unseen_chats = len(look.comments.unseen) if look.comments else 0
        except (Refused, Unreachable):
            raise
        except PortalError as error:
            verdict.trouble = str(error)
    return verdict


class _Look(Struct):
    """One table on both sides."""

    portal: Portal
    store: Store
    table: Table
    profile: Profile
    full: bool
    comments: CommentCheck | None = None

    @property
    def room(self) -> int:
        """How many commands the portal answers in one request without losing patience."""
        return max(1, min(ROOM, int(REQUEST_SECONDS / self.portal.seconds_per_command(self.table.method))))

    async def difference(self) -> Difference:
        """How the two differ, looked at twice."""
        if self.table.paging is Paging.COMMENTS:
            return await self._comments()
        if self.table.paging is Paging.OFFSET:
            return await self._list()
        found = await (self._everything() if self.full else self._sample())
        again = sorted(int(name) for name in found.missing | found.changed)
        twice = self._compare(await self._rows(again))
        return found & (twice | Difference(gone=set(map(str, self._still(map(int, found.gone))))))

    def _still(self, ids: Iterable[int]) -> list[int]:
        """Those of the ids that the mirror still has."""
        count = self.store.reconciles.count
        return [id_ for id_ in ids if count(self.table, above=id_ - 1, upto=id_)]

    async def ask(self, asks: Mapping[str, Ask]) -> dict[str, Answer]:
        """Answers, all of them. Raises the first error among them."""
        answers = await self.portal.batch(asks)
        if self.portal.zone:
            self.store.set_zone(self.portal.zone)
        for answer in answers.values():
            if isinstance(answer, PortalError):
                raise answer
        return {key: answer for key, answer in answers.items() if isinstance(answer, Answer)}

    @property
    def _chained(self) -> bool:
        return self.table.name in self.profile.chained

    @property
    def _reach(self) -> int:
        return self.store.checkpoint(self.table.name).reach or 0

    async def _sample(self) -> Difference:
        table, reach = self.table, self._reach
        mine = Mine(self.store.reconciles, table)
        comparison = Comparison(table, reach, mine, self._chained)
        while not comparison.done:
            comparison.take(await self.portal.batch(comparison.asks(self.room)))
            if comparison.error:
                raise comparison.error
        ids = sorted(set(mine.ids(0, reach)) - comparison.gone)
        chosen = random.sample(ids, min(SAMPLE, len(ids)))
        found = self._compare(await self._rows(sorted(chosen)))
        found.gone |= {str(id_) for id_ in comparison.gone}
        found.missing |= {str(row_id(table, row)) for row in comparison.rows}
        return found

    async def _everything(self) -> Difference:
        """Every row, from the newest id down."""
        table, below, found = self.table, self._reach + 1, Difference()
        gone: set[int] = set()
        while True:
            window = Window(name="all", above=0, below=below)
            asks = chain(table, window, self.room if self._chained else 1, "v")
            answers = await self.ask(asks)
            got = read(table, window, [answers[key] for key in asks])
            low = 0 if got.complete else (got.lowest or below) - 1
            mine = set(self.store.reconciles.ids(table, above=low, upto=below - 1))
            gone |= mine - {row_id(table, row) for row in got.rows}
            found |= self._compare(got.rows)
            below = low + 1
            if got.complete:
                break
        still = {row_id(table, row) for row in await self._rows(sorted(gone))}
        found.gone |= {str(id_) for id_ in gone - still}
        return found

    async def _rows(self, ids: Sequence[int]) -> Rows:
        """The portal's rows with these ids."""
        table, rows = self.table, Rows()
        pages = [ids[place : place + PAGE] for place in range(0, len(ids), PAGE)]
        for place in range(0, len(pages), self.room):
            asks = {f"v{n}": some(table, page) for n, page in enumerate(pages[place : place + self.room])}
            answers = await self.ask(asks)
            for page, answer in zip(pages[place : place + self.room], answers.values(), strict=True):
                rows += those(table, page, answer).values()
        return rows

    def _compare(self, raw: Rows) -> Difference:
        """How rows differ that have not changed since the mirror's last scan."""
        store, table = self.store, self.table
        fields = store.shapes()[table.name]
        rows = clean(table, raw, fields, zone=self.profile.zone, now=self._now())
        watermark = store.checkpoint(table.name).watermark
        settled = [row for row in rows if not _newer(table, row, watermark)]
        return store.reconciles.compare(table, settled)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.profile.clock_offset)

    async def _list(self) -> Difference:
        table, rows, start = self.table, Rows(), 0
        while True:
            answer = (await self.ask({"v": offset_page(table, start)}))["v"]
            page = page_rows(table, answer)
            rows += page
            start += PAGE
            if len(page) < PAGE or start >= (answer.total or 0):
                break
        found = self._compare(rows)
        there = {row_id(table, row) for row in rows}
        found.gone |= {str(id_) for id_ in set(self.store.ids(table)) - there}
        return found

    async def _comments(self) -> Difference:
        """Some discussions, or all; those that moved since they were read are left to the next cycle."""
        table, store = self.table, self.store
        due = {one.task_id for one in store.due_discussions(overlap=-1, limit=ALL // 2)}
        every = store.reconciles.discussions(below=ALL, limit=store.reconciles.count_discussions())
        settled = [one for one in every if one.task_id not in due]
        chosen = settled if self.full else random.sample(settled, min(DISCUSSIONS, len(settled)))
        check = self.comments = CommentCheck(self.portal, store, table)
        found = await check.difference(chosen)
        found.gone |= store.reconciles.orphans(table)
        return found


def _newer(table: Table, row: Mapping[str, Any], watermark: datetime | None) -> bool:
    """Whether a row changed on the portal after the mirror's last scan began."""
    if watermark is None:
        return False
    for name in table.cursors:
        try:
            moment = datetime.fromisoformat(str(row.get(name)))
        except ValueError:
            continue
        if moment.tzinfo and moment >= watermark:
            return True
    return False
