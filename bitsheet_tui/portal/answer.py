"""What is asked of the portal and what it says: a method with parameters, and a result with its time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeAlias

from msgspec import Struct, field

from bitsheet_tui.errors import BadAnswer, Reason
from bitsheet_tui.portal import body
from bitsheet_tui.portal.body import Packed
from bitsheet_tui.portal.verdict import ENDS_ITSELF

Json: TypeAlias = body.Json


class Ask(Struct, frozen=True):
    """One method of the portal with its parameters, in the portal's own spelling."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    counts: bool = False  # rows of a whole table, which says nothing of how long a page takes


class Answer:
    """What the portal gave for one Ask.

    `started` is the portal's clock when it began (aware UTC), `seconds` how long it took there. `total`
    says nothing when the list was asked with `start=-1`: the portal then prints 0 or leaves it out. `cost`
    is how many seconds of its method's time it took; None: nobody told.
    """

    __slots__ = ("_result", "cost", "next", "seconds", "started", "total")

    def __init__(
        self,
        *,
        result: Json | Packed,
        total: int | None = None,
        next: int | None = None,  # noqa: A002 - the portal's own word
        started: datetime,
        seconds: float,
        cost: float | None = None,
    ) -> None:
        self.cost = cost
        self._result, self.total, self.next = result, total, next
        self.started, self.seconds = started, seconds

    @property
    def result(self) -> Json:
        """What was answered, read anew each time it is looked at. Raises BadAnswer when it is no JSON."""
        if not isinstance(self._result, Packed):
            return self._result
        try:
            return self._result.open()
        except ValueError:
            text = "A part of the portal's answer cannot be read."
            raise BadAnswer(text, ENDS_ITSELF, reason=Reason.GARBAGE) from None

    @property
    def packed(self) -> Packed | None:
        """The result as it came, unless it is small."""
        return self._result if isinstance(self._result, Packed) else None


class Timing(Struct, frozen=True, kw_only=True):
    """The `time` object. `operating` is what the method has used of its budget so far, not a cost."""

    started: datetime
    finished: datetime
    zone: tzinfo | None = None  # the offset that the server's clock has now; none where it is not told
    seconds: float  # up to a second too many where `exact` is false
    exact: bool = True
    operating: float | None = None
    reset_at: datetime | None = None  # when the oldest part of `operating` is forgotten


def mapping(value: Json) -> dict[str, Json]:
    """A PHP map: an object as it is, `[]` as an empty one, a list by its positions.

    Raises ValueError for anything else. PHP prints an empty map as `[]` and a map with the keys 0..n-1
    as a list (`modules/rest/lib/...`: json_encode of an array).
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    raise ValueError("neither an object nor a list")


def timing(value: Json) -> Timing:
    """The `time` object of an answer. Raises ValueError when it is none.

    Newer portals cut `start` to whole seconds and count `duration` from there, so it reads up to a second
    too long; `finish` is always exact. Source: apidocs.bitrix24.com data-types, `time`.
    """
    if not isinstance(value, dict):
        raise ValueError("no time")  # noqa: TRY004 - whatever is wrong with it, it is no time
    started = moment(value.get("start")) or moment(value.get("date_start"))
    if started is None:
        raise ValueError("no start")
    finished = moment(value.get("finish")) or moment(value.get("date_finish")) or started
    seconds = number(value.get("duration"))
    if seconds is None:
        seconds = (finished - started).total_seconds()
    return Timing(
        started=started,
        finished=finished,
        zone=offset(value.get("date_finish")) or offset(value.get("date_start")),
        seconds=max(0.0, seconds),
        exact=isinstance(value.get("start"), float),
        operating=number(value.get("operating")),
        reset_at=moment(value.get("operating_reset_at")),
    )


def moment(value: Json) -> datetime | None:
    """An instant in UTC from Unix seconds or an ISO text with an offset; None when it is neither."""
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else None
        seconds = number(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def offset(value: Json) -> tzinfo | None:
    """The offset of an ISO text; None when it has none."""
    try:
        return datetime.fromisoformat(value).tzinfo if isinstance(value, str) else None
    except ValueError:
        return None


def number(value: Json) -> float | None:
    """A finite number, also when spelled as text; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


def whole(value: Json) -> int | None:
    """A whole number, also when spelled as text; None when it is none."""
    parsed = number(value)
    return int(parsed) if parsed is not None else None
