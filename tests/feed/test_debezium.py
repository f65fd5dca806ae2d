"""Debezium's own engine, configured as the manual says, delivers the change feed through kills of both."""

import json

import pytest

from bitsheet_tui.portal.demo import Column, Size
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror
from tests.support.debezium import debezium
from tests.support.debian import program
from tests.support.follower import Follower
from tests.support.postgres_server import QUICK, Server
from tests.support.prometheus import free_port
from tests.support.readme import manual, section
from tests.support.sync_run import config, ids, once, portal

SIZE = Size(leads=5, contacts=20, companies=3, deals=40, activities=5, tasks=5, users=5, departments=2)
KEYS = {table.name: table.columns for table in CATALOGUE}
VOLATILE = {table.name: [name.lower() for name in table.volatile] for table in CATALOGUE}
LINES = "SELECT seq, table_name, row_id, op, before::text, after::text FROM bitsheet_changes ORDER BY seq"
BEHIND = "SELECT pg_current_wal_lsn() - confirmed_flush_lsn FROM pg_replication_slots"
CUT = "DELETE FROM bitsheet.bitsheet_changes WHERE seq < (SELECT max(seq) FROM bitsheet.bitsheet_changes)"


def blocks(kind):
    return [part.split("```")[0] for part in section(manual("follow"), "Debezium").split(f"```{kind}\n")[1:]]


def connector(port):
    """The chapter's configuration, for this server."""
    (told,) = blocks("json")
    found = json.loads(told)["config"]
    assert found["database.password"] == "choose-one"
    return {
        **found,
        "database.hostname": "127.0.0.1",
        "database.port": f"{port}",
        "database.dbname": "postgres",
    }


@pytest.fixture
def server():
    found = Server(QUICK, port=free_port())
    try:
        yield found
    finally:
        found.close()


class Life:
    """A mirror that lives on the server, and every line that its feed ever had, by number."""

    def __init__(self, server, demo, webhook):
        self._server, self._demo = server, demo
        self._config = config(webhook, server.url)
        self.told, self._rounds = {}, 0

    async def go_on(self):
        """People work on the portal, and a cycle sees it."""
        world, number = self._demo.world, self._rounds
        self._rounds += 1
        for id_ in ids(self._demo, "deals")[number::5]:
            world.edit("deals", id_, OPPORTUNITY=f"{number}{id_}.50", TITLE=f"{id_} in round {number}")
        world.delete("contacts", ids(self._demo, "contacts")[0])
        world.create("deals", TITLE=f"New in round {number}")
        await self.cycle()

    async def cycle(self):
        await once(self._config)
        self.told.update((line[0], line) for line in mirror.select(self._server.url, LINES)[1])


def fresh(engine):
    """What the engine delivered, repeats left out as the chapter says, and how many repeats there were."""
    found, newest, repeats = [], 0, 0
    for record in engine.records():
        if record["value"]["seq"] <= newest:
            repeats += 1
            continue
        newest = record["value"]["seq"]
        found.append(record)
    return found, repeats


def as_line(record):
    value = record["value"]
    assert record["key"] == {"table_name": value["table_name"], "row_id": value["row_id"]}
    return tuple(value[name] for name in ("seq", "table_name", "row_id", "op", "before", "after"))


@pytest.mark.debian
async def test_what_the_engine_delivers_makes_a_copy_the_mirror_through_kills_of_both(server, tmp_path):
    program("default-jre-headless", "java")
    settings, rights, watched, lost = (block.strip().split(";\n") for block in blocks("sql"))
    server.empty()
    server.sql(*settings)
    server.restart()
    async with portal(SIZE) as (demo, webhook):
        life = Life(server, demo, webhook)
        await life.cycle()
        server.sql(*rights)
        copy = Follower(lambda sql: mirror.select(server.url, sql), KEYS)
        with debezium(tmp_path, connector(server.port), "bitsheet.changes") as engine:

            def whole():
                return {record["value"]["seq"] for record in engine.records()} >= life.told.keys()

            await life.go_on()
            engine.until(whole)

            await life.go_on()
            engine.kill()
            demo.world.add_field(
                "deals", Column(name="UF_CRM_1799999998", type="string", title="Some", custom=True)
            )
            await life.go_on()
            server.sql(CUT)  # what the slot needs is in the write-ahead log
            engine.start()
            engine.until(whole)

            server.stop("immediate")
            server.start()
            await life.go_on()
            engine.until(whole)

            engine.kill()
            server.sql(*lost)
            await life.go_on()
            engine.start()
            engine.until(whole)

            server.sql("CREATE TABLE busy AS SELECT * FROM generate_series(1, 40000)")
            engine.until(lambda: server.sql(BEHIND)[0][0] < 100_000)
            assert server.sql(*watched)[0][:3] == ("bitsheet", True, "reserved")
        delivered, repeats = fresh(engine)
        assert [as_line(record) for record in delivered] == [line for _, line in sorted(life.told.items())]
        assert repeats > 0  # the slot that was made anew
        for record in delivered:
            if record["value"]["seq"] > copy.seq:
                copy.take(*as_line(record))
        assert copy.differences(lambda table, _: VOLATILE.get(table, ())) == []
