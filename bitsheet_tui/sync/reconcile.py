"""Finds the rows that one side has and the other has not, by asking for as little as possible.

The portal never says that a row was deleted, so ids are compared. Words: *mine* is what the mirror knows,
*theirs* what the portal shows; *reach* bounds the comparison, so that rows created meanwhile play no part.

1.  After a scan the mirror knows every id up to `reach` that the portal has, so where a range of ids holds
    as many rows here as there, it holds the same rows. What a scan cannot see are rows that became visible
    late under low ids: the audit finds those, so that they hide a deletion beside them no longer than that.
2.  A range that differs is cut into ranges with equal shares of the mirror's rows, which are counted in turn,
    up to fifty in a request; a range of a few pages, or one where much differs, or one whose count makes no
    sense, is listed instead: its ids, newest first, in chains.
3.  A list has ended when it has as many ids as its range was counted to have, or at an empty page under a
    bound written as a number (`listing.py`). Where it has ended and the count is greater, it is read again:
    what got lost comes then, and the same ids twice are rows that the portal counts and does not show
    (`hidden`).
4.  Every id that the lists miss is asked for by number before it counts as gone, together with one that is
    known to be there, and with the count of them: an id is gone when that one comes and the count says that
    nothing else of what was asked is there [D: `total` is the count of the filter]. So a row that got lost
    on its way, or is taken out after the query, is not gone. What is not proved is asked once more, one by
    one; what still is not then is left as it is. Ids that only the portal has are fetched whole, alike.
5.  Nothing is concluded before all of it has been read. What a scan stores meanwhile is there, whatever an
    earlier answer said (`returned`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, Unasked
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.counting import IDS, count, counted, some, those
from bitsheet_tui.portal.listing import PAGE, Window, chain, read
from bitsheet_tui.sync import guard
from bitsheet_tui.tables import Table

BRANCHES = 50  # ranges that the first count has, and a later one at most
FEWEST = 5  # ranges that one which differs is cut into at least
SHORT = 8 * PAGE  # ids that are listed rather than counted once more
READINGS = 4  # of a list, or of an id, whose count is not met
MUCH = 8  # a range of which more than one in so many differs is listed

Answers = Mapping[str, Answer | PortalError]


class Census(Protocol):
    """The mirror's side: what it knows of one table."""

    def count(self, above: int, upto: int) -> int:
        """How many ids in (above, upto]."""

    def ids(self, above: int, upto: int) -> list[int]:
        """Which."""

    def cuts(self, above: int, upto: int, parts: int) -> list[int]:
        """The upper ends of ranges with equal shares of them."""


class Range(Struct):
    """The ids in (above, upto]. When it is listed, `below` falls from its upper end."""

    above: int
    upto: int
    below: int = 0
    theirs: int | None = None  # as counted; None: not counted, or the count made no sense
    mine: int = 0  # at the same time
    seen: set[int] = field(default_factory=set)  # as listed so far, in all readings
    rows: int = 0  # in this one
    before: tuple[int | None, int] | None = None  # `theirs` and `rows` of the reading before
    again: int = 0  # readings begun once more

    def restart(self) -> None:
        """List it once more, from its upper end."""
        self.before, self.again, self.rows = (self.theirs, self.rows), self.again + 1, 0
        self.below = self.upto + 1

    @property
    def missing(self) -> int:
        """How many ids were counted and did not come."""
        return 0 if self.theirs is None else max(0, self.theirs - len(self.seen))

    @property
    def settled(self) -> bool:
        """Whether nothing is missing, or the same twice."""
        alike = self.before == (self.theirs, self.rows) and self.rows == len(self.seen)
        return not self.missing or alike


class Comparison(Struct):
    """Compares one table up to `reach`. Holds no connection: gives asks, takes answers."""

    table: Table
    reach: int
    census: Census
    chained: bool
    gone: set[int] = field(default_factory=set)  # known here, and proven not to be there
    rows: list[dict[str, Any]] = field(default_factory=list)  # raw, of ids that only the portal had
    facts: dict[str, Any] = field(default_factory=dict)  # what the webhook may do; asked when rows are gone
    hidden: int = 0  # rows that the portal counts and does not show
    short: int | None = None  # how many rows fewer the portal has, once all of it has been counted
    done: bool = False
    error: PortalError | None = None  # why the last answers were not all used; asked again by the next asks
    returned: set[int] = field(default_factory=set)  # ids that were stored meanwhile
    _counting: list[Range] = field(default_factory=list)
    _differing: list[Range] = field(default_factory=list)
    _listing: list[Range] = field(default_factory=list)
    _missing: set[int] = field(default_factory=set)
    _strange: set[int] = field(default_factory=set)
    _witness: int | None = None  # an id that the portal has
    _tries: Counter[int] = field(default_factory=Counter)  # by id that was looked up in vain
    _looking: list[list[int]] = field(default_factory=list)  # pages of ids to be confirmed
    _fetching: list[list[int]] = field(default_factory=list)  # pages of ids to be read whole
    _chains: list[tuple[Range, Window, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        whole = Range(0, self.reach, self.reach + 1, mine=self.census.count(0, self.reach))
        if whole.mine <= SHORT:
            self._listing = [whole]
        else:
            self._counting = self._cut(whole, BRANCHES)

    def asks(self, room: int) -> dict[str, Ask]:
        """At most `room` of the next questions, unless two more are indivisible."""
        self._chains = []
        if self._counting:
            return {
                f"{self.table.name}n{number}": count(self.table, one.above, one.upto)
                for number, one in enumerate(self._counting[:room])
            }
        return self._lists(room) if self._listing else self._look_ups(room)

    def take(self, answers: Answers) -> None:
        """Use the answers to the last asks. Raises BadAnswer when one is not what was asked."""
        self.error = None
        if self._counting:
            self._take_counts(answers)
        elif self._listing:
            self._take_lists(answers)
        else:
            self._take_look_ups(answers)
        if not (self._counting or self._listing or self._looking or self._fetching):
            self._go_on()

    def _go_on(self) -> None:
        """What follows when all of one kind is answered; a comparison that has nothing left is done."""
        if self._differing:
            self._narrow()
        elif self._missing or self._strange:
            size = PAGE - 1 if self._witness else PAGE
            self._looking = _pages(self._missing - self.returned, size)
            self._fetching = _pages(self._strange - self.returned, PAGE)
            self._missing, self._strange = set(), set()
        if not (self._counting or self._listing or self._looking or self._fetching):
            self.gone -= self.returned
            self.done = True

    # --- counting ------------------------------------------------------------------------------------------

    def _cut(self, whole: Range, parts: int) -> list[Range]:
        ends = self.census.cuts(whole.above, whole.upto, parts)
        return [Range(above, end) for above, end in zip([whole.above, *ends], ends, strict=False)]

    def _take_counts(self, answers: Answers) -> None:
        first = self.short is None
        for one, answer in zip(list(self._counting), answers.values(), strict=False):
            if isinstance(answer, PortalError):
                self.error = answer
                return
            one.theirs = counted(self.table, one.above, one.upto, answer)
            one.mine = self.census.count(one.above, one.upto)
            self._counting.remove(one)
            if one.theirs != one.mine:
                self._differing.append(one)
        if first and not self._counting:
            self.short = sum(
                one.mine - (one.theirs or 0) for one in self._differing if one.theirs is not None
            )

    def _narrow(self) -> None:
        """Cut what differs, or list it."""
        differing, self._differing = self._differing, []
        pages = sum(_size(one) // PAGE + 1 for one in differing)
        parts = max(FEWEST, BRANCHES // len(differing))
        for one in differing:
            if pages <= BRANCHES or _worth_listing(one):
                one.below = one.upto + 1
                self._listing.append(one)
            else:
                self._counting += self._cut(one, parts)

    # --- listing -------------------------------------------------------------------------------------------

    def _lists(self, room: int) -> dict[str, Ask]:
        asks: dict[str, Ask] = {}
        for number, one in enumerate(self._listing):
            if len(asks) >= room:
                break
            pages = max(0, _size(one) - one.rows) // PAGE + 1 if self.chained else 1
            window = Window(name="ids", above=one.above, below=one.below, counted=True)
            prefix = f"{self.table.name}{number}l"
            some_pages = chain(self.table, window, min(pages, room - len(asks)), prefix, IDS)
            self._chains.append((one, window, tuple(some_pages)))
            asks |= some_pages
        return asks

    def _take_lists(self, answers: Answers) -> None:
        for one, window, keys in self._chains:
            got = read(self.table, window, [answers[key] for key in keys])
            ids = set(got.ids)
            if not one.rows and got.total is not None:
                one.theirs = got.total
            one.rows += len(ids)
            one.seen |= ids
            in_vain = not ids and not got.error and bool(got.left)
            complete = got.complete or in_vain or (not got.error and one.rows == one.theirs)
            low = one.above if complete else (got.lowest or one.below) - 1
            mine = set(self.census.ids(low, one.below - 1))
            self._missing = (self._missing | mine) - one.seen
            self._strange |= ids - mine
            self._witness = max(ids, default=self._witness)
            self.chained = self.chained and not got.broken
            one.below = low + 1
            if complete:
                self._ended(one)
            self.error = self.error or got.error

    def _ended(self, one: Range) -> None:
        """A list has come to its end: it is done with, or read again for what is missing."""
        if one.settled:
            self._listing.remove(one)
            self.hidden += one.missing
        elif one.again < READINGS:
            one.restart()
        else:
            raise _unsteady(self.table)

    # --- looking up ----------------------------------------------------------------------------------------

    def _look_ups(self, room: int) -> dict[str, Ask]:
        name = self.table.name
        asks = guard.asks(self.table) if self._looking and not self.facts else {}
        for number, page in enumerate(self._looking[: max(1, room - len(asks))]):
            asks[f"{name}{number}c"] = some(self.table, self._with_witness(page), IDS)
        for number, page in enumerate(self._fetching[: max(0, room - len(asks))]):
            asks[f"{name}{number}r"] = some(self.table, page)
        return asks

    def _with_witness(self, page: Sequence[int]) -> list[int]:
        return [*page, self._witness] if self._witness else list(page)

    def _take_look_ups(self, answers: Answers) -> None:
        if self._looking and not self.facts:
            self.facts = guard.told(self.table, answers)
        for key, pages in (("c", self._looking), ("r", self._fetching)):
            for number, page in enumerate(list(pages)):
                answer = answers.get(f"{self.table.name}{number}{key}")
                if isinstance(answer, Unasked):
                    continue
                if isinstance(answer, PortalError):
                    self.error = answer
                elif answer:
                    self._settle(page, answer, whole=key == "r")
                    pages.remove(page)

    def _settle(self, page: Sequence[int], answer: Answer, *, whole: bool) -> None:
        asked = page if whole else self._with_witness(page)
        found = those(self.table, asked, answer)
        absent = set(page) - found.rows.keys()
        if whole:
            self.rows += found.rows.values()
        if found.more == 0 and (whole or not self._witness or self._witness in found.rows):
            self.gone |= set() if whole else absent
        else:
            self._once_more(absent, found.more, whole=whole)

    def _once_more(self, ids: Iterable[int], more: int | None, *, whole: bool) -> None:
        """Ask for each of these alone: it is not proved that they are away."""
        for id_ in sorted(ids):
            self._tries[id_] += 1
            if self._tries[id_] < READINGS:
                (self._fetching if whole else self._looking).append([id_])
            elif more:  # counted each time, and not shown: it stays as it is, here or away
                self.hidden = max(0, self.hidden + (1 if whole else -1))
            else:
                raise BadAnswer(
                    f"{self.table.method} does not tell whether it has row {id_}",
                    "Nothing was marked as deleted; it is compared again later.",
                    reason=Reason.FILTER,
                )


def _unsteady(table: Table) -> BadAnswer:
    return BadAnswer(
        f"{table.method} counts rows that it does not show, and not the same ones twice",
        "Nothing was marked as deleted; it is compared again later.",
        reason=Reason.GARBAGE,
    )


def _size(one: Range) -> int:
    """How many ids a range may turn out to have."""
    return max(one.theirs or 0, one.mine)


def _worth_listing(one: Range) -> bool:
    if one.theirs is None or _size(one) <= SHORT:
        return True
    return abs(one.theirs - one.mine) * MUCH >= _size(one)


def _pages(ids: Iterable[int], size: int) -> list[list[int]]:
    ordered = sorted(ids)
    return [ordered[place : place + size] for place in range(0, len(ordered), size)]
