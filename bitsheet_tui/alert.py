"""What somebody should know of: one alert for each thing that is wrong, from when it began until it ended."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What is wrong: a closed list, also a metric's label."""

    PORTAL_REFUSED = "portal_refused"  # the webhook, or the portal as a whole
    PORTAL_UNREACHABLE = "portal_unreachable"  # a whole cycle failed for want of an answer
    STORE_TROUBLE = "store_trouble"
    STORE_PINNED = "store_pinned"  # a program that reads it without a break lets it grow
    CURSOR_BEHIND = "cursor_behind"  # nobody follows the change feed by it, and lines are kept for it
    SCOPE_LOST = "scope_lost"  # of one permission of the webhook, whatever tables need it
    TABLE_REFUSED = "table_refused"  # by the portal, or by the database
    TABLE_FAILING = "table_failing"  # again and again, or for a reason that does not end by itself
    DELETIONS_HELD = "deletions_held"
    QUARANTINE = "quarantine"
    COMMENTS_CLOSED = "comments_closed"  # for want of a permission of the webhook
    MIRROR_STALE = "mirror_stale"  # no cycle has ended for long; known to notifications alone
    CHANNEL_FAILING = "channel_failing"  # a message cannot be sent through it
    HEARTBEAT_FAILING = "heartbeat_failing"  # its address does not take it
    QUESTION_BROKEN = "question_broken"  # a standing question cannot be answered


ENDS_ITSELF = frozenset(
    {
        Kind.PORTAL_UNREACHABLE,
        Kind.TABLE_FAILING,
        Kind.QUARANTINE,
        Kind.MIRROR_STALE,
        Kind.CHANNEL_FAILING,
        Kind.HEARTBEAT_FAILING,
    }
)
# trouble of what runs beside the mirror, which is none of the mirror's
BESIDE = frozenset({Kind.CHANNEL_FAILING, Kind.HEARTBEAT_FAILING, Kind.QUESTION_BROKEN})


class Alert(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `about` tells alerts of a kind apart: a table, a permission, or nothing."""

    kind: Kind
    about: str = ""
    tables: tuple[str, ...] = ()  # that are not up to date because of it
    text: str
    hint: str
    since: datetime  # the host's clock

    @property
    def key(self) -> str:
        """Under which it is known: there is one alert of a key at a time."""
        return f"{self.kind}:{self.about}" if self.about else str(self.kind)

    @property
    def grave(self) -> bool:
        """Whether somebody must act; the others may end by themselves."""
        return self.kind not in ENDS_ITSELF

    @property
    def whole(self) -> bool:
        """Whether it is about the portal or the store, and not about some tables or what runs beside."""
        return not self.tables and self.kind not in BESIDE
