"""What the engine says happened. `at` is the host's clock, aware UTC, for people."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from bitsheet_tui.alert import Kind
from bitsheet_tui.errors import Reason


class CycleStarted(Struct, frozen=True, kw_only=True):
    """A pass over the due tables begins."""

    number: int
    at: datetime
    tables: tuple[str, ...]
    asked: tuple[str, ...] = ()  # only these, because somebody wants them; none: a full cycle


class CycleEnded(Struct, frozen=True, kw_only=True):
    """It is over; `failed` names the tables that are not up to date."""

    number: int
    at: datetime
    seconds: float
    rows: int  # inserted and updated
    requests: int
    failed: tuple[str, ...]
    served: bool = True  # false: the portal refused everything, or did not answer
    asked: tuple[str, ...] = ()  # see CycleStarted


class PageStored(Struct, frozen=True, kw_only=True):
    """Rows of one table were committed."""

    table: str
    at: datetime
    read: int  # rows in the answer
    inserted: int
    updated: int
    deleted: int = 0
    quarantined: int = 0
    values: int = 0  # that wait in quarantine, of rows that were stored
    filling: bool = False  # part of a backfill
    done: int = 0  # of the backfill so far: rows, or discussions where those are what is counted
    expected: int | None = None  # of it in the end, as far as one can tell
    left: float | None = None  # seconds to go at the least, by the portal's limits
    delays: Mapping[int, int] = field(default_factory=dict)  # how old its changes were: see `freshness`


class TableRead(Struct, frozen=True, kw_only=True):
    """A table is up to date with the portal's clock at `watermark`."""

    table: str
    at: datetime
    seconds: float
    watermark: datetime


class TableFailed(Struct, frozen=True, kw_only=True):
    """A table could not be read; it is tried again in the next cycle."""

    table: str
    at: datetime
    reason: Reason | None  # none: not the portal's doing
    text: str
    hint: str
    until: datetime | None = None  # the portal rests the method until then
    scope: str = ""  # the permission that the webhook lacks, if that is it
    lasting: bool = False  # the database refuses what the table needs, which does not end by itself
    whole: bool = False  # not this table's trouble: the portal refused everything, or did not answer


class FillStarted(Struct, frozen=True, kw_only=True):
    """A table is read from scratch; `expected` rows, as far as one can tell."""

    table: str
    at: datetime
    expected: int | None
    done: int = 0  # rows already there from before an interruption


class FillEnded(Struct, frozen=True, kw_only=True):
    """Every row that existed when the backfill began has been read."""

    table: str
    at: datetime
    seconds: float
    watermark: datetime | None = None  # everything changed before it, by the portal's clock, is in the mirror


class Counted(Struct, frozen=True, kw_only=True):
    """What the mirror holds of a table."""

    table: str
    rows: int
    deleted: int
    synced_at: datetime | None = None
    watermark: datetime | None = None


class Quarantined(Struct, frozen=True, kw_only=True):
    """What of a table waits in quarantine; 0 and 0: everything could be stored."""

    table: str
    at: datetime
    count: int  # rows
    values: int = 0  # of rows that are stored without them


class Drifted(Struct, frozen=True, kw_only=True):
    """The portal's description of a table changed, and the table followed."""

    table: str
    at: datetime
    added: tuple[str, ...] = ()  # new columns; the table's old rows are read again to fill them
    widened: tuple[str, ...] = ()  # hold text from now on
    retyped: tuple[str, ...] = ()  # are described otherwise; the table's old rows are read again
    retired: tuple[str, ...] = ()  # stay, and are empty in every row read from now on


class Unreadable(Struct, frozen=True, kw_only=True):
    """Discussions that the webhook may not read; neither a failure nor a deletion."""

    table: str
    at: datetime
    count: int
    lacks: str = ""  # the permission of the webhook that would open some of them


class RowsHidden(Struct, frozen=True, kw_only=True):
    """The portal counts so many rows of a table that it does not show; no failure, and told once."""

    table: str
    at: datetime
    count: int


class ClockSetBack(Struct, frozen=True, kw_only=True):
    """The portal's clock had been ahead; what changed in the last `seconds` is read once more."""

    table: str
    at: datetime
    seconds: float


class DeletionsHeld(Struct, frozen=True, kw_only=True):
    """`count` rows seem to be gone from the portal; nothing is marked until somebody confirms."""

    table: str
    at: datetime
    count: int
    reason: str


class Compared(Struct, frozen=True, kw_only=True):
    """Deletions of a table have been looked for."""

    table: str
    at: datetime


class HoldEnded(Struct, frozen=True, kw_only=True):
    """The rows that were held are back, or marked as somebody confirmed."""

    table: str
    at: datetime


class Waiting(Struct, frozen=True, kw_only=True):
    """The portal gave no usable answer; the request is repeated at `until`."""

    reason: Reason
    text: str
    at: datetime
    until: datetime


class Answered(Struct, frozen=True, kw_only=True):
    """The portal answered again after Waiting."""

    at: datetime


class NeedsOperator(Struct, frozen=True, kw_only=True):
    """Nothing can be read until somebody acts; tried again at `until`."""

    text: str
    hint: str
    at: datetime
    until: datetime


class Pinned(Struct, frozen=True, kw_only=True):
    """Another program reads the mirror without a break; so much waits until it is done. 0: no more."""

    size: int  # bytes
    at: datetime


class Behind(Struct, frozen=True):
    """Somebody follows the change feed by this cursor, and has not for long, or is far behind."""

    cursor: str
    days: int  # since it moved
    lines: int  # that wait for it, at most


class CursorsBehind(Struct, frozen=True, kw_only=True):
    """All who are late in following the change feed; none: nobody is any more."""

    cursors: tuple[Behind, ...]
    at: datetime


class BesideFailed(Struct, frozen=True, kw_only=True):
    """Something that runs beside the mirror fails: a channel, the heartbeat, a standing question."""

    kind: Kind  # one of `alert.BESIDE`
    about: str  # which of its kind
    text: str
    hint: str
    at: datetime


class BesideWell(Struct, frozen=True, kw_only=True):
    """It works again, or still does."""

    kind: Kind
    about: str
    at: datetime

    @property
    def key(self) -> str:
        """Of the alert that is over by it."""
        return f"{self.kind}:{self.about}" if self.about else str(self.kind)


class Notified(Struct, frozen=True, kw_only=True):
    """A message was sent to people, or could not be."""

    service: str  # the scheme of the channel's address: slack, mailto
    arrived: bool
    at: datetime


class StoreTrouble(Struct, frozen=True, kw_only=True):
    """The store cannot be written; tried again at `until`."""

    text: str
    hint: str
    at: datetime
    until: datetime
    full: bool = False  # for want of space


class Operating(Struct, frozen=True, kw_only=True):
    """What one method has used of its time budget, in seconds per ten minutes."""

    method: str
    used: float
    budget: float
    until: datetime | None = None  # rests until then
    reset: datetime | None = None  # from then on the portal forgets what was used, bit by bit


class PortalSeen(Struct, frozen=True, kw_only=True):
    """The client's own figures."""

    requests: int
    retries: int
    rate: float  # requests a second, over the last minute
    bucket: float  # how full the leaky bucket is, in requests
    burst: int
    operating: tuple[Operating, ...]
    clock_offset: float = 0.0  # portal minus host, seconds


class HttpRequest(Struct, frozen=True, kw_only=True):
    """One request to the portal has ended. No event of the engine: only who counts requests is told."""

    method: str  # of the portal's REST: mostly batch
    seconds: float  # from its first byte to the last of the answer
    size: int = 0  # bytes of the answer, unpacked
    failed: Reason | None = None  # why there was no usable answer
    again: Reason | None = None  # why it had to be sent once more; none: it was the first try
    room_seconds: float = 0.0  # that it waited for room in the bucket
    asked_seconds: float = 0.0  # that it waited because the portal had asked for it


class Scheduled(Struct, frozen=True, kw_only=True):
    """When the next full cycle starts."""

    at: datetime | None
    quiet_until: datetime | None = None  # why it starts no sooner: the end of the quiet hours


class ClockJumped(Struct, frozen=True, kw_only=True):
    """The host's clock was set; the schedule was made anew."""

    at: datetime
    seconds: float


class Paused(Struct, frozen=True, kw_only=True):
    """No cycle starts until Resumed."""

    at: datetime


class Resumed(Struct, frozen=True, kw_only=True):
    """Cycles start again."""

    at: datetime


class Steered(Struct, frozen=True, kw_only=True):
    """What was changed while the engine runs, and lasts until it ends."""

    at: datetime
    interval: float  # seconds between the starts of cycles
    disabled: tuple[str, ...]  # tables that are not read


class Requested(Struct, frozen=True, kw_only=True):
    """What other processes asked for through the store, and was done."""

    at: datetime
    text: str  # by whom, and what


class Stopping(Struct, frozen=True, kw_only=True):
    """The engine ends after the commit in hand."""

    at: datetime


class Stopped(Struct, frozen=True, kw_only=True):
    """The engine has ended; nothing is written any more."""

    at: datetime


Event = (
    CycleStarted | CycleEnded | PageStored | TableRead | TableFailed | FillStarted | FillEnded | Counted
    | Quarantined | Drifted | Unreadable | RowsHidden | ClockSetBack | DeletionsHeld | Compared | HoldEnded
    | Waiting | Answered | NeedsOperator | Pinned | CursorsBehind | BesideFailed | BesideWell | Notified
    | StoreTrouble | PortalSeen | Scheduled | ClockJumped | Paused | Resumed | Steered | Requested
    | Stopping | Stopped
)  # fmt: skip
