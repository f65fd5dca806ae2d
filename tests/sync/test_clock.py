"""The schedule keeps to time that really passed, whatever happens to the wall clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bitsheet_tui.events import ClockJumped
from bitsheet_tui.observe.narrate import narrate
from bitsheet_tui.sync.clock import Appointment
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
    """An appointment with movable clocks; gives it, the clocks, the runs and the jumps seen."""
    with time_machine.travel(NOON, tick=True) as traveller:
        hands, runs, jumps = Hands(traveller), asyncio.Queue(), []

        async def run():
            runs.put_nowait(True)

        appointment = Appointment(run, jumps.append, elapsed=hands.elapsed)
        appointment.start()
        yield appointment, hands, runs, jumps
        appointment.stop()


async def soon(runs):
    return await asyncio.wait_for(runs.get(), 0.9)


async def test_it_runs_when_the_time_has_come(kept):
    appointment, _, runs, jumps = kept
    appointment.set(0.05)
    assert await soon(runs)
    assert jumps == []


async def test_a_new_appointment_replaces_the_old_one(kept):
    appointment, _, runs, _ = kept
    appointment.set(0.05)
    appointment.set(3600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.3)


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_neither_delays_nor_hastens_the_next_run(kept, jump):
    appointment, hands, runs, jumps = kept
    appointment.set(0.4)
    hands.set_wall(jump)
    appointment.tick()
    assert [round(seconds) for seconds in jumps] == [jump]
    told = narrate(ClockJumped(at=datetime.now(UTC), seconds=jumps[0]))
    assert f"{said('the clock was set')} {jump:+.0f}s" in told.text
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)
    assert await soon(runs)


async def test_after_a_night_of_suspension_it_runs_once_and_at_once(kept):
    appointment, hands, runs, _ = kept
    appointment.set(300)
    hands.sleep(8 * 3600)
    appointment.tick()
    assert await soon(runs)
    appointment.tick()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)


async def test_nothing_runs_after_a_cancelled_appointment(kept):
    appointment, _, runs, _ = kept
    appointment.set(0.05)
    appointment.cancel()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)


async def test_a_busy_loop_neither_doubles_nor_drops_a_run_and_is_no_warning(kept, caplog):
    appointment, hands, runs, _ = kept
    for _ in range(20):
        appointment.set(0)
        await asyncio.sleep(0)  # the scheduler has handed it over, and it could not begin
        hands.sleep(2)
        appointment.tick()
    assert await soon(runs)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runs.get(), 0.2)
    appointment.set(0.05)
    assert await soon(runs)
    assert caplog.messages == []
