"""The lists of leads, contacts, companies, deals and activities.

`apidocs.bitrix24.com crm.deal.list`, `modules/crm/classes/general/restservice.php`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Call, Reply, Rows, bad, mapping, method
from bitsheet_tui.portal.demo.columns import Column, describe
from bitsheet_tui.portal.demo.filters import narrow, split
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.query import HIGHEST, Order, Query, Test, count, page, sortable
from bitsheet_tui.portal.demo.table import Table

PAGE = 50
ENTITIES = {
    "lead": "leads",
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "activity": "activities",
}
_UNKNOWN_PREFIXES = ("><", "!><")


def selected(table: Table, select: Iterable[Any]) -> list[str]:
    """The fields that a `select` gives: `*` is neither custom fields nor what must be named; ID always."""
    wanted = frozenset(map(php.text, select))
    known: list[str] | None = table.memory.get(wanted)
    if known is None:
        known = table.memory[wanted] = _selected(table, wanted)
    return known


def _selected(table: Table, wanted: frozenset[str]) -> list[str]:
    every = not wanted or "*" in wanted

    def chosen(column: Column) -> bool:
        if column.hidden:
            return False
        if column.name in wanted or column.name == table.blueprint.key:
            return True
        return "UF_*" in wanted if column.custom else every and not column.named

    return [column.name for column in table.columns.values() if chosen(column)]


def filtered(office: Office, table: Table, conditions: Mapping[str, Any]) -> Query:
    """The rows a legacy CRM filter means; what it does not know, it drops."""
    query, rules = Query(), office.rules()
    for key, value in conditions.items():
        prefix, name = split(str(key))
        column = table.columns.get(name)
        if name == "BINDINGS":
            query.tests.append(_bound_to(table, value))
        elif column is not None and prefix not in _UNKNOWN_PREFIXES:
            narrow(query, table, column, prefix, value, rules)
    return query


def _bound_to(table: Table, bindings: Any) -> Test:
    """Activities of any of the owners; here each has only its main one."""
    names = ("OWNER_TYPE_ID", "OWNER_ID")
    owners = [item for item in php.members(bindings) if isinstance(item, dict)]
    wanted = {tuple(php.intval(owner.get(name)) for name in names) for owner in owners}
    return lambda id_: tuple(table.value(id_, name) for name in names) in wanted


def ordered(table: Table, order: Mapping[str, Any]) -> Order | bool:
    """The order of rows; with no field the portal knows, whatever the database likes: here by id."""
    known = [(name, php.text(way).upper() != "ASC") for name, way in order.items() if name in table.columns]
    if not known:
        return False
    if known[0][0] == table.blueprint.key:
        return known[0][1]
    return [(key_of(table, name), descending) for name, descending in known]


def key_of(table: Table, name: str) -> Callable[[int], Any]:
    """What rows are sorted by."""
    return lambda id_: sortable(table.value(id_, name))


def listing(table: Table, query: Query, order: Order | bool, start: int) -> tuple[list[int], int, int | None]:
    """The ids of a page, `total` and `next` as legacy lists count them.

    `start` is rounded down to a page; past the end it is page 1 again; negative: nothing is counted.
    """
    if start < 0:
        return page(table, query, order, 0, PAGE), 0, None
    total = count(table, query)
    number = start // PAGE
    if number * PAGE >= total:
        number = 0
    ids = page(table, query, order, number * PAGE, PAGE)
    after = (number + 1) * PAGE
    return ids, total, after if after < total else None


def crm_list(office: Office, call: Call, name: str) -> Reply:
    """A page of one of the five legacy lists."""
    table = office.world.tables[name]
    order = mapping(call, "order", "ORDER", "Order", "arOrder")
    conditions = mapping(call, "filter", "FILTER", "Filter", "arFilter")
    select = mapping(call, "select", "SELECT", "Select", "arSelect")
    query = Query() if call.ignore_filter else filtered(office, table, conditions)
    if name == "activities" and not order:
        order = {"START_TIME": "ASC"}
    ids, total, after = listing(table, query, ordered(table, order), call.start)
    shape = office.shape(name, selected(table, select.values()), "crm")
    return Reply(
        Rows([shape.write(id_) for id_ in ids]),
        total=total,
        next=after,
        rows=len(ids),
        counted=total,
        listing=True,
    )


def crm_get(office: Office, call: Call, name: str) -> Reply:
    """One row with its custom and multi-fields."""
    table = office.world.tables[name]
    id_ = php.intval(call.get("id", "ID", "Id"))
    if id_ <= 0:
        raise bad("ID is not defined or invalid.")
    if id_ not in table.ids:
        raise bad("" if name == "activities" else "Not found")
    names = [column.name for column in table.columns.values() if not column.hidden]
    if name == "activities":
        names = [column for column in names if not table.columns[column].named]
    return Reply(office.shape(name, names, "crm").plainly(table.raw(id_)), rows=1)


def crm_fields(office: Office, _call: Call, name: str) -> Reply:
    """What the fields of a table are."""
    return Reply(describe(office.world.tables[name].columns.values()))


def customs(office: Office, call: Call, entity: str) -> Reply:
    """`crm.*.userfield.list`: all custom fields at once; labels only when a language is asked for."""
    conditions = dict(mapping(call, "filter", "FILTER"))
    order = mapping(call, "order", "ORDER")
    language = conditions.pop("LANG", None)
    rows = [
        _custom(column, entity, language)
        for column in office.world.tables[ENTITIES[entity]].columns.values()
        if column.custom
    ]
    for key, value in conditions.items():
        rows = [row for row in rows if key not in row or row[key] in map(php.text, php.members(value))]
    for key, way in reversed(order.items()):
        rows.sort(key=lambda row: _sort_key(row.get(key)), reverse=php.text(way).upper() == "DESC")
    return Reply(rows, total=len(rows))


def _sort_key(value: Any) -> tuple[int, str]:
    text = php.text(value)
    return (int(text), "") if text.isdigit() else (HIGHEST, text)


def _custom(column: Column, entity: str, language: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ID": str(column.number),
        "ENTITY_ID": f"CRM_{entity.upper()}",
        "FIELD_NAME": column.name,
        "USER_TYPE_ID": column.told or column.type,
        "XML_ID": None,
        "SORT": str(column.number),
        "MULTIPLE": "Y" if column.multiple else "N",
        "MANDATORY": "Y" if column.required else "N",
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": dict(column.settings) or [],
    }
    if language:
        labels = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")
        row |= dict.fromkeys(labels, column.title) | {"ERROR_MESSAGE": None, "HELP_MESSAGE": None}
    if column.options:
        row["LIST"] = [
            {"ID": str(id_), "SORT": str(10 * place), "VALUE": text, "DEF": "N", "XML_ID": f"option{id_}"}
            for place, (id_, text) in enumerate(column.options, 1)
        ]
    return row


def _register(entity: str, name: str) -> None:
    method(f"crm.{entity}.list", "crm")(lambda office, call: crm_list(office, call, name))
    method(f"crm.{entity}.get", "crm")(lambda office, call: crm_get(office, call, name))
    method(f"crm.{entity}.fields", "crm")(lambda office, call: crm_fields(office, call, name))
    if entity != "activity":
        method(f"crm.{entity}.userfield.list", "crm")(lambda office, call: customs(office, call, entity))


for _entity, _name in ENTITIES.items():
    _register(_entity, _name)
