"""How many rows the portal has in a range of ids, and which of some ids it has.

With `start` at 0 a list also says how many rows there are in all (`total`), for the price of counting them
(apidocs.bitrix24.com/settings/performance/huge-data.html). Rows that the webhook may not see are not counted.
"""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from bitsheet_tui.errors import BadAnswer, Reason
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.listing import PAGE, id_of, ids_of, page_rows, parameters
from bitsheet_tui.tables import Table

IDS = ("ID",)


def count(table: Table, above: int, upto: int | None) -> Ask:
    """Ask how many rows have an id in (above, upto]; `upto` None: all that are above."""
    bounds = ({">ID": above} if above else {}) | ({} if upto is None else {"<=ID": upto})
    return Ask(table.method, {**parameters(table, bounds, IDS), "start": 0}, counts=True)


def counted(table: Table, above: int, upto: int | None, answer: Answer) -> int | None:
    """What the answer to `count` says; None when it makes no sense.

    `user.get` leaves the total out where there are no rows. Raises BadAnswer for rows outside of the range.
    """
    found = page_rows(table, answer)
    if any(not above < id_ <= (id_ if upto is None else upto) for id_ in ids_of(table, found)):
        raise _ignored(table)
    total = answer.total
    if not found:
        return None if total else 0
    if total is None or total < len(found):
        return len(found) if total is None and len(found) < PAGE else None
    return total if total == len(found) or len(found) == PAGE else None


def some(table: Table, ids: Sequence[int], fields: Sequence[str] = ()) -> Ask:
    """Ask for the rows with these ids, at most a page of them and at least one: no ids would mean all."""
    if not 0 < len(ids) <= PAGE:
        raise ValueError(f"a page is 1 to {PAGE} ids, not {len(ids)}")
    return Ask(table.method, {**parameters(table, {"@ID": list(ids)}, fields), "start": 0})


class Those(Struct, frozen=True):
    """Which of some ids the portal has: `rows` by id, and how many it counts beyond them.

    `more` is 0 when the others are proved to be away: an id whose row does not come may have been left out
    of the page. None: it did not count, and nothing is proved. (An empty page of `user.get` has no count.)
    """

    rows: dict[int, dict[str, Any]]
    more: int | None


def those(table: Table, ids: Collection[int], answer: Answer) -> Those:
    """What the answer to `some` says. Raises BadAnswer for a row that was not asked for."""
    found = page_rows(table, answer)
    rows = {ident: row for row in found if (ident := id_of(table, row)) is not None}
    if not rows.keys() <= set(ids):
        raise _ignored(table)
    total = answer.total if found else answer.total or 0
    return Those(rows, None if total is None or total < len(rows) else total - len(rows))


def by_id(table: Table, id_: int) -> Ask:
    """Ask for one row of a list that knows no bounds on ids; `department.get` filters exactly [D]."""
    return Ask(table.method, {**table.fixed, "ID": id_})


def is_away(table: Table, id_: int, answer: Answer) -> bool:
    """Whether the answer to `by_id` proves that there is no such row: an empty page, and a count of none.

    Raises BadAnswer for another row than was asked for.
    """
    found = page_rows(table, answer)
    if any(other != id_ for other in ids_of(table, found)):
        raise _ignored(table)
    return not found and answer.total == 0


def _ignored(table: Table) -> BadAnswer:
    return BadAnswer(
        f"{table.method} ignores the filter on ID",
        "Nothing was marked as deleted; it is compared again later.",
        reason=Reason.FILTER,
    )
