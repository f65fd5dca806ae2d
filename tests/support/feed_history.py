"""A random history of a mirror: what happens on a portal, and how the mirror is told of it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Checkpoint, DiscussionRead, Store
from tests.support.store_rows import DEAL, NOW, TABLES, TASK, comment, deal, task

DEALS, TASKS, COMMENTS = TABLES["deals"], TABLES["tasks"], TABLES["task_comments"]
NOTE = Field(name="UF_CRM_NOTE", kind=Kind.TEXT)
VIEWED = Field(name="VIEWED_DATE", kind=Kind.INSTANT)
MOODS = ("favorite", "viewed_date")  # columns of tasks that change without meaning
KEYS = {
    "deals": ("id",), "tasks": ("id",), "task_comments": ("source", "id"), "statuses": ("id",),
    "categories": ("entity_type_id", "id"),
}  # fmt: skip
STEPS = 40


class Killed(BaseException):
    """The process ends before a commit."""


class History:
    """A portal of two tables with their comments, what happens on it, and how the mirror is told of it."""

    def __init__(self, seed: int, open_store) -> None:
        self.chance = random.Random(seed)
        self._open = open_store
        self.store: Store = open_store()
        self.portal: dict[str, dict[int, dict]] = {"deals": {}, "tasks": {}}
        self.seen: dict[int, dict] = {}  # tasks as they were stored
        self.restless: set[int] = set()  # tasks whose newest change is one without meaning
        self.fields = {"deals": list(DEAL), "tasks": [*TASK, VIEWED]}
        self.talks: dict[int, dict[int, str]] = {}
        self.names = {n: f"Stage {n}" for n in range(1, 6)}
        self.cycle = 1
        self.clock = NOW

    # --- the portal ---

    def create(self, table: str) -> int:
        id_ = max(self.portal[table], default=0) + self.chance.choice((1, 1, 3))
        self.portal[table][id_] = {"deals": deal, "tasks": task}[table](id_)
        return id_

    def change(self, table: str, id_: int) -> None:
        """Somebody writes into a row."""
        row = self.portal[table][id_]
        number = self.chance.randrange(10)
        if table == "tasks":
            row["TITLE"] = f"Task {self.chance.random()}"
        elif number < 5:
            row["OPPORTUNITY"] = self.chance.choice(("5", "1000.5", "soon", "0.10", None, "17"))
        else:
            row["UF_CRM_NOTE"] = self.chance.choice(("a", "b", None))
            row["UF_CRM_LIST"] = self.chance.choice((["a"], [{"b": 1.5}], None))
            row["CLOSED"] = self.chance.choice(("Y", "N", "maybe"))

    def look(self, id_: int) -> None:
        """Somebody looks at a task."""
        row = self.portal["tasks"][id_]
        row["FAVORITE"] = self.chance.choice(("Y", "N"))
        row["VIEWED_DATE"] = f"2026-03-0{self.chance.randrange(1, 5)}T10:00:00+00:00"

    def some(self, table: str) -> list[int]:
        ids = sorted(self.portal[table])
        return self.chance.sample(ids, min(len(ids), self.chance.randrange(1, 6)))

    # --- the mirror ---

    def checkpoint(self, table: str, floor: int) -> Checkpoint:
        reach = max(self.portal[table], default=0)
        return Checkpoint(table=table, watermark=self.clock, reach=reach, floor=floor, fill_started=NOW)

    def commit(self, table: str, ids, floor: int = 0, *, filling: bool = False) -> None:
        rows = [dict(self.portal[table][id_]) for id_ in ids]
        self.store.commit(
            TABLES[table],
            rows,
            self.checkpoint(table, floor),
            at=self.clock,
            cycle=self.cycle,
            filling=filling,
        )
        for row in rows if table == "tasks" else ():
            self._stored(row)

    def _stored(self, row: dict) -> None:
        id_, before = int(row["ID"]), self.seen.get(int(row["ID"]))
        self.seen[id_] = row
        moods = {"FAVORITE", "VIEWED_DATE"}
        if before is None or any(
            before.get(n) != row.get(n) for n in row.keys() | before.keys() if n not in moods
        ):
            self.restless.discard(id_)
        elif before != row:
            self.restless.add(id_)

    def fill(self, table: str) -> None:
        """Every row from the newest down, a few at a time."""
        ids = sorted(self.portal[table], reverse=True)
        for start in range(0, len(ids), 7):
            left = ids[start + 7 :]
            self.commit(table, ids[start : start + 7], left[0] + 1 if left else 0, filling=True)

    def talk(self, tasks, *, filling: bool = False) -> None:
        """Read the comments of these tasks."""
        read = [
            DiscussionRead(
                task_id=id_, read_at=self.clock, readable=True, forum=[],
                chat=[comment(n, TEXT=text) for n, text in self.talks.get(id_, {}).items()],
            )
            for id_ in tasks
        ]  # fmt: skip
        self.store.commit_discussions(COMMENTS, read, at=self.clock, cycle=self.cycle, filling=filling)

    def shape(self, table: str) -> None:
        """What the description has become; a table that has other columns is read once more."""
        drift = self.store.drift(TABLES[table], self.fields[table])
        again = self.checkpoint(table, max(self.portal[table], default=0) + 1) if drift.stale else None
        self.store.shape(TABLES[table], self.fields[table], again, cycle=self.cycle)
        if drift.stale:
            self.fill(table)

    # --- steps ---

    def step(self) -> None:
        self.cycle += 1
        self.clock += timedelta(minutes=1)
        if self.chance.random() < 0.15:
            self.killed()
        names = [name for name in dir(self) if name.startswith("do_")]
        getattr(self, self.chance.choice(names))()

    def killed(self) -> None:
        """The next thing that is done gets to its commit and no further; it is done again by a new process."""
        driver = self.store._database.driver

        def die() -> None:
            raise Killed

        driver.before_commit = die
        with pytest.raises(Killed):
            self.fill("deals")
        self.store.close()
        self.store = self._open()

    def do_edit_and_scan(self) -> None:
        for table in ("deals", "tasks"):
            ids = self.some(table)
            for id_ in ids:
                self.change(table, id_)
            self.commit(table, ids)

    def do_create_and_scan(self) -> None:
        for table in ("deals", "tasks"):
            self.commit(table, [self.create(table) for _ in range(3)])

    def do_look_and_scan(self) -> None:
        ids = self.some("tasks")
        for id_ in ids:
            self.look(id_)
            if self.chance.random() < 0.3:
                self.change("tasks", id_)
        self.commit("tasks", ids)

    def do_drift(self) -> None:
        for id_ in self.some("deals"):
            self.change("deals", id_)
        for id_ in self.some("tasks"):
            self.look(id_)

    def do_resync(self) -> None:
        for table in ("deals", "tasks"):
            self.fill(table)

    def do_delete_and_return(self) -> None:
        for table in ("deals", "tasks"):
            ids = self.some(table)[:2]
            self.store.bury(TABLES[table], ids, at=self.clock, cycle=self.cycle)
            back = [id_ for id_ in ids if self.chance.random() < 0.6]
            for id_ in set(ids) - set(back):
                del self.portal[table][id_]
            for id_ in back:
                self.change(table, id_)
            self.commit(table, back)

    def do_a_field_comes_or_goes(self) -> None:
        if NOTE in self.fields["deals"]:
            self.fields["deals"].remove(NOTE)
        else:
            self.fields["deals"].append(NOTE)
        self.shape("deals")

    def do_a_type_changes(self) -> None:
        table, name = self.chance.choice(
            (("deals", "OPPORTUNITY"), ("tasks", "FAVORITE"), ("deals", "BEGINDATE"))
        )
        self.fields[table] = [
            replace(field, kind=Kind.TEXT) if field.name == name else field for field in self.fields[table]
        ]
        self.shape(table)

    def do_retry(self) -> None:
        self.store.retry(DEALS, at=self.clock, cycle=self.cycle)

    def do_talk(self) -> None:
        ids = self.some("tasks")
        for id_ in ids:
            said = self.talks.setdefault(id_, {})
            said[id_ * 1000 + len(said) + self.chance.randrange(50)] = f"{self.chance.random()}"
            if len(said) > 3:
                del said[min(said)]
        self.talk(ids, filling=self.chance.random() < 0.5)

    def do_names(self) -> None:
        number = self.chance.randrange(1, 8)
        if self.names.pop(number, None) is None:
            self.names[number] = f"Stage {self.chance.random()}"
        statuses = [
            {"id": n, "entity_id": "STAGE", "status_id": f"S{n}", "name": name}
            for n, name in self.names.items()
        ]
        self.store.fill_dictionary("statuses", statuses)
        self.store.fill_dictionary(
            "categories", [{"entity_type_id": 2, "id": n, "name": name} for n, name in self.names.items()]
        )


def begun(seed: int, open_store) -> History:
    """A mirror that was filled for the first time, in spite of a kill, with what its feed says of it."""
    history = History(seed, open_store)
    for table, fields in history.fields.items():
        for _ in range(30):
            history.create(table)
        history.store.shape(TABLES[table], fields)
    for table in ("deals", "tasks"):
        history.commit(table, [], max(history.portal[table]) + 1, filling=True)
        history.commit(table, sorted(history.portal[table])[20:], 20)
    history.talk(sorted(history.portal["tasks"])[20:], filling=True)
    history.killed()
    for table in ("deals", "tasks"):
        history.fill(table)
    history.talk(history.portal["tasks"], filling=True)
    history.store.keep(Checkpoint(table="task_comments", watermark=NOW))
    history.do_names()
    history.seen = {id_: dict(row) for id_, row in history.portal["tasks"].items()}
    history.restless.clear()
    return history


def asking(history: History):
    def ask(sql: str):
        database = history.store._database

        def work():
            cursor = database.execute(sql)
            return [column[0] for column in cursor.description], cursor.fetchall()

        return database.read(work)

    return ask
