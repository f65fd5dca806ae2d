"""Numbers, times and ages as people read them, in the language spoken."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from math import log

from bitsheet_tui.ui import language
from bitsheet_tui.ui.glyphs import DASH, EMPTY, FULL
from bitsheet_tui.ui.language import t

UNKNOWN = DASH
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def count(number: int | None) -> str:
    """`205,435`; a dash for what is not known yet."""
    return UNKNOWN if number is None else language.number(f"{number:,}")


def short(number: float) -> str:
    """At most five characters: `9,999`, `12.3k`, `205k`, `1.2M`."""
    for limit, scale, digits, unit in (
        (10_000, 1, 0, ""), (99_950, 1e3, 1, "k"), (999_500, 1e3, 0, "k"), (99_950_000, 1e6, 1, "M"),
    ):  # fmt: skip
        if number < limit:
            return language.number(f"{number / scale:,.{digits}f}") + unit
    return language.number(f"{number / 1e6:,.0f}M")


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
    return text if same else f"{local.day} {t(MONTHS[local.month - 1])} {text}"


def lately(at: datetime | None, zone: tzinfo | None, now: datetime, *, seconds: bool = True) -> str:
    """The time of day, which stays as it is while nothing happens; what is older than a day has its age."""
    if at is None or (now - at).total_seconds() >= 86400:
        return age(at, now)
    return at.astimezone(zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, for a column of ages: `now`, `2m ago`, `5h ago`, `3d ago`."""
    return _passed(at, now, ("{n}m ago", "{n}h ago", "{n}d ago"))


def ago(at: datetime | None, now: datetime) -> str:
    """The same in a sentence."""
    passed = since(at, now)
    return passed if at is None or (now - at).total_seconds() < 60 else t("{span} ago", span=passed)


def since(at: datetime | None, now: datetime) -> str:
    """How long it is: `now`, `2m`, `5h`, `3d`."""
    return _passed(at, now, ("{n}m", "{n}h", "{n}d"))


def _passed(at: datetime | None, now: datetime, units: tuple[str, str, str]) -> str:
    """In the largest unit of minutes, hours, days."""
    if at is None:
        return t("never")
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return t("now")
    unit, size = (0, 60) if seconds < 3600 else (1, 3600) if seconds < 48 * 3600 else (2, 86400)
    return t(units[unit], n=f"{int(seconds // size)}")


def span(seconds: float) -> str:
    """A duration to come, rounded as far as it can be trusted: `9 s`, `12 min`, `1 h 12 min`, `3 d 4 h`."""
    return _rounded(seconds, ("{s} s", "{m} min", "{h} h {m} min", "{d} d {h} h"))


def brief(seconds: float) -> str:
    """`span` in at most six characters: `9s`, `12m`, `1h12m`, `3d4h`."""
    return _rounded(seconds, ("{s}s", "{m}m", "{h}h{m}m", "{d}d{h}h"))


def _rounded(seconds: float, units: tuple[str, str, str, str]) -> str:
    if seconds < 99.5:
        return t(units[0], s=f"{max(0, round(seconds))}")
    minutes = round(seconds / 60)
    if minutes < 60:
        return t(units[1], m=f"{minutes}")
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return t(units[2], h=f"{hours}", m=f"{minutes:02}")
    return t(units[3], d=f"{hours // 24}", h=f"{hours % 24}")


def took(seconds: float | None) -> str:
    """A duration that was measured: `40ms`, `0.4s`, `9.8s`, `118s`, `12m`."""
    if seconds is None:
        return UNKNOWN
    if 0 < seconds < 0.0995:
        return f"{max(1, round(seconds * 1000))}ms"
    if seconds < 9.95:
        return t("{s}s", s=language.number(f"{seconds:.1f}"))
    return t("{s}s", s=f"{seconds:.0f}") if seconds < 600 else brief(seconds)


def stopwatch(seconds: float) -> str:
    """`0:12`, `4:47`, `1:02:03`."""
    hours, rest = divmod(max(0, round(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def rate(rows: float) -> str:
    """Rows a second: `82/s`, `4,872/s`, `0.4/s`."""
    return t("{n}/s", n=language.number(f"{rows:.1f}") if 0 < rows < 10 else short(rows))


def percent(share: float) -> str:
    """`61%`; never 100 % before it is done, never 0 % once it has begun."""
    return t("{n}%", n=f"{min(99, max(1, int(share * 100))) if 0 < share < 1 else int(share * 100)}")


def asked(requests: float) -> str:
    """Requests a second: `1.8/s`."""
    return t("{n}/s", n=language.number(f"{requests:.1f}"))


def share(part: float) -> str:
    """What is used of something, which may be more than all of it: `62%`."""
    return t("{n}%", n=f"{part * 100:.0f}")


def plural(number: int, noun: str) -> str:
    """`1 table`, `9 tables`; the noun is a key of the catalogue."""
    return f"{count(number)} {language.counted(number, noun)}"


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
