"""Finding rows: bounds that arithmetic answers, and tests for the rest."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.portal.demo.table import Table

HIGHEST = 2**63 - 1
Test = Callable[[int], bool]
Order = Sequence[tuple[Callable[[int], Any], bool]]  # (the value to sort by, descending)


class Query(Struct):
    """Which rows are wanted."""

    low: int = 1
    high: int = HIGHEST
    ids: set[int] | None = None
    since: int | None = None  # rows created and changed before it cannot match
    tests: list[Test] = field(default_factory=list)

    def among(self, ids: set[int]) -> None:
        """Only these ids."""
        self.ids = ids if self.ids is None else self.ids & ids

    def after(self, seconds: int) -> None:
        """Only rows created or changed at `seconds` or later."""
        self.since = seconds if self.since is None else max(self.since, seconds)

    def matches(self, id_: int) -> bool:
        """Whether a row is wanted."""
        if not self.low <= id_ <= self.high or (self.ids is not None and id_ not in self.ids):
            return False
        return all(test(id_) for test in self.tests)

    @property
    def bare(self) -> bool:
        """Whether bounds on the id are all there is."""
        return self.ids is None and self.since is None and not self.tests


def matching(table: Table, query: Query, *, descending: bool = False) -> Iterator[int]:
    """The ids of the wanted rows in the order of their ids."""
    candidates = _candidates(table, query, descending=descending)
    if not query.tests:
        return candidates
    return (id_ for id_ in candidates if all(test(id_) for test in query.tests))


def _candidates(table: Table, query: Query, *, descending: bool) -> Iterator[int]:
    high = min(query.high, table.ids.last)
    if query.ids is not None:
        wanted = (id_ for id_ in query.ids if query.low <= id_ <= high and id_ in table.ids)
        return iter(sorted(wanted, reverse=descending))
    if query.since is not None:
        return table.since(query.since, query.low, high, descending=descending)
    if descending:
        return table.ids.downward(query.low, high)
    return table.ids.upward(query.low, high)


def count(table: Table, query: Query) -> int:
    """How many rows are wanted."""
    if query.bare:
        return table.ids.count(query.low, min(query.high, table.ids.last))
    return sum(1 for _ in matching(table, query))


def page(table: Table, query: Query, order: Order | bool, skip: int, limit: int) -> list[int]:
    """The ids of one page. `order` True or False: by id, descending or not."""
    if not isinstance(order, bool):
        found = list(matching(table, query))
        for key, descending in reversed(order):
            found.sort(key=key, reverse=descending)
        return found[skip : skip + limit]
    if query.bare and skip:
        first = table.ids.at(query.low, min(query.high, table.ids.last), skip, descending=order)
        if first is None:
            return []
        query = Query(low=query.low, high=first) if order else Query(low=first, high=query.high)
        skip = 0
    return list(islice(matching(table, query, descending=order), skip, skip + limit))


def sortable(value: Any) -> tuple[bool, Any]:
    """A key that puts empty values first."""
    if value is None:
        return (False, 0)
    return (True, str(value).casefold() if isinstance(value, (str, list, dict)) else value)
