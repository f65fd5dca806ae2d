"""A real Chromium, driven through its debugging protocol; what its pages receive is what they show."""

import asyncio
import base64
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.debian import program

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,700",
           "--remote-debugging-port=0", "--no-first-run", "--disable-extensions", "--disable-background-networking")  # fmt: skip


class Seen:
    """What a terminal in a page was sent."""

    shown = b""

    async def until(self, word: str, seconds: float = 120) -> None:
        """Wait until the terminal was sent `word`, colours left out."""
        deadline = asyncio.get_running_loop().time() + seconds
        while word not in self.text:
            assert asyncio.get_running_loop().time() < deadline, f"never showed {word}: {self.text[-1500:]}"
            await asyncio.sleep(0.05)

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?<>]*[A-Za-z]", "", self.shown.decode(errors="replace"))


class Client(Seen):
    """Speaks with the server as the page does, where there is no browser."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, address: str, session: aiohttp.ClientSession
    ) -> None:
        self._socket, self.session = socket, session
        self.asked = [address]
        self.missing: list[str] = []
        self.complaints: list[str] = []
        self._told: list[list[object]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.shown += message.data
            else:
                self._told.append(message.json())

    async def heard(self, what: str, seconds: float = 40) -> object:
        """Wait until the page was told `what`, and give what was said with it."""
        async with asyncio.timeout(seconds):
            while not (found := [said for name, said in self._told if name == what]):
                await asyncio.sleep(0.05)
        return found[0]

    async def press(self, key: str) -> None:
        await self._socket.send_json(["stdin", key])

    async def picture(self) -> bytes:
        return self.shown


class Page(Seen):
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future] = {}
        self.asked: list[str] = []  # the addresses it asked for
        self.missing: list[str] = []  # those that there are not
        self.complaints: list[str] = []  # what the browser logs of the page
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            if told.get("id") in self._answers:
                self._answers.pop(told["id"]).set_result(told.get("result", told))
            elif told.get("method") == "Network.webSocketFrameReceived":
                frame = told["params"]["response"]
                if frame["opcode"] == 2:
                    self.shown += base64.b64decode(frame["payloadData"])
            elif told.get("method") == "Network.requestWillBeSent":
                self.asked.append(told["params"]["request"]["url"])
            elif told.get("method") == "Network.responseReceived":
                answer = told["params"]["response"]
                self.missing += [answer["url"]] if answer["status"] >= 400 else []
            elif told.get("method") == "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])

    async def call(self, method: str, **parameters) -> dict:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(self._answers[number], 20)

    async def open(self, address: str) -> None:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)

    async def evaluate(self, script: str):
        return (await self.call("Runtime.evaluate", expression=script))["result"].get("value")

    async def press(self, key: str) -> None:
        """A key as a person presses it, who has clicked nowhere."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": key} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **more)

    async def picture(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


@asynccontextmanager
async def clients():
    """Opens what stands for pages: clients of the socket that a page speaks to."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:

        async def new(address: str) -> Client:
            await (await session.get(address)).read()  # its token opens a login
            here = address.partition("?")[0]
            socket = await session.ws_connect(f"{here}ws?width=120&height=36")
            return Client(socket, here, session)

        yield new


@asynccontextmanager
async def chromium():
    """Opens pages: `page = await new(address)`."""
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-chromium-"))
    process = subprocess.Popen(
        [program("chromium", "chromium", "chromium-browser", "google-chrome"), *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    try:
        for line in process.stderr:
            if found := re.search(r"ws://(\S+?)/", line):
                break
        async with aiohttp.ClientSession() as session:

            async def new(address: str) -> Page:
                async with session.put(f"http://{found[1]}/json/new?about:blank") as answer:
                    target = await answer.json()
                socket = await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
                page = Page(socket)
                await page.open(address)
                return page

            yield new
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)
