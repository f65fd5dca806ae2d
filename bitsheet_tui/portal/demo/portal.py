"""A Bitrix24 portal in a box: start it, take its webhook URL, and point any client at it."""

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from bitsheet_tui.portal.demo import chats, dictionaries, items, lists, oddities, people, service, tasklist
from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.clock import Clock, HostClock
from bitsheet_tui.portal.demo.door import Door
from bitsheet_tui.portal.demo.faults import Faults
from bitsheet_tui.portal.demo.http import Listener
from bitsheet_tui.portal.demo.life import Life
from bitsheet_tui.portal.demo.meters import Bucket, Operating
from bitsheet_tui.portal.demo.oauth import Tokens
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.pages import Damage, PageFaults
from bitsheet_tui.portal.demo.plot import Plot
from bitsheet_tui.portal.demo.settings import Cost, Limits, Settings, Size
from bitsheet_tui.portal.demo.stats import Stats
from bitsheet_tui.portal.demo.world import World

# importing them registers their methods
DESKS = (chats, dictionaries, items, lists, people, service, tasklist)


class DemoPortal:
    """A world, and the server that shows it to clients.

    `world` may be changed from any thread at any time; `faults`, `stats` and `office` (scopes, lost
    methods, revocation) likewise.
    """

    def __init__(
        self,
        size: Size | None = None,
        seed: int = 1,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.clock: Clock = clock or HostClock()
        self.world = World(
            size or Size(),
            seed,
            self.clock,
            self.settings.server_zone,
            self.settings.habits,
            self.settings.user_id,
        )
        oddities.reform(self.world, self.settings.spelling)
        if self.settings.odd:
            oddities.scatter(self.world, seed)
        if self.settings.mistyped:
            oddities.mistype(self.world)
        if self.settings.large:
            oddities.enlarge(self.world)
        self.faults = Faults(self._page_faults(seed))
        self.stats = Stats()
        self.operating = Operating(self.settings.limits)
        self.tokens = Tokens()
        pages = ChatPages(**self.settings.chats)
        self.office = Office(self.world, self.settings, "", set(self.settings.scopes), chat_pages=pages)
        self.url = ""
        self.life = Life(self.world, seed)
        self._listener: Listener | None = None
        self._living: list[asyncio.Task[None]] = []

    def _page_faults(self, seed: int) -> PageFaults | None:
        share, kinds = self.settings.page_faults, tuple(map(Damage, self.settings.page_kinds))
        methods = frozenset(self.settings.page_methods)
        return PageFaults(share, seed, kinds or tuple(Damage), methods) if share else None

    async def start(self, port: int = 0) -> str:
        """Listen on loopback; the webhook URL."""
        self.office.code = self.settings.code or secrets.token_hex(12)
        limits = self.settings.limits
        door = Door(self.office, Bucket(limits), self.operating, self.faults, self.stats, self.tokens)
        self._listener = Listener(door.answer)
        given = await self._listener.start(port)
        self.office.origin = f"http://127.0.0.1:{given}"
        self.url = f"{self.office.origin}/rest/{self.settings.user_id}/{self.office.code}/"
        if self.settings.edits_per_second:
            self._living.append(asyncio.create_task(self.life.run(self.settings.edits_per_second)))
        if self.settings.eventful:
            self._living.append(asyncio.create_task(Plot(self.world, self.faults).run()))
        return self.url

    async def stop(self) -> None:
        """Stop living, listening and talking."""
        if self._living:
            for living in self._living:
                living.cancel()
            await asyncio.wait(self._living)
            self._living.clear()
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None

    def revoke(self) -> None:
        """The webhook is deleted: every call is refused from now on."""
        self.office.revoked = True

    def lose_scope(self, scope: str) -> None:
        """The webhook loses a right."""
        self.office.scopes.discard(scope)

    def lose_method(self, name: str) -> None:
        """The portal no longer has a method."""
        self.office.lost.add(name.lower())

    @contextmanager
    def run_in_thread(self, port: int = 0) -> Iterator[str]:
        """Serve from a thread of its own; gives the webhook URL."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="demo-portal", daemon=True)
        thread.start()
        try:
            yield asyncio.run_coroutine_threadsafe(self.start(port), loop).result()
        finally:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


LIVELY = Settings(limits=Limits(), cost=Cost(page=0.01), edits_per_second=3.0)


def lively(**changed: Any) -> DemoPortal:
    """A portal with the usual limits, a little slow, and people at work; `changed`: other `Settings`."""
    return DemoPortal(settings=replace(LIVELY, **changed))


async def serve(port: int, announce: Callable[[str], None], portal: DemoPortal | None = None) -> None:
    """Run a demo portal until cancelled; `announce` is given its webhook URL once it answers."""
    portal = portal or lively()
    announce(await portal.start(port))
    try:
        await asyncio.Event().wait()
    finally:
        await portal.stop()
