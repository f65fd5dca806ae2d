"""A physical replica, made as the manual says, is the mirror: also while columns come and widen."""

import shlex
from threading import Event, Thread

import psycopg
import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import Column, Size
from tests.support import mirror
from tests.support.commands import configure
from tests.support.postgres_server import QUICK, Server
from tests.support.readme import manual, section
from tests.support.sync_run import config, ids, once, portal

SIZE = Size(leads=5, contacts=20, companies=3, deals=60, activities=5, tasks=5, users=5, departments=2)
FIELD = "UF_CRM_1799999998"
SHAPE = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'bitsheet' ORDER BY table_name, ordinal_position
"""


def blocks(kind):
    told = section(manual("readers"), "Readers on machines of their own")
    return [part.split("```")[0].strip() for part in told.split(f"```{kind}\n")[1:]]


@pytest.fixture
def primary():
    found = Server(QUICK)
    try:
        yield found
    finally:
        found.close()


class Reports(Thread):
    """Somebody who reads a replica all the time; `refused` has what he was told instead of an answer."""

    def __init__(self, url):
        super().__init__()
        self._url, self._over = url.reveal(), Event()
        self.answers, self.refused = [], []

    def run(self):
        while not self._over.is_set():
            try:
                with psycopg.connect(self._url) as connection:
                    (found,) = connection.execute("SELECT count(*) FROM bitsheet.v_deals").fetchone()
                    self.answers.append(found)
            except psycopg.Error as error:
                self.refused.append(str(error))
            self._over.wait(0.02)

    def end(self):
        self._over.set()
        self.join()


def tables(url):
    """Every table of the mirror, bookkeeping included, with its columns and rows."""
    _, shape = mirror.select(url, SHAPE)
    return shape, {
        table: sorted(map(repr, mirror.select(url, f'SELECT * FROM bitsheet."{table}"')[1]))
        for table in {name for name, _, _ in shape}
    }


@pytest.mark.slow
async def test_a_replica_is_the_mirror_while_columns_come_and_widen(primary, tmp_path, monkeypatch, capsys):
    on_primary, on_reader, age = blocks("sql")
    (copy,) = blocks("sh")
    primary.empty()
    primary.sql(*on_primary.split(";\n"))
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, primary.url)
        await once(settings)
        reader = primary.reader(shlex.split(copy.replace("\\\n", " ")), password="choose-one")
        reader.sql(*on_reader.split(";\n"))
        reports = Reports(reader.url)
        reports.start()
        try:
            for number, kind in enumerate(("double", "string", "string")):
                field = Column(name=f"{FIELD}{number}", type=kind, title="Some", custom=True)
                demo.world.add_field("deals", field)
                demo.world.change_field(
                    "deals", Column(name=f"{FIELD}0", type=kind, title="Some", custom=True)
                )
                for id_ in ids(demo, "deals")[number::3]:
                    demo.world.edit("deals", id_, TITLE=f"{id_} in {number}")
                demo.world.delete("contacts", ids(demo, "contacts")[0])
                demo.world.create("deals", TITLE="One more")
                await once(settings)
                reader.catch_up()
                assert tables(reader.url) == tables(primary.url)
            assert reader.sql(age)[0][0].total_seconds() < 600
        finally:
            reports.end()
    assert reports.refused == []
    assert {60, 63} <= set(reports.answers) <= {60, 61, 62, 63}
    kinds = {name: type_ for table, name, type_ in tables(reader.url)[0] if table == "deals"}
    assert kinds[f"{FIELD}0".lower()] == "text"
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, webhook, f'[store]\nurl = "{reader.url.reveal()}"\n')
    assert main(["status"]) == 0
    assert "deals" in capsys.readouterr().out
