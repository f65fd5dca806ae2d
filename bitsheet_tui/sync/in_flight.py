"""How much a backfill has on its way, in a process that follows one which did not end in order.

What is on its way when a process is killed has been read in vain. Nobody knows when the next kill comes, but
who was killed a moment ago may be so again. So after that no more is on its way than a seventh of what this
process has stored, and a little to begin with: whenever it is killed, it has stored seven times of what is
lost. Requests become so large that they are worth being one before they become more, for the portal counts
them; but none takes longer than a quarter of the time that this process has been at work, or it might never
see an answer. One that stays alive soon has as much on its way as any; one that follows an orderly end is
not bounded.
"""

import asyncio
from time import monotonic

from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.store.store import Store

UNDER_WAY = "backfill_under_way"  # the fact: whoever noted it has not ended yet, or not in order
SHARE = 0.15  # of what was stored
LEAST = 12  # pages on their way, however little was stored
SMALL = 8  # pages; no request has less
ABREAST = 5  # requests
SHORT = 0.8  # seconds; a request that takes less is not worth being one, where another would fit
QUICK = 0.001  # seconds; no page is believed to take less
PATIENCE = 0.25  # of the time at work so far, that one request may take


class InFlight:
    """The pages of all backfills that are on their way, and how many more may be."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted = False
        self._bounded = False
        self._began = 0.0
        self._stored = 0  # rows
        self._pages = 0
        self._back = asyncio.Event()

    def begin(self) -> bool:
        """A backfill begins: until `end` it shows that this process is at work.

        Whether it is the first, and one of another process did not end in order. Raises StoreError.
        """
        first = not self._noted
        if first:
            self._bounded = bool(self._store.remembered(UNDER_WAY)) and not self._stored
            self._store.remember(UNDER_WAY, "1")
            self._noted, self._began = True, monotonic()
        return first and self._bounded

    def end(self) -> None:
        """No backfill is under way any more. Raises StoreError; then the next process is careful in vain."""
        if self._noted:
            self._noted = self._bounded = False
            self._store.remember(UNDER_WAY, "")

    async def room(self, most: int, seconds: float) -> int:
        """How many pages the next request may have, at most `most`; waits until it may.

        `seconds`: how long the portal takes for a page.
        """
        while self._bounded:
            allowed = max(LEAST, int(SHARE * self._stored) // PAGE)
            quick = PATIENCE * (monotonic() - self._began) / max(seconds, QUICK)
            worth = max(SHORT / max(seconds, QUICK), allowed / ABREAST)
            part = min(most, allowed, max(SMALL, int(min(quick, worth))))
            if self._pages + part <= allowed:
                return part
            self._back.clear()
            await self._back.wait()
        return most

    def asked(self, pages: int) -> None:
        """So many are on their way now."""
        self._pages += pages

    def answered(self, pages: int, rows: int) -> None:
        """They are not any more; `rows` of them were stored."""
        self._pages -= pages
        self._stored += rows
        self._back.set()
