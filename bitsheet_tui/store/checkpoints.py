"""Where each table stands: saved in the same transaction as the rows it speaks of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.store.models import CheckpointRecord


class Checkpoint(Struct, frozen=True, kw_only=True):
    """How far one table has been read. Moments are the portal's clock, aware UTC."""

    table: str
    watermark: datetime | None = None  # everything changed before it is in the mirror; none: never scanned
    previous: datetime | None = None  # the watermark before it; none: there was none
    reach: int | None = None  # the highest id that was known when the last complete tail began
    floor: int | None = None  # every id in [floor, reach] was read; none: not begun; 0: complete
    fill_started: datetime | None = None
    # what of the ids under floor is not read, as (above, below), neither included; empty: all of it
    unread: tuple[tuple[int, int], ...] = ()
    scan_started: datetime | None = None  # at the first page of the scan in hand
    top: int | None = None  # becomes reach when the scan in hand is complete
    # name of a window -> lowest id committed in the scan in hand; 0: window complete
    progress: Mapping[str, int] = field(default_factory=dict)

    @property
    def filled(self) -> bool:
        """Whether the table has been read to its end, and is not being read once more."""
        return self.watermark is not None and not self.floor


def load(database: Any, table: str) -> Checkpoint:
    """The checkpoint of `table`; an empty one before the first."""
    record = CheckpointRecord.one(database, CheckpointRecord.table_name == table)
    if record is None:
        return Checkpoint(table=table)
    return Checkpoint(
        table=table,
        watermark=record.watermark,
        previous=record.previous,
        reach=record.reach,
        floor=record.floor,
        fill_started=record.fill_started,
        unread=tuple((above, below) for above, below in record.unread or ()),
        scan_started=record.scan_started,
        top=record.top,
        progress=record.progress or {},
    )


def save(database: Any, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of its table."""
    values = {
        "table_name": checkpoint.table,
        "watermark": checkpoint.watermark,
        "previous": checkpoint.previous,
        "reach": checkpoint.reach,
        "floor": checkpoint.floor,
        "fill_started": checkpoint.fill_started,
        "unread": [list(stretch) for stretch in checkpoint.unread],
        "scan_started": checkpoint.scan_started,
        "top": checkpoint.top,
        "progress": dict(checkpoint.progress),
    }
    CheckpointRecord.save_over(database, values, key=("table_name",))
