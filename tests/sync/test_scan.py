"""The algorithm itself: whatever happens on the portal meanwhile, a quiet scan ends with mirror == portal."""

import pytest
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, Reason, Unreachable
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.backfill import Backfill, begin, unread
from bitsheet_tui.sync.scan import Scan
from tests.support.in_memory_portal import EPOCH, InMemoryPortal, Mirror
from tests.support.scan_histories import (
    DEALS,
    OVERLAP,
    backfill,
    histories,
    portal_rows,
    read_all,
    scan,
    start,
)


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("chained", [True, False])
@pytest.mark.parametrize("crash", [0.0, 0.3])
def test_after_any_history_of_edits_restores_and_crashes_a_quiet_scan_ends_equal(chained, crash):
    assert histories(range(120), chained=chained, crash=crash) == []


@pytest.mark.parametrize("crash", [0.0, 0.3])
def test_where_most_scans_leave_their_tail_out_one_that_reads_it_ends_equal(crash, monkeypatch):
    monkeypatch.setattr("tests.support.scan_histories.BIRTHS", 20)
    assert histories(range(60), crash=crash, tails=0.25) == []


def test_many_restored_rows_arrive_although_the_process_dies_in_the_middle_of_the_tail(monkeypatch):
    monkeypatch.setattr("tests.support.scan_histories.BIRTHS", 120)
    assert histories(range(40), crash=0.3) == []


def test_reading_again_without_changes_reads_only_what_lies_in_the_overlap():
    portal, mirror = InMemoryPortal(7), Mirror(Checkpoint(table="deals"))
    read_all(portal, mirror)
    portal.clock += 1000
    work = Scan(DEALS, mirror.checkpoint, OVERLAP, True)
    step = work.take(portal.answer(work.asks({})))
    assert step.complete
    assert step.rows == []


def test_a_row_restored_under_a_new_id_with_old_dates_arrives_by_the_tail():
    portal, mirror = InMemoryPortal(1), Mirror(Checkpoint(table="deals"))
    read_all(portal, mirror)
    portal.create(changed=5)
    portal.clock += 100_000
    scan(portal, mirror)
    assert mirror.rows == portal_rows(portal)


def test_the_watermark_is_the_portals_clock_when_the_scan_began():
    portal, mirror = InMemoryPortal(2), Mirror(Checkpoint(table="deals"))
    read_all(portal, mirror)
    portal.clock += 500
    began = portal.clock
    work = Scan(DEALS, mirror.checkpoint, OVERLAP, True)
    answers = portal.answer(work.asks({}))
    portal.clock += 60
    assert (work.take(answers).checkpoint.watermark - EPOCH).total_seconds() == began


def test_an_empty_page_behind_a_reference_is_not_taken_for_the_end():
    """Exactly fifty rows: the second page is empty because of its reference, and is asked again by number."""
    portal, mirror = InMemoryPortal(3, rows=0), Mirror(Checkpoint(table="deals"))
    portal.last_id = 20  # and below them
    for _ in range(50):
        portal.create()
    portal.last_id += 40  # as far as anybody can tell, there may be rows enough for a third page
    mirror.checkpoint = begin(mirror.checkpoint, EPOCH, portal.last_id)
    fill = backfill(mirror)
    errand = fill.errand(3)
    first = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
    assert len(first.rows) == 50
    assert not first.complete
    errand = fill.errand(3)
    assert next(iter(errand.asks.values())).params["filter"]["<ID"] == first.checkpoint.floor
    assert fill.take(errand, portal.answer(errand.asks), first.checkpoint).complete


def test_a_failed_page_keeps_what_came_before_it_and_the_place_to_go_on():
    portal, mirror = InMemoryPortal(4, rows=170), Mirror(Checkpoint(table="deals"))
    start(portal, mirror)
    fill = backfill(mirror)
    errand = fill.errand(4)
    answers = portal.answer(errand.asks)
    broken = list(answers)[2]
    answers[broken] = Unreachable("no answer", reason=Reason.SERVER)
    step = fill.take(errand, answers, mirror.checkpoint)
    assert len(step.rows) == 100
    assert step.error is answers[broken]
    assert step.checkpoint.floor == int(step.rows[-1]["ID"])


def test_a_crash_repeats_only_what_was_on_its_way():
    portal, mirror = InMemoryPortal(9, rows=2000), Mirror(Checkpoint(table="deals"))
    start(portal, mirror)
    fill = backfill(mirror, streams=4)
    flying = [fill.errand(5) for _ in range(4)]
    for errand in flying[1:]:  # the first, which reads the newest, never comes back
        step = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
        mirror.commit(step.rows, step.checkpoint)
    assert mirror.checkpoint.floor == portal.last_id + 1
    stored = set(mirror.rows)
    assert len(stored) > 500
    fill = backfill(mirror)
    again = []
    while errand := fill.errand(50):
        step = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
        again += [int(row["ID"]) for row in step.rows]
        mirror.commit(step.rows, step.checkpoint)
    assert not stored.intersection(again)
    assert mirror.rows == portal_rows(portal)
    assert mirror.checkpoint.floor == 0


@pytest.mark.slow
def test_streams_read_a_large_table_in_full_requests_and_hardly_anything_in_vain():
    portal, mirror = InMemoryPortal(10, rows=20_000), Mirror(Checkpoint(table="deals"))
    start(portal, mirror)
    fill = backfill(mirror, streams=4)
    flying, pages = [], []
    while True:
        while len(flying) < 4 and (errand := fill.errand(50, least=50)):
            flying.append(errand)
            pages.append(len(errand.asks))
        if not flying:
            break
        errand = flying.pop(portal.chance.randrange(len(flying)))
        step = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
        mirror.commit(step.rows, step.checkpoint)
    assert mirror.rows == portal_rows(portal)
    assert len(pages) <= 12  # 8 would be all of it
    assert sum(pages) <= 410  # 400 would be all of it


def lied(rows):
    return Answer(result=rows, started=EPOCH, seconds=0.1)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{"ID": "5"}, {"ID": "6"}], "the order is not kept"),
        ([{"ID": "5", "TITLE": "a"}, {"ID": "5", "TITLE": "b"}], "two rows of one id"),
        ([{"ID": "9000"}], "above the bound"),
        (["x"], "no row"),
        ([{"ID": str(900 - n)} for n in range(51)], "more than a page"),
    ],
)
def test_a_page_that_is_not_what_was_asked_is_refused_whole(rows, why):
    checkpoint = Checkpoint(table="deals", watermark=EPOCH, reach=0, floor=1000)
    fill = Backfill(DEALS, unread(checkpoint), True)
    errand = fill.errand(1)
    with pytest.raises(BadAnswer):
        fill.take(errand, {key: lied(rows) for key in errand.asks}, checkpoint)
    assert fill.left == [(0, 1000)], why
    assert not fill.waits


def test_a_dropped_filter_is_noticed_on_the_first_page_and_nothing_of_it_is_used():
    portal, mirror = InMemoryPortal(5), Mirror(Checkpoint(table="deals"))
    read_all(portal, mirror)
    portal.clock += 100_000
    before = replace(mirror.checkpoint)
    portal._page = lambda params, answers: [portal._row(i) for i in sorted(portal.rows, reverse=True)[:50]]
    work = Scan(DEALS, mirror.checkpoint, OVERLAP, True)
    asks = work.asks({})
    only = {key: ask for key, ask in asks.items() if ">=DATE_MODIFY" in ask.params["filter"]}
    assert only
    with pytest.raises(BadAnswer, match="ignores the filter"):
        work.take(portal.answer(asks))
    assert work.checkpoint == before


def test_a_portal_that_does_not_follow_references_is_noticed_and_read_page_by_page():
    portal, mirror = InMemoryPortal(6, rows=140), Mirror(Checkpoint(table="deals"))
    portal._bound = lambda raw, answers: raw if isinstance(raw, int) else None  # every page starts at the top
    start(portal, mirror)
    fill = backfill(mirror)
    errand = fill.errand(3)
    step = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
    assert step.broken
    assert len(step.rows) == 50
    mirror.commit(step.rows, step.checkpoint)
    read_all(portal, mirror, chained=False)
    assert mirror.rows == portal_rows(portal)


def test_without_references_a_backfill_asks_for_blocks_of_ids_and_jumps_over_gaps():
    portal, mirror = InMemoryPortal(8, rows=120), Mirror(Checkpoint(table="deals"))
    portal.last_id += 100_000
    for _ in range(30):
        portal.create()
    start(portal, mirror)
    requests = 0
    fill = backfill(mirror, chained=False)
    while errand := fill.errand(20):
        requests += 1
        step = fill.take(errand, portal.answer(errand.asks), mirror.checkpoint)
        mirror.commit(step.rows, step.checkpoint)
    assert mirror.rows == portal_rows(portal)
    assert requests < 10
