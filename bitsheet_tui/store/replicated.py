"""What a replica knows of itself: of which mirror it is the copy, and how far it is."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct


class Replicated(Struct, frozen=True, kw_only=True):
    """Kept in `bitsheet_meta`, in the transactions that copy."""

    of: str  # the source, for people
    seq: int  # every line up to it is here
    at: datetime  # aware UTC, this host's clock: when it was last as the source was then
    table: str = ""  # of a first copy: the one in hand
    after: tuple[Any, ...] = ()  # and the last key of it that is here; empty: none yet
    copied: int = 0  # rows of a first copy so far
    whole: bool = False  # whether it has ever been as the source was
    again: tuple[str, ...] = ()  # tables that have to be read once more

    def behind(self, now: datetime) -> float:
        """How many seconds ago it was as the source was."""
        return max(0.0, (now - self.at).total_seconds())


def read(text: str) -> Replicated | None:
    """What is remembered under REPLICA; None: it is no replica."""
    return msgspec.json.decode(text, type=Replicated) if text else None
