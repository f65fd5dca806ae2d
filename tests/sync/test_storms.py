"""Whatever the portal and the network do, it asks little, stores nothing wrong, and catches up by itself."""

from contextlib import asynccontextmanager, closing

import pytest

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.errors import Reason, Refused, Unreachable
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.state import Phase, Standing
from bitsheet_tui.sync.engine import Engine
from tests.support import mirror
from tests.support.fast_clock import INTERVAL, FastClock
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import NAMES, config, once, portal, unequal

pytestmark = pytest.mark.slow

TINY = Size(leads=5, contacts=8, companies=3, deals=120, activities=9, tasks=12, users=6, departments=2)
ALWAYS = 10**9
SPEED = 400


async def hurried(settings):
    """One run in a hurry, so that its patience is ten seconds; its engine."""
    hurry = FastClock(60)
    with closing(wiring.open_store(settings)) as store:
        engine = Engine(hurry.connect(settings), store, wiring.tables(settings), settings.sync)
        await engine.once()
        return engine


@asynccontextmanager
async def mirrored(sqlite_url, monkeypatch, **sync):
    """A portal, and an engine in a hurry that has mirrored it."""
    hurry = FastClock(SPEED)
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=INTERVAL / SPEED, **sync)
        async with live_engine(settings, monkeypatch, hurry.connect(settings)) as (engine, told, running):
            hurry.everywhere(monkeypatch)
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            yield demo, engine, told, running, hurry


def edit(demo, *names):
    for name in names or ("deals", "leads", "tasks"):
        ident = next(iter(demo.world.truth(name)))["ID"]
        demo.world.edit(name, ident, TITLE=f"during the storm {demo.stats.requests}")


async def caught_up(engine, running, demo, sqlite_url):
    """The engine is current again, and after one more cycle the mirror is equal."""
    await until(lambda: engine.state.phase is Phase.CURRENT and not engine.failed, running)
    seen = len(engine.state.cycles)
    await until(lambda: len(engine.state.cycles) > seen + 1, running)
    assert unequal(sqlite_url, demo) == {}


@pytest.mark.sample
@pytest.mark.parametrize(
    ("status", "error"), [(503, "SERVICE"), (503, "QUERY_LIMIT_EXCEEDED"), (500, "INTERNAL_SERVER_ERROR")]
)
async def test_ten_minutes_of_refusals_cost_few_requests_and_end_by_themselves(
    sqlite_url, monkeypatch, figure, status, error
):
    async with mirrored(sqlite_url, monkeypatch) as (demo, engine, _told, running, hurry):
        fault = demo.faults.add(Fault(kind=Kind.STATUS, status=status, error=error, times=ALWAYS))
        edit(demo)
        await until(lambda: fault.struck, running)
        began, before = hurry.clock(), demo.stats.requests
        await until(lambda: hurry.clock() > began + 600, running)
        asked = demo.stats.requests - before
        assert engine.state.phase is Phase.WAITING
        assert engine.state.waiting or engine.state.tables["deals"].error
        fault.times = 0
        ended = hurry.clock()
        await until(lambda: engine.state.phase is Phase.CURRENT, running)
        figure(
            f"10 minutes of {status} {error}: {asked} requests, current {hurry.clock() - ended:.0f} s after"
        )
        assert asked <= 25
        await caught_up(engine, running, demo, sqlite_url)


@pytest.mark.sample
async def test_a_method_that_rests_stops_its_table_only_and_resumes(sqlite_url, monkeypatch):
    async with mirrored(sqlite_url, monkeypatch) as (demo, engine, _told, running, _):
        fault = demo.faults.add(
            Fault(
                kind=Kind.ERROR,
                method="crm.deal.list",
                status=429,
                error="OPERATION_TIME_LIMIT",
                times=ALWAYS,
            )
        )
        edit(demo)
        await until(lambda: engine.state.tables["deals"].standing is Standing.RESTING, running)
        seen = len(engine.state.cycles)
        await until(lambda: len(engine.state.cycles) > seen + 2, running)
        assert engine.state.cycles[-1].failed == ("deals",)
        assert engine.state.tables["deals"].until is not None
        assert unequal(sqlite_url, demo, [name for name in NAMES if name != "deals"]) == {}
        fault.times = 0
        await caught_up(engine, running, demo, sqlite_url)


async def test_a_backfill_waits_for_the_method_that_rests_while_cycles_go_on(sqlite_url, monkeypatch):
    hurry = FastClock(SPEED)
    hurry.everywhere(monkeypatch)
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=INTERVAL / SPEED)
        fault = demo.faults.add(
            Fault(kind=Kind.ERROR, method="crm.deal.list", status=429, error="OPERATION_TIME_LIMIT", after=4,
                  times=ALWAYS)
        )  # fmt: skip
        async with live_engine(settings, monkeypatch, hurry.connect(settings)) as (engine, _, running):
            await until(lambda: fault.struck and len(engine.state.cycles) > 2, running)
            assert unequal(sqlite_url, demo, [name for name in NAMES if name != "deals"]) == {}
            fault.times = 0
            await caught_up(engine, running, demo, sqlite_url)


async def test_a_batch_refused_for_its_time_is_asked_again(sqlite_url, monkeypatch):
    async with mirrored(sqlite_url, monkeypatch) as (demo, engine, _told, running, _):
        fault = demo.faults.add(
            Fault(kind=Kind.STATUS, method="batch", status=429, error="OPERATION_TIME_LIMIT", times=3)
        )
        edit(demo)
        await until(lambda: not fault.times, running)
        await caught_up(engine, running, demo, sqlite_url)


@pytest.mark.parametrize("status", [200, 503])
async def test_nothing_but_html_ends_a_run_and_marks_nothing(sqlite_url, figure, status):
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url, static_every=1)
        await once(settings)
        before = {name: mirror.held(sqlite_url, name) for name in NAMES}
        demo.faults.add(Fault(kind=Kind.HTML, status=status, times=ALWAYS))
        asked = demo.stats.requests
        with pytest.raises(Unreachable) as caught:
            await hurried(settings)
        assert caught.value.exit_code == 1
        assert caught.value.reason in {Reason.GARBAGE, Reason.SERVER}
        assert demo.stats.requests - asked <= 8
        figure(
            f"a run against nothing but HTML ({status}): {demo.stats.requests - asked} requests, then the end"
        )
        assert {name: mirror.held(sqlite_url, name) for name in NAMES} == before
        assert mirror.rows(sqlite_url, "deals", "_deleted_at IS NOT NULL") == []
        assert mirror.select(sqlite_url, "SELECT failed FROM bitsheet_cycles ORDER BY number DESC LIMIT 1")[
            1
        ] != [("[]",)]


DAMAGE = [
    {"kind": Kind.TRUNCATED},
    {"kind": Kind.CUT},
    {"kind": Kind.RESET},
    {"kind": Kind.CLOSE},
    {"kind": Kind.GARBAGE},
    {"kind": Kind.EMPTY, "status": 200},
    {"kind": Kind.EMPTY, "status": 502},
    {"kind": Kind.HTML, "status": 200},
    {"kind": Kind.DRIP, "seconds": 0.01},
    {"kind": Kind.HANG, "seconds": 30.0},
    {"kind": Kind.BOMB, "size": 80_000_000},
    {"kind": Kind.STATUS, "status": 413, "error": ""},
    {"kind": Kind.STATUS, "status": 504, "error": ""},
]


@pytest.mark.sample
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: f"{damage['kind']}{damage.get('status', '')}")
async def test_damaged_answers_are_never_stored_and_never_in_the_way(sqlite_url, damage):
    """The first answer, one in the middle of the backfill and one of the delta."""
    patient = 3 if damage["kind"] in (Kind.DRIP, Kind.HANG) else 20
    async with portal(TINY) as (demo, webhook):
        settings = config(webhook, sqlite_url)
        settings = type(settings)(
            webhook=settings.webhook, store_url=sqlite_url, sync=settings.sync,
            portal=type(settings.portal)(requests_per_second=10_000, burst=10_000, timeout=patient),
        )  # fmt: skip
        faults = [demo.faults.add(Fault(after=after, **damage)) for after in (0, 1)]
        engine = await hurried(settings)
        assert engine.failed == ()
        assert unequal(sqlite_url, demo) == {}
        edit(demo)
        faults.append(demo.faults.add(Fault(after=1, **damage)))
        engine = await hurried(settings)
        assert [fault.struck for fault in faults] == [1, 1, 1]
        assert engine.failed == ()
        assert unequal(sqlite_url, demo) == {}


async def test_a_filter_that_is_ignored_from_one_day_on_is_refused_until_it_is_obeyed(
    sqlite_url, monkeypatch
):
    async with mirrored(sqlite_url, monkeypatch) as (demo, engine, told, running, _):
        before = mirror.held(sqlite_url, "deals")
        rows = demo.stats.rows_of["crm.deal.list"]
        fault = demo.faults.add(Fault(kind=Kind.IGNORED, method="crm.deal.list", times=ALWAYS))
        edit(demo)
        await until(lambda: engine.state.tables["deals"].failures > 2, running)
        assert engine.state.tables["deals"].standing is Standing.FAILED
        failed = [event for event in told if isinstance(event, e.TableFailed)]
        assert {event.reason for event in failed} == {Reason.FILTER}
        assert mirror.held(sqlite_url, "deals") == before
        assert demo.stats.rows_of["crm.deal.list"] - rows <= 150 * (
            len(failed) + 1
        )  # two windows and a count
        fault.times = 0
        await caught_up(engine, running, demo, sqlite_url)


async def test_a_portal_that_moved_is_not_followed(sqlite_url):
    async with portal(TINY) as (demo, webhook), portal(TINY) as (other, elsewhere):
        settings = config(webhook, sqlite_url)
        await once(settings)
        demo.faults.add(Fault(kind=Kind.REDIRECT, location=elsewhere + "batch"))
        with pytest.raises(Refused, match=r"moved to 127\.0\.0\.1") as caught:
            await once(settings)
        assert caught.value.exit_code == 77
        assert other.stats.requests == 0


async def test_a_network_that_comes_and_goes_converges(sqlite_url, monkeypatch, figure):
    async with mirrored(sqlite_url, monkeypatch) as (demo, engine, told, running, hurry):
        began, before = hurry.clock(), demo.stats.requests
        while hurry.clock() < began + 600:
            fault = demo.faults.add(Fault(kind=Kind.RESET, times=ALWAYS))
            await hurry.sleep(5)
            fault.times = 0
            edit(demo, "deals")
            await hurry.sleep(5)
        figure(f"10 minutes of network 5 s up, 5 s down: {demo.stats.requests - before} requests")
        await caught_up(engine, running, demo, sqlite_url)
        assert not [event for event in told if isinstance(event, e.NeedsOperator | e.StoreTrouble)]
        _, alerts = mirror.select(sqlite_url, "SELECT times FROM bitsheet_alerts")
        assert sum(times for (times,) in alerts) <= 1
