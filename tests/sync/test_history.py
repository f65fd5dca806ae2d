"""Any history of people's work, crashes and faults ends, after a quiet cycle, with mirror == portal."""

import asyncio
import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bitsheet_tui.commands import ConfirmDeletions
from bitsheet_tui.portal import patience
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.secret import Secret
from tests.support import mirror
from tests.support.fault_injection import Steps, counting
from tests.support.fault_trial import NOON, Trial
from tests.support.proof import times

pytestmark = pytest.mark.slow

SIZE = Size(leads=0, contacts=4, companies=0, deals=52, activities=0, tasks=5, users=3, departments=1)
TABLES = ("contacts", "deals", "tasks", "task_comments", "users")
EDITED = {"contacts": "NAME", "deals": "TITLE", "tasks": "TITLE"}
BINNED = ("contacts", "deals", "tasks")
WHOLE = (Kind.RESET, Kind.HTML, Kind.TRUNCATED, Kind.STATUS)
AT_ONCE = 1e-9  # days in which an audit goes through everything
picks = st.integers(0, 10**6)
kinds = st.sampled_from(BINNED)


class History(RuleBasedStateMachine):
    """People, a portal with whole seconds, a process that dies, and a mirror."""

    patch: pytest.MonkeyPatch  # of the test that runs the machine

    @initialize(overlap=st.sampled_from([0, 5, 300]))
    def begin(self, overlap):
        self.folder = Path(tempfile.mkdtemp(prefix="bitsheet-history-"))
        url = Secret(f"sqlite:///{self.folder}/mirror.db")
        self.trial = Trial(url, Steps(crash=False), size=SIZE, tables=TABLES, overlap=overlap)
        self.world, self.clock = self.trial.demo.world, self.trial.clock
        self.said = []
        self.number = 0

    def living(self, table):
        ids = self.world.tables[table].ids
        return list(ids.upward(1, ids.last))

    def pick(self, table, place):
        found = self.living(table)
        return found[place % len(found)] if found else None

    def text(self):
        self.number += 1
        return f"text {self.number}"

    # --- people ---

    @rule(table=kinds, old=st.booleans())
    def insert(self, table, old):
        fields = {EDITED[table]: self.text()}
        if old:
            self.world.create_backdated(table, NOON - timedelta(days=900), **fields)
        else:
            self.world.create(table, **fields)

    @rule(table=kinds, place=picks, times=st.integers(1, 3))
    def edit(self, table, place, times):
        for _ in range(times):
            if ident := self.pick(table, place):
                self.world.edit(table, ident, **{EDITED[table]: self.text()})

    @rule(table=kinds, place=picks)
    def delete(self, table, place):
        if ident := self.pick(table, place):
            self.world.delete(table, ident)

    @rule(table=kinds)
    def restore(self, table):
        for ident in sorted(self.world.tables[table].bin)[:1]:
            if table == "tasks":
                self.world.restore_task(ident)
            else:
                self.world.restore_crm(table, ident)

    @rule(table=kinds, share=st.sampled_from([3, 10, 100]))
    def hide_many(self, table, share):
        """A right is lost."""
        ids = self.living(table)
        self.world.hide(table, *ids[: len(ids) * share // 100])

    @rule(table=kinds)
    def show_all(self, table):
        """The right is back; nothing in the rows moves."""
        self.world.show(table, *sorted(self.world.tables[table].hidden))

    @rule(table=kinds, place=picks)
    def hide(self, table, place):
        if ident := self.pick(table, place):
            self.world.hide(table, ident)

    @rule(table=kinds)
    def show(self, table):
        for ident in sorted(self.world.tables[table].hidden)[:1]:
            self.world.show(table, ident)

    @rule(place=picks)
    def comment(self, place):
        if ident := self.pick("tasks", place):
            self.said.append(self.world.comment(ident, self.text()))

    @rule(place=picks, vanish=st.booleans())
    def revise(self, place, vanish):
        said = [one for one in self.said if one.task_id in self.living("tasks")]
        if not said:
            return
        one = said[place % len(said)]
        self.said.remove(one)
        if vanish:
            self.world.vanish_comment(one, bump=True)
        else:
            self.said.append(self.world.edit_comment(one, self.text(), bump=True))

    @rule(seconds=st.sampled_from([0, 1, 1, 4, 6, 299, 301, 4000]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    # --- the mirror ---

    def run_once(self, steps, restless=0, *, compare=True, wish=None, **sync):
        chance = random.Random(restless)

        def happen():
            if restless and chance.random() < 0.6:
                what = chance.choice((self.insert, self.edit, self.comment, self.wait))
                place = chance.randrange(10**6)
                match what:
                    case self.insert:
                        self.insert(chance.choice(BINNED), old=chance.random() < 0.5)
                    case self.edit:
                        self.edit(chance.choice(BINNED), place, 1)
                    case self.comment:
                        self.comment(place)
                    case _:
                        self.clock.advance(1)

        self.trial.steps, self.trial.happen = steps, happen
        with counting(steps, self.patch, TABLES):
            every = 1 if compare else 10**6
            return asyncio.run(self.trial.run(wish, reconcile_every=every, **sync))

    @rule(restless=picks, compare=st.booleans())
    def cycle(self, restless, compare):
        assert self.run_once(Steps(crash=False), restless, compare=compare)

    @rule(step=st.integers(1, 150), crash=st.booleans(), restless=picks, compare=st.booleans())
    def broken_cycle(self, step, crash, restless, compare):
        steps = Steps(crash=crash, fatal=step)
        assert self.run_once(steps, restless, compare=compare) == (not steps.struck)

    @rule(table=st.sampled_from((*BINNED, "task_comments")), restless=picks)
    def confirm(self, table, restless):
        self.run_once(Steps(crash=False), restless, wish=ConfirmDeletions(table))

    @precondition(lambda self: hasattr(self, "trial"))
    @rule(kind=st.sampled_from(WHOLE), after=st.integers(0, 3), restless=picks)
    def faulty_cycle(self, kind, after, restless):
        self.trial.demo.faults.add(Fault(kind=kind, after=after, status=500))
        self.run_once(Steps(crash=False), restless)
        self.trial.demo.faults.clear()

    def teardown(self):
        if not hasattr(self, "trial"):
            return
        self.clock.advance(1)
        # a quiet cycle, a comparison of what it left complete; and an audit, for a row that is gone and one
        # that is back leave the same count, with the comparison of what it finds
        for days in (7.0, 7.0, AT_ONCE, AT_ONCE, AT_ONCE):
            assert self.run_once(Steps(crash=False), audit_days=days)
        for table in self.held():
            assert self.run_once(Steps(crash=False), wish=ConfirmDeletions(table))
        assert self.trial.unequal(TABLES) == {}
        shutil.rmtree(self.folder)

    def held(self):
        """The tables of which rows seem to be gone, and nobody has said that they are."""
        query = "SELECT table_name FROM bitsheet_reconciles WHERE held > 0"
        return [name for (name,) in mirror.select(self.trial.config.store_url, query)[1]]


@pytest.mark.sample
def test_any_history_ends_equal(monkeypatch):
    monkeypatch.setattr(patience, "TRIES", 1)
    monkeypatch.setattr(History, "patch", monkeypatch, raising=False)
    machine = History.TestCase
    machine.settings = settings(
        max_examples=times("BITSHEET_HISTORIES", 4, 15), stateful_step_count=25, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    machine("runTest").runTest()
