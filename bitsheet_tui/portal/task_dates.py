"""Whether a portal's dates of tasks are right as they are printed, or have today's offset behind every one.

By the source each date of a task is the time of the webhook owner's zone with the offset which that zone has
today (`modules/tasks/lib/rest/controllers/task.php`, formatDateFieldsForOutput) [S], which `rows.clean` puts
right. Whether a live portal does so nobody has seen [U], and a right date would be made wrong by an hour. So
a portal is asked, where the owner's zone sets its clocks:

1. A task of the other season whose offset is not today's: the portal does not print today's everywhere.
2. Today's offset, which is not the server's: it does, for it is the owner's.
3. Else its filter decides, for it takes an offset at its word (strtotime) [S]: a task that is found under the
   moment that is printed was created then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.client import Batch
from bitsheet_tui.portal.listing import page_rows, parameters
from bitsheet_tui.portal.rows import mender, zone_of
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.tables import Case, Table

DAY = timedelta(days=1)
YEAR = 400  # days
SOME = 3  # tasks that are asked for
FIELD, PRINTED = "CREATED_DATE", "createdDate"  # it never moves


async def with_dates(
    profile: Profile, ask: Batch, tables: Iterable[Table], server: tzinfo | None, now: datetime
) -> Profile:
    """`profile` with what is found of the dates of that one of `tables` which has such."""
    for table in tables:
        if table.case is Case.MIXED and table.name not in profile.faults:
            right = await are_right(ask, table, profile.zone, server, now)
            profile = replace(profile, dates_are_right=right)
    return profile


async def are_right(ask: Batch, table: Table, zone: str, server: tzinfo | None, now: datetime) -> bool:
    """Whether nothing of them needs to be put right; False where that cannot be told.

    `zone` is the owner's, `server` the offset of the server's clock. At most two requests; none where the
    zone has one offset only.
    """
    place = zone_of(zone)
    season = _other_season(place, now) if place else None
    if place is None or season is None:
        return False
    first, last = season
    rows = _rows(table, (await ask({"season": _ask(table, first, last)})).get("season"))
    dates = {row.get("id"): moment for row in rows if (moment := _moment(row.get(PRINTED)))}
    offsets = {moment.utcoffset() for moment in dates.values()}
    today = {(now + wait).astimezone(place).utcoffset() for wait in (-DAY, timedelta(), DAY)}
    if offsets - today:
        return True
    if not dates or server is None or now.astimezone(server).utcoffset() not in offsets:
        return False
    return await _found_as_printed(ask, table, dict(list(dates.items())[:SOME]), zone, now)


def _other_season(place: ZoneInfo, now: datetime) -> tuple[datetime, datetime] | None:
    """The newest stretch of days with another offset than today's, a day less at either end."""
    today = now.astimezone(place).utcoffset()
    days = [now - number * DAY for number in range(1, YEAR)]
    differing = [at for at in days if at.astimezone(place).utcoffset() != today]
    if not differing:
        return None
    newest = differing[0]
    run = [at for number, at in enumerate(differing) if at == newest - number * DAY]
    return (run[-1] + DAY, newest - DAY) if len(run) > 2 else None


async def _found_as_printed(
    ask: Batch, table: Table, dates: Mapping[Any, datetime], zone: str, now: datetime
) -> bool:
    """Whether these tasks are found under the moments that are printed, and not under those put right."""
    mend = mender(zone, now) or str
    asks: dict[str, Ask] = {}
    for place, (id_, moment) in enumerate(dates.items()):
        mended = datetime.fromisoformat(mend(moment.isoformat()))
        asks[f"printed{place}"] = _ask(table, moment, moment, ID=id_)
        asks[f"mended{place}"] = _ask(table, mended, mended, ID=id_)
    answers = await ask(asks)
    found = [key for key in asks if _rows(table, answers.get(key))]
    return any(key.startswith("printed") for key in found) and not any(key.startswith("m") for key in found)


def _ask(table: Table, first: datetime, last: datetime, **more: Any) -> Ask:
    bounds = {f">={FIELD}": _text(first), f"<={FIELD}": _text(last)}
    return Ask(table.method, parameters(table, {**more, **bounds}, ("ID", FIELD)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _rows(table: Table, answer: Answer | PortalError | None) -> Sequence[Mapping[str, Any]]:
    try:
        return page_rows(table, answer) if isinstance(answer, Answer) else ()
    except BadAnswer:
        return ()


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
