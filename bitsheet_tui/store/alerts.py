"""Conditions that somebody is told about: one row for each, from when it began until it ended."""

from datetime import datetime
from typing import Any

from bitsheet_tui.store.models import AlertRecord

ACTIVE, ENDED = "active", "ended"


def begin(database: Any, key: str, *, severity: str, text: str, at: datetime) -> None:
    """The condition holds. One that is known to hold is no new alert, whatever its text says now."""
    known = AlertRecord.one(database, AlertRecord.key == key)
    if known is not None and known.state == ACTIVE:
        AlertRecord.update(text=text).where(AlertRecord.key == key).execute(database)
        return
    values = {
        "key": key, "state": ACTIVE, "severity": severity, "text": text, "since": at, "told_at": None,
        "ended_at": None, "times": known.times + 1 if known else 1,
    }  # fmt: skip
    AlertRecord.save_over(database, values, key=("key",))


def end(database: Any, key: str, at: datetime) -> None:
    """The condition is over; nothing happens where there was none."""
    AlertRecord.update(state=ENDED, ended_at=at).where(
        (AlertRecord.key == key) & (AlertRecord.state == ACTIVE)
    ).execute(database)
