"""Which variants a live portal shows, judged by a few reads that change nothing, without keeping its data.

A variant is one of `portal.demo.variants`, by its name. True: the portal does that. False: it does what the
demo portal does without a switch. A name that is missing: these reads cannot tell. Chats are not read, for
reading one may be what marks it as read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bitsheet_tui.errors import PortalError, TableRefused
from bitsheet_tui.portal import describe
from bitsheet_tui.portal.answer import Answer, Ask, Json, mapping, number
from bitsheet_tui.portal.body import decode
from bitsheet_tui.portal.judge import words
from bitsheet_tui.portal.listing import PAGE, page_rows, parameters
from bitsheet_tui.portal.verdict import Verdict
from bitsheet_tui.portal.wire import Reply, Wire
from bitsheet_tui.tables import FORUM_METHOD, Paging, Table

Seen = dict[str, bool]
Answers = Mapping[str, Answer | PortalError]

LONG_BODY = 3_000  # bytes that a front end of the variant refuses
_AUTHORITY = frozenset({"insufficient_scope", "invalid_credentials", "no_auth_found"})
_DAYS = ("DATE_REGISTER", "PERSONAL_BIRTHDAY", "UF_EMPLOYMENT_DATE")
_TASK_DATES = ("createdDate", "changedDate", "activityDate", "closedDate", "deadline", "dateStart")
_TYPED = re.compile(r"[A-Z]+[0-9a-f]*_\d+")
_NUMBER = re.compile(r"\d+(\.\d+)?")


class Watch:
    """A wire that looks at what it carries, for what the client leaves out of an answer."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.seen: Seen = {}

    async def post(self, method: str, body: bytes, within: float | None = None) -> Reply | Verdict:
        """See Wire."""
        reply = await self._wire.post(method, body, within)
        if isinstance(reply, Reply):
            self._note(reply, body)
        return reply

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    def _note(self, reply: Reply, sent: bytes) -> None:
        try:
            body = decode(reply.body)
        except ValueError:
            body = None
        said = words(body)
        if said:
            self._refused(said[0].lower(), reply, refers=b"result%5B" in sent)
        elif isinstance(body, dict) and isinstance(told := body.get("time"), dict):
            self._timed(told, body.get("result"))
            if len(sent) > LONG_BODY:
                self.seen.setdefault("body-limit", False)
        elif reply.status == 413:
            self.seen["body-limit"] = True
        elif reply.status == 504:
            self.seen["timeout-page" if reply.body else "timeout-empty"] = True

    def _refused(self, word: str, reply: Reply, *, refers: bool) -> None:
        if word in _AUTHORITY:
            self.seen["refused-403"] = reply.status == 403
        if word == "query_limit_exceeded":
            self.seen["retry-after"] = bool(reply.retry_after)
        if word == "internal_server_error" and refers:
            self.seen["references-fatal"] = True

    def _timed(self, told: Mapping[str, Json], result: Json) -> None:
        start, resets = told.get("start"), told.get("operating_reset_at")
        if isinstance(start, int | float):
            self.seen["exact-start"] = isinstance(start, float)
        self.seen["operating-untold"] = "operating" not in told
        if resets is not None:
            self.seen["operating-reset-text"] = isinstance(resets, str)
        inner = mapping(result.get("result_time") or []) if isinstance(result, dict) else {}
        charged = [number(one.get("operating")) for one in inner.values() if isinstance(one, dict)]
        if number(told.get("operating")) and inner:
            self.seen["operating-of-batch"] = True
        elif any(charged):
            self.seen["operating-of-batch"] = False


def parts(tables: Sequence[Table]) -> list[dict[str, Ask]]:
    """What is asked beyond the check, for `client.ask_parts`: a page of each list and its fields."""
    lists = [table for table in tables if table.paging is Paging.KEYSET]
    found = [_of_list(table) for table in lists]
    if any(table.paging is Paging.COMMENTS for table in tables):
        found.append(_of_forum(next(table for table in lists if table.rows)))
    return found


def _of_list(table: Table) -> dict[str, Ask]:
    """The newest page with everything, counted; its description; and its first row by two references."""
    page = f"{table.name}_page"
    asks = {page: Ask(table.method, {**parameters(table, {}), "start": 0}), **describe.asks([table])}
    if table.method.startswith("crm."):
        first = f"$result[{page}][0][ID]"
        for name, reference in (("whole", first), ("text", f"0{first}")):
            asks[f"{table.name}_{name}"] = Ask(table.method, parameters(table, {"ID": reference}, ("ID",)))
    return asks


def _of_forum(tasks: Table) -> dict[str, Ask]:
    """The posts of the newest task, which may have a chat."""
    newest = f"$result[forum_task][{tasks.rows}][0][id]"
    return {
        "forum_task": Ask(tasks.method, parameters(tasks, {}, ("ID", "CHAT_ID"))),
        "forum_posts": Ask(FORUM_METHOD, {"TASKID": newest}),
    }


def judge(tables: Sequence[Table], answers: Answers, *, zone: str, server: tzinfo | None) -> Seen:
    """What the answers to `parts(tables)` show; `zone` is the owner's, `server` the server's offset now."""
    seen: Seen = {}
    for table in tables:
        rows = _rows(table, answers.get(f"{table.name}_page"))
        if not rows:
            continue
        add(seen, _of_references(table, answers), _of_page(table, answers, rows))
        add(seen, *_of_fields(table, answers, rows))
        if table.rows:
            add(seen, _of_tasks(rows, zone, server), _of_the_forum(table, answers))
        if table.method == "user.get":
            add(seen, _of_days(rows))
    return seen


def add(seen: Seen, *more: Mapping[str, bool]) -> None:
    """What one place shows is shown, whatever others do."""
    for found in more:
        for name, shown in found.items():
            seen[name] = seen.get(name, False) or shown


def _rows(table: Table, answer: Answer | PortalError | None) -> list[dict[str, Any]]:
    try:
        return page_rows(table, answer) if isinstance(answer, Answer) else []
    except PortalError:
        return []


def _of_references(table: Table, answers: Answers) -> Seen:
    """Whether `$result[…]` was replaced, as the whole value and within a text."""
    whole, text = (answers.get(f"{table.name}_{name}") for name in ("whole", "text"))
    if not isinstance(whole, Answer) or not isinstance(text, Answer):
        return {}
    as_whole, within = (len(_rows(table, answer)) == 1 for answer in (whole, text))
    return {"references-whole": as_whole and not within, "references-none": not as_whole}


def _of_page(table: Table, answers: Answers, rows: list[dict[str, Any]]) -> Seen:
    seen: Seen = {}
    answer = answers[f"{table.name}_page"]
    if isinstance(answer, Answer) and answer.total and len(rows) < min(PAGE, answer.total):
        seen["short-pages"] = True
    if len(rows) < PAGE:  # the test at the start refers to its fiftieth row, and was answered
        seen["references-fatal"] = False
    if any(_later(row.get("LAST_ACTIVITY_TIME"), row.get("DATE_MODIFY")) for row in rows):
        seen["activity-stamps-owner"] = True
    return seen


def _later(one: object, other: object) -> bool:
    first, second = _moment(one), _moment(other)
    return first is not None and second is not None and first > second + timedelta(seconds=1)


def _of_fields(table: Table, answers: Answers, rows: list[dict[str, Any]]) -> Iterator[Seen]:
    """How custom fields of the CRM are printed."""
    described = answers.get(describe.key(table))
    if not table.method.startswith("crm.") or not isinstance(described, Answer):
        return
    try:
        fields = describe.fields(table, described.result)
    except PortalError:
        return
    for field in fields:
        values = [row[field.name] for row in rows if field.name in row]
        if field.name.startswith("UF_"):
            yield _of_lists(values) if field.multiple else _of_type(field.type, values)


def _of_lists(values: Iterable[object]) -> Seen:
    empty = [value for value in values if value is False or value == []]
    return {"uf-empty-list": any(value == [] for value in empty)} if empty else {}


def _of_type(type_: str, values: Iterable[object]) -> Seen:
    shown = [value for value in values if value is not None and value != ""]
    if type_ in _FORMS and shown:
        name, is_other = _FORMS[type_]
        return {name: any(is_other(value) for value in shown)}
    return {}


_FORMS: Mapping[str, Any] = {
    "boolean": ("uf-flag-bool", lambda value: isinstance(value, bool)),
    "money": ("uf-money-number", lambda value: bool(_NUMBER.fullmatch(str(value)))),
    "address": ("uf-address-text", lambda value: "|" not in str(value)),
    "crm": ("uf-binding-bare", lambda value: not _TYPED.fullmatch(str(value))),
    "employee": ("uf-employee-number", lambda value: isinstance(value, int)),
}


def _of_days(rows: Iterable[Mapping[str, Any]]) -> Seen:
    """Whether days of users are midnight in UTC; where the two midnights are one nothing is seen."""
    days = [moment for row in rows for name in _DAYS if (moment := _moment(row.get(name)))]
    days = [moment for moment in days if moment.utcoffset()]
    if not days:
        return {}
    return {"user-days-utc": all(not _time_of(moment.astimezone(UTC)) for moment in days)}


def _time_of(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)


def _of_tasks(rows: Sequence[Mapping[str, Any]], zone: str, server: tzinfo | None) -> Seen:
    seen: Seen = {"forum-only": not any("chatId" in row for row in rows)}
    if any(_later(row.get("changedDate"), row.get("activityDate")) for row in rows):
        seen["task-edit-quiet"] = True
    dates = [moment for row in rows for name in _TASK_DATES if (moment := _moment(row.get(name)))]
    place = _place(zone)
    if place and server and dates:
        seen |= dict(_of_offsets(dates, place, server))
    return seen


def _of_offsets(dates: Sequence[datetime], place: ZoneInfo, server: tzinfo) -> Iterator[tuple[str, bool]]:
    """What the offsets behind dates say, as far as they differ by whose and by which day's they are."""
    printed = {moment.utcoffset() for moment in dates}
    today, there = datetime.now(place).utcoffset(), datetime.now(server).utcoffset()
    moved = [moment for moment in dates if moment.astimezone(place).utcoffset() != today]
    if len(printed) > 1:
        yield "tasks-own-offset", True
    elif printed == {today} and today != there and moved:
        yield "tasks-own-offset", False
    if today != there and printed == {there}:
        yield "tasks-server-zone", True
    elif today in printed and today != there:
        yield "tasks-server-zone", False


def _place(zone: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _of_the_forum(tasks: Table, answers: Answers) -> Seen:
    """Whether the forum's list answers for a task that has a chat."""
    rows, posts = _rows(tasks, answers.get("forum_task")), answers.get("forum_posts")
    if not rows or not number(rows[0].get("chatId")):
        return {}
    if isinstance(posts, Answer):
        return {"forum-refuses": False}
    return {"forum-refuses": True} if isinstance(posts, TableRefused) else {}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
