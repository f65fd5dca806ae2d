"""A small demo portal on a real loopback socket, with a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bitsheet_tui.portal.demo import DemoPortal, ManualClock, Settings, Size

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SMALL = Size(leads=130, contacts=120, companies=20, deals=160, activities=110, tasks=60, users=12)


class Client:
    """Asks one portal over its socket."""

    def __init__(self, portal: DemoPortal, http: httpx.AsyncClient) -> None:
        self.portal = portal
        self.http = http

    async def post(self, method: str, params: Any = None) -> httpx.Response:
        return await self.http.post(self.portal.url + method, json={} if params is None else params)

    async def ask(self, method: str, **params: Any) -> Any:
        """The whole answer, decoded."""
        return (await self.post(method, params)).json()

    async def result(self, method: str, **params: Any) -> Any:
        answer = await self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    async def ids(self, method: str, **params: Any) -> list[int]:
        rows = await self.result(method, **params)
        rows = rows["tasks"] if isinstance(rows, dict) else rows
        return [int(row.get("ID") or row["id"]) for row in rows]

    async def batch(self, cmd: Any, halt: int = 0) -> Any:
        return await self.result("batch", cmd=cmd, halt=halt)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def start(clock: ManualClock) -> AsyncIterator[Callable[..., Any]]:
    """Start portals: `client = await start(Settings(...))`."""
    running: list[Client] = []

    async def begin(settings: Settings | None = None, size: Size = SMALL, seed: int = 1) -> Client:
        portal = DemoPortal(size, seed, settings, clock)
        await portal.start()
        client = Client(portal, httpx.AsyncClient(timeout=10))
        running.append(client)
        return client

    yield begin
    for client in running:
        await client.http.aclose()
        await client.portal.stop()


@pytest.fixture
async def client(start: Callable[..., Any]) -> Client:
    return await start()
