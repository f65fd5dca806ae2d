"""Every answer that the vendor documents is stored without a value that waits in quarantine.

The fixtures are short answers written down by hand; a folder of longer ones is used as well where there is
one next to the repository.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bitsheet_tui.portal import describe, rows
from bitsheet_tui.store import layout, schema
from bitsheet_tui.store.dialects import POSTGRESQL, SQLITE
from bitsheet_tui.tables import CATALOGUE, Table

HERE = Path(__file__).parents[1] / "portal" / "demo" / "fixtures"
BESIDE = Path(__file__).parents[3] / "shared" / "portal" / "examples"
KEYED = [table for table in CATALOGUE if not table.parent]
FAMILIES = {table.method.rpartition(".")[0]: table for table in KEYED}
FILES = [
    (path, FAMILIES[family])
    for folder in (HERE, BESIDE)
    for path in sorted(folder.glob("*.json"))
    for method in [path.name.rsplit(".", 2)[0]]
    for family in [method.rpartition(".")[0]]
    if family in FAMILIES and method.rpartition(".")[2] in {"list", "get", "search", "current"}
]
ZONE = timezone(timedelta(hours=3))


def found(path: Path, table: Table):
    """The rows that an answer holds; those of one row are it."""
    answer = json.loads(path.read_text(encoding="utf-8"))
    result = answer.get("result", answer) if isinstance(answer, dict) else answer
    if isinstance(result, dict):
        result = result.get(table.rows, result.get("task", result))
    listed = result if isinstance(result, list) else [result]
    return [row for row in listed if isinstance(row, dict) and {"ID", "id"} & row.keys()]


def described(table: Table):
    """The fields as the demo portal's and the vendor's descriptions tell them, and what is known besides."""
    told = {}
    for folder in (HERE, BESIDE):
        for path in sorted(folder.glob(f"{table.describe}.*.json")):
            answer = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(answer, dict) and "error" not in answer:
                told |= {field.name: field for field in describe.fields(table, answer.get("result", answer))}
    return tuple(told.values())


def test_there_is_always_something_to_store():
    assert len({table.name for _, table in FILES}) >= 6
    assert sum(len(found(*one)) for one in FILES) >= 10
    assert all(described(table) for table in KEYED)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("path", "table"), FILES, ids=lambda one: getattr(one, "name", ""))
def test_an_answer_of_the_documentation_holds_nothing_odd(path, table, dialect):
    fields = described(table)
    columns = schema.plan(table, fields, (), widest=dialect.widest).columns
    mine = layout.build(table, columns, dialect, raw=False, zone=ZONE)
    raw = found(path, table)
    converted = mine.convert_all(list(rows.clean(table, raw, fields, zone="", now=datetime.now(UTC))))
    assert converted.odd == {}
    assert all(row[0] is not None for row in converted.rows)
    assert len(converted.rows) == len(raw)
