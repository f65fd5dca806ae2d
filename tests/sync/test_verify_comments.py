"""`verify` asks chats in other ways than the sync does: it finds what the sync cannot see, and says what it cannot."""

from contextlib import closing

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.sync.verify import verify
from tests.support.sync_run import config, once, portal, unequal

FEW = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=9, users=3, departments=1)
TABLES = ("tasks", "task_comments")


async def verdict(settings, *, full=True):
    client = wiring.connect(settings)
    try:
        with closing(wiring.open_store(settings, readonly=True)) as store:
            tables = [table for table in wiring.tables(settings) if table.name == "task_comments"]
            (found,) = [one async for one in verify(client, store, tables, full=full)]
            return found
    finally:
        await client.close()


def chat(demo, count):
    """A new task whose chat has so many messages."""
    task = demo.world.create("tasks", TITLE="much is said")
    return task, [demo.world.comment(task, f"word {n}") for n in range(count - 1)]


async def test_messages_that_the_sync_was_never_shown_are_missing(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=TABLES)
        _, said = chat(demo, 123)
        demo.office.chat_pages = ChatPages(first_only=True)
        await once(settings)
        for full in (True, False):
            found = (await verdict(settings, full=full)).found
            assert len(found.missing) == 23  # the sync was shown the newest fifty, and the oldest
            assert f"chat:{said[60].id}" in found.missing
            assert not found.gone


@pytest.mark.parametrize(
    "pages",
    [ChatPages(newest=1), ChatPages(newest=2, besides=True), ChatPages(unordered=True), ChatPages(most=20)],
    ids=["48 and newest", "50 and two", "no order", "20 a page"],
)
async def test_pages_by_first_id_that_are_odd_make_no_difference_and_hide_none(store_url, pages):
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, store_url, tables=TABLES)
        _, said = chat(demo, 123)
        chat(demo, 7)
        await once(settings)
        demo.office.chat_pages = pages
        assert unequal(store_url, demo, TABLES) == {}
        found = await verdict(settings)
        assert found.equal
        assert "shown whole" not in found.line() or pages.most < 50
        demo.world.vanish_comment(said[60])
        demo.world.edit_comment(said[3], "edited")
        found = (await verdict(settings)).found
        assert found.gone == {f"chat:{said[60].id}"}
        assert found.changed == {f"chat:{said[3].id}"}
        assert found.missing == set()


async def test_a_chat_of_which_the_portal_leaves_messages_out_is_told(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=TABLES)
        _, said = chat(demo, 30)
        chat(demo, 12)
        demo.office.chat_pages = ChatPages(hidden={said[5].id})
        await once(settings)
        found = await verdict(settings)
        assert found.equal
        assert found.line().endswith("rows, equal; 1 chat is not shown whole")
        demo.office.chat_pages = ChatPages()
        assert (await verdict(settings)).found.missing == {f"chat:{said[5].id}"}


async def test_what_the_mirror_has_and_the_portal_hides_from_pages_is_gone_for_all_one_can_see(sqlite_url):
    async with portal(FEW) as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=TABLES)
        _, said = chat(demo, 30)
        await once(settings)
        demo.office.chat_pages = ChatPages(hidden={said[5].id})
        assert (await verdict(settings)).found.gone == {f"chat:{said[5].id}"}
