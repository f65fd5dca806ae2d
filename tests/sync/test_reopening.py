"""Comments that the webhook may not read are no failure and no deletion, and are read once it may."""

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.observe.status import look, to_lines
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.sync import reopening
from bitsheet_tui.sync.desk import now
from tests.support.sync_run import config, lose_method, lose_scope, marked, once, portal, unequal

TASKS = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=130, users=5, departments=1)
TABLES = ("tasks", "task_comments")
LOST = {
    "scope": (lose_scope, "im", "chat", "lacks the permission `im`"),
    "chats": (lose_method, "im.dialog.messages.get", "chat", "are not readable with this webhook"),
    "forum": (lose_method, "task.commentitem.getlist", "forum", "are not readable with this webhook"),
}


def told(settings):
    store = wiring.open_store(settings, readonly=True)
    try:
        return "\n".join(to_lines(look(store), now()))
    finally:
        store.close()


def missing(store_url, demo, source):
    """Whether the mirror lacks comments, and none but those of `source`."""
    found = unequal(store_url, demo, TABLES)
    return set(found) == {"task_comments"} and all(
        f"missing ('{source}'" in one for one in found["task_comments"]
    )


@pytest.mark.parametrize(("lose", "what", "source", "words"), LOST.values(), ids=LOST.keys())
async def test_without_one_of_the_two_kinds_the_other_is_mirrored_and_the_rest_follows_by_itself(
    sqlite_url, lose, what, source, words
):
    async with portal(TASKS) as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=TABLES, static_every=1)
        heal = lose(demo, what)
        engine = await once(settings)
        assert engine.failed == ()
        assert missing(sqlite_url, demo, source)
        assert 1 < engine.state.tables["task_comments"].unreadable <= 130
        assert words in told(settings)
        heal()
        await once(settings)  # one of them is open, so all are due
        engine = await once(settings)
        assert engine.state.tables["task_comments"].unreadable == 0
        assert engine.state.alerts == {}
        assert words not in told(settings)
        assert unequal(sqlite_url, demo, TABLES) == {}


async def test_a_scope_that_is_lost_takes_nothing_away_and_trying_again_costs_no_request(
    store_url, monkeypatch
):
    monkeypatch.setattr(reopening, "ALWAYS", 4)
    async with portal(TASKS) as (demo, webhook):
        settings = config(webhook, store_url, tables=TABLES, overlap=0)
        await once(settings)
        demo.stats.reset()
        await once(settings)
        quiet = demo.stats.requests
        heal = lose_scope(demo, "im")
        tasks = [row["ID"] for row in demo.world.truth("tasks") if row["CHAT_ID"]][:3]
        for task in tasks:
            demo.world.comment(task, "said while we could not hear", source="chat")
        for unreadable in (3, 3):
            engine = await once(settings)
            assert engine.failed == ()
            assert engine.state.tables["task_comments"].unreadable == unreadable
        assert marked(store_url, "task_comments") == []
        assert list(engine.state.alerts) == ["comments_closed:task_comments"]
        demo.stats.reset()
        await once(settings)
        assert demo.stats.requests == quiet
        heal()
        engine = await once(settings)
        assert unequal(store_url, demo, TABLES) == {}
        assert engine.state.alerts == {}
