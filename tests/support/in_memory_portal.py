"""A portal of one list in memory, whose clock has whole seconds and whose people never rest."""

import random
import re
from datetime import UTC, datetime, timedelta

from bitsheet_tui.portal.answer import Answer

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
REFERENCE = re.compile(r"^0\$result\[(?P<key>\w+)\]\[(?P<index>\d+)\]\[ID\]$")


class Crash(BaseException):
    """The process dies here."""


class InMemoryPortal:
    """Rows with an id, a version and a change time; pages of fifty; filters, bounds and references."""

    def __init__(self, seed: int, rows: int = 130) -> None:
        self.chance = random.Random(seed)
        self.clock = 1000
        self.last_id = 0
        self.versions = 0
        self.rows: dict[int, tuple[int, int]] = {}  # id -> version, changed
        self.restless = 0.0  # how likely something happens before a command
        self.late: list[tuple[int, int, tuple[int, int]]] = []  # commits not visible yet
        for _ in range(rows):
            self.create()
            self.clock += self.chance.choice((0, 1, 30))
        self.clock += 10_000

    # --- what people do ---

    def _version(self) -> int:
        self.versions += 1
        return self.versions

    def create(self, changed: int | None = None) -> None:
        self.last_id += self.chance.choice((1, 1, 1, 2, 7))
        self.rows[self.last_id] = (self._version(), self.clock if changed is None else changed)

    def edit(self, ident: int) -> None:
        self.rows[ident] = (self._version(), self.clock)

    def happen(self) -> None:
        """One thing that people do: mostly edits, sometimes a new row, sometimes one with old dates."""
        roll = self.chance.random()
        if roll < 0.7 and self.rows:
            self.edit(self.chance.choice(list(self.rows)))
        elif roll < 0.85:
            self.create()
        else:
            self.create(changed=self.chance.randrange(0, self.clock))
        if self.chance.random() < 0.4:
            self.clock += 1

    # --- what a client sees ---

    def answer(self, asks) -> dict[str, Answer]:
        """The answers to a batch whose commands run in turn, while people go on working."""
        answers: dict[str, Answer] = {}
        for key, ask in asks.items():
            while self.chance.random() < self.restless:
                self.happen()
            answers[key] = Answer(
                result=self._page(ask.params, answers),
                started=EPOCH + timedelta(seconds=self.clock),
                seconds=0.01,
            )
        return answers

    def _page(self, params, answers) -> list[dict[str, str]]:
        conditions = params["filter"]
        below = self._bound(conditions.get("<ID"), answers)
        since = next((v for k, v in conditions.items() if k == ">=DATE_MODIFY"), None)
        moment = (datetime.fromisoformat(since) - EPOCH).total_seconds() if since else None
        chosen = [
            ident
            for ident, (_, changed) in self.rows.items()
            if (below is None or ident < below)
            and ident > conditions.get(">ID", 0)
            and (moment is None or changed >= moment)
        ]
        return [self._row(ident) for ident in sorted(chosen, reverse=True)[:50]]

    @staticmethod
    def _bound(raw, answers) -> int | None:
        if raw is None or isinstance(raw, int):
            return raw
        found = REFERENCE.match(raw)
        rows = answers[found["key"]].result
        index = int(found["index"])
        return int("0" + rows[index]["ID"]) if index < len(rows) else 0

    def _row(self, ident: int) -> dict[str, str]:
        version, changed = self.rows[ident]
        return {
            "ID": str(ident),
            "VERSION": str(version),
            "DATE_MODIFY": (EPOCH + timedelta(seconds=changed)).isoformat(),
        }


class Mirror:
    """A store in memory: rows and a checkpoint that become visible together, or not at all."""

    def __init__(self, checkpoint) -> None:
        self.rows: dict[int, int] = {}
        self.checkpoint = checkpoint

    def commit(self, rows, checkpoint) -> None:
        for row in rows:
            self.rows[int(row["ID"])] = int(row["VERSION"])
        self.checkpoint = checkpoint
