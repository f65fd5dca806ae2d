"""Values that contradict what their fields are described as, and descriptions that contradict all values."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bitsheet_tui.portal.demo.columns import INTEGERS, REFERENCES, Column
from bitsheet_tui.portal.demo.kinds import UTC_DAY, Spelt

if TYPE_CHECKING:
    from bitsheet_tui.portal.demo.settings import Spelling
    from bitsheet_tui.portal.demo.table import Table
    from bitsheet_tui.portal.demo.world import World

EVERY = 1000  # of so many values one is odd
_SPELLINGS: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(INTEGERS, ("about five", 1.5, [5])),
    **dict.fromkeys(REFERENCES | {"enumeration"}, ("abc", {"id": 5})),
    "double": ("to be agreed", "1e999", ["5"]),
    "char": ("maybe", 2),
    "boolean": ("perhaps", ["Y"]),
    "date": (True, "10.04.1955", "next spring"),
    "datetime": ("yesterday", 5),
}
# the portal itself works with the others of a task
_OF_TASKS = frozenset(
    "DEADLINE DATE_START START_DATE_PLAN END_DATE_PLAN TIME_ESTIMATE TIME_SPENT_IN_LOGS GROUP_ID STAGE_ID "
    "DURATION_PLAN DURATION_FACT EXCHANGE_MODIFIED".split()
)
_TABLES = ("leads", "contacts", "companies", "deals", "activities", "tasks")
# what a field of deals holds, and what it is described as
MISTYPED: Mapping[str, str] = {"UF_CRM_1700000001": "integer", "UF_CRM_1700000009": "double"}


def scatter(world: World, seed: int) -> int:
    """Make one value in a thousand contradict its type; how many that are. The truth of them is None."""
    throws, made = random.Random(seed), 0  # noqa: S311 - a demo, not a lottery
    for name in _TABLES:
        table = world.tables[name]
        columns = [column for column in table.columns.values() if _may_be_odd(table, column)]
        places = range(table.ids.base * len(columns))
        for place in throws.sample(places, len(places) // EVERY):
            rank, column = divmod(place, len(columns))
            spelling = throws.choice(_SPELLINGS[columns[column].type])
            table.put(table.ids.nth(rank), {columns[column].name: Spelt(spelling)})
            made += 1
    return made


def _may_be_odd(table: Table, column: Column) -> bool:
    """Whether a value of it may be odd; the portal finds rows by their key and their dates."""
    known = {table.blueprint.key, table.blueprint.created, table.blueprint.changed}
    if (
        column.name in known
        or column.type == "crm_category"
        or column.multiple
        or column.hidden
        or column.named
    ):
        return False
    return column.type in _SPELLINGS and (table.name != "tasks" or column.name in _OF_TASKS)


def reform(world: World, spelling: Spelling) -> None:
    """Let values be printed as `spelling` says, in every table that has such fields."""
    forms = {
        "boolean": "bool" if spelling.flags == "bool" else "",
        "money": "amount" if spelling.money == "number" else "",
        "address": "text" if spelling.address == "text" else "",
        "crm": "bare" if spelling.binding == "bare" else "",
        "employee": "number" if spelling.employee == "number" else "",
    }
    for name, table in world.tables.items():
        days = UTC_DAY if name == "users" and spelling.user_days == "utc" else ""
        for column in list(table.columns.values()):
            form = days if column.type == "date" else forms.get(column.type, "") if column.custom else ""
            if form:
                world.change_field(name, replace(column, form=form))


def enlarge(world: World, *, many: int = 500, long: int = 2**18, longest: int = 70 * 2**20) -> None:
    """Give the newest `many` activities texts of `long` characters each, and one in their middle `longest`.

    All have one text, so that it takes no space; nothing in their dates moves.
    """
    table, text = world.tables["activities"], "an e-mail with its pictures " * (long // 28)
    newest = [table.ids.nth(rank) for rank in range(max(0, table.ids.base - many), table.ids.base)]
    for id_ in newest:
        table.put(id_, {"DESCRIPTION": text})
    table.put(newest[len(newest) // 2], {"DESCRIPTION": "x" * longest})


def mistype(world: World) -> None:
    """Describe two fields of deals as numbers, which they are not."""
    for name, told in MISTYPED.items():
        world.change_field("deals", replace(world.tables["deals"].columns[name], told=told))
