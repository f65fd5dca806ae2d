"""Comments for `verify`, asked in other ways than the sync asks, so that both cannot miss the same ones.

The sync reads a chat downwards by LAST_ID and goes on from what a page shows (`chat.py`). Here it is asked

* upwards by FIRST_ID, from ids that the mirror has, fifty apart: whatever a page shows is there, and nothing
  follows from what it leaves out, so that pages without order, or with the newest message besides, do no harm
  (b24-rest-docs #344). What is below the sync's end would be in the first of them;
* for each message that none of them shows by its id, as the highest below the next;
* whether as many messages come from the top as the mirror has. If fewer do, the portal leaves some out, and
  what it leaves out of every page nobody can see: such chats are counted and told.

A forum is asked for all its posts, and by its id for each that is not among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import PortalError, Reason
from bitsheet_tui.portal.answer import Answer, Ask, whole
from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.portal.rows import chat_rows, forum_rows
from bitsheet_tui.portal.splitting import Splitter
from bitsheet_tui.store.comparing import Difference
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.chat import TOP, Question
from bitsheet_tui.sync.desk import ROOM
from bitsheet_tui.sync.discussions import (
    ALL_CLOSED,
    CHAT,
    CLOSED_TO_US,
    FORUM,
    chat_ask,
    forum_ask,
)
from bitsheet_tui.tables import Table

Source = tuple[str, int]  # which, and of which task


class _Part(Struct):
    """One source of one discussion."""

    one: Discussion
    mine: list[int]  # ids of the mirror's comments, ascending
    shown: set[int] = field(default_factory=set)
    closed: bool = False  # to us


class CommentCheck(Struct):
    """Compares discussions with the mirror's comments."""

    portal: Splitter
    store: Store
    table: Table
    unseen: set[int] = field(default_factory=set)  # tasks whose chats are not shown whole

    async def difference(self, chosen: Sequence[Discussion]) -> Difference:
        """How they differ, looked at twice. Raises PortalError when nothing of a kind may be read."""
        found = Difference()
        for place in range(0, len(chosen), ROOM // 2):
            some = chosen[place : place + ROOM // 2]
            if once := await self._once(some):
                found |= once & await self._once(some)
        return found

    async def _once(self, chosen: Sequence[Discussion]) -> Difference:
        parts = self._parts(chosen)
        rows = await self._ask(parts, [ask for part in parts.items() for ask in self._all(*part)])
        rows += await self._ask(parts, [ask for part in parts.items() for ask in self._each(*part)])
        watermark = self.store.checkpoint(self.table.name).watermark
        settled = [row for row in rows if not _said_since(row, watermark)]
        found = self.store.reconciles.compare(self.table, settled)
        found.gone |= {
            f"{source}:{ident}"
            for (source, _), part in parts.items()
            for ident in part.mine
            if not part.closed and ident not in part.shown
        }
        return found

    def _parts(self, chosen: Sequence[Discussion]) -> dict[Source, _Part]:
        mine: dict[Source, list[int]] = {}
        for source, ident, task in self.store.reconciles.living_comments(
            self.table, [one.task_id for one in chosen]
        ):
            mine.setdefault((source, task), []).append(ident)
        wanted = [
            (source, one)
            for one in chosen
            for source, there in (
                (FORUM, one.forum_topic_id or not one.known_forum),
                (CHAT, one.chat_id),
            )
            if there
        ]
        return {
            (source, one.task_id): _Part(one, sorted(mine.get((source, one.task_id), ())))
            for source, one in wanted
        }

    def _all(self, key: Source, part: _Part) -> Iterator[tuple[Source, Ask, int]]:
        """The asks that show all there is, each with how many must come; 0: any number."""
        if key[0] == FORUM:
            yield key, forum_ask(part.one.task_id), 0
            return
        for above in (0, *part.mine[PAGE - 1 :: PAGE]):
            yield key, _upwards(self.table, part.one, above), 0
        if part.mine:
            most = min(PAGE, len(part.mine))
            yield key, chat_ask(self.table, part.one.chat_id, Question(TOP, most)), most

    def _each(self, key: Source, part: _Part) -> Iterator[tuple[Source, Ask, int]]:
        """An ask for each comment that was not shown."""
        for ident in part.mine if not part.closed else ():
            if ident in part.shown:
                continue
            if key[0] == FORUM:
                yield key, forum_ask(part.one.task_id, ident), 0
            else:
                yield key, chat_ask(self.table, part.one.chat_id, Question(ident + 1, 1)), 0

    async def _ask(
        self, parts: Mapping[Source, _Part], wanted: Sequence[tuple[Source, Ask, int]]
    ) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for place in range(0, len(wanted), ROOM):
            some = wanted[place : place + ROOM]
            answers = await self.portal.all({f"c{n}": ask for n, (_, ask, _) in enumerate(some)})
            for (key, _, most), answer in zip(some, answers.values(), strict=True):
                rows += self._take(key, parts[key], answer, most)
        return rows

    def _take(
        self, key: Source, part: _Part, answer: Answer | PortalError, most: int
    ) -> list[dict[str, Any]]:
        if isinstance(answer, PortalError):
            if answer.reason in ALL_CLOSED or answer.reason not in CLOSED_TO_US:
                raise answer
            part.closed = True
            if answer.reason is Reason.SIZE:
                self.unseen.add(part.one.task_id)
            return []
        rows = (forum_rows if key[0] == FORUM else chat_rows)(part.one.task_id, answer.result)
        ids = {ident for row in rows if (ident := whole(row["ID"])) is not None}
        part.shown |= ids
        if len(ids) < most:
            self.unseen.add(part.one.task_id)
        return rows


def _said_since(row: Mapping[str, Any], watermark: datetime | None) -> bool:
    """Whether a comment is newer than what the mirror has heard of: its task moved after the last cycle."""
    try:
        moment = datetime.fromisoformat(str(row.get("POST_DATE")))
    except ValueError:
        return False
    return watermark is not None and moment.tzinfo is not None and moment > watermark


def _upwards(table: Table, one: Discussion, above: int) -> Ask:
    """Messages above an id; which of them, nobody says."""
    return Ask(table.method, {"DIALOG_ID": f"chat{one.chat_id}", "FIRST_ID": above, "LIMIT": PAGE})
