"""Chats whose pages are odd: everything is read, nothing that is there is marked, what is held is told."""

from random import Random

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.commands import ConfirmDeletions
from bitsheet_tui.events import HoldEnded
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.clock import ManualClock
from bitsheet_tui.portal.demo.discussions import Source
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.sync.desk import now
from bitsheet_tui.sync.jobs import AHEAD
from tests.support import mirror
from tests.support.proof import times
from tests.support.sync_run import config, once, portal, unequal

FEW = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=9, users=3, departments=1)
TABLES = ("tasks", "task_comments")
ODD = {
    "the newest besides": ChatPages(newest=1, besides=True),
    "two newest in the place of others": ChatPages(newest=2),
    "no order": ChatPages(unordered=True),
    "no order and the newest": ChatPages(unordered=True, newest=1),
    "20 a page": ChatPages(most=20),
    "49 a page": ChatPages(short=True, chance=Random(3)),
}


def chat(demo, count):
    """A new task whose chat has so many messages."""
    task = demo.world.create("tasks", TITLE="much is said")
    return task, [demo.world.comment(task, f"word {n}") for n in range(count - 1)]


def settings_of(webhook, url, **more):
    return config(webhook, url, **{"tables": TABLES, "static_every": 1, **more})


def marked(url):
    return sorted(row["id"] for row in mirror.rows(url, "task_comments", "_deleted_at IS NOT NULL"))


def alerts(url):
    _, rows = mirror.select(url, "SELECT key FROM bitsheet_alerts WHERE state = 'active' ORDER BY key")
    return [key for (key,) in rows]


def status(settings):
    with_store = wiring.open_store(settings, readonly=True)
    try:
        found = look(with_store)
        return to_json(found), "\n".join(to_lines(found, now()))
    finally:
        with_store.close()


def chat_commands(demo):
    return demo.stats.commands["im.dialog.messages.get"]


@pytest.mark.parametrize("pages", ODD.values(), ids=ODD.keys())
async def test_long_chats_are_read_whole_and_none_of_their_comments_is_marked(sqlite_url, pages):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url)
        (one, _), (two, _) = chat(demo, 123), chat(demo, 89)
        demo.office.chat_pages = pages
        await once(settings)
        if not pages.short:
            assert unequal(sqlite_url, demo, TABLES) == {}
        for task in (one, two):
            demo.world.comment(task, "one more")
        await once(settings)
        assert marked(sqlite_url) == []
        demo.office.chat_pages = ChatPages()
        demo.world.comment(one, "and one more")
        demo.world.comment(two, "and one more")
        await once(settings)
        assert unequal(sqlite_url, demo, TABLES) == {}
        assert marked(sqlite_url) == []
        assert alerts(sqlite_url) == []


async def test_living_comments_that_a_page_leaves_out_are_held_and_not_marked(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        task, said = chat(demo, 95)
        await once(settings)
        demo.office.chat_pages = ChatPages(hidden={said[30].id, said[80].id})
        demo.world.comment(task, "one more")
        for _ in range(2):
            engine = await once(settings)
            assert engine.failed == ()
            assert marked(store_url) == []
            assert engine.state.tables["task_comments"].held == 2
            assert alerts(store_url) == ["deletions_held:task_comments"]
        await once(settings, ConfirmDeletions("task_comments"))
        assert marked(store_url) == []  # whoever confirms cannot know it either
        demo.office.chat_pages = ChatPages()
        told = []
        await once(settings, listeners=[told.append])
        assert [event.table for event in told if isinstance(event, HoldEnded)] == ["task_comments"]
        assert unequal(store_url, demo, TABLES) == {}


async def test_a_chat_whose_later_pages_are_empty_is_told_by_the_reading_itself(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        task, _ = chat(demo, 123)
        demo.office.chat_pages = ChatPages(first_only=True)
        for _ in range(4):  # the short chats are proved meanwhile
            assert (await once(settings)).failed == ()
        figures, lines = status(settings)
        assert figures["mirror"]["unproved_discussions"] == 1
        assert "of 1 chat the end was not yet seen" in lines
        demo.office.chat_pages = ChatPages()
        demo.world.comment(task, "one more")
        await once(settings)
        assert unequal(store_url, demo, TABLES) == {}
        assert status(settings)[0]["mirror"]["unproved_discussions"] == 0
        assert marked(store_url) == []


async def test_one_page_that_leaves_out_a_message_once_changes_nothing(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url)
        task, said = chat(demo, 95)
        await once(settings)
        pages = demo.office.chat_pages = ChatPages(hidden={said[20].id, said[70].id})
        page = pages.page

        def only_once(*arguments, **more):
            found = page(*arguments, **more)
            pages.hidden.clear()
            return found

        demo.world.comment(task, "one more")
        demo.office.chat_pages = type("Once", (ChatPages,), {"page": staticmethod(only_once)})()
        await once(settings)
        assert marked(sqlite_url) == []
        assert alerts(sqlite_url) == []
        assert unequal(sqlite_url, demo, TABLES) == {}


async def test_a_message_that_is_removed_for_good_is_marked_once_it_is_proved(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        _, short = chat(demo, 12)
        _, long = chat(demo, 130)
        await once(settings)
        gone = [short[4], short[-1], long[10], long[60], long[61], long[-1]]
        for one in gone:
            demo.world.vanish_comment(one, bump=True)
        engine = await once(settings)
        assert engine.failed == ()
        assert marked(store_url) == sorted(one.id for one in gone)
        assert unequal(store_url, demo, TABLES) == {}
        assert alerts(store_url) == []


async def test_what_was_said_before_somebody_joined_is_held_and_goes_when_somebody_confirms(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        task, said = chat(demo, 43)
        await once(settings)
        chat_id = demo.world.tables["tasks"].value(task, "CHAT_ID")
        demo.office.chat_pages.start_ids[chat_id] = said[40].id
        demo.world.comment(task, "welcome back")
        for _ in range(2):
            engine = await once(settings)
            assert marked(store_url) == []
            assert engine.state.tables["task_comments"].held == 41
            assert alerts(store_url) == ["deletions_held:task_comments"]
        demo.office.chat_pages.start_ids.clear()
        await once(settings)
        assert unequal(store_url, demo, TABLES) == {}
        assert alerts(store_url) == []
        demo.office.chat_pages.start_ids[chat_id] = said[40].id
        demo.world.comment(task, "welcome back")
        await once(settings)
        await once(settings, ConfirmDeletions("task_comments"))
        assert len(marked(store_url)) == 41
        assert alerts(store_url) == []


async def test_a_chat_that_is_empty_all_at_once_is_held(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url)
        task, _ = chat(demo, 1)
        await once(settings)
        demo.world.vanish_comment(demo.world.discussions.of(Source.CHAT, task)[0], bump=True)
        engine = await once(settings)
        assert engine.state.tables["task_comments"].held == 1
        assert marked(sqlite_url) == []


async def test_a_post_that_the_forums_list_leaves_out_is_asked_for_by_its_id(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        task = min(row["ID"] for row in demo.world.truth("tasks"))
        said = [demo.world.comment(task, f"post {n}", source="forum") for n in range(9)]
        await once(settings)
        demo.office.chat_pages.posts = {said[2].id, said[3].id}
        demo.world.vanish_comment(said[5], bump=True)
        engine = await once(settings)
        assert engine.failed == ()
        assert marked(store_url) == [said[5].id]
        assert unequal(store_url, demo, TABLES) == {}


async def test_posts_that_are_all_gone_at_once_are_held_and_not_asked_for_one_by_one(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url)
        task = min(row["ID"] for row in demo.world.truth("tasks"))
        for number in range(60):
            demo.world.comment(task, f"post {number}", source="forum")
        await once(settings)
        demo.office.chat_pages.posts = {one.id for one in demo.world.discussions.of(Source.FORUM, task)}
        demo.world.edit("tasks", task, TITLE="moved")
        demo.stats.reset()
        engine = await once(settings)
        assert marked(sqlite_url) == []
        assert engine.state.tables["task_comments"].held == len(demo.office.chat_pages.posts)
        assert demo.stats.commands["task.commentitem.getlist"] < 40


async def test_every_chat_is_proved_once_in_the_spare_room_of_requests_and_until_then_it_is_counted(
    store_url,
):
    clock = ManualClock(now())
    async with portal(FEW, clock=clock) as (demo, webhook):
        settings = settings_of(webhook, store_url, static_every=1000, overlap=0)
        for count in (3, 5, 19, 20, 51, 123):
            chat(demo, count)
        await once(settings)
        unproved, lines = status(settings)
        short = unproved["mirror"]["unproved_discussions"]
        assert short >= 3
        assert f"{short} chats" in lines
        assert "not yet seen" in lines
        clock.advance(3600)
        await once(settings)  # what was said in the very second of its reading is read again
        for _ in range(12):
            demo.stats.reset()
            await once(settings)
            assert demo.stats.requests == 2  # the test of a start, and a cycle without changes
        proved, lines = status(settings)
        assert proved["mirror"]["unproved_discussions"] == 0
        assert "not yet seen" not in lines
        demo.stats.reset()
        await once(settings)
        assert chat_commands(demo) <= AHEAD  # as in any cycle
        assert unequal(store_url, demo, TABLES) == {}


async def test_a_message_that_was_missed_at_first_is_found_when_the_chat_is_proved(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url, overlap=0)
        _, said = chat(demo, 12)
        demo.office.chat_pages = ChatPages(hidden={said[3].id, said[-1].id})
        await once(settings)
        assert unequal(sqlite_url, demo, TABLES)
        demo.office.chat_pages = ChatPages()
        for _ in range(3):
            await once(settings)
        assert unequal(sqlite_url, demo, TABLES) == {}


async def test_a_first_reading_asks_one_command_a_discussion(sqlite_url):
    async with portal(replace(FEW, tasks=300)) as (demo, webhook):
        await once(settings_of(webhook, sqlite_url))
        chats = sum(1 for row in demo.world.truth("tasks") if row["CHAT_ID"])
        assert chats > 50
        assert chat_commands(demo) <= chats + 3


def odd(chance):
    """A portal that is odd by chance."""
    return ChatPages(
        newest=chance.choice([0, 1, 2]),
        besides=chance.random() < 0.5,
        unordered=chance.random() < 0.5,
        most=chance.choice([50, 20]),
        short=chance.random() < 0.3,
        dropped=chance.choice([0.0, 0.02, 0.2]),
        chance=chance,
    )


@pytest.mark.parametrize("seed", range(times("BITSHEET_SEEDS", 2, 20)))
async def test_whatever_pages_leave_out_no_living_comment_is_marked_and_in_the_end_it_is_equal(
    sqlite_url, seed
):
    chance = Random(seed)
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url, deletion_guard=0.9)
        chats = [chat(demo, chance.choice([3, 15, 40, 60, 123])) for _ in range(4)]
        demo.office.chat_pages = odd(chance)
        await once(settings)
        removed = set()
        for _ in range(3):
            for task, said in chats:
                said.append(demo.world.comment(task, "one more"))
                if chance.random() < 0.3 and len(said) > 5:
                    gone = said.pop(chance.randrange(1, len(said) - 1))
                    removed.add(gone.id)
                    demo.world.vanish_comment(gone)
            demo.office.chat_pages = odd(chance)
            engine = await once(settings)
            assert engine.failed == ()
            assert set(marked(sqlite_url)) <= removed
        demo.office.chat_pages = ChatPages()
        for _ in range(12):  # a few chats are proved in each
            await once(settings_of(webhook, sqlite_url, overlap=0))  # nothing settles within the overlap
            found, _ = status(settings)
            if found["mirror"]["unproved_discussions"] == 0:
                break
        assert found["mirror"]["unproved_discussions"] == 0
        assert unequal(sqlite_url, demo, TABLES) == {}
        assert alerts(sqlite_url) == []
