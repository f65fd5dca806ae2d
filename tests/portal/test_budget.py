from datetime import timedelta

import pytest

from bitsheet_tui.portal.answer import timing
from bitsheet_tui.portal.budget import Budgets
from tests.support.scripted_server import TIME
from tests.support.virtual_clock import BEGIN

FINISH = TIME["finish"]


@pytest.fixture
def budgets(hours):
    return Budgets(clock=hours.clock, now=hours.now)


def used(seconds, resets_in=None, **more):
    reset = {} if resets_in is None else {"operating_reset_at": FINISH + resets_in}
    return timing({**TIME, "operating": seconds, **reset, **more})


def figure(budgets, method="deals"):
    return next((one for one in budgets.seen() if one.method == method), None)


def test_what_was_used_is_a_sum_already_and_not_added_up(budgets):
    for seconds in (100, 200, 300):
        budgets.charge("deals", used(seconds, 300))
    assert figure(budgets).used == 300
    assert figure(budgets).budget == 480


def test_a_backfill_stops_at_nine_tenths_of_the_budget(budgets, hours):
    budgets.charge("deals", used(431, 300))
    assert budgets.affords("deals")
    budgets.charge("deals", used(433, 300))
    assert not budgets.affords("deals")
    assert budgets.resting("deals") is None  # what is new may still be asked
    hours.seconds = 299
    assert not budgets.affords("deals")
    hours.seconds = 310
    assert budgets.affords("deals")


def test_what_was_used_fades_once_the_portal_begins_to_forget(budgets, hours):
    budgets.charge("deals", used(400, 100))
    hours.seconds = 100
    assert figure(budgets).used == 400
    hours.seconds = 400
    assert figure(budgets).used == pytest.approx(200)
    hours.seconds = 1000
    assert figure(budgets).used == 0


def test_a_lower_figure_of_the_portal_is_believed(budgets):
    budgets.charge("deals", used(450, 100))
    budgets.charge("deals", used(20, 500))
    assert budgets.affords("deals")


def test_the_moment_of_forgetting_may_be_an_iso_text(budgets, hours):
    budgets.charge("deals", used(470, operating_reset_at="2026-01-01T03:05:00+03:00"))
    hours.seconds = 200
    assert not budgets.affords("deals")
    hours.seconds = 360
    assert budgets.affords("deals")


def test_a_portal_that_counts_nothing_is_always_affordable(budgets):
    budgets.charge("deals", timing(TIME))
    assert budgets.affords("deals")
    assert budgets.affords("never asked")
    assert budgets.seen() == ()


def test_methods_have_budgets_of_their_own(budgets):
    budgets.charge("deals", used(479, 100))
    assert not budgets.affords("deals")
    assert budgets.affords("leads")


def test_a_refused_method_rests_until_the_portal_forgets(budgets, hours):
    budgets.charge("deals", used(479, 90))
    hours.seconds = 10
    assert budgets.exhausted("deals") == BEGIN + timedelta(seconds=90)
    assert budgets.resting("deals") == BEGIN + timedelta(seconds=90)
    assert figure(budgets).until == BEGIN + timedelta(seconds=90)
    hours.seconds = 91
    assert budgets.resting("deals") is None


def test_a_refused_method_rests_a_minute_when_nobody_says_how_long(budgets):
    assert budgets.exhausted("deals") == BEGIN + timedelta(seconds=60)


def test_a_smaller_budget_is_learned_from_a_refusal(budgets, hours):
    budgets.charge("deals", used(420, 90))
    budgets.exhausted("deals")
    assert figure(budgets).budget == 420
    hours.seconds = 700
    budgets.charge("deals", used(380, 90))
    assert not budgets.affords("deals")  # 378 is nine tenths of it


def test_an_old_or_missing_figure_teaches_nothing(budgets, hours):
    budgets.exhausted("leads")
    assert figure(budgets, "leads").budget == 480
    budgets.charge("deals", used(100, 90))
    hours.seconds = 120
    budgets.exhausted("deals")
    assert figure(budgets).budget == 480


def test_no_budget_is_believed_to_be_tiny(budgets):
    budgets.charge("deals", used(0.4, 90))
    budgets.exhausted("deals")
    assert figure(budgets).budget == 60


def test_a_batch_charges_each_of_its_methods_with_its_last_figure(budgets):
    budgets.charge_batch(
        used(9, 90), [("deals", used(10, 90)), ("deals", used(12, 90)), ("leads", used(3, 90))]
    )
    assert figure(budgets).used == 12
    assert figure(budgets, "leads").used == 3


def test_a_rest_ends_as_the_portal_says_however_long_the_batch_went_on(budgets, hours):
    """The command was done twenty seconds before the answer came."""
    early = {**TIME, "finish": 1000, "operating": 480, "operating_reset_at": 1090}
    budgets.charge_batch(timing({**TIME, "finish": 1020}), [("deals", timing(early))])
    assert budgets.exhausted("deals") == hours.now() + timedelta(seconds=70)


def test_a_portal_that_charges_the_batch_itself_is_understood(budgets):
    budgets.charge_batch(used(440, 90), [("deals", used(0)), ("leads", used(0))])
    assert not budgets.affords("deals")
    assert not budgets.affords("leads")


def test_an_idle_batch_charges_nobody(budgets):
    budgets.charge_batch(used(0), [("deals", used(0))])
    budgets.charge_batch(timing(TIME), [("deals", timing(TIME))])
    assert budgets.seen() == ()


def test_the_host_clock_may_be_wrong_by_years(budgets, hours):
    ahead = {**TIME, "start": 2e9, "finish": 2e9, "operating": 480, "operating_reset_at": 2e9 + 30}
    budgets.charge("deals", timing(ahead))
    assert budgets.exhausted("deals") == hours.now() + timedelta(seconds=30)


def test_slower_commands_count_at_once_and_faster_ones_by_and_by(budgets):
    assert budgets.seconds("deals") == 0.5
    budgets.time("deals", 0.1)
    assert budgets.seconds("deals") == pytest.approx(0.1)
    budgets.time("deals", 1.1)
    assert budgets.seconds("deals") == pytest.approx(0.6)
    budgets.time("deals", 0.1)
    assert budgets.seconds("deals") == pytest.approx(0.55)


def test_a_time_that_is_only_known_to_lie_between_two_moves_the_average_no_further_than_it_must(budgets):
    budgets.time("deals", 0.9, 0.0)
    assert budgets.seconds("deals") == pytest.approx(0.45)
    budgets.time("deals", 0.068)  # the first exact one replaces a guess
    assert budgets.seconds("deals") == pytest.approx(0.068)
    budgets.time("deals", 1.0, 0.0)
    assert budgets.seconds("deals") == pytest.approx(0.068)
    budgets.time("deals", 1.468, 0.468)
    assert budgets.seconds("deals") == pytest.approx(0.268)


def test_what_is_on_its_way_counts_until_it_is_answered(budgets):
    budgets.time("deals", 2.0)
    budgets.charge("deals", used(400, 300))
    assert budgets.room("deals") == pytest.approx(32)
    with budgets.promising(["deals"] * 10 + ["leads"]):
        assert budgets.room("deals") == pytest.approx(12)
        with budgets.promising(["deals"] * 10):
            assert budgets.room("deals") == 0
            assert not budgets.affords("deals")
            assert budgets.opens("deals") is None  # nobody knows yet: the answers will tell
    assert budgets.room("deals") == pytest.approx(32)


def test_it_is_known_when_there_will_be_room_again(budgets, hours):
    assert budgets.opens("deals") is None
    budgets.charge("deals", used(440, 300))
    opens = budgets.opens("deals")
    assert 300 <= (opens - BEGIN).total_seconds() <= 315
    hours.seconds = (opens - BEGIN).total_seconds() + 0.01
    assert budgets.affords("deals")
    assert budgets.opens("deals") is None


def test_work_lasts_as_long_as_the_budget_makes_it(budgets):
    assert budgets.lasts("deals", 400, abreast=4) == pytest.approx(100)
    beyond = budgets.lasts("deals", 432 + 432, abreast=4)
    assert beyond == pytest.approx(108 + 600)  # the second half at nine tenths of 480 s in 600 s
    budgets.charge("deals", used(432, 300))
    assert budgets.lasts("deals", 43.2, abreast=4) == pytest.approx(300)  # nothing is forgotten before
    assert budgets.lasts("deals", 432, abreast=4) == pytest.approx(600)
