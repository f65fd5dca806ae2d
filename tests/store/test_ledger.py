"""What happened is written down, and a running instance can be asked for things."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.store import Cycle, Run, Store, ledger
from bitsheet_tui.store.ledger import Job
from tests.support.store_rows import NOW, TABLES, deal, query


def test_cycles_are_numbered_across_restarts(store, open_store):
    assert [store.begin_cycle(NOW), store.begin_cycle(NOW)] == [1, 2]
    store.close()
    assert open_store().begin_cycle(NOW) == 3


def test_a_cycle_that_never_ended_is_visible_as_such(store):
    first = store.begin_cycle(NOW)
    store.begin_cycle(NOW + timedelta(minutes=5))
    done = Cycle(
        number=first, started_at=NOW, ended_at=NOW + timedelta(seconds=2), seconds=1.5, rows=60, requests=3,
        failed=("deals",),
    )  # fmt: skip
    store.end_cycle(done)
    assert store.last_cycles() == [Cycle(number=2, started_at=NOW + timedelta(minutes=5)), done]
    assert store.last_cycles(limit=1)[0].ended_at is None


def test_what_is_older_than_ninety_days_is_forgotten_but_for_the_last_good_run_of_a_table(store):
    day = timedelta(days=1)
    for age in (200, 95, 91, 89, 1):
        at = NOW - age * day
        number = store.begin_cycle(at)
        store.record_run(Run(cycle=number, table="deals", started_at=at, inserted=1))
        if age > 95:
            store.record_run(Run(cycle=number, table="users", started_at=at, updated=1))
        store.record_run(Run(cycle=number, table="users", started_at=at, error="The portal is away."))
    for about, age in (("deals", 91), ("users", 89)):
        alert = Alert(
            kind=Kind.TABLE_FAILING, about=about, tables=(about,), text="away", hint="", since=NOW - 100 * day
        )
        store.settle_alerts((), ((alert, NOW - age * day),), at=NOW)
    assert store.begin_cycle(NOW) == 6
    assert store.forget(NOW)
    assert not store.forget(NOW)
    assert [cycle.number for cycle in store.last_cycles()] == [6, 5, 4]
    assert [run.cycle for run in store.last_runs(table="deals")] == [5, 4]
    assert [(run.cycle, run.error) for run in store.last_runs(table="users")][-1] == (1, "")
    assert len(store.last_runs(table="users")) == 3
    assert query(store, "SELECT about FROM bitsheet_alerts") == [("users",)]


def test_forgetting_takes_a_little_at_a_time_until_nothing_old_is_left(store, monkeypatch):
    monkeypatch.setattr(ledger, "MOST", 3)
    for hours in range(8):
        store.begin_cycle(NOW - timedelta(days=200, hours=-hours))
    store.begin_cycle(NOW)
    left = []
    while store.forget(NOW):
        left.append(len(store.last_cycles()))
    assert left == [6, 3, 1]
    assert [cycle.number for cycle in store.last_cycles()] == [9]
    assert not store.forget(NOW + timedelta(days=200))  # the newest stays: numbers go on from it


def one_cycle(store, at, *, asked=(), rows=0, failed=(), runs=()):
    number = store.begin_cycle(at, asked)
    end = Cycle(
        number=number, started_at=at, ended_at=at + timedelta(seconds=1), seconds=0.5, rows=rows,
        requests=1, failed=failed,
    )  # fmt: skip
    store.end_cycle(end, [run(number, at) for run in runs])
    return number


def scanned(table, **more):
    return lambda number, at: Run(
        cycle=number, table=table, started_at=at, ended_at=at + timedelta(seconds=1), **more
    )


def test_cycles_in_which_nothing_happens_are_one_row_that_is_extended(store):
    quiet, minute = [scanned("deals"), scanned("leads", unchanged=2)], timedelta(minutes=1)
    for number in range(5):
        one_cycle(store, NOW + number * minute, runs=quiet)
    (row,) = store.last_cycles()
    assert (row.number, row.cycles, row.started_at, row.newest_at) == (5, 5, NOW, NOW + 4 * minute)
    assert (row.ended_at, row.requests) == (NOW + 4 * minute + timedelta(seconds=1), 1)
    runs = {run.table: run for run in store.last_runs()}
    assert {(run.cycle, run.cycles, run.first_cycle, run.started_at) for run in runs.values()} == {
        (5, 5, 1, NOW)
    }
    assert len(store.last_runs()) == 2
    store.begin_cycle(NOW + 5 * minute)
    assert [(one.number, one.ended_at is None) for one in store.last_cycles()] == [(6, True), (5, False)]


@pytest.mark.parametrize(
    "loud",
    [
        {"rows": 1, "runs": [scanned("deals", updated=1)]},
        {"failed": ("deals",), "runs": [scanned("deals", error="The portal is away.")]},
        {"runs": [scanned("deals", deleted=1)]},
        {"runs": [scanned("deals", quarantined=1)]},
        {"runs": [scanned("deals", kind="drift", hint="added a")]},
    ],
)
def test_a_cycle_in_which_something_happens_is_a_row_of_its_own(store, loud):
    one_cycle(store, NOW, runs=[scanned("deals")])
    one_cycle(store, NOW, **loud)
    one_cycle(store, NOW, runs=[scanned("deals")])
    one_cycle(store, NOW, runs=[scanned("deals")])
    assert [(row.number, row.cycles) for row in store.last_cycles()] == [(4, 2), (2, 1), (1, 1)]
    assert [(run.cycle, run.cycles) for run in store.last_runs(table="deals")] == [(4, 2), (2, 1), (1, 1)]


def test_what_changes_between_two_cycles_keeps_their_rows_apart(store):
    one_cycle(store, NOW)
    store.record_run(Run(cycle=1, table="deals", started_at=NOW, kind="reconcile", deleted=1))
    one_cycle(store, NOW)
    store.commit(TABLES["deals"], [deal(1)], None, at=NOW, cycle=2)  # a line of the feed, and no run yet
    one_cycle(store, NOW)
    one_cycle(store, NOW)
    assert [(row.number, row.cycles) for row in store.last_cycles()] == [(4, 2), (2, 1), (1, 1)]


LATE = Run(cycle=4, table="deals", started_at=NOW, kind="reconcile", deleted=1)


@pytest.mark.parametrize(
    "late",
    [
        lambda store: store.record_run(LATE),
        lambda store: store.record_run(replace(LATE, deleted=0, kind="audit", error="The portal is away.")),
        lambda store: store.commit(TABLES["deals"], [deal(1)], None, at=NOW, cycle=4),  # and was killed then
    ],
)
def test_what_ends_after_its_cycle_takes_it_out_of_the_row_that_says_nothing_happened(store, late):
    minute = timedelta(minutes=1)
    for number in range(3):
        one_cycle(store, NOW + number * minute)
    before = store.last_cycles()
    one_cycle(store, NOW + 3 * minute, runs=[scanned("deals")])
    assert [row.cycles for row in store.last_cycles()] == [4]
    late(store)
    one_cycle(store, NOW + 4 * minute)
    one_cycle(store, NOW + 5 * minute)
    rest, fourth, *first = store.last_cycles()
    assert first == before
    assert (fourth.number, fourth.cycles, fourth.started_at) == (4, 1, NOW + 3 * minute)
    assert (fourth.ended_at, fourth.requests) == (NOW + 3 * minute + timedelta(seconds=1), 1)
    assert (rest.number, rest.cycles, rest.started_at) == (6, 2, NOW + 4 * minute)
    assert store.full_cycles() == 6


def test_what_ends_late_and_changed_nothing_leaves_the_mirror_at_rest(store):
    for number in range(1, 5):
        one_cycle(store, NOW)
        store.record_run(Run(cycle=number, table="deals", started_at=NOW, kind="reconcile"))
    assert [(row.number, row.cycles) for row in store.last_cycles()] == [(4, 4)]


def test_only_the_cycle_in_which_it_happened_is_taken_out(store):
    for asked in ((), ("deals",), (), ("deals",)):
        one_cycle(store, NOW, asked=asked)
    store.record_run(LATE)
    store.record_run(LATE)
    assert [(row.number, row.cycles, row.asked) for row in store.last_cycles()] == [
        (4, 1, ("deals",)), (3, 2, ()), (2, 1, ("deals",)),
    ]  # fmt: skip
    one_cycle(store, NOW, asked=("deals",))
    assert [(row.number, row.cycles) for row in store.last_cycles(limit=1)] == [(5, 1)]


def test_a_cycle_for_some_tables_is_no_full_one_and_goes_with_its_like(store):
    for _ in range(3):
        one_cycle(store, NOW)
        one_cycle(store, NOW, asked=("deals",))
        one_cycle(store, NOW, asked=("deals",))
    assert [(row.number, row.cycles, row.asked) for row in store.last_cycles()] == [
        (9, 6, ("deals",)), (7, 3, ()),
    ]  # fmt: skip
    assert store.full_cycles() == 3
    store.begin_cycle(NOW)
    assert store.full_cycles() == 4


def test_the_last_good_run_of_a_rhythm_is_kept(store, open_store):
    assert store.last_job("static") is None
    store.record_job(Job(job="static", ran_at=NOW, cycle=7, failed=("users",)))
    store.record_job(Job(job="static", ran_at=NOW, cycle=10))
    store.close()
    assert open_store().last_job("static") == Job(job="static", ran_at=NOW, cycle=10)


def test_what_a_cycle_did_to_a_table_is_written_down(store):
    run = Run(
        cycle=1, table="deals", kind="scan", started_at=NOW, seconds=0.25, inserted=1, updated=2, unchanged=3,
        deleted=4, quarantined=5, requests=6, retries=7, watermark_before=None, watermark_after=NOW,
    )  # fmt: skip
    failed = Run(cycle=1, table="tasks", started_at=NOW, error="The portal is away.", hint="Wait.")
    store.record_run(run)
    store.record_run(failed)
    assert store.last_runs() == [failed, run]
    assert store.last_runs(table="deals") == [run]
    assert store.last_runs(limit=1) == [failed]


def test_the_counts_tell_rows_deletions_quarantine_and_currency(store):
    deals = TABLES["deals"]
    store.commit(deals, [deal(1), deal(2), {**deal(3), "ID": "x"}], None, at=NOW, cycle=1)
    store.sweep(deals, {2}, None, at=NOW, cycle=1)
    store.record_run(Run(cycle=1, table="deals", started_at=NOW))
    store.record_run(Run(cycle=2, table="deals", started_at=NOW + timedelta(hours=1), error="no"))
    count = next(count for count in store.counts() if count.table == "deals")
    assert (count.rows, count.deleted, count.quarantined, count.synced_at) == (1, 1, 1, NOW)
    assert {count.table for count in store.counts()} == {"deals", "contacts", "tasks"}
    assert store.size_bytes() > 0


def test_another_process_can_ask_and_is_answered(store, store_url):
    asking = Store.open_to_ask(store_url)
    try:
        id_ = asking.ask("sync", "deals", by="ann@desk", at=NOW)
        assert [(r.id, r.command, r.argument, r.by) for r in store.open_requests()] == [
            (id_, "sync", "deals", "ann@desk")
        ]
        assert asking.request(id_).answer is None
        store.answer(id_, "cycle 8", at=NOW)
        assert (asking.request(id_).answer, asking.request(id_).done_at) == ("cycle 8", NOW)
        assert store.open_requests() == []
        assert store.request(id_ + 1) is None
    finally:
        asking.close()


@pytest.mark.parametrize("opener", [Store.open_to_ask, lambda url: Store.open(url, readonly=True)])
def test_nobody_can_be_asked_where_there_is_no_mirror(store_url, opener):
    with pytest.raises(Exception, match=r"There is no mirror at .* yet") as caught:
        opener(store_url)
    assert caught.value.exit_code == 73
