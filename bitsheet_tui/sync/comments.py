"""The backfill of comments: the discussions that are due, fifty commands to a request, in several streams."""

from collections.abc import Callable

from bitsheet_tui import events as e
from bitsheet_tui.errors import BadAnswer, Resting, StoreRefused, TableTrouble, TooLarge
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.sync.deletions import brake
from bitsheet_tui.sync.desk import Answers, Desk, Progress, now
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.streams import Failed, rest, together
from bitsheet_tui.tables import FORUM_METHOD, Table

NAP = 5.0  # seconds between looks for discussions while nobody says that there may be some


async def fill(desk: Desk, table: Table, more: Callable[[], bool]) -> TableTrouble | None:
    """Read every discussion that moved since it was read, until `more` says that no others will come.

    Returns what is wrong with the table, or with the answers to some discussions when all others are read.
    Raises PortalError for what concerns all tables.
    """
    desk.say(e.FillStarted(table=table.name, at=now(), expected=desk.store.count_due(overlap=-1)))
    streams = Streams(desk, table, more)
    try:
        await together(streams.run() for _ in range(desk.portal.places))
    except Failed as failed:
        return failed.error
    return streams.spoilt


class Streams:
    """What the streams of one backfill share: nobody reads a discussion that another one reads."""

    def __init__(self, desk: Desk, table: Table, more: Callable[[], bool]) -> None:
        self._desk, self._table, self._more = desk, table, more
        self._busy: set[int] = set()  # tasks
        self._done = 0  # discussions
        self._vanished = 0  # comments
        self._given_up: set[int] = set()  # tasks whose discussions answer with nothing that can be used
        self.spoilt: BadAnswer | None = None  # why not

    async def run(self) -> None:
        """One stream, until nothing is due."""
        desk, table = self._desk, self._table
        reader = DiscussionReader(table)
        while True:
            await desk.moving.wait()
            await rest(desk, table, table.method)
            await rest(desk, table, FORUM_METHOD)
            since = desk.stirs
            more = self._more()  # asked first: what is found last is then due below
            room = self._room()
            for discussion in self._due(room - reader.open):
                self._busy.add(discussion.task_id)
                reader.begin(discussion)
            if asks := reader.asks(room):
                try:
                    reader = self._take(reader, await desk.ask(asks, (table,), urgent=False))
                except TooLarge as error:
                    if not desk.divisible(asks):
                        raise Failed(error) from error
                except StoreRefused as error:
                    raise Failed(error) from error
            elif more or self._busy:
                await desk.stirred(NAP, since=since)
            else:
                return

    def _room(self) -> int:
        """How many commands one request may have."""
        desk = self._desk
        return min(
            max(2, desk.room),
            max(2, desk.splitter.pages(self._table)),
            *(
                max(2, desk.commands(method, min(desk.seconds, desk.portal.room(method))))
                for method in (self._table.method, FORUM_METHOD)
            ),
        )

    def _due(self, count: int) -> list[Discussion]:
        if count <= 0:
            return []
        taken = self._busy | self._given_up
        found = self._desk.store.due_discussions(overlap=-1, limit=count + len(taken))
        return [one for one in found if one.task_id not in taken][:count]

    def _take(self, reader: DiscussionReader, answers: Answers) -> DiscussionReader:
        """Store what was read; the reader to go on with."""
        desk, table = self._desk, self._table
        read = reader.take(answers, desk.portal_now())
        if read:
            stored = desk.store.commit_discussions(
                table, read, at=now(), cycle=desk.cycle, filling=desk.checkpoint(table).watermark is None,
                brake=brake(desk, table, self._vanished),
            )  # fmt: skip
            self._vanished += stored.deleted + stored.held
            self._done += sum(one.complete for one in read)
            due = desk.store.count_due(overlap=-1)
            progress = Progress(self._done, self._done + due, desk.lasts(table.method, due))
            rows = sum(len(one.forum or ()) + len(one.chat or ()) for one in read)
            desk.count(table, stored)
            desk.tell(table, stored, read=rows, fill=progress)
        self._busy.difference_update(one.task_id for one in read if one.complete)
        self._busy -= reader.given_up
        self._given_up |= reader.given_up
        self.spoilt = reader.spoilt or self.spoilt
        desk.stir()
        if reader.error is None:
            return reader
        self._busy.difference_update(reader.tasks)  # what it had begun is due still
        if not isinstance(reader.error, Resting):
            raise Failed(reader.error)
        return DiscussionReader(table)
