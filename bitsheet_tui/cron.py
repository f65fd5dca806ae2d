"""Cron expressions as crontab(5) has them: five fields, weekdays from Sunday (0 or 7), or by name.

They are read into the numbers that each field allows, so that nobody has to know which day a library calls
the first. Where both the day of the month and the weekday are limited, either is enough, as in crontab(5).
"""

import re
from calendar import monthrange

from msgspec import Struct

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:\*|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:/(\d+))?\Z")


class Cron(Struct, frozen=True):
    """When something is to run, in local time. None: always; `weekdays` are names, `mon` and the like."""

    minutes: tuple[int, ...] | None
    hours: tuple[int, ...] | None
    days: tuple[int, ...] | None
    months: tuple[int, ...] | None
    weekdays: tuple[str, ...] | None


def parse(text: str) -> Cron:
    """What a cron expression says. Raises ValueError with what is wrong with it."""
    parts = text.lower().split()
    if len(parts) != 5:
        raise ValueError(f"has {len(parts)} fields; cron has five: minute, hour, day, month, weekday")
    minute, hour, day, month, weekday = parts
    numbers = _field("weekday", weekday, 0, 7, WEEKDAYS)
    days = None if numbers is None else tuple(WEEKDAYS[number] for number in sorted({n % 7 for n in numbers}))
    cron = Cron(
        minutes=_field("minute", minute, 0, 59),
        hours=_field("hour", hour, 0, 23),
        days=_field("day", day, 1, 31),
        months=_field("month", month, 1, 12, MONTHS, first=1),
        weekdays=days,
    )
    if cron.days and cron.weekdays is None:
        longest = max(monthrange(2024, number)[1] for number in cron.months or range(1, 13))
        if min(cron.days) > longest:
            raise ValueError("names a day that none of its months has")
    return cron


def _field(
    name: str, text: str, low: int, high: int, words: tuple[str, ...] = (), *, first: int = 0
) -> tuple[int, ...] | None:
    """The numbers that a field allows; None: all."""
    if text == "*":
        return None
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.match(part)
        if match is None:
            raise ValueError(f"{name}: {part!r} is no number, range or step")
        begin, end, step = match.groups()
        start = low if begin is None else _number(name, begin, words, first)
        stop = high if begin is None or (step and not end) else start
        stop = _number(name, end, words, first) if end else stop
        if name == "weekday" and end == "sun":
            stop = 7  # fri-sun
        if name == "weekday" and begin is None:
            stop = 6  # 7 is 0 once more
        if not low <= start <= stop <= high:
            raise ValueError(f"{name}: {part!r} is not within {low} to {high}, from the lower to the higher")
        if step is not None and not 1 <= int(step) <= high:
            raise ValueError(f"{name}: {part!r} has a step that is not within 1 to {high}")
        found.update(range(start, stop + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(name: str, text: str, words: tuple[str, ...], first: int) -> int:
    if text.isdigit():
        return int(text)
    if text not in words:
        raise ValueError(f"{name}: there is no {text!r}")
    return words.index(text) + first
