"""How many commands a request has: half as many where it was too much, and slowly more again."""

import pytest

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.errors import TooLarge
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.demo import DemoPortal, Limits, Settings, Size
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync.desk import ROOM, Desk


class NoStore:
    """Nothing is stored here."""

    def set_zone(self, zone):
        """It does not matter."""

    def remembered(self, _key):
        """Nothing is."""
        return ""


@pytest.fixture
async def desk():
    demo = DemoPortal(Size(scale=0.01), settings=Settings(limits=Limits(rate=None, most_commands=20)))
    client = Portal(Secret(await demo.start()), PortalSettings(requests_per_second=1000, burst=1000))
    yield Desk(portal=client, store=NoStore(), tables=(), settings=None, say=lambda _: None)
    await client.close()
    await demo.stop()


async def ask(desk, count):
    return await desk.ask({f"a{place}": Ask("server.time") for place in range(count)}, ())


async def test_a_request_that_was_too_much_is_followed_by_one_of_half_the_commands(desk):
    for room in (25, 12):
        with pytest.raises(TooLarge):
            await ask(desk, desk.room)
        assert desk.room == room
    assert len(await ask(desk, desk.room)) == 12


async def test_requests_grow_again_only_as_long_as_they_are_full(desk):
    desk.room = 12
    await ask(desk, 5)
    assert desk.room == 12
    for _ in range(3):
        await ask(desk, desk.room)
    assert desk.room == 15
    desk.room = ROOM


async def test_several_requests_that_were_too_much_together_halve_once(desk):
    for count in (50, 50):
        with pytest.raises(TooLarge):
            await ask(desk, count)
    assert desk.room == 25
