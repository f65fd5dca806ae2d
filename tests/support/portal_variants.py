"""A company at work on a portal that shows some variants, and what a mirror of it has to say for itself."""

from contextlib import closing
from zoneinfo import ZoneInfo

from bitsheet_tui import wiring
from bitsheet_tui.events import RowsHidden, TableFailed
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import Settings
from bitsheet_tui.portal.demo.variants import varied
from bitsheet_tui.tables import CATALOGUE
from tests.support.fault_injection import MemoryWire
from tests.support.odd_pages import OddPages

NAMES = tuple(table.name for table in CATALOGUE)
SIZES = {
    "leads": 5, "contacts": 9, "companies": 9, "deals": 60, "activities": 12, "tasks": 60, "users": 20,
    "departments": 3,
}  # fmt: skip
# the webhook's owner lives where clocks are set; today it is as late there as on the server
ZONES = {"server_zone": ZoneInfo("Africa/Johannesburg"), "user_zone": ZoneInfo("Europe/Berlin")}
AUDIT = 1e-6  # days, so that all is read anew in a cycle or two


class VariedPortal(OddPages):
    """A portal with all nine tables that shows these variants, and a mirror of it."""

    def __init__(self, url, *names):
        super().__init__(url, *NAMES, settings=varied(Settings(**ZONES), names), **SIZES)

    def _connect(self, say) -> Portal:
        """Waiting takes no time here, and an hour passes on the portal for whoever waits an hour."""

        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds)

        wire = MemoryWire(self.demo, self.steps)
        return Portal(self.config.webhook, self.config.portal, say=say, wire=wire, sleep=sleep)

    def people_work(self) -> None:
        """Edits, talk, new rows and deletions; a colleague leaves."""
        world = self.demo.world
        self.clock.advance(7200)
        tasks, deals = self.ids("tasks"), self.ids("deals")
        for table in ("leads", "contacts", "companies", "deals", "activities", "tasks"):
            id_ = self.ids(table)[2]
            world.edit(table, id_, **{_name(table): "edited"})
        world.create("deals", TITLE="new")
        world.create("activities", SUBJECT="a call", OWNER_TYPE_ID=2, OWNER_ID=deals[4], AUTHOR_ID=1)
        fresh = world.create("tasks", TITLE="new", CREATED_BY=1)
        said = [world.comment(id_, "hello") for id_ in (*tasks[:2], *tasks[-3:], fresh)]
        self.clock.advance(60)
        world.delete_comment(said[-1], bump=True)
        world.edit_comment(said[-2], "hello again", bump=True)
        self.out = {name: self.ids(name)[7] for name in ("tasks", "activities", "deals")}
        for table, id_ in self.out.items():
            world.delete(table, id_)
        gone = next(row["ID"] for row in world.truth("users") if row["LAST_LOGIN"] is None and row["ID"] > 1)
        world.dismiss(gone)
        self.clock.advance(600)

    def people_take_it_back(self) -> None:
        """What was thrown away comes out of the recycle bin."""
        world = self.demo.world
        self.clock.advance(7200)
        world.restore_task(self.out["tasks"])
        world.restore_crm("activities", self.out["activities"])
        world.restore_crm("deals", self.out["deals"])
        world.edit("tasks", self.ids("tasks")[4], TITLE="edited again")
        self.clock.advance(600)

    async def look(self) -> set[str]:
        """A cycle that looks at everything, then the tables that differ and of which nothing was told.

        Raises AssertionError where a living row is marked.
        """
        self.told.clear()
        await self.cycle(reconcile_every=1, static_every=1, audit_days=AUDIT)
        assert self.dead_though_alive() == {}
        told = {event.table for event in self.told if isinstance(event, TableFailed | RowsHidden)}
        told |= set(self.failed)
        with closing(wiring.open_store(self.config, readonly=True)) as store:
            told |= {"task_comments"} if store.count_unreadable().count else set()
        differing = self.differing()
        self.odd = {name: what for name, what in differing.items() if name not in told}
        return set(self.odd)


def _name(table: str) -> str:
    return {"contacts": "NAME", "activities": "SUBJECT"}.get(table, "TITLE")
