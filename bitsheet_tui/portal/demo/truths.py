"""What a perfect mirror of a table holds, whatever the portal's spelling of it.

Rows are keyed by UPPER request names. None stands for every kind of "no value": null, "", [], false instead
of a list, 0 in a reference (but a category 0 is 0). Numbers are int, amounts Decimal, flags bool, moments
aware datetimes in UTC, calendar days `date`, a chosen enumeration value its number, everything else str.

Lists, multi-fields and objects are what the portal's JSON holds, without links, which are no facts: a file
is `{"id": 5}`. Rows hidden from the webhook's user are left out, and so is what the portal never tells:
TIMESTAMP_X and LAST_ACTIVITY_DATE of users are None.

task_comments has the keys SOURCE, ID, TASK_ID, CHAT_ID, AUTHOR_ID, AUTHOR_NAME, POST_DATE, TEXT, IS_SYSTEM,
IS_DELETED, IS_EDITED and FILES. A file of a message has id, name, type, extension, size, image, date,
authorId and authorName; one of a forum post ATTACHMENT_ID, FILE_ID, NAME and SIZE.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bitsheet_tui.portal.demo.blueprint import Raw
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.discussions import Comment, Source
from bitsheet_tui.portal.demo.kinds import truth as meaning
from bitsheet_tui.portal.demo.moments import iso

if TYPE_CHECKING:
    from bitsheet_tui.portal.demo.world import World

_ASIDE = frozenset({"LINK", "FILES", "WEBDAV_ELEMENTS"})  # nobody has any here


def truth(world: World, table: str) -> Iterator[Raw]:
    """The rows of one table that the webhook's user may see."""
    if table == "task_comments":
        yield from _comments(world)
        return
    target = world.tables[table]
    shown = [column for column in target.columns.values() if _told(column)]
    for id_ in target.ids.upward(1, target.ids.last):
        row = target.raw(id_)
        yield {column.name: meaning(column, row.get(column.name)) for column in shown}


def _told(column: Column) -> bool:
    return not column.hidden and column.name not in _ASIDE


def _comments(world: World) -> Iterator[Raw]:
    target = world.tables["tasks"]
    for task_id in target.ids.upward(1, target.ids.last):
        chat_id = target.value(task_id, "CHAT_ID") or None
        for comment in world.discussions.all(task_id):
            if comment.source is Source.FORUM or world.opens_chat(task_id):
                yield _comment(world, comment, chat_id)


def _comment(world: World, comment: Comment, chat_id: int | None) -> Raw:
    name = world.name_of(comment.author_id)
    chat = comment.source is Source.CHAT
    describe = message_file if chat else post_file
    return {
        "SOURCE": comment.source.value,
        "ID": comment.id,
        "TASK_ID": comment.task_id,
        "CHAT_ID": chat_id if chat else None,
        "AUTHOR_ID": comment.author_id or None,
        "AUTHOR_NAME": name or None,
        "POST_DATE": datetime.fromtimestamp(comment.posted, UTC),
        "TEXT": comment.text or None,
        "IS_SYSTEM": comment.system,
        "IS_DELETED": comment.deleted,
        "IS_EDITED": comment.edited,
        "FILES": [describe(world, comment, file) for file in comment.files] or None,
    }


def message_file(world: World, comment: Comment, file: int) -> dict[str, Any]:
    """The facts of a file in a chat."""
    return {
        "id": file,
        "name": f"photo{file}.png",
        "type": "image",
        "extension": "png",
        "size": file * 100,
        "image": {"height": 100, "width": 100},
        "date": iso(comment.posted, world.server_zone),
        "authorId": comment.author_id,
        "authorName": world.name_of(comment.author_id),
    }


def post_file(_world: World, _comment: Comment, file: int) -> dict[str, Any]:
    """The facts of a file in the forum."""
    return {
        "ATTACHMENT_ID": str(file // 2),
        "NAME": f"photo{file}.png",
        "SIZE": str(file * 100),
        "FILE_ID": str(file),
    }
