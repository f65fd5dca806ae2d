"""A demo portal on a socket, an engine that mirrors it, and what differs afterwards."""

from contextlib import asynccontextmanager

from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.config import Config, PortalSettings, SyncSettings
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.portal.demo.settings import Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror

SMALL = Size(
    leads=120, contacts=160, companies=12, deals=170, activities=260, tasks=130, users=60, departments=14
)
NAMES = tuple(table.name for table in CATALOGUE)


def config(webhook, store_url, **sync):
    """Settings for a quick test: no brake but the portal's own."""
    return Config(
        webhook=Secret(webhook),
        store_url=store_url,
        portal=PortalSettings(requests_per_second=1000, burst=1000, timeout=20),
        sync=SyncSettings(**{"interval": 3600, **sync}),
    )


@asynccontextmanager
async def portal(size=SMALL, settings=None, clock=None, **more):
    """A demo portal; gives it and its webhook."""
    demo = DemoPortal(size=size, seed=7, settings=replace(settings or Settings(), **more), clock=clock)
    webhook = await demo.start()
    try:
        yield demo, webhook
    finally:
        await demo.stop()


async def once(settings, wish=None, listeners=()):
    """One `--once`: opens the store, runs a cycle with its backfills, closes. Returns the engine."""
    store = wiring.open_store(settings)
    try:
        engine = wiring.build(settings, store, listeners)
        await engine.once(wish)
        return engine
    finally:
        store.close()


def unequal(store_url, demo, names=NAMES):
    """Tables whose mirror is not the portal, with what differs."""
    found = {name: mirror.differences(store_url, demo.world, name) for name in names}
    return {name: what for name, what in found.items() if what}


def ids(demo, table):
    return sorted(row["ID"] for row in demo.world.truth(table))


def marked(url, table):
    return sorted(row["id"] for row in mirror.rows(url, table, "_deleted_at IS NOT NULL"))


def lose_method(demo, method):
    demo.lose_method(method)
    return demo.office.lost.clear


def lose_scope(demo, scope):
    demo.lose_scope(scope)
    return lambda: demo.office.scopes.add(scope)
