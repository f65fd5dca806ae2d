"""A list ends where its end was seen or counted; a row is gone where its own id counts none."""

import re
from contextlib import closing

import msgspec
import pytest

from bitsheet_tui.events import RowsHidden, TableFailed
from bitsheet_tui.observe.narrate import narrate
from bitsheet_tui.portal.demo.calls import Call, Reply
from bitsheet_tui.portal.demo.pages import Damage, PageFaults
from bitsheet_tui.store.reader import Reader
from bitsheet_tui.ui.line import text
from bitsheet_tui.ui.views import details
from tests.support import mirror
from tests.support.odd_pages import OddPages
from tests.support.proof import times
from tests.support.readme import said

CONTACTS = "crm.contact.list"
DEPARTMENTS = "department.get"


def conditions(call):
    return call.get("filter", "FILTER", default={}) or {}


def number(item):
    return int(re.search(rb'"(?:ID|id)":"(\d+)"', item)[1])


@pytest.fixture
def people(sqlite_url, monkeypatch):
    return OddPages(sqlite_url, "contacts", monkeypatch=monkeypatch, contacts=230)


# --- first readings ---------------------------------------------------------------------------------------


async def test_one_short_page_in_a_first_reading_loses_no_row(people):
    short = iter([49])

    def once(items, call):
        return items[: next(short, 50)] if len(items) == 50 and call.get("select") != ["ID"] else None

    people.pages(CONTACTS, once)
    await people.cycle()
    assert people.living("contacts") == people.ids("contacts")


async def test_a_portal_of_49_rows_a_page_is_read_to_its_end_and_not_with_a_request_a_page(
    sqlite_url, monkeypatch
):
    portal = OddPages(sqlite_url, "contacts", monkeypatch=monkeypatch, contacts=3000)
    portal.pages(CONTACTS, lambda items, call: items[:49])
    await portal.cycle()
    assert portal.living("contacts") == portal.ids("contacts")
    assert portal.demo.stats.requests < 25  # 62 pages, and the comparison
    assert (await portal.verdicts())["contacts"].equal


@pytest.mark.parametrize("place", [20, 49], ids=["within", "last"])
async def test_a_row_left_out_of_a_page_once_is_found_by_the_count_that_ends_a_first_reading(people, place):
    left_out = iter([place])

    def once(items, call):
        if len(items) < 50 or call.get("select") == ["ID"] or (place := next(left_out, None)) is None:
            return None
        return items[:place] + items[place + 1 :]

    people.pages(CONTACTS, once)
    await people.cycle()
    assert people.living("contacts") == people.ids("contacts")


async def test_the_lowest_row_is_read_although_its_page_lost_it_and_the_page_beneath_came_empty(people):
    """An empty page under a number that we wrote is the end by the documentation, and is not believed alone."""
    lowest, lost = people.ids("contacts")[0], []

    def lose(items, call):
        if not items or number(items[-1]) != lowest or call.get("select") == ["ID"]:
            return None
        lost.append(len(items))
        return items[:-1] if len(lost) <= 2 else None

    people.pages(CONTACTS, lose)
    await people.cycle()
    assert lost[1] == 1
    assert people.living("contacts") == people.ids("contacts")


async def test_the_newest_row_is_read_although_the_page_that_told_the_highest_id_lost_it(people):
    newest = people.ids("contacts")[-1]

    def lose(items, call):
        if call.get("select") == ["ID"] and items and number(items[0]) == newest and not conditions(call):
            return items[1:]
        return None

    people.pages(CONTACTS, lose)
    await people.cycle()
    assert people.living("contacts") == people.ids("contacts")


async def test_the_proof_that_a_first_reading_is_whole_is_one_request(people):
    await people.cycle()
    first = people.demo.stats.requests
    await people.cycle()
    assert people.demo.stats.requests - first == 2  # the start-up test, and a cycle that has nothing to count
    assert first <= 5  # two tests of a start, the rows, what is beneath the lowest, and the proof


async def test_pages_that_are_empty_behind_the_first_are_told_of_and_no_verdict_is_equal(people):
    newest = people.ids("contacts")[-1]

    def empty_behind(items, call):
        return [] if "<ID" in conditions(call) and items and number(items[0]) != newest else None

    people.pages(CONTACTS, empty_behind)
    await people.cycle()
    assert len(people.living("contacts")) == 50
    verdict = (await people.verdicts())["contacts"]
    assert not verdict.equal
    assert len(verdict.found.missing) == 180
    await people.cycle()
    assert people.of(RowsHidden)[-1].count == 180
    people.as_it_should_be(CONTACTS)
    await people.cycle(reconcile_every=1)
    assert people.differing() == {}


HIDDEN = {
    "contacts": CONTACTS,
    "users": "user.get",
    "activities": "crm.activity.list",
    "tasks": "tasks.task.list",
}


@pytest.mark.parametrize("table", HIDDEN)
async def test_rows_that_are_taken_out_after_the_query_hide_no_others_and_are_told_once(
    table, sqlite_url, monkeypatch
):
    portal = OddPages(sqlite_url, table, monkeypatch=monkeypatch, **{table: 230})
    hidden = set(portal.ids(table)[100:103])

    def without(items, call):
        return [item for item in items if number(item) not in hidden]

    portal.pages(HIDDEN[table], without)
    for _ in range(3):
        assert await portal.cycle() == ()
    assert portal.living(table) == sorted(set(portal.ids(table)) - hidden)
    told = portal.of(RowsHidden)
    assert {event.count for event in told} == {3}
    verdict = (await portal.verdicts())[table]
    assert verdict.line().endswith("; 3 more rows that it counts are not shown")
    assert portal.status()["tables"][table]["hidden"] == 3
    assert len(told) == 1  # three processes
    with closing(Reader.open(sqlite_url)) as reader:
        shown = details.reach(reader.checkpoint(table), (), reader.hidden(table))
    assert "3 rows that the portal counts and does not show" in " ".join(map(text, shown))
    portal.as_it_should_be(HIDDEN[table])
    assert await portal.cycle(reconcile_every=1) == ()
    assert portal.living(table) == portal.ids(table)
    assert portal.status()["tables"][table]["hidden"] == 0


async def test_where_rows_are_hidden_a_cycle_with_nothing_to_read_is_one_request(sqlite_url, monkeypatch):
    """An engine that goes on knows how many they are."""
    from bitsheet_tui.commands import SyncNow
    from tests.support.live_engine import live_engine, until

    portal = OddPages(sqlite_url, "users", monkeypatch=monkeypatch, users=61)
    hidden = set(portal.ids("users")[10:13])
    portal.pages("user.get", lambda items, call: [item for item in items if number(item) not in hidden])
    settings = msgspec.structs.replace(
        portal.config, sync=msgspec.structs.replace(portal.config.sync, interval=3600)
    )
    async with live_engine(settings, monkeypatch, connect=portal._connect) as (engine, told, running):
        costs = []
        for count in range(1, 6):
            await until(lambda count=count: len(engine.state.cycles) >= count, running)
            await until(lambda: not engine._fills._tasks or engine._fills.quiet, running)
            costs.append(engine.state.cycles[-1].requests)
            engine.submit(SyncNow(()))
        assert costs[-1] == costs[-2] == 1, costs
        assert len([event for event in told if isinstance(event, RowsHidden)]) == 1


# --- what changed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [49, 20, 1, 0])
async def test_one_short_page_among_many_edits_loses_none_of_them(people, rows):
    await people.cycle()
    people.clock.advance(7200)
    for id_ in people.ids("contacts")[:130]:
        people.demo.world.edit("contacts", id_, NAME="edited")
    short = iter([rows])

    def once(items, call):
        edited = ">=DATE_MODIFY" in conditions(call) and len(items) == 50
        return items[: next(short, 50)] if edited and call.get("select") != ["ID"] else None

    people.pages(CONTACTS, once)
    await people.cycle()
    assert people.differing() == {}


async def test_an_edit_that_is_left_out_of_its_page_once_arrives_in_the_same_cycle(people):
    await people.cycle()
    people.clock.advance(7200)
    for id_ in people.ids("contacts")[:9]:
        people.demo.world.edit("contacts", id_, NAME="edited")
    left_out = iter([4])

    def once(items, call):
        if ">=DATE_MODIFY" not in conditions(call) or len(items) != 9:
            return None
        place = next(left_out, 99)
        return items[:place] + items[place + 1 :]

    people.pages(CONTACTS, once)
    assert await people.cycle() == ()
    assert people.differing() == {}
    assert people.of(RowsHidden) == []


async def test_a_row_that_comes_twice_in_a_row_is_one_row(people):
    await people.cycle()
    people.clock.advance(7200)
    for id_ in people.ids("contacts")[:9]:
        people.demo.world.edit("contacts", id_, NAME="edited")
    people.pages(CONTACTS, lambda items, call: items[:3] + items[2:49] if len(items) > 3 else None)
    assert await people.cycle() == ()
    assert people.differing() == {}


async def test_an_answer_without_the_wrapper_of_its_rows_is_no_empty_page(sqlite_url, monkeypatch):
    portal = OddPages(sqlite_url, "tasks", monkeypatch=monkeypatch, tasks=9)
    await portal.cycle()
    portal.clock.advance(7200)
    portal.demo.world.edit("tasks", portal.ids("tasks")[3], TITLE="edited")
    unwrapped = Reply({}, listing=True)
    portal.pages(
        "tasks.task.list",
        lambda items, call: unwrapped if ">=CHANGED_DATE" in conditions(call) and items else None,
    )
    assert await portal.cycle() == ("tasks",)
    portal.as_it_should_be("tasks.task.list")
    portal.clock.advance(7200)
    assert await portal.cycle() == ()
    assert portal.differing() == {}


# --- what is gone -----------------------------------------------------------------------------------------


async def test_a_living_row_that_look_ups_leave_out_is_not_marked(people):
    await people.cycle()
    await people.cycle()
    left_out = people.ids("contacts")[40]
    people.demo.world.delete("contacts", people.ids("contacts")[7])
    people.pages(CONTACTS, lambda items, call: [item for item in items if number(item) != left_out])
    await people.cycle(reconcile_every=1)
    people.as_it_should_be(CONTACTS)
    assert people.dead_though_alive() == {}
    await people.cycle(reconcile_every=1)
    assert people.differing() == {}


def empty(items, call):
    return []


def six(items, call):
    return items[:6]


def thirty(items, call):
    return items[:30] if call.start == 0 and len(items) == 50 else None


def uncounted(items, call):
    return Reply([msgspec.json.decode(item) for item in items], listing=True)


@pytest.fixture
def offices(sqlite_url, monkeypatch):
    return OddPages(sqlite_url, "departments", monkeypatch=monkeypatch, departments=64)


@pytest.mark.parametrize("odd", [empty, six, thirty, uncounted], ids=lambda odd: odd.__name__)
async def test_whatever_becomes_of_the_pages_of_departments_no_living_one_is_marked(offices, odd):
    await offices.cycle()
    offices.pages(DEPARTMENTS, lambda items, call: None if "ID" in call.params else odd(items, call))
    await offices.cycle()
    assert offices.living("departments") == offices.ids("departments")
    assert offices.failed or offices.of(RowsHidden)
    offices.as_it_should_be(DEPARTMENTS)
    assert await offices.cycle() == ()
    assert offices.differing() == {}


async def test_departments_whose_start_gets_lost_fail_and_none_is_marked(offices):
    await offices.cycle()
    first = []  # page 1 whatever was asked

    def lost(items, call):
        if "ID" in call.params:
            return None
        if call.start == 0:
            first[:] = items
        return list(first)

    offices.pages(DEPARTMENTS, lost)
    assert await offices.cycle() == ("departments",)
    assert offices.living("departments") == offices.ids("departments")
    assert "counts 64" in offices.of(TableFailed)[-1].text


async def test_departments_that_the_portal_counts_and_does_not_show_are_told_once(sqlite_url, monkeypatch):
    offices = OddPages(sqlite_url, "departments", monkeypatch=monkeypatch, departments=64)
    hidden = set(offices.ids("departments")[20:22])
    offices.pages(DEPARTMENTS, lambda items, call: [item for item in items if number(item) not in hidden])
    for _ in range(2):
        assert await offices.cycle() == ()
    assert offices.living("departments") == sorted(set(offices.ids("departments")) - hidden)
    assert {event.count for event in offices.of(RowsHidden)} == {2}
    assert said("a list that shows fewer rows than it counts") in narrate(offices.of(RowsHidden)[0]).text
    assert "2 more rows" in (await offices.verdicts())["departments"].line()


async def test_a_department_that_shifts_between_two_pages_is_not_marked(offices):
    await offices.cycle()
    world, done = offices.demo.world, []

    def shift(items, call):
        if call.start == 0 and "ID" not in call.params and not done:
            done.append(True)
            world.delete("departments", offices.ids("departments")[3])
            world.create("departments", NAME="new")

    offices.pages(DEPARTMENTS, shift)
    await offices.cycle()
    assert offices.dead_though_alive() == {}
    await offices.cycle()
    assert offices.differing() == {}


async def test_a_department_that_is_gone_is_marked(offices):
    await offices.cycle()
    offices.demo.world.delete("departments", offices.ids("departments")[3])
    assert await offices.cycle() == ()
    assert offices.differing() == {}


# --- whatever happens --------------------------------------------------------------------------------------

EVERYTHING = ("leads", "contacts", "deals", "tasks", "users", "departments")
SIZES = {"leads": 60, "contacts": 130, "deals": 170, "tasks": 70, "users": 60, "departments": 55}


def work(portal, chance):
    """What people do between two cycles."""
    world = portal.demo.world
    portal.clock.advance(3600)
    for table in EVERYTHING:
        known = portal.ids(table)
        for id_ in chance.sample(known, 3):
            name = "TITLE" if table in ("leads", "deals", "tasks") else "NAME"
            world.edit(table, id_, **{name: f"edited {portal.clock.now()}"})
        if table not in ("users", "departments"):
            world.delete(table, chance.choice(known))
        world.create(table)


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("seed", range(times("BITSHEET_SEEDS", 3, 12)))
async def test_pages_damaged_at_random_make_no_living_row_gone_and_what_is_wrong_is_told(
    sqlite_url, monkeypatch, seed
):
    """Pages drop, repeat, cut off and reorder rows, or are an earlier page; in the end they are well again."""
    import random

    chance = random.Random(seed)
    portal = OddPages(sqlite_url, *EVERYTHING, monkeypatch=monkeypatch, **SIZES)
    share = chance.choice((0.05, 0.2, 0.5))
    portal.demo.faults.pages = faults = PageFaults(share, seed)
    for _ in range(6):
        portal.told.clear()
        await portal.cycle(reconcile_every=1, static_every=1)
        assert portal.dead_though_alive() == {}, faults
        if differing := portal.differing():
            told = {event.table for event in (*portal.of(TableFailed), *portal.of(RowsHidden))}
            unsure = {name for name in differing if name not in told}
            assert not unsure or not await equal_verdicts(portal, unsure), (differing, share)
        work(portal, chance)
    assert faults.struck
    portal.demo.faults.clear()
    for _ in range(3):
        portal.clock.advance(3600)
        await portal.cycle(reconcile_every=1, static_every=1)
    assert portal.differing() == {}
    assert {one.line().rpartition(", ")[2] for one in (await portal.verdicts()).values()} == {"equal"}


async def equal_verdicts(portal, names):
    """The tables among these that `verify` calls equal, asked on a portal that is well."""
    faults, portal.demo.faults.pages = portal.demo.faults.pages, None
    found = await portal.verdicts(full=True)
    portal.demo.faults.pages = faults
    return {name for name in names if found[name].equal}


def test_the_same_seed_damages_the_same_pages():
    def run():
        faults = PageFaults(0.5, seed=3)
        return [
            faults.damaged("crm.deal.list", Call(), Reply(list(range(n, n + 9)), listing=True)).result
            for n in range(40)
        ]

    assert run() == run()
    assert {len(page) for page in run()} > {9}
    assert set(Damage) == set(PageFaults(1.0).kinds)


async def test_where_pages_are_never_full_many_edits_cost_no_request_a_page(sqlite_url, monkeypatch):
    portal = OddPages(sqlite_url, "contacts", monkeypatch=monkeypatch, contacts=3000)
    portal.pages(CONTACTS, lambda items, call: items[:49])
    await portal.cycle()
    portal.clock.advance(7200)
    for id_ in portal.ids("contacts")[::2]:
        portal.demo.world.edit("contacts", id_, NAME="edited")
    before = portal.demo.stats.requests
    assert await portal.cycle() == ()
    assert portal.differing() == {}
    assert portal.demo.stats.requests - before < 14  # 31 pages, and the comparison


async def test_where_pages_are_never_full_and_some_rows_hidden_the_others_are_read_in_blocks(
    sqlite_url, monkeypatch
):
    portal = OddPages(sqlite_url, "contacts", monkeypatch=monkeypatch, contacts=3000)
    await portal.cycle()
    hidden = set(portal.ids("contacts")[1000:1003])
    portal.pages(CONTACTS, lambda items, call: [one for one in items if number(one) not in hidden][:49])
    portal.clock.advance(7200)
    for id_ in portal.ids("contacts")[::2]:
        portal.demo.world.edit("contacts", id_, NAME="edited")
    before = portal.demo.stats.requests
    assert await portal.cycle() == ()
    assert portal.demo.stats.requests - before < 25  # and read twice
    portal.as_it_should_be(CONTACTS)
    there = {row["ID"]: row["NAME"] for row in portal.demo.world.truth("contacts")}
    mine = {row["id"]: row["name"] for row in mirror.rows(sqlite_url, "contacts")}
    assert {id_ for id_ in there if mine[id_] != there[id_]} <= hidden
