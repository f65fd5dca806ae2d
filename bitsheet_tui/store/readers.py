"""What roles that only read may see on PostgreSQL, and what the portal calls each table and column.

A role that `bitsheet-tui grant` was given is noted in `bitsheet_meta`, so that tables and views that are made
later are opened to it as well: default privileges would open the bookkeeping, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from bitsheet_tui.errors import StoreRefused
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import Column
from bitsheet_tui.store.models import FactRecord
from bitsheet_tui.store.views import VIEWS
from bitsheet_tui.tables import CATALOGUE

READER = "reader:"  # and a role: it may read what people may
CONTACT_POINTS = "contact_points"
MISSING = """
SELECT r.rolname, c.relname FROM bitsheet_meta m
JOIN pg_roles r ON m.key = 'reader:' || r.rolname
CROSS JOIN pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
AND c.relkind IN ('r', 'p', 'v') AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')
ORDER BY 1, 2
"""
TITLES = """
SELECT c.relname, coalesce(a.attname, ''), d.description
FROM pg_class c
LEFT JOIN (SELECT attrelid, attname, attnum FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
 UNION ALL SELECT oid, '', 0 FROM pg_class) a ON a.attrelid = c.oid
LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p', 'v')
"""
METHODS = {table.name: table.method for table in CATALOGUE}
Shapes = Mapping[str, Sequence[Column]]


def readable(database: Database, tables: Collection[str]) -> list[str]:
    """What people may read: those `tables`, contact details, and the views; none of the bookkeeping."""
    wanted = [*tables, CONTACT_POINTS, *VIEWS]
    there = database.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relname = ANY(%s) AND relkind IN ('r', 'p', 'v') ORDER BY relkind, relname",
        (wanted,),
    )
    return [name for (name,) in there]


def bookkeeping(database: Database) -> list[str]:
    """Our own tables, which are for nobody else."""
    return [
        name
        for (name,) in database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
            " AND starts_with(relname, 'bitsheet_') AND relkind IN ('r', 'p') ORDER BY relname"
        )
    ]


def statements(database: Database, schema: str, role: str, tables: Collection[str]) -> Iterator[str]:
    """What opens the mirror for a role, and keeps it open: each is one statement."""
    who, place = quote(role), quote(schema)

    def listed(names: Sequence[str]) -> str:
        return ", ".join(f"{place}.{quote(name)}" for name in names)

    literal = (READER + role).replace("'", "''")
    yield f"GRANT USAGE ON SCHEMA {place} TO {who}"
    yield f"GRANT SELECT ON {listed(readable(database, tables))} TO {who}"
    yield f"REVOKE ALL ON {listed(bookkeeping(database))} FROM {who}"
    yield (
        f"INSERT INTO {place}.bitsheet_meta (key, value) VALUES ('{literal}', 'reads')"  # noqa: S608 - quoted
        " ON CONFLICT (key) DO NOTHING"
    )


def exists(database: Database, role: str) -> bool:
    """Whether the server has such a role."""
    return bool(database.rows("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)))


def keep_open(database: Database, tables: Collection[str]) -> dict[str, StoreRefused]:
    """Open what is new to the roles that may read; what could not be, and why."""
    if database.dialect.name != "postgresql" or not _any(database):
        return {}
    names = [*tables, CONTACT_POINTS, *VIEWS]
    refused: dict[str, StoreRefused] = {}
    for role, name in database.read(lambda: database.rows(MISSING, (names,))):
        statement = f"GRANT SELECT ON {quote(name)} TO {quote(role)}".replace("%", "%%")
        try:
            database.write(partial(database.execute, statement))
        except StoreRefused as error:
            refused[name] = error
    return refused


def _any(database: Database) -> bool:
    where = FactRecord.key.startswith(READER)
    return database.read(lambda: FactRecord.one(database.peewee, where) is not None)


def entitle(database: Database, shapes: Shapes, before: Shapes) -> None:
    """Let tables and columns, and those of their views, carry the portal's own titles as comments.

    A comment of somebody else's stays: only what is missing is written, and what is the title of `before`.
    """
    if database.dialect.name != "postgresql" or not shapes:
        return
    names = [*shapes, *(view for view, table in VIEWS.items() if table in shapes)]
    there = database.read(lambda: database.rows(TITLES, (names,)))
    todo = [*_comments(there, shapes, before)]
    if not todo:
        return

    def work() -> None:
        database.driver.altering()
        for statement in todo:
            database.execute(statement.replace("%", "%%"))

    try:
        database.write(work)
    except StoreRefused:
        return  # a title is no reason to hold up a table; the next start tries again


def _comments(there: Sequence[tuple[str, str, str | None]], shapes: Shapes, before: Shapes) -> Iterator[str]:
    titles = {name: _titles(columns) for name, columns in shapes.items()}
    known = {name: _titles(columns) for name, columns in before.items()}
    for relation, column, said in there:
        table = VIEWS.get(relation, relation)
        wanted = titles[table].get(column, "") if column else _about(relation)
        if wanted and said != wanted and said in {None, known.get(table, {}).get(column)}:
            kind = "VIEW" if relation in VIEWS else "TABLE"
            what = f"COLUMN {quote(relation)}.{quote(column)}" if column else f"{kind} {quote(relation)}"
            yield f"COMMENT ON {what} IS '{_literal(wanted)}'"


def _literal(text: str) -> str:
    return text.replace("'", "''")


def _titles(columns: Sequence[Column]) -> dict[str, str]:
    return {
        column.name: column.field.title
        for column in columns
        if column.name and column.field.title and column.field.title != column.field.name
    }


def _about(relation: str) -> str:
    if relation in VIEWS:
        return f"{VIEWS[relation]} of the portal that are not deleted, with names beside the codes"
    return f"Bitrix24: {METHODS[relation]}" if relation in METHODS else ""
