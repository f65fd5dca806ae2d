"""The server behind pages, as somebody without a token meets it: over real connections, with short deadlines."""

import asyncio
import errno
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest

from bitsheet_tui import authentication as auth
from bitsheet_tui.authentication import Visit
from bitsheet_tui.secret import Secret
from bitsheet_tui.ui import connections
from bitsheet_tui.ui.web import HEADERS, SHARE, Console, Page, Web, one_too_many, serving

TOKEN = "open-sesame-open-sesame"
HALF = (
    b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 90\r\n\r\ntoken="
)
PRETENDER = """
import sys
print("__GANGLION__", flush=True)
told = b""
while b"quit" not in told and (more := sys.stdin.buffer.read1(64)):
    told += more
"""


@pytest.fixture
async def site():
    """A site: its address without a path, its object, and what was heard."""
    inherited = os.memfd_create("secrets")
    console = Console(words=[sys.executable, "-c", PRETENDER], variables={}, descriptor=inherited)
    heard: list = []
    web = Web(console, token=Secret(TOKEN), heard=lambda visit, whence: heard.append(visit))
    async with serving(web, "127.0.0.1", 0, lambda: heard.append("exhausted")) as address:
        yield address, web, heard
    os.close(inherited)


@asynccontextmanager
async def visitor(address: str = "", **more):
    """A browser; with an address it has a login."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, **more) as session:
        if address:
            async with session.get(f"{address}?token={TOKEN}") as answer:
                assert answer.status == 200
        yield session


@pytest.fixture
async def half_open(site):
    """Opens connections that send half a request."""
    port = int(site[0].rstrip("/").rpartition(":")[2])
    opened = []

    async def one(sent: bytes = HALF, whence: str = "127.0.0.1"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(whence, 0))
        opened.append(writer)
        writer.write(sent)
        return reader, writer

    yield one
    for writer in opened:
        writer.close()
    for writer in opened:
        with suppress(ConnectionError):
            await writer.wait_closed()


async def closed(reader: asyncio.StreamReader, seconds: float = 20) -> bytes:
    """What the server said until it closed the connection."""
    async with asyncio.timeout(seconds):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


def protected(headers) -> bool:
    return all(headers.get(name) == value for name, value in HEADERS.items())


async def test_every_answer_has_the_headers_that_keep_other_pages_out(site):
    address, *_ = site
    asked: dict[int, bool] = {}
    async with visitor(address) as session, visitor() as stranger:
        for path in ("", "nothing", "static/nothing", "download/nothing", "ws"):
            async with session.get(f"{address}{path}") as answer:
                asked[answer.status] = protected(answer.headers)
        async with session.put(address) as answer:
            asked[answer.status] = protected(answer.headers)
        async with stranger.get(address) as answer:
            asked[answer.status] = protected(answer.headers)
        async with stranger.get(address, headers={"Origin": "https://evil.example"}) as answer:
            asked[answer.status] = protected(answer.headers)
        async with stranger.post(f"{address}token", data=b"token=" + b"x" * 100_000,
                                 headers={"Content-Type": "application/x-www-form-urlencoded"}) as answer:  # fmt: skip
            asked[answer.status] = protected(answer.headers)
        for _ in range(auth.GUESSES + 1):
            async with stranger.get(f"{address}?token=wrong") as answer:
                asked[answer.status] = protected(answer.headers)
    assert {200, 400, 401, 403, 404, 405, 413, 429} <= set(asked)
    assert all(asked.values()), asked


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                                     b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: evil/e.so\r\n\r\n",
                                     b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"])  # fmt: skip
async def test_what_is_no_request_is_400_and_nothing_is_logged_of_it(half_open, caplog, garbage):
    reader, _ = await half_open(garbage)
    answer = await closed(reader)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"nosniff" in answer
    assert b"evil" not in answer
    assert caplog.records == []


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", HALF], ids=["nothing", "head", "form"]
)
async def test_half_a_request_is_answered_408_after_its_time(monkeypatch, half_open, sent):
    monkeypatch.setattr(connections, "DEADLINE", 0.3)
    reader, _ = await half_open(sent)
    answer = await closed(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    for name, value in HEADERS.items():
        assert f"{name}: {value}\r\n".encode() in answer


async def test_letter_by_letter_nobody_gets_more_time(monkeypatch, half_open):
    monkeypatch.setattr(connections, "DEADLINE", 1.0)
    reader, writer = await half_open(b"GET / HTTP/1.1\r\nX-Slow: ")
    began = asyncio.get_running_loop().time()
    answer = asyncio.create_task(closed(reader))
    while not answer.done():
        writer.write(b"a")
        await asyncio.sleep(0.05)
    assert (await answer).startswith(b"HTTP/1.1 408 ")
    assert asyncio.get_running_loop().time() - began < 10


async def test_connections_without_a_login_are_few_and_give_way_to_one_another(site, half_open):
    address, web, _ = site
    async with visitor(address) as session:
        socket = await session.ws_connect(f"{address}ws")
        flood = [await half_open() for _ in range(connections.MOST_UNKNOWN * 2)]
        there = [one for one in flood if not one[0].at_eof()]
        assert len(web.connections._open) <= connections.MOST
        assert len(there) <= connections.MOST_UNKNOWN + 1
        async with session.get(address) as answer:  # a page is loaded meanwhile
            assert answer.status == 200
        async with visitor(address) as other, other.get(address) as answer:  # and somebody logs in
            assert answer.status == 200
        await socket.send_str('["ping", 7]')
        assert (await socket.receive_json(timeout=20)) == ["pong", 7]
        await socket.close()


async def test_a_flood_from_one_address_closes_no_connection_of_another(half_open):
    reader, writer = await half_open(whence="127.0.0.2")
    for _ in range(connections.MOST_UNKNOWN * 2):
        await half_open()
    writer.write(b"x" * 84)
    assert (await asyncio.wait_for(reader.read(100), 20)).startswith(b"HTTP/1.1 401 ")


async def test_without_descriptors_it_waits_says_so_and_makes_room(monkeypatch, site, half_open):
    address, _, heard = site
    held = await half_open()
    monkeypatch.setattr(connections, "PAUSE", 0.05)
    loop, tried = asyncio.get_running_loop(), []
    accept = loop.sock_accept

    async def poor(listening):
        tried.append(0)
        if len(tried) <= 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listening)

    monkeypatch.setattr(loop, "sock_accept", poor)
    await (await half_open())[0].read(0)  # the accept that was under way
    async with asyncio.timeout(20):
        while len(tried) < 4:
            await asyncio.sleep(0.01)
    assert heard.count("exhausted") == 3
    assert await closed(held[0]) == b""  # the oldest without a login made room
    async with visitor(address) as session, session.get(address) as answer:
        assert answer.status == 200


HEADER = "header"


async def guess(session: aiohttp.ClientSession, address: str, way: str, token: str) -> int:
    if way == HEADER:
        asking = session.get(address, headers={"Authorization": f"Bearer {token}"})
    elif way == "query":
        asking = session.get(f"{address}?token={token}", allow_redirects=False)
    else:
        asking = session.post(f"{address}token", data={"token": token}, allow_redirects=False)
    async with asking as answer:
        return answer.status


@pytest.mark.parametrize("way", [HEADER, "query", "form"])
async def test_guesses_are_limited_and_a_login_works_on(site, way):
    address, _, heard = site
    async with visitor(address) as session, visitor() as stranger:
        answers = await asyncio.gather(*(guess(stranger, address, way, f"{n:016}") for n in range(30)))
        assert sorted(answers) == [401] * auth.GUESSES + [429] * (30 - auth.GUESSES)
        for other in (HEADER, "query", "form"):  # the right one is not looked at: it could be a guess, too
            assert await guess(stranger, address, other, TOKEN) == 429
        async with session.get(address) as answer:
            assert answer.status == 200
    assert heard.count(Visit.REFUSED) == auth.GUESSES
    assert heard.count(Visit.LIMITED) == 30 - auth.GUESSES + 3


async def test_leaving_ends_the_consoles_of_that_login_and_no_others(site):
    address, *_ = site
    async with visitor(address) as session, visitor(address) as other:
        page, copy = await session.ws_connect(f"{address}ws"), await session.ws_connect(f"{address}ws")
        stays = await other.ws_connect(f"{address}ws")
        async with session.post(f"{address}leave") as answer:
            assert answer.status == 401
        for one in (page, copy):
            assert (await one.receive(timeout=30)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        await stays.send_str('["ping", 7]')
        assert (await stays.receive_json(timeout=20)) == ["pong", 7]
        await stays.close()


async def test_a_console_ends_with_its_login(monkeypatch, site):
    address, *_ = site
    monkeypatch.setattr(auth, "LASTS", 1.0)
    async with visitor(address) as session:
        page = await session.ws_connect(f"{address}ws")
        assert (await page.receive(timeout=30)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        async with session.get(address) as answer:
            assert answer.status == 401


async def test_behind_https_the_cookie_is_bound_to_its_host(site):
    address, *_ = site
    async with visitor() as session:
        secure = {"X-Forwarded-Proto": "https"}
        async with session.get(f"{address}?token={TOKEN}", headers=secure, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_no_more_consoles_than_there_is_memory_for(monkeypatch, site):
    address, web, _ = site
    monkeypatch.setattr("bitsheet_tui.ui.web.VIEWERS", 2)
    async with visitor(address) as session, visitor(address) as other, visitor(address) as third:
        pages = [await one.ws_connect(f"{address}ws") for one in (session, other)]
        refused = await third.ws_connect(f"{address}ws")
        assert b"No more than 2 consoles" in (await refused.receive(timeout=20)).data
        assert len(web.pages) == 2
        for page in (*pages, refused):
            await page.close()


async def last_words(page) -> bytes:
    """What is said on a page that is closed, after what its console said."""
    said = b""
    async for message in page:
        said = message.data if isinstance(message.data, bytes) else said
    return said


async def test_one_visitor_has_a_share_of_the_consoles_and_no_more(site):
    address, web, _ = site
    async with visitor(address) as session:
        pages = [await session.ws_connect(f"{address}ws") for _ in range(SHARE)]
        refused = await session.ws_connect(f"{address}ws")
        assert b"You have 4 consoles already" in (await refused.receive(timeout=20)).data
        assert len(web.pages) == SHARE
        await pages.pop().close()
        async with asyncio.timeout(20):
            while len(web.pages) == SHARE:
                await asyncio.sleep(0.05)
        pages.append(await session.ws_connect(f"{address}ws"))
        await pages[-1].send_str('["ping", 7]')
        assert (await pages[-1].receive_json(timeout=20)) == ["pong", 7]
        for page in (*pages, refused):
            await page.close()


@pytest.mark.parametrize("way", ["logins", "programs"])
async def test_whoever_has_the_token_and_takes_all_pages_locks_nobody_out(monkeypatch, site, way):
    """By many logins, or without any and from another address, reading nothing of what is sent to him."""
    address, web, _ = site
    monkeypatch.setattr("bitsheet_tui.ui.web.VIEWERS", 2 * SHARE)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with AsyncExitStack() as everybody:
        taken = []
        for number in range(2):
            if way == "logins":
                session = await everybody.enter_async_context(visitor(address))
            else:
                local = aiohttp.TCPConnector(local_addr=(f"127.0.0.{number + 2}", 0))
                session = await everybody.enter_async_context(visitor(connector=local, headers=bearer))
            taken += [await session.ws_connect(f"{address}ws") for _ in range(SHARE)]
        assert len(web.pages) == 2 * SHARE
        other = await everybody.enter_async_context(visitor(address))
        page = await other.ws_connect(f"{address}ws")
        await page.send_str('["ping", 7]')
        assert (await page.receive_json(timeout=20)) == ["pong", 7]
        assert len(web.pages) == 2 * SHARE
        gave_way = taken[SHARE - 1]  # the newest of one that has most
        assert b"to make room for another visitor" in await asyncio.wait_for(last_words(gave_way), 30)
        for one in (*taken, page):
            await one.close()


def test_a_page_gives_way_only_to_whoever_has_two_fewer():
    def pages(*whose):
        return [Page(network=network, login=login) for network, login in whose]

    newcomer = Page(network="a", login="new")
    assert one_too_many(pages(("a", "1"), ("b", "2"), ("c", "3")), newcomer) is None
    mine = pages(("a", "1"), ("a", "1"), ("a", "2"))
    assert one_too_many(mine, newcomer) is mine[1]
    theirs = pages(("b", "1"), ("a", "2"), ("b", "3"), ("b", "4"), ("a", "5"))
    assert one_too_many(theirs, newcomer) is None  # the network has three of five, the newcomer's two
    theirs = pages(("b", "1"), ("b", "3"), ("b", "4"), ("a", "5"))
    assert one_too_many(theirs, newcomer) is theirs[2]
