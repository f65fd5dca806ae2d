"""Named cursors: how far each consumer of the change feed has come, kept beside the feed itself.

A cursor is moved when what was read has left, so whoever begins with it again may get the newest lines twice,
and none never. One process at a time has a cursor: two would tell each other's lines.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bitsheet_tui.errors import MirrorHeld, UsageError
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import migrations
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.models import CursorRecord
from bitsheet_tui.text import plain

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class Cursor(Struct, frozen=True, kw_only=True):
    """How far one consumer has come: it has every line up to `seq`."""

    name: str
    seq: int
    moved_at: datetime  # aware UTC, the host's clock
    description: str = ""  # what consumes, for people


class Cursors:
    """A connection that writes cursors and nothing else, while another instance writes to the mirror."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: Secret, *, schema: str = "public", base: Path | None = None) -> Cursors:
        """The cursors of the mirror at `url`. Raises NoMirror where there is none yet."""
        database = Database(url, schema=schema, base=base, readonly=False, locked=False)
        with ExitStack() as failing:
            failing.callback(database.close)
            migrations.expect(database)
            failing.pop_all()
        return cls(database)

    def close(self) -> None:
        """Let go of what was taken, and end the connection."""
        self._database.close()

    def take(self, name: str) -> Cursor | None:
        """Have a cursor for this process until `close`; where it is, None: it was never moved.

        Raises MirrorHeld where another process has it. One that is lost with its session is not taken back
        by itself: see `move`.
        """
        check_name(name)

        def work() -> bool:
            return self._database.driver.take_cursor(name)

        if not self._database.read(work):
            raise MirrorHeld(
                f"another process follows the change feed with the cursor {name}",
                "Give this one a name of its own, or end that one.",
            )
        return self.find(name)

    def find(self, name: str) -> Cursor | None:
        """Where a cursor is; None: there is none of this name."""
        return self._database.read(lambda: find(self._database, name))

    def all(self) -> list[Cursor]:
        """Every cursor, by name."""
        return self._database.read(lambda: listing(self._database))

    def move(self, name: str, seq: int, *, description: str = "") -> None:
        """The consumer has every line up to `seq`: never back.

        Raises MirrorHeld where the session was lost, and another process has taken the cursor meanwhile.
        """
        self.take(name)
        at = datetime.now(UTC).replace(microsecond=0)
        values = {"name": name, "seq": seq, "moved_at": at, "description": plain(description, 200)}

        def work() -> None:
            there = find(self._database, name)
            if there is None or there.seq <= seq:
                CursorRecord.save_over(self._database.peewee, values, key=("name",))

        self._database.write(work)

    def drop(self, name: str) -> bool:
        """Forget a cursor, whoever has it; whether there was one."""
        check_name(name)

        def work() -> int:
            query = CursorRecord.delete().where(CursorRecord.name == name)
            return int(query.execute(self._database.peewee))

        return bool(self._database.write(work))


def check_name(name: str) -> None:
    """Raises UsageError where it can be no cursor's name."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{plain(name, 80)!r} cannot be the name of a cursor",
            "At most 63 letters, digits, dots, dashes and underscores, a letter or a digit first.",
        )


def find(database: Database, name: str) -> Cursor | None:
    """Where a cursor is. Only within `work`."""
    record = CursorRecord.one(database.peewee, CursorRecord.name == name)
    return None if record is None else _cursor(record)


def listing(database: Database) -> list[Cursor]:
    """Every cursor, by name. Only within `work`."""
    query = CursorRecord.select().order_by(CursorRecord.name)
    return [_cursor(record) for record in query.execute(database.peewee)]


def _cursor(record: CursorRecord) -> Cursor:
    return Cursor(**{name: getattr(record, name) for name in Cursor.__struct_fields__})
