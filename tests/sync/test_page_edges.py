"""Tables whose rows just fill their pages, on portals that follow references from page to page and that do not."""

import pytest

from bitsheet_tui.commands import SyncNow
from bitsheet_tui.portal.demo.settings import Size
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, ids, once, portal, unequal

EDGES = Size(leads=49, contacts=50, companies=51, deals=100, activities=101, tasks=0, users=5, departments=1)
TABLES = ("leads", "contacts", "companies", "deals", "activities")


@pytest.mark.parametrize("references", ["none", "current"])
async def test_no_row_is_missing_where_a_page_is_just_full(sqlite_url, references):
    async with portal(EDGES, references=references) as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=TABLES, reconcile_every=1)
        await once(settings)
        assert unequal(sqlite_url, demo, TABLES) == {}
        for name in TABLES:  # so the windows of what changed have just as many rows
            field = "SUBJECT" if name == "activities" else "COMMENTS"
            for ident in ids(demo, name):
                demo.world.edit(name, ident, **{field: "moved"})
        await once(settings)
        assert unequal(sqlite_url, demo, TABLES) == {}
        for name in TABLES:
            demo.world.delete(name, ids(demo, name)[0])
        engine = await once(settings)
        assert engine.failed == ()
        assert unequal(sqlite_url, demo, TABLES) == {}


async def test_a_chain_that_was_never_put_to_the_test_loses_nothing_when_it_is(sqlite_url, monkeypatch):
    """No list fills a page when the portal is tested, so nothing shows that it follows no references."""
    size = Size(leads=49, contacts=0, companies=0, deals=0, activities=0, tasks=0, users=5, departments=1)
    async with portal(size, references="none") as (demo, webhook):
        settings = config(webhook, sqlite_url, tables=("leads",))
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: engine.state.tables["leads"].rows == 49, running)
            for _ in range(101):
                demo.world.create("leads")
            engine.submit(SyncNow())
            await until(lambda: engine.state.tables["leads"].rows == 150, running)
        assert unequal(sqlite_url, demo, ("leads",)) == {}
