"""At default settings the portal has no reason to refuse us, and a rest it asks for is no longer than it."""

import os

import pytest

from bitsheet_tui.portal.budget import BUDGET, WINDOW
from tests.support import simulated_time

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("BITSHEET_FAST_SECONDS", "300"))
HOURS = float(os.environ.get("BITSHEET_DAY_HOURS", "1"))


@pytest.fixture(scope="module")
def day():
    return simulated_time.live(HOURS, spent_at=0.3)


@pytest.mark.sample
def test_hours_of_work_at_default_settings_cause_no_refusal(day):
    assert day.cycles >= 12 * HOURS
    assert day.refused == 0
    assert day.blocked == 0
    assert day.requests < 2 * day.cycles + 60
    assert day.unequal == {}


def test_a_method_that_rests_is_left_alone_and_gone_on_with_within_two_seconds_of_its_end(day):
    assert day.forced > 0
    assert day.early <= 1
    assert 0 <= day.late < 2


def test_at_an_interval_of_a_second_nothing_is_asked_that_the_portal_does_not_grant(figure):
    day = simulated_time.live(SECONDS / 3600, interval=1.0, edits=2.0)
    figure(
        f"{SECONDS:.0f} s at an interval of 1 s: {day.requests} requests, {day.most_used:.0f} s of a method"
    )
    assert day.cycles > 0.8 * SECONDS
    assert day.refused == day.blocked == 0
    assert day.requests < 1.2 * SECONDS + 60
    assert day.most_used < 0.5 * BUDGET * SECONDS / WINDOW
    assert day.unequal == {}
