"""Pictures of an engine in every situation, and an engine that shows them and remembers what it was told."""

import asyncio
import random
from collections import deque
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui.errors import Reason
from bitsheet_tui.ring import Ring
from bitsheet_tui.state import CycleSummary, EngineState, Fill, Standing, TableState, reduce, start

NOW = datetime(2026, 11, 24, 10, 2, 13, tzinfo=UTC)
ROWS = {
    "leads": 9289, "contacts": 30962, "companies": 58, "deals": 30355, "activities": 205435, "tasks": 60793,
    "task_comments": 163096, "users": 51, "departments": 14,
}  # fmt: skip


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def durations(seed: int, middle: float, count: int = 60) -> tuple[float, ...]:
    chance = random.Random(seed)
    return tuple(round(middle * chance.uniform(0.6, 1.9), 3) for _ in range(count))


def history(count: int = 120) -> tuple[CycleSummary, ...]:
    seconds = list(durations(7, 1.3, count))
    seconds[count // 3] = 118.0
    return tuple(
        CycleSummary(
            number=812 - count + 1 + i, at=ago(300 * (count - 1 - i) + 13), seconds=s, rows=int(40 * s), requests=3,
            failed=("task_comments",) if i == count - 12 else (),
        )
        for i, s in enumerate(seconds)
    )  # fmt: skip


def seen() -> e.PortalSeen:
    return e.PortalSeen(
        requests=12044, retries=3, rate=1.8, bucket=12.0, burst=50,
        operating=(
            e.Operating(method="crm.deal.list", used=248, budget=480, reset=later(189)),
            e.Operating(method="im.dialog.messages.get", used=120, budget=480),
        ),
    )  # fmt: skip


def first_start() -> EngineState:
    return start(tuple(ROWS), portal="acme.bitrix24.com", store="sqlite crm.db", at=ago(1))


def current() -> EngineState:
    tables = {
        name: TableState(
            name=name, standing=Standing.OK, rows=rows, new=rows % 7, changed=rows % 31, gone=rows % 2,
            synced_at=ago(2900 if name in {"users", "departments"} else 13), watermark=ago(20),
            seconds=durations(len(name), 0.2 + rows / 100_000), deleted=rows // 900,
            changes=tuple((rows * i) % 37 for i in range(1, 30)),
        )
        for name, rows in ROWS.items()
    }  # fmt: skip
    return EngineState(
        portal="acme.bitrix24.com", store="sqlite crm.db", tables=tables, cycle=812, next_at=later(287),
        cycles=history(), seen=seen(), started_at=ago(6 * 86400 + 15060),
    )  # fmt: skip


def change(state: EngineState, table: str, **changes: object) -> EngineState:
    return replace(state, tables={**state.tables, table: replace(state.tables[table], **changes)})


def syncing() -> EngineState:
    state = replace(current(), cycle=813, cycle_started=ago(1), next_at=None)
    for name in ("activities", "tasks", "task_comments"):
        state = change(state, name, standing=Standing.QUEUED, new=0, changed=0, gone=0)
    return change(state, "deals", standing=Standing.READING, new=112, changed=1128)


def filling() -> EngineState:
    state = replace(first_start(), cycle=1, cycle_started=ago(190), seen=seen(), started_at=ago(191))
    for name in ("leads", "companies", "users", "departments"):
        state = change(
            state, name, standing=Standing.OK, rows=ROWS[name], new=ROWS[name], synced_at=ago(60),
            watermark=ago(190), seconds=(12.4,),
        )  # fmt: skip
    for name, share in (("contacts", 0.83), ("deals", 0.61), ("activities", 0.07)):
        rows = ROWS[name]
        fill = Fill(
            started=ago(180),
            done=int(rows * share),
            expected=rows,
            rate=82.0 * (1 + rows / 9000),
            last=ago(1),
            pages=40,
        )
        state = change(state, name, standing=Standing.FILLING, rows=fill.done, new=fill.done, fill=fill)
    state = change(
        state, "tasks", standing=Standing.FILLING, rows=0, fill=Fill(started=ago(2), done=0, expected=60793)
    )
    return change(
        state, "task_comments", standing=Standing.FILLING, rows=1200,
        fill=Fill(started=ago(100), done=1200, expected=None, rate=4.2, last=ago(2), pages=7),
    )  # fmt: skip


def paused() -> EngineState:
    return replace(current(), paused_at=ago(130), next_at=None)


def resting() -> EngineState:
    return change(
        syncing(), "task_comments", standing=Standing.RESTING, until=later(189), failures=3, failing_since=ago(1860),
        error="im.dialog.messages.get has used its 480 seconds of ten minutes",
        hint="Nothing to do: it resumes by itself.",
    )  # fmt: skip


def offline() -> EngineState:
    event = e.Waiting(
        reason=Reason.NETWORK, text="acme.bitrix24.com does not answer", at=ago(180), until=later(20)
    )
    return replace(current(), waiting=event)


def throttled() -> EngineState:
    event = e.Waiting(reason=Reason.RATE, text="The portal asks for calm", at=ago(2), until=later(8))
    return replace(syncing(), waiting=event)


def needs_you() -> EngineState:
    event = e.NeedsOperator(
        text="The portal refuses the webhook: it was deleted or its user was dismissed.",
        hint="Create a new inbound webhook and put it into the configuration.", at=ago(600), until=later(900),
    )  # fmt: skip
    return replace(current(), trouble=event)


def store_down() -> EngineState:
    event = e.StoreTrouble(
        text="The database does not answer", hint="Start PostgreSQL.", at=ago(30), until=later(15)
    )
    return replace(current(), trouble=event)


def refused() -> EngineState:
    state = current()
    for hours in range(4):
        event = e.TableFailed(
            table="tasks", at=ago(7200 - hours), reason=Reason.SCOPE, scope="task",
            text="The webhook may not read tasks: its scope lacks task.",
            hint="Edit the inbound webhook in the portal and tick Tasks.",
        )  # fmt: skip
        state = reduce(state, event)
    state = reduce(state, e.Quarantined(table="deals", at=ago(60), count=3))
    return reduce(state, e.Unreadable(table="task_comments", at=NOW, count=12))


def held() -> EngineState:
    reason = "12,000 of its 30,355 rows seem to be gone, more than 5%"
    return reduce(current(), e.DeletionsHeld(table="deals", at=ago(60), count=12000, reason=reason))


def stopping() -> EngineState:
    return replace(syncing(), stopping=True)


def stopped() -> EngineState:
    return replace(current(), stopping=True, stopped=True, next_at=None)


SCENES = {
    scene.__name__: scene
    for scene in (
        first_start, current, syncing, filling, paused, resting, offline, throttled, needs_you, store_down,
        refused, held, stopping, stopped,
    )
}  # fmt: skip


def log(lines: int = 60) -> Ring:
    ring = Ring()
    texts = (
        ("INFO", "deals", "page {i}  50 rows  48 changed 2 new  0.13 s"),
        ("INFO", "activities", "page {i}  50 rows  10 changed 40 new  0.16 s"),
        ("DEBUG", "portal", "batch {i} of 12 commands answered in 0.8 s"),
        ("INFO", "engine", "cycle {i} done: 5 tables, 60 rows, 1.4 s"),
        ("WARNING", "task_comments", "429 OPERATION_TIME_LIMIT, the method rests until 10:05:22"),
    )
    for i in range(lines):
        level, table, text = texts[(i * 7) % 5 if i % 9 else 4]
        ring.append(ago(lines - i), level, table, text.format(i=i))
    return ring


class FakeEngine:
    """Shows what it is given; remembers what it was told; does what a real one does, at once."""

    def __init__(self, state: EngineState | None = None) -> None:
        self.state = state or current()
        self.told: list[c.Command] = []
        self.answers: deque[str] = deque()
        self.beats = 0
        self.obeys = True

    def submit(self, command: c.Command) -> None:
        self.told.append(command)
        if not self.obeys:
            return
        if isinstance(command, c.Pause):
            self.state = replace(self.state, paused_at=NOW)
        elif isinstance(command, c.Resume):
            self.state = replace(self.state, paused_at=None)
        elif isinstance(command, c.Stop):
            self.state = replace(self.state, stopping=True)

    async def run(self) -> None:
        while not (self.obeys and self.state.stopping):
            self.beats += 1
            await asyncio.sleep(0.02)
        self.state = replace(self.state, stopped=True, next_at=None)
