"""Comments: which discussions to read, from the forum and from the task chat.

A task's ACTIVITY_DATE moves when somebody comments; the task's own page says so to the store, which keeps a
list of discussions that are due. One that is read is read whole, so that edited and deleted comments are
seen too: the forum answers with all of them at once, the chat page by page from the newest (`chat.py`). Each
page is stored as it comes. The time of reading is the portal's clock when reading began; as long as its last
activity lies within `overlap` of that, it is read once more in a later cycle (`store/discussions.py`).

What the mirror has and a reading does not show is not gone for that. The discussion is read again with
proof: the chat as `chat.py` says, and of the forum, whose list tells neither a count nor an end, each missing
comment is asked for by its id (FILTER [D] apidocs.bitrix24.com task.commentitem.getlist). One is gone when
neither the list nor the question by its id shows it [S: both read the topic's posts]; an answer with others
in it says that FILTER does not count, and proves nothing.

What the webhook may not open is left as it is: a chat its owner is not in, or every chat, for want of a
permission or of the method. Such a discussion is counted, and tried again (`reopening.py`). That is neither a
failure of the table nor a deletion.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, Unasked
from bitsheet_tui.portal.answer import Answer, Ask, whole
from bitsheet_tui.portal.judge import scope_of
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.portal.rows import chat_rows, forum_rows
from bitsheet_tui.store.discussions import Discussion, DiscussionRead, Shown
from bitsheet_tui.sync.chat import ChatReading, Question
from bitsheet_tui.tables import FORUM_METHOD, Table

Row = dict[str, Any]
FORUM, CHAT = "forum", "chat"
SOURCES = frozenset({FORUM, CHAT})
# what is not for us to read, one or all of a kind; anything else is trouble with the method
ALL_CLOSED = frozenset({Reason.SCOPE, Reason.GONE})
CLOSED_TO_US = frozenset({Reason.RIGHTS, Reason.REQUEST, Reason.ACCESS, Reason.SIZE}) | ALL_CLOSED


class _Forum(Struct):
    """The posts of one task in the middle of being read."""

    open: bool
    doubted: tuple[int, ...] = ()  # missing ones, still to be asked for by their ids
    ids: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)

    def shown(self) -> Shown:
        """What was shown, and what is not there."""
        return Shown(ids=frozenset(self.ids), absent=frozenset(self.absent - self.ids))


Part = Question | int | None  # of a source: a page of the chat, a post of the forum, all posts


class _Reading(Struct):
    """One discussion in the middle of being read."""

    discussion: Discussion
    forum: _Forum | None  # None: there is none, or nobody lets us read it
    chat: ChatReading | None
    read_at: datetime | None = None
    rows: dict[str, list[Row]] = field(default_factory=dict)  # that were not yet handed on, by source
    readable: bool = True
    lacks: str = ""  # the permission of the webhook that would open it

    @property
    def complete(self) -> bool:
        return not (self.forum_open or self.chat_open)

    @property
    def forum_open(self) -> bool:
        return self.forum is not None and (self.forum.open or bool(self.forum.doubted))

    @property
    def chat_open(self) -> bool:
        return self.chat is not None and bool(self.chat.questions())

    def parts(self) -> Iterator[tuple[str, str, Part]]:
        """A key, the source and what to ask of it."""
        task = self.discussion.task_id
        if self.forum and self.forum.open:
            yield f"forum{task}", FORUM, None
        for ident in self.forum.doubted if self.forum and not self.forum.open else ():
            yield f"forum{task}n{ident}", FORUM, ident
        for number, question in enumerate(self.chat.questions() if self.chat else ()):
            yield f"chat{task}n{number}" if number else f"chat{task}", CHAT, question

    def is_chat(self, answer: Answer) -> bool:
        """Whether an answer is of this discussion's chat; it says of which it is."""
        try:
            result = answer.result
        except BadAnswer:  # nobody can tell, so it is asked again
            return False
        told = result.get("chat_id") if isinstance(result, dict) else None
        return told in (None, self.discussion.chat_id)

    def take(self, part: Part, answer: Answer) -> None:
        """Use an answer. Raises BadAnswer."""
        task, chat = self.discussion.task_id, isinstance(part, Question)
        rows = (chat_rows if chat else forum_rows)(task, answer.result)
        self.rows.setdefault(CHAT if chat else FORUM, []).extend(rows)
        ids = [ident for row in rows if (ident := whole(row["ID"])) is not None]
        if isinstance(part, Question):
            if self.chat:
                self.chat.take(part, ids)
        elif self.forum:
            self.forum.ids.update(ids)
            self._answered(self.forum, part, there=bool(rows))

    def _answered(self, forum: _Forum, ident: int | None, *, there: bool) -> None:
        if ident is None:
            forum.open = False
            if not there and len(forum.doubted) > 1:
                forum.doubted = ()  # all of several at once: that is held, whatever each of them is
            return
        forum.doubted = tuple(one for one in forum.doubted if one != ident)
        if not there:
            forum.absent.add(ident)

    def refuse(self, part: Part) -> None:
        """A source cannot be read; of a post, or of what may lie below a chat, nothing is known then."""
        if isinstance(part, Question) and part.upward:
            if self.chat:
                self.chat.leave_open()
        elif isinstance(part, Question):
            self.chat = None
            self.rows.pop(CHAT, None)
        elif part is None or self.forum is None:
            self.forum = None
            self.rows.pop(FORUM, None)
        else:
            self.forum.doubted = tuple(one for one in self.forum.doubted if one != part)

    def hand_on(self) -> DiscussionRead | None:
        """What was read since the last time; None: nothing that there is anything to do with."""
        complete, rows = self.complete, self.rows
        if self.read_at is None or not (complete or any(rows.values())):
            return None
        self.rows = {}
        forum, chat = self.forum, self.chat
        return DiscussionRead(
            task_id=self.discussion.task_id,
            read_at=self.read_at,
            forum=rows.get(FORUM, [] if complete and forum else None),
            chat=rows.get(CHAT, [] if complete and chat else None),
            readable=self.readable,
            lacks=self.lacks,
            complete=complete,
            missing=self.discussion.missing,
            proved_from=chat.proved_from if chat else None,
            forum_shown=forum.shown() if forum else None,
            chat_shown=chat.shown() if chat else None,
        )


class DiscussionReader(Struct):
    """Gives asks for open discussions and takes their answers. Holds no connection."""

    table: Table
    error: PortalError | None = None  # the method itself fails or rests; nothing more is asked
    spoilt: BadAnswer | None = None  # the answer to a discussion is none; the others are read on
    closed: PortalError | None = None  # why nothing of one kind can be read; the other kind is
    given_up: set[int] = field(default_factory=set)  # tasks whose discussions answer so; they stay due
    checking: bool = False  # chats that are not proved are asked whether they are what the mirror has
    _open: dict[int, _Reading] = field(default_factory=dict)
    _asked: list[tuple[str, int, str, Part]] = field(default_factory=list)

    def begin(self, discussion: Discussion) -> None:
        """Put one more discussion on the list, unless it is already there."""
        if discussion.task_id in self._open:
            return
        forum = bool(discussion.forum_topic_id) or not discussion.known_forum
        missing = tuple(sorted(ident for source, ident in discussion.missing if source == FORUM))
        self._open[discussion.task_id] = _Reading(
            discussion,
            forum=_Forum(open=True, doubted=missing) if forum else None,
            chat=self._chat(discussion) if discussion.chat_id else None,
        )

    def _chat(self, discussion: Discussion) -> ChatReading:
        number, lowest = discussion.chat_known or (0, 0)
        proved = discussion.proved_from is not None
        end = discussion.proved_from if proved else lowest if 0 < number < PAGE else None
        return ChatReading(
            end=None if discussion.missing or (self.checking and not proved) else end,
            proved=proved and not discussion.missing,
            proving=bool(discussion.missing),
            known=discussion.chat_known if self.checking and not proved else None,
        )

    def put_off(self) -> None:
        """Take those from the list of which nothing was read yet; they are due still."""
        self._open = {task: reading for task, reading in self._open.items() if reading.read_at}

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
        """Up to `room` commands for the open discussions, in the order they were put on the list.

        What one discussion needs is asked at once where that is possible.
        """
        asks: dict[str, Ask] = {}
        self._asked = []
        for task_id, reading in self._open.items() if not self.error else ():
            parts = list(reading.parts())
            left = room - len(asks)
            if left < 1 or (asks and len(parts) > left):
                continue
            for key, source, part in parts[:left]:
                asks[key] = self._ask(reading, part)
                self._asked.append((key, task_id, source, part))
        return asks

    def _ask(self, reading: _Reading, part: Part) -> Ask:
        if isinstance(part, Question):
            return chat_ask(self.table, reading.discussion.chat_id, part)
        return forum_ask(reading.discussion.task_id, part)

    def expect(self, key: str, task_id: int, source: str, answer: Answer) -> None:
        """What was asked beside `asks` answers for this discussion, too, if nobody has asked for it yet."""
        reading = self._open.get(task_id)
        asked = {(task, of) for _, task, of, _ in self._asked}
        if reading is None or reading.read_at or (task_id, source) in asked:
            return
        if source == FORUM and reading.forum_open:
            self._asked.append((key, task_id, source, None))
        if source == CHAT and reading.chat_open and reading.is_chat(answer):
            self._asked.append((key, task_id, source, Question()))

    def take(self, answers: Mapping[str, Answer | PortalError], now: datetime) -> list[DiscussionRead]:
        """Use the answers to the last asks; returns what they brought, of each discussion in one piece.

        `now` is the portal's clock, for a discussion of which nothing could be read.
        """
        for key, task_id, source, part in self._asked:
            reading = self._open.get(task_id)
            answer = answers[key]
            if reading is None or isinstance(answer, Unasked):  # given up a moment ago, or asked next
                continue
            if isinstance(answer, PortalError):
                self._refused(reading, source, part, answer, now)
                continue
            reading.read_at = reading.read_at or answer.started
            try:
                reading.take(part, answer)
            except BadAnswer as error:
                self._give_up(task_id, error)
        found = [read for reading in self._open.values() if (read := reading.hand_on())]
        for read in found:
            if read.complete:
                del self._open[read.task_id]
        return found

    def _give_up(self, task_id: int, error: BadAnswer) -> None:
        """Nothing of what a discussion answers is used. It is due still, and keeps none of the others."""
        del self._open[task_id]
        self.given_up.add(task_id)
        self.spoilt = error

    def _refused(self, reading: _Reading, source: str, part: Part, error: PortalError, now: datetime) -> None:
        if error.reason not in CLOSED_TO_US:
            self.error = error
            return
        reading.refuse(part)
        if isinstance(part, int) or (isinstance(part, Question) and part.upward):
            return
        reading.readable = False
        if error.reason in ALL_CLOSED:
            self.closed = error
        if error.reason is Reason.SCOPE:
            reading.lacks = scope_of(FORUM_METHOD if source == FORUM else self.table.method)
        reading.read_at = reading.read_at or now


def forum_ask(task_id: int | str, ident: int | None = None) -> Ask:
    """All posts of a task, or one. The arguments of this method are positional: TASKID, ORDER, FILTER."""
    one = {"FILTER": {"ID": ident}} if ident is not None else {}
    return Ask(FORUM_METHOD, {"TASKID": task_id, "ORDER": {"ID": "asc"}, **one})


def chat_ask(table: Table, chat_id: int | str | None, question: Question) -> Ask:
    """A page of a chat."""
    bound = {"FIRST_ID": 0} if question.upward else {"LAST_ID": question.below}
    return Ask(table.method, {"DIALOG_ID": f"chat{chat_id}", **bound, "LIMIT": question.limit})
