"""Dates as the portal reads and writes them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

QUARTER = 900  # seconds; every time zone's offset is a multiple of it
_KEEP = 16_384  # quarters remembered by one Stamper

_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:(?:T|t| +)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r" ?(?P<z>Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?"
)
_DOTTED = re.compile(
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"
    r"(?: +(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?)?"
    r" ?(?P<z>Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?"
)
_WORDS = {"today": 0, "midnight": 0, "yesterday": -1, "tomorrow": 1}


def strtotime(value: Any, zone: tzinfo, now: float) -> int | None:
    """Unix seconds of a text as PHP's `strtotime` understands it in `zone`; None: it does not.

    `2026-01-02T03:04:05 03:00`, what an unescaped `+` becomes in a query, is not understood.
    """
    if isinstance(value, (dict, list, bool)) or value is None:
        return None
    text = str(value).strip()
    if text.lower() == "now":
        return int(now)
    if text.startswith("@") and text[1:].lstrip("-").isdigit():
        return int(text[1:])
    if text.lower() in _WORDS:
        day = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return int((day + timedelta(days=_WORDS[text.lower()])).timestamp())
    match = _ISO.fullmatch(text) or _DOTTED.fullmatch(text)
    return _instant(match, zone) if match else None


def _instant(match: re.Match[str], zone: tzinfo) -> int | None:
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    hour, minute, second = (int(match[part] or 0) for part in "HMS")
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= 31) or hour > 24 or minute > 59 or second > 59:
        return None
    # PHP lets February 30 run over into March
    local = datetime(year, month, 1) + timedelta(  # noqa: DTZ001 - the zone follows
        days=day - 1, hours=hour, minutes=minute, seconds=second
    )
    offset = match["z"]
    if offset is None:
        return int(local.replace(tzinfo=zone).timestamp())
    return int(local.replace(tzinfo=UTC).timestamp()) - _offset(offset)


def _offset(text: str) -> int:
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    return (-1 if text[0] == "-" else 1) * (hours * 3600 + minutes * 60)


class Stamper:
    """Writes instants as quoted ISO text in one zone: `"2024-08-30T14:29:00+02:00"`, quickly.

    With `suffix` the wall time is the zone's but the printed offset is always that one, which is how
    task dates carry the offset of today whatever day they denote
    (`modules/tasks/lib/rest/controllers/task.php`, formatDateFieldsForOutput).
    """

    def __init__(self, zone: tzinfo, suffix: bytes = b"") -> None:
        self._zone = zone
        self._suffix = suffix
        self._quarters: dict[int, tuple[bytes, list[bytes], bytes]] = {}

    def __call__(self, seconds: int) -> bytes:
        """The quoted text of an instant in unix seconds."""
        quarter = seconds // QUARTER
        known = self._quarters.get(quarter)
        if known is None:
            known = self._learn(quarter)
        return known[0] + known[1][seconds % QUARTER] + known[2]

    def _learn(self, quarter: int) -> tuple[bytes, list[bytes], bytes]:
        local = datetime.fromtimestamp(quarter * QUARTER, self._zone)
        suffix = self._suffix or offset_text(local).encode()
        known = (
            f'"{local.year:04}-{local:%m-%dT%H:}'.encode(),
            _MINUTES[local.minute // 15],
            suffix + b'"',
        )
        if len(self._quarters) >= _KEEP:
            self._quarters.clear()
        self._quarters[quarter] = known
        return known


_MINUTES = [
    [b"%02d:%02d" % divmod(start * QUARTER + second, 60) for second in range(QUARTER)] for start in range(4)
]


def offset_text(moment: datetime) -> str:
    """`+03:00`."""
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    minutes = abs(seconds) // 60  # PHP cuts the seconds that offsets of long ago have
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def iso(seconds: float, zone: tzinfo) -> str:
    """PHP's `date('c')`: whole seconds with offset."""
    local = datetime.fromtimestamp(int(seconds), zone)
    return f"{local.year:04}-{local:%m-%dT%H:%M:%S}{offset_text(local)}"


def day_text(day: date, zone: tzinfo) -> str:
    """A calendar day the CRM way: its 00:00Z printed in the server's zone."""
    return iso(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp(), zone)


def local_day_text(day: date, zone: tzinfo) -> str:
    """A calendar day the way of `user.get`: its 00:00 of the server's zone."""
    return f"{day.isoformat()}T00:00:00{offset_text(datetime(day.year, day.month, day.day, tzinfo=zone))}"


def day_of(seconds: int, zone: tzinfo) -> date:
    """The calendar day of an instant in a zone."""
    return datetime.fromtimestamp(seconds, zone).date()


def today_stamper(zone: tzinfo, now: float) -> Callable[[int], bytes]:
    """A Stamper whose offset is the one of `now`."""
    return Stamper(zone, offset_text(datetime.fromtimestamp(now, zone)).encode())
