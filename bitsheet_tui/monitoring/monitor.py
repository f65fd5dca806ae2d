"""Ties the listener to a running engine: which path shows what, each rendering kept for a second."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from bitsheet_tui import events as e
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.monitoring.exposition import Exposition, Watched
from bitsheet_tui.monitoring.health import unready
from bitsheet_tui.monitoring.listener import Headers, Listener, Page, say
from bitsheet_tui.monitoring.tally import Tally
from bitsheet_tui.secret import Secret, redact
from bitsheet_tui.state import EngineState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import status_page

ROUND_SECONDS = 4.0  # in which a healthy engine's loop comes round
KEPT_SECONDS = 1.0  # that a rendering is shown to everybody who asks


class Mirror(Struct, frozen=True, kw_only=True):
    """What is known of the mirror beside the engine's picture."""

    tables: tuple[str, ...]
    services: tuple[str, ...] = ()  # of the channels through which people are told
    succeeded: datetime | None  # when a full cycle was good last, before this start
    file: Path | None  # of SQLite
    levels: Mapping[str, int]  # lines of the log
    sessions: Callable[[], int]  # of the store, that were opened
    status: Callable[[], dict[str, Any]]  # what `status --json` prints; raises BitsheetError


class Monitor:
    """Whoever watches one engine over HTTP. `tell` is one of its listeners, `ended` counts its requests."""

    def __init__(self, address: tuple[str, int], token: Secret, language: str, mirror: Mirror) -> None:
        self._mirror = mirror
        self._language = language
        self._tally = Tally(mirror.tables, mirror.succeeded, mirror.services)
        self._listener = Listener(address, token, self._answer)
        self._state: Callable[[], EngineState] = EngineState
        self._exposition: Exposition | None = None
        self._engine: asyncio.AbstractEventLoop | None = None  # its loop
        self._kept: dict[tuple[str, ...], tuple[float, Page]] = {}
        self._measuring = False  # how long the engine's loop takes to come round
        self._looking: asyncio.Future[Page] | None = None

    def tell(self, event: e.Event) -> None:
        """An event of the engine."""
        self._tally.tell(event)

    def ended(self, request: e.HttpRequest) -> None:
        """A request of the engine's to the portal."""
        self._tally.ended(request)

    def written(self, seconds: float, failure: BitsheetError | None) -> None:
        """A transaction of the engine's store."""
        self._tally.written(seconds, failure)

    def watch(self, state: Callable[[], EngineState]) -> None:
        """Let it be the engine whose picture this is."""
        self._state = state

    def __enter__(self) -> None:
        """Let others look. On the engine's loop, and without waiting."""
        self._engine = asyncio.get_running_loop()
        watched = Watched(
            state=self._state, tally=self._tally, levels=self._mirror.levels, file=self._mirror.file,
            sessions=self._mirror.sessions,
        )  # fmt: skip
        self._exposition = Exposition(watched)
        self._listener.open()

    def __exit__(self, *_: object) -> None:
        """Nobody is answered any more."""
        self._listener.close()

    # --- on the listener's loop ---

    async def _answer(self, path: str, headers: Headers) -> Page:
        match path:
            case "/metrics":
                self._measure_lag()
                return self._metrics(headers.get("Accept", ""))
            case "/healthz":
                return say(200, "ok") if await self._echo() else say(503, "the engine does not answer")
            case "/readyz":
                reason = unready(self._state(), self._tally, datetime.now(UTC))
                return say(503, reason) if reason else say(200, "ok")
            case "/status.json":
                return await self._status()
            case "/":
                language = status_page.language(headers.get("Accept-Language", ""), self._language)
                return self._keep(("page", language), lambda: self._page(language))
        return say(404, "there is nothing; see /, /metrics, /healthz, /readyz and /status.json")

    async def _echo(self) -> bool:
        """Whether the engine's loop comes round."""
        loop, here, back = self._engine, asyncio.get_running_loop(), asyncio.Event()
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(here.call_soon_threadsafe, back.set)
            await asyncio.wait_for(back.wait(), ROUND_SECONDS)
        except (RuntimeError, TimeoutError):  # it has ended, or is held up
            return False
        return True

    def _measure_lag(self) -> None:
        """Let the engine's loop note how long it took to come round; nobody waits for it."""
        if self._engine and not self._measuring:
            self._measuring = True
            with suppress(RuntimeError):  # it has ended
                self._engine.call_soon_threadsafe(self._came_round, time.perf_counter())

    def _came_round(self, since: float) -> None:
        self._tally.lag.add(time.perf_counter() - since)
        self._measuring = False

    def _keep(self, key: tuple[str, ...], render: Callable[[], Page]) -> Page:
        now = time.monotonic()
        at, page = self._kept.get(key, (0.0, None))
        if page is None or now - at > KEPT_SECONDS:
            page = render()
            self._kept = {k: kept for k, kept in self._kept.items() if now - kept[0] <= KEPT_SECONDS}
            self._kept[key] = now, page
        return page

    def _metrics(self, accept: str) -> Page:
        assert self._exposition  # noqa: S101 - it was opened
        media, render = self._exposition.form(accept)
        return self._keep(
            ("metrics", media), lambda: Page(body=render(), media=media, headers=(("Vary", "Accept"),))
        )

    def _page(self, language: str) -> Page:
        text = status_page.render(self._state(), datetime.now(UTC), language)
        return Page(
            body=redact(text).encode(errors="replace"), media="text/html; charset=utf-8",
            policy=status_page.POLICY, headers=(("Vary", "Accept-Language"), ("Content-Language", language)),
        )  # fmt: skip

    async def _status(self) -> Page:
        """From the store, which may keep whoever asks waiting: one thread looks for all of them."""
        at, page = self._kept.get(("status",), (0.0, None))
        if page and time.monotonic() - at <= KEPT_SECONDS:
            return page
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_future()
            # a daemon: what waits for a database that does not answer keeps no process from ending
            threading.Thread(target=self._look, args=(self._looking,), name="status", daemon=True).start()
        page = await asyncio.shield(self._looking)
        self._kept["status",] = time.monotonic(), page
        return page

    def _look(self, found: asyncio.Future[Page]) -> None:
        try:
            told, status = self._mirror.status(), 200
        except BitsheetError as error:
            told, status = {"error": plain(str(error), 1000), "hint": plain(error.hint, 1000)}, 503
        text = redact(json.dumps(told, indent=2, ensure_ascii=False))
        page = Page(status=status, body=f"{text}\n".encode(errors="replace"), media="application/json")
        with suppress(RuntimeError):  # the loop has ended
            found.get_loop().call_soon_threadsafe(_settle, found, page)


def _settle(found: asyncio.Future[Page], page: Page) -> None:
    if not found.done():
        found.set_result(page)
