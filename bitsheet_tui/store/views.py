"""Views for people: the rows that are there, with names beside the codes.

Every name is a subquery of its own, so that a view may have hundreds, and a query pays only for those that it
selects. What a view cannot look up yet, because that table has not been read, it leaves out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bitsheet_tui.errors import StoreRefused
from bitsheet_tui.fields import Kind
from bitsheet_tui.store import dependants, names, overflow, schema
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import Dialect, quote
from bitsheet_tui.store.layout import DELETED, EXTRA, SYNCED, Column, may_overflow
from bitsheet_tui.store.models import FactRecord
from bitsheet_tui.tables import CATALOGUE

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
FIXED = {table.name: table.needed | table.volatile for table in CATALOGUE}
Shapes = Mapping[str, Sequence[Column]]


class Name(Struct, frozen=True):
    """A column that explains another."""

    column: str
    sql: str


class Definition(Struct, frozen=True):
    """What a view shows: its columns with the SQL of each, in the order of the description."""

    columns: Mapping[str, str]
    source: str  # FROM and WHERE

    def select(self, first: Sequence[str] = ()) -> str:
        """Its SELECT; the columns named in `first` come first, in that order."""
        order = dict.fromkeys((*first, *self.columns))
        chosen = ", ".join(f"{self.columns[name]} AS {quote(name)}" for name in order)
        return f"SELECT {chosen} {self.source}"


def definitions(shapes: Shapes, dialect: Dialect) -> dict[str, Definition]:
    """Every view whose table is there. Pure."""
    return {view: _definition(table, shapes, dialect) for view, table in VIEWS.items() if table in shapes}


def labelled(table: str, shapes: Shapes, dialect: Dialect) -> Mapping[str, str]:
    """Column -> SQL over the row `t`: what a view of the table has, whether there is such a view or not."""
    return _definition(table, shapes, dialect).columns


def refresh(database: Database, shapes: Shapes) -> dict[str, StoreRefused]:
    """Make those views anew that should say something else; which could not be, and why.

    Each in a transaction of its own: one that is read for long, or that somebody built upon, keeps none of
    the others. What could not be made is not noted as made, so the next call tries again.
    """
    made = database.read(lambda: _made(database))
    refused: dict[str, StoreRefused] = {}
    for view, definition in definitions(shapes, database.dialect).items():
        digest = hashlib.sha256(definition.select().encode()).hexdigest()
        if made.get(view) != digest:
            try:
                overflows = may_overflow(shapes[VIEWS[view]], database.dialect)
                own = [EXTRA] if overflows else []
                database.write(lambda d=definition, v=view, h=digest, o=own: _remake(database, v, d, h, o))  # type: ignore[misc]
            except StoreRefused as error:
                refused[view] = error
    return refused


def _made(database: Database) -> dict[str, str]:
    """The digests of the views as they were last made; earlier versions had one for all of them."""
    record = FactRecord.one(database.peewee, FactRecord.key == DIGEST)
    text = record.value if record else ""
    return dict(json.loads(text)) if text.startswith("{") else {}


def _remake(database: Database, view: str, definition: Definition, digest: str, own: Sequence[str]) -> None:
    """Make the view anew, for which its table has to have these columns of our `own`."""
    schema.ensure(database, VIEWS[view], own)
    database.driver.altering()
    if not database.driver.replace_view(view, definition.columns, definition.select):
        dependants.remake(database, view, definition.select())
    made = json.dumps(_made(database) | {view: digest})
    FactRecord.save_over(database.peewee, {"key": DIGEST, "value": made}, key=("key",))


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


def _definition(table: str, shapes: Shapes, dialect: Dialect) -> Definition:
    live = [column for column in shapes[table] if column.name and not column.retired]
    room = dialect.widest + SPARE - len(live)
    taken = {str(column.name) for column in live} | {SYNCED, DELETED}
    parts: dict[str, str] = {}
    overflows = may_overflow(shapes[table], dialect)
    for column in live:
        here = f"t.{quote(str(column.name))}"
        found = overflow.expression(column, here, dialect) if overflows and _movable(table, column) else here
        parts[str(column.name)] = found
        for name in _explanations(table, column, shapes, dialect) if room > 0 else ():
            room -= 1
            final = names.column_name(name.column, taken)
            taken.add(final)
            parts[final] = name.sql
    parts[SYNCED] = f"t.{quote(SYNCED)}"
    return Definition(parts, f"FROM {quote(table)} t WHERE t.{quote(DELETED)} IS NULL")


def _movable(table: str, column: Column) -> bool:
    """Whether its value may be in `extra`: see `overflow`."""
    return column.field.name not in FIXED[table]


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
