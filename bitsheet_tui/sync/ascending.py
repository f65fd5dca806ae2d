"""Reads ranges of ids upwards, each proved by its count: how `verify` sees a table.

The sync reads downwards, in chains, and believes an empty page. Here nothing refers to another command, every
bound is a number, the order is the other one, and every page says how many rows there are from it on. So an
error of the one way of reading is not an error of the other, and what is counted and does not come is told.
Both rest on the filters `>ID` and `<=ID` [D], which the start-up test proves.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import BadAnswer, Reason
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.listing import PAGE, id_of, page_rows, parameters
from bitsheet_tui.tables import Table

ROWS = 40  # of the mirror in one range: the rest of a page is for rows that it misses
READINGS = 2  # of a range in which fewer rows come than are counted


class Span(Struct):
    """The ids in (above, upto]; `low` rises from its lower end."""

    above: int
    upto: int
    low: int = 0
    total: int | None = None  # by the count of its first page
    seen: set[int] = field(default_factory=set)
    nameless: int = 0  # rows without a usable id in this reading
    readings: int = 1

    @property
    def unseen(self) -> int:
        """How many rows were counted and did not come."""
        return 0 if self.total is None else max(0, self.total - len(self.seen) - self.nameless)


class Ascending(Struct):
    """Reads spans of one table. Holds no connection: gives asks, takes answers.

    `fields`: those to ask for; none: all.
    """

    table: Table
    spans: list[Span]
    fields: Sequence[str] = ()
    unseen: int = 0  # rows that the portal counts and does not show
    read: list[Span] = field(default_factory=list)  # to their ends, by the last answers
    _asked: list[Span] = field(default_factory=list)

    def asks(self, room: int) -> dict[str, Ask]:
        """The next page of each of the next spans; none: all are read."""
        self._asked = self.spans[:room]
        return {f"u{number}": self._page(one) for number, one in enumerate(self._asked)}

    def _page(self, one: Span) -> Ask:
        bounds = {">ID": one.low, "<=ID": one.upto} if one.low else {"<=ID": one.upto}
        params = parameters(self.table, bounds, self.fields)
        upwards = "ASC" if isinstance(params["order"], str) else {"ID": "ASC"}
        return Ask(self.table.method, {**params, "order": upwards, "start": 0})

    def take(self, answers: Iterable[Answer]) -> list[Mapping[str, Any]]:
        """The rows of the answers to the last asks. Raises BadAnswer when one is not what was asked."""
        self.read = []
        rows: list[Mapping[str, Any]] = []
        for one, answer in zip(self._asked, answers, strict=True):
            page = page_rows(self.table, answer)
            rows += page
            ids = _rising(self.table, one, page)
            if self._ends(one, ids, len(page) - len(ids), answer.total):
                self._end(one)
        return rows

    def _ends(self, one: Span, ids: list[int], nameless: int, total: int | None) -> bool:
        """Note a page, and how many of its rows have no usable id; whether nothing of the span is left."""
        if one.low == one.above:
            one.total = total if ids else total or 0
        one.seen.update(ids)
        one.nameless += nameless
        one.low = ids[-1] if ids else one.low
        return not ids or total == len(set(ids)) + nameless or one.low >= one.upto

    def _end(self, one: Span) -> None:
        if one.unseen and one.readings < READINGS:
            one.low, one.nameless, one.readings = one.above, 0, one.readings + 1
            return
        self.spans.remove(one)
        self.read.append(one)
        self.unseen += one.unseen


def spans(ends: Sequence[int], above: int = 0) -> list[Span]:
    """A span up to each of `ends`, from `above` on."""
    return [Span(low, upto, low) for low, upto in pairwise([above, *ends])]


def _rising(table: Table, one: Span, page: list[dict[str, Any]]) -> list[int]:
    """The ids of a page. Raises BadAnswer where they do not rise, or lie outside of the span."""
    named = [(ident, row) for row in page if (ident := id_of(table, row)) is not None]
    ids = [ident for ident, _ in named]
    twice = [place for place in range(1, len(ids)) if ids[place] == ids[place - 1]]
    inside = all(one.low < id_ <= one.upto for id_ in ids)
    same = all(named[place] == named[place - 1] for place in twice)
    if len(page) > PAGE or not inside or ids != sorted(ids) or not same:
        raise BadAnswer(
            f"{table.method} gave other rows than it was asked for",
            "Nothing can be said of the table; try again.",
            reason=Reason.FILTER,
        )
    return ids
