"""Pages of lists that come damaged at random, as public reports have them; `total` and `next` stay right.

fast_bitrix24 #75 and #206 (short and empty pages in mid-list), b24-rest-docs #237 and #297 (`start` lost: the
first page again), and what a list without ORDER BY or with a JOIN would give. Which pages are struck follows
from a seed and from the order of the requests.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.portal.demo.calls import Call, Reply, Rows

PAGE = 50  # rows
MOST_DROPPED = 3  # rows of a page


class Damage(StrEnum):
    """What becomes of a page."""

    DROP = "drop"  # some rows are left out, wherever they stand
    CUT = "cut"  # it ends early, or is empty
    REPEAT = "repeat"  # one row comes twice in a row
    REORDER = "reorder"  # the rows come in any order
    AGAIN = "again"  # the page that this method answered before to whoever wanted the same fields


class PageFaults(Struct):
    """Damages a `share` of the pages, 0 to 1, in one of the ways `kinds`.

    `methods` limits it to these, in lower case; empty: every list.
    """

    share: float
    seed: int = 1
    kinds: tuple[Damage, ...] = tuple(Damage)
    methods: frozenset[str] = frozenset()
    struck: int = 0
    _random: Random | None = None
    _before: dict[tuple[str, str], Any] = field(default_factory=dict)

    def damaged(self, method: str, call: Call, reply: Reply) -> Reply:
        """The reply to a call as it leaves the portal."""
        if not reply.listing or (self.methods and method not in self.methods):
            return reply
        chance = self._random = self._random or Random(self.seed)  # noqa: S311 - a game
        items = _items(reply.result)
        alike = (method, repr(call.get("select", "SELECT")))
        again, self._before[alike] = self._before.get(alike, items), items
        if not items or chance.random() >= self.share:
            return reply
        self.struck += 1
        kind = chance.choice(self.kinds)
        found = again if kind is Damage.AGAIN else _WAYS[kind](list(items), chance)
        return replace(reply, result=_with(reply.result, found))


def _items(result: Any) -> list[Any]:
    """The rows of a list, as they are kept."""
    found = next(iter(result.values()), []) if isinstance(result, dict) else result
    return found.texts if isinstance(found, Rows) else found if isinstance(found, list) else []


def _with(result: Any, items: list[Any]) -> Any:
    """The same list with other rows."""
    if isinstance(result, dict):
        name, found = next(iter(result.items()))
        return {**result, name: _with(found, items)}
    return Rows(items) if isinstance(result, Rows) else items


def _drop(items: list[Any], chance: Random) -> list[Any]:
    gone = set(chance.sample(range(len(items)), min(len(items), chance.randint(1, MOST_DROPPED))))
    return [item for place, item in enumerate(items) if place not in gone]


def _cut(items: list[Any], chance: Random) -> list[Any]:
    return items[: chance.randrange(len(items))]


def _repeat(items: list[Any], chance: Random) -> list[Any]:
    place = chance.randrange(len(items))
    return [*items[: place + 1], *items[place:]][: max(len(items), PAGE)]


def _reorder(items: list[Any], chance: Random) -> list[Any]:
    chance.shuffle(items)
    return items


_WAYS: Mapping[Damage, Callable[[list[Any], Random], list[Any]]] = {
    Damage.DROP: _drop,
    Damage.CUT: _cut,
    Damage.REPEAT: _repeat,
    Damage.REORDER: _reorder,
}
