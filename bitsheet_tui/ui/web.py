"""The console in a browser: behind each page that is opened, a console of its own on the running mirror."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from operator import attrgetter
from time import monotonic
from typing import Any, cast

from aiohttp import WSMessage, WSMsgType, web
from msgspec import Struct
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from bitsheet_tui import authentication
from bitsheet_tui.authentication import Guesses, Logins, Visit
from bitsheet_tui.secret import Secret
from bitsheet_tui.text import plain
from bitsheet_tui.ui import words
from bitsheet_tui.ui.connections import Connections, listen
from bitsheet_tui.ui.language import code, t

VIEWERS = 12  # pages; each is a process of about 50 MB
SHARE = 4  # of them, for one visitor
LONGEST = 1 << 20  # bytes of one message of a browser
FORM_BYTES = 4096
IDLE = 30.0  # seconds between requests on a connection
GRACE = 3.0  # seconds for a console to leave before it is killed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ELSEWHERE = re.compile(
    r"<link\b[^>]*https://[^>]*>"
)  # a font from another host, which would learn of every viewer
ICON = '<link rel="icon" href="data:,">'  # a browser asks for one that there is not
# keys go to the terminal as soon as there is one, without a click into it
KEYBOARD = """<script>
const waiting = new MutationObserver(() => {
  const keyboard = document.querySelector(".xterm-helper-textarea");
  if (keyboard && document.body.classList.contains("-first-byte")) {
    waiting.disconnect();
    keyboard.focus();
  }
});
waiting.observe(document.documentElement, {attributes: true, childList: true, subtree: true});
</script>"""
OURS = {"<head>": f"<head>{ICON}", "</body>": f"{KEYBOARD}</body>"}  # instead of theirs
# nothing from elsewhere: no font, no script, no frame around it
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
LATE = "HTTP/1.1 408 Request Timeout\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n"
FORM = """<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><link rel="icon" href="data:,">
<title>bitsheet-tui</title>
<style>body{{background:#121212;color:#ddd;font-family:monospace;text-align:center;padding-top:20vh}}</style>
<form method="post" action="/token"><p>bitsheet-tui</p><p>{words}</p>
<p><input type="password" name="token" autofocus autocomplete="current-password" aria-label="token">
<button>{open}</button></p></form></html>"""


class Console(Struct, frozen=True, kw_only=True):
    """How the console behind a page is started; `descriptor` is one that it inherits."""

    words: Sequence[str]
    variables: Mapping[str, str]
    descriptor: int


class Page(Struct, eq=False, kw_only=True):
    """One that is open: the network it came from, and its login, none where a program brings the token."""

    network: str
    login: str
    ended: bool = False
    last_words: str = ""
    deadline: asyncio.Timeout | None = None

    @property
    def visitor(self) -> tuple[str, str]:
        """Who opened it."""
        return self.network, self.login

    def end(self, last_words: str = "") -> None:
        """Close it, now or as soon as it has begun; whoever reads nothing delays nobody but himself."""
        self.ended, self.last_words = True, last_words
        if self.deadline:
            self.deadline.reschedule(asyncio.get_running_loop().time())


class Web(Server):
    """Serves `console` to browsers. `heard` is told of visitors, and whence they are."""

    connections: Connections | None = None

    def __init__(self, console: Console, *, token: Secret, heard: Callable[[Visit, str], None]) -> None:
        super().__init__("", title="bitsheet-tui")
        self.console_behind = console
        self.token = token
        self._heard = heard
        self._guesses = Guesses()
        self._logins = Logins()
        self.pages: list[Page] = []  # those that are open, the oldest first

    def initialize_logging(self) -> None:
        """Ours is there already; the other one prints the values of variables."""

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing."""

    async def application(self) -> web.Application:
        """All of it."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        app.router.add_post("/token", self._take_token)
        app.router.add_post("/leave", self._log_out)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await self._admit(request, handler)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        # bytes that are no text, an encoding that there is not; whoever asked has gone
        except (ValueError, LookupError, ConnectionError, web.RequestPayloadError):
            response = web.Response(status=400, text=f"{t(words.WEB_GARBLED)}\n", headers=HEADERS)
        if not response.prepared:
            response.headers.update(HEADERS)
            if response.status >= HTTPStatus.BAD_REQUEST:
                response.force_close()
        return response

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if why := authentication.foreign(request.headers):
            return web.Response(status=403, text=f"{t(why)}\n")
        if request.path == "/token":
            return await handler(request)
        if "token" in request.query:
            return self._log_in(request, request.query["token"])
        known = self._logins.left(request.headers, _cookie(request), monotonic()) > 0
        if not known and (given := authentication.bearer(request.headers)) is not None:
            if refusal := self._refusal(request, given):
                return refusal
            known = True
        if not known:
            return _ask(t(words.WEB_ASKED))
        if self.connections:
            self.connections.know(request.transport)
        return await handler(request)

    async def _take_token(self, request: web.Request) -> web.StreamResponse:
        """The form's. Its connection has a deadline."""
        form = await request.clone(client_max_size=FORM_BYTES).post()
        return self._log_in(request, str(form.get("token", "")))

    def _log_in(self, request: web.Request, given: str) -> web.StreamResponse:
        if refusal := self._refusal(request, given):
            return refusal
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            _cookie(request), self._logins.open(monotonic()), max_age=int(authentication.LASTS),
            httponly=True, samesite="Strict", secure=_secure(request),
        )  # fmt: skip
        self._heard(Visit.CAME, _whence(request))
        return response

    def _refusal(self, request: web.Request, given: str) -> web.Response | None:
        """What is said to a token that is wrong, or one too many."""
        whence, now = _whence(request), monotonic()
        if wait := self._guesses.wait(whence, now):
            self._heard(Visit.LIMITED, whence)
            refusal = _ask(t(words.WEB_LIMITED, count=f"{wait:.0f}"), HTTPStatus.TOO_MANY_REQUESTS)
            refusal.headers["Retry-After"] = f"{wait + 1:.0f}"
            return refusal
        if authentication.fits(self.token, given):
            return None
        self._guesses.wrong(whence, now)
        self._heard(Visit.REFUSED, whence)
        return _ask(t(words.WEB_WRONG))

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        """End the login, and the consoles of its pages with it."""
        ended = self._logins.close(request.headers, _cookie(request))
        self._heard(Visit.LEFT, _whence(request))
        for page in self.pages:
            if page.login and page.login == ended:
                page.end()
        response = web.Response(status=303, headers={"Location": "/"})
        response.del_cookie(_cookie(request), secure=_secure(request), httponly=True, samesite="Strict")
        return response

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page; its addresses are the ones by which the browser came, and none leads elsewhere."""
        self.public_url = f"{'https' if _secure(request) else 'http'}://{request.host}"
        response = cast("web.Response", await super().handle_index(request))
        page = ELSEWHERE.sub("", response.text or "")
        for tag, ours in OURS.items():
            page = page.replace(tag, ours)
        response.text = page
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A console for as long as the connection lasts, and no longer."""
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=LONGEST)
        await socket.prepare(request)
        left = self._logins.left(request.headers, _cookie(request), monotonic())
        login = self._logins.of(request.headers, _cookie(request)) if left else ""
        page = Page(network=authentication.network(_whence(request)), login=login)
        if refusal := self._seat(page):
            await socket.send_bytes(refusal.encode())
            await socket.close()
            return socket
        self.pages.append(page)
        service = Service(
            self.console_behind,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=partial(_close, socket),
            download_manager=self.download_manager,
        )
        try:
            width, height = request.query.get("width", ""), request.query.get("height", "")
            await service.start(*_size(to_int(width, 80), to_int(height, 24)))
            with suppress(TimeoutError):
                # a program that brings the token has no login, and no end of it
                async with asyncio.timeout(0 if page.ended else left or None) as page.deadline:
                    await _hear(socket, service)
        finally:
            if page in self.pages:
                self.pages.remove(page)
            await _end(service)
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    if page.last_words:
                        await socket.send_bytes(page.last_words.encode())
                    await socket.close()
        return socket

    def _seat(self, newcomer: Page) -> str:
        """Make room for one more page; empty, or why there is none."""
        if sum(page.visitor == newcomer.visitor for page in self.pages) >= SHARE:
            return t(words.WEB_SHARE, count=f"{SHARE}")
        if len(self.pages) < VIEWERS:
            return ""
        spare = one_too_many(self.pages, newcomer)
        if not spare:
            return t(words.WEB_FULL, count=f"{VIEWERS}")
        self.pages.remove(spare)
        spare.end(t(words.WEB_GAVE_WAY))
        return ""


def one_too_many(pages: Sequence[Page], newcomer: Page) -> Page | None:
    """Which page gives way to the newcomer's where there is room for no more; None: none does.

    It is the newest of the network that has most, where that has two more than the newcomer's; else of the
    visitor that has most. So whoever takes all there is takes it from nobody who comes later.
    """
    for whose in (attrgetter("network"), attrgetter("visitor")):
        counted = Counter(map(whose, pages))
        most, count = counted.most_common(1)[0]
        if count >= counted[whose(newcomer)] + 2:
            return next(page for page in reversed(pages) if whose(page) == most)
    return None


class Service(AppService):
    """The console behind one page, as a process that inherits a descriptor."""

    def __init__(self, console: Console, **more: Any) -> None:
        super().__init__("", **more)
        self._console = console

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._console.words, stdin=pipe, stdout=pipe, stderr=pipe,
            env=self._build_environment(width, height) | dict(self._console.variables),
            pass_fds=[self._console.descriptor],
        )  # fmt: skip
        self._process, self._stdin = process, process.stdin
        return process


async def _hear(socket: web.WebSocketResponse, service: AppService) -> None:
    """Pass on what the browser sends; nonsense is left out."""
    async for message in socket:
        match _envelope(message):
            case ["stdin", str(text)]:
                await service.send_bytes(text.encode(errors="replace"))
            case ["resize", {"width": int(width), "height": int(height)}]:
                await service.set_terminal_size(*_size(width, height))
            case ["ping", data]:
                await socket.send_json(["pong", data])
            case ["blur", *_]:
                await service.blur()
            case ["focus", *_]:
                await service.focus()


def _envelope(message: WSMessage) -> object:
    try:
        return message.json() if message.type is WSMsgType.TEXT else None
    except (ValueError, RecursionError):
        return None


def _size(width: int, height: int) -> tuple[int, int]:
    return max(20, min(width, 500)), max(5, min(height, 200))


async def _close(socket: web.WebSocketResponse) -> None:
    await socket.close()


async def _end(service: AppService) -> None:
    """Let the console leave; one that hangs on a browser which reads no more is killed."""
    with suppress(TimeoutError):
        await asyncio.wait_for(service.stop(), GRACE)
    process = service._process  # noqa: SLF001 - the only handle there is
    if process and process.returncode is None:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
    if process and process.returncode is None:
        process.kill()
        await process.wait()


def _ask(text: str, status: int = HTTPStatus.UNAUTHORIZED) -> web.Response:
    return web.Response(
        status=status,
        text=FORM.format(language=code(), words=text, open=t("Open")),
        content_type="text/html",
        headers=HEADERS,
    )


def _cookie(request: web.Request) -> str:
    """Its name. With https no other place can set it, and it goes nowhere else (RFC 6265bis, 4.1.3.2).

    Without, a browser sends it to every port of a host, where another one of us may be.
    """
    return "__Host-bitsheet_tui" if _secure(request) else f"bitsheet_tui_{request.url.port}"


def _whence(request: web.Request) -> str:
    return plain(request.remote or "", 60)


def _secure(request: web.Request) -> bool:
    """Whether the browser came by https, to a proxy in front of us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


class Requests(web.RequestHandler):
    """HTTP on one connection. Whoever does not speak it is told so, and nothing is logged of it."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be read, or to a bug."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response = super().handle_error(request, status, exc, message)
        else:
            response = web.Response(status=status, text=f"{t(words.WEB_GARBLED)}\n")
            response.force_close()
        response.headers.update(HEADERS)
        return response


def _late() -> bytes:
    """What is answered to a request that takes too long."""
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return LATE.format(head=head).encode()


@asynccontextmanager
async def serving(site: Web, host: str, port: int, exhausted: Callable[[], None]) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. Raises OSError where it cannot be used."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listening = listen(dict.fromkeys((family, str(place[0]), int(place[1])) for family, *_, place in found))
    runner = web.AppRunner(await site.application(), handle_signals=False, shutdown_timeout=GRACE)
    await runner.setup()
    protocol = partial(Requests, cast("web.Server", runner.server), loop=loop, keepalive_timeout=IDLE)
    site.connections = Connections(protocol, _late(), exhausted)
    accepting = [asyncio.create_task(site.connections.accept(one)) for one in listening]
    try:
        bound, number = listening[0].getsockname()[:2]
        yield f"http://{f'[{bound}]' if ':' in bound else bound}:{number}/"
    finally:
        for task in accepting:
            task.cancel()
        await asyncio.wait(accepting)
        for one in listening:
            one.close()
        await runner.cleanup()
        site.connections.close()
