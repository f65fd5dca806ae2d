"""Whatever happens, a copy of the mirror follows by the lines of the change feed alone, from any moment on.

People work, fields and their types change, runs die at any step; a copy is taken whenever the first filling is
over, and after each run every copy is what the mirror is. Fields that change without meaning are compared in
rows whose newest line is their newest change. One copy begins with nothing, before the first filling is over, and is
kept by what the command prints, which breaks off anywhere and goes on from its cursor.
"""

import asyncio
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bitsheet_tui.commands import ConfirmDeletions, Resync, Retry
from bitsheet_tui.errors import NoMirror
from bitsheet_tui.portal import patience
from bitsheet_tui.portal.demo import Column, Size, dictionaries
from bitsheet_tui.portal.demo.kinds import Spelt
from bitsheet_tui.secret import Secret
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror
from tests.support.fault_injection import Steps, counting
from tests.support.fault_trial import Trial, empty
from tests.support.follower import Follower, Streamed
from tests.support.proof import times

pytestmark = pytest.mark.slow

SIZE = Size(leads=0, contacts=2, companies=0, deals=4, activities=0, tasks=2, users=2, departments=1)
TABLES = ("contacts", "deals", "tasks", "task_comments", "users")
KEYS = {table.name: table.columns for table in CATALOGUE if table.name in TABLES} | {
    "statuses": ("id",), "categories": ("entity_type_id", "id"), "field_labels": ("table_name", "field"),
    "enum_values": ("table_name", "field", "value_id"),
}  # fmt: skip
MOODS = {table.name: tuple(name.lower() for name in table.volatile) for table in CATALOGUE}
WORDS = {"contacts": "NAME", "deals": "TITLE", "tasks": "TITLE", "users": "NAME"}
BINNED = ("contacts", "deals", "tasks")
FIELD = "UF_CRM_179999999"
NUMBERS = ("5", "1000.50", "0.1", "to be agreed", "17", None, "1e999")
ALL_AT_ONCE = 1e-9  # days in which an audit goes through everything
STORIES = (  # of what a field is described as, one cycle after the other; a column that is text stays so
    ("double",), ("integer", "string"), ("double", None, "double"), ("double", "string"),
    ("integer", "double"), ("string", None, "double"),
)  # fmt: skip
MOST_COPIES = 4
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # each run opens and closes a store
STATUSES = dictionaries.statuses()
picks = st.integers(0, 10**6)
kinds = st.sampled_from(BINNED)


def column(kind, name):
    return Column(name=name, type=kind, title="Some", custom=True)


class Copy:
    """One follower, with the rows that have changed without meaning since their last line."""

    def __init__(self, ask, follower=None):
        self._ask = ask
        self.follower = follower or Follower(ask, KEYS)
        self.restless = set()
        self._moods = self._look()

    def _look(self):
        found = {}
        for table in ("tasks", "users"):
            names, rows = self._ask(f"SELECT * FROM {table}")
            there = [name for name in MOODS[table] if name in names]
            for values in rows:
                row = dict(zip(names, values, strict=True))
                found[table, str(row["id"])] = [row[name] for name in there]
        return found

    def wrong(self):
        """What is not as it is in the mirror once all lines are followed."""
        seq, before, self._moods = self.follower.seq, self._moods, self._look()
        self.follower.follow()
        _, lines = self._ask(
            f"SELECT table_name, row_id, op FROM bitsheet_changes WHERE seq > {seq} AND op <> 'delete'"
        )
        self.restless |= {key for key, now in self._moods.items() if before.get(key) != now}
        self.restless -= {(table, row_id) for table, row_id, _ in lines}
        return self.follower.differences(self._skipped)

    def _skipped(self, table, row_id):
        return MOODS.get(table, ()) if (table, row_id) in self.restless else ()


class Fed(RuleBasedStateMachine):
    """People, a portal, a process that dies, a mirror, and copies of it."""

    patch: pytest.MonkeyPatch  # of the test that runs the machine
    url: Secret | None = None  # of a database that is emptied for each history; None: files

    @initialize(killed=st.integers(0, 60))
    def begin(self, killed):
        """The first filling, which dies at some step."""
        self.folder = Path(tempfile.mkdtemp(prefix="bitsheet-fed-", dir=MEMORY))
        url = self.url or Secret(f"sqlite:///{self.folder}/mirror.db")
        if self.url:
            empty(self.url)
        self.trial = Trial(url, Steps(crash=False), size=SIZE, tables=TABLES)
        self.world, self.clock = self.trial.demo.world, self.trial.clock
        self.copies, self.said, self.number = [], [], 0
        self.names = STATUSES
        self.patch.setattr(dictionaries, "statuses", lambda: self.names)
        self.run_once(Steps(crash=True, fatal=killed))
        self.streamed = Streamed(self.ask, KEYS, url, seed=killed)
        with suppress(NoMirror):  # it died before there was one
            self.streamed.follow()
        assert self.run_once(Steps(crash=False))
        _, markers = self.ask("SELECT table_name FROM bitsheet_changes WHERE op = 'snapshot' ORDER BY 1")
        assert [name for (name,) in markers] == sorted([*KEYS, *KEYS])
        self.streamed.follow()
        self.copies.append(Copy(self.ask, self.streamed))
        self.follow()
        self.copy()

    def ask(self, sql):
        return mirror.select(self.trial.config.store_url, sql)

    def pick(self, table, place):
        ids = self.world.tables[table].ids
        found = list(ids.upward(1, ids.last))
        return found[place % len(found)] if found else None

    def text(self):
        self.number += 1
        return f"text {self.number}"

    # --- people ---

    @rule(table=st.sampled_from([*WORDS, "tasks"]), place=picks, dated=st.booleans())
    def edit(self, table, place, dated):
        """Some edits move no date: only an audit or a resync sees them."""
        if ident := self.pick(table, place):
            deed = self.world.edit if dated else self.world.bind
            deed(table, ident, **{WORDS[table]: self.text()})

    @rule(place=picks, value=st.sampled_from(NUMBERS), dated=st.booleans())
    def price(self, place, value, dated):
        """A price, or words that are none and wait in quarantine."""
        if ident := self.pick("deals", place):
            self.world.tables["deals"].put(ident, {"OPPORTUNITY": Spelt(value)})
            if dated:
                self.world.edit("deals", ident, TITLE=self.text())

    @rule(place=picks, favorite=st.booleans(), then=st.sampled_from(["", "edit", "cycle", "edit later"]))
    def look(self, place, favorite, then):
        """Somebody looks at a task; he may change it, at once or when the look is in the mirror."""
        if ident := self.pick("tasks", place):
            self.world.bind("tasks", ident, FAVORITE=favorite, VIEWED_DATE=self.world.now())
            if then in ("cycle", "edit later"):
                self.audit()
            if then in ("edit", "edit later"):
                self.world.edit("tasks", ident, TITLE=self.text())

    @rule(table=kinds)
    def create(self, table):
        self.world.create(table, **{WORDS[table]: self.text()})

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
        said = [one for one in self.said if one.task_id in self.world.tables["tasks"].ids]
        if not said:
            return
        one = said[place % len(said)]
        self.said.remove(one)
        if vanish:
            self.world.vanish_comment(one, bump=True)
        else:
            self.said.append(self.world.edit_comment(one, self.text(), bump=True))

    @rule(
        number=st.integers(0, 5),
        kinds=st.sampled_from(STORIES),
        value=st.sampled_from([None, "15", "1.5", "a note", "a note"]),
    )
    def describe(self, number, kinds, value):
        """A field comes, becomes another, or goes; what deals hold in it may be none of its type."""
        name = f"{FIELD}{number}"
        for kind in kinds:
            if kind is None:
                self.world.remove_field("deals", name)
            else:
                self.world.add_field("deals", column(kind, name))
                ids = self.world.tables["deals"].ids
                for ident in list(ids.upward(1, ids.last))[::2] if value else ():
                    self.world.tables["deals"].put(ident, {name: Spelt(value)})
            self.audit()

    @rule(place=picks, gone=st.booleans())
    def rename(self, place, gone):
        """An entry of a dictionary has another name, or is gone."""
        names = [dict(row) for row in self.names]
        if gone and len(names) > 5:
            del names[place % len(names)]
        else:
            names[place % len(names)]["NAME"] = self.text()
        self.names = names

    @rule(seconds=st.sampled_from([1, 60, 4000]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    # --- the mirror ---

    def run_once(self, steps, wish=None, **sync):
        self.trial.steps = steps
        with counting(steps, self.patch, TABLES):
            return asyncio.run(self.trial.run(wish, **{"reconcile_every": 1, **sync}))

    def follow(self):
        for copy in self.copies:
            assert copy.wrong() == []

    @rule(wish=st.sampled_from([None, None, *(Resync((name,)) for name in TABLES), Retry()]))
    def cycle(self, wish):
        assert self.run_once(Steps(crash=False), wish)
        self.follow()

    @rule(step=st.integers(1, 80), crash=st.booleans(), again=st.sampled_from([None, *TABLES]))
    def broken_cycle(self, step, crash, again):
        self.run_once(Steps(crash=crash, fatal=step), Resync((again,)) if again else None)
        self.follow()

    @rule()
    def audit(self):
        assert self.run_once(Steps(crash=False), audit_days=ALL_AT_ONCE)
        self.follow()

    @rule(table=st.sampled_from((*BINNED, "task_comments")))
    def confirm(self, table):
        self.run_once(Steps(crash=False), ConfirmDeletions(table))
        self.follow()

    @rule()
    def copy(self):
        if len(self.copies) < MOST_COPIES:
            self.copies.append(Copy(self.ask))

    def teardown(self):
        if hasattr(self, "trial"):
            self.audit()
            self.streamed.close()
            shutil.rmtree(self.folder)


@pytest.mark.sample
def test_any_history_is_followed_by_the_lines_of_the_feed_alone(store_url, monkeypatch):
    monkeypatch.setattr(patience, "TRIES", 1)
    monkeypatch.setattr(Fed, "patch", monkeypatch, raising=False)
    on_files = store_url.reveal().startswith("sqlite")
    monkeypatch.setattr(Fed, "url", None if on_files else store_url)
    machine = Fed.TestCase
    machine.settings = settings(
        max_examples=times("BITSHEET_FEEDS", 2, 20 if on_files else 4), stateful_step_count=25, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    machine("runTest").runTest()
