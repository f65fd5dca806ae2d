"""`verify` reads in another way than the sync does, so one lie of the portal does not deceive both."""

import re
from contextlib import closing

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.errors import BadAnswer
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.portal.demo.pages import PageFaults
from bitsheet_tui.sync import verify as verifying
from bitsheet_tui.sync.ascending import Ascending, spans
from bitsheet_tui.tables import CATALOGUE
from tests.support.fault_trial import NOON
from tests.support.odd_pages import OddPages

CONTACTS = "crm.contact.list"
DEALS = next(table for table in CATALOGUE if table.name == "deals")


def number(item):
    return int(re.search(rb'"ID":"(\d+)"', item)[1])


def downwards(call):
    order = call.get("order", default={})
    return isinstance(order, dict) and order.get("ID") == "DESC"


@pytest.fixture
def people(sqlite_url, monkeypatch):
    return OddPages(sqlite_url, "contacts", monkeypatch=monkeypatch, contacts=230)


@pytest.mark.parametrize("full", [False, True], ids=["sample", "full"])
async def test_rows_that_every_page_read_downwards_leaves_out_are_called_missing(people, full):
    """The sync is told that they are counted and not shown; read upwards they are there."""
    left_out = set(people.ids("contacts")[100:103])

    def without(items, call):
        if downwards(call) and "@ID" not in call.get("filter", default={}):
            return [item for item in items if number(item) not in left_out]
        return None

    people.pages(CONTACTS, without)
    await people.cycle()
    verdict = (await people.verdicts(full=full))["contacts"]
    assert verdict.found.missing == set(map(str, left_out))
    assert not verdict.equal


async def test_one_row_more_and_one_fewer_in_one_range_are_both_named(people):
    """Counts agree, so a comparison sees nothing."""
    world, (late, gone) = people.demo.world, people.ids("contacts")[4:6]
    world.hide("contacts", late)
    await people.cycle()
    world.show("contacts", late)
    world.delete("contacts", gone)
    verdict = (await people.verdicts())["contacts"]
    assert (verdict.found.missing, verdict.found.gone) == ({str(late)}, {str(gone)})


async def test_of_a_large_table_only_ranges_whose_count_differs_are_looked_into(people, monkeypatch):
    await people.cycle()
    monkeypatch.setattr(verifying, "LISTED", 50)
    monkeypatch.setattr(verifying, "COUNTED", 20)
    gone = people.ids("contacts")[77]
    people.demo.world.delete("contacts", gone)
    before = people.demo.stats.rows
    verdict = (await people.verdicts())["contacts"]
    assert verdict.found.gone == {str(gone)}
    assert people.demo.stats.rows - before < 11 * 50 + 230 + 150


async def test_a_row_that_is_counted_by_its_own_id_is_not_called_gone(people):
    await people.cycle()
    hidden = people.ids("contacts")[50]
    people.pages(CONTACTS, lambda items, call: [item for item in items if number(item) != hidden])
    verdict = (await people.verdicts())["contacts"]
    assert verdict.found.gone == set()
    assert verdict.line() == "contacts: 230 rows, equal; 1 more row that it counts is not shown"


async def test_departments_are_read_from_their_other_end_and_asked_for_by_id(sqlite_url, monkeypatch):
    offices = OddPages(sqlite_url, "departments", monkeypatch=monkeypatch, departments=64)
    await offices.cycle()
    gone = offices.ids("departments")[10]
    offices.demo.world.delete("departments", gone)
    offices.pages("department.get", lambda items, call: items[:30] if "ID" not in call.params else None)
    verdict = (await offices.verdicts())["departments"]
    assert verdict.found.gone == {str(gone)}
    assert verdict.unseen > 0


@pytest.mark.parametrize("full", [False, True], ids=["sample", "full"])
async def test_a_difference_that_does_not_come_when_it_is_looked_at_again_is_told(people, full):
    """An empty page is no proof that a row is away: its own count says that it is there."""
    people.demo.world.hide("contacts", missing := people.ids("contacts")[7])
    await people.cycle()
    people.demo.world.show("contacts", missing)

    def silent(items, call):
        return [] if "@ID" in call.get("filter", default={}) else None

    people.pages(CONTACTS, silent)
    verdict = (await people.verdicts(full=full))["contacts"]
    assert verdict.found.missing == {str(missing)}


@pytest.mark.parametrize("seed", range(12))
async def test_no_damage_of_its_own_pages_makes_it_call_a_living_row_gone(people, seed):
    await people.cycle()
    people.demo.faults.pages = PageFaults(0.3, seed)
    verdict = (await people.verdicts(full=seed % 2 == 0))["contacts"]
    assert verdict.found.gone == set()
    assert verdict.found.missing == set()
    people.demo.faults.clear()
    with closing(wiring.open_store(people.config, readonly=True)):
        assert (await people.verdicts())["contacts"].equal


@pytest.mark.parametrize(
    "rows", [[5, 4], [3, 99], [5, 5], list(range(1, 53))], ids=["falls", "above", "twice", "long"]
)
def test_a_page_that_is_not_what_was_asked_is_no_verdict(rows):
    reading = Ascending(DEALS, spans([60]))
    reading.asks(50)
    page = [{"ID": str(id_), "TITLE": str(place)} for place, id_ in enumerate(rows)]
    with pytest.raises(BadAnswer):
        reading.take([Answer(result=page, total=len(page), started=NOON, seconds=0.1)])
