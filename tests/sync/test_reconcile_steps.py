"""A comparison that dies at any step, or is overtaken by people, marks what is gone and nothing else."""

import msgspec
import pytest

from bitsheet_tui.portal import patience
from bitsheet_tui.portal.demo import Size
from tests.support import mirror
from tests.support.fault_injection import Steps, counting
from tests.support.fault_trial import STRIDE, Trial

pytestmark = pytest.mark.slow

TABLES = ("deals",)
SIZE = Size(leads=0, contacts=0, companies=0, deals=900, activities=0, tasks=0, users=1, departments=1)
GONE = 60  # more than a page, spread: counts, lists and two pages of look-ups


class Deletions(Trial):
    """A mirror of deals of which some are deleted before every run."""

    def __init__(self, url):
        super().__init__(url, Steps(crash=False), size=SIZE, tables=TABLES)
        sync = msgspec.structs.replace(self.config.sync, reconcile_every=1, deletion_guard=0.5)
        self.config = msgspec.structs.replace(self.config, sync=sync)

    def unequal(self):
        return mirror.differences(self.config.store_url, self.demo.world, "deals")

    def delete(self, count=GONE):
        ids = [row["ID"] for row in self.demo.world.truth("deals")]
        gone = set(ids[:: len(ids) // count][:count])
        for ident in gone:
            self.demo.world.delete("deals", ident)
        return gone

    @property
    def marked(self):
        return {row["id"] for row in mirror.rows(self.config.store_url, "deals", "_deleted_at IS NOT NULL")}


@pytest.mark.sample
@pytest.mark.parametrize("crash", [False, True], ids=["error", "crash"])
async def test_failing_at_any_step_marks_all_of_it_or_nothing(store_url, crash, monkeypatch, figure):
    monkeypatch.setattr(patience, "TRIES", 1)
    one = Deletions(store_url)
    assert await one.run()
    each = min(STRIDE, 8)
    stride = each if store_url.reveal().startswith("sqlite") else 2 * each
    points, n = 0, 1
    while True:
        before = one.marked
        gone = one.delete(12)
        one.steps = steps = Steps(crash=crash, fatal=n)
        with counting(steps, monkeypatch):
            await one.run()
        assert one.marked in (before, before | gone), (n, steps.struck)
        one.steps = Steps(crash=False)
        assert await one.run()
        assert one.marked == before | gone, (n, steps.struck)
        assert one.unequal() == [], (n, steps.struck)
        if not steps.struck:
            break
        points, n = points + 1, n + stride
    figure(f"{points} steps of a comparison failed, nothing marked by halves")
    assert points >= 5


async def test_what_people_do_meanwhile_is_neither_marked_nor_lost(store_url):
    one = Deletions(store_url)
    assert await one.run()
    world = one.demo.world
    for _ in range(2):
        before, gone = one.marked, one.delete()
        created = []
        victims = iter([row["ID"] for row in world.truth("deals")][1::40])

        def happen(created=created, victims=victims):
            created.append(world.create("deals", TITLE="meanwhile"))
            if (victim := next(victims, None)) is not None:
                world.delete("deals", victim)

        one.happen = happen
        assert await one.run()
        one.happen = lambda: None
        assert len(created) > 5
        assert before | gone <= one.marked
        there = {row["ID"] for row in world.truth("deals")}
        assert not one.marked & there
        assert await one.run()
        assert one.unequal() == []


async def test_a_deal_that_returns_under_its_id_meanwhile_stays(sqlite_url):
    """The portal hides rows and shows them again, as rights come and go, at every moment of a comparison."""
    one = Deletions(sqlite_url)
    assert await one.run()
    world = one.demo.world
    ids = [row["ID"] for row in world.truth("deals")][::15]
    for moment in range(1, 14):
        world.hide("deals", *ids)
        count = 0

        def happen(moment=moment):
            nonlocal count
            count += 1
            if count == moment and ids[0] in world.tables["deals"].hidden:
                world.show("deals", *ids)

        one.happen = happen
        assert await one.run()
        one.happen = lambda: None
        if ids[0] in world.tables["deals"].hidden:
            world.show("deals", *ids)
        assert await one.run()
        assert one.unequal() == [], moment
