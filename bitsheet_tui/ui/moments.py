"""A time as people type it."""

import re
from datetime import datetime, timedelta, tzinfo

_CLOCK = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T]+)?(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_AGO = re.compile(r"(\d{1,6}) *(s|sn|m|dk|h|sa|d|g|gün)(?: ago| önce)?", re.ASCII)
_UNITS = {"s": 1, "sn": 1, "m": 60, "dk": 60, "h": 3600, "sa": 3600, "d": 86400, "g": 86400, "gün": 86400}


def parse(text: str, now: datetime, zone: tzinfo | None) -> datetime | None:
    """`10:02`, `10:02:13`, `2026-11-24 10:02`, `15m`: the newest such moment that is not in the future.

    None for anything else.
    """
    text = text.strip().lower()
    if ago := _AGO.fullmatch(text):
        return now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return None
    day, hour, minute, second = clock.groups()
    local = now.astimezone(zone)
    try:
        if day:
            year, month, date = map(int, day.split("-"))
            local = local.replace(year=year, month=month, day=date)
        found = local.replace(hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=0)
    except ValueError:
        return None
    return found - timedelta(days=1) if not day and found > now else found
