"""A power cut leaves an earlier state of the mirror, checkpoint included; the next run ends equal to the portal."""

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from bitsheet_tui.portal.demo import Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import sqlite
from bitsheet_tui.store.database import Database
from tests.support import simulated_disk
from tests.support.fault_injection import Steps
from tests.support.fault_trial import Trial
from tests.support.proof import times

pytestmark = pytest.mark.slow

SIZE = Size(leads=0, contacts=0, companies=0, deals=120, activities=0, tasks=9, users=3, departments=1)
DAYS = 6  # of work, a run after each
NOTHING = "nothing"  # a file without tables


def state(connection) -> str:
    """A digest of every row of every table."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    if not tables:
        return NOTHING
    digest = hashlib.sha256()
    for (name,) in tables:
        digest.update(name.encode())
        for row in sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))):
            digest.update(row.encode())
    return digest.hexdigest()


async def lived(folder: Path, patch, *pragmas) -> tuple[Trial, list[simulated_disk.Event]]:
    """A mirror that is filled and kept current for some days, and all that SQLite did to its files."""
    attempt = Database._attempt
    one = Trial(Secret(f"sqlite:///{folder}/mirror.db"), Steps(crash=False), size=SIZE)

    def noted(self, work, *, writing, within):
        result = attempt(self, work, writing=writing, within=within)
        if writing:
            tape.note(state(self.driver.db.connection()))
        return result

    with simulated_disk.recording() as tape, patch.context() as during:
        during.setattr(Database, "_attempt", noted)
        during.setattr(sqlite, "WRITING", (*sqlite.WRITING, *pragmas))
        assert await one.run()
        for _ in range(DAYS):
            one.work()
            assert await one.run()
    return one, tape.events


def allowed(events: list[simulated_disk.Event], moment: int) -> list[str]:
    """The states that may be there after a cut at `moment`, the oldest first."""
    past = enumerate(events[:moment])
    synced = max(
        (n for n, one in past if isinstance(one, simulated_disk.Sync) and one.path.endswith("-wal")),
        default=0,
    )
    notes = [(n, event.what) for n, event in enumerate(events) if isinstance(event, simulated_disk.Note)]
    sure = max((n for n, _ in notes if n < synced), default=-1)
    under_way = next((n for n, _ in notes if n >= moment), moment)
    return [*([NOTHING] if sure < 0 else []), *(what for n, what in notes if sure <= n <= under_way)]


def cuts(
    events: list[simulated_disk.Event], folder: Path, count: int, seed: int
) -> Iterator[tuple[int, Path]]:
    """The power fails at `count` moments: each with the database that is found afterwards."""
    chance, device = random.Random(seed), simulated_disk.Disk()
    moments = sorted(chance.choice(range(1, len(events) + 1)) for _ in range(count))
    for number, (before, moment) in enumerate(pairwise([0, *moments])):
        for event in events[before:moment]:
            device.happen(event)
        place = folder / str(number)
        place.mkdir()
        yield moment, simulated_disk.lay_out(device.cut(chance), folder / "mirror.db", place)
        shutil.rmtree(place)


def whole(mirror: Path) -> str | None:
    """The state of a database; None when it is damaged."""
    with closing(sqlite3.connect(mirror)) as connection:
        try:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return state(connection) if sound else None
        except sqlite3.DatabaseError:
            return None


@pytest.mark.sample
@pytest.mark.parametrize("pages", [6, 1000], ids=["a short log", "a long log"])
async def test_a_power_cut_costs_the_newest_commits_at_most(tmp_path, monkeypatch, figure, pages):
    """`pages`: how long the write-ahead log grows before it is merged into the file."""
    one, events = await lived(tmp_path, monkeypatch, ("wal_autocheckpoint", pages))
    count, lost, found = times("BITSHEET_CUTS", 6, 20) // 2, 0, set()
    for moment, mirror in cuts(events, tmp_path, count, seed=pages):
        after, possible = whole(mirror), allowed(events, moment)
        assert after in possible, moment
        found.add(after)
        lost += len(possible) - 1 - possible.index(after)
        one.config = msgspec.structs.replace(one.config, store_url=Secret(f"sqlite:///{mirror}"))
        await one.ends_equal(Steps(crash=True))
    figure(
        f"{count} power cuts among {len(events):,} writes and syncs of SQLite: {len(found)} states found,"
        f" {lost} commits lost and done again, 0 violations"
    )
    assert len(found) > min(count, 40) // 5


async def test_a_mirror_that_is_never_synced_would_not_pass(tmp_path, monkeypatch):
    """A test of the test: without syncs, the same cuts leave what no commit left."""
    _, events = await lived(tmp_path, monkeypatch, ("wal_autocheckpoint", 6), ("synchronous", "OFF"))
    states = {event.what for event in events if isinstance(event, simulated_disk.Note)} | {NOTHING}
    assert any(whole(mirror) not in states for _, mirror in cuts(events, tmp_path, 20, seed=1))
