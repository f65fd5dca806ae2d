"""Discussions of tasks that are odd themselves: kept out, gone, without their chat, on a portal whose clock erred."""

import time
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.store import DiscussionRead
from bitsheet_tui.sync.desk import now
from bitsheet_tui.sync.verify import verify
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, once, portal, unequal

FEW = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=9, users=3, departments=1)
TABLES = ("tasks", "task_comments")
COMMENTS = next(table for table in CATALOGUE if table.name == "task_comments")
ALWAYS = {"tables": TABLES, "static_every": 1, "reconcile_every": 1, "deletion_guard": 0.9}


def settings_of(webhook, url, **more):
    return config(webhook, url, **{**ALWAYS, **more})


def chat(demo, count):
    task = demo.world.create("tasks", TITLE="much is said")
    return task, [demo.world.comment(task, f"word {n}") for n in range(count)]


def alive(url):
    return len(mirror.rows(url, "task_comments"))


async def verdict(settings):
    client = wiring.connect(settings)
    try:
        with closing(wiring.open_store(settings, readonly=True)) as store:
            tables = [table for table in wiring.tables(settings) if table.name == "task_comments"]
            (found,) = [one async for one in verify(client, store, tables, full=True)]
            return found
    finally:
        await client.close()


class Clock:
    """The host's, and so much more."""

    def __init__(self):
        self.ahead = 0.0

    def now(self):
        return time.time() + self.ahead


@asynccontextmanager
async def later(url):
    """A task with a chat and posts that was read an hour ago; gives the portal, the settings and the task."""
    clock = Clock()
    async with portal(FEW, clock=clock) as (demo, webhook):
        settings = settings_of(webhook, url)
        task = min(row["ID"] for row in demo.world.truth("tasks"))
        for number in range(3):
            demo.world.comment(task, f"post {number}", source="forum")
            demo.world.comment(task, f"word {number}", source="chat")
        await once(settings)
        clock.ahead += 3600
        await once(settings)
        yield demo, settings, task


async def test_comments_of_a_task_that_is_kept_out_are_mirrored(store_url):
    async with later(store_url) as (demo, settings, task):
        row = demo.world.tables["tasks"]
        for number in range(4):
            demo.world.comment(task, f"said meanwhile {number}")
        row.put(task, {"CREATED_BY": "somebody"})
        await once(settings)
        assert unequal(store_url, demo, ("task_comments",)) == {}
        other = demo.world.create("tasks")
        demo.world.comment(other, "said")
        row.put(other, {"CREATED_BY": "somebody"})
        await once(settings)
        assert unequal(store_url, demo, ("task_comments",)) == {}
        demo.world.delete("tasks", other)
        for _ in range(2):
            await once(settings)
        assert unequal(store_url, demo, ("task_comments",)) == {}


async def test_an_engine_that_runs_on_sees_that_the_portals_clock_is_right_again(sqlite_url, monkeypatch):
    clock = Clock()
    async with portal(FEW, clock=clock) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url, interval=0.05, overlap=2)
        task, _ = chat(demo, 3)
        clock.ahead = 3600
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(
                lambda: len(engine.state.cycles) > 1 and engine.state.tables["task_comments"].rows, running
            )
            clock.ahead = 0
            for number in range(5):
                demo.world.comment(task, f"said later {number}")
            await until(lambda: unequal(sqlite_url, demo, ("task_comments",)) == {}, running)


async def test_a_task_that_does_not_tell_its_chat_any_more_is_counted_as_not_readable(store_url):
    async with later(store_url) as (demo, settings, task):
        before = alive(store_url)
        demo.world.edit("tasks", task, CHAT_ID=None)
        engine = await once(settings)
        assert alive(store_url) == before
        assert engine.state.tables["task_comments"].unreadable == 1


async def test_a_forum_that_a_task_does_not_tell_any_more_is_read_on(store_url):
    async with later(store_url) as (demo, settings, task):
        said = demo.world.discussions.of("forum", task)[1]
        demo.world.vanish_comment(said)
        demo.world.edit("tasks", task, FORUM_TOPIC_ID=None)
        await once(settings)
        assert unequal(store_url, demo, ("task_comments",)) == {}


@pytest.mark.parametrize("overlap", [2, 300])
async def test_what_was_read_while_the_portals_clock_was_ahead_is_read_again(sqlite_url, overlap):
    clock = Clock()
    async with portal(FEW, clock=clock) as (demo, webhook):
        settings = settings_of(webhook, sqlite_url, overlap=overlap)
        task, said = chat(demo, 3)
        clock.ahead = 3600
        await once(settings)
        clock.ahead = 0
        for number in range(5):
            demo.world.comment(task, f"said later {number}")
        await once(settings)
        assert unequal(sqlite_url, demo, ("task_comments",)) == {}
        demo.stats.reset()
        for _ in range(2):
            await once(settings)
        demo.world.edit_comment(said[0], "edited", bump=True)
        await once(settings)
        assert unequal(sqlite_url, demo, ("task_comments",)) == {}


def revive(settings, task, said):
    """What today's main did: an answer that came late brought comments of a dead task back to life."""
    with closing(wiring.open_store(settings)) as store:
        database = store._database
        database.write(
            lambda: database.execute(
                "INSERT INTO bitsheet_discussions (task_id, known_forum, readable, behind, lacks, held)"
                f" VALUES ({task}, true, true, 0, '', 0)"
            )
        )
        read = DiscussionRead(
            task_id=task,
            read_at=now() - timedelta(hours=1),
            forum=None,
            chat=[
                {"ID": one.id, "TEXT": one.text, "POST_DATE": now().isoformat(), "IS_DELETED": False}
                for one in said
            ],
            readable=True,
        )
        store.commit_discussions(COMMENTS, [read], at=now(), cycle=1)
        database.write(lambda: database.execute(f"DELETE FROM bitsheet_discussions WHERE task_id = {task}"))


async def test_living_comments_of_a_dead_task_are_told_and_cured(store_url):
    async with portal(FEW) as (demo, webhook):
        settings = settings_of(webhook, store_url)
        task, said = chat(demo, 3)
        await once(settings)
        demo.world.delete("tasks", task)
        for _ in range(2):
            await once(settings)
        assert unequal(store_url, demo, TABLES) == {}
        assert (await verdict(settings)).equal
        revive(settings, task, said)
        assert len(unequal(store_url, demo, TABLES)["task_comments"]) == 3
        found = await verdict(settings)
        assert found.found.gone == {f"chat:{one.id}" for one in said}
        await once(settings, Resync(("task_comments",)))
        assert unequal(store_url, demo, TABLES) == {}
        assert (await verdict(settings)).equal
