"""Users and departments.

`apidocs.bitrix24.com user.get`, `modules/rest/lib/api/user.php`, `modules/intranet/classes/general/rest.php`.
"""

from collections.abc import Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Call, Reply, Rows, method
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.filters import narrow, split
from bitsheet_tui.portal.demo.lists import PAGE, listing, ordered
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.query import Query, count, page

_BRIEF = frozenset(
    "ID XML_ID ACTIVE NAME LAST_NAME SECOND_NAME TITLE PERSONAL_GENDER PERSONAL_PHOTO UF_DEPARTMENT "
    "WORK_POSITION USER_TYPE IS_ONLINE".split()
)
_PERSONAL = ("EMAIL", "PERSONAL_MOBILE", "PERSONAL_PHONE", "WORK_PHONE", "UF_PHONE_INNER")
_DEPARTMENT_KEYS = ("ID", "NAME", "SORT", "PARENT", "UF_HEAD")


def _visible(office: Office) -> list[str]:
    """The fields that the webhook's scopes allow."""
    columns = office.world.tables["users"].columns.values()
    if "user" in office.scopes:
        names = [column.name for column in columns if not column.name.startswith("UF_USR_")]
        if "user.userfield" in office.scopes:
            names = [column.name for column in columns]
        return names
    allowed = _BRIEF | (set(_PERSONAL) if "user_basic" in office.scopes else set())
    return [column.name for column in columns if column.name in allowed]


def _active(value: Any) -> bool:
    """What an ACTIVE filter means: the word "false" is as true as any other."""
    return php.truthy(value) and value not in ("N", "n")


def _narrow_users(office: Office, query: Query, conditions: Mapping[str, Any]) -> None:
    table = office.world.tables["users"]
    for key, value in conditions.items():
        prefix, name = split(key)
        column = table.columns.get(name)
        if name == "ACTIVE":
            narrow(query, table, table.columns["ACTIVE"], prefix, _active(value), office.rules())
        elif column is not None and column.type != "void":
            narrow(query, table, column, prefix, value, office.rules())


def _columns(names: list[str], select: list[Any]) -> list[str]:
    wanted = {php.text(name).upper() for name in select}
    if not wanted or "*" in wanted:
        return names
    customs = "UF_*" in wanted
    return [name for name in names if name in wanted or name == "ID" or (customs and name.startswith("UF_"))]


@method("user.get", "user")
def user_get(office: Office, call: Call) -> Reply:
    """A page of users from an exact offset. An empty page has no total; FILTER replaces all other keys."""
    table = office.world.tables["users"]
    params = call.upper()
    filter_ = params.get("FILTER")
    conditions = filter_ if isinstance(filter_, dict) else params
    query = Query()
    if not call.ignore_filter:
        _narrow_users(office, query, {str(key).upper(): value for key, value in conditions.items()})
    ways = ordered(table, {php.text(params.get("SORT")).upper(): params.get("ORDER", "ASC")})
    start = max(call.start, 0)
    ids = page(table, query, ways, start, PAGE)
    shape = office.shape("users", _columns(_visible(office), php.members(params.get("SELECT", []))), "user")
    rows = Rows([shape.write(id_) for id_ in ids])
    if not ids:
        return Reply(rows, listing=True)
    if call.start < 0:
        return Reply(rows, total=0, rows=len(ids), listing=True)
    total = count(table, query)
    after = start + len(ids)
    return Reply(
        rows,
        total=total,
        next=after if after < total else None,
        rows=len(ids),
        counted=total,
        listing=True,
    )


@method("user.search", "user")
def user_search(office: Office, call: Call) -> Reply:
    """user.get with other filters; here they are the same."""
    return user_get(office, call)


@method("user.fields", "user")
def user_fields(office: Office, _call: Call) -> Reply:
    """Titles of the fields, no types."""
    return Reply({name: office.world.tables["users"].columns[name].title for name in _visible(office)})


@method("user.current", "user")
def user_current(office: Office, _call: Call) -> Reply:
    """The user whom the webhook acts as."""
    table = office.world.tables["users"]
    shape = office.shape("users", _visible(office), "user")
    row = shape.plainly(table.raw(office.settings.user_id))
    stamps = {"TIMESTAMP_X": "24.08.2023 13:19:39", "LAST_ACTIVITY_DATE": "2024-08-29 10:30:11"}
    return Reply(row | {name: text for name, text in stamps.items() if name in row})


@method("user.admin", "")
def user_admin(office: Office, _call: Call) -> Reply:
    """Whether the webhook's user is an administrator."""
    return Reply(office.settings.admin)


@method("department.get", "department")
def department_get(office: Office, call: Call) -> Reply:
    """A page of departments. Filters are exact; an upper-case SORT is one of them and finds nothing."""
    table = office.world.tables["departments"]
    filter_ = call.get("FILTER")
    conditions = filter_ if isinstance(filter_, dict) else call.params
    query = Query()
    for key in _DEPARTMENT_KEYS:
        if key in conditions and not call.ignore_filter:
            narrow(query, table, table.columns[key], "", conditions[key], office.rules())
    sort, way = call.get("sort", "SORT"), call.get("order", "ORDER", default="ASC")
    order = {php.text(sort): way} if sort in _DEPARTMENT_KEYS else {}
    ids, total, after = listing(table, query, ordered(table, order), call.start)
    shape = office.shape("departments", table.columns, "user")
    return Reply(
        Rows([shape.write(id_) for id_ in ids]),
        total=total,
        next=after,
        rows=len(ids),
        counted=total,
        listing=True,
    )


@method("department.fields", "department")
def department_fields(office: Office, _call: Call) -> Reply:
    """Titles of the fields, no types."""
    columns: Mapping[str, Column] = office.world.tables["departments"].columns
    return Reply({name: column.title for name, column in columns.items()})
