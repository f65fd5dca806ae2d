"""Numbers, times and ages as people read them; every function is pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from math import log

from bitsheet_tui.ui.glyphs import DASH, EMPTY, FULL

UNKNOWN = DASH


def count(number: int | None) -> str:
    """`205,435`; a dash for what is not known yet."""
    return UNKNOWN if number is None else f"{number:,}"


def short(number: float) -> str:
    """At most five characters: `9,999`, `12.3k`, `205k`, `1.2M`."""
    for limit, scale, digits, unit in (
        (10_000, 1, 0, ""), (99_950, 1e3, 1, "k"), (999_500, 1e3, 0, "k"), (99_950_000, 1e6, 1, "M"),
    ):  # fmt: skip
        if number < limit:
            return f"{number / scale:,.{digits}f}{unit}"
    return f"{number / 1e6:,.0f}M"


def delta(sign: str, number: int) -> str:
    """`+112`, `~1,128`; a bare `0` for nothing."""
    return f"{sign}{short(number)}" if number else "0"


def clock(
    at: datetime | None, zone: tzinfo | None, now: datetime | None = None, *, seconds: bool = True
) -> str:
    """The time of day in `zone`, with the day in front when it is not the day of `now`."""
    if at is None:
        return UNKNOWN
    local = at.astimezone(zone)
    text = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    same = now is None or local.date() == now.astimezone(zone).date()
    return text if same else f"{local.day} {local.strftime('%b')} {text}"


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in its largest unit: `now`, `2m ago`, `5h ago`, `3d ago`."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    for limit, size, unit in ((60, 0, ""), (3600, 60, "m"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // size)}{unit} ago" if size else "now"
    return f"{int(seconds // 86400)}d ago"


def span(seconds: float) -> str:
    """A duration to come, rounded as far as it can be trusted: `9 s`, `12 min`, `1 h 12 min`, `3 d 4 h`."""
    if seconds < 99.5:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def brief(seconds: float) -> str:
    """`span` in at most six characters: `9s`, `12m`, `1h12m`, `3d4h`."""
    return span(seconds).replace(" min", "m").replace(" ", "")


def took(seconds: float | None) -> str:
    """A duration that was measured: `40ms`, `0.4s`, `9.8s`, `118s`, `12m`."""
    if seconds is None:
        return UNKNOWN
    if 0 < seconds < 0.0995:
        return f"{max(1, round(seconds * 1000))}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    return f"{seconds:.0f}s" if seconds < 600 else brief(seconds)


def countdown(until: datetime, now: datetime) -> str:
    """`4:47`, `1:02:03`; `0:00` when it is due."""
    return stopwatch((until - now).total_seconds())


def stopwatch(seconds: float) -> str:
    """`0:12`, `4:47`, `1:02:03`."""
    hours, rest = divmod(max(0, round(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def rate(rows: float) -> str:
    """Rows a second: `82/s`, `4,872/s`, `0.4/s`."""
    return f"{rows:.1f}/s" if 0 < rows < 10 else f"{short(rows)}/s"


def percent(share: float) -> str:
    """`61%`; never 100 % before it is done, never 0 % once it has begun."""
    return f"{min(99, max(1, int(share * 100))) if 0 < share < 1 else int(share * 100)}%"


def plural(number: int, noun: str) -> str:
    """`1 table`, `9 tables`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def quantile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank quantile; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def bar(share: float, width: int) -> tuple[str, str]:
    """The done and the open part of a bar of `width` cells."""
    done = min(width, max(0, round(share * width)))
    return FULL * done, EMPTY * (width - done)


def heights(seconds: Sequence[float], steps: int) -> list[int]:
    """Each duration as a height from 1 to `steps`, on a logarithmic scale.

    One backfill of two minutes must not flatten a hundred cycles of a second; a factor below four
    between the shortest and the longest is not blown up to the whole height.
    """
    if not seconds:
        return []
    low = max(0.05, min(seconds))
    reach = max(log(4), log(max(seconds) / low)) if max(seconds) > low else log(4)
    return [1 + min(steps - 1, int(log(max(s, low) / low) / reach * (steps - 0.01))) for s in seconds]
