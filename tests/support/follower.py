"""A copy of the mirror that is kept current by the lines of the change feed, and by nothing else."""

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

from bitsheet_tui.feed.envelope import jsonl
from bitsheet_tui.feed.following import Follower as Following
from bitsheet_tui.store.changes import Changes

OWN = ("_synced_at", "_deleted_at", "_raw")


class Follower:
    """Copies tables at one moment. `ask` gives the names of the columns and the rows of a query."""

    def __init__(self, ask, keys):
        self._ask, self._keys = ask, keys
        _, ((self.seq,),) = ask("SELECT coalesce(max(seq), 0) FROM bitsheet_changes")
        self.rows, self.gone = {}, {}
        for table in keys:
            self.rows[table], self.gone[table] = self._mirror(table)

    def follow(self):
        """Apply the lines that came since."""
        _, lines = self._ask(
            f"SELECT seq, table_name, row_id, op, before, after FROM bitsheet_changes WHERE seq > {self.seq} ORDER BY seq"
        )
        for line in lines:
            self.take(*line)

    def take(self, seq, table, row_id, op, before, after):
        """Apply one line."""
        self.seq = seq
        if table in self._keys:
            self._apply(table, row_id, op, loaded(before), loaded(after))

    def _apply(self, table, row_id, op, before, after):
        rows, gone = self.rows[table], self.gone[table]
        if op == "insert":
            assert row_id not in rows
            rows[row_id] = {}
        elif op == "update":
            assert before.keys() == after.keys()
            assert all(before[name] != after[name] for name in after), (table, row_id, before, after)
        elif op == "delete":
            gone.add(row_id)
        elif op == "undelete":
            gone.remove(row_id)
        else:
            raise AssertionError(f"{op} of {table} after the end of its first filling")
        rows[row_id].update(after or {})

    def differences(self, skipped=lambda _table, _row_id: ()):
        """What the mirror holds and the copy does not, in words; `skipped` names columns of a row."""
        found = []
        for table in self._keys:
            kinds = self._kinds(table)
            rows, gone = self._mirror(table)
            if rows.keys() != self.rows[table].keys() or gone != self.gone[table]:
                found.append(
                    f"{table}: rows {rows.keys() ^ self.rows[table].keys()}, gone {gone ^ self.gone[table]}"
                )
                continue
            for row_id, row in rows.items():
                mine = self.rows[table][row_id]
                for name in (row.keys() | mine.keys()) - set(skipped(table, row_id)):
                    kind = kinds.get(name, "json")
                    here, there = plain(kind, mine.get(name)), plain(kind, row.get(name))
                    if here != there or type(here) is not type(there):
                        found.append(f"{table} {row_id}.{name}: copied {here!r}, is {there!r}")
        return found

    def _kinds(self, table):
        _, found = self._ask(f"SELECT column_name, kind FROM bitsheet_columns WHERE table_name = '{table}'")
        return dict(found)

    def _mirror(self, table):
        names, found = self._ask(f"SELECT * FROM {table}")
        kinds = self._kinds(table)
        rows, gone = {}, set()
        for values in found:
            row = dict(zip(names, values, strict=True))
            row_id = ":".join(str(row[name]) for name in self._keys[table])
            rows[row_id] = {
                name: stored(kinds.get(name, "json"), value) for name, value in row.items() if name not in OWN
            }
            if row["_deleted_at"] is not None:
                gone.add(row_id)
        return rows, gone


class Streamed(Follower):
    """A copy that begins with nothing, and is kept by what `bitsheet-tui changes --cursor` prints, and no more.

    It breaks off now and then, anywhere, and begins again at the line from where it may.
    """

    def __init__(self, ask, keys, url, seed=0):
        self._ask, self._keys, self._url = ask, keys, url
        self.seq = self._cursor = None
        self._chance = random.Random(seed)
        self._changes = None
        self.rows, self.gone = {table: {} for table in keys}, {table: {} for table in keys}
        self.broken = self.read = 0

    def follow(self):
        """Take everything up to now; NoMirror where there is none yet."""
        if self._changes is None:
            self._changes = Changes.open(self._url, schema="")
        while not self._took_all():
            self.broken += 1
        self.seq = self._cursor

    def _took_all(self):
        following = Following(self._cursor)
        stop = self._chance.choice([1, 3, 20, None, None])  # items after which it breaks off
        for batch in following.catch_up(self._changes):
            for item in batch.items:
                if stop == 0:
                    return False
                stop = stop and stop - 1
                self._take(json.loads(jsonl(item), parse_float=Decimal))
            if batch.upto is not None:
                self._cursor = batch.upto
        return True

    def _take(self, line):
        table, row_id, op, after = line["table_name"], line["row_id"], line["op"], line["after"] or {}
        if table not in self._keys or op == "snapshot":
            return
        rows, gone = self.rows[table], self.gone[table]
        if op == "read":
            self.read += 1
            rows[row_id] = {name: value for name, value in after.items() if name not in OWN}
            gone.pop(row_id, None)
            if after["_deleted_at"]:
                gone[row_id] = after["_deleted_at"]
        elif op == "delete":
            gone[row_id] = line["at"]
        else:
            if op != "update":
                rows[row_id] = {}
                gone.pop(row_id, None)
            rows[row_id].update(after)

    def differences(self, skipped=lambda _table, _row_id: ()):
        """Also when rows went has to be the same."""
        found = []
        for table in self._keys:
            key = " || ':' || ".join(self._keys[table])
            _, marked = self._ask(f"SELECT {key}, _deleted_at FROM {table} WHERE _deleted_at IS NOT NULL")
            there = {str(row_id): stored("instant", at) for row_id, at in marked}
            if there != self.gone[table]:
                found.append(f"{table}: gone {self.gone[table]}, are {there}")
        dated = self.gone
        self.gone = {table: set(ids) for table, ids in dated.items()}
        try:
            return found + super().differences(skipped)
        finally:
            self.gone = dated

    def close(self):
        if self._changes:
            self._changes.close()


def loaded(text):
    return json.loads(text, parse_float=Decimal) if isinstance(text, str) else text


def stored(kind, value):
    """What a database gives as what a line would say."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "json":
        return loaded(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def plain(kind, value):
    """A value in its only spelling; those that are spelt otherwise than the kind has it stay as they are."""
    if kind == "numeric" and isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    if kind == "instant" and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
