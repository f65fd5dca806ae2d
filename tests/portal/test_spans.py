"""How long a command took is told by when the one before it finished, for newer portals cut `start`."""

import pytest

from bitsheet_tui.portal.answer import timing
from bitsheet_tui.portal.batch import spans

BEGAN = 1767225600


def cut(finish):
    """The time of a command as newer portals print it."""
    return timing({"start": int(finish), "finish": finish, "duration": finish - int(finish), "processing": 0})


def test_commands_of_a_portal_that_cuts_start_are_timed_by_their_ends():
    timings = {f"p{n}": cut(BEGAN + 0.5 + 0.07 * n) for n in range(4)}
    found = spans(timings, cut(BEGAN + 0.9), timings)
    assert [round(found[key].most, 3) for key in ("p1", "p2", "p3")] == [0.07, 0.07, 0.07]
    assert all(found[key].least == found[key].most for key in ("p1", "p2", "p3"))


def test_of_the_first_command_only_bounds_are_known():
    found = spans(["p0"], cut(BEGAN + 0.9), {"p0": cut(BEGAN + 0.5)})["p0"]
    assert (found.least, found.most) == (0.0, 0.5)
    late = timing({"start": BEGAN, "finish": BEGAN + 3.5, "duration": 3.5})
    found = spans(["p0"], late, {"p0": late})["p0"]
    assert (found.least, found.most) == (2.5, 3.5)


def test_a_portal_that_prints_fractions_is_believed():
    exact = timing({"start": BEGAN + 0.25, "finish": BEGAN + 0.75, "duration": 0.5, "processing": 0.2})
    found = spans(["p0"], exact, {"p0": exact})["p0"]
    assert (found.least, found.most) == (0.5, 0.5)


def test_clocks_that_jump_back_and_commands_without_a_time_teach_nothing_wrong():
    timings = {"a": cut(BEGAN + 10.5), "c": cut(BEGAN + 2.25)}
    found = spans(["a", "b", "c"], cut(BEGAN + 11), timings)
    assert set(found) == {"a", "c"}
    assert found["c"].most == pytest.approx(0.25)
