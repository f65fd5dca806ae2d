"""A line or a row as one line of JSON: with the feed's own names, or in Debezium's envelope.

Each ends with a newline and has no other: what some programs take for the end of a line, or a terminal for a
command, is spelt as an escape of JSON (U+007F to U+009F, U+2028, U+2029).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from bitsheet_tui import __version__
from bitsheet_tui.feed.following import Item, Read
from bitsheet_tui.fields import Kind
from bitsheet_tui.store import documents
from bitsheet_tui.store.changes import TABLES, Line
from bitsheet_tui.store.feed import Op
from bitsheet_tui.tables import Table

Encode = Callable[[Item], bytes]
AWKWARD = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
NAME = "bitsheet"  # of the connector, and of what it reads
READ = "read"  # the op of a row of a snapshot, beside those of the feed
OPS: Mapping[Op, str] = {Op.INSERT: "c", Op.UPDATE: "u", Op.DELETE: "d", Op.UNDELETE: "c"}
DELETED = "_deleted_at"


def jsonl(item: Item) -> bytes:
    """The line as the table bitsheet_changes has it; the row of a snapshot as one with the op `read`."""
    if isinstance(item, Read):
        told = {
            "seq": item.seq, "at": item.at.isoformat(), "cycle": None, "table_name": item.table,
            "row_id": item.row_id, "op": READ, "before": None, "after": item.values, "last": item.last,
        }  # fmt: skip
        return _line(told)
    return _line(
        {
            "seq": item.seq,
            "at": item.at.isoformat(),
            "cycle": item.cycle,
            "table_name": item.table,
            "row_id": item.row_id,
            "op": item.op,
            "before": _raw(item.before),
            "after": _raw(item.after),
        }
    )


def debezium(database: str, schema: str) -> Encode:
    """What makes Debezium's envelope of an item; of a line that is about no row nothing (b"").

    (debezium.io/documentation/reference/connectors/postgresql.html, "Data change events")
    """

    def encode(item: Item) -> bytes:
        before: dict[str, Any] | None = None
        after: dict[str, Any] | None
        if isinstance(item, Read):
            op, after = "r", item.values
            snapshot = "last" if item.last else "true"
        elif item.op is Op.SNAPSHOT:
            return b""
        else:
            op, snapshot = OPS[item.op], "false"
            before, after = _sides(item)
        source = {
            "version": __version__, "connector": NAME, "name": NAME, "ts_ms": _milliseconds(item.at),
            "snapshot": snapshot, "db": database, "schema": schema, "table": item.table,
            "seq": item.seq, "sequence": f'["{item.seq}"]', "cycle": getattr(item, "cycle", None),
            "row_id": item.row_id,
        }  # fmt: skip
        now = int(time.time() * 1000)
        told = {
            "before": before,
            "after": after,
            "source": source,
            "op": op,
            "ts_ms": now,
            "transaction": None,
        }
        return _line(told)

    return encode


def _sides(line: Line) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Before and after, each with the row's key; a row that is gone has its key before, and nothing after."""
    key = key_of(line.table, line.row_id or "")
    before, after = _fields(line.before), _fields(line.after)
    if line.op is Op.INSERT:
        return None, key | after
    if line.op is Op.UNDELETE:
        return None, key | after | {DELETED: None}
    if line.op is Op.DELETE:
        return key | before, None
    return key | before, key | after


def _fields(document: bytes | None) -> dict[str, msgspec.Raw]:
    raw = _raw(document)
    return {} if raw is None else msgspec.json.decode(raw, type=dict[str, msgspec.Raw])


def key_of(table: str, row_id: str) -> dict[str, Any]:
    """The columns of a row's key and their values, from its one word: {"source": "chat", "id": 15}.

    Of a table that this program does not know, the word as `id`.
    """
    known = TABLES.get(table)
    if known is None:
        return {"id": row_id}
    parts = row_id.split(":", len(known.key) - 1)
    return {name.lower(): _part(known, name, part) for name, part in zip(known.key, parts, strict=False)}


def _part(table: Table, name: str, part: str) -> Any:
    text = any(field.name == name and field.kind is Kind.TEXT for field in table.fields)
    return part if text or not part.lstrip("-").isdecimal() else int(part)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _raw(document: bytes | None) -> msgspec.Raw | None:
    """JSON as it is stored, without the spaces that PostgreSQL puts into it."""
    return None if document is None else msgspec.Raw(msgspec.json.format(document, indent=-1))


def _line(told: dict[str, Any]) -> bytes:
    return AWKWARD.sub(_escape, documents.encode(told).encode()) + b"\n"


def _escape(found: re.Match[bytes]) -> bytes:
    return f"\\u{ord(found[0].decode()):04x}".encode()
