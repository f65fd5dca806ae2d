"""The console in a browser: behind each page that is opened, a console of its own on the running mirror."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import cast

from aiohttp import WSMessage, WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from bitsheet_tui import authentication
from bitsheet_tui.authentication import Visit
from bitsheet_tui.secret import Secret
from bitsheet_tui.text import plain
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import code, t

VIEWERS = 12  # each is a process of about 50 MB
LONGEST = 1 << 20  # bytes of one message of a browser
PAUSE = 0.5  # seconds before a wrong token is answered, one after the other
GRACE = 3.0  # seconds for a console to leave before it is killed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ELSEWHERE = re.compile(
    r"<link\b[^>]*https://[^>]*>"
)  # a font from another host, which would learn of every viewer
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
FORM = """<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><title>bitsheet-tui</title>
<style>body{{background:#121212;color:#ddd;font-family:monospace;text-align:center;padding-top:20vh}}</style>
<form method="post" action="/token"><p>bitsheet-tui</p><p>{words}</p>
<p><input type="password" name="token" autofocus autocomplete="current-password" aria-label="token">
<button>{open}</button></p></form></html>"""


class Web(Server):
    """Serves `command`, a console, to browsers. `heard` is told of visitors, and whence they are."""

    def __init__(self, command: str, *, token: Secret, heard: Callable[[Visit, str], None]) -> None:
        super().__init__(command, title="bitsheet-tui")
        self.token = token
        self.viewers = 0
        self._heard = heard
        self._logins = authentication.Logins()
        self._guessing = asyncio.Lock()

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
        except (ValueError, LookupError):  # bytes that are no text, an encoding that there is not
            response = web.Response(status=400, text=f"{t(words.WEB_GARBLED)}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if why := authentication.foreign(request.headers):
            return web.Response(status=403, text=f"{t(why)}\n")
        if request.path == "/token":
            return await handler(request)
        if "token" in request.query:
            return await self._log_in(request, request.query["token"])
        if self._logins.admits(request.headers, _cookie(request), monotonic()):
            return await handler(request)
        if (given := authentication.bearer(request.headers)) is not None:
            if authentication.fits(self.token, given):
                return await handler(request)
            await self._refuse(request)
        return _ask(t(words.WEB_ASKED))

    async def _take_token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        return await self._log_in(request, str(form.get("token", "")))

    async def _log_in(self, request: web.Request, given: str) -> web.StreamResponse:
        if not authentication.fits(self.token, given):
            await self._refuse(request)
            return _ask(t(words.WEB_WRONG))
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            _cookie(request), self._logins.open(monotonic()), max_age=int(authentication.LASTS), httponly=True,
            samesite="Strict", secure=_secure(request),
        )  # fmt: skip
        self._heard(Visit.CAME, _whence(request))
        return response

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        self._logins.close(request.headers, _cookie(request))
        self._heard(Visit.LEFT, _whence(request))
        response = web.Response(status=303, headers={"Location": "/"})
        response.del_cookie(_cookie(request))
        return response

    async def _refuse(self, request: web.Request) -> None:
        """Tell of a wrong token; guesses wait for one another."""
        self._heard(Visit.REFUSED, _whence(request))
        async with self._guessing:
            await asyncio.sleep(PAUSE)

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page; its addresses are the ones by which the browser came, and none leads elsewhere."""
        self.public_url = f"{'https' if _secure(request) else 'http'}://{request.host}"
        response = cast("web.Response", await super().handle_index(request))
        response.text = ELSEWHERE.sub("", response.text or "")
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A console for as long as the connection lasts, and no longer."""
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=LONGEST)
        await socket.prepare(request)
        if self.viewers >= VIEWERS:
            await socket.send_bytes(t(words.WEB_FULL, count=f"{VIEWERS}").encode())
            await socket.close()
            return socket
        service = AppService(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=partial(_close, socket),
            download_manager=self.download_manager,
        )
        self.viewers += 1
        try:
            width, height = request.query.get("width", ""), request.query.get("height", "")
            await service.start(*_size(to_int(width, 80), to_int(height, 24)))
            await _hear(socket, service)
        finally:
            self.viewers -= 1
            await _end(service)
            await socket.close()
        return socket


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


def _ask(text: str) -> web.Response:
    return web.Response(
        status=401,
        text=FORM.format(language=code(), words=text, open=t("Open")),
        content_type="text/html",
        headers=HEADERS,
    )


def _cookie(request: web.Request) -> str:
    """Its name: a browser sends it to every port of a host, where another one of us may be."""
    return f"bitsheet_tui_{request.url.port}"


def _whence(request: web.Request) -> str:
    return plain(request.remote or "", 60)


def _secure(request: web.Request) -> bool:
    """Whether the browser came by https, to a proxy in front of us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


async def serve(site: Web, host: str, port: int, ready: Callable[[str], None], ended: asyncio.Event) -> None:
    """Serve until `ended`; `ready` is told the address. Raises OSError where it cannot be used."""
    app = await site.application()
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0]
        ready(f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}/")
        await ended.wait()
    finally:
        await runner.cleanup()
