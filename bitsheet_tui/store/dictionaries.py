"""What the codes in the tables mean: stages, sources, pipelines, titles of fields, texts of enumerations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import snapshots, tombstones, writer
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import DELETED, Column, Layout, Portal
from bitsheet_tui.tables import Table, known

DICTIONARIES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            name="statuses",
            method="crm.status.list",
            key=("id",),
            fields=(
                *known(Kind.INTEGER, "id"),
                *known(Kind.TEXT, "entity_id status_id name name_init"),
                *known(Kind.INTEGER, "sort"),
                *known(Kind.BOOLEAN, "system"),
                *known(Kind.INTEGER, "category_id"),
                *known(Kind.TEXT, "color semantics"),
                *known(Kind.JSON, "extra"),
            ),
        ),
        Table(
            name="categories",
            method="crm.category.list",
            key=("entity_type_id", "id"),
            fields=(
                *known(Kind.INTEGER, "entity_type_id id"),
                *known(Kind.TEXT, "name"),
                *known(Kind.INTEGER, "sort"),
                *known(Kind.BOOLEAN, "is_default"),
            ),
        ),
        Table(
            name="field_labels",
            method="",
            key=("table_name", "field"),
            fields=(
                *known(Kind.TEXT, "table_name field column_name title type"),
                *known(Kind.BOOLEAN, "multiple"),
            ),
        ),
        Table(
            name="enum_values",
            method="",
            key=("table_name", "field", "value_id"),
            fields=known(Kind.TEXT, "table_name field value_id column_name value"),
        ),
    )
}
"""The tables beside the mirrored ones, by name; their rows have lower-case keys."""


def fill(
    database: Database,
    layout: Layout,
    rows: Sequence[Portal],
    when: When,
    of: Collection[str] | None,
    *,
    mark: bool = True,
) -> None:
    """The dictionary becomes `rows`; with `mark`, entries that are not among them are marked as deleted.

    `of`: the tables that `rows` speak of; entries of other tables stay as they are. None: of all there is.
    An entry that cannot be stored is there all the same.
    """
    sifted = writer.sift(layout, rows)

    def work() -> None:
        there = [key for key in _living(database, layout) if of is None or key[0] in of]
        snapshots.begin(database, layout.table.name, when)
        writer.write(database, layout, sifted, when)
        if mark:
            tombstones.bury(database, layout, _absent(layout, there, sifted), when)
        snapshots.end(database, layout.table.name, when)

    database.write(work)


def missing(database: Database, layout: Layout, rows: Sequence[Portal]) -> tuple[list[Key], int]:
    """The living entries that are not among `rows`, and how many living ones there are."""
    there = _living(database, layout)
    return _absent(layout, there, writer.sift(layout, rows)), len(there)


def _absent(layout: Layout, there: Iterable[Key], sifted: writer.Sifted) -> list[Key]:
    waiting = {poison.row_id for poison in sifted.poison}
    return [key for key in there if key not in sifted.rows and layout.row_id(key) not in waiting]


def with_real_columns(
    rows: Sequence[Portal], columns: Mapping[str, Sequence[Column]]
) -> list[dict[str, Any]]:
    """Rows that speak of columns, with the names that the columns really have."""
    real = {(table, place.field.name): place for table, places in columns.items() for place in places}
    return [_real(row, real.get((row["table_name"], row["field"]))) for row in rows]


def _real(row: Portal, column: Column | None) -> dict[str, Any]:
    """The entry of a column; where its values are kept from being read its title says so."""
    if column is None:
        return dict(row)
    titled = {"title": column.field.title} if column.field.rule and "title" in row else {}
    return {**row, **titled, "column_name": column.name}


def _living(database: Database, layout: Layout) -> list[Key]:
    key = ", ".join(layout.key)
    return database.rows(f"SELECT {key} FROM {layout.sql_name} WHERE {DELETED} IS NULL")  # noqa: S608
