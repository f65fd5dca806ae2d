import contextlib

import pytest

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.secret import Secret
from tests.support.scripted_server import ScriptedServer
from tests.support.virtual_clock import VirtualClock


@pytest.fixture
def hours():
    return VirtualClock()


@pytest.fixture
def said():
    """Every wait and its end, as announced."""
    return []


@pytest.fixture
def portal_at(hours, said):
    """A context with a server that follows scripts and a client that asks it, under the test's own time."""

    @contextlib.asynccontextmanager
    async def connect(*scripts, **settings):
        async with ScriptedServer(*scripts) as server:
            portal = Portal(
                Secret(server.url), PortalSettings(**settings), say=said.append,
                clock=hours.clock, now=hours.now, sleep=hours.sleep, chance=lambda: 1.0,
            )  # fmt: skip
            try:
                yield server, portal
            finally:
                await portal.close()

    return connect
