"""What codes mean: `apidocs.bitrix24.com crm.status.list`, `crm.category.list`, `crm.type.list`."""

from collections.abc import Iterator
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Call, Failure, Reply, bad, mapping, method
from bitsheet_tui.portal.demo.office import Office

Entry = tuple[str, str, str]  # code, name, semantics

_STATUSES: dict[str, tuple[Entry, ...]] = {
    "STATUS": (
        ("NEW", "New", ""),
        ("IN_PROCESS", "In progress", ""),
        ("CONVERTED", "Converted", "S"),
        ("JUNK", "Junk lead", "F"),
    ),
    "SOURCE": (
        ("CALL", "Call", ""),
        ("WEB", "Website", ""),
        ("EMAIL", "E-Mail", ""),
        ("ADVERTISING", "Реклама", ""),
    ),
    "CONTACT_TYPE": (("CLIENT", "Client", ""), ("SUPPLIER", "Supplier", ""), ("PARTNER", "Partner", "")),
    "COMPANY_TYPE": (("CUSTOMER", "Customer", ""), ("SUPPLIER", "Supplier", ""), ("PARTNER", "Partner", "")),
    "EMPLOYEES": (("EMPLOYEES_1", "less than 50", ""), ("EMPLOYEES_2", "50-250", "")),
    "INDUSTRY": (("IT", "Information technology", ""), ("TRADE", "Trade", ""), ("BANKING", "Banking", "")),
    "DEAL_TYPE": (("SALE", "Sales", ""), ("COMPLEX", "Integrated sales", ""), ("SERVICES", "Services", "")),
    "HONORIFIC": (("HNR_EN_1", "Mr.", ""), ("HNR_EN_2", "Ms.", "")),
}
_STAGES: tuple[Entry, ...] = (
    ("NEW", "New", ""),
    ("PREPARATION", "Document preparation", ""),
    ("EXECUTING", "In progress", ""),
    ("WON", "Deal successful", "S"),
    ("LOSE", "Deal failed", "F"),
)
_SEMANTICS = {"": "process", "S": "success", "F": "failure"}
_COLORED = ("STATUS", "DEAL_STAGE")
CATEGORIES = ((0, "General", 300), (1, "Wholesale", 200))
_CATEGORY_TYPES = {
    1: (),
    2: CATEGORIES,
    3: ((0, "General", 100), (1, "Contractors", 200)),
    4: ((0, "General", 100),),
    174: ((9, "General", 500),),
}


def _entries() -> Iterator[tuple[str, str | None, Entry]]:
    for entity, entries in _STATUSES.items():
        for entry in entries:
            yield entity, None, entry
    for code, name, semantics in _STAGES:
        yield "DEAL_STAGE", None, (code, name, semantics)
    for code, name, semantics in _STAGES:
        yield "DEAL_STAGE_1", "1", (f"C1:{code}", name, semantics)


def _row(number: int, place: int, entity: str, category: str | None, entry: Entry) -> dict[str, Any]:
    code, name, semantics = entry
    color = "#39A8EF" if entity.startswith(_COLORED) else None
    row: dict[str, Any] = {
        "ID": str(number),
        "ENTITY_ID": entity,
        "STATUS_ID": code,
        "NAME": name,
        "NAME_INIT": name if place == 1 else "",
        "SORT": str(place * 10),
        "SYSTEM": "Y" if place == 1 else "N",
        "CATEGORY_ID": category,
        "COLOR": color,
        "SEMANTICS": semantics or None,
    }
    extra = {"EXTRA": {"SEMANTICS": _SEMANTICS[semantics], "COLOR": color}}
    return row | (extra if entity.startswith(_COLORED) else {})


def statuses() -> list[dict[str, Any]]:
    """Every dictionary entry of the CRM."""
    rows, places = [], dict[str, int]()
    for number, (entity, category, entry) in enumerate(_entries(), 101):
        places[entity] = places.get(entity, 0) + 1
        rows.append(_row(number, places[entity], entity, category, entry))
    return rows


@method("crm.status.list", "crm")
def status_list(_office: Office, call: Call) -> Reply:
    """All entries at once; filters are strings only."""
    rows = statuses()
    for key, value in mapping(call, "filter", "FILTER").items():
        if isinstance(value, (dict, list)):
            raise bad(f"Filter by {key} must be a string")
        rows = [row for row in rows if key not in row or row[key] == php.text(value)]
    for key, way in reversed(mapping(call, "order", "ORDER").items()):
        rows.sort(key=lambda row: _sort_key(row.get(key)), reverse=php.text(way).upper() == "DESC")
    return Reply(rows, total=len(rows), rows=len(rows), listing=True)


def _sort_key(value: Any) -> tuple[int, str]:
    text = php.text(value)
    return (int(text), "") if text.isdigit() else (-1, text)


@method("crm.category.list", "crm")
def category_list(_office: Office, call: Call) -> Reply:
    """The pipelines of one entity type; the default one lacks the origin keys."""
    type_id = php.intval(call.get("entityTypeId"))
    if type_id not in _CATEGORY_TYPES:
        raise Failure(400, "NOT_FOUND", "Smart process not found")
    rows = [_category(type_id, id_, name, sort) for id_, name, sort in _CATEGORY_TYPES[type_id]]
    rows.sort(key=lambda row: (row["sort"], row["id"]))
    return Reply({"categories": rows}, total=len(rows), rows=len(rows), listing=True)


def _category(type_id: int, id_: int, name: str, sort: int) -> dict[str, Any]:
    row: dict[str, Any] = {"id": id_, "name": name, "sort": sort, "entityTypeId": type_id, "isDefault": "N"}
    return row | ({"isDefault": "Y"} if id_ == 0 else {"originId": "", "originatorId": ""})
