"""A portal that people change hundreds of times a second, while it is read, is mirrored in the end."""

import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from bitsheet_tui.commands import ConfirmDeletions
from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.settings import Cost
from bitsheet_tui.state import Phase
from tests.support.live_engine import live_engine, until
from tests.support.proof import times
from tests.support.sync_run import config, once, unequal

pytestmark = pytest.mark.slow

SIZE = Size(
    leads=300, contacts=700, companies=58, deals=1500, activities=1500, tasks=250, users=20, departments=5
)
WORDS = {"leads": "TITLE", "contacts": "NAME", "companies": "TITLE", "deals": "TITLE", "activities": "SUBJECT",
         "tasks": "TITLE"}  # fmt: skip
LONG_AGO = datetime(2020, 5, 1, tzinfo=UTC)
PER_SECOND = 500


class Crowd:
    """Many people at work, in a thread of their own."""

    def __init__(self, world, seed):
        self._world, self._chance = world, random.Random(seed)
        self._said = []
        self.deeds = Counter()
        self._still = threading.Event()

    @contextmanager
    def at_work(self):
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._still.set()
            thread.join()

    def _work(self):
        began, done = time.monotonic(), 0
        kinds = (self.edit,) * 6 + (
            self.insert,
            self.import_,
            self.delete,
            self.restore,
            self.comment,
            self.revise,
        )
        while not self._still.wait(0.002):
            while done < (time.monotonic() - began) * PER_SECOND:
                deed = self._chance.choice(kinds)
                with self._world.lock:
                    self.deeds[deed.__name__] += deed(self._chance.choice(list(WORDS))) is not False
                done += 1

    def some(self, table):
        ids = self._world.tables[table].ids
        return ids.at(1, ids.last, self._chance.randrange(ids.count(1, ids.last)), descending=True)

    def text(self):
        return f"text {self._chance.random()}"

    def edit(self, table):
        self._world.edit(table, self.some(table), **{WORDS[table]: self.text()})

    def insert(self, table):
        self._world.create(table, **{WORDS[table]: self.text()})

    def import_(self, table):
        self._world.create_backdated(table, LONG_AGO, **{WORDS[table]: self.text()})

    def delete(self, table):
        self._world.delete(table, self.some(table))

    def restore(self, table):
        gone = next(iter(self._world.tables[table].bin), None)
        if gone is None:
            return False
        self._world.restore_task(gone) if table == "tasks" else self._world.restore_crm(table, gone)
        return True

    def comment(self, _):
        self._said.append(self._world.comment(self.some("tasks"), self.text()))

    def revise(self, _):
        if not self._said:
            return False
        one = self._said.pop(self._chance.randrange(len(self._said)))
        if one.task_id not in self._world.tables["tasks"].ids:
            return False
        if self._chance.random() < 0.5:
            self._said.append(self._world.edit_comment(one, self.text(), bump=True))
        else:
            self._world.delete_comment(one, bump=True)
        return True


@pytest.mark.sample
async def test_a_portal_that_never_rests_is_mirrored_after_a_quiet_cycle_and_a_comparison(
    store_url, monkeypatch, figure
):
    demo = DemoPortal(SIZE, seed=5, settings=Settings(cost=Cost(page=0.003)))
    seconds = times("BITSHEET_SECONDS", 1, 3)
    crowd = Crowd(demo.world, seed=9)
    with demo.run_in_thread() as webhook:
        settings = config(webhook, store_url, interval=0.05, reconcile_every=3, deletion_guard=0.9)
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            with crowd.at_work():
                began = time.monotonic()
                await until(
                    lambda: len(engine.state.cycles) > 2 and time.monotonic() - began > seconds, running, 60
                )
                took = time.monotonic() - began
            cycles = engine._desk.cycle
            assert engine.state.phase is not Phase.WAITING
        settings = config(webhook, store_url, reconcile_every=1, deletion_guard=0.9)
        engine = await once(settings)
        if engine.state.tables["task_comments"].held:  # discussions of which every comment was deleted
            engine = await once(settings, ConfirmDeletions("task_comments"))
        assert not engine.failed
        assert unequal(store_url, demo) == {}
    deeds = sum(crowd.deeds.values())
    kinds = ", ".join(f"{count} {deed.strip('_')}" for deed, count in sorted(crowd.deeds.items()))
    figure(
        f"{deeds} changes in {took:.0f} s and {cycles} cycles on {store_url.reveal().partition(':')[0]} ({kinds}): equal"
    )
    assert deeds / took > 200
    assert len(crowd.deeds) == 7
