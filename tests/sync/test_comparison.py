"""What is found, and for how many requests, on a portal of a million rows in memory."""

import random
import re
from bisect import bisect_right
from datetime import UTC, datetime

import pytest

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, TableRefused
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.sync.reconcile import Comparison
from bitsheet_tui.tables import CATALOGUE

DEALS = next(table for table in CATALOGUE if table.name == "deals")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFERENCE = re.compile(r"^0\$result\[(?P<key>\w+)\]\[49\]\[ID\]$")


class Ids:
    """A sorted set of ids; also what a mirror knows."""

    def __init__(self, ids):
        self.all = sorted(ids)

    def count(self, above, upto):
        return max(0, bisect_right(self.all, upto) - bisect_right(self.all, above))

    def ids(self, above, upto):
        return self.all[bisect_right(self.all, above) : bisect_right(self.all, upto)]

    def cuts(self, above, upto, parts):
        inside = self.ids(above, upto)
        step = max(1, -(-len(inside) // parts))
        ends = inside[step - 1 :: step]
        return [*ends[: parts - 1], upto] if not ends or ends[-1] != upto else ends


class Portal:
    """Answers batches about its ids; counts requests and rows."""

    def __init__(self, ids, total=lambda honest: honest):
        self.known = Ids(ids)
        self.total = total
        self.requests = self.rows = 0
        self.drops: set[str] = set()  # filters it ignores
        self.fails: list[PortalError] = []

    def answer(self, asks):
        self.requests += 1
        assert 0 < len(asks) <= 50
        answers = {}
        for key, ask in asks.items():
            answers[key] = self.fails.pop() if self.fails else self._one(ask, answers)
        return answers

    def _one(self, ask, answers):
        if ask.method != "crm.deal.list":
            facts = {"ID": 1, "ADMIN": True} if ask.method == "profile" else ["crm"]
            return Answer(result=facts, started=NOW, seconds=0.01)
        conditions = {k: v for k, v in ask.params["filter"].items() if k not in self.drops}
        ids = self._matching(conditions, answers)
        total = self.total(len(ids)) if ask.params["start"] == 0 else 0
        page = [{"ID": str(i)} for i in ids[:-51:-1]]
        self.rows += len(page)
        return Answer(result=page, total=total, started=NOW, seconds=0.01)

    def _matching(self, conditions, answers):
        if "@ID" in conditions:
            return [i for i in sorted(conditions["@ID"]) if self.known.count(i - 1, i)]
        below = conditions.get("<ID", 2**40)
        if isinstance(below, str):
            rows = getattr(answers[REFERENCE.match(below)["key"]], "result", [])
            below = int(rows[49]["ID"]) if len(rows) == 50 else 0
        return self.known.ids(conditions.get(">ID", 0), min(below - 1, conditions.get("<=ID", 2**40)))


def compare(mine, portal, reach=None, **more):
    comparison = Comparison(DEALS, reach or max(mine), Ids(mine), chained=True, **more)
    return finish(comparison, portal)


def finish(comparison, portal):
    for _ in range(2000):
        comparison.take(portal.answer(comparison.asks(50)))
        if comparison.done:
            return comparison
    raise AssertionError("never done")


def fetched(comparison):
    return {int(row["ID"]) for row in comparison.rows}


MILLION = range(1, 1_000_001)


@pytest.mark.parametrize(("deleted", "most"), [(0, 1), (1, 4), (10, 11), (100, 63)])
def test_deletions_in_a_million_rows_are_found_with_few_requests(deleted, most, figure):
    gone = set(random.Random(deleted).sample(MILLION, deleted))
    portal = Portal(set(MILLION) - gone)
    found = compare(MILLION, portal)
    assert found.gone == gone
    figure(f"{deleted} deletions in 1,000,000 rows: {portal.requests} requests, {portal.rows:,} ids listed")
    assert portal.requests <= most  # and one count in the cycle's own request


def test_a_thousand_deletions_in_one_place_cost_hardly_more_than_reading_them():
    gone = set(range(500_000, 501_000))
    portal = Portal(set(MILLION) - gone)
    assert compare(MILLION, portal).gone == gone
    assert portal.requests <= 8


def test_when_most_is_gone_the_ids_are_simply_listed():
    mine = range(1, 50_001)
    portal = Portal(range(3, 50_001, 3))
    assert compare(mine, portal).gone == set(mine) - set(range(3, 50_001, 3))
    assert portal.requests <= 2 + 50_000 / 3 / 2500 + 10 + 50_000 / 49 / 50 + 10


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("late", [0, 0.05], ids=["scanned", "late rows"])
def test_both_sides_agree_in_the_end_whatever_is_gone(seed, late):
    chance = random.Random(seed)
    everything = sorted(chance.sample(range(1, 9000), chance.choice((3, 60, 700, 4000))))
    theirs = set(chance.sample(everything, chance.randrange(0, len(everything) + 1)))
    mine = {ident for ident in everything if ident not in theirs or chance.random() >= late}
    comparison = Comparison(DEALS, everything[-1], Ids(mine), chained=chance.random() < 0.8)
    portal = Portal(theirs)
    for _ in range(5000):
        comparison.take(portal.answer(comparison.asks(chance.randrange(1, 51))))
        if comparison.done:
            break
    if late:  # one more here and one fewer there look like nothing until the audit has been there
        assert comparison.gone <= mine - theirs
        assert fetched(comparison) <= theirs - mine
    else:
        assert comparison.gone == mine - theirs
        assert fetched(comparison) == set()


def test_rows_above_the_reach_play_no_part():
    mine = [*range(1, 5001), 5003, 5009]
    found = compare(mine, Portal([*range(1, 5001), 6000]), reach=5000)
    assert (found.gone, found.rows) == (set(), [])


@pytest.mark.parametrize("total", [lambda n: None, lambda n: 0, lambda n: n // 2], ids=["none", "0", "half"])
def test_under_a_total_that_makes_no_sense_nothing_is_marked_and_it_is_told(total):
    mine = range(1, 3001)
    comparison = Comparison(DEALS, 3000, Ids(mine), chained=True)
    portal = Portal(set(mine) - {7, 2000}, total)
    with pytest.raises(BadAnswer, match="does not tell whether it has row"):
        finish(comparison, portal)
    assert comparison.gone == set()


def test_a_portal_that_ignores_look_ups_marks_nothing():
    portal = Portal(set(range(1, 301)) - {5})
    portal.drops = {"@ID"}
    with pytest.raises(BadAnswer):
        compare(range(1, 301), portal)


def test_a_look_up_that_does_not_find_what_is_there_marks_nothing():
    portal = Portal(set(range(1, 301)) - {5})
    asked = Comparison(DEALS, 300, Ids(range(1, 301)), chained=True)
    asked.take(portal.answer(asked.asks(50)))
    portal.known = Ids([])  # the filter finds nothing at all
    with pytest.raises(BadAnswer, match="row 5"):
        finish(asked, portal)
    assert asked.gone == set()


def test_an_answer_that_failed_is_asked_for_again():
    mine = range(1, 5001)
    portal = Portal(set(mine) - {7, 2000})
    comparison = Comparison(DEALS, 5000, Ids(mine), chained=True)
    chance = random.Random(3)
    for _ in range(100):
        if chance.random() < 0.5:
            portal.fails = [TableRefused("not now", "", reason=Reason.OPERATING)]
        try:
            comparison.take(portal.answer(comparison.asks(50)))
        except PortalError:
            continue  # the portal does not say who we are
        if comparison.done:
            break
    assert comparison.gone == {7, 2000}


def test_what_came_back_meanwhile_is_not_gone():
    mine = range(1, 301)
    back: set[int] = set()
    comparison = Comparison(DEALS, 300, Ids(mine), chained=True, returned=back)
    portal = Portal(set(mine) - {5, 6})
    for _ in range(2):
        comparison.take(portal.answer(comparison.asks(50)))
        back.add(5)
    assert comparison.done
    assert comparison.gone == {6}
