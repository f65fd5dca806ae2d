"""A mirror that an earlier version made, and the portal it was made from.

`python -m tests.support.older_mirror COMMIT` makes the dump anew: it takes that commit's program out of the
repository, and lets it mirror the portal as it is told here.
"""

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from bitsheet_tui.portal.demo import DemoPortal, ManualClock, Settings, Size
from bitsheet_tui.portal.demo.world import World
from bitsheet_tui.secret import Secret
from bitsheet_tui.tables import CATALOGUE
from tests.support.commands import CODE, configure
from tests.support.mirror import differences, rows

ROOT = Path(__file__).parents[2]
DUMP = ROOT / "tests/support/mirror-4c79e4c.sql"
SIZE = Size(leads=3, contacts=3, companies=2, deals=8, activities=3, tasks=4, users=3, departments=2)
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERYTHING = "[sync]\nstatic_every = 1\nreconcile_every = 1\n"
INSERT = re.compile(r'INSERT INTO "\w+" VALUES')
PRAGMAS = ("application_id", "user_version")  # which iterdump leaves out


class OlderPortal(DemoPortal):
    """The portal of the older mirror: the same rows, ids and dates whenever it is made."""

    def __init__(self) -> None:
        self.hands = ManualClock(BEGAN)
        super().__init__(SIZE, settings=Settings(code=CODE), clock=self.hands)

    def seen(self) -> None:
        """What the earlier version saw happen between its cycles."""
        self.hands.advance(timedelta(hours=1))
        deals, tasks = ids(self.world, "deals"), ids(self.world, "tasks")
        self.world.edit("deals", deals[0], TITLE="edited before")
        self.world.delete("deals", deals[1])
        self.world.comment(tasks[-1], "said before")
        self.world.create("leads", TITLE="new before")
        self.hands.advance(timedelta(hours=1))

    def happens(self) -> None:
        """What happens until the next version starts."""
        self.hands.advance(timedelta(days=1))
        deals, tasks = ids(self.world, "deals"), ids(self.world, "tasks")
        self.world.edit("deals", deals[2], TITLE="edited since")
        self.world.delete("deals", deals[3])
        self.world.comment(tasks[0], "said since")
        self.world.create("leads", TITLE="new since")
        self.hands.advance(timedelta(hours=1))


def ids(world: World, table: str) -> list[int]:
    return sorted(row["ID"] for row in world.truth(table))


def restore(path: Path) -> None:
    """Writes the mirror to a file that is not there yet."""
    with closing(sqlite3.connect(path)) as mirror:
        mirror.executescript(DUMP.read_text(encoding="utf-8"))


def continued(run: Callable[..., subprocess.CompletedProcess[str]], folder: Path) -> None:
    """`run` takes the words of a command that starts in `folder`: the mirror is taken over, and is what the portal is."""
    url = Secret(f"sqlite:///{folder}/bitsheet.db")
    restore(folder / "bitsheet.db")
    gone, told = rows(url, "deals", "_deleted_at IS NOT NULL"), rows(url, "bitsheet_changes", "true")
    portal = OlderPortal()
    portal.seen()
    portal.happens()
    with portal.run_in_thread() as webhook:
        configure(folder, webhook, EVERYTHING)
        once = run("--once")
        assert once.returncode == 0, once.stderr
        verified = run("verify", "--full")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    status = json.loads(run("status", "--json").stdout)
    assert (status["cycle"]["number"], status["cycle"]["rows"], status["cycle"]["failed"]) == (3, 4, [])
    assert {table["state"] for table in status["tables"].values()} == {"ok"}
    assert status["alerts"] == []
    assert {table.name: differences(url, portal.world, table.name) for table in CATALOGUE} == {
        table.name: [] for table in CATALOGUE
    }
    assert [row for row in rows(url, "deals", "_deleted_at IS NOT NULL") if row in gone] == gone != []
    assert rows(url, "bitsheet_changes", "true")[: len(told)] == told != []


def dump(path: Path) -> Iterator[str]:
    """The statements that make the mirror; the rows of a table are one, which is shorter by a sixth."""
    with closing(sqlite3.connect(path)) as mirror:
        for name in PRAGMAS:
            yield f"PRAGMA {name} = {mirror.execute(f'PRAGMA {name}').fetchone()[0]};\n"
        for insert, lines in groupby(mirror.iterdump(), _table):
            if insert:
                rows = ",\n".join(line.removeprefix(insert).removesuffix(";") for line in lines)
                yield f"{insert}{rows};\n"
            else:
                yield from (f"{line}\n" for line in lines)


def _table(statement: str) -> str:
    """`INSERT INTO … VALUES` where that is how it begins, else nothing."""
    return found[0] if (found := INSERT.match(statement)) else ""


def make(commit: str) -> None:
    archive = subprocess.run(
        ["git", "archive", commit, "bitsheet_tui"], cwd=ROOT, capture_output=True, check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as program:
            program.extractall(folder, filter="data")
        command = [sys.executable, "-m", "bitsheet_tui", "--once"]
        portal = OlderPortal()
        with portal.run_in_thread() as webhook:
            configure(Path(folder), webhook, EVERYTHING)
            subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": folder})
            portal.seen()
            subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": folder})
        DUMP.write_text("".join(dump(Path(folder, "bitsheet.db"))), encoding="utf-8")


if __name__ == "__main__":
    make(sys.argv[1])
