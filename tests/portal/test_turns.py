"""What is new goes before a backfill, and whoever gives up makes room."""

import asyncio

import pytest

from bitsheet_tui.portal.turns import Turns


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def stand(turns, order, name, *, urgent=False):
    async with turns.turn(urgent=urgent):
        order.append(name)


async def test_urgent_ones_go_first_and_the_others_in_the_order_of_coming():
    turns, order = Turns(1), []
    async with turns.turn(urgent=False):
        waiting = [asyncio.ensure_future(stand(turns, order, n, urgent=n > 3)) for n in range(6)]
        await settle()
        assert order == []
    await asyncio.gather(*waiting)
    assert order == [4, 5, 0, 1, 2, 3]


async def test_no_more_are_let_in_than_there_are_places():
    turns, inside, most = Turns(3), 0, 0

    async def one():
        nonlocal inside, most
        async with turns.turn(urgent=False):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(20)))
    assert most == 3


@pytest.mark.parametrize("called", [False, True], ids=["waiting", "just let in"])
async def test_a_place_that_nobody_takes_goes_to_the_next(called):
    turns, order = Turns(1), []
    async with turns.turn(urgent=False):
        first = asyncio.ensure_future(stand(turns, order, "first"))
        second = asyncio.ensure_future(stand(turns, order, "second"))
        await settle()
        if not called:
            first.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert order == ["second"]
    await stand(turns, order, "third")
    assert order == ["second", "third"]
