"""Comments of tasks that nobody knows yet: asked in the request that finds the tasks.

A batch may refer to what its earlier commands answered. So the discussions of the first few rows of the
tasks' window are asked by their place in it:

    im.dialog.messages.get    DIALOG_ID = chat$result[tasks1p0][tasks][3][chatId]
    task.commentitem.getlist  TASKID    = 0$result[tasks1p0][tasks][3][id]

Where there is no such row, the text stays as it is, which names no chat and no task; the portal says so and
nothing is done. Newer tasks have a chat and no forum topic: what the tasks that moved last did not have is
not asked ahead. Where that was a wrong guess, the discussion is read to its end in the next request, as
long ones are: it is stored when both its sources are read, as of when the first one was.

Source: apidocs.bitrix24.com batch; `modules/rest/classes/general/rest_util.php`.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bitsheet_tui.errors import PortalError
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.sync.chat import Question
from bitsheet_tui.sync.discussions import CHAT, FORUM, SOURCES, DiscussionReader, chat_ask, forum_ask
from bitsheet_tui.tables import Table


class Ahead(Struct, frozen=True):
    """The discussions of the first `count` rows that the command `page` answers."""

    table: Table
    page: str
    parent: Table
    count: int
    sources: frozenset[str] = SOURCES

    def asks(self) -> dict[str, Ask]:
        """A command for each row and source."""
        asks: dict[str, Ask] = {}
        for place in range(self.count):
            row = f"$result[{self.page}][{self.parent.rows}][{place}]"
            if FORUM in self.sources:
                asks[f"aheadforum{place}"] = forum_ask(f"0{row}[id]")
            if CHAT in self.sources:
                asks[f"aheadchat{place}"] = chat_ask(self.table, f"{row}[chatId]", Question())
        return asks

    def expect(
        self, reader: DiscussionReader, tasks: Sequence[int], answers: Mapping[str, Answer | PortalError]
    ) -> None:
        """Let the reader take the answers; `tasks` are the rows in the order of the page."""
        for place, task_id in enumerate(tasks[: self.count]):
            for source in self.sources:
                key = f"ahead{source}{place}"
                answer = answers.get(key)
                if isinstance(answer, Answer):
                    reader.expect(key, task_id, source, answer)
