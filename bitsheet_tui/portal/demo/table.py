"""One table of the demo world: base rows that follow from their ids, and what people did to them since."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import chain
from typing import Any

from bitsheet_tui.portal.demo.blueprint import BOUND, QUIET, SPAN, VARIANTS, Blueprint, Raw, Row
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.dice import Dice, mix, seed_of
from bitsheet_tui.portal.demo.ids import Ids

_BIN = 1000  # rows


class Table:
    """Rows by id. A row is computed; only what somebody changed about it is kept."""

    def __init__(self, name: str, blueprint: Blueprint, ids: Ids, seed: int, epoch: int) -> None:
        self.name = name
        self.blueprint = blueprint
        self.ids = ids
        self.columns: dict[str, Column] = {column.name: column for column in blueprint.columns}
        self.version = 0  # moves when whatever was written of these rows before is no longer valid
        self.touched: dict[int, Raw] = {}  # what is different about rows that somebody changed
        self.bin: dict[int, Raw] = {}  # deleted rows, restorable
        self.hidden: set[int] = set()  # rows the webhook's user may not see
        self.memory: dict[Any, Any] = {}  # what follows from the columns alone
        self._order: list[int] = []  # touched base ids, in order
        self._seed = seed_of(seed, name)
        self._first = epoch - QUIET - SPAN
        self._last = epoch - QUIET
        self._variants: list[Raw | None] = [None] * VARIANTS
        self._live = blueprint.live

    def altered(self) -> None:
        """What was written of these rows, or worked out from their columns, is no longer valid."""
        self.version += 1
        self.memory.clear()

    def row(self, id_: int) -> Row:
        """What the values of a base row follow from."""
        bits = mix(self._seed, id_)
        created = self._first + self.ids.rank(id_) * SPAN // (self.ids.base + 1)
        jitter = bits % BOUND
        room = self._last - created
        return Row(id_, created, created + (jitter if jitter <= room else jitter % (room + 1)), bits)

    def variant(self, number: int) -> Raw:
        """The constants of one of the variants."""
        known = self._variants[number]
        if known is None:
            known = self._variants[number] = self.blueprint.constants(Dice(self._seed, number))
        return known

    def raw(self, id_: int) -> Raw:
        """Every value of a row, by name."""
        row = self.row(id_)
        constants = self.variant(row.bits % VARIANTS)
        derived = constants | {name: value(row, constants) for name, value in self._live.items()}
        return derived | self.touched.get(id_, {})

    def value(self, id_: int, name: str) -> Any:
        """One value of a row."""
        touched = self.touched.get(id_)
        if touched is not None and name in touched:
            return touched[name]
        row = self.row(id_)
        constants = self.variant(row.bits % VARIANTS)
        live = self._live.get(name)
        return live(row, constants) if live else constants.get(name)

    def put(self, id_: int, fields: Raw) -> None:
        """Remember what is different about a row from now on."""
        if id_ not in self.touched and self.ids.is_base(id_):
            insort(self._order, id_)
        self.touched[id_] = self.touched.get(id_, {}) | fields

    def drop(self, id_: int) -> None:
        """Throw a row into the recycle bin, which holds only so much."""
        self.bin[id_] = self.raw(id_)
        while len(self.bin) > _BIN:
            del self.bin[next(iter(self.bin))]
        if id_ in self.hidden:
            self.hidden.remove(id_)
        else:
            self.ids.remove(id_)
        if self.touched.pop(id_, None) is not None and self.ids.is_base(id_):
            del self._order[bisect_left(self._order, id_)]

    def since(self, seconds: int, low: int, high: int, *, descending: bool) -> Iterator[int]:
        """Live ids in [low, high] that can have been created or changed at `seconds` or later.

        Untouched rows older than that are passed over by arithmetic, so that "what changed lately" costs
        what changed lately.
        """
        bound = self._bound(seconds)
        early = self._order[bisect_left(self._order, low) : bisect_right(self._order, min(high, bound - 1))]
        touched = (id_ for id_ in (reversed(early) if descending else early) if id_ in self.ids)
        if descending:
            return chain(self.ids.downward(max(low, bound), high), touched)
        return chain(touched, self.ids.upward(max(low, bound), high))

    def _bound(self, seconds: int) -> int:
        """The lowest base id that may be active at `seconds` or later without having been touched."""
        if seconds > self._last:
            rank = self.ids.base
        else:
            rank = max(0, (seconds - 2 * BOUND - self._first) * (self.ids.base + 1) // SPAN - 1)
        return self.ids.nth(rank)
