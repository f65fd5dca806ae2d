"""The schedule keeps to time that really passed, whatever happens to the wall clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bitsheet_tui.events import ClockJumped
from bitsheet_tui.observe.narrate import narrate
from bitsheet_tui.sync.schedule import Schedule
from tests.support.readme import said

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


class Hands:
    """A stopwatch and a wall clock that a test moves."""

    def __init__(self, traveller):
        self._traveller = traveller
        self._slept = 0.0
        self._began = asyncio.get_running_loop().time()

    def elapsed(self):
        return self._slept + asyncio.get_running_loop().time() - self._began

    def set_wall(self, seconds):
        self._traveller.shift(timedelta(seconds=seconds))

    def sleep(self, seconds):
        self._slept += seconds
        self.set_wall(seconds)


@pytest.fixture
async def kept():
    """A schedule with movable clocks; gives it, the clocks, the runs and the jumps seen."""
    with time_machine.travel(NOON, tick=True) as traveller:
        hands, runs, jumps = Hands(traveller), asyncio.Queue(), []

        schedule = Schedule(runs.put_nowait, jumps.append, crons={}, periods={}, elapsed=hands.elapsed)
        schedule.start()
        yield schedule, hands, runs, jumps
        schedule.stop()


async def soon(runs):
    return await asyncio.wait_for(runs.get(), 0.9)


async def test_it_runs_when_the_time_has_come(kept):
    schedule, _, runs, jumps = kept
    schedule.every("cycle", 3600, after=0.05)
    assert await soon(runs)
    assert jumps == []


async def test_what_rides_comes_with_what_it_rides_in(kept):
    _, hands, runs, jumps = kept
    schedule = Schedule(
        runs.put_nowait,
        jumps.append,
        crons={},
        periods={},
        riding={"cycle": ("audit",)},
        elapsed=hands.elapsed,
    )
    schedule.start()
    schedule.every("cycle", 3600, after=0.05)
    assert {await soon(runs), await soon(runs)} == {"audit", "cycle"}
    schedule.every("cycle", 3600, after=0.05)
    schedule.cancel("cycle")
    await asyncio.sleep(0.2)
    assert runs.empty()
    schedule.stop()


async def test_what_is_agreed_anew_replaces_what_was(kept):
    schedule, _, runs, _ = kept
    schedule.every("cycle", 3600, after=0.05)
    schedule.every("cycle", 3600, after=3600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.3)


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_neither_delays_nor_hastens_the_next_run(kept, jump):
    schedule, hands, runs, jumps = kept
    schedule.every("cycle", 3600, after=0.4)
    hands.set_wall(jump)
    schedule.tick()
    assert [round(seconds) for seconds in jumps] == [jump]
    told = narrate(ClockJumped(at=datetime.now(UTC), seconds=jumps[0]))
    assert f"{said('the clock was set')} {jump:+.0f}s" in told.text
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)
    assert await soon(runs)


async def test_after_a_night_of_suspension_it_runs_once_and_at_once(kept):
    schedule, hands, runs, _ = kept
    schedule.every("cycle", 3600, after=300)
    hands.sleep(8 * 3600)
    schedule.tick()
    assert await soon(runs)
    schedule.tick()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)


async def test_nothing_runs_after_it_was_cancelled(kept):
    schedule, _, runs, _ = kept
    schedule.every("cycle", 3600, after=0.05)
    schedule.cancel("cycle")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)


async def test_a_busy_loop_neither_doubles_nor_drops_a_run_and_is_no_warning(kept, caplog):
    schedule, hands, runs, _ = kept
    for _ in range(20):
        schedule.every("cycle", 3600, after=0)
        await asyncio.sleep(0)  # the scheduler has handed it over, and it could not begin
        hands.sleep(2)
        schedule.tick()
    assert await soon(runs)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)
    schedule.every("cycle", 3600, after=0.05)
    assert await soon(runs)
    assert caplog.messages == []
