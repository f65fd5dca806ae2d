"""When people are told: hours played through in an instant, from the alerts alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.notify.policy import BUDGET, News, Sort, Told, follow
from bitsheet_tui.tables import CATALOGUE

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REMINDER = 14400.0
NINE = [table.name for table in CATALOGUE]
HOURS = 3600


def alert(kind=Kind.PORTAL_UNREACHABLE, table="", since=BEGIN):
    tables = (table,) if table else ()
    return Alert(kind=kind, about=table, tables=tables, text="trouble", hint="help", since=since)


def failing(*tables):
    return [alert(Kind.TABLE_FAILING, name) for name in tables]


class Hours:
    """What was told, second by second, or at every `step`."""

    def __init__(self, reminder=REMINDER, step=5):
        self.told, self.at, self.reminder, self.step = Told(), BEGIN, reminder, step
        self.messages, self.moments, self.written = [], [], 0

    def pass_(self, seconds, *alerts, news=()):
        """Let these alerts stand for so long."""
        for _ in range(0, int(seconds), self.step):
            given, after = follow(
                self.told, {one.key: one for one in alerts}, self.at, reminder=self.reminder, news=news
            )
            self.written += after != self.told
            self.told, news = after, ()
            self.messages += given
            self.moments += [self.at] * len(given)
            self.at += timedelta(seconds=self.step)

    def restart(self):
        """Only what was written down is known."""
        self.told = msgspec.json.decode(msgspec.json.encode(self.told), type=Told)

    @property
    def sorts(self):
        return [message.sort for message in self.messages]


def test_eight_hours_without_portal_are_one_message_two_reminders_and_one_recovery():
    hours = Hours()
    hours.pass_(60)
    hours.pass_(8 * HOURS + 60, alert())
    hours.pass_(2 * HOURS)
    assert hours.sorts == [Sort.BEGUN, Sort.REMINDER, Sort.REMINDER, Sort.OVER]
    assert hours.messages[-1].seconds > 8 * HOURS
    begun, first, second, _ = hours.moments
    assert (first - begun, second - first) == (timedelta(seconds=REMINDER),) * 2


def test_after_a_day_reminders_are_a_day_apart():
    hours = Hours(step=60)
    hours.pass_(5 * 24 * HOURS, alert())
    late = [at for at in hours.moments if at - BEGIN > timedelta(hours=25)]
    assert len(late) == 4
    assert min(b - a for a, b in pairwise(late)) >= timedelta(days=1)


def test_nine_tables_that_fail_at_once_are_one_message_and_one_recovery():
    hours = Hours(step=1)
    for count in range(1, 10):
        hours.pass_(1, *failing(*NINE[:count]))
    hours.pass_(300, *failing(*NINE))
    for count in range(9):
        hours.pass_(1, *failing(*NINE[count:]))
    hours.pass_(300)
    assert hours.sorts == [Sort.BEGUN, Sort.OVER]
    assert [len(message.alerts) for message in hours.messages] == [9, 9]


def test_what_is_over_within_half_a_minute_is_not_told():
    hours = Hours()
    hours.pass_(25, *failing("deals"))
    hours.pass_(HOURS)
    assert hours.messages == []


def test_tables_that_fail_because_the_portal_is_away_are_not_told():
    hours = Hours()
    hours.pass_(HOURS, alert(), *failing(*NINE))
    hours.pass_(20, *failing(*NINE))  # the portal is back, the cycle has not read them yet
    hours.pass_(HOURS)
    assert hours.sorts == [Sort.BEGUN, Sort.OVER]
    assert [one.kind for message in hours.messages for one in message.alerts] == [Kind.PORTAL_UNREACHABLE] * 2


def test_a_table_that_fails_still_when_the_portal_is_back_is_told_then():
    hours = Hours()
    hours.pass_(HOURS, alert(), *failing("deals"))
    hours.pass_(120, *failing("deals"))
    assert hours.sorts == [Sort.BEGUN, Sort.OVER, Sort.BEGUN]
    assert hours.messages[-1].alerts[0].about == "deals"


def test_deletions_that_are_held_are_told_although_the_portal_is_away():
    hours = Hours()
    hours.pass_(120, alert(), alert(Kind.DELETIONS_HELD, "deals"))
    assert [len(message.alerts) for message in hours.messages] == [2]


def test_a_restart_tells_nothing_twice():
    hours = Hours()
    for _ in range(6):
        hours.pass_(300, alert(), *failing("deals"))
        hours.restart()
    hours.pass_(15)
    hours.restart()
    hours.pass_(300)
    assert hours.sorts == [Sort.BEGUN, Sort.OVER]


def test_what_comes_and_goes_is_told_once_and_then_when_it_is_steady():
    hours = Hours()
    for _ in range(90):
        hours.pass_(20, *failing("deals"))
        hours.pass_(20)
    assert hours.sorts == [Sort.FLAPPING]
    hours.pass_(2 * HOURS)
    assert hours.sorts == [Sort.FLAPPING, Sort.OVER]
    hours.pass_(60, *failing("deals"))
    assert hours.sorts[2:] == [Sort.BEGUN]  # as if it had never been


def test_of_five_hundred_alerts_ten_messages_are_sent_in_an_hour_and_one_that_counts_the_others():
    hours = Hours()
    alerts = [alert(Kind.QUARANTINE, f"t{number}") for number in range(500)]
    for number in range(0, 3000, 40):  # one after the other, so that they are no group
        hours.pass_(40, *alerts[: number // 40 + 1])
    assert len(hours.messages) == BUDGET
    hours.pass_(HOURS, *alerts[:75])
    assert hours.sorts[BUDGET:][:1] == [Sort.KEPT_BACK]
    digest = hours.messages[BUDGET]
    assert digest.kept_back == 75 - BUDGET
    assert len(digest.alerts) == 75  # what stands is in it
    for at in hours.moments:
        assert sum(timedelta() <= one - at < timedelta(hours=1) for one in hours.moments) <= BUDGET


def test_answers_of_questions_count_as_messages():
    hours = Hours()
    for number in range(20):
        hours.pass_(1, news=[News(name=f"q{number}", lines=("id 1",), count=1)])
    assert hours.sorts == [Sort.ANSWER] * BUDGET
    hours.pass_(2 * HOURS)
    assert hours.messages[-1].kept_back == 20 - BUDGET


def test_nothing_is_written_down_while_nothing_changes():
    hours = Hours()
    hours.pass_(HOURS, alert(), *failing(*NINE))
    assert hours.written <= 3


def test_what_is_known_does_not_grow():
    hours = Hours(step=10)
    for number in range(200):
        hours.pass_(300, alert(Kind.QUARANTINE, f"t{number}"))
    hours.pass_(2 * HOURS)
    assert len(hours.told.known) <= 1


def test_an_instance_that_ends_at_once_tells_what_changed_and_only_that():
    told, told_of = Told(), []
    for alerts in ([alert()], [alert()], []):
        given, told = follow(
            told, {one.key: one for one in alerts}, BEGIN, reminder=REMINDER, hold=timedelta()
        )
        told_of.append([message.sort for message in given])
    assert told_of == [[Sort.BEGUN], [], [Sort.OVER]]
