"""A verdict on the mirror that is true, and changes nothing."""

import asyncio
from contextlib import closing

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync
from bitsheet_tui.sync import verify as verify_module
from bitsheet_tui.sync.verify import verify
from tests.support import mirror
from tests.support.sync_run import NAMES, config, ids, once, portal

pytestmark = pytest.mark.slow


async def verdicts(settings, names=NAMES, *, full=True):
    """The verdict lines by table, from a store that only reads."""
    client = wiring.connect(settings)
    try:
        with closing(wiring.open_store(settings, readonly=True)) as store:
            tables = [table for table in wiring.tables(settings) if table.name in names]
            return {one.table: one async for one in verify(client, store, tables, full=full)}
    finally:
        await client.close()


@pytest.mark.sample
@pytest.mark.parametrize("full", [False, True], ids=["sample", "full"])
async def test_a_mirror_that_is_equal_is_called_so(store_url, full):
    async with portal() as (_, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        before = {name: mirror.held(store_url, name) for name in NAMES}
        found = await verdicts(settings, full=full)
        assert {name: one.line() for name, one in found.items()} == {
            name: f"{name}: {len(before[name]):,} rows, equal" for name in NAMES
        }
        assert {name: mirror.held(store_url, name) for name in NAMES} == before


@pytest.mark.sample
@pytest.mark.parametrize("full", [False, True], ids=["sample", "full"])
async def test_every_kind_of_difference_is_found_and_named(store_url, full):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        world = demo.world
        late, gone, changed = ids(demo, "deals")[3:6]
        world.hide("deals", late)
        await once(settings)
        world.show("deals", late)
        world.delete("deals", gone)
        world.bind("deals", changed, TITLE="changed behind the portal's back")
        department = ids(demo, "departments")[-1]
        world.delete("departments", department)
        said = next(row for row in world.truth("task_comments") if row["SOURCE"] == "forum")
        one = next(c for c in world.discussions.all(said["TASK_ID"]) if c.id == said["ID"])
        world.vanish_comment(one)
        found = await verdicts(settings, full=full)
        assert found["deals"].found.missing == {str(late)}
        assert found["deals"].found.gone == {str(gone)}
        assert found["departments"].found.gone == {str(department)}
        assert found["departments"].line().endswith(f"rows, differs: 1 gone: {department}")
        if full:
            assert found["deals"].found.changed == {str(changed)}
            assert (
                found["deals"]
                .line()
                .endswith(f"differs: 1 missing, 1 gone, 1 changed: {late}, {gone}, {changed}")
            )
            assert found["task_comments"].found.gone == {f"forum:{said['ID']}"}
        assert found["leads"].equal


async def test_what_happened_since_the_last_cycle_is_no_difference(sqlite_url):
    async with portal() as (demo, webhook):
        settings, world = config(webhook, sqlite_url), demo.world
        await once(settings)
        await asyncio.sleep(1)  # a portal prints whole seconds
        world.edit("deals", ids(demo, "deals")[3], TITLE="edited since")
        world.create("deals", TITLE="new since")
        for task in ids(demo, "tasks")[:5]:
            world.comment(task, "said since")
        found = await verdicts(settings, full=True)
        assert [name for name in NAMES if not found[name].equal] == []


async def test_what_the_mirror_has_put_right_meanwhile_is_no_difference(sqlite_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings, world = config(webhook, sqlite_url), demo.world
        await once(settings)
        deals = ids(demo, "deals")
        world.bind("deals", deals[3], TITLE="changed without a date")
        world.delete("deals", deals[4])
        first_look = verify_module._Look._everything

        async def then_the_mirror_moves(look):
            found = await first_look(look)
            if look.table.name == "deals":
                assert (found.changed, found.gone) == ({str(deals[3])}, {str(deals[4])})
                await once(settings, Resync(("deals",)))
            return found

        monkeypatch.setattr(verify_module._Look, "_everything", then_the_mirror_moves)
        assert (await verdicts(settings, full=True))["deals"].equal


async def test_what_was_not_read_yet_is_no_difference(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        demo.world.edit("deals", ids(demo, "deals")[3], TITLE="edited a moment ago")
        demo.world.create("deals", TITLE="new")
        verdict = (await verdicts(settings, ("deals",)))["deals"]
        assert verdict.equal
        assert "equal; 1 newer row is left to the next cycle" in verdict.line()


async def test_a_table_that_cannot_be_judged_is_not_called_equal(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("deals", "tasks", "task_comments"))
        await once(settings)
        demo.lose_scope("crm")
        demo.lose_scope("im")
        found = await verdicts(settings)
        for name in ("deals", "task_comments"):
            assert not found[name].equal
            assert "not verified: The webhook lacks the permission" in found[name].line()
        assert found["tasks"].equal
        settings = config(webhook, sqlite_url, tables=("leads",))
        assert (await verdicts(settings))[
            "leads"
        ].line() == "leads: 0 rows, not verified: it was not read yet"
