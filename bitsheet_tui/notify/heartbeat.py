"""The dead man's switch: a GET that says all is well. Its silence is the alarm for what we cannot tell."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from bitsheet_tui import events as e
from bitsheet_tui.alert import Kind
from bitsheet_tui.lean import without_click
from bitsheet_tui.portal import authorities
from bitsheet_tui.secret import Secret

with without_click():
    import httpx

TIMEOUT = 10.0  # seconds for each step of the request
DEADLINE = 15.0  # seconds for all of it
SILENT = "it does not answer in time"
FAILURES = 3  # in a row, before somebody is told
FAILING = "the heartbeat is sent in vain: {why}"
FAILING_HINT = "Look at notify.heartbeat_url: whoever waits for it believes that nothing runs."


def beat(address: Secret) -> str:
    """Ask the address once; why that was in vain, empty: it was not. What it answers is not read."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT, verify=authorities.trust(), follow_redirects=True) as client,
            client.stream("GET", address.reveal()) as answer,
        ):
            return "" if answer.is_success else f"it answers {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return _why(error)


def _why(error: Exception) -> str:
    """Never with the address, which is a password where it has a token in it."""
    if isinstance(error, httpx.TimeoutException):
        return SILENT
    return "it cannot be reached" if isinstance(error, httpx.HTTPError | OSError) else "it is no address"


def _settle(answer: "asyncio.Future[str]", why: str) -> None:
    if not answer.done():  # it was waited for in vain
        answer.set_result(why)


class Heartbeat:
    """Each beat has a thread, for which nobody waits at the end: a name server may hang for long."""

    def __init__(
        self, address: Secret, tell: Callable[[e.Event], None], *, send: Callable[[Secret], str] = beat
    ) -> None:
        self._address, self._tell, self._send = address, tell, send
        self._thread: threading.Thread | None = None
        self._failures = 0

    async def __call__(self) -> bool:
        """Say that all is well; whether that was taken, which is told where it was not."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def work() -> None:
            why = self._send(self._address)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_settle, answer, why)

        if not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=work, name="heartbeat", daemon=True)
            self._thread.start()
        try:
            return self._judge(await asyncio.wait_for(answer, DEADLINE))
        except TimeoutError:
            return self._judge(SILENT)

    def once(self) -> bool:
        """The same without a loop, and as long as it takes."""
        return self._judge(self._send(self._address))

    def _judge(self, why: str) -> bool:
        at = datetime.now(UTC)
        self._failures = self._failures + 1 if why else 0
        if not why:
            self._tell(e.BesideWell(kind=Kind.HEARTBEAT_FAILING, about="", at=at))
        elif self._failures >= FAILURES:
            text = FAILING.format(why=why)
            self._tell(
                e.BesideFailed(kind=Kind.HEARTBEAT_FAILING, about="", text=text, hint=FAILING_HINT, at=at)
            )
        return not why
