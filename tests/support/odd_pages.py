"""A world, a mirror, and lists whose pages leave the portal otherwise than they should."""

from contextlib import closing

from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.observe.status import look, to_json
from bitsheet_tui.portal.demo import Size
from bitsheet_tui.portal.demo.calls import METHODS, Method, Reply, Rows
from bitsheet_tui.sync.engine import Engine
from bitsheet_tui.sync.verify import verify
from tests.support import mirror
from tests.support.fault_injection import Steps
from tests.support.fault_trial import NOON, Trial

NOBODY = Size(leads=0, contacts=0, companies=0, deals=0, activities=0, tasks=0, users=1, departments=1)


class OddPages(Trial):
    """Runs of `--once` without a socket; what they told is kept."""

    def __init__(self, url, *tables, monkeypatch=None, settings=None, at=NOON, **size):
        super().__init__(
            url, Steps(crash=False), size=replace(NOBODY, **size), tables=tables, settings=settings, at=at
        )
        self.config = replace(self.config, sync=replace(self.config.sync, interval=3600))
        self.patch = monkeypatch
        self.told = []
        self.failed = ()

    def of(self, kind):
        return [event for event in self.told if isinstance(event, kind)]

    async def cycle(self, wish=None, **sync):
        """One cycle with its backfills, as a process of its own; what it told of is kept."""
        settings = replace(self.config.sync, **sync)
        with closing(wiring.open_store(self.config)) as store:
            tables = wiring.tables(self.config)
            engine = Engine(self._connect, store, tables, settings, listeners=[self.told.append])
            try:
                await engine.once(wish)
                self.failed = engine.failed
            except BitsheetError as error:
                self.failed = (type(error).__name__,)
        return self.failed

    async def verdicts(self, *, full=False):
        """What `verify` says, by table."""
        client = self._connect(lambda _: None)
        with closing(wiring.open_store(self.config, readonly=True)) as store:
            return {
                one.table: one async for one in verify(client, store, wiring.tables(self.config), full=full)
            }

    def status(self):
        """What `status --json` says."""
        with closing(wiring.open_store(self.config, readonly=True)) as store:
            return to_json(look(store))

    def alerts(self):
        """What stands in the mirror's list of alerts: what each is about, by kind."""
        query = "SELECT kind, about FROM bitsheet_alerts WHERE ended_at IS NULL"
        _, rows = mirror.select(self.config.store_url, query)
        return dict(rows)

    def living(self, table):
        """Ids of the rows that the mirror does not call deleted."""
        return sorted(row["id"] for row in mirror.rows(self.config.store_url, table))

    def ids(self, table):
        """Ids of the rows that there are."""
        return sorted(row["ID"] for row in self.demo.world.truth(table))

    def dead_though_alive(self):
        """The ids of rows that the mirror calls deleted and that are on the portal, by table."""
        found = {}
        for name in self.made():
            marked = {
                row["id"] for row in mirror.rows(self.config.store_url, name, "_deleted_at IS NOT NULL")
            }
            if wrong := marked & set(self.ids(name)):
                found[name] = sorted(wrong)
        return found

    def made(self):
        """The tables that the mirror has; one that did not pass the start-up test is not made."""
        _, rows = mirror.select(self.config.store_url, "SELECT DISTINCT table_name FROM bitsheet_columns")
        return [name for name in self.config.sync.tables if (name,) in rows]

    def differing(self):
        """What differs, by table; a table that was not made differs in all of it."""
        made = self.made()
        absent = {name: ["was not made"] for name in self.config.sync.tables if name not in made}
        return self.unequal(made) | absent

    def pages(self, method, change):
        """Let every page of `method` be what `change(items, call)` makes of it; `total` stays right.

        It may give a whole Reply instead. The next call of this for the method takes the place of the last.
        """
        known = METHODS[method]
        original = getattr(known.handler, "original", known.handler)

        def handler(office, call):
            reply = original(office, call)
            wrapped = isinstance(reply.result, dict)
            rows = next(iter(reply.result.values())) if wrapped else reply.result
            changed = change(list(rows.texts) if isinstance(rows, Rows) else list(rows), call)
            if isinstance(changed, Reply):
                return changed
            if changed is None:
                return reply
            rows = Rows(changed) if isinstance(rows, Rows) else changed
            result = {next(iter(reply.result)): rows} if wrapped else rows
            return Reply(
                result,
                total=reply.total,
                next=reply.next,
                rows=len(changed),
                counted=reply.counted,
                listing=True,
            )

        handler.original = original
        self.patch.setitem(METHODS, method, Method(known.name, known.scope, handler))

    def as_it_should_be(self, method):
        self.pages(method, lambda items, call: None)
