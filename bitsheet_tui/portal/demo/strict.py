"""The strict filters and orders of crm.item.list: unknown fields are errors, and groups may be nested.

`apidocs.bitrix24.com crm.item.list`, `modules/crm/lib/controller/item.php`.
"""

from collections.abc import Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Failure
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.filters import Rules, narrow, split
from bitsheet_tui.portal.demo.lists import key_of
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.query import Order, Query
from bitsheet_tui.portal.demo.table import Table

_WAYS = "Invalid order: allowed sort directions are `ASC, DESC`."


def asked(office: Office, table: Table, conditions: Any, known: Mapping[str, Column]) -> Query:
    """The rows that a filter means; `known` are the fields by their names. Raises Failure.

    Instants are misread by the difference between the server's and the user's zone.
    """
    return _query(table, conditions, known, office.rules(shift=office.zone_shift()))


def _query(table: Table, conditions: Any, known: Mapping[str, Column], rules: Rules) -> Query:
    items = conditions.items() if isinstance(conditions, dict) else enumerate(php.members(conditions))
    either = isinstance(conditions, dict) and php.text(conditions.get("logic")).upper() == "OR"
    query, groups = Query(), list[Query]()
    for key, value in items:
        if key == "logic":
            continue
        if php.is_index(str(key)):
            groups.append(_query(table, value, known, rules))
            continue
        part = Query() if either else query
        _condition(part, table, known, str(key), value, rules)
        groups += [part] if either else []
    if groups:
        quantifier = any if either else all
        query.tests.append(lambda id_: quantifier(group.matches(id_) for group in groups))
    return query


def _condition(
    query: Query, table: Table, known: Mapping[str, Column], key: str, value: Any, rules: Rules
) -> None:
    prefix, name = split(key)
    column = known.get(name)
    if column is None:
        raise _invalid(f"Invalid filter: field '{name}' is not allowed in filter")
    if prefix == "><":
        low, high = [*php.members(value), None, None][:2]
        narrow(query, table, column, ">=", low, rules)
        narrow(query, table, column, "<=", high, rules)
    else:
        narrow(query, table, column, prefix, value, rules)


def sorted_by(table: Table, order: Any, known: Mapping[str, Column]) -> Order | bool:
    """The order that is asked for. Raises Failure."""
    ways = []
    for name, way in order.items() if isinstance(order, dict) else ():
        direction = php.text(way).upper()
        if name not in known:
            raise _invalid(f"Invalid order: field '{name}' is not allowed in order")
        if direction not in ("ASC", "DESC"):
            raise _invalid(f"{_WAYS} But got '{way}' for field '{name}'")
        ways.append((known[name].name, direction == "DESC"))
    if not ways:
        return False
    if ways[0][0] == "ID":
        return ways[0][1]
    return [(key_of(table, name), descending) for name, descending in ways]


def _invalid(description: str) -> Failure:
    return Failure(400, "INVALID_ARG_VALUE", description)
