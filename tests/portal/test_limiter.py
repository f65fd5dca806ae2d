import asyncio
from itertools import pairwise

import pytest

from bitsheet_tui.portal.limiter import Bucket


class Front:
    """The portal's own bucket, which refuses what overflows."""

    def __init__(self, hours, rate=2.0, burst=50):
        self.hours, self.rate, self.burst = hours, rate, burst
        self.level, self.at, self.refused = 0.0, 0.0, 0
        self.times = []

    def hit(self):
        now = self.hours.clock()
        self.level = max(0.0, self.level - (now - self.at) * self.rate)
        self.at = now
        self.times.append(now)
        if self.level + 1 > self.burst:
            self.refused += 1
        else:
            self.level += 1


def bucket(hours, rate=2.0, burst=50):
    return Bucket(rate, burst, clock=hours.clock, sleep=hours.sleep)


@pytest.mark.parametrize(("rate", "burst"), [(2.0, 50), (5.0, 250), (0.5, 1)])
async def test_a_thousand_requests_at_once_are_never_refused(hours, rate, burst):
    front, ours = Front(hours, rate, burst), bucket(hours, rate, burst)

    async def one():
        await ours.take()
        front.hit()

    await hours.run(asyncio.gather(*(one() for _ in range(1000))))
    assert front.refused == 0
    assert hours.seconds <= (1000 - burst * 0.9) / (rate * 0.94)  # and little time is given away


async def test_after_the_burst_requests_leave_one_by_one(hours):
    front, ours = Front(hours), bucket(hours)

    async def one():
        await ours.take()
        front.hit()

    await hours.run(asyncio.gather(*(one() for _ in range(60))))
    assert front.times[:48] == [0.0] * 48
    gaps = [later - sooner for sooner, later in pairwise(front.times[47:])]
    assert min(gaps) >= 0.5


async def test_who_comes_first_is_served_first(hours):
    ours, order = bucket(hours, burst=1), []

    async def one(number):
        await ours.take()
        order.append(number)

    await hours.run(asyncio.gather(*(one(number) for number in range(20))))
    assert order == list(range(20))


async def test_who_gives_up_waiting_makes_room(hours):
    ours = bucket(hours, burst=1)
    await ours.take()
    waiting = asyncio.ensure_future(ours.take())
    for _ in range(5):
        await asyncio.sleep(0)
    waiting.cancel()
    await hours.run(ours.take())
    assert hours.seconds == pytest.approx(1 / 1.9, abs=0.01)


async def test_the_bucket_drains_while_nobody_asks(hours):
    ours = bucket(hours)
    for _ in range(10):
        await ours.take()
    assert ours.level == 10
    hours.seconds = 2.0
    assert ours.level == pytest.approx(10 - 2 * 1.9)
    hours.seconds = 60.0
    assert ours.level == 0


async def test_a_refusal_fills_the_bucket_and_shrinks_it_for_a_while(hours):
    ours = bucket(hours)
    ours.refused()
    assert ours.level == pytest.approx(24)
    assert ours.delay == pytest.approx(1 / 0.95, rel=0.01)
    for _ in range(9):
        ours.refused()
    assert ours.delay < 6  # never slower than a tenth
    hours.seconds = 700.0
    for _ in range(48):
        await ours.take()
    assert hours.seconds == 700.0


async def test_a_clock_that_stands_still_or_goes_back_does_no_harm(hours):
    ours = bucket(hours)
    await ours.take()
    hours.seconds = -5.0
    assert ours.level == 1.0
