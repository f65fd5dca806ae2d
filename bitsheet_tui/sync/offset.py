"""Lists that are read whole, from the first page to the last, whenever they are due.

`department.get` knows neither bounds on ids nor a time of change, so it is read by `start`, and every page
says how many rows there are (`total`) [D]. What is relied on, and what it is worth:

1.  A reading is whole when it has as many ids as `total` says, which stayed the same from its first page to
    its last [D]. `start` past the end serves the first page again [S: main/classes/general/dbresult.php], and
    may be lost on the way [U: b24-rest-docs #237, #297]: a page with rows that came before ends a reading,
    and such a reading proves nothing.
2.  A reading that is not whole is made again. The same ids under the same total twice, with no row twice in
    one reading, are rows that the portal counts and does not show: what came is stored, and their number is
    told. Anything else fails the table, without a mark.
3.  A row that shifts from one page to another while they are read is in none, and the total stays: so a row
    that is missing is asked for by its id, together with one that is known to be there, which proves that the
    filter is obeyed. It is gone when its own count is none [D]. It is stored when it comes, and left as it is
    where it is counted and does not come.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, TableTrouble
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.counting import by_id, is_away
from bitsheet_tui.portal.listing import PAGE, ids_of, offset_page, page_rows
from bitsheet_tui.sync import guard
from bitsheet_tui.sync.deletions import settle
from bitsheet_tui.sync.desk import Answers, Desk
from bitsheet_tui.tables import Table

READINGS = 4  # of the list, before the table is given up for this time
WHOLE = "whole"  # what the list is called among the windows of `Desk.hidden`


class Reading(Struct):
    """The list from its first page to its last."""

    start: int = 0
    total: int | None = None
    began: datetime | None = None
    ids: set[int] = field(default_factory=set)
    nameless: int = 0
    repeats: bool = False  # a page had rows that came before
    moved: bool = False  # the total changed meanwhile

    def add(self, ids: list[int], nameless: int, answer: Answer) -> bool:
        """Note a page, and how many of its rows have no usable id; whether the reading has ended."""
        self.moved = self.began is not None and answer.total != self.total
        self.repeats = not self.ids.isdisjoint(ids)
        self.total, self.began = answer.total, self.began or answer.started
        self.ids |= set(ids)
        self.nameless += nameless
        self.start += PAGE
        return self.moved or self.repeats or self.whole or self.start >= (self.total or 0)

    @property
    def whole(self) -> bool:
        """Whether there are as many rows as are counted."""
        return self.total == self.shown and not (self.moved or self.repeats)

    @property
    def shown(self) -> int:
        """How many rows came."""
        return len(self.ids) + self.nameless

    def is_like(self, before: "Reading | None") -> bool:
        """Whether two readings agree on what is shown and on what is counted."""
        odd = self.moved or self.repeats or not self.total or self.shown > self.total
        mine, theirs = (self.ids, self.nameless), (before.ids, before.nameless) if before else None
        return before is not None and not odd and mine == theirs and self.total == before.total


class OffsetJob(Struct):
    """A whole list that can only be read by offset; the guard decides about what is not in it any more."""

    desk: Desk
    table: Table
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _reading: Reading = field(default_factory=Reading)
    _before: Reading | None = None
    _readings: int = 1
    _lost: list[int] = field(default_factory=list)  # ids to be asked for
    _gone: set[int] = field(default_factory=set)
    _facts: dict[str, Any] = field(default_factory=dict)
    _asked: tuple[int, ...] = ()

    def asks(self, room: int) -> dict[str, Ask]:
        if not self._lost:
            return {self.table.name: offset_page(self.table, self._reading.start)}
        self._asked = tuple(self._lost[: max(1, room - 3)])
        asks = guard.asks(self.table) if not self._facts else {}
        asks[f"{self.table.name}there"] = by_id(self.table, min(self._reading.ids, default=self._asked[0]))
        return asks | {f"{self.table.name}{id_}": by_id(self.table, id_) for id_ in self._asked}

    def take(self, answers: Answers) -> None:
        self._take_lost(answers) if self._lost else self._take_page(answers)

    def _take_page(self, answers: Answers) -> None:
        answer = answers[self.table.name]
        if isinstance(answer, PortalError):
            self.error = answer
            return
        rows = page_rows(self.table, answer)
        ids = ids_of(self.table, rows)
        ended = self._reading.add(ids, len(rows) - len(ids), answer)
        self._store(rows)
        if not ended:
            return
        if self._reading.whole or self._reading.is_like(self._before):
            self._finish()
        elif self._readings < READINGS:
            self._before, self._reading = self._reading, Reading()
            self._readings += 1
        else:
            self.error = self._unproved()

    def _store(self, rows: list[dict[str, Any]]) -> None:
        stored = self.desk.commit(self.table, rows, self.desk.checkpoint(self.table))
        self.rows += stored.inserted + stored.updated

    def _finish(self) -> None:
        """All that is shown was read. What is missing is asked for by its id."""
        desk, table, reading = self.desk, self.table, self._reading
        desk.hide(table, {WHOLE: (reading.total or 0) - reading.shown}, whole=True)
        desk.keep(replace(desk.checkpoint(table), watermark=reading.began))
        self._lost = sorted(set(desk.store.ids(table)) - reading.ids)
        if not self._lost:
            self._settle()

    def _take_lost(self, answers: Answers) -> None:
        table = self.table
        self._facts = self._facts or guard.told(table, answers)
        there = self._rows_of(answers, "there")
        if self._reading.ids and not there:
            raise self._unproved()
        for id_ in self._asked:
            answer = answers[f"{table.name}{id_}"]
            if isinstance(answer, PortalError):
                self.error = answer
                return
            if is_away(table, id_, answer):
                self._gone.add(id_)
            else:
                self._store(page_rows(table, answer))
        self._lost = self._lost[len(self._asked) :]
        if not self._lost:
            self._settle()

    def _rows_of(self, answers: Answers, name: str) -> list[Mapping[str, Any]]:
        answer = answers[f"{self.table.name}{name}"]
        if isinstance(answer, PortalError):
            raise answer
        return list(page_rows(self.table, answer))

    def _settle(self) -> None:
        settle(self.desk, self.table, self._gone, self._facts)
        self.complete = True

    def _unproved(self) -> BadAnswer:
        shown, counted = self._reading.shown, self._reading.total or 0
        return BadAnswer(
            f"{self.table.method} shows {shown:,} rows and counts {counted:,}",
            "What it shows was stored and nothing was marked as deleted; it is read again in the next cycle.",
            reason=Reason.GARBAGE,
        )
