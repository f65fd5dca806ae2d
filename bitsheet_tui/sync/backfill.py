"""The backfill of one table: which ids are left to read, and which of them the next request asks for.

Several streams read at once. Each goes down from the top of a stretch of ids that nobody else reads; one
that has come to the end of its own takes the lower half of the largest that is left. What a request reads
is bounded below when it is asked, so what lies beneath is free for others. A *piece* is the part of a
stretch that one chain of pages reads; an *errand* is one request, of one piece or a few.

Where chains are not honoured, pages are blocks of fifty ids each, which need not know of one another; an
errand of blocks that found nothing is followed by one plain page, which jumps over the gap.

The checkpoint names the unread stretches, so a crash repeats no more than was on its way.

When a piece is read to its end
-------------------------------
A page that is not full proves nothing (`listing.py`), so a piece ends where a row from beneath it was seen:
its window reaches as far below the piece as a few rows should lie. What is left between the last row that
came and the lower end of the piece stays unread, and belongs to whoever reads on from there. Only the lowest
ids of a table have nothing beneath them: they end at an empty page under a number that we wrote, the one
page that a backfill pays for the proof, or at id 1. Such an empty page is the end by the documentation [D],
and is not believed alone: a page may have lost the lowest rows and the one beneath it may come empty [U]. So
a table's first backfill ends with a count of all its rows, in a request of its own (`fills.py`), and where
that is not the number that was read the two are compared before the backfill has ended. The count finds rows
that were left out of the middle of a page as well.

Where pages that are not full recur in mid-list, each of them costs its chain, so the table is read in blocks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import ceil
from operator import neg
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import PortalError
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.listing import PAGE, Read, Window, chain, id_of, read
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.scan import Step
from bitsheet_tui.sync.stretches import Stretch, joined, without
from bitsheet_tui.tables import Table

FILL = "fill"
GENEROUS = 1.25  # times as many ids as pages should need, so that a chain ends where its pages end
SLACK = 0.2  # of a page: an estimate that is a row short must not cost a request
WITNESSES = 3  # rows that should lie in what a window reaches below its piece
RECURRING = 2  # pages that are not full in mid-list, from which on blocks are read


def begin(checkpoint: Checkpoint, started: datetime, highest: int) -> Checkpoint:
    """The first checkpoint of a table whose highest id was asked for at `started` of the portal's clock."""
    floor = highest + 1 if highest else 0
    return replace(checkpoint, watermark=started, reach=highest, floor=floor, fill_started=started)


def again(checkpoint: Checkpoint) -> Checkpoint:
    """Let every row up to reach be read once more; a table that was never begun stays so."""
    floor = None if checkpoint.reach is None else checkpoint.reach + 1 if checkpoint.reach else 0
    return replace(checkpoint, floor=floor, fill_started=None, unread=())


def with_fill(scan: Checkpoint, there: Checkpoint) -> Checkpoint:
    """A scan's checkpoint, with the backfill where it stands now: it may have gone on, or begun anew."""
    return replace(scan, floor=there.floor, fill_started=there.fill_started, unread=there.unread)


def unread(checkpoint: Checkpoint) -> list[Stretch]:
    """The stretches of ids that a backfill has left to read, the newest first."""
    if not checkpoint.floor:
        return []
    return joined([Stretch(*one) for one in checkpoint.unread] or [Stretch(0, checkpoint.floor)])


class Errand(Struct, eq=False):
    """One request of a backfill."""

    asks: dict[str, Ask]
    pieces: tuple[tuple[Stretch, Window, tuple[str, ...]], ...]
    blocks: bool
    newer: set[int] = field(default_factory=set)  # rows that a scan stored since this was asked


class Backfill(Struct):
    """Hands out errands and takes their answers, in whatever order they come. Holds no connection."""

    table: Table
    left: list[Stretch]  # unread, what is on its way among it
    chained: bool
    streams: int = 1
    _flying: list[Errand] = field(default_factory=list)
    _rows: int = 0
    _ids: int = 0  # among which the rows were found
    _gap: bool = True
    _short: set[int] = field(default_factory=set)  # the lowest ids of pages that were not full
    _recurred: int = 0  # how many of them turned out to lie in mid-list

    @property
    def waits(self) -> bool:
        """Whether something is on its way."""
        return bool(self._flying)

    @property
    def rows_left(self) -> int:
        """About how many rows are unread, if ids are as dense there as where they were read."""
        return round(sum(stretch.ids for stretch in self.left) * self._density)

    def errand(self, most: int, least: int = 1) -> Errand | None:
        """A request of at most `most` pages, and not much less than `least`.

        None: everything that is unread is on its way.
        """
        free = self._free()
        pages = self._share(free, most, least)
        blocks = not (self.chained or self._gap)
        pieces: list[tuple[Stretch, int]] = []
        while pages > 0 and (stretch := self._choose(free, pieces, pages, least)):
            piece, count = self._cut(stretch, pages, blocks=blocks)
            pieces.append((piece, count))
            free = without(free, [piece])
            pages -= pages if self._plain(blocks) else count
        return self._asked(pieces, blocks=blocks) if pieces else None

    def take(
        self, errand: Errand, answers: Mapping[str, Answer | PortalError], checkpoint: Checkpoint
    ) -> Step:
        """Use the answers to an errand; `checkpoint` is the table's present one.

        Raises BadAnswer when a page is not what was asked; the errand is given back then.
        """
        self.give_back(errand)
        reads = [
            (piece, read(self.table, window, [answers[key] for key in keys]))
            for piece, window, keys in errand.pieces
        ]
        done = [ended for piece, got in reads if (ended := _read(piece, got))]
        rows = [row for piece, got in reads for row in (*_within(piece, got), *got.nameless)]
        started = next((got.started for _, got in reads if got.started), None)
        self._watch(reads)
        self.left = joined(without(self.left, done))
        self._rows += len(rows)
        self._ids += sum(stretch.ids for stretch in done)
        self._gap = errand.blocks and not rows
        return Step(
            rows=self._not_older(errand, rows),
            checkpoint=self._noted(checkpoint, started),
            complete=not self.left,
            broken=any(got.broken for _, got in reads) or self._recurred >= RECURRING,
            error=next((got.error for _, got in reads if got.error), None),
        )

    def give_back(self, errand: Errand) -> None:
        """It is not on its way any more; again is nothing."""
        if errand in self._flying:
            self._flying.remove(errand)

    def overtaken(self, ids: Iterable[int]) -> None:
        """A scan has stored these rows; what is on its way may be older."""
        known = set(ids)
        for errand in self._flying:
            errand.newer |= known

    # --- inside ---

    def _watch(self, reads: Iterable[tuple[Stretch, Read]]) -> None:
        """Count the pages that were not full although the table went on beneath them."""
        for piece, got in reads:
            self._recurred += piece.below in self._short and bool(_within(piece, got))
            if got.ended and got.lowest is not None and got.lowest > piece.above + 1:
                self._short.add(got.lowest)

    @property
    def _density(self) -> float:
        return max(self._rows, 1) / self._ids if self._ids else 1.0

    def _pages(self, stretch: Stretch) -> int:
        """How many pages a stretch should have."""
        if not self.chained:
            return -(-stretch.ids // PAGE)
        return max(1, ceil(stretch.ids * self._density / PAGE + SLACK))

    def _share(self, free: list[Stretch], most: int, least: int) -> int:
        """Pages for one errand: towards the end less, so that all streams end together."""
        if self.streams == 1:
            return most
        whole = sum(self._pages(stretch) for stretch in free)
        return max(1, min(most, max(least, -(-whole // (2 * self.streams)))))

    def _free(self) -> list[Stretch]:
        return without(self.left, self._busy())

    def _busy(self) -> list[Stretch]:
        return [piece for errand in self._flying for piece, _, _ in errand.pieces]

    def _choose(
        self, free: list[Stretch], mine: list[tuple[Stretch, int]], pages: int, least: int
    ) -> Stretch | None:
        """The next stretch to read from the top of: one that nobody reads, else the half of one."""
        edges = {one.above for one in (*self._busy(), *(piece for piece, _ in mine))}
        for stretch in free:
            if stretch.below - 1 not in edges:
                return stretch
        if not free or (mine and pages < least):
            return None
        largest = max(free, key=lambda stretch: stretch.ids)
        if not self._ids or self._pages(largest) < 2 * least:
            return largest
        return Stretch(largest.above, (largest.above + largest.below) // 2 + 1)

    def _plain(self, blocks: bool) -> bool:
        """Whether a request is one page, because the next one's bound is in it."""
        return not (self.chained or blocks)

    def _cut(self, stretch: Stretch, pages: int, *, blocks: bool) -> tuple[Stretch, int]:
        """The upper part of a stretch for at most so many pages, and how many to ask for."""
        if self._plain(blocks):
            return stretch, 1
        needed = self._pages(stretch)
        if needed <= pages:
            return stretch, needed
        ids = pages * PAGE
        if not blocks:
            ids = round(ids / self._density * GENEROUS) + PAGE
        if not (blocks or self._ids):  # nobody knows yet how many ids have rows: an equal part of all
            ids = max(ids, sum(one.ids for one in self.left) // self.streams)
        return Stretch(max(stretch.above, stretch.below - 1 - ids), stretch.below), pages

    def _asked(self, pieces: list[tuple[Stretch, int]], *, blocks: bool) -> Errand:
        asks: dict[str, Ask] = {}
        asked = []
        for number, (piece, pages) in enumerate(_blocks(pieces) if blocks else pieces):
            window = Window(name=FILL, above=self._beneath(piece), below=piece.below)
            some = chain(self.table, window, pages, f"{self.table.name}f{number}p")
            asks |= some
            asked.append((piece, window, tuple(some)))
        errand = Errand(asks=asks, pieces=tuple(asked), blocks=blocks)
        self._flying.append(errand)
        return errand

    def _beneath(self, piece: Stretch) -> int:
        """How far below a piece to look, so that some rows should be seen which are not its own."""
        return max(0, piece.above - ceil(WITNESSES / self._density))

    def _not_older(self, errand: Errand, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        if not errand.newer:
            return rows
        return [row for row in rows if id_of(self.table, row) not in errand.newer]

    def _noted(self, checkpoint: Checkpoint, started: datetime | None) -> Checkpoint:
        left = joined(self.left)
        floor = left[0].below if left else 0
        whole = left == [Stretch(0, floor)]
        return replace(
            checkpoint,
            floor=floor,
            unread=() if whole else tuple((one.above, one.below) for one in left),
            fill_started=checkpoint.fill_started or started,
        )


def _read(piece: Stretch, got: Read) -> Stretch | None:
    """What of a piece is read now, from its upper end down; None: nothing."""
    if got.complete or (got.lowest is not None and got.lowest <= piece.above):
        return piece
    return None if got.lowest is None else Stretch(got.lowest - 1, piece.below)


def _within(piece: Stretch, got: Read) -> list[Mapping[str, Any]]:
    """The rows of a piece, without those that only show that it has ended."""
    if got.lowest is None or got.lowest > piece.above:
        return got.rows
    return got.rows[: bisect_left(got.ids, -piece.above, key=neg)]


def _blocks(pieces: Iterable[tuple[Stretch, int]]) -> list[tuple[Stretch, int]]:
    """Fifty ids each, so that each is one page."""
    return [
        (Stretch(max(piece.above, below - PAGE - 1), below), 1)
        for piece, _ in pieces
        for below in range(piece.below, piece.above + 1, -PAGE)
        if below - 1 > piece.above
    ]
