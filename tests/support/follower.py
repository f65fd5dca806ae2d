"""A copy of the mirror that is kept current by the lines of the change feed, and by nothing else."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

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
