"""What a lake holds, as any reader of Delta tables sees it, and what the mirror holds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from bitsheet_tui.fields import Kind
from bitsheet_tui.store.changes import CONTACT_POINTS, POINT_COLUMNS, Changes


def mirror(url, **where):
    """Every filled table of the mirror at one moment, and the line of it: {table: {key: row}}."""
    changes = Changes.open(url, **where)
    try:
        with changes.snapshot() as snapshot:
            found = {}
            for name in (name for name in snapshot.tables() if not snapshot.filling(name)):
                columns = snapshot.columns(name)
                found[name] = keyed(columns, [row for page in snapshot.pages(name) for row in page])
            owners = [name for name in ("leads", "contacts", "companies") if name in found]
            if owners:
                rows = [row for page in snapshot.points(owners) for row in page]
                found[CONTACT_POINTS] = keyed(POINT_COLUMNS, rows)
            return found, snapshot.seq
    finally:
        changes.close()


def keyed(columns, rows):
    """Rows as dictionaries of Python values, without what is NULL, by their keys."""
    found = {}
    for row in rows:
        values = {
            column.name: meant(column.kind, value)
            for column, value in zip(columns, row, strict=True)
            if value is not None
        }
        found[tuple(values[column.name] for column in columns if column.key)] = values
    return found


def meant(kind, value):
    if kind is Kind.NUMERIC:
        return Decimal(repr(value)) if not isinstance(value, Decimal) else value
    if kind is Kind.INSTANT:
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    return bytes(value).decode() if kind is Kind.JSON else value


def tables(path):
    return sorted(folder.name for folder in path.iterdir() if folder.is_dir())


def delta(path):
    """A Delta table, of the extra `lake`."""
    from deltalake import DeltaTable

    return DeltaTable(path)


def lake(path, keys):
    """The same of a lake: `keys` names the columns of each table's key."""
    found = {}
    for name in tables(path):
        rows = delta(path / name).to_pyarrow_table().to_pylist()
        found[name] = {
            tuple(row[column] for column in keys[name]): {
                column: value for column, value in row.items() if value is not None
            }
            for row in rows
        }
        assert len(found[name]) == len(rows), f"{name} has a key twice"
    return found


KEYS = {
    "task_comments": ("source", "id"), "categories": ("entity_type_id", "id"), "field_labels": ("table_name", "field"),
    "enum_values": ("table_name", "field", "value_id"), "contact_points": ("owner_table", "owner_id", "id"),
}  # fmt: skip


def differences(url, path, *, skipped=(), **where):
    """What differs between the mirror and the lake, in words; `skipped` names columns."""
    there, _ = mirror(url, **where)
    here = lake(path, {name: KEYS.get(name, ("id",)) for name in there})
    if there.keys() != here.keys():
        return [f"tables {sorted(there.keys() ^ here.keys())}"]
    found = []
    for name, rows in there.items():
        if rows.keys() != here[name].keys():
            found.append(f"{name}: rows {sorted(rows.keys() ^ here[name].keys())[:9]}")
            continue
        for key, row in rows.items():
            mine = here[name][key]
            found += [
                f"{name} {key}.{column}: {mine.get(column)!r}, is {row.get(column)!r}"
                for column in (row.keys() | mine.keys()) - set(skipped)
                if mine.get(column) != row.get(column)
            ]
    return found


def seqs(path):
    """The line that each table says it is at."""
    return {name: delta(path / name).transaction_version("bitsheet-tui") for name in tables(path)}


def bytes_of(path):
    """Every byte in the folder, and everything that its Parquet files hold once they are unpacked."""
    import pyarrow.parquet

    raw = [file.read_bytes() for file in path.rglob("*") if file.is_file()]
    told = [
        json.dumps(pyarrow.parquet.read_table(file).to_pylist(), default=str, ensure_ascii=False).encode()
        for file in path.rglob("*.parquet")
    ]
    return b"\n".join([*raw, *told])
