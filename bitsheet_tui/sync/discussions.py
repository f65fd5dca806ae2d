"""Comments: which discussions to read, from the forum and from the task chat.

A task's ACTIVITY_DATE moves when somebody comments; the task's own page says so to the store, which keeps a
list of discussions that are due. One that is read is read whole, so that edited and deleted comments are
seen too: the forum answers with all of them, the chat page by page from the oldest (`FIRST_ID`,
apidocs.bitrix24.com im.dialog.messages.get). Its time of reading is the portal's clock when reading began;
as long as its last activity lies within `overlap` of that, it is read once more in the next cycle.

What the webhook may not open is left as it is: a chat its owner is not in, or every chat, for want of a
permission or of the method. Such a discussion is counted, and tried again (`reopening.py`). That is neither a
failure of the table nor a deletion.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import PortalError, Reason
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.judge import scope_of
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.portal.rows import chat_rows, forum_rows, last_message
from bitsheet_tui.store.discussions import Discussion, DiscussionRead
from bitsheet_tui.tables import FORUM_METHOD, Table

Row = dict[str, Any]
FORUM, CHAT = "forum", "chat"
SOURCES = frozenset({FORUM, CHAT})
# what is not for us to read, one or all of a kind; anything else is trouble with the method
ALL_CLOSED = frozenset({Reason.SCOPE, Reason.GONE})
CLOSED_TO_US = frozenset({Reason.RIGHTS, Reason.REQUEST, Reason.ACCESS}) | ALL_CLOSED


class _Reading(Struct):
    """One discussion in the middle of being read."""

    discussion: Discussion
    read_at: datetime | None = None
    forum: list[Row] | None = None
    chat: list[Row] | None = None
    first_id: int = 0  # the chat is read up to here
    forum_open: bool = False
    chat_open: bool = False
    readable: bool = True
    lacks: str = ""  # the permission of the webhook that would open it

    @property
    def complete(self) -> bool:
        return not (self.forum_open or self.chat_open)

    def is_chat(self, answer: Answer) -> bool:
        """Whether an answer is of this discussion's chat; it says of which it is."""
        told = answer.result.get("chat_id") if isinstance(answer.result, dict) else None
        return told in (None, self.discussion.chat_id)


class DiscussionReader(Struct):
    """Gives asks for open discussions and takes their answers. Holds no connection."""

    table: Table
    error: PortalError | None = None  # the method itself fails or rests; nothing more is asked
    closed: PortalError | None = None  # why nothing of one kind can be read; the other kind is
    _open: dict[int, _Reading] = field(default_factory=dict)
    _asked: list[tuple[str, int, str]] = field(default_factory=list)

    def begin(self, discussion: Discussion) -> None:
        """Put one more discussion on the list, unless it is already there."""
        if discussion.task_id in self._open:
            return
        self._open[discussion.task_id] = _Reading(
            discussion,
            forum_open=bool(discussion.forum_topic_id) or not discussion.known_forum,
            chat_open=bool(discussion.chat_id),
        )

    @property
    def open(self) -> int:
        """How many discussions are on the list."""
        return len(self._open)

    @property
    def tasks(self) -> tuple[int, ...]:
        """Whose discussions are on the list."""
        return tuple(self._open)

    def sources(self, tasks: Sequence[int]) -> frozenset[str]:
        """Where the discussions of these tasks are, as far as they are on the list and still to be read."""
        readings = [reading for task in tasks if (reading := self._open.get(task))]
        found = {FORUM for reading in readings if reading.forum_open}
        return frozenset(found | {CHAT for reading in readings if reading.chat_open})

    def asks(self, room: int) -> dict[str, Ask]:
        """Up to `room` commands for the open discussions, in the order they were put on the list."""
        asks: dict[str, Ask] = {}
        self._asked = []
        if self.error:
            return asks
        for task_id, reading in self._open.items():
            if len(asks) == room:
                break
            if len(asks) + reading.forum_open + reading.chat_open > room:
                continue
            if reading.forum_open:
                key = f"forum{task_id}"
                asks[key] = forum_ask(task_id)
                self._asked.append((key, task_id, "forum"))
            if reading.chat_open:
                key = f"chat{task_id}"
                asks[key] = chat_ask(self.table, reading.discussion.chat_id, reading.first_id)
                self._asked.append((key, task_id, "chat"))
        return asks

    def expect(self, key: str, task_id: int, source: str, answer: Answer) -> None:
        """What was asked beside `asks` answers for this discussion, too, if nobody has asked for it yet."""
        reading = self._open.get(task_id)
        asked = {(task, of) for _, task, of in self._asked}
        if reading is None or reading.read_at or (task_id, source) in asked:
            return
        if source == "forum" and reading.forum_open:
            self._asked.append((key, task_id, source))
        if source == "chat" and reading.chat_open and reading.is_chat(answer):
            self._asked.append((key, task_id, source))

    def take(self, answers: Mapping[str, Answer | PortalError], now: datetime) -> list[DiscussionRead]:
        """Use the answers to the last asks; returns the discussions that are complete now.

        `now` is the portal's clock, for a discussion of which nothing could be read.
        """
        for key, task_id, source in self._asked:
            reading = self._open[task_id]
            answer = answers[key]
            if isinstance(answer, PortalError):
                self._refused(reading, source, answer, now)
                continue
            reading.read_at = reading.read_at or answer.started
            if source == "forum":
                reading.forum = forum_rows(task_id, answer.result)
                reading.forum_open = False
            else:
                _turn(reading, answer)
        complete = [reading for reading in self._open.values() if reading.complete and reading.read_at]
        for reading in complete:
            del self._open[reading.discussion.task_id]
        return [_finished(reading) for reading in complete]

    def _refused(self, reading: _Reading, source: str, error: PortalError, now: datetime) -> None:
        if error.reason not in CLOSED_TO_US:
            self.error = error
            return
        reading.readable = False
        if error.reason in ALL_CLOSED:
            self.closed = error
        if error.reason is Reason.SCOPE:
            reading.lacks = scope_of(FORUM_METHOD if source == "forum" else self.table.method)
        reading.read_at = reading.read_at or now
        if source == "forum":
            reading.forum, reading.forum_open = None, False
        else:
            reading.chat, reading.chat_open = None, False


def forum_ask(task_id: int | str) -> Ask:
    """All posts of a task. The arguments of this method are positional: TASKID, ORDER, FILTER."""
    return Ask(FORUM_METHOD, {"TASKID": task_id, "ORDER": {"ID": "asc"}})


def chat_ask(table: Table, chat_id: int | str | None, first_id: int) -> Ask:
    """A page of a chat, above `first_id`."""
    return Ask(table.method, {"DIALOG_ID": f"chat{chat_id}", "FIRST_ID": first_id, "LIMIT": PAGE})


def _turn(reading: _Reading, answer: Answer) -> None:
    """Add one page of a chat; a short page is the last."""
    rows = chat_rows(reading.discussion.task_id, answer.result)
    reading.chat = (reading.chat or []) + rows
    last = last_message(answer.result)
    if len(rows) < PAGE or last is None or last <= reading.first_id:
        reading.chat_open = False
    else:
        reading.first_id = last


def _finished(reading: _Reading) -> DiscussionRead:
    return DiscussionRead(
        task_id=reading.discussion.task_id,
        read_at=reading.read_at,  # type: ignore[arg-type]
        forum=reading.forum,
        chat=reading.chat,
        readable=reading.readable,
        lacks=reading.lacks,
    )
