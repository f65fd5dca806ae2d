"""Whatever step fails, as an error or as the death of the process: the next runs end equal to the portal."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.portal import patience
from bitsheet_tui.secret import Secret
from tests.support.fault_injection import Steps, counting
from tests.support.fault_trial import SIZE, STRIDE, TABLES, Trial, empty

pytestmark = pytest.mark.slow

FIRST = {("sqlite", False): 1, ("sqlite", True): 2, ("postgresql", False): 3, ("postgresql", True): 1}


async def first_run(url: Secret, steps: Steps, monkeypatch) -> Trial:
    """A new mirror whose first run fails at the fatal step; equal after a second one."""
    one = Trial(url, steps)
    with counting(steps, monkeypatch, TABLES):
        clean = await one.run()
    assert clean == (not steps.struck)
    await one.ends_equal(steps)
    return one


async def next_run(one: Trial, steps: Steps, monkeypatch) -> None:
    """A day's work, a run that fails at the fatal step; equal after one more."""
    one.work()
    one.steps = steps
    with counting(steps, monkeypatch, TABLES):
        clean = await one.run()
    assert clean == (not steps.struck)
    await one.ends_equal(steps)


async def test_what_people_do_after_a_failure_is_there_after_the_next_run(store_url, monkeypatch):
    """Also when that run begins with the rest of a scan that was cut off, and that is older."""
    one = Trial(store_url, Steps(crash=False), size=replace(SIZE, deals=130, tasks=5))
    assert await one.run()
    world, resumed, n = one.demo.world, 0, 4
    while True:
        one.clock.advance(3600)
        for table in ("deals", "tasks"):
            for row in list(world.truth(table)):
                world.edit(table, row["ID"], TITLE=f"before step {n}")
        one.steps = steps = Steps(crash=True, fatal=n)
        with counting(steps, monkeypatch):
            await one.run()
        with closing(wiring.open_store(one.config)) as store:
            resumed += store.checkpoint("deals").scan_started is not None
        one.clock.advance(600)
        world.create("deals", TITLE=f"after step {n}")
        world.comment(next(world.truth("tasks"))["ID"], f"after step {n}")
        await one.ends_equal(steps)
        if not steps.struck:
            break
        n += 7
    assert resumed > 1


@pytest.mark.sample
@pytest.mark.parametrize("crash", [False, True], ids=["error", "crash"])
async def test_failing_at_the_nth_step_for_every_n(store_url, crash, monkeypatch, figure):
    """Errors and crashes on the two databases take turns with the steps, unless all are asked for."""
    monkeypatch.setattr(patience, "TRIES", 1)
    database = store_url.reveal().partition(":")[0]
    first = min(FIRST[database, crash], STRIDE)
    points, n = 0, first
    while True:
        empty(store_url)
        one = await first_run(store_url, steps := Steps(crash=crash, fatal=n), monkeypatch)
        if not steps.struck:
            break
        points, n = points + 1, n + STRIDE
    n = first
    while True:
        await next_run(one, steps := Steps(crash=crash, fatal=n), monkeypatch)
        if not steps.struck:
            break
        points, n = points + 1, n + STRIDE
    kind = "a crash" if crash else "an error"
    figure(f"{points} steps failed as {kind} on {database}, 0 divergences")
    assert points > 120 // STRIDE
