"""A thousand connections without a token to the console in a browser: what they cost the mirror and its viewers."""

import asyncio
import resource
import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.chromium import clients
from tests.support.commands import SECONDS, until

pytestmark = pytest.mark.usefixtures("home")

FLOOD = 1_100
LIMIT = 1_024  # descriptors, as systemd and Debian grant them
HALF = (
    b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 90\r\n\r\ntoken="
)


def newest_cycle() -> tuple[int, float]:
    """Number and seconds of the newest that has ended."""
    with closing(sqlite3.connect("bitsheet.db")) as mirror:
        return mirror.execute(
            "SELECT number, seconds FROM bitsheet_cycles WHERE ended_at IS NOT NULL ORDER BY number DESC"
        ).fetchone()


async def watch(seconds: float) -> dict[int, float]:
    """The cycles that ended meanwhile: number and seconds."""
    seen: dict[int, float] = {}
    async with asyncio.timeout(seconds + SECONDS):
        for _ in range(int(seconds * 5)):
            seen.update([newest_cycle()])
            await asyncio.sleep(0.2)
    return seen


class Flood:
    """Connections that send half a request, a thousand at a time; a closed one is opened again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[socket.socket] = []
        self.made = 0

    async def run(self) -> None:
        while True:
            for _ in range(50):
                self._one()
            await asyncio.sleep(0.1)

    def _one(self) -> None:
        if len(self._open) >= FLOOD:
            self._open.pop(0).close()
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", self._port))
        self._open.append(one)
        try:
            one.send(HALF)
        except OSError:
            """It waits to be accepted."""
        self.made += 1

    def close(self) -> None:
        for one in self._open:
            one.close()


@pytest.mark.slow
async def test_a_thousand_connections_without_a_token_cost_neither_the_mirror_nor_a_viewer_anything(
    site, start, figure
):
    own = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, own[1]), own[1]))
    with ExitStack() as ending:
        ending.callback(resource.setrlimit, resource.RLIMIT_NOFILE, own)
        process, address = site(BITSHEET_SYNC_INTERVAL="1", BITSHEET_LOG_FILE="bitsheet.log")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        until(process, "cycle 1 done")
        async with clients() as new:
            page = await new(address)
            await page.until("departments")
            before = await watch(10)
            flood = ending.enter_context(closing(Flood(int(page.asked[0].rstrip("/").rpartition(":")[2]))))
            flooding = asyncio.create_task(flood.run())
            await asyncio.sleep(3)
            during = await watch(10)
            descriptors = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
            await page.press("p")
            await page.until("PAUSED")
            async with page.session.get(page.asked[0]) as answer:
                assert answer.status == 200
            assert flood.made > FLOOD
            flooding.cancel()
        process.terminate()
        told = process.communicate(timeout=SECONDS)[1]
    figure(f"{flood.made:,} connections without a token: {descriptors} descriptors, {len(told.splitlines())} lines of log,"
           f" {len(during)} cycles, the longest {max(during.values()):.2f} s; before {len(before)}, {max(before.values()):.2f} s")  # fmt: skip
    assert descriptors < 200
    assert len(during) >= len(before) * 0.6
    assert max(during.values()) < 5
    assert [line for line in told.splitlines() if " WARNING " in line or " ERROR " in line] == []
    assert "Traceback" not in told
