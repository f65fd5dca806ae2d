"""Nothing lost, nothing invented: rows deleted on the portal are marked, and only those."""

import pytest
from msgspec.structs import force_setattr

from bitsheet_tui.commands import ConfirmDeletions, Resync
from bitsheet_tui.errors import Reason, TooLarge
from bitsheet_tui.events import DeletionsHeld, HoldEnded
from bitsheet_tui.portal.demo.settings import Cost
from bitsheet_tui.sync.desk import Desk
from tests.support import mirror
from tests.support.sync_run import NAMES, config, ids, marked, once, portal, unequal

DEAR = Cost(counted_row=0.05, slept=False)  # 8.5 s for the deals: once in nine minutes is enough
ALWAYS = {"reconcile_every": 1, "static_every": 1}


def alerts(url):
    _, rows = mirror.select(url, "SELECT key, state, times FROM bitsheet_alerts ORDER BY key")
    return [tuple(row) for row in rows]


async def test_rows_deleted_on_the_portal_are_marked_and_the_others_are_not(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        user = demo.world.create("users", NAME="Nobody")
        await once(settings)
        gone = {
            name: ids(demo, name)[2:40:9]
            for name in ("leads", "contacts", "companies", "deals", "activities", "tasks")
        }
        gone |= {"users": [user], "departments": ids(demo, "departments")[-1:]}
        for name, some in gone.items():
            for ident in some:
                demo.world.delete(name, ident)
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}
        assert {name: marked(store_url, name) for name in gone} == gone
        assert alerts(store_url) == []


async def test_a_dismissed_user_changes_and_is_not_marked(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        await once(settings)
        demo.world.dismiss(ids(demo, "users")[-1])
        await once(settings)
        assert unequal(store_url, demo) == {}
        assert marked(store_url, "users") == []


async def test_a_restored_row_is_unmarked_with_its_comments(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        await once(settings)
        task = next(row["TASK_ID"] for row in demo.world.truth("task_comments"))
        demo.world.delete("tasks", task)
        await once(settings)
        assert marked(store_url, "tasks") == [task]
        assert unequal(store_url, demo) == {}
        demo.world.restore_task(task)
        await once(settings)
        assert marked(store_url, "tasks") == []
        assert unequal(store_url, demo) == {}


async def test_where_counting_is_dear_nothing_is_looked_for_before_its_cycle(store_url):
    async with portal(cost=DEAR) as (demo, webhook):
        settings = config(webhook, store_url, reconcile_every=4, tables=("deals",))
        await once(settings)  # compares what it has filled
        some = ids(demo, "deals")[5]
        demo.world.delete("deals", some)
        for _ in (2, 3, 4):
            await once(settings)
            assert marked(store_url, "deals") == []
        await once(settings)
        assert marked(store_url, "deals") == [some]


async def test_where_counting_is_cheap_the_next_cycle_finds_what_is_gone(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        for _ in (1, 2):
            await once(settings)
        gone = {table: ids(demo, table)[5] for table in ("leads", "contacts", "companies", "deals", "tasks")}
        for table, some in gone.items():
            demo.world.delete(table, some)
        await once(settings)
        assert {table: marked(store_url, table) for table in gone} == {
            table: [some] for table, some in gone.items()
        }


async def test_what_is_taken_away_piece_by_piece_is_held_like_what_goes_at_once(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        for _ in (1, 2):
            await once(settings)
        rows = ids(demo, "deals")
        for piece in (rows[:30], rows[30:60], rows[60:90]):  # none is more than 50
            demo.world.hide("deals", *piece)
            _, told = await read(settings)
        assert marked(sqlite_url, "deals") == rows[:30]
        assert told.held == {"deals": 60}
        demo.world.show("deals", *rows[:90])
        await once(settings)
        assert marked(sqlite_url, "deals") == []
        assert unequal(sqlite_url, demo) == {}


async def test_a_row_that_only_the_portal_has_is_fetched(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        demo.world.hide("deals", *ids(demo, "deals")[10:13])
        late = sorted(demo.world.tables["deals"].hidden)
        await once(settings)
        demo.world.show("deals", *late)  # commits that became visible late: low ids, old dates
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}
        assert set(late) <= {row["id"] for row in mirror.rows(store_url, "deals")}


async def test_a_row_that_cannot_be_stored_is_not_looked_for_every_time(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, reconcile_every=1)
        demo.world.edit("deals", ids(demo, "deals")[3], COMPANY_ID=10**30)
        await once(settings)
        _, rows = mirror.select(sqlite_url, "SELECT count(*) FROM bitsheet_quarantine")
        assert rows == [(1,)]
        demo.stats.reset()
        await once(settings)
        assert demo.stats.requests == 2  # the start-up test, and the cycle


async def test_a_resync_ends_without_ghosts(store_url):
    async with portal(cost=DEAR) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        gone = {name: ids(demo, name)[7] for name in ("deals", "users")}
        for name, ident in gone.items():
            demo.world.hide(name, ident)
        await once(settings)
        assert marked(store_url, "deals") == []
        await once(settings, Resync(("deals", "users")))
        assert {name: marked(store_url, name) for name in gone} == {n: [i] for n, i in gone.items()}


class Told(list):
    """The events of a kind."""

    def of(self, kind):
        return [event for event in self if isinstance(event, kind)]

    @property
    def held(self):
        return {event.table: event.count for event in self.of(DeletionsHeld)}


async def read(settings, wish=None):
    told = Told()
    engine = await once(settings, wish, [told.append])
    return engine, told


async def test_what_looks_like_lost_rights_is_held_and_marked_only_when_confirmed(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        await once(settings)
        world = demo.world
        deals, companies = ids(demo, "deals")[::3] + ids(demo, "deals")[1::3], ids(demo, "companies")
        departments = ids(demo, "departments")
        world.hide("deals", *deals)
        world.hide("companies", *companies)
        world.hide("departments", *departments)
        expected = {"deals": len(deals), "companies": len(companies), "departments": len(departments)}
        for _ in range(3):  # looking again, and starting again, changes nothing
            engine, told = await read(settings)
            assert told.held == expected
            assert {name: table.held for name, table in engine.state.tables.items() if table.held} == expected
            assert [marked(store_url, name) for name in expected] == [[], [], []]
            keys = [f"deletions_held:{name}" for name in sorted(expected)]
            assert alerts(store_url) == [(key, "active", 1) for key in keys]
        for name in ("deals", "departments"):
            _, told = await read(settings, ConfirmDeletions(name))
            assert [event.table for event in told.of(HoldEnded)] == [name]
        assert marked(store_url, "deals") == sorted(deals)
        assert marked(store_url, "departments") == departments
        assert marked(store_url, "companies") == []
        assert alerts(store_url) == [
            ("deletions_held:companies", "active", 1),
            ("deletions_held:deals", "ended", 1),
            ("deletions_held:departments", "ended", 1),
        ]
        world.show("deals", *deals)
        world.show("companies", *companies)
        world.show("departments", *departments)
        engine, told = await read(settings)
        assert [event.table for event in told.of(HoldEnded)] == ["companies"]
        assert unequal(store_url, demo) == {}
        assert {state for _, state, _ in alerts(store_url)} == {"ended"}
        assert not any(table.held for table in engine.state.tables.values())


async def test_a_confirmation_speaks_of_the_number_that_was_shown(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, **ALWAYS)
        await once(settings)
        deals = ids(demo, "deals")
        demo.world.hide("deals", *deals[:60])
        await once(settings)
        demo.world.hide("deals", *deals[60:])
        _, told = await read(settings, ConfirmDeletions("deals"))
        assert told.held == {"deals": len(deals)}
        assert marked(sqlite_url, "deals") == []
        await once(settings, ConfirmDeletions("deals"))
        assert marked(sqlite_url, "deals") == deals


async def test_confirming_what_is_not_held_marks_nothing_and_is_forgotten(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, reconcile_every=1)
        await once(settings)
        engine, told = await read(settings, ConfirmDeletions("deals"))
        assert engine.failed == ()
        demo.world.hide("deals", *ids(demo, "deals")[:60])
        _, told = await read(settings)
        assert told.held == {"deals": 60}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda demo: force_setattr(demo.office.settings, "admin", False), "no administrator"),
        (lambda demo: demo.lose_scope("im"), "the scope im"),
        (lambda demo: force_setattr(demo.office.settings, "user_id", 2), "user 2"),
    ],
    ids=["admin", "scope", "user"],
)
async def test_a_single_row_is_held_when_the_webhook_may_do_less(sqlite_url, change, word):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("deals",), **ALWAYS)
        await once(settings)
        some = ids(demo, "deals")[4]
        change(demo)
        later = webhook.replace("/rest/1/", f"/rest/{demo.office.settings.user_id}/")
        settings = config(later, sqlite_url, tables=("deals",), **ALWAYS)
        demo.world.hide("deals", some)
        for _ in range(2):
            engine, told = await read(settings)
            assert told.held == {"deals": 1}
            assert word in engine.state.tables["deals"].held_reason
        assert marked(sqlite_url, "deals") == []
        await once(settings, ConfirmDeletions("deals"))
        assert marked(sqlite_url, "deals") == [some]
        another = ids(demo, "deals")[6]
        demo.world.hide("deals", another)  # what was confirmed is how it is from now on
        await once(settings)
        assert marked(sqlite_url, "deals") == [some, another]


async def test_rights_that_return_end_the_hold_of_rows_that_are_gone_indeed(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("deals",), **ALWAYS)
        await once(settings)
        some = ids(demo, "deals")[4]
        force_setattr(demo.office.settings, "admin", False)
        demo.world.delete("deals", some)
        await once(settings)
        assert marked(sqlite_url, "deals") == []
        force_setattr(demo.office.settings, "admin", True)
        await once(settings)
        assert marked(sqlite_url, "deals") == [some]
        assert alerts(sqlite_url) == [("deletions_held:deals", "ended", 1)]


async def test_a_scope_that_is_gone_fails_its_tables_and_marks_nothing(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, **ALWAYS)
        await once(settings)
        demo.lose_scope("crm")
        engine = await once(settings)
        assert {"deals", "leads", "contacts", "companies", "activities"} <= set(engine.failed)
        assert "dictionaries" in engine.failed
        tables = [name for name in engine.failed if name in NAMES]
        assert [marked(sqlite_url, name) for name in tables] == [[] for _ in tables]


async def test_counting_costs_no_request_and_finding_costs_few(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, reconcile_every=1)
        await once(settings)
        demo.stats.reset()
        await once(settings)
        quiet = demo.stats.requests
        assert quiet == 2  # the start-up test, and the cycle with its counts
        for ident in ids(demo, "deals")[::20]:
            demo.world.delete("deals", ident)
        demo.stats.reset()
        await once(settings)
        assert demo.stats.requests - quiet <= 2  # the ids of so small a table, and those that are missing
        assert unequal(sqlite_url, demo) == {}


def deleted_comments(url):
    return len(mirror.rows(url, "task_comments", "_deleted_at IS NOT NULL"))


async def test_a_discussion_that_is_empty_all_at_once_is_held(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, **ALWAYS)
        task = next(row["TASK_ID"] for row in demo.world.truth("task_comments") if row["SOURCE"] == "forum")
        said = [demo.world.comment(task, f"word {n}", source="forum") for n in range(3)]
        await once(settings)
        before = [one for one in demo.world.discussions.all(task) if one.source.value == "forum"]
        for one in before:
            demo.world.vanish_comment(one, bump=True)
        for _ in range(2):
            _, told = await read(settings)
            assert told.held == {"task_comments": len(before)}
            assert deleted_comments(store_url) == 0
            assert alerts(store_url) == [("deletions_held:task_comments", "active", 1)]
        _, told = await read(settings, ConfirmDeletions("task_comments"))
        assert [event.table for event in told.of(HoldEnded)] == ["task_comments"]
        assert deleted_comments(store_url) == len(before) >= len(said)
        assert unequal(store_url, demo) == {}
        assert alerts(store_url) == [("deletions_held:task_comments", "ended", 1)]


async def test_comments_that_come_back_end_their_hold(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, **ALWAYS)
        task = next(row["TASK_ID"] for row in demo.world.truth("task_comments") if row["SOURCE"] == "forum")
        demo.world.comment(task, "a word", source="forum")
        await once(settings)
        before = [one for one in demo.world.discussions.all(task) if one.source.value == "forum"]
        for one in before:
            demo.world.vanish_comment(one, bump=True)
        await once(settings)
        demo.world.discussions.of(before[0].source, task)[:] = before  # the list as the portal keeps it
        _, told = await read(settings)
        assert [event.table for event in told.of(HoldEnded)] == ["task_comments"]
        assert unequal(sqlite_url, demo) == {}


async def test_many_comments_that_vanish_together_are_held_however_they_are_spread(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, **ALWAYS)
        tasks = ids(demo, "tasks")[:70]
        said = [demo.world.comment(task, "keep this", source="chat") for task in tasks]
        await once(settings)
        for one in said:
            demo.world.vanish_comment(one, bump=True)
        _, told = await read(settings)
        assert told.held["task_comments"] + deleted_comments(sqlite_url) == len(said)
        assert deleted_comments(sqlite_url) <= 50
        await once(settings, ConfirmDeletions("task_comments"))
        assert deleted_comments(sqlite_url) == len(said)
        assert unequal(sqlite_url, demo) == {}


async def test_a_word_that_is_deleted_here_and_there_goes_unasked(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, **ALWAYS)
        for task in ids(demo, "tasks")[:5]:
            demo.world.comment(task, "a word that stays", source="chat")
        said = [demo.world.comment(task, "oops", source="chat") for task in ids(demo, "tasks")[:5]]
        await once(settings)
        for one in said:
            demo.world.vanish_comment(one, bump=True)
        _, told = await read(settings)
        assert told.held == {}
        assert unequal(sqlite_url, demo) == {}


async def test_a_count_that_takes_the_portal_too_long_fails_nothing(sqlite_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, reconcile_every=1)
        await once(settings)
        some = ids(demo, "deals")[5]
        demo.world.delete("deals", some)
        ask = Desk.ask

        async def impatient(desk, asks, tables, **how):
            if any(key.endswith("count") for key in asks):
                raise TooLarge("the portal took too long", reason=Reason.TIMEOUT)
            return await ask(desk, asks, tables, **how)

        monkeypatch.setattr(Desk, "ask", impatient)
        engine = await once(settings)
        assert engine.failed == ()
        assert marked(sqlite_url, "deals") == [some]
        assert unequal(sqlite_url, demo) == {}
