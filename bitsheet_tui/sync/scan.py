"""One table: what to read next, and what was read up to where.

Words. *watermark*: everything changed on the portal before it is in the mirror. *reach*: the highest id
known when the last complete tail began. *floor*: the backfill has read every id from `reach` down to it; 0
when it is complete; of the ids under it some stretches may be read as well (`backfill.py`). A *scan* reads
windows: one per cursor field (rows with `cursor >= watermark - overlap`) and the *tail* (`id > reach`). A
*fill* reads every row, stretch by stretch. All of it is read in falling order of ids, and what a page
brought is committed together with the checkpoint that says so.

Why nothing is lost
-------------------
Claim: when a scan and the fill are complete, every row that was visible to the webhook when the scan began
is in the mirror as it was then or later, provided its change moved a cursor or made a new id.

1.  Clocks. `scan_started` is the portal's clock when the scan's first command began; the new watermark is
    that, never a time found in a row and never the host's clock. A row that changes while the scan runs has
    a change time >= scan_started, so the next scan's window (`>=`, reaching `overlap` below) reads it. Rows
    of the same second, and commits that become visible up to `overlap` seconds late, are inside it too.
    This rests on a clock that does not go back by more than `overlap`, and clocks do (one node of a cluster
    [U]). A scan whose first answer begins before the watermark proves that the watermark was taken too far
    ahead. How far nobody says, but no farther than the last two scans lay apart by that clock: the
    watermark is set back so far below the present moment, and the scan begins once more (`_set_back`). Two
    watermarks within `overlap` of each other need no such thing. What stays open: an instance that stood
    still for longer than the clock was ahead meets no earlier answer; those changes are left to the audit.
2.  Falling ids. Inside a window pages go down from the highest id. A row that enters the window behind the
    reader's back, with an id already passed, has changed since scan_started: see 1. A row with a new id lies
    above the highest id the tail saw on its first page, `top`; since `reach` becomes that `top`, and no
    later id, the next tail (`id > reach`) reads it, whatever dates it carries. So restored and imported rows
    with old dates arrive by their new ids. `reach` moves only when the whole tail is committed: while it is
    read from above, the ids between `reach` and the lowest committed one are still unread. A scan may leave
    its tail out (`Scan.tail`): `reach` stays where it was, and the next tail reads all that lies above it.
3.  A table begins with one question for its highest ids: watermark = the portal's clock before it, reach =
    the highest. From then on the scan's windows run as ever. A row with id <= reach is read by the fill as
    it is at some time after the watermark was taken, and any later change is read by 1; a row above reach
    by 2. The fill's streams read stretches of ids that have none in common, in any order; which are left is
    in the transaction that stores the rows, so a crash repeats what was on its way. `floor` is the top of
    what is left: it moves only over what is contiguous from above. A fill that begins again, for a resync
    or a new column, leaves watermark and reach to the scans: it reads more than it would have to, and the
    argument stays.
4.  Crashes. Rows, `progress` (the lowest id committed in each window) and `top` are one transaction. A scan
    that was killed goes on below `progress` with its old watermark and its old scan_started: rows changed
    meanwhile have change times >= scan_started, rows created meanwhile have ids > top: 1 and 2 apply, and
    the next scan, which the same cycle begins, reads them.
5.  Order of writing. No two scans of one table are in flight at once; inside one answer, commands run in
    turn and the later one is written last. The fill asks while scans go on. A row that a scan stores while
    an errand of the fill is on its way is not taken from that errand, which may have read it before. The
    other way round a scan may write an older row over the fill's: then the row changed after the scan read
    it, hence after scan_started, and 1 applies.
6.  Lies. A filter that the portal drops, a chain that starts again, an order that is not kept: `listing.read`
    uses nothing of such a page, and the checkpoint stays where it was.
7.  Ends. A window of a scan is complete when as many rows were read as its own count says, or at the empty
    page below its lowest id (`listing.py`, which also says what either is worth). Where the end was seen and
    the count is greater, the window is read again from its top: rows that got lost come then, and the same
    ids under the same count twice are rows that the portal counts and does not show. Their number is kept
    (`hidden`), so that it costs no more requests, and told. Readings that go on contradicting each other
    fail the table, and the watermark stays. Where pages that are not full recur in mid-list, each would cost
    a request; so the rest of a window is then asked in blocks, ranges of ids that should have less than a
    page each, as many as fit into the request (`Blocks`). Each proves itself by its own count; what one does
    not show is left to the count of the window. An idle scan reads empty pages with a count of none: one
    request. A fill does not count its pages (`backfill.py`): what it cannot see is found by the count of all
    rows that follows it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError, Reason
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.listing import PAGE, Read, Window, chain, read, together
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.tables import Table

TAIL = "tail"
ALL = "all"
READINGS = 4  # of a window whose count is not met, before its table is given up for this cycle
RECURRING = 2  # pages that are not full in mid-list, from which on a window is asked in blocks
BLOCK = 30  # rows that a block should have
SLICES, SLICE = 40, 40  # how many parts of a table at most, and how many rows of it in each
FIRST_APART = timedelta(days=1)  # for how long nothing was read, at most, where that is not known


class Step(Struct, frozen=True, kw_only=True):
    """What one answer brought: rows in the order of reading, and the checkpoint that belongs to them."""

    rows: list[Mapping[str, Any]]
    checkpoint: Checkpoint
    complete: bool  # the scan or fill has nothing left to ask
    broken: bool = False  # the portal did not follow a chain
    error: PortalError | None = None
    late: bool = False  # the watermark was ahead of the portal's clock and was set back


def windows(table: Table, checkpoint: Checkpoint, overlap: int) -> tuple[Window, ...]:
    """The windows of a scan that are not complete yet, each from where it was left."""
    found = [_window(name, table, checkpoint, overlap) for name in (*table.cursors, TAIL)]
    if not table.cursors:  # nothing tells which rows changed: read them all
        found = [_window(ALL, table, checkpoint, overlap)]
    return tuple(window for window in found if window.below != 0)


def _window(name: str, table: Table, checkpoint: Checkpoint, overlap: int) -> Window:
    below = checkpoint.progress.get(name)
    if name == TAIL:
        return Window(name=name, above=checkpoint.reach or 0, below=below, counted=True)
    if name == ALL:
        return Window(name=name, above=0, below=below, counted=True)
    if checkpoint.watermark is None:
        raise ValueError(f"{table.name} has no watermark to scan from")
    since = checkpoint.watermark - timedelta(seconds=overlap)
    return Window(name=name, since=since, below=below, counted=True)


class Reading(Struct):
    """One window, from the first page of the scan in hand; read again where its count is not met."""

    hidden: int = 0  # rows that the portal counts and does not show, as far as is known
    total: int | None = None  # by the count with the first page of this reading
    rows: int = 0  # of this reading
    doubles: int = 0  # and rows without a usable id, which are no rows of their own either
    fresh: bool = True  # nothing of it was read yet
    again: int = 0  # how often it was begun once more
    before: tuple[int | None, int] | None = None  # total and rows of the reading before
    seen: set[int] = field(default_factory=set)  # ids of all readings

    def add(self, got: Read) -> bool:
        """Take what an answer brought; whether the window has been read to its end."""
        if not got.ids and got.total is None and not got.complete:
            return False  # nothing that says how far it is
        alone = self.fresh and got.started is not None
        if alone:
            self.total, self.fresh = got.total, False
        self.rows += len(got.ids)
        self.doubles += got.doubles + len(got.nameless)
        self.seen.update(got.ids)
        as_before = alone and got.left is not None and 0 < got.left == self.hidden
        counts_in_vain = not got.ids and not got.error and bool(got.left)
        return got.complete or as_before or counts_in_vain

    @property
    def left(self) -> int:
        """How many rows were counted and not read in this reading."""
        return 0 if self.total is None else max(0, self.total - self.rows - self.doubles)

    @property
    def missing(self) -> int:
        """How many rows were counted and not seen in any reading."""
        return 0 if self.total is None else max(0, self.total - len(self.seen) - self.doubles)

    @property
    def settled(self) -> bool:
        """Whether nothing is missing but what the portal does not show."""
        return self.missing in (0, self.hidden) or self._twice_alike

    @property
    def _twice_alike(self) -> bool:
        return self.before == (self.total, self.rows) and self.rows == len(self.seen)

    def once_more(self) -> None:
        """Begin again at the top of the window."""
        self.before, self.again, self.fresh = (self.total, self.rows), self.again + 1, True
        self.rows = self.doubles = 0


class Blocks(Struct, frozen=True):
    """The rest of a window as ranges of ids, the upper first."""

    parts: tuple[Window, ...]

    def read(self, table: Table, answers: Sequence[Answer | PortalError]) -> tuple[Read, int | None]:
        """What the blocks brought from the top down without a gap, and the id down to which that is."""
        taken: list[Read] = []
        down: int | None = None
        for part, answer in zip(self.parts, answers, strict=True):
            got = read(table, part, [answer])
            taken.append(got)
            if got.error or not (got.complete or (got.total and not got.ids)):
                down = got.lowest or down
                break
            down = (part.above or 0) + 1
        whole = len(taken) == len(self.parts) and down == (self.parts[-1].above or 0) + 1
        return replace(together(taken), total=None, complete=whole), down


def blocks(window: Window, rows: int, width: int, most: int) -> Blocks:
    """At most so many blocks of `width` ids for `rows` rows below the window's bound, the last the rest."""
    floor, below = window.above or 0, window.below or 0
    parts: list[Window] = []
    for _ in range(min(most, -(-rows // BLOCK)) - 1):
        if below - 1 - width <= floor:
            break
        parts.append(replace(window, above=below - 1 - width, below=below))
        below -= width
    return Blocks((*parts, replace(window, above=floor, below=below)))


class Scan(Struct):
    """Reads what changed in one table. Holds no connection: gives asks, takes answers."""

    table: Table
    checkpoint: Checkpoint
    overlap: int
    chained: bool
    hidden: Mapping[str, int] = field(default_factory=dict)  # by window, as far as is known
    cuts: tuple[int, ...] = ()  # falling ids between which a table that is read whole has less than a page
    brought: dict[str, int] = field(default_factory=dict)  # rows so far, by window
    readings: dict[str, Reading] = field(default_factory=dict)  # of its windows, by name
    short: int = 0  # pages that were not full in mid-list, as far as is known
    tail: bool = True  # whether one that begins now reads its tail
    _widths: dict[str, int] = field(default_factory=dict)  # ids among which a block of rows is, by window
    _blocks: dict[str, Blocks] = field(default_factory=dict)  # that were asked last
    _asked: tuple[tuple[Window, tuple[str, ...]], ...] = ()
    _slices: tuple[Window, ...] = ()  # of the window that is asked in slices

    def asks(self, pages: Mapping[str, int]) -> dict[str, Ask]:
        """The next pages of every open window; `pages` says how many at once for a window's name."""
        asks: dict[str, Ask] = {}
        asked = []
        if not self.tail and self.table.cursors and self.checkpoint.scan_started is None:
            self.checkpoint = replace(self.checkpoint, progress={TAIL: 0})
        for number, window in enumerate(windows(self.table, self.checkpoint, self.overlap)):
            count = pages.get(window.name, 1) if self.chained else 1
            prefix = f"{self.table.name}{number}p"
            room = pages.get(window.name, 1)
            some = (
                self._sliced(window, prefix)
                or self._in_blocks(window, room, prefix)
                or chain(self.table, window, count, prefix)
            )
            asks |= some
            asked.append((window, tuple(some)))
        self._asked = tuple(asked)
        return asks

    def commands(self, name: str) -> tuple[str, ...]:
        """Those of the last asks that read the window called `name`."""
        return tuple(key for window, keys in self._asked if window.name == name for key in keys)

    def first_page(self, name: str) -> str | None:
        """The command of the last asks that reads the newest page of the window called `name`."""
        for window, keys in self._asked:
            if window.name == name and window.below is None:
                return keys[0]
        return None

    def take(self, answers: Mapping[str, Answer | PortalError]) -> Step:
        """Use the answers to the last asks. Raises BadAnswer when a page is not what was asked."""
        reads, downs = [], dict[str, int | None]()
        for window, keys in self._asked:
            got, downs[window.name] = self._read(window, [answers[key] for key in keys])
            reads.append((window, got))
        if self.table.cursors and (back := _set_back(self.checkpoint, reads, self.overlap)):
            self.checkpoint = back
            return Step(rows=[], checkpoint=back, complete=False, late=True)
        checkpoint = _started(self.checkpoint, reads)
        progress = dict(checkpoint.progress)
        error = next((got.error for _, got in reads if got.error), None)
        for window, got in reads:
            self.brought[window.name] = self.brought.get(window.name, 0) + len(got.rows)
            self._watch(window, got)
            error = self._note(window.name, got, progress, downs[window.name]) or error
        checkpoint = replace(checkpoint, progress=progress)
        in_turn = [got for _, got in sorted(reads, key=lambda one: one[0].name != TAIL)]  # it ran first
        complete = not windows(self.table, checkpoint, self.overlap)
        self.checkpoint = _finished(checkpoint) if complete else checkpoint
        return Step(
            rows=[row for got in in_turn for row in (*got.rows, *got.nameless)],
            checkpoint=self.checkpoint,
            complete=complete,
            broken=any(got.broken for _, got in reads),
            error=error,
        )

    def cut(self) -> tuple[int, ...]:
        """Where to cut the next reading of the whole table; nowhere, if chains bring it."""
        reading = self.readings.get(ALL)
        if reading is None or not reading.missing or len(reading.seen) > SLICES * SLICE:
            return ()
        return tuple(sorted(reading.seen, reverse=True)[SLICE::SLICE])

    def _sliced(self, window: Window, prefix: str) -> dict[str, Ask]:
        """A page of each part of a table that is read whole, where rows that are not shown end its chains."""
        if window.name != ALL or window.below is not None or not self.cuts:
            return {}
        bounds = zip([None, *(cut + 1 for cut in self.cuts)], [*self.cuts, 0], strict=True)
        self._slices = tuple(replace(window, above=above, below=below) for below, above in bounds)
        self.cuts = ()  # what they do not bring is read in the usual way
        return {
            key: ask
            for number, part in enumerate(self._slices)
            for key, ask in chain(self.table, part, 1, f"{prefix}{number}s").items()
        }

    def _in_blocks(self, window: Window, room: int, prefix: str) -> dict[str, Ask]:
        """A page of each block of a window whose pages are cut short, below what was read of it."""
        self._blocks.pop(window.name, None)
        width, reading = self._widths.get(window.name), self.readings.get(window.name)
        left = reading.left if reading else 0
        if self.short < RECURRING or not (width and left and window.below):
            return {}
        found = self._blocks[window.name] = blocks(window, left, width, room)
        return {
            key: ask
            for number, part in enumerate(found.parts)
            for key, ask in chain(self.table, part, 1, f"{prefix}{number}b").items()
        }

    def _watch(self, window: Window, got: Read) -> None:
        """Count the pages that were not full in mid-list, and note how far apart the ids of rows are."""
        hidden = self.hidden.get(window.name, 0)
        if got.ended and not got.complete and not got.error and got.left and got.left != hidden:
            self.short += 1
        if got.highest is not None and got.lowest is not None:
            apart = (got.highest - got.lowest + 1) / len(got.ids)
            self._widths[window.name] = max(BLOCK, round(apart * BLOCK))

    def _read(self, window: Window, answers: Sequence[Answer | PortalError]) -> tuple[Read, int | None]:
        """What was answered, and down to which id it is read where the rows do not tell."""
        if found := self._blocks.get(window.name):
            return found.read(self.table, answers)
        return self._read_pages(window, answers), None

    def _read_pages(self, window: Window, answers: Sequence[Answer | PortalError]) -> Read:
        if window.name != ALL or not self._slices:
            return read(self.table, window, answers)
        parts = [read(self.table, part, [one]) for part, one in zip(self._slices, answers, strict=True)]
        self._slices = ()
        got = together(parts)
        if got.complete or got.left == self.hidden.get(ALL, 0):
            return got
        return Read(rows=got.rows, started=got.started, error=got.error)  # none of it counts as read

    def _note(
        self, name: str, got: Read, progress: dict[str, int], down: int | None = None
    ) -> BadAnswer | None:
        """How far a window is read now, `down` at least; an error where readings contradict each other."""
        reading = self.readings.setdefault(name, Reading(hidden=self.hidden.get(name, 0)))
        if not reading.add(got):
            if down or got.lowest is not None:
                progress[name] = down or got.lowest or 0
            return None
        if reading.settled:
            progress[name] = 0
            return None
        progress.pop(name, None)
        reading.once_more()
        if reading.again < READINGS:
            return None
        return BadAnswer(
            f"{self.table.method} counts {reading.total:,} rows and does not show the same ones twice",
            "Nothing is missed: the same changes are asked for again in the next cycle.",
            reason=Reason.GARBAGE,
        )


def _set_back(
    checkpoint: Checkpoint, reads: Sequence[tuple[Window, Read]], overlap: int
) -> Checkpoint | None:
    """The checkpoint with a watermark that was taken too far ahead set back; None: it was not."""
    watermark, before = checkpoint.watermark, checkpoint.previous
    moments = [got.started for _, got in reads if got.started]
    if checkpoint.scan_started is not None or watermark is None or not moments or min(moments) >= watermark:
        return None
    began = min(moments)
    apart = watermark - before if before else max(FIRST_APART, watermark - began)
    if apart <= timedelta(seconds=overlap):
        return None
    earlier = min(began, before or began) - apart
    return replace(checkpoint, watermark=earlier, previous=None, scan_started=None, top=None, progress={})


def _started(checkpoint: Checkpoint, reads: Sequence[tuple[Window, Read]]) -> Checkpoint:
    """The checkpoint after a scan's first answer: its clock, and the highest id of its tail."""
    moments = [got.started for _, got in reads if got.started]
    if checkpoint.scan_started is None and moments:
        checkpoint = replace(checkpoint, scan_started=min(moments))
    for window, got in reads:
        if window.name in (TAIL, ALL) and window.below is None and got.started:
            checkpoint = replace(checkpoint, top=max(checkpoint.reach or 0, got.highest or 0))
    return checkpoint


def _finished(checkpoint: Checkpoint) -> Checkpoint:
    return replace(
        checkpoint,
        watermark=checkpoint.scan_started,
        previous=checkpoint.watermark,
        reach=max(checkpoint.reach or 0, checkpoint.top or 0),
        scan_started=None,
        top=None,
        progress={},
    )


def begun(table: Table, checkpoint: Checkpoint) -> bool:
    """Whether scans have a watermark to start from; a table without cursors needs none."""
    return not table.cursors or (checkpoint.watermark is not None and checkpoint.floor is not None)


def filling(table: Table, checkpoint: Checkpoint) -> bool:
    """Whether a backfill has rows left to read."""
    return bool(table.cursors) and checkpoint.floor != 0


def pages_for(rows: int) -> int:
    """How many pages hold `rows` rows; at least one."""
    return max(1, -(-rows // PAGE))
