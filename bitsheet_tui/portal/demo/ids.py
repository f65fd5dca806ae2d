"""The ids of a table: arithmetic for the rows that were always there, lists for what happened since.

Of every eleven ids one was never given to a visible row, as on any portal that has been used, so that
ids have gaps and a row's place among its peers is still a matter of arithmetic.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import chain

BLOCK = 11


class Ids:
    """The live ids of one table, in order, countable and addressable without walking them."""

    def __init__(self, base: int, gap: int) -> None:
        self.base = base  # how many rows there were at the beginning
        self._gap = gap  # the offset in each block that has no row
        self._gone: list[int] = []  # base ids that are not there any more, in order
        self._missing: set[int] = set()  # the same, for a quick look
        self._added: list[int] = []  # ids above every base id
        self._top = self.nth(base - 1) if base else 0
        self.last = self._top  # the highest id ever given

    def nth(self, index: int) -> int:
        """The id of the base row at `index` (from 0), whether it still exists or not."""
        block, place = divmod(index, BLOCK - 1)
        return block * BLOCK + place + 1 + (place >= self._gap)

    def rank(self, id_: int) -> int:
        """How many base ids are at most `id_`, gone ones included."""
        if id_ <= 0:
            return 0
        block, place = divmod(id_ - 1, BLOCK)
        return min(self.base, block * (BLOCK - 1) + place + (place < self._gap))

    def is_base(self, id_: int) -> bool:
        """Whether a row with this id was there at the beginning."""
        return 0 < id_ <= self._top and (id_ - 1) % BLOCK != self._gap

    def __contains__(self, id_: int) -> bool:
        if self.is_base(id_):
            return id_ not in self._missing
        return _has(self._added, id_)

    def add(self, id_: int | None = None) -> int:
        """Give out the next id, or make a removed one live again."""
        if id_ is None:
            self.last += 1
            self._added.append(self.last)
            return self.last
        if self.is_base(id_):
            if id_ in self._missing:
                self._missing.remove(id_)
                del self._gone[bisect_left(self._gone, id_)]
        elif not _has(self._added, id_):
            insort(self._added, id_)
            self.last = max(self.last, id_)
        return id_

    def remove(self, id_: int) -> None:
        """Forget a live id."""
        if self.is_base(id_):
            insort(self._gone, id_)
            self._missing.add(id_)
        else:
            del self._added[bisect_left(self._added, id_)]

    def count(self, low: int, high: int) -> int:
        """How many live ids lie in [low, high]."""
        if high < low:
            return 0
        base = self.rank(high) - self.rank(low - 1)
        gone = bisect_right(self._gone, high) - bisect_left(self._gone, low)
        return base - gone + bisect_right(self._added, high) - bisect_left(self._added, low)

    def upward(self, low: int, high: int) -> Iterator[int]:
        """Live ids in [low, high], the lowest first."""
        gone, nth = self._missing, self.nth
        ranks = range(self.rank(low - 1), self.rank(high))
        base = (id_ for id_ in map(nth, ranks) if id_ not in gone) if gone else map(nth, ranks)
        added = self._added[bisect_left(self._added, low) : bisect_right(self._added, high)]
        return chain(base, added)

    def downward(self, low: int, high: int) -> Iterator[int]:
        """Live ids in [low, high], the highest first."""
        gone, nth = self._missing, self.nth
        ranks = range(self.rank(high) - 1, self.rank(low - 1) - 1, -1)
        base = (id_ for id_ in map(nth, ranks) if id_ not in gone) if gone else map(nth, ranks)
        added = self._added[bisect_left(self._added, low) : bisect_right(self._added, high)]
        return chain(reversed(added), base)

    def at(self, low: int, high: int, skip: int, *, descending: bool) -> int | None:
        """The id that `skip` others of [low, high] come before, found by bisection."""
        total = self.count(low, high)
        if skip >= total:
            return None
        place = total - skip if descending else skip + 1  # from the bottom, from 1
        left, right = low, min(high, max(self.last, low))
        while left < right:
            middle = (left + right) // 2
            if self.count(low, middle) >= place:
                right = middle
            else:
                left = middle + 1
        return left


def _has(ids: list[int], id_: int) -> bool:
    at = bisect_left(ids, id_)
    return at < len(ids) and ids[at] == id_
