"""A cycle like the status page's is one request: the comments come with the tasks they belong to."""

from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.sync.ahead import Ahead
from bitsheet_tui.sync.discussions import CHAT, FORUM, DiscussionReader
from bitsheet_tui.tables import CATALOGUE
from tests.support.sync_run import config, once, portal, unequal

pytestmark = pytest.mark.slow


def people_work(world):
    """Five activities, three tasks, 52 comments."""
    for ident in [row["ID"] for row in world.truth("activities")][:5]:
        world.edit("activities", ident, SUBJECT="moved")
    chats = [row["ID"] for row in world.truth("tasks") if row["CHAT_ID"]][-3:]
    for number in range(52):
        world.comment(chats[number % 3], f"said {number}")


@pytest.mark.sample
async def test_comments_of_tasks_that_have_just_changed_come_in_the_same_request(store_url, figure):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, overlap=0)
        await once(settings)
        people_work(demo.world)
        demo.stats.reset()
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}
        figure(f"5 activities, 3 tasks, 52 comments: {engine.state.cycles[-1].requests} requests")
        # a start tests the portal in a request of its own
        assert demo.stats.requests <= 2


async def test_a_task_with_forum_and_chat_is_read_from_both_at_once(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, overlap=0)
        await once(settings)
        both = [row for row in demo.world.truth("tasks") if row["CHAT_ID"] and row["FORUM_TOPIC_ID"]]
        assert both
        for row in both[:2]:
            for source in ("forum", "chat"):
                demo.world.comment(row["ID"], f"in the {source}", source=source)
        demo.stats.reset()
        await once(settings)
        assert unequal(store_url, demo) == {}
        assert demo.stats.requests <= 2


async def test_a_long_discussion_is_read_to_its_end_in_another_request(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, overlap=0)
        await once(settings)
        task = next(row["ID"] for row in demo.world.truth("tasks") if row["CHAT_ID"])
        for number in range(120):
            demo.world.comment(task, f"said {number}", source="chat")
        await once(settings)
        assert unequal(store_url, demo) == {}


@pytest.mark.parametrize("references", ["whole", "current"])
async def test_discussions_that_nobody_may_read_and_portals_without_references_change_nothing(
    store_url, references
):
    async with portal(references=references) as (demo, webhook):
        settings = config(webhook, store_url, overlap=0)
        await once(settings)
        chats = [row for row in demo.world.truth("tasks") if row["CHAT_ID"]][-3:]
        for row in chats:
            demo.world.comment(row["ID"], "said", source="chat")
        demo.world.closed_chats.add(chats[0]["CHAT_ID"])
        engine = await once(settings)
        assert engine.failed == ()
        assert engine.state.tables["task_comments"].unreadable == 1
        demo.world.closed_chats.clear()
        demo.world.comment(chats[0]["ID"], "open again", source="chat")
        await once(settings)
        assert unequal(store_url, demo) == {}


COMMENTS = next(table for table in CATALOGUE if table.parent)
TASKS = next(table for table in CATALOGUE if table.name == COMMENTS.parent.table)
MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


def begun(task_id, *, forum, chat):
    reader = DiscussionReader(COMMENTS)
    reader.begin(Discussion(task_id=task_id, forum_topic_id=forum, chat_id=chat, known_forum=True))
    return reader


def answered(result, minutes):
    return Answer(result=result, started=MORNING + timedelta(minutes=minutes), seconds=0.1)


@pytest.mark.sample
def test_only_where_the_tasks_that_moved_last_have_their_discussions_is_asked_ahead():
    assert begun(7, forum=None, chat=70).sources([7, 8]) == {CHAT}
    assert begun(7, forum=5, chat=None).sources([7]) == {FORUM}
    assert begun(7, forum=5, chat=70).sources([7]) == {FORUM, CHAT}
    asks = Ahead(COMMENTS, "tasks1p0", TASKS, 3, frozenset({CHAT})).asks()
    assert {ask.method for ask in asks.values()} == {COMMENTS.method}
    assert len(asks) == 3


def test_a_discussion_of_which_half_was_asked_ahead_is_stored_whole_as_of_when_its_reading_began():
    reader = begun(7, forum=5, chat=70)
    assert reader.asks(0) == {}
    ahead = {"aheadchat0": answered({"chat_id": 70, "messages": [], "users": [], "files": []}, 1)}
    Ahead(COMMENTS, "tasks1p0", TASKS, 1, frozenset({CHAT})).expect(reader, [7], ahead)
    assert reader.take(ahead, MORNING) == []
    assert set(reader.asks(50)) == {"forum7"}
    post = {"ID": "1", "AUTHOR_ID": "1", "POST_MESSAGE": "said", "POST_DATE": "2026-03-01T08:00:30+00:00"}
    (read,) = reader.take({"forum7": answered([post], 5)}, MORNING)
    assert [row["TEXT"] for row in read.forum] == ["said"]
    assert read.chat == []
    assert read.read_at == MORNING + timedelta(minutes=1)
