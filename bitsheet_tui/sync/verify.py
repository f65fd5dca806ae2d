"""Compares the mirror with the portal and says how they differ; changes nothing.

First the ids, then the fields of some rows, or of all; each read in another way than the sync reads it
(`ascending.py`), so that the two cannot share an error, and with what the portal counts and does not show.
Of a large table only the ranges of ids whose count differs are looked into. Both sides go on moving
meanwhile: rows above the reach, and rows that changed on the portal since the mirror's last scan, are no
difference, and what differs is looked at once more before it is told.
"""

import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import PortalError, Refused, Unreachable
from bitsheet_tui.fields import WHOLE
from bitsheet_tui.portal import selftest
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.client import Portal, ask_fragile
from bitsheet_tui.portal.counting import IDS, by_id, count, counted, is_away, some, those
from bitsheet_tui.portal.listing import PAGE, ids_of, offset_page, page_rows
from bitsheet_tui.portal.rows import clean
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.portal.splitting import PartialRow, Splitter
from bitsheet_tui.portal.task_dates import with_dates
from bitsheet_tui.store.census import ALL
from bitsheet_tui.store.comparing import Difference
from bitsheet_tui.store.quarantine import Waiting
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.ascending import READINGS, ROWS, Ascending, Span, spans
from bitsheet_tui.sync.deletions import Mine
from bitsheet_tui.sync.desk import REQUEST_SECONDS, ROOM
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.sync.verify_comments import CommentCheck
from bitsheet_tui.tables import Paging, Table
from bitsheet_tui.text import plain

SAMPLE = 500  # rows of a table
LISTED = 20_000  # rows of a table whose ids are all looked at
COUNTED = 2_000  # rows of a larger one that are counted together
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
    unseen: int = 0  # rows that the portal counts and did not show
    newer: int = 0  # rows above those that the mirror has read, which the next cycle reads
    forgotten: int = 0  # rows that are kept out for good
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
        newer = "row is" if self.newer == 1 else "rows are"
        unseen += f"; {self.newer:,} newer {newer} left to the next cycle" if self.newer else ""
        if self.equal:
            return f"{start}, equal{self._blind}{unseen}{self._aside}"
        kinds = (("missing", self.found.missing), ("gone", self.found.gone), ("changed", self.found.changed))
        parts = [f"{len(ids):,} {kind}" for kind, ids in kinds if ids]
        names = [name for _, ids in kinds for name in sorted(ids, key=_by_number)]
        more = ", …" if len(names) > SHOWN else ""
        held = f"; {self.held:,} deletions are held" if self.held else ""
        rest = f"{more}{held}{self._blind}{unseen}{self._aside}"
        return f"{start}, differs: {', '.join(parts)}: {', '.join(names[:SHOWN])}{rest}"

    @property
    def _aside(self) -> str:
        told = ((self.waiting.rows, "row"), (self.waiting.values, "value"))
        parts = [f"{number:,} {noun if number == 1 else f'{noun}s'}" for number, noun in told if number]
        erased = f"; {self.forgotten:,} forgotten" if self.forgotten else ""
        return f"; not compared: {' and '.join(parts)} in quarantine{erased}" if parts else erased

    @property
    def _blind(self) -> str:
        """What could not be seen."""
        if not self.unseen:
            return ""
        what = "row that it counts is" if self.unseen == 1 else "rows that it counts are"
        return f"; {self.unseen:,} more {what} not shown"


def _by_number(name: str) -> tuple[str, int]:
    source, _, number = name.rpartition(":")
    return source, int(number)


async def verify(
    portal: Portal, store: Store, tables: Sequence[Table], *, full: bool
) -> AsyncIterator[Verdict]:
    """A verdict for each table. Raises Refused and Unreachable, and StoreError."""
    profile = await _profile(portal, tables)
    shapes = store.shapes()
    splitter = Splitter(portal, tables, lambda name: shapes.get(name, ()))
    for table in tables:
        yield await _verdict(_Look(portal, splitter, store, table, profile, full=full))


async def _profile(portal: Portal, tables: Sequence[Table]) -> Profile:
    """What the portal is, found out anew."""
    answers = await ask_fragile(portal.batch, lambda chained: selftest.parts(tables, chained=chained))
    profile = selftest.judge(tables, answers, datetime.now(UTC))
    clock = datetime.now(UTC) + timedelta(seconds=profile.clock_offset)
    return await with_dates(profile, portal.batch, tables, portal.zone, clock)


async def _verdict(look: "_Look") -> Verdict:
    table, store = look.table, look.store
    waiting = store.count_quarantined().get(table.name, Waiting())
    verdict = Verdict(table=table.name, held=store.reconciles.load(table.name).held, waiting=waiting)
    if table.name not in store.shapes() or store.checkpoint(table.name).watermark is None:
        verdict.trouble = "it was not read yet"
        return verdict
    verdict.forgotten = store.count_forgotten(table.name)
    verdict.rows = store.count_ids(table) - verdict.forgotten
    if filling(table, store.checkpoint(table.name)):
        verdict.trouble = "it is being read"
    elif error := look.profile.faults.get(table.name):
        verdict.trouble = str(error)
    else:
        try:
            verdict.found = await look.difference()
            verdict.unseen = look.unseen
            verdict.newer = await look.newer()
            verdict.unseen_chats = len(look.comments.unseen) if look.comments else 0
        except (Refused, Unreachable):
            raise
        except PortalError as error:
            verdict.trouble = str(error)
    return verdict


class _Look(Struct):
    """One table on both sides."""

    portal: Portal
    splitter: Splitter
    store: Store
    table: Table
    profile: Profile
    full: bool
    unseen: int = 0
    comments: CommentCheck | None = None

    @property
    def room(self) -> int:
        """How many commands the portal answers in one request without losing patience."""
        seconds = max(0.001, self.portal.seconds_per_command(self.table.method))
        return max(1, min(ROOM, int(REQUEST_SECONDS / seconds), self.splitter.pages(self.table)))

    async def difference(self) -> Difference:
        """How the two differ, looked at twice."""
        if self.table.paging is Paging.COMMENTS:
            return await self._comments()
        if self.table.paging is Paging.OFFSET:
            return await self._list()
        found = await (self._everything() if self.full else self._sample())
        again = sorted(int(name) for name in found.missing | found.changed)
        twice = await self._compared(again, proven=True)
        return found & (twice | Difference(gone=set(map(str, self._still(map(int, found.gone))))))

    async def newer(self) -> int:
        """How many rows the portal has above those that the mirror has read."""
        if self.table.paging is not Paging.KEYSET:
            return 0
        ask = count(self.table, self._reach, None)
        return counted(self.table, self._reach, None, (await self.ask({"newer": ask}))["newer"]) or 0

    def _still(self, ids: Iterable[int]) -> list[int]:
        """Those of the ids that the mirror still has."""
        count = self.store.reconciles.count
        return [id_ for id_ in ids if count(self.table, above=id_ - 1, upto=id_)]

    async def ask(self, asks: Mapping[str, Ask]) -> dict[str, Answer]:
        """Answers, all of them. Raises the first error among them."""
        answers = await self.splitter.all(asks)
        if self.portal.zone:
            self.store.set_zone(self.portal.zone)
        for answer in answers.values():
            if isinstance(answer, PortalError):
                raise answer
        return {key: answer for key, answer in answers.items() if isinstance(answer, Answer)}

    async def _in_turn(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers to any number of questions."""
        answers: list[Answer] = []
        for place in range(0, len(asks), self.room):
            some_asks = {f"v{n}": ask for n, ask in enumerate(asks[place : place + self.room])}
            answers += (await self.ask(some_asks)).values()
        return answers

    @property
    def _reach(self) -> int:
        return self.store.checkpoint(self.table.name).reach or 0

    async def _sample(self) -> Difference:
        """All ids, and the fields of some rows."""
        mine = Mine(self.store.reconciles, self.table)
        found, _ = await self._upwards(await self._unequal(mine), IDS)
        ids = [id_ for id_ in mine.ids(0, self._reach) if str(id_) not in found.gone]
        chosen = random.sample(ids, min(SAMPLE, len(ids)))
        return found | await self._compared(sorted(chosen))

    async def _everything(self) -> Difference:
        """Every row, from the lowest id up."""
        mine = Mine(self.store.reconciles, self.table)
        found, differing = await self._upwards(self._spans(mine, 0, self._reach), ())
        return found | differing

    def _spans(self, mine: Mine, above: int, upto: int) -> list[Span]:
        """Ranges of ids of which each fits on a page, if the mirror is right."""
        parts = -(-mine.count(above, upto) // ROWS)
        return spans(mine.cuts(above, upto, max(1, parts)), above) if upto > above else []

    async def _unequal(self, mine: Mine) -> list[Span]:
        """The ranges to be looked at: all of a small table, of a large one those whose count differs."""
        rows = mine.count(0, self._reach)
        if rows <= LISTED:
            return self._spans(mine, 0, self._reach)
        ranges = spans(mine.cuts(0, self._reach, rows // COUNTED))
        answers = await self._in_turn([count(self.table, one.above, one.upto) for one in ranges])
        found: list[Span] = []
        for one, answer in zip(ranges, answers, strict=True):
            if counted(self.table, one.above, one.upto, answer) != mine.count(one.above, one.upto):
                found += self._spans(mine, one.above, one.upto)
        return found

    async def _upwards(self, wanted: list[Span], fields: Sequence[str]) -> tuple[Difference, Difference]:
        """Which ids differ in these ranges; and, where all fields are asked for, which rows."""
        reading, gone, differing = Ascending(self.table, wanted, fields), set[int](), Difference()
        missing = set[int]()
        while asks := reading.asks(self.room):
            rows = reading.take((await self.ask(asks)).values())
            for one in reading.read:
                mine = set(self.store.reconciles.ids(self.table, above=one.above, upto=one.upto))
                gone |= mine - one.seen
                missing |= one.seen - mine
            if not fields:
                differing |= self._compare(rows)
        self.unseen += reading.unseen
        away = await self._away(sorted(gone))
        return Difference(missing=set(map(str, missing)), gone=set(map(str, away))), differing

    async def _away(self, ids: Sequence[int]) -> list[int]:
        """Those of the ids that the portal counts no row of."""
        answers = await self._in_turn([count(self.table, id_ - 1, id_) for id_ in ids])
        pairs = zip(ids, answers, strict=True)
        return [id_ for id_, answer in pairs if counted(self.table, id_ - 1, id_, answer) == 0]

    async def _rows(self, ids: Sequence[int]) -> Rows:
        """The portal's rows with these ids; what is counted and does not come is asked for once more."""
        table, rows, vain = self.table, Rows(), 0
        pages = [ids[place : place + PAGE] for place in range(0, len(ids), PAGE)]
        while pages and vain < READINGS:
            answers = await self._in_turn([some(table, page) for page in pages])
            found = [those(table, page, one) for page, one in zip(pages, answers, strict=True)]
            rows += (row for one in found for row in one.rows.values())
            vain = 0 if any(one.rows for one in found) else vain + 1
            pages = [  # a page that is too big comes in parts
                [id_ for id_ in page if id_ not in one.rows]
                for page, one in zip(pages, found, strict=True)
                if one.more != 0
            ]
        return rows

    async def _compared(self, ids: Sequence[int], *, proven: bool = False) -> Difference:
        """How the rows with these ids differ, one request's at a time.

        `proven`: one that does not come differs, unless the portal counts no row of its id.
        """
        found, many = Difference(), PAGE * self.room
        for place in range(0, len(ids), many):
            some_ids = ids[place : place + many]
            rows = await self._rows(some_ids)
            found |= self._compare(rows)
            if proven:
                silent = set(some_ids) - set(ids_of(self.table, rows))
                doubted = set(map(str, silent - set(await self._away(sorted(silent)))))
                found |= Difference(missing=doubted, changed=doubted)
        return found

    def _compare(self, raw: Rows) -> Difference:
        """How rows differ that have not changed since the mirror's last scan."""
        store, table = self.store, self.table
        fields = store.shapes()[table.name]
        raw = [row for row in raw if not (isinstance(row, PartialRow) and WHOLE in row.unread)]
        rows = clean(table, raw, fields, zone=self.profile.task_zone, now=self._now())
        watermark = store.checkpoint(table.name).watermark
        settled = [row for row in rows if not _newer(table, row, watermark)]
        return store.reconciles.compare(table, settled)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.profile.clock_offset)

    async def _list(self) -> Difference:
        """A list without bounds on ids, from its other end; what did not come is asked for by its id."""
        table, rows, start, total = self.table, Rows(), 0, 1
        while start < total:
            ask = offset_page(table, start)
            answer = (await self.ask({"v": Ask(ask.method, {**ask.params, "order": "DESC"})}))["v"]
            rows += page_rows(table, answer)
            start, total = start + PAGE, answer.total or 0
        named = ids_of(table, rows)
        there = set(named)
        self.unseen += max(0, total - len(there) - (len(rows) - len(named)))
        lost = sorted(set(self.store.ids(table)) - there)
        answers = await self._in_turn([by_id(table, id_) for id_ in lost])
        there |= {id_ for id_, answer in zip(lost, answers, strict=True) if not is_away(table, id_, answer)}
        found = self._compare(rows)
        found.gone |= {str(id_) for id_ in set(self.store.ids(table)) - there}
        return found

    async def _comments(self) -> Difference:
        """Some discussions, or all; those that moved since they were read are left to the next cycle."""
        table, store = self.table, self.store
        due = {one.task_id for one in store.due_discussions(overlap=-1, limit=ALL // 2)}
        every = store.reconciles.discussions(below=ALL, limit=store.reconciles.count_discussions())
        settled = [one for one in every if one.task_id not in due]
        chosen = settled if self.full else random.sample(settled, min(DISCUSSIONS, len(settled)))
        check = self.comments = CommentCheck(self.splitter, store, table)
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
