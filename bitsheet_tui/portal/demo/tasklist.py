"""Tasks: the list, one of them, and what their fields are.

`apidocs.bitrix24.com tasks.task.list`, `modules/tasks/lib/rest/controllers/task.php`.
"""

from collections.abc import Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.blueprint import Raw
from bitsheet_tui.portal.demo.calls import Call, Failure, Reply, Rows, method
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.filters import narrow, split
from bitsheet_tui.portal.demo.lists import PAGE, key_of
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.query import Order, Query, count, page
from bitsheet_tui.portal.demo.table import Table

_FILTERABLE = frozenset(
    "ID PARENT_ID GROUP_ID CREATED_BY RESPONSIBLE_ID CHANGED_BY STATUS_CHANGED_BY PRIORITY STAGE_ID "
    "FORUM_TOPIC_ID TIME_ESTIMATE FORKED_BY_TEMPLATE_ID STATUS REAL_STATUS TITLE GUID XML_ID SITE_ID MARK "
    "FLOW_ID SPRINT_ID BACKLOG_ID ADD_IN_REPORT ALLOW_TIME_TRACKING ALLOW_CHANGE_DEADLINE MATCH_WORK_TIME "
    "FAVORITE IS_MUTED IS_PINNED IS_PINNED_IN_GROUP CREATED_DATE CLOSED_DATE DATE_START START_DATE_PLAN "
    "END_DATE_PLAN DEADLINE CHANGED_DATE ACTIVITY_DATE".split()
)
_PREFIXES = frozenset(("", "=", "!", "!=", ">", ">=", "<", "<=", "%", "!%", "@", "><"))
_SORTABLE = frozenset(
    "ID TITLE TIME_SPENT_IN_LOGS DATE_START CREATED_DATE CHANGED_DATE CLOSED_DATE ACTIVITY_DATE "
    "START_DATE_PLAN END_DATE_PLAN DEADLINE REAL_STATUS STATUS_COMPLETE PRIORITY MARK CREATED_BY_LAST_NAME "
    "RESPONSIBLE_LAST_NAME GROUP_ID TIME_ESTIMATE ALLOW_CHANGE_DEADLINE ALLOW_TIME_TRACKING "
    "MATCH_WORK_TIME FAVORITE SORTING IS_PINNED IS_PINNED_IN_GROUP".split()
)
_ALIAS = {"REAL_STATUS": "STATUS", "STATUS_COMPLETE": "STATUS"}
_YES_NO = {"Y": "Yes", "N": "No"}
_VALUES: dict[str, Any] = {
    "MARK": {"N": "Negative", "P": "Positive"},
    "PRIORITY": {"2": "High", "1": "Medium", "0": "Low"},
    "STATUS": {
        "2": "Pending",
        "3": "In Progress",
        "4": "Awaiting Review",
        "5": "Completed",
        "6": "Deferred",
    },
    "DURATION_TYPE": ["secs", "mins", "hours", "days", "weeks", "months", "years"],
    "FORKED_BY_TEMPLATE_ID": _YES_NO,  # declared so, although it holds an id
}
_TOLD_TYPES = {"reference": "integer", "MATCH_WORK_TIME": "integer", "UF_CRM_TASK": "crm"}
_UNTOLD = frozenset({"CHAT_ID", "DESCRIPTION_IN_BBCODE", "TAGS"})


def camel(name: str) -> str:
    """CHANGED_DATE becomes changedDate; the way back is lost."""
    first, *rest = name.lower().split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _selected(table: Table, select: list[Any]) -> list[str]:
    if any(not isinstance(name, str) for name in select):
        raise Failure(400, "0", "Invalid select data (internal error)")
    every = not select or "*" in select
    customs = any(name.startswith("UF_") for name in select)  # asking for one brings them all

    def chosen(column: Column) -> bool:
        if column.hidden:
            return False
        if column.custom:
            return (every and customs) or column.name in select
        return column.name in select or column.name == "ID" or (every and not column.named)

    return [column.name for column in table.columns.values() if chosen(column)]


def _query(office: Office, table: Table, conditions: Mapping[str, Any]) -> Query:
    query = Query()
    split_up = [(*split(key), value) for key, value in conditions.items()]
    names = {name for _, name, _ in split_up}
    for prefix, name, value in split_up:
        known = name in _FILTERABLE or name.startswith("UF_")
        column = table.columns.get(_ALIAS.get(name, name))
        # with both in one filter only the first of the two dates is applied (wrapDateFilters)
        shadowed = name == "ACTIVITY_DATE" and "CHANGED_DATE" in names
        if known and column is not None and prefix in _PREFIXES and not shadowed:
            _narrow(office, query, table, column, prefix, value)
    return query


def _narrow(office: Office, query: Query, table: Table, column: Column, prefix: str, value: Any) -> None:
    rules = office.rules(unparsable=0)  # a bad date is the beginning of 1970
    if prefix == "><":
        low, high = [*php.members(value), None, None][:2]
        narrow(query, table, column, ">=", low, rules)
        narrow(query, table, column, "<=", high, rules)
        return
    narrow(query, table, column, prefix, value, rules)


def _ordered(table: Table, order: Mapping[str, Any]) -> Order | bool:
    for name in order:
        if name not in _SORTABLE:
            raise Failure(400, "0", "Invalid sorting key (internal error)")
    ways = [(_ALIAS.get(name, name), php.text(way).lower().startswith("desc")) for name, way in order.items()]
    if not ways:
        return False
    if ways[0][0] == "ID":
        return ways[0][1]
    return [(key_of(table, name), descending) for name, descending in ways]


def _array(call: Call, name: str) -> Any:
    value = call.get(name, default=[])
    if not isinstance(value, (dict, list)):
        shown = (
            f"Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type array."
        )
        raise Failure(400, "100", f"{shown} (internal error)")
    return value


def _people(office: Office, names: list[str]) -> Any:
    """The objects a list adds for the people of a task."""

    def person(user_id: Any) -> dict[str, Any]:
        id_ = php.intval(user_id)
        users = office.world.tables["users"]
        position = users.value(id_, "WORK_POSITION") if id_ in users.ids else None
        return {
            "id": str(id_),
            "name": office.world.name_of(id_) or f"user{id_}",
            "link": f"/company/personal/user/{id_}/",
            "icon": "/bitrix/images/tasks/default_avatar.png",
            "workPosition": position,
        }

    def extra(raw: Raw) -> dict[str, Any]:
        told: dict[str, Any] = {"group": _group(raw)}
        for name, key in (("CREATED_BY", "creator"), ("RESPONSIBLE_ID", "responsible")):
            if name in names:
                told[key] = person(raw.get(name))
        for name, key in (("ACCOMPLICES", "accomplicesData"), ("AUDITORS", "auditorsData")):
            told[key] = {str(id_): person(id_) for id_ in raw.get(name) or ()} or []
        return told | {"subStatus": str(raw.get("STATUS"))}

    return extra


def _group(raw: Raw) -> Any:
    id_ = raw.get("GROUP_ID")
    if not id_:
        return []
    return {"id": str(id_), "name": f"Project {id_}", "opened": True, "membersCount": 3, "additionalData": []}


@method("tasks.task.list", "task")
def task_list(office: Office, call: Call) -> Reply:
    """A page of tasks. Past the end it is empty; with a negative start there is neither total nor next."""
    table = office.world.tables["tasks"]
    names = _selected(table, php.members(_array(call, "select")))
    order = _array(call, "order")
    conditions = _array(call, "filter")
    query = Query() if call.ignore_filter or not conditions else _query(office, table, conditions)
    ways = _ordered(table, order or {})
    start = max(call.start, 0) // PAGE * PAGE
    ids = page(table, query, ways, start, PAGE)
    shape = office.shape("tasks", names, "task", camel, _people(office, names))
    result = {"tasks": Rows([shape.write(id_) for id_ in ids])}
    if call.start < 0:
        return Reply(result, rows=len(ids), listing=True)
    total = count(table, query)
    after = start + len(ids)
    follows = after if ids and after < total else None
    return Reply(result, total=total, next=follows, rows=len(ids), counted=total, listing=True)


@method("tasks.task.get", "task")
def task_get(office: Office, call: Call) -> Reply:
    """One task, or HTTP 200 with `[]` when there is none that may be read."""
    if "taskId" not in call.params:
        raise Failure(400, "100", "Could not find value for parameter {taskId} (internal error)")
    table = office.world.tables["tasks"]
    names = _selected(table, php.members(_array(call, "select")))
    id_ = php.intval(call.params["taskId"])
    if id_ not in table.ids:
        return Reply([])
    shape = office.shape("tasks", names, "task", camel, _people(office, names))
    action = {"accept": False, "edit": True, "remove": True, "elapsedtime.add": True}
    return Reply({"task": shape.plainly(table.raw(id_)) | {"action": action}}, rows=1)


@method("tasks.task.getFields", "task")
def task_fields(office: Office, _call: Call) -> Reply:
    """What the fields of a task are; CHAT_ID is not among them."""
    columns = office.world.tables["tasks"].columns.values()
    return Reply({"fields": {column.name: _told(column) for column in columns if column.name not in _UNTOLD}})


def _told(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {"title": None if column.title == column.name else column.title}
    values = _VALUES.get(column.name)
    if column.name in _TOLD_TYPES:
        told["type"] = _TOLD_TYPES[column.name]
    elif column.name == "UF_TASK_WEBDAV_FILES":
        told["type"] = "disk_file"
    elif column.name == "UF_MAIL_MESSAGE":
        told["type"] = "mail_message"
    elif values or column.type == "char":
        told |= {"type": "enum", "values": values or _YES_NO}
    else:
        told["type"] = "array" if column.multiple else _TOLD_TYPES.get(column.type, column.type)
    if column.name == "ID":
        told["primary"] = True
    if column.name in _DEFAULTS:
        told["default"] = _DEFAULTS[column.name]
    return told | ({"required": True} if column.required else {})


_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys("PARENT_ID GROUP_ID STAGE_ID SPRINT_ID BACKLOG_ID FLOW_ID".split(), 0),
    **dict.fromkeys("COMMENTS_COUNT SERVICE_COMMENTS_COUNT NEW_COMMENTS_COUNT".split(), 0),
    **dict.fromkeys("MARK CLOSED_BY CLOSED_DATE ACTIVITY_DATE DATE_START DEADLINE START_DATE_PLAN".split()),
    **dict.fromkeys("END_DATE_PLAN GUID XML_ID SUBORDINATE FAVORITE EXCHANGE_MODIFIED EXCHANGE_ID".split()),
    "OUTLOOK_VERSION": None,
    **dict.fromkeys("MULTITASK NOT_VIEWED REPLICATE ALLOW_CHANGE_DEADLINE ALLOW_TIME_TRACKING".split(), "N"),
    **dict.fromkeys("TASK_CONTROL ADD_IN_REPORT FORKED_BY_TEMPLATE_ID".split(), "N"),
    **dict.fromkeys("IS_MUTED IS_PINNED IS_PINNED_IN_GROUP".split(), "N"),
    "PRIORITY": 1,
    "STATUS": 2,
    "DURATION_TYPE": "days",
}
