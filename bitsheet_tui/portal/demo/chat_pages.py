"""Pages of chats that are not what the documentation of `im.dialog.messages.get` says, as reports have them.

b24-rest-docs #344 (pages by FIRST_ID hold the newest message, too), the source (no ORDER BY with FIRST_ID,
START_ID of whoever joined later), and what any list that is filtered after its query does: short pages.
"""

from collections.abc import Sequence
from random import Random

from msgspec import Struct, field

from bitsheet_tui.portal.demo.discussions import Comment


class ChatPages(Struct, kw_only=True):
    """Switches, all off at first; a test may turn them while the portal runs."""

    newest: int = 0  # so many of the newest messages come with every page asked by FIRST_ID
    besides: bool = False  # they come besides LIMIT others (50+1), not in their places (48+2)
    unordered: bool = False  # the messages of a page come in any order
    most: int = 50  # no page has more, whatever LIMIT says
    limit: int = 0  # every page has so many at most, LIMIT is not looked at
    short: bool = False  # the second of each page is left out after the query: 49 of 50
    hidden: set[int] = field(default_factory=set)  # ids that are left out after the query
    dropped: float = 0.0  # the share of messages that is left out after the query, by chance
    posts: set[int] = field(default_factory=set)  # ids that a forum's list without FILTER leaves out
    first_only: bool = False  # a page by LAST_ID that is not the newest is empty
    start_ids: dict[int, int] = field(default_factory=dict)  # the first id that is shown, by chat
    chance: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secret

    def page(
        self, chat_id: int, messages: Sequence[Comment], *, above: int | None, below: int | None, limit: int
    ) -> list[Comment]:
        """A page of `messages`, which are in the order of their ids: above FIRST_ID, else below LAST_ID."""
        limit = self.limit or min(limit, self.most)
        messages = [one for one in messages if one.id >= self.start_ids.get(chat_id, 0)]
        if above is not None:
            return self._left(self._upward([one for one in messages if one.id > above], limit))
        found = [one for one in reversed(messages) if below is None or one.id < below]
        if self.first_only and len(found) < len(messages):
            return []
        return self._left(found[:limit])

    def _upward(self, messages: list[Comment], limit: int) -> list[Comment]:
        kept = messages[: limit if self.besides else max(0, limit - self.newest)]
        return kept + [one for one in messages[len(messages) - self.newest :] if one not in kept]

    def _left(self, page: list[Comment]) -> list[Comment]:
        """What is left of a page after the query."""
        if self.short and len(page) > 1:
            page = page[:1] + page[2:]
        page = [one for one in page if one.id not in self.hidden]
        if self.dropped:
            page = [one for one in page if self.chance.random() >= self.dropped]
        if self.unordered:
            self.chance.shuffle(page)
        return page
