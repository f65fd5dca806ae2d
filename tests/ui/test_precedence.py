"""Who waits for whom, when both the screen and the engine want to run."""

import asyncio
import sys
import time

import pytest

from bitsheet_tui.ui import precedence


@pytest.fixture(autouse=True)
def as_before():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_the_engine_waits_while_the_screen_runs_and_the_screen_only_a_moment():
    seen = {}

    def engine():
        end = time.monotonic() + 5
        while time.monotonic() < end and sys.getswitchinterval() > 2 * precedence.SOON:
            time.sleep(0.001)
        seen["screen waits"] = sys.getswitchinterval()

    async def screen():
        seen["screen runs"] = sys.getswitchinterval()
        await asyncio.to_thread(engine)
        seen["screen runs again"] = sys.getswitchinterval()

    with asyncio.Runner(loop_factory=precedence.loop) as runner:
        runner.run(screen())
    assert seen["screen runs"] == seen["screen runs again"] == pytest.approx(precedence.LATER)
    assert seen["screen waits"] == pytest.approx(precedence.SOON)
