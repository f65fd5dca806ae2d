"""Obeys what is asked of the engine from outside, and answers with what was done.

Other processes write their request into a table of the store and wait for its answer. Looking whether
anybody wrote costs no query (a counter in SQLite, a notification of PostgreSQL), so it is done often; the
table itself is read when somebody did, and now and then in case a notification got lost.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui.errors import MirrorHeld, StoreError
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.books import DISABLED, INTERVAL, PAUSED, QUIET, QUIET_UNTIL
from bitsheet_tui.store.ledger import PORTION, Request
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.answers import NOT_DONE, answer, refusal
from bitsheet_tui.sync.desk import now
from bitsheet_tui.sync.reaching import Reaching
from bitsheet_tui.text import plain

GLANCE_SECONDS = 0.2
TOLD = 300  # characters of a line about what was asked
FLOOD = f"{NOT_DONE}too many requests are waiting; ask again"
LOOK_SECONDS = 5.0
AWAY_SECONDS = 2.0  # between two tries to reach a store that is away
STALE = timedelta(minutes=1)  # what was asked so long before the start was asked of somebody else
WHILE_SINGLE = (c.Forget, c.Pause, c.Resume, c.Retry, c.Stop)  # what has a meaning for a run of one cycle


FACTS = (PAUSED, INTERVAL, DISABLED, QUIET, QUIET_UNTIL)


class Control:
    """The doors of one engine, which does what `obey` is given and is seen through `look`."""

    def __init__(
        self,
        store: Store,
        reaching: Reaching,
        look: Callable[[], EngineState],
        obey: Callable[[c.Command], str],
        say: Callable[[e.Event], None],
    ) -> None:
        self._store, self._reaching = store, reaching
        self._look = look
        self._obey = obey
        self._say = say
        self._began = now()
        self._flooded = False
        self._noted: dict[str, str] = {}
        self.answers: deque[str] = deque(maxlen=20)  # to commands of this process, where words are needed
        self.single = False  # the engine ends after one cycle, so that nothing can be put off to the next
        self.ended = False  # another process asked for the end

    def begin(self) -> None:
        """Note how we run, in place of what an instance before us may have left. Raises StoreError."""
        self._noted = {key: self._store.remembered(key) for key in FACTS}
        self._note()

    def note(self) -> None:
        """Let others see in the store how we run; trouble with it is the cycle's to report."""
        with suppress(StoreError, MirrorHeld):
            if self._store.connected:  # otherwise once it is
                self._note()

    def _note(self) -> None:
        state = self._look()
        facts = {
            PAUSED: state.paused_at.isoformat() if state.paused_at else "",
            INTERVAL: f"{state.interval:g}",
            QUIET: str(state.quiet) if state.quiet else "",
            QUIET_UNTIL: state.quiet_until.isoformat() if state.quiet_until else "",
            DISABLED: ",".join(table.name for table in state.tables.values() if table.disabled),
        }
        for key, value in facts.items():
            if self._noted.get(key) != value:
                self._store.remember(key, value)
                self._noted[key] = value

    def tell(self, command: c.Command) -> None:
        """Do what this process asks; why not, is an answer."""
        if why := refusal(command, self._look()):
            self.answers.append(f"{NOT_DONE}{why}")
        elif said := self._do(command):
            self.answers.append(said)

    def _do(self, command: c.Command) -> str:
        said = self._obey(command)
        self.note()
        return said

    def grant(self, name: str, argument: str) -> str:
        """Do what another process asks, and say what was done, or why not."""
        before = self._look()
        try:
            command = c.from_words(name, argument, before.tables)
        except ValueError as error:
            return f"{NOT_DONE}{error}"
        if self.single and not isinstance(command, WHILE_SINGLE):
            return f"{NOT_DONE}the instance runs one cycle and ends: ask again then"
        if why := refusal(command, before):
            return f"{NOT_DONE}{why}"
        self.ended = self.ended or isinstance(command, c.Stop)
        return self._do(command) or answer(command, before, self._look())

    async def listen(self) -> None:
        """Look for requests in the store until cancelled."""
        self._began = now()
        looked = 0.0
        while True:
            pause = AWAY_SECONDS
            with suppress(StoreError, MirrorHeld):  # the cycle is the one to report it
                await self._reaching.there()
                if self._store.asked() or monotonic() - looked > LOOK_SECONDS:
                    looked = monotonic()
                    self._note()
                    if self._answer():
                        looked = 0.0  # there is more, of which nobody tells
                pause = GLANCE_SECONDS
            await asyncio.sleep(pause)

    def _answer(self) -> bool:
        """Do some of what is asked; whether there may be more. What is too much is refused."""
        requests = self._store.open_requests()
        done: dict[str, list[str]] = {}
        for request in requests:
            said = self._done(request)
            self._store.answer(request.id, said, at=now())
            if not said.startswith(NOT_DONE):
                done.setdefault(_who(request), []).append(f"{request.command} {request.argument}".strip())
        if done:
            told = "; ".join(f"asked by {who}: {', '.join(asked)}" for who, asked in done.items())
            self._say(e.Requested(at=now(), text=plain(told, TOLD)))
        more = len(requests) >= PORTION
        refused = self._store.refuse_flood(FLOOD, at=now()) if more else 0
        if refused and not self._flooded:
            told = f"refused requests of which too many were waiting, {refused:,} at first"
            self._say(e.Requested(at=now(), text=told))
        self._flooded = more
        return more

    def _done(self, request: Request) -> str:
        """The answer. What was asked of an instance that ended before it could answer is not done now."""
        if self._began - request.at > STALE:
            return f"{NOT_DONE}no instance was running"
        return self.grant(request.command, request.argument)


def _who(request: Request) -> str:
    """Whoever asked: the database's word before its own."""
    by = plain(request.by, 100)
    return f"role {plain(request.role, 63)} ({by})" if request.role else by or "somebody"
