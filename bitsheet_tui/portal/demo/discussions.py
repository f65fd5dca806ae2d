"""What is said about tasks: posts in the forum for old tasks, messages in the task's chat for newer ones.

`apidocs.bitrix24.com task.commentitem.getlist`, `im.dialog.messages.get`. Posts and messages are numbered
apart, so their ids overlap.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.portal.demo.blueprint import VARIANTS, Peers, Raw
from bitsheet_tui.portal.demo.dice import mix
from bitsheet_tui.portal.demo.table import Table
from bitsheet_tui.portal.demo.tasks import CHAT_BASE, activity, chats_since
from bitsheet_tui.portal.demo.words import COMMENTS

BLOCK = 16  # ids set aside for the first comments of each task
GONE_TEXT = "This message was deleted."


class Source(StrEnum):
    """Where a comment stands."""

    FORUM = "forum"
    CHAT = "chat"


class Comment(Struct, frozen=True, kw_only=True):
    """One post or message."""

    source: Source
    id: int
    task_id: int
    author_id: int  # 0: the system
    posted: int  # unix seconds
    text: str
    deleted: bool = False
    edited: bool = False
    files: tuple[int, ...] = ()
    code: str = ""  # of a system message: what it tells

    @property
    def system(self) -> bool:
        """Whether nobody said it."""
        return self.author_id == 0


class Discussions:
    """Every comment, by task. Like rows, those nobody touched are computed."""

    def __init__(self, tasks: Table, peers: Peers) -> None:
        self._tasks = tasks
        self._peers = peers
        self._switch = chats_since(peers)
        self._touched: dict[tuple[Source, int], list[Comment]] = {}
        self._users = peers.ids["users"]
        self._last = dict.fromkeys(Source, BLOCK * (tasks.ids.last + 2))

    def of(self, source: Source, task_id: int) -> list[Comment]:
        """A task's comments of one kind in the order of their ids."""
        touched = self._touched.get((source, task_id))
        if touched is not None:
            return touched
        return list(self._original(source, task_id)) if self._tasks.ids.is_base(task_id) else []

    def all(self, task_id: int) -> list[Comment]:
        """A task's comments of both kinds."""
        return self.of(Source.FORUM, task_id) + self.of(Source.CHAT, task_id)

    def find(self, source: Source, comment_id: int, task_id: int) -> Comment:
        """One comment. Raises KeyError."""
        for comment in self.of(source, task_id):
            if comment.id == comment_id:
                return comment
        raise KeyError(comment_id)

    def add(
        self, source: Source, task_id: int, author_id: int, posted: int, text: str, **more: Any
    ) -> Comment:
        """Say something new."""
        self._last[source] += 1
        comment = Comment(
            source=source,
            id=self._last[source],
            task_id=task_id,
            author_id=author_id,
            posted=posted,
            text=text,
            **more,
        )
        self._keep(source, task_id).append(comment)
        return comment

    def change(self, comment: Comment, **fields: Any) -> Comment:
        """Replace a comment by an altered one."""
        changed = replace(comment, **fields)
        kept = self._keep(comment.source, comment.task_id)
        kept[kept.index(comment)] = changed
        return changed

    def vanish(self, comment: Comment) -> None:
        """Remove a comment without a trace."""
        self._keep(comment.source, comment.task_id).remove(comment)

    def task_of_chat(self, chat_id: int) -> int | None:
        """The task whose chat this is."""
        task_id = chat_id - CHAT_BASE
        known = task_id in self._tasks.ids and self._tasks.value(task_id, "CHAT_ID") == chat_id
        return task_id if known else None

    def _keep(self, source: Source, task_id: int) -> list[Comment]:
        key = (source, task_id)
        if key not in self._touched:
            self._touched[key] = list(self.of(source, task_id))
        return self._touched[key]

    def _original(self, source: Source, task_id: int) -> Iterator[Comment]:
        row = self._tasks.row(task_id)
        constants = self._tasks.variant(row.bits % VARIANTS)
        if source is Source.FORUM:
            if row.created >= self._switch:
                return
        elif row.created < self._switch and not constants["_both"]:
            return
        elif row.created >= self._switch:
            yield self._notice(task_id, row.created)
        yield from self._said(source, task_id, constants)

    def _notice(self, task_id: int, created: int) -> Comment:
        return Comment(
            source=Source.CHAT,
            id=task_id * BLOCK,
            task_id=task_id,
            author_id=0,
            posted=created,
            text="[USER=1]Anna[/USER] created the task",
            code="TASK_CREATED",
        )

    def _said(self, source: Source, task_id: int, constants: Raw) -> Iterator[Comment]:
        row = self._tasks.row(task_id)
        span = activity(row, self._peers) - row.created
        talk = constants["_talk"]
        for place in range(1, talk + 1):
            bits = mix(row.bits, place)
            chat = source is Source.CHAT
            deleted = chat and bits % 29 == 0
            yield Comment(
                source=source,
                id=task_id * BLOCK + place,
                task_id=task_id,
                author_id=self._users.nth(bits % self._users.base),
                posted=row.created + span * place // talk,
                text=GONE_TEXT if deleted else f"{COMMENTS[bits % len(COMMENTS)]} ({place})",
                deleted=deleted,
                edited=chat and not deleted and bits % 7 == 0,
                files=(bits % 9000 + 1000,) if bits % 11 == 0 and not deleted else (),
            )
