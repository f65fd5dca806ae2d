"""A cycle like the status page's is one request: the comments come with the tasks they belong to."""

import pytest

from tests.sync.conftest import config, once, portal, unequal


def people_work(world):
    """Five activities, three tasks, 52 comments."""
    for ident in [row["ID"] for row in world.truth("activities")][:5]:
        world.edit("activities", ident, SUBJECT="moved")
    chats = [row["ID"] for row in world.truth("tasks") if row["CHAT_ID"]][-3:]
    for number in range(52):
        world.comment(chats[number % 3], f"said {number}")


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
