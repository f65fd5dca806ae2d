"""The portal's filters: `>=DATE_MODIFY`, `@ID`, `%TITLE`; what they cannot use, they drop without a word.

`modules/main/classes/general/sql_util.php`, `modules/crm/classes/general/restservice.php`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.columns import NUMBERS, Column
from bitsheet_tui.portal.demo.moments import day_of, strtotime
from bitsheet_tui.portal.demo.query import Query
from bitsheet_tui.portal.demo.table import Table

_KEY = re.compile(r"(!=%|!%=|!><|!=|!@|!%|>=|<=|><|=%|%=|[>!<=@%?])?(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
Check = Callable[[Any], bool]


class Rules(Struct, frozen=True):
    """How a family reads its filters."""

    zone: tzinfo  # for dates without an offset
    now: float
    unparsable: int | None = None  # the instant that a bad date becomes; None: the condition IS NULL
    shift: int = 0  # seconds by which instants are misread


def split(key: str) -> tuple[str, str]:
    """The prefix and the name in a filter key."""
    match = _KEY.fullmatch(key)
    return (match[1] or "", match[2]) if match else ("", key)


def narrow(query: Query, table: Table, column: Column, prefix: str, value: Any, rules: Rules) -> None:
    """Add one condition to a query; an empty list is no condition."""
    if value in ([], {}) and prefix not in _COMPARE:
        return
    if column.name == table.blueprint.key and _narrow_ids(query, prefix, value):
        return
    check = _check(column, prefix, value, rules)
    if column.name in (table.blueprint.created, table.blueprint.changed, "ACTIVITY_DATE") and prefix in (
        ">",
        ">=",
    ):
        seconds = _seconds(value, rules)
        if seconds is not None:
            query.after(seconds)
    name, get = column.name, table.value
    query.tests.append(lambda id_: check(get(id_, name)))


def _narrow_ids(query: Query, prefix: str, value: Any) -> bool:
    number = php.intval(value)
    match prefix:
        case ">":
            query.low = max(query.low, number + 1)
        case ">=":
            query.low = max(query.low, number)
        case "<":
            query.high = min(query.high, number - 1)
        case "<=":
            query.high = min(query.high, number)
        case "" | "=" | "@" | "%" | "=%" | "%=" | "?":
            query.among({php.intval(item) for item in php.members(value)})
        case _:
            return False
    return True


def _check(column: Column, prefix: str, value: Any, rules: Rules) -> Check:
    """The test of a raw value."""
    negative = prefix.startswith("!")
    check = _positive(column, prefix.lstrip("!"), value, rules)
    return (lambda raw: not check(raw)) if negative else check


def _positive(column: Column, prefix: str, value: Any, rules: Rules) -> Check:
    if column.multiple:
        return _of_many(column, value)
    if column.type == "datetime":
        return _of_instant(prefix, _seconds(value, rules))
    if column.type == "date":
        seconds = strtotime(value, rules.zone, rules.now)
        return _of_instant(prefix, None if seconds is None else day_of(seconds, rules.zone))
    cast = _CASTS.get(column.type)
    if cast is not None:
        return _of_number(prefix, value, cast)
    if column.type in ("char", "boolean", "bool"):
        return _of_flag(column, value)
    return _of_text(prefix if column.type == "string" else prefix.replace("%", ""), value)


_CASTS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(NUMBERS | {"int", "sort", "enumeration"}, php.intval),
    "double": php.floatval,
}


def _seconds(value: Any, rules: Rules) -> int | None:
    seconds = strtotime(value, rules.zone, rules.now)
    return rules.unparsable if seconds is None else seconds + rules.shift


def _of_instant(prefix: str, bound: Any) -> Check:
    if bound is None:
        return lambda raw: raw is None
    compare = _COMPARE.get(prefix)
    if compare is None:
        return lambda raw: raw == bound
    return lambda raw: raw is not None and compare(raw, bound)


def _of_number(prefix: str, value: Any, cast: Callable[[Any], Any]) -> Check:
    compare = _COMPARE.get(prefix)
    if compare is not None:
        bound = cast(value)
        return lambda raw: raw is not None and compare(raw, bound)
    wanted = {cast(item) for item in php.members(value)}
    return lambda raw: (raw or 0) in wanted


def _of_flag(column: Column, value: Any) -> Check:
    if column.type == "char":
        wanted = {php.text(item).upper() == "Y" for item in php.members(value)}
    else:
        wanted = {php.truthy(item) and php.text(item).upper() != "N" for item in php.members(value)}
    return lambda raw: bool(raw) in wanted


def _of_text(prefix: str, value: Any) -> Check:
    texts = [php.text(item).casefold() for item in php.members(value)]
    if "%" in prefix or prefix == "?":
        if prefix in ("=%", "%="):
            pattern = re.compile("".join(_LIKE.get(c, re.escape(c)) for c in texts[0]), re.DOTALL)
            return lambda raw: pattern.fullmatch(php.text(raw).casefold()) is not None
        return lambda raw: any(text in php.text(raw).casefold() for text in texts)
    compare = _COMPARE.get(prefix)
    if compare is not None:
        return lambda raw: compare(php.text(raw).casefold(), texts[0])
    wanted = set(texts)
    return lambda raw: php.text(raw).casefold() in wanted


_LIKE = {"%": ".*", "_": "."}


def _of_many(column: Column, value: Any) -> Check:
    """One of the values is one of those wanted, whatever the comparison asked for."""
    wanted = {php.text(item) for item in php.members(value)}
    if column.type == "crm_multifield":
        return lambda raw: any(item["VALUE"] in wanted for item in raw or ())
    if wanted == {""}:
        return lambda raw: not raw
    return lambda raw: any(str(item) in wanted for item in raw or ())
