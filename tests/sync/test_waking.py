"""Whoever waits for others to find something misses no wake-up, whenever it comes."""

import asyncio
from types import SimpleNamespace

from bitsheet_tui.sync.desk import Desk


def desk():
    return Desk(portal=SimpleNamespace(places=1), store=None, tables=(), settings=None, say=lambda _: None)


async def test_a_wake_up_between_the_look_and_the_waiting_is_heard():
    shared = desk()
    since = shared.stirs
    shared.stir()
    async with asyncio.timeout(5):
        await shared.stirred(60, since=since)


async def test_every_one_of_several_who_wait_is_woken():
    shared = desk()
    waiting = [asyncio.create_task(shared.stirred(60, since=shared.stirs)) for _ in range(3)]
    await asyncio.sleep(0)
    shared.stir()
    late = asyncio.create_task(shared.stirred(0.01, since=shared.stirs))
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, late)
