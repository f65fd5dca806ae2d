"""What is due when: simulated days of the real engine, with kills, sleep, quiet hours and changing clocks."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bitsheet_tui import commands as c
from bitsheet_tui import cron, quiet
from bitsheet_tui import events as e
from bitsheet_tui.portal.demo.faults import Fault
from bitsheet_tui.portal.demo.faults import Kind as FaultKind
from bitsheet_tui.sync.schedule import Crontab
from tests.support.schedule_life import BEGIN, TINY, storyteller
from tests.support.sync_run import ids, unequal

MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def live(sqlite_url, monkeypatch):
    """Runs a story in simulated time."""
    return storyteller(sqlite_url, monkeypatch)


@pytest.mark.slow
@pytest.mark.sample
def test_an_hour_of_one_table_every_20_seconds_moves_nobody_elses_turn(live):
    async def story(life):
        life.start()
        for _ in range(180):
            await asyncio.sleep(20)
            life.engine.submit(c.SyncNow(("deals",)))
        life.rows = life.store.last_cycles()
        life.summaries = life.engine.state.full_cycles
        life.jobs = life.store.last_job("static")
        await life.stop()

    life = live(story, static_every=4)
    starts = [(at - BEGIN).total_seconds() for at in life.full()]
    assert len(starts) in {12, 13}
    assert [round(b - a, -1) for a, b in pairwise(starts)] == [300.0] * (len(starts) - 1)
    assert len(life.started("users")) == 1 + 3  # full cycles 1, 4, 8, 12
    assert life.jobs.cycle == 12
    assert len(life.summaries) in {12, 13}
    assert sum(row.cycles for row in life.rows if row.asked) >= 175
    assert len(life.rows) <= 8  # at rest, whoever asks


def test_what_every_kill_in_a_static_cycle_interrupts_is_made_up_once(live):
    async def story(life):
        life.start()
        await life.until(lambda: life.engine.state.full_cycles)
        await life.kill()
        life.told.clear()
        life.start()  # the second cycle, at once
        await life.until(lambda: life.engine.state.full_cycles)
        for _ in range(4):  # the third is a static one, and so are those that follow until one ends
            await life.until(lambda: life.engine.state.cycle_started)
            await life.kill()
            life.start()
        await life.until(lambda: life.engine.state.full_cycles)
        life.killed = len(life.started("users"))
        await asyncio.sleep(2 * 300 + 30)
        await life.stop()

    life = live(story, static_every=3, interval=300.0)
    starts = [event for _, event in life.told if isinstance(event, e.CycleStarted)]
    static = [event.number for event in starts if "users" in event.tables]
    assert static == [3, 4, 5, 6, 7, 9][: len(static)]
    assert life.killed == 5
    assert 8 in [event.number for event in starts]
    assert 8 not in static


def test_a_night_asleep_is_one_cycle_at_once_and_no_turn_is_moved(live):
    async def story(life):
        life.start()
        await asyncio.sleep(3 * 300 + 100)
        life.told.clear()
        life.hands.suspend(8 * HOUR)
        life.woke = datetime.fromtimestamp(life.hands.now(), UTC)
        await asyncio.sleep(700)
        await life.stop()

    life = live(story, static_every=10, tick=1.0)
    starts = [(at - life.woke).total_seconds() for at in life.full()]
    assert len(starts) == 3  # at once, and every 300 s from then on
    assert starts[0] <= 3
    assert [round(at - starts[0]) for at in starts] == [0, 300, 600]
    assert not [event for _, event in life.told if isinstance(event, e.ClockJumped)]
    assert life.started("users") == []  # it is not the tenth cycle


def test_in_quiet_hours_nothing_starts_but_what_is_asked_for_or_named(live):
    zone = "Europe/Berlin"
    quiet_hours = {"quiet": "23:00-06:00", "static": "0 2 * * *", "timezone": zone}

    async def story(life):
        life.start()  # at 22:32 in Berlin
        await asyncio.sleep(2 * HOUR)
        life.seen = life.engine.state
        life.engine.submit(c.SyncNow(("deals",)))
        await asyncio.sleep(6 * HOUR)
        await life.stop()

    begin = datetime(2026, 1, 10, 22, 32, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    life = live(story, begin=begin, schedule=quiet_hours, reconcile_every=1)
    until = datetime(2026, 1, 11, 6, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    local = [at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for at in life.full()]
    assert local[:7] == ["22:32", "22:37", "22:42", "22:47", "22:52", "22:57", "06:00"]
    assert (life.seen.quiet_until, life.seen.next_at) == (until, until)
    named = [event for _, event in life.told if isinstance(event, e.CycleStarted) and event.asked]
    assert [event.asked[0] for event in named] == ["deals", "users"]
    assert [at.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") for at in life.started("users")] == [
        "10 22:32", "11 02:00",
    ]  # fmt: skip
    synced = life.seen.tables["leads"].synced_at
    assert life.seen.age(synced, until + timedelta(minutes=1)) < 8 * MINUTE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2026, 10, 25), 25),
        ("Asia/Tashkent", (2026, 3, 29), 24),
    ],
)
def test_no_cycle_is_skipped_or_doubled_when_the_season_changes(live, zone, day, hours):
    begin = datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = {"static": "30 2 * * *", "audit": "*/30 * * * *", "timezone": zone}

    async def story(life):
        life.start()
        await asyncio.sleep(hours * HOUR - 60)
        await life.stop()

    life = live(story, begin=begin, schedule=times, interval=1800.0)
    starts = [(at - begin).total_seconds() for at in life.full()]
    assert [round(at) for at in starts] == [number * 1800 for number in range(2 * hours)]
    assert len(life.started("users")) == 2  # the first cycle, and half past two once


def test_a_year_of_crontab_is_what_a_calendar_says():
    zone = ZoneInfo("Europe/Berlin")
    sundays = Crontab(cron.parse("30 2 * * 7"), zone.key)
    at, runs = datetime(2026, 1, 1, tzinfo=UTC), []
    while (at := sundays.following(at)) < datetime(2027, 1, 1, tzinfo=UTC):
        runs.append(at.astimezone(zone))
    assert len(runs) == 52
    assert {run.weekday() for run in runs} == {6}
    assert {run.strftime("%H:%M") for run in runs} == {"02:30", "03:30"}  # 29 March has no half past two
    assert len({run.date() for run in runs}) == 52
    hourly, at, count = Crontab(cron.parse("15 * * * *"), zone.key), datetime(2026, 1, 1, tzinfo=UTC), 0
    while (at := hourly.following(at)) < datetime(2027, 1, 1, tzinfo=UTC):
        count += 1
    assert count == 365 * 24
    either = Crontab(cron.parse("0 12 13 * fri"), "UTC")  # as crontab(5): the thirteenth, and each Friday
    at, days = datetime(2026, 2, 1, tzinfo=UTC), []
    while (at := either.following(at)) < datetime(2026, 3, 1, tzinfo=UTC):
        days.append(at.day)
    assert days == [6, 13, 20, 27]


@pytest.mark.parametrize("day", ["0", "7", "sun", "SUN"])
def test_sunday_is_what_crontab_calls_it(day):
    at = Crontab(cron.parse(f"0 3 * * {day}"), "UTC").following(datetime(2026, 3, 4, tzinfo=UTC))
    assert at == datetime(2026, 3, 8, 3, tzinfo=UTC)


def test_weekdays_are_counted_from_sunday():
    assert cron.parse("0 0 * * 1-5").weekdays == ("mon", "tue", "wed", "thu", "fri")
    assert cron.parse("0 0 * * fri-sun").weekdays == ("sun", "fri", "sat")
    assert cron.parse("0 0 * * */2").weekdays == ("sun", "tue", "thu", "sat")


@pytest.mark.slow
def test_static_tables_are_not_read_twice_in_five_minutes_unless_it_is_set(live):
    async def story(life):
        life.start()
        await asyncio.sleep(620)
        await life.stop()

    unset = live(story, interval=1.0)
    assert [round((at - BEGIN).total_seconds(), -1) for at in unset.started("users")] == [0, 300, 600]


def test_how_often_static_tables_are_due_is_told_as_it_is(live):
    async def story(life):
        life.start()
        await asyncio.sleep(1)
        life.engine.submit(c.SetInterval(2.0))
        await asyncio.sleep(5)
        told.append(life.engine.state)
        await life.stop()

    told = []
    live(story, interval=1.0)
    live(story, interval=600.0)
    live(story, interval=1.0, schedule={"static": "0 0 1 1 *"})
    assert [(state.interval, state.tables["users"].every) for state in told] == [(2, 300), (2, 300), (2, 0)]


def test_static_tables_that_are_asked_for_every_tenth_second_are_read_then(live):
    async def story(life):
        life.start()
        await asyncio.sleep(65)
        await life.stop()

    life = live(story, interval=1.0, static_every=10)
    assert life.engine.state.tables["users"].every == 10
    assert len(life.full()) > 20
    assert len(life.started("users")) == 1 + len(life.full()) // 10


def test_an_audit_with_a_time_is_made_in_one_go_and_not_in_shares(live):
    async def story(life):
        life.start()
        await asyncio.sleep(8 * HOUR)
        deals = ids(life.demo, "deals")
        life.demo.world.bind("deals", deals[1], TITLE="changed behind the portal's back")
        await asyncio.sleep(10 * HOUR)
        life.before = unequal(life.config.store_url, life.demo, ("deals",))
        await asyncio.sleep(4 * HOUR)
        life.after = unequal(life.config.store_url, life.demo, ("deals",))
        life.job = life.store.last_job("audit")
        life.kinds = [run.started_at for run in life.store.last_runs(1000) if run.kind == "audit"]
        await life.stop()

    life = live(story, interval=1800.0, schedule={"audit": "0 3 * * *", "timezone": "UTC"}, audit_days=0.5)
    assert life.job.ran_at.strftime("%H:%M") == "03:00"
    assert len(life.kinds) >= 6
    assert life.before  # no share was read in any cycle of a day
    assert life.after == {}


def test_an_audit_ends_although_every_cycle_finds_something_to_compare(live):
    async def story(life):
        life.start()
        await asyncio.sleep(HOUR)
        for _ in range(16):
            life.demo.world.delete("contacts", ids(life.demo, "contacts")[0])
            await asyncio.sleep(300)
        life.job = life.store.last_job("audit")
        life.audited = {run.table for run in life.store.last_runs(1000) if run.kind == "audit"}
        await life.stop()

    size = replace(TINY, contacts=40)
    life = live(story, schedule={"audit": "0 8 * * *", "timezone": "UTC"}, size=size, audit_days=0.1)
    assert life.job.ran_at.strftime("%H:%M") == "08:00"
    assert "contacts" in life.audited


def test_every_rhythm_is_a_job_of_the_scheduler_and_its_last_good_run_is_kept(live):
    async def story(life):
        life.start()
        await asyncio.sleep(2 * HOUR + 10)
        life.jobs = {job.id for job in life.engine._schedule._scheduler.get_jobs()}
        life.kept = {name: life.store.last_job(name) for name in life.jobs}
        await life.stop()

    begin = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    life = live(story, begin=begin, audit_days=0.01)
    assert life.jobs == {"cycle", "static", "comparison", "audit", "retention"}
    ran = {name: (job.ran_at - begin).total_seconds() for name, job in life.kept.items()}
    assert round(ran["cycle"], -1) == round(ran["comparison"], -1) == 7200
    assert round(ran["static"], -1) == 19 * 300  # the twentieth cycle
    assert ran["audit"] > 6000
    assert ran["retention"] >= 3600
    assert [job.failed for job in life.kept.values()] == [()] * 5


def test_tables_that_could_not_be_counted_or_compared_are_owed_until_they_are(live):
    async def story(life):
        life.start()
        await asyncio.sleep(10)
        life.demo.faults.add(Fault(kind=FaultKind.ERROR, method="crm.deal.list", times=10**6))
        life.demo.world.delete("deals", ids(life.demo, "deals")[0])
        await asyncio.sleep(300)
        life.before = life.store.last_job("comparison")
        life.demo.faults.clear()
        await asyncio.sleep(3600)
        life.after = life.store.last_job("comparison")
        await life.stop()

    life = live(story, static_every=2)
    assert life.before.failed == ("deals",)
    assert life.after.failed == ()
    assert unequal(life.config.store_url, life.demo, ("deals",)) == {}


def test_a_heartbeat_is_a_rhythm_where_somebody_is_to_be_told_and_holds_nothing_up(live):
    beats = []

    async def beat():
        beats.append(datetime.now(UTC))
        await asyncio.sleep(200 if len(beats) == 1 else 0)
        return len(beats) < 4

    async def story(life):
        life.start(heartbeat=beat)
        await asyncio.sleep(8 * MINUTE + 10)
        life.job = life.store.last_job("heartbeat")
        await life.stop()

    life = live(story, interval=20.0)
    assert [round((at - BEGIN).total_seconds(), -1) for at in beats] == [60, 300, 360, 420, 480]
    assert round((life.job.ran_at - BEGIN).total_seconds(), -1) == 360  # the last that was heard
    assert len(life.full()) == 25


def test_a_span_of_quiet_hours_is_read_and_left_out_of_ages():
    hours = quiet.parse("23:00-06:00", "Europe/Berlin")
    assert str(hours) == "23:00-06:00 Europe/Berlin"
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 23:30; the night is an hour shorter
    assert hours.until(late) == datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
    assert hours.until(datetime(2026, 3, 28, 12, tzinfo=UTC)) is None
    assert hours.awake(late - timedelta(hours=1), late + timedelta(hours=6)) == 1800 + 1800
    for wrong in ("23-6", "24:00-06:00", "06:00-06:00", ""):
        with pytest.raises(ValueError, match="must"):
            quiet.parse(wrong)
