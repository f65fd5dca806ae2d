"""The portal's rows as they are stored: keyed by the names one asks with, and with dates put right.

Values stay as the portal spells them; the store reads them. Tasks answer in camelCase, and print every
date with the offset that the webhook owner's zone has today: a winter's date read in summer is an hour
off. Source: `modules/tasks/lib/rest/controllers/task.php`, formatDateFieldsForOutput.

Comments come in two shapes, from the forum for old tasks and from the chat for new ones, and leave in one.
The links in them carry an authorisation that ends soon; they are no facts and are left out.
Source: apidocs.bitrix24.com task.commentitem.getlist, im.dialog.messages.get.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bitsheet_tui.errors import BadAnswer, Reason
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.portal.answer import Json, whole
from bitsheet_tui.portal.body import opened
from bitsheet_tui.portal.listing import camel
from bitsheet_tui.portal.verdict import ENDS_ITSELF
from bitsheet_tui.tables import Case, Table

Row = dict[str, Any]
Raw = Mapping[str, Any]
_ATTACHED = ("ATTACHMENT_ID", "FILE_ID", "NAME", "SIZE")
_FILE = ("id", "name", "type", "extension", "size", "image", "date", "authorId", "authorName")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def clean(
    table: Table, rows: Sequence[Raw], fields: Sequence[Field], *, zone: str, now: datetime
) -> Sequence[Raw]:
    """`rows` keyed by the names of `fields`; each is opened when it is looked at.

    `zone` is the webhook owner's time zone, empty when unknown or when dates of tasks are right as they are
    printed (see task_dates.py); `now` the portal's clock. Keys of tasks
    that no field explains are left out: names, links and pictures of people.
    """
    if table.case is Case.UPPER:
        return _Cleaned(rows, opened)
    names = _names(tuple(fields))
    mend = mender(zone, now)
    instants = {field.name for field in fields if field.kind is Kind.INSTANT} if mend else set[str]()
    return _Cleaned(rows, lambda row: _renamed(opened(row), names, instants, mend))


class _Cleaned(Sequence[Raw]):
    """Rows to which something is done when they are looked at, and nothing is kept of it."""

    def __init__(self, rows: Sequence[Raw], clean: Callable[[Raw], Raw]) -> None:
        self._rows, self._clean = rows, clean

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Raw]:
        return map(self._clean, self._rows)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return _Cleaned(self._rows[place], self._clean)
        return self._clean(self._rows[place])


def _renamed(
    row: Mapping[str, Any], names: _Names, instants: set[str], mend: Callable[[Any], Any] | None
) -> Row:
    found: Row = {}
    for key, value in row.items():
        name = names.of(key)
        if name is not None:
            found[name] = mend(value) if mend and name in instants else value
    return found


class _Names:
    """How answers spell the fields of one table."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._upper = frozenset(field.name for field in fields)
        self._known: dict[str, str | None] = {}
        for field in fields:
            self._known.setdefault(camel(field.name), field.name)

    def of(self, key: str) -> str | None:
        """The field that an answer calls `key`; None: there is no such field."""
        if key not in self._known and len(self._known) < 10_000:
            upper = _HUMP.sub("_", key).upper()
            self._known[key] = upper if upper in self._upper else None
        return self._known.get(key)


_names = lru_cache(maxsize=32)(_Names)


def mender(zone: str, now: datetime) -> Callable[[Any], Any] | None:
    """What puts a date of a task right; None when the zone is unknown or has one offset only."""
    place = zone_of(zone)
    offset = now.astimezone(place).utcoffset() if place else None
    if place is None or offset is None:
        return None

    def mend(value: Any) -> Any:
        return _mended(value, place, offset)

    return mend


def _mended(value: Any, place: ZoneInfo, offset: timedelta) -> Any:
    """The text of an instant whose offset is today's, with the offset its own day had."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.utcoffset() != offset:
        return value
    local = moment.replace(tzinfo=place)
    # twice a year a wall time happens twice or never; then the printed offset is as good as any
    if offset in {local.utcoffset(), local.replace(fold=1).utcoffset()}:
        return value
    return local.isoformat()


@lru_cache(maxsize=8)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of that name; None: it has none, or an unknown one."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def forum_rows(task_id: int, result: Json) -> list[Row]:
    """The comments of a task from its forum: `task.commentitem.getlist`. Raises BadAnswer."""
    return [
        _comment(
            "forum", task_id, item.get("ID"),
            AUTHOR_ID=item.get("AUTHOR_ID"),
            AUTHOR_NAME=item.get("AUTHOR_NAME"),
            POST_DATE=item.get("POST_DATE"),
            TEXT=item.get("POST_MESSAGE"),
            FILES=_picked(_maps(item.get("ATTACHED_OBJECTS")), _ATTACHED),
        )
        for item in _list("forum", result)
    ]  # fmt: skip


def chat_rows(task_id: int, result: Json) -> list[Row]:
    """The messages of one page of a task's chat: `im.dialog.messages.get`. Raises BadAnswer."""
    if not isinstance(result, dict):
        raise _no_comments("chat")
    people = {str(person.get("id")): person.get("name") for person in _maps(result.get("users"))}
    files = {str(file.get("id")): file for file in _maps(result.get("files"))}
    return [
        _message(task_id, item, result.get("chat_id"), people, files)
        for item in _list("chat", result.get("messages"))
    ]


def _message(
    task_id: int,
    item: dict[str, Json],
    chat: Json,
    people: dict[str, Json],
    files: dict[str, dict[str, Json]],
) -> Row:
    params = item.get("params")
    params = params if isinstance(params, dict) else {}
    author = whole(item.get("author_id"))
    named = params.get("FILE_ID") or []
    named = list(named.values()) if isinstance(named, dict) else named if isinstance(named, list) else [named]
    return _comment(
        "chat", task_id, item.get("id"),
        CHAT_ID=item.get("chat_id") or chat,
        AUTHOR_ID=author,
        AUTHOR_NAME=people.get(str(author)),
        POST_DATE=item.get("date"),
        TEXT=item.get("text"),
        IS_SYSTEM=author == 0,
        IS_DELETED=params.get("IS_DELETED") == "Y",
        IS_EDITED=params.get("IS_EDITED") == "Y",
        FILES=_picked([files.get(str(one), {"id": one}) for one in named], _FILE),
    )  # fmt: skip


def _comment(source: str, task_id: int, ident: Json, **fields: Any) -> Row:
    """A comment as it is stored; one without a usable id is for the store to set aside."""
    plain = {"CHAT_ID": None, "IS_SYSTEM": False, "IS_DELETED": False, "IS_EDITED": False}
    return {"SOURCE": source, "ID": ident, "TASK_ID": task_id, **plain, **fields}


def _picked(items: Iterable[Mapping[str, Json]], names: Iterable[str]) -> list[Row] | None:
    """The facts of files, without their links; None when there are no files."""
    return [{name: item[name] for name in names if name in item} for item in items] or None


def _maps(value: Json) -> list[dict[str, Json]]:
    """The objects of a list, or of a map by whatever keys; everything else is no object."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]


def _list(source: str, value: Json) -> list[dict[str, Json]]:
    """All of a list of comments; a list with anything else in it is not used at all."""
    items = _maps(value)
    if not isinstance(value, dict | list) or len(items) != len(value):
        raise _no_comments(source)
    return items


def _no_comments(source: str) -> BadAnswer:
    return BadAnswer(
        f"The portal's answer from the {source} is no list of comments.", ENDS_ITSELF, reason=Reason.GARBAGE
    )
