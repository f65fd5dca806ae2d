"""The lines of a column that becomes text: what it holds is spelt otherwise from then on, 15 as "15".

They are told before the column is changed, with the very expression that changes it, and a few rows at a
time. Rows that are marked as deleted have theirs as well: they may come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bitsheet_tui.store import documents, feed, untold
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.feed import Op, When
from bitsheet_tui.store.layout import Layout, Row

AT_ONCE = 500  # rows


def tell(database: Database, layout: Layout, texts: Mapping[str, str], when: When) -> None:
    """Tell what becomes of the columns in `texts`, each with its text in SQL. `layout`: as it still is."""
    if feed.silent(database, layout.table.name):
        return
    for rows in _chunks(database, layout, texts):
        held = untold.take(database, layout, [layout.row_id(row) for row in rows])
        lines = [(layout.row_id(row), *_line(layout, tuple(texts), row, held)) for row in rows]
        feed.tell(
            database,
            layout.table.name,
            when,
            [(row_id, Op.UPDATE, before, after) for row_id, before, after in lines if before != after],
        )


def _chunks(database: Database, layout: Layout, texts: Mapping[str, str]) -> Iterator[list[Row]]:
    """The rows that have a value in one of the columns, each with the texts behind its own columns."""
    key = ", ".join(quote(name) for name in layout.key)
    columns = ", ".join([*(quote(name) for name in layout.columns), *texts.values()])
    filled = " OR ".join(f"{quote(name)} IS NOT NULL" for name in texts)
    sql = f"SELECT {columns} FROM {layout.sql_name} WHERE ({filled})"  # noqa: S608 - quoted names
    order = f"ORDER BY {key} LIMIT {AT_ONCE}"
    rows = database.rows(f"{sql} {order}")
    while rows:
        yield rows
        last = rows[-1][: len(layout.key)]
        marks = database.dialect.marks(len(last))
        rows = database.rows(f"{sql} AND ({key}) > ({marks}) {order}", last)


def _line(
    layout: Layout, names: tuple[str, ...], row: Row, held: Mapping[str, untold.Told]
) -> tuple[str, str]:
    """(before, after) as JSON."""
    texts = dict(zip(names, row[len(layout.columns) :], strict=True))
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, text in texts.items():
        was = feed.shown(layout, row, name)
        if documents.encode(was) != documents.encode(text):
            before[name], after[name] = was, text
    for name, told in held.get(layout.row_id(row), {}).items():
        after[name] = texts[name] if name in texts else feed.shown(layout, row, name)
        before[name] = feed.before_of(told, after[name])
    return documents.encode(before), documents.encode(after)
