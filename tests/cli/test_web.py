"""The console in a browser: who may open it, and in a real Chromium what it shows and does."""

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from bitsheet_tui.cli import main
from tests.support.chromium import chromium, clients
from tests.support.commands import CODE, SECONDS, instance, until

TOKEN = "open-sesame-open-sesame"


def viewers() -> list[int]:
    """The consoles behind pages on this mirror."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
            here = (entry.parent / "cwd").readlink() == Path.cwd()
        except OSError:
            continue
        if here and b"--attach" in words:
            found.append(int(entry.parent.name))
    return found


def parent(pid: int) -> int:
    """Of a process."""
    return int(re.search(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


async def gone(seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while viewers() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return not viewers()


def test_what_is_no_token_and_no_address_is_refused_before_anything_is_served(home, capfd):
    assert main(["web", "--listen", "crm.example.com:80"]) == 64
    Path("short").write_text("sesame\n")
    assert main(["web", "--token-file", "short"]) == 64
    assert main(["web", "--token-file", "none"]) == 64
    assert main(["web", "--listen", "127.0.0.1"]) == 64
    assert "sesame" not in capfd.readouterr().err


def test_without_the_extra_it_says_what_to_install(home, capfd, monkeypatch):
    monkeypatch.delitem(sys.modules, "bitsheet_tui.ui.web", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    assert main(["web"]) == 64
    assert "with its extra web: see `bitsheet-tui help install`" in capfd.readouterr().err


def visitor() -> aiohttp.ClientSession:
    """A browser that has no login yet; its cookies are those of an address without a name."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


def environment_of(pid):
    """What a process was started with; nothing where it is sealed and we are not root, who may look into all."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except PermissionError:
        assert os.getuid()
        return b""


async def test_the_printed_address_lets_in_and_nothing_else_does(site):
    process, address = site()
    here, _, query = address.partition("?")
    assert re.fullmatch(r"token=[\w-]{32}", query)
    async with visitor() as session, visitor() as stranger:
        async with session.get(address, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (
                303,
                "/",
            )  # the token leaves the address bar
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert query.removeprefix("token=") not in cookie
        async with session.get(here) as answer:
            assert answer.status == 200
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert not re.findall(r"(?:href|src)=\"https?://(?!127\.0\.0\.1)", await answer.text())
        for path in ("", "ws", "static/js/textual.js", "download/x", "nothing", "?token=wrong"):
            async with stranger.get(f"{here}{path}") as answer:
                assert answer.status == 401
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await stranger.ws_connect(f"{here}ws")
        async with stranger.get(here, headers={"Host": "127.0.0.1", "X-Forwarded-For": "10.0.0.1"}) as answer:
            assert answer.status == 401
        async with session.post(f"{here}leave") as answer:
            assert answer.status == 401  # it leads to the page, which asks again
        async with session.get(here) as answer:
            assert answer.status == 401
    process.terminate()
    _, told = process.communicate(timeout=SECONDS)
    assert "a visitor from 127.0.0.1 has come in" in told
    assert "a wrong token from 127.0.0.1 was refused" in told
    assert "a visitor from 127.0.0.1 has left" in told
    assert query not in told  # it was printed once


async def test_pages_of_other_sites_are_kept_out(site):
    process, address = site()
    here = address.partition("?")[0]
    async with visitor() as session:
        await session.get(address)
        for origin in ("https://evil.example", "null", "http://["):
            async with session.get(f"{here}ws", headers={"Origin": origin}) as answer:
                assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{here}ws", origin="https://evil.example")
    process.terminate()
    assert process.wait(SECONDS) == 0


async def test_a_request_that_cannot_be_read_is_400_and_leaves_no_trace(site):
    process, address = site()
    here = address.partition("?")[0]
    async with visitor() as session:
        for body, kind in ((b"token=%ff\xff", "utf-8"), (b"token=x", "evil/e.so")):
            form = {"Content-Type": f'application/x-www-form-urlencoded; charset="{kind}"'}
            async with session.post(f"{here}token", data=body, headers=form) as answer:
                assert answer.status in {400, 401}
        async with session.get(here, headers={"Authorization": "Bearer \xff"}) as answer:
            assert answer.status == 401
    process.terminate()
    _, told = process.communicate(timeout=SECONDS)
    assert "Traceback" not in told
    assert "evil" not in told


async def test_a_token_of_the_operators_is_never_shown(site):
    Path("token").write_text(f"{TOKEN}\n")
    process, address = site("--token-file", "token")
    assert "?" not in address
    async with visitor() as session:
        async with session.post(f"{address}token", data={"token": "wrong"}) as answer:
            assert answer.status == 401
        async with session.post(
            f"{address}token", data={"token": TOKEN}, headers={"Origin": "http://evil"}
        ) as answer:
            assert answer.status == 403
        async with session.post(f"{address}token", data={"token": TOKEN}, allow_redirects=False) as answer:
            assert answer.status == 303
            assert TOKEN not in answer.headers["Set-Cookie"]
        async with session.get(address) as answer:
            assert answer.status == 200
    async with visitor() as session:
        for given, status in ((TOKEN, 200), ("x" * 20, 401), ("", 401), (TOKEN, 200)):
            async with session.get(address, headers={"Authorization": f"Bearer {given}"}) as answer:
                assert answer.status == status
        async with session.get(address, headers={"Cookie": "bitsheet_tui=0"}) as answer:
            assert answer.status == 401
    process.terminate()
    _, told = process.communicate(timeout=SECONDS)
    assert TOKEN not in told


async def test_consoles_of_pages_do_not_inherit_the_token(site):
    process, address = site(BITSHEET_WEB_TOKEN=TOKEN)
    async with clients() as new:
        await (await new(f"{address}?token={TOKEN}")).until("departments")
        (console,) = viewers()
        assert TOKEN.encode() not in environment_of(console)
        assert b"-P" in Path(f"/proc/{console}/cmdline").read_bytes().split(b"\0")
    process.terminate()
    assert process.wait(SECONDS) == 0


async def test_a_page_that_is_read_only_steers_nothing(start, site, capfd):
    engine = start("--no-ui", BITSHEET_SYNC_INTERVAL="1")
    until(engine, "cycle 1 done")
    process, address = site("--read-only")
    async with clients() as new:
        page = await new(address)
        await page.until("departments")
        await page.until("read-only")
        await page.press("p")
        await page.until("this console is read-only: it steers nothing")
    assert instance(capfd)["paused_at"] is None
    for ended in (process, engine):
        ended.terminate()
        assert ended.wait(SECONDS) == 0


async def test_what_a_page_saves_goes_to_the_browser_and_into_no_folder_of_the_server(site):
    process, address = site()
    async with clients() as new:
        page = await new(address)
        await page.until("departments")
        await page.press("\x13")  # ctrl+s
        key = await page.heard("deliver_file_start")
        async with page.session.get(f"{page.asked[0]}download/{key}") as answer:
            assert "departments" in await answer.text()
    assert list(Path.cwd().glob("*.svg")) == []
    process.terminate()
    assert process.wait(SECONDS) == 0


@pytest.mark.slow
async def test_a_browser_that_sends_nonsense_or_goes_leaves_nothing_behind(site, home):
    process, address = site()
    async with visitor() as session:
        await session.get(address)
        address = address.partition("?")[0]
        async with session.ws_connect(f"{address}ws?width=100&height=30") as socket:
            for nonsense in (
                "",
                "x",
                "[]",
                '["resize", 3]',
                '["resize", {"width": -1, "height": 9e9}]',
                "[" * 900,
            ):
                await socket.send_str(nonsense)
            await socket.send_str('["ping", 7]')
            seen = b""
            async with asyncio.timeout(SECONDS):
                while b"departments" not in seen:
                    message = await socket.receive()
                    seen += message.data if message.type is aiohttp.WSMsgType.BINARY else b""
            assert viewers()
        assert await gone()
        stuck = await session.ws_connect(f"{address}ws?width=200&height=60")
        async with asyncio.timeout(SECONDS):
            while (await stuck.receive()).type is not aiohttp.WSMsgType.BINARY:
                """Its console is not there yet."""
        stuck._response.connection.transport.pause_reading()  # a browser that reads no more
        (console,) = viewers()
        process.kill()  # the server has no time to say goodbye
        assert await gone(), console
        await stuck.close()


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(chromium, id="in Chromium", marks=pytest.mark.debian),
        pytest.param(clients, id="over its socket"),
    ],
)
async def test_on_a_page_the_dashboard_moves_and_a_key_pauses_the_engine(start, site, pages, figure, capfd):
    engine = start("--no-ui", BITSHEET_SYNC_INTERVAL="1")
    until(engine, "cycle 1 done")
    process, address = site()
    async with pages() as new:
        page, other = await new(address), await new(address)
        for one in (page, other):
            await one.until(f"{engine.pid}")  # only what changes on a line is sent, so not the word before it
            await one.until("departments")
        before = await page.picture()
        cycle = re.findall(r"cycle (\d+)", page.text)[-1]
        await page.until(f"cycle {int(cycle) + 2}")
        assert await page.picture() != before
        assert len(viewers()) == 2
        pressed = time.monotonic()
        await page.press("p")
        await other.until("PAUSED")
        figure(
            f"a key on a page ({pages.__name__}) paused the engine within {time.monotonic() - pressed:.2f} s"
        )
        assert instance(capfd)["paused_at"]
        assert {url.split("/")[2] for url in page.asked if ":" in url[:6]} == {address.split("/")[2]}
        assert page.missing == []
        assert [told for told in page.complaints if "Content Security Policy" in told] == []
    assert await gone()
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    assert instance(capfd)["pid"] == engine.pid
    engine.terminate()
    assert engine.wait(SECONDS) == 0


async def test_where_no_instance_runs_an_engine_of_its_own_runs_and_ends_with_the_page(site, capfd):
    process, _ = site()
    until(process, "cycle 1 done")
    pid = instance(capfd)["pid"]
    assert pid != process.pid  # never in the process that listens
    assert parent(pid) == process.pid
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert instance(capfd)["running"] is False


async def test_the_engine_ends_with_a_server_that_was_killed(site, capfd):
    process, _ = site()
    until(process, "cycle 1 done")
    process.kill()
    async with asyncio.timeout(SECONDS):
        while instance(capfd)["running"]:
            await asyncio.sleep(0.1)


async def test_what_ends_the_engine_ends_the_server(site, run):
    process, _ = site()
    until(process, "cycle 1 done")
    assert run("stop").returncode == 0
    assert process.wait(SECONDS) == 0


async def test_secrets_of_the_environment_reach_engine_and_pages_and_no_environment(
    home, portal, site, capfd, monkeypatch
):
    (home / "config.toml").write_text("")
    elsewhere = f"sqlite:///{home}/elsewhere.db"
    process, address = site(BITSHEET_WEBHOOK=portal, BITSHEET_STORE_URL=elsewhere)
    until(process, "cycle 1 done")
    monkeypatch.setenv("BITSHEET_STORE_URL", elsewhere)
    engine = instance(capfd)["pid"]
    async with clients() as new:
        page = await new(address)
        await page.until("departments")
        await page.until(f"{engine}")  # it shows the mirror that the engine writes
        for pid in (engine, *viewers()):
            environment = environment_of(pid)
            assert CODE.encode() not in environment
            assert b"elsewhere" not in environment
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert not (home / "bitsheet.db").exists()


@pytest.mark.slow
async def test_a_demo_in_the_browser_is_the_demo_whatever_the_environment_says(site, home, tmp_path):
    process, address = site("--demo", BITSHEET_STORE_URL=f"sqlite:///{home}/mine.db", TMPDIR=str(tmp_path))
    until(process, "cycle 1 done")
    async with clients() as new:
        page = await new(address)
        await page.until("departments")
        await page.until("CURRENT")
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert not (home / "mine.db").exists()


def test_pages_alone_need_no_webhook_and_run_no_engine(home, start, capfd):
    (home / "config.toml").write_text("")
    process = start("web", "--attach", "--listen", "127.0.0.1:0")
    until(process, "the console is at")
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert not (home / "bitsheet.db").exists()
    assert main(["web"]) == 78
    assert "no webhook is configured" in capfd.readouterr().err
