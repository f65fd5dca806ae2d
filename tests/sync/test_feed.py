"""The change feed alone makes a copy of the mirror what the mirror is, whoever saw a change first."""

import json
import random
import sqlite3
from contextlib import closing

import pytest

from bitsheet_tui.commands import Resync
from bitsheet_tui.portal.demo import Column, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror, older_mirror
from tests.support.follower import Follower
from tests.support.proof import times
from tests.support.sync_run import config, ids, once, portal, unequal

pytestmark = pytest.mark.slow

SIZE = Size(leads=60, contacts=60, companies=12, deals=70, activities=60, tasks=60, users=20, departments=6)
DICTIONARIES = {
    "statuses": ("id",), "categories": ("entity_type_id", "id"), "field_labels": ("table_name", "field"),
    "enum_values": ("table_name", "field", "value_id"),
}  # fmt: skip
KEYS = {table.name: table.columns for table in CATALOGUE} | DICTIONARIES
VOLATILE = {table.name: [name.lower() for name in table.volatile] for table in CATALOGUE}
FIELD = "UF_CRM_1799999998"


def follower(url):
    return Follower(lambda sql: mirror.select(url, sql), KEYS)


def wrong(copy):
    copy.follow()
    return copy.differences(lambda table, _: VOLATILE.get(table, ()))


def markers(url):
    return mirror.select(
        url, "SELECT table_name, after FROM bitsheet_changes WHERE op = 'snapshot' ORDER BY seq"
    )[1]


def phases(url):
    """Of each table the markers of its first filling, in their order."""
    found = {}
    for table, after in markers(url):
        found.setdefault(table, []).append((loaded(after) or {}).get("phase"))
    return found


def loaded(value):
    return json.loads(value) if isinstance(value, str) else value


@pytest.mark.sample
async def test_a_first_filling_is_two_markers_and_no_line(store_url):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        assert phases(store_url) == {name: ["begin", "end"] for name in KEYS}
        _, ((lines,),) = mirror.select(store_url, "SELECT count(*) FROM bitsheet_changes")
        assert lines == 2 * len(KEYS)
        rows = {table: loaded(after)["rows"] for table, after in markers(store_url) if "rows" in str(after)}
        assert {name: rows[name] for name in ("deals", "users")} == {
            "deals": 70,
            "users": len(ids(demo, "users")),
        }
        copy = follower(store_url)
        await once(settings)
        assert wrong(copy) == []


@pytest.mark.sample
async def test_what_only_a_reading_from_scratch_sees_is_told(store_url):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        copy = follower(store_url)
        deals = ids(demo, "deals")
        for ident in deals[:9]:
            demo.world.bind("deals", ident, TITLE=f"moved no date {ident}")
        demo.world.delete("deals", deals[20])
        await once(settings, Resync(("deals",)))
        assert unequal(store_url, demo, ("deals",)) == {}
        assert wrong(copy) == []
        _, told = mirror.select(
            store_url, "SELECT op, count(*) FROM bitsheet_changes GROUP BY op ORDER BY op"
        )
        assert dict(told) == {"delete": 1, "snapshot": 2 * len(KEYS), "update": 9}


async def test_a_new_field_and_one_that_becomes_text_are_told_row_by_row(store_url):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url, static_every=1)
        demo.world.add_field("deals", column(FIELD, "double"))
        deals = ids(demo, "deals")
        for place, ident in enumerate(deals[:30]):
            demo.world.bind("deals", ident, **{FIELD: place + 0.5})
        await once(settings)
        copy = follower(store_url)
        other = FIELD[:-1] + "9"
        demo.world.add_field("deals", column(other, "string"))
        for ident in deals[:20]:
            demo.world.bind("deals", ident, **{other: "a note"})
        await once(settings)
        assert wrong(copy) == []
        demo.world.change_field("deals", column(FIELD, "string"))
        await once(settings)
        assert wrong(copy) == []
        demo.world.remove_field("deals", other)
        demo.world.edit("deals", deals[0], TITLE="its note is gone")
        await once(settings)
        assert wrong(copy) == []


@pytest.mark.sample
async def test_comments_that_a_later_filling_reads_are_told(store_url, monkeypatch):
    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        copy = follower(store_url)
        monkeypatch.setattr("bitsheet_tui.sync.cycle.BACKLOG", 3)
        for ident in ids(demo, "tasks")[-20:]:
            demo.world.comment(ident, f"said of {ident}")
        await once(settings)
        assert unequal(store_url, demo, ("task_comments",)) == {}
        assert wrong(copy) == []
        for ident in ids(demo, "tasks")[:10]:
            demo.world.comment(ident, f"said of {ident} while tasks are read again")
        await once(settings, Resync(("tasks", "task_comments")))
        assert unequal(store_url, demo, ("task_comments",)) == {}
        assert wrong(copy) == []


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", [2, 9])
async def test_a_first_filling_that_is_killed_has_its_markers_once_each(store_url, monkeypatch, after):
    commit, done = Store.commit, []

    def killed(*args, **more):
        done.append(1)
        if len(done) % after == 0:
            raise Killed
        return commit(*args, **more)

    async with portal(SIZE) as (demo, webhook):
        settings = config(webhook, store_url)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "commit", killed)
            for _ in range(3):
                with pytest.raises(BaseException):  # noqa: B017 - a group of them where several died
                    await once(settings)
        await once(settings)
        assert unequal(store_url, demo) == {}
        assert phases(store_url) == {name: ["begin", "end"] for name in KEYS}


async def test_a_mirror_of_an_earlier_version_is_followed_from_its_first_start_on(tmp_path):
    older_mirror.restore(tmp_path / "bitsheet.db")
    url = Secret(f"sqlite:///{tmp_path}/bitsheet.db")
    Store.open(url).close()
    assert {name: told[-1] for name, told in phases(url).items()} == dict.fromkeys(KEYS, "end")
    copy = follower(url)
    demo = older_mirror.OlderPortal()
    demo.seen()
    demo.happens()
    with demo.run_in_thread() as webhook:
        settings = config(webhook, url, static_every=1, reconcile_every=1)
        await once(settings)
        assert unequal(url, demo) == {}
        assert wrong(copy) == []
        await once(settings, Resync(tuple(VOLATILE)))
        assert wrong(copy) == []
    assert {told.count("end") for told in phases(url).values()} == {1}


async def test_a_first_filling_that_an_earlier_version_left_half_done_ends_with_one_marker(tmp_path):
    older_mirror.restore(tmp_path / "bitsheet.db")
    url = Secret(f"sqlite:///{tmp_path}/bitsheet.db")
    execute(url, "UPDATE bitsheet_checkpoints SET floor = reach + 1 WHERE table_name IN ('deals', 'tasks')")
    execute(url, "DELETE FROM deals")
    demo = older_mirror.OlderPortal()
    demo.seen()
    with demo.run_in_thread() as webhook:
        settings = config(webhook, url, static_every=1, reconcile_every=1)
        Store.open(url).close()
        half = {name for name, told in phases(url).items() if "end" not in told}
        assert half == {"deals", "tasks", "task_comments"}
        await once(settings)
        assert {told.count("end") for told in phases(url).values()} == {1}
        copy = follower(url)
        demo.happens()
        await once(settings)
        assert unequal(url, demo) == {}
        assert wrong(copy) == []


def execute(url, sql):
    with closing(sqlite3.connect(url.reveal().removeprefix("sqlite:///"))) as database, database:
        database.execute(sql)


WORDS = {"leads": "TITLE", "contacts": "NAME", "companies": "TITLE", "deals": "TITLE", "tasks": "TITLE"}


class People:
    """What is done on a portal between two cycles."""

    def __init__(self, demo, seed):
        self.demo, self.world, self.chance = demo, demo.world, random.Random(seed)
        self.fields = []

    def some(self, table, count=1):
        return self.chance.sample(ids(self.demo, table), count)

    def work(self, step):
        for _ in range(self.chance.randrange(1, 40)):
            table = self.chance.choice(list(WORDS))
            deed = self.chance.choice((self.world.edit, self.world.bind, self.world.bind))
            deed(table, *self.some(table), **{WORDS[table]: f"text {self.chance.random()}"})
        self.talk()
        self.world.delete("contacts", *self.some("contacts"))
        self.world.bind("users", *self.some("users"), NAME=f"name {step}")
        self.describe(step)

    def talk(self):
        for ident in self.some("tasks", 15):
            said = self.world.comment(ident, "said")
            if self.chance.random() < 0.5:
                self.world.edit_comment(said, "said otherwise", bump=True)

    def describe(self, step):
        """A field that is new, with values that move no date, or one that becomes a text."""
        if self.fields and self.chance.random() < 0.5:
            self.world.change_field("deals", column(self.chance.choice(self.fields), "string"))
            return
        name, kind = f"UF_CRM_17999900{step:02}", self.chance.choice(("double", "string"))
        self.world.add_field("deals", column(name, kind))
        self.fields.append(name)
        for ident in ids(self.demo, "deals")[::2]:
            self.world.bind("deals", ident, **{name: 1.5 if kind == "double" else "a"})


def column(name, kind):
    return Column(name=name, type=kind, title="Some", custom=True)


@pytest.mark.parametrize("seed", range(times("BITSHEET_FED", 1, 12)))
async def test_whatever_happens_on_the_portal_a_copy_follows(store_url, seed, monkeypatch):
    monkeypatch.setattr("bitsheet_tui.sync.cycle.BACKLOG", 10)
    async with portal(SIZE) as (demo, webhook):
        people = People(demo, seed)
        settings = config(webhook, store_url, static_every=2, reconcile_every=1)
        await once(settings)
        copies = [follower(store_url)]
        for step in range(8):
            people.work(step)
            again = people.chance.sample(list(WORDS), 2) if people.chance.random() < 0.4 else ()
            await once(settings, Resync(tuple(again)) if again else None)
            for copy in copies:
                assert wrong(copy) == []
            copies.append(follower(store_url))
        await once(settings, Resync(tuple(VOLATILE)))
        for copy in copies:
            assert wrong(copy) == []
