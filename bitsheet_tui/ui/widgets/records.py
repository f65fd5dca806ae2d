"""RecordList: the records of a table, read from the mirror as one scrolls, searched in the background."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from bitsheet_tui.errors import StoreError
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.line import Line, wrap
from bitsheet_tui.ui.views import records
from bitsheet_tui.ui.views.records import Found, Shape
from bitsheet_tui.ui.widgets.choices import Choices

if TYPE_CHECKING:
    from bitsheet_tui.store.walk import Ground, Piece, Place, Wanted

PAGE = 100  # rows read at once
KEPT = 1000  # rows in memory
SPAN, LEAST, MOST = 2000, 500, 200_000  # ids looked at in one query
QUICK, SLOW = 0.05, 0.15  # seconds of a query: look at more, or fewer
AGES = (None, timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
SHOWN = (None, True, False)  # deleted or not


class RecordList(Choices):
    """A window of at most `KEPT` rows on a table of any size."""

    has: ClassVar[frozenset[str]] = frozenset({"search", "narrow", "age", "step"})
    hint = words.RECORD_HINT

    class Opened(Message):
        """A record was chosen."""

        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    def __init__(self, table: str) -> None:
        super().__init__(id="records")
        self.table = table
        self.found: list[Found] = []
        self.shape = Shape(kinds={}, labels={})
        self.trouble = ""
        self.looking = False
        self.share = 0.0  # of the ids that were looked at
        self.since = 0
        self.deleted = 0
        self._term = ""
        self._ground: Ground | None = None
        self._up: Place | None = None  # where the rows above are
        self._down: Place | None = None
        self._span = SPAN

    # --- what is looked for -------------------------------------------------------------------------

    @property
    def term(self) -> str:
        """The word, or the id."""
        return self._term

    @property
    def while_typing(self) -> bool:
        """A million rows are not searched for every letter."""
        return False

    def search(self, term: str) -> None:
        """Start over with only what has this word, or this id."""
        self._term = term.strip()
        self.begin()

    def narrow(self) -> None:
        """All, deleted ones, the others."""
        self.deleted = (self.deleted + 1) % len(SHOWN)
        self.begin()

    def narrow_age(self) -> None:
        """Changed at any time, in the last hour, day, week, month."""
        self.since = (self.since + 1) % len(AGES)
        self.begin()

    def _filter(self) -> Wanted:
        from bitsheet_tui.store.walk import Wanted  # noqa: PLC0415 - not for the first screen

        age = AGES[self.since]
        since = self.picture.now - age if age else None
        return Wanted(term=self._term, deleted=SHOWN[self.deleted], since=since)

    # --- reading --------------------------------------------------------------------------------------

    def begin(self, *, down: bool = True) -> None:
        """Read from one end."""
        self.found, self.cursor, self.top, self.share, self.trouble = [], 0, 0, 0.0, ""
        self._up = self._down = self._ground = None
        self.looking = True
        self.run_worker(self._begin(down=down), exclusive=True, group="records")
        self.paint()

    async def _begin(self, *, down: bool) -> None:
        from bitsheet_tui.store import walk  # noqa: PLC0415 - not for the first screen

        try:
            self._ground = await self.console_app.library.ask(lambda reader: reader.ground(self.table))
            self.shape = records.shape(
                await self.console_app.library.ask(lambda reader: reader.columns(self.table))
            )
            place = walk.begin(self._ground, down=down)
            await self._hit(self._ground)
            await self._walk(place, down=down)
        except StoreError as error:
            self._stopped(f"{retold(str(error))} {retold(error.hint)}")

    async def _hit(self, ground: Ground) -> None:
        """The record whose id was typed comes first."""
        from bitsheet_tui.store.walk import Wanted, beside  # noqa: PLC0415

        *prefix, last = self._term.split(":")
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            return
        for part, _, _ in ground.parts:
            place = beside(ground, (*part, int(last) + 1))
            if place and (not prefix or tuple(prefix) == part):
                piece = await self._piece(ground, Wanted(), place, down=True, span=1)
                self._take(piece, down=True)

    async def _walk(self, place: Place | None, *, down: bool) -> None:
        """Look on until a page is found or the end is reached; the screen goes on meanwhile."""
        ground, wanted, wanting = self._ground, self._filter(), PAGE
        if ground is None:
            return
        while place and wanting > 0:
            started = time.monotonic()
            piece = await self._piece(ground, wanted, place, down=down, span=self._span)
            self._pace(time.monotonic() - started)
            wanting -= self._take(piece, down=down)
            place = piece.on
            self.share = ground.share(place, down=down)
            self._set(place, down=down)
            self.paint()
        self._set(place, down=down)
        self._stopped()

    async def _piece(self, ground: Ground, wanted: Wanted, place: Place, *, down: bool, span: int) -> Piece:
        columns = (*records.COLUMNS, records.SYNCED)
        return await self.console_app.library.ask(
            lambda reader: reader.piece(ground, wanted, place, columns, down=down, span=span, limit=PAGE)
        )

    def _take(self, piece: Piece, *, down: bool) -> int:
        """Put what was found below or above the rest; how many."""
        length = len(self._ground.key) if self._ground else 1
        there = {one.key for one in self.found}
        fresh = [one for row in piece.rows if (one := records.found(row, length)).key not in there]
        if down:
            self.found += fresh
            if (over := len(self.found) - KEPT) > 0:
                del self.found[:over]
                self.cursor, self.top = max(0, self.cursor - over), max(0, self.top - over)
                self._up = self._beside(self.found[0])
        else:
            self.found[:0] = reversed(fresh)
            self.cursor, self.top = self.cursor + len(fresh), self.top + len(fresh)
            if len(self.found) > KEPT:
                del self.found[KEPT:]
                self._down = self._beside(self.found[-1])
        return len(fresh)

    def _beside(self, one: Found) -> Place | None:
        from bitsheet_tui.store.walk import beside  # noqa: PLC0415 - it is loaded by now

        return beside(self._ground, one.key) if self._ground else None

    def _set(self, place: Place | None, *, down: bool) -> None:
        if down:
            self._down = place
        else:
            self._up = place

    def _pace(self, seconds: float) -> None:
        """Look at more with the next query, or at fewer, so that none takes long."""
        if seconds < QUICK:
            self._span = min(MOST, self._span * 2)
        elif seconds > SLOW:
            self._span = max(LEAST, self._span // 2)

    def _stopped(self, trouble: str = "") -> None:
        self.looking, self.trouble = False, trouble
        self.paint()

    def rest(self) -> bool:
        """Look no further; whether it looked for something, for the first page is no search."""
        if not self.looking:
            return False
        searched = bool(self._filter())
        self.workers.cancel_group(self, "records")
        self._stopped(t(words.SEARCH_STOPPED) if searched else "")
        return searched

    def shown(self) -> None:
        """It came to the front."""
        if not self.found and not self.looking:
            self.begin()

    # --- moving ---------------------------------------------------------------------------------------

    def move(self, steps: int) -> None:
        """Move the cursor, and read on near an end."""
        far = abs(steps) >= 10**9
        if far and steps < 0 and (self._up or self.cursor == 0):
            self.begin()
        elif far and steps > 0 and self._down and not self._filter():
            self.begin(down=False)
        else:
            super().move(steps)
            self._read_on()

    def step(self, steps: int) -> None:
        """To the next record, or the one before; where a word is looked for, all that are listed have it."""
        self.move(steps)
        self.paint()

    def _read_on(self) -> None:
        if self.looking or self._ground is None:
            return
        if self._down and self.cursor >= len(self.found) - self.page:
            self._go_on(self._down, down=True)
        elif self._up and self.cursor < self.page:
            self._go_on(self._up, down=False)

    def _go_on(self, place: Place, *, down: bool) -> None:
        self.looking = True
        self.run_worker(self._further(place, down=down), exclusive=True, group="records")

    async def _further(self, place: Place, *, down: bool) -> None:
        try:
            await self._walk(place, down=down)
        except StoreError as error:
            self._stopped(f"{retold(str(error))} {retold(error.hint)}")

    # --- the screen -------------------------------------------------------------------------------------

    def count(self) -> int:
        """The rows in memory."""
        return len(self.found)

    def under(self) -> Found | None:
        """The record under the cursor."""
        return self.found[self.cursor] if self.cursor < len(self.found) else None

    def chosen(self, index: int) -> None:
        """Open a record."""
        self.post_message(self.Opened(self.found[index]))

    def title(self) -> tuple[Line, Line]:
        """What is looked for, and how far it was looked."""
        name: list[tuple[str, str]] = [(t("records"), "title")]
        if self.deleted:
            name.append((f"  {t(words.DELETED_OR_NOT[self.deleted])}", "wait"))
        if self.since:
            name.append((f"  {t(words.AGES[self.since])}", "wait"))
        if self._term:
            name += [("  ", ""), (f"/{plain(self._term, 30)}", "match")]
        return tuple(name), self._note()

    def _note(self) -> Line:
        share = f.percent(self.share)
        if self.looking:
            told = t("looked at {share}, esc stops", share=share) if self._filter() else t("reading")
            return ((told, "wait"),)
        if self._down or self._up:
            read = f.count(len(self.found))
            more = t("{count} read, more below", count=read) if self._down else t("{count} read", count=read)
            return ((more + t(", looked at {share}", share=share) if self._filter() else more, "dim"),)
        return ((f.plural(len(self.found), "record"), "dim"),)

    def head(self, columns: int) -> list[Line]:
        """The labels."""
        if self.trouble and self.found:
            return [((plain(self.trouble, columns), "wait"),), records.head(self.shape, columns)]
        return [records.head(self.shape, columns)]

    def nothing(self, columns: int) -> list[Line]:
        """Why there are none."""
        text = self.trouble or t(words.READING if self.looking else words.NO_RECORDS)
        return [((f" {row}", "wait" if self.trouble else "dim"),) for row in wrap(text, columns - 2)]

    def row(self, index: int, columns: int) -> Line:
        """One record."""
        return records.row(self.found[index], self.shape, columns, self.picture.now, self.picture.zone)
