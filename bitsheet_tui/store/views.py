"""Views for people: the rows that are there, with names beside the codes.

Every name is a subquery of its own, so that a view may have hundreds, and a query pays only for those that it
selects. What a view cannot look up yet, because that table has not been read, it leaves out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import names
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import Dialect, quote
from bitsheet_tui.store.layout import DELETED, SYNCED, Column
from bitsheet_tui.store.models import FactRecord

VIEWS = {f"v_{table}": table for table in ("deals", "leads", "contacts", "companies", "tasks", "activities")}
PEOPLE = frozenset({"user", "employee"})
TASK_PEOPLE = frozenset("CREATED_BY RESPONSIBLE_ID CHANGED_BY STATUS_CHANGED_BY CLOSED_BY".split())
# lists of `crm.status.list` by table and field (apidocs.bitrix24.com crm.status.entity.types)
STATUS_LISTS: Mapping[tuple[str, str], str] = {
    ("leads", "STATUS_ID"): "STATUS",
    ("leads", "SOURCE_ID"): "SOURCE",
    ("leads", "HONORIFIC"): "HONORIFIC",
    ("contacts", "SOURCE_ID"): "SOURCE",
    ("contacts", "TYPE_ID"): "CONTACT_TYPE",
    ("contacts", "HONORIFIC"): "HONORIFIC",
    ("companies", "COMPANY_TYPE"): "COMPANY_TYPE",
    ("companies", "INDUSTRY"): "INDUSTRY",
    ("companies", "EMPLOYEES"): "EMPLOYEES",
    ("deals", "SOURCE_ID"): "SOURCE",
    ("deals", "TYPE_ID"): "DEAL_TYPE",
}
# numbers that mean the same on every portal (apidocs.bitrix24.com crm.enum.*)
CODES: Mapping[tuple[str, str], Sequence[str]] = {
    ("activities", "OWNER_TYPE_ID"): ("", "lead", "deal", "contact", "company"),
    ("activities", "TYPE_ID"): ("", "meeting", "call", "task", "e-mail", "action", "custom"),
    ("activities", "STATUS"): ("", "pending", "done", "done automatically"),
    ("activities", "PRIORITY"): ("", "low", "medium", "high"),
    ("activities", "DIRECTION"): ("", "incoming", "outgoing"),
}
LINKS: Mapping[str, tuple[str, str, str]] = {  # field -> table, what names its rows, name of the column
    "COMPANY_ID": ("companies", "x.title", "company_title"),
    "LEAD_ID": ("leads", "x.title", "lead_title"),
    "DEAL_ID": ("deals", "x.title", "deal_title"),
    "CONTACT_ID": ("contacts", "{person}", "contact_name"),
}
PERSON = "nullif(trim(coalesce(x.name, '') || ' ' || coalesce(x.last_name, '')), '')"
DIGEST = "views"
SPARE = 90  # columns that a query may have beyond those of the widest table, on either database
Shapes = Mapping[str, Sequence[Column]]


class Name(Struct, frozen=True):
    """A column that explains another."""

    column: str
    sql: str


def definitions(shapes: Shapes, dialect: Dialect) -> dict[str, str]:
    """The SELECT of every view whose table is there. Pure."""
    return {view: _select(table, shapes, dialect) for view, table in VIEWS.items() if table in shapes}


def refresh(database: Database, shapes: Shapes) -> None:
    """Make the views anew when what they should say has changed."""
    wanted = definitions(shapes, database.dialect)
    digest = hashlib.sha256("\0".join(wanted.values()).encode()).hexdigest()
    record = database.read(lambda: FactRecord.one(database.peewee, FactRecord.key == DIGEST))
    if record is not None and record.value == digest:
        return

    def work() -> None:
        for view, select in wanted.items():
            database.driver.replace_view(view, select)
        FactRecord.save_over(database.peewee, {"key": DIGEST, "value": digest}, key=("key",))

    database.write(work)


def drop_all(database: Database) -> None:
    """Take the views away, within a transaction, so that their columns may change; `refresh` follows."""
    for view in VIEWS:
        database.execute(f"DROP VIEW IF EXISTS {quote(view)}")
    FactRecord.delete().where(FactRecord.key == DIGEST).execute(database.peewee)


def explained(table: str, shapes: Shapes, dialect: Dialect) -> dict[str, str]:
    """Column -> SQL over the row `t` that gives what its code stands for; for statements with parameters."""
    columns = (column for column in shapes.get(table, ()) if column.name and not column.retired)
    return {
        str(column.name): _spelt(name.sql, dialect)
        for column in columns
        for name in _explanations(table, column, shapes, dialect)
    }


def _spelt(sql: str, dialect: Dialect) -> str:
    return sql.replace("%", "%%") if dialect.mark == "%s" else sql


def _select(table: str, shapes: Shapes, dialect: Dialect) -> str:
    live = [column for column in shapes[table] if column.name and not column.retired]
    room = dialect.widest + SPARE - len(live)
    taken = {str(column.name) for column in live} | {SYNCED, DELETED}
    parts: list[str] = []
    for column in live:
        parts.append(f"t.{quote(str(column.name))}")
        for name in _explanations(table, column, shapes, dialect) if room > 0 else ():
            room -= 1
            final = names.column_name(name.column, taken)
            taken.add(final)
            parts.append(f"{name.sql} AS {quote(final)}")
    parts.append(f"t.{quote(SYNCED)}")
    chosen = ", ".join(parts)
    return f"SELECT {chosen} FROM {quote(table)} t WHERE t.{quote(DELETED)} IS NULL"  # noqa: S608 - quoted


def _explanations(table: str, column: Column, shapes: Shapes, dialect: Dialect) -> Iterator[Name]:
    field, here = column.field, f"t.{quote(str(column.name))}"
    base = str(column.name).removesuffix("_id")
    if field.values and "enum_values" in shapes:
        yield Name(f"{base}_name", _enumeration(table, column, here, dialect))
    elif (table, field.name) in CODES:
        yield Name(f"{base}_name", _words(CODES[table, field.name], here))
    elif (table, field.name) in STATUS_LISTS and "statuses" in shapes:
        yield Name(f"{base}_name", _status(here, f"'{STATUS_LISTS[table, field.name]}'"))
    elif (table, field.name) == ("deals", "STAGE_ID") and "statuses" in shapes:
        yield Name("stage_name", _status(here, _stage_list(shapes[table])))
    elif (table, field.name) == ("deals", "CATEGORY_ID") and "categories" in shapes:
        yield Name(
            "category_name", _lookup("categories", "x.name", f"x.entity_type_id = 2 AND x.id = {here}")
        )
    elif _is_person(table, column) and _has(shapes, "users", "name", "last_name"):
        yield Name(f"{base}_name", _lookup("users", PERSON, f"x.id = {here}"))
    elif field.name in LINKS and field.kind is Kind.REFERENCE:
        yield from _link(field.name, here, shapes)


def _is_person(table: str, column: Column) -> bool:
    if column.field.kind is not Kind.REFERENCE:
        return False
    return column.field.type in PEOPLE or (table == "tasks" and column.field.name in TASK_PEOPLE)


def _link(field: str, here: str, shapes: Shapes) -> Iterator[Name]:
    table, what, name = LINKS[field]
    needed = ("name", "last_name") if "person" in what else ("title",)
    if _has(shapes, table, *needed):
        yield Name(name, _lookup(table, what.format(person=PERSON), f"x.id = {here}"))


def _has(shapes: Shapes, table: str, *wanted: str) -> bool:
    return {column.name for column in shapes.get(table, ()) if not column.retired} >= set(wanted)


def _lookup(table: str, what: str, where: str) -> str:
    return f"(SELECT {what} FROM {quote(table)} x WHERE {where})"  # noqa: S608 - our own words


def _status(here: str, list_: str) -> str:
    where = f"x.entity_id = {list_} AND x.status_id = {here}"
    return _lookup("statuses", "min(x.name)", f"{where} AND x.{quote(DELETED)} IS NULL")


def _stage_list(deal: Sequence[Column]) -> str:
    """The list of stages of a deal's pipeline: DEAL_STAGE, or DEAL_STAGE_9."""
    if not any(column.name == "category_id" and not column.retired for column in deal):
        return "'DEAL_STAGE'"
    return "'DEAL_STAGE' || coalesce('_' || nullif(CAST(t.category_id AS TEXT), '0'), '')"


def _enumeration(table: str, column: Column, here: str, dialect: Dialect) -> str:
    """The text of an enumeration's value; of several values, their texts with commas."""
    field = column.field.name.replace("'", "''")
    where = f"x.table_name = '{table}' AND x.field = '{field}'"
    if column.field.kind is not Kind.JSON:
        return _lookup("enum_values", "x.value", f"{where} AND x.value_id = {_code(column, here)}")
    if dialect.name == "sqlite":
        what, codes = "group_concat(x.value, ', ')", f"SELECT CAST(value AS TEXT) FROM json_each({here})"  # noqa: S608
    else:
        one = f"CASE jsonb_typeof({here}) WHEN 'array' THEN {here} ELSE jsonb_build_array({here}) END"
        what, codes = "string_agg(x.value, ', ')", f"SELECT jsonb_array_elements_text({one})"
    return _lookup("enum_values", what, f"{where} AND x.value_id IN ({codes})")


def _words(words: Sequence[str], here: str) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{word}'" for code, word in enumerate(words) if word)
    return f"CASE CAST({here} AS TEXT) {cases} END"


def _code(column: Column, here: str) -> str:
    if column.field.kind is Kind.BOOLEAN:
        return f"CASE WHEN {here} THEN 'Y' WHEN NOT {here} THEN 'N' END"
    return f"CAST({here} AS TEXT)"
