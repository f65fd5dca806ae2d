"""In which order the tables are shown."""

from collections.abc import Callable, Mapping
from typing import Any

from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.ui.format import quantile
from bitsheet_tui.ui.picture import EPOCH, Picture

GRAVITY = {
    Standing.REFUSED: 0, Standing.FAILED: 1, Standing.RESTING: 2, Standing.NEVER: 3, Standing.FILLING: 4,
    Standing.PARTIAL: 5, Standing.READING: 6, Standing.QUEUED: 7, Standing.OK: 8,
}  # fmt: skip
# by the title of a column, the first in the list is what people look for: the gravest, the oldest, the most
SORTS: Mapping[str, Callable[[Picture, TableState], Any]] = {
    "table": lambda picture, table: table.name,
    "rows": lambda picture, table: -(table.rows or 0),
    "new": lambda picture, table: -table.new,
    "chg": lambda picture, table: -table.changed,
    "gone": lambda picture, table: -table.gone,
    "state": lambda picture, table: (not table.held, GRAVITY[table.standing], not picture.late(table)),
    "synced": lambda picture, table: table.synced_at or EPOCH,
    "p95": lambda picture, table: -(quantile(table.seconds, 0.95) or 0),
}
ORDERS = ("", *SORTS)  # the first: as a cycle reads them


def ordered(picture: Picture, sort: str, *, reverse: bool) -> list[TableState]:
    """The tables as `sort` says; equal ones stay in the order of a cycle."""
    key = SORTS.get(sort)
    if key is None:
        return picture.tables[::-1] if reverse else picture.tables
    return sorted(picture.tables, key=lambda table: key(picture, table), reverse=reverse)
