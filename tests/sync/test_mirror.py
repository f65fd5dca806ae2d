"""mirror == portal, field by field, in all nine tables, on both databases, over a real socket."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bitsheet_tui.commands import Resync, SyncNow
from bitsheet_tui.portal.demo import Column, ManualClock
from tests.support import mirror
from tests.support.sync_run import config, once, portal, unequal

OLD = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


async def test_one_run_makes_the_mirror_equal_to_the_portal(store_url):
    async with portal() as (demo, webhook):
        engine = await once(config(webhook, store_url))
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}


async def test_after_a_day_of_work_one_more_run_makes_it_equal_again(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, static_every=1)
        await once(settings)
        world = demo.world
        ids = {
            name: sorted(row["ID"] for row in world.truth(name))
            for name in ("deals", "leads", "tasks", "users")
        }
        world.edit("deals", ids["deals"][3], TITLE="a new title", OPPORTUNITY="12.50")
        world.edit("leads", ids["leads"][-1], STATUS_ID="CONVERTED")
        world.edit("tasks", ids["tasks"][5], TITLE="another", PRIORITY="2")
        new_deal = world.create("deals", TITLE="brand new")
        world.create_backdated("contacts", OLD, NAME="from an import")
        world.delete("deals", new_deal)
        back = world.restore_crm("deals", new_deal)
        assert back != new_deal
        world.comment(ids["tasks"][-1], "a new message")
        world.dismiss(ids["users"][-1])
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}


async def test_new_edited_and_deleted_comments_arrive_when_their_task_moves(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        world = demo.world
        comments = list(world.truth("task_comments"))
        forum = next(row for row in comments if row["SOURCE"] == "forum")
        chat = next(row for row in comments if row["SOURCE"] == "chat" and not row["IS_SYSTEM"])
        added = [world.comment(row["TASK_ID"], "hello", source=row["SOURCE"]) for row in (forum, chat)]
        await once(settings)
        assert unequal(store_url, demo) == {}
        edited = [world.edit_comment(comment, "hello again", bump=True) for comment in added]
        await once(settings)
        assert unequal(store_url, demo) == {}
        for comment in edited:
            world.delete_comment(comment, bump=True)
        world.vanish_comment(world.comment(chat["TASK_ID"], "never was", source="chat"), bump=True)
        await once(settings)
        assert unequal(store_url, demo) == {}


async def test_reading_again_changes_nothing(store_url):
    async with portal() as (_, webhook):
        settings = config(webhook, store_url, static_every=1)
        await once(settings)
        before = {
            name: mirror.held(store_url, name)
            for name in ("deals", "contacts", "tasks", "task_comments", "users")
        }
        await once(settings)
        after = {name: mirror.held(store_url, name) for name in before}
        assert after == before


async def test_a_resync_reads_everything_again_while_the_rows_stay_readable(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        some = next(iter(demo.world.truth("deals")))["ID"]
        demo.world.bind("deals", some, TITLE="changed behind the portal's back")
        await once(settings)
        assert unequal(store_url, demo, ("deals",)) != {}
        await once(settings, Resync(("deals", "task_comments")))
        assert unequal(store_url, demo) == {}


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_portal_clock_an_hour_off_either_way_misses_nothing(store_url, hours):
    clock = ManualClock(datetime.now(UTC) + timedelta(hours=hours))
    async with portal(clock=clock) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        ids = [row["ID"] for row in demo.world.truth("deals")]
        for step, ident in enumerate(ids[:3]):
            clock.advance(timedelta(minutes=4))
            demo.world.edit("deals", ident, TITLE=f"edit {step}")
            await once(settings)
            assert unequal(store_url, demo, ("deals", "tasks")) == {}


async def test_names_of_fields_and_codes_stay_while_their_tables_are_not_due(store_url):
    def living():
        return {
            name: mirror.select(store_url, f"SELECT count(*) FROM {name} WHERE _deleted_at IS NULL")
            for name in ("field_labels", "enum_values")
        }

    async with portal() as (_, webhook):
        settings = config(webhook, store_url, static_every=10)
        await once(settings)
        before = living()
        await once(settings, SyncNow(("leads",)))
        await once(settings)
        assert living() == before
    _, told = mirror.select(
        store_url, "SELECT DISTINCT op FROM bitsheet_changes WHERE table_name = 'field_labels'"
    )
    assert told == [("snapshot",)]


async def test_the_name_of_a_field_that_is_gone_is_marked(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, static_every=1)
        name = "UF_CRM_1799999999"
        demo.world.add_field("deals", Column(name=name, type="string", title="Note", custom=True))
        await once(settings)
        demo.world.remove_field("deals", name)
        await once(settings)
        await once(settings)  # the second description that lacks it is believed
    _, gone = mirror.select(
        store_url, "SELECT table_name, field FROM field_labels WHERE _deleted_at IS NOT NULL"
    )
    assert gone == [("deals", name)]


async def test_the_books_say_what_was_asked_for_a_table_and_how_far_it_came(store_url):
    clock = ManualClock(OLD)
    async with portal(clock=clock) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        clock.advance(7)
        demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], TITLE="changed")
        await once(settings)
    _, runs = mirror.select(
        store_url,
        "SELECT kind, requests, retries, watermark_before, watermark_after FROM bitsheet_table_runs"
        " WHERE table_name = 'deals' AND kind <> 'drift' ORDER BY id",
    )
    assert [kind for kind, *_ in runs][-1] == "scan"
    assert all(requests >= 1 for _, requests, *_ in runs)
    assert all(later[3] == earlier[4] for earlier, later in pairwise(runs))
    assert runs[-1][3] < runs[-1][4]
