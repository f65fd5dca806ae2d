"""crm.item.*: all entity types by one set of methods, with strict filters and real numbers.

`apidocs.bitrix24.com crm.item.list`, `modules/crm/lib/controller/item.php`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.blueprint import Raw
from bitsheet_tui.portal.demo.calls import Call, Failure, Reply, Rows, method
from bitsheet_tui.portal.demo.columns import Column, describe
from bitsheet_tui.portal.demo.contracts import CONTRACTOR_CATEGORY, SEQUENCE, TYPE_ID
from bitsheet_tui.portal.demo.filters import split
from bitsheet_tui.portal.demo.lists import PAGE
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.php import encode
from bitsheet_tui.portal.demo.query import Query, count, page
from bitsheet_tui.portal.demo.strict import asked, sorted_by
from bitsheet_tui.portal.demo.table import Table

TABLES = {1: "leads", 2: "deals", 3: "contacts", 4: "companies", TYPE_ID: "contracts"}
_RENAMED = {
    "DATE_CREATE": "CREATED_TIME",
    "DATE_MODIFY": "UPDATED_TIME",
    "CREATED_BY_ID": "CREATED_BY",
    "MODIFY_BY_ID": "UPDATED_BY",
    "MOVED_BY_ID": "MOVED_BY",
}
_RENAMED_IN = {
    "leads": {"STATUS_ID": "STAGE_ID", "STATUS_SEMANTIC_ID": "STAGE_SEMANTIC_ID"},
    "companies": {"COMPANY_TYPE": "TYPE_ID", "CONTACT_ID": "CONTACT_IDS"},
}
_CUSTOM = re.compile(r"UF_(?P<words>[A-Z0-9_]*[A-Z0-9])(?P<tail>_\d+)")
_TYPES = {"char": "boolean"}


def upper_name(table: str, name: str) -> str:
    """What crm.item.* calls a field in upper case."""
    table = "contacts" if table == "contractors" else table
    return _RENAMED_IN.get(table, {}).get(name) or _RENAMED.get(name, name)


def camel(name: str) -> str:
    """ASSIGNED_BY_ID becomes assignedById, UF_CRM_5_17 ufCrm5_17."""
    match = _CUSTOM.fullmatch(name)
    tail = match["tail"] if match else ""
    first, *rest = name.removesuffix(tail).lower().split("_")
    return first + "".join(word.capitalize() for word in rest) + tail


def _names(table: Table, *, original: bool) -> Callable[[str], str]:
    def rename(name: str) -> str:
        return name if original and table.columns[name].custom else camel(upper_name(table.name, name))

    return rename


def _table(office: Office, call: Call) -> Table:
    type_id = php.intval(call.get("entityTypeId"))
    if type_id not in TABLES:
        raise Failure(400, "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {type_id} is not supported")
    return office.world.tables[TABLES[type_id]]


def _original(call: Call) -> bool:
    return bool(call.get("useOriginalUfNames") == "Y")


def _known(table: Table, *, original: bool) -> dict[str, Column]:
    """The fields by the names that may be used for them."""
    rename = _names(table, original=original)
    known = {}
    for column in table.columns.values():
        if not column.hidden and column.type != "crm_multifield":
            known[rename(column.name)] = column
            if original:
                known[upper_name(table.name, column.name)] = column
    return known


def _written(
    office: Office, table: Table, names: Iterable[str], *, original: bool, every: bool
) -> Callable[[int], bytes]:
    """What writes a row; with every field come the lists that belong to no single column."""
    names = list(names)
    if not names:
        return lambda _: b"[]"
    pen, rename = office.pen("item"), _names(table, original=original)
    if not every:
        return office.shape(table.name, names, "item", rename).write

    def write(id_: int) -> bytes:
        raw = table.raw(id_)
        told = {rename(name): pen.value(table.columns[name], raw.get(name)) for name in names}
        return encode(told | _lists(table, raw))

    return write


def _lists(table: Table, raw: Raw) -> dict[str, Any]:
    told: dict[str, Any] = {"observers": [], "entityTypeId": _type_of(table)}
    if "CONTACT_ID" in table.columns or table.name == "companies":
        told["contactIds"] = [raw["CONTACT_ID"]] if raw.get("CONTACT_ID") else []
    points = [item for name in ("PHONE", "EMAIL", "WEB", "IM") for item in raw.get(name) or ()]
    if "PHONE" in table.columns:
        told["fm"] = [
            {
                "id": int(item["ID"]),
                "valueType": item["VALUE_TYPE"],
                "value": item["VALUE"],
                "typeId": item["TYPE_ID"],
            }
            for item in points
        ]
    return told


def _type_of(table: Table) -> int:
    return next((type_id for type_id, name in TABLES.items() if name == table.name), 3)


@method("crm.item.list", "crm")
def item_list(office: Office, call: Call) -> Reply:
    """A page of one entity type. A contact of another category is found only by that category."""
    table, original = _table(office, call), _original(call)
    conditions = call.get("filter", default={}) or {}
    if table.name == "contacts" and _asks_for_contractors(conditions):
        table = office.world.tables["contractors"]
        conditions = {key: value for key, value in conditions.items() if split(key)[1] != "categoryId"}
    known = _known(table, original=original)
    query = Query() if call.ignore_filter else asked(office, table, conditions, known)
    select = [php.text(name) for name in php.members(call.get("select", default=["*"]) or ["*"])]
    every = "*" in select
    names = (
        dict.fromkeys(known[name].name for name in (known if every else ("id", *select)) if name in known)
        if every or any(name in known for name in select)
        else {}
    )
    start = max(call.start, 0) // PAGE * PAGE
    ids = page(table, query, sorted_by(table, call.get("order", default={}), known), start, PAGE)
    write = _written(office, table, names, original=original, every=every)
    result = {"items": Rows([write(id_) for id_ in ids])}
    if call.start < 0:
        return Reply(result, rows=len(ids), listing=True)
    total, after = count(table, query), start + len(ids)
    follows = after if ids and after < total else None
    return Reply(result, total=total, next=follows, rows=len(ids), counted=total, listing=True)


def _asks_for_contractors(conditions: Any) -> bool:
    given = conditions.items() if isinstance(conditions, dict) else ()
    wanted = [value for key, value in given if split(str(key))[1] == "categoryId"]
    return CONTRACTOR_CATEGORY in map(php.intval, wanted)


@method("crm.item.get", "crm")
def item_get(office: Office, call: Call) -> Reply:
    """One item with everything."""
    table, original = _table(office, call), _original(call)
    id_ = php.intval(call.get("id"))
    if table.name == "contacts" and id_ in office.world.tables["contractors"].ids:
        table = office.world.tables["contractors"]
    if id_ not in table.ids:
        raise Failure(400, "NOT_FOUND", "Element not found")
    names = [column.name for column in _known(table, original=original).values()]
    write = _written(office, table, dict.fromkeys(names), original=original, every=True)
    return Reply({"item": Rows([write(id_)])[0]}, rows=1)


@method("crm.item.fields", "crm")
def item_fields(office: Office, call: Call) -> Reply:
    """What the fields of an entity type are, by camelCase name, each with its upper-case one."""
    table, original = _table(office, call), _original(call)
    told = {}
    for name, column in _known(table, original=False).items():
        key = column.name if original and column.custom else name
        entry = describe([column])[column.name]
        entry["type"] = _TYPES.get(entry["type"], entry["type"])
        if column.custom:
            entry["title"] = column.title
        told[key] = entry | {"upperName": upper_name(table.name, column.name)}
    return Reply({"fields": told})


@method("crm.type.list", "crm")
def type_list(_office: Office, _call: Call) -> Reply:
    """The smart processes there are."""
    contract = {"id": SEQUENCE, "title": "Contracts", "code": "", "entityTypeId": TYPE_ID}
    return Reply({"types": [contract]}, total=1, rows=1, listing=True)
