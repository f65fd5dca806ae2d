"""Tests of the tests: each well-known way to get the algorithm wrong loses rows here."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from bitsheet_tui.portal.listing import Window
from bitsheet_tui.sync import scan as scanning
from bitsheet_tui.sync.backfill import Backfill
from tests.support import scan_histories
from tests.support.in_memory_portal import Mirror

pytestmark = pytest.mark.slow

SEEDS = range(60)


def newest_seen_as_watermark(patch):
    finished = scanning._finished
    newest = {}
    commit = Mirror.commit

    def remember(mirror, rows, checkpoint):
        for row in rows:
            moment = datetime.fromisoformat(row["DATE_MODIFY"])
            newest["at"] = max(newest.get("at", moment), moment)
        commit(mirror, rows, checkpoint)

    def wrong(checkpoint):
        done = finished(checkpoint)
        return replace(done, watermark=newest.get("at", done.watermark))

    patch.setattr(scanning, "_finished", wrong)
    patch.setattr(Mirror, "commit", remember)


def clock_of_the_last_page(patch):
    started = scanning._started

    def wrong(checkpoint, reads):
        after = started(checkpoint, reads)
        moments = [got.started for _, got in reads if got.started]
        return replace(after, scan_started=max(moments)) if moments else after

    patch.setattr(scanning, "_started", wrong)
    patch.setattr(scan_histories, "OVERLAP", 0)


def no_tail(patch):
    windows = scanning.windows
    patch.setattr(scanning, "windows", lambda *a: tuple(w for w in windows(*a) if w.name != scanning.TAIL))


def tail_from_the_highest_key_stored(patch):
    """A killed tail has stored its upper ids; whoever starts above them never reads the lower ones."""
    commit = Mirror.commit

    def wrong(mirror, rows, checkpoint):
        commit(mirror, rows, checkpoint)
        mirror.checkpoint = replace(checkpoint, reach=max(mirror.rows, default=0), progress={})

    patch.setattr(Mirror, "commit", wrong)
    patch.setattr(scan_histories, "BIRTHS", 120)


def strictly_newer_than_the_watermark(patch):
    conditions = Window.filter.fget

    def wrong(window):
        return {key.replace(">=DATE", ">DATE"): value for key, value in conditions(window).items()}

    patch.setattr(Window, "filter", property(wrong))
    patch.setattr(scan_histories, "OVERLAP", 0)
    page = scan_histories.InMemoryPortal._page

    def strict(portal, params, answers):
        conditions = params["filter"]
        since = conditions.get(">DATE_MODIFY")
        if since is None:
            return page(portal, params, answers)
        inclusive = {"filter": {**conditions, ">=DATE_MODIFY": since}}
        kept = []
        while len(kept) < 50:
            rows = page(portal, inclusive, answers)
            kept += [row for row in rows if row["DATE_MODIFY"] > since.replace("+00:00", "") + "+00:00"]
            if len(rows) < 50:
                break
            inclusive["filter"]["<ID"] = int(rows[-1]["ID"])
        return kept[:50]

    patch.setattr(scan_histories.InMemoryPortal, "_page", strict)


def an_answer_of_the_backfill_written_over_a_newer_row(patch):
    patch.setattr(Backfill, "_not_older", lambda fill, errand, rows: rows)
    patch.setattr(scan_histories, "OVERLAP", 0)


def a_stretch_counted_as_read_when_it_is_asked_for(patch):
    """What a crash or an error leaves unread is then never read."""
    errand = Backfill.errand

    def wrong(fill, most, least=1):
        asked = errand(fill, most, least)
        if asked:
            fill.left = fill._free()
        return asked

    patch.setattr(Backfill, "errand", wrong)


MUTANTS = [
    an_answer_of_the_backfill_written_over_a_newer_row,
    a_stretch_counted_as_read_when_it_is_asked_for,
    newest_seen_as_watermark,
    clock_of_the_last_page,
    no_tail,
    tail_from_the_highest_key_stored,
    strictly_newer_than_the_watermark,
]


@pytest.mark.sample
@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_this_mistake_loses_rows(mutate, monkeypatch):
    mutate(monkeypatch)
    assert scan_histories.histories(SEEDS, crash=0.2)


def test_a_checkpoint_saved_before_its_rows_loses_rows():
    def wrong(mirror, rows, checkpoint):
        mirror.checkpoint = checkpoint
        if len(rows) % 3 == 0:  # killed between the two
            return
        Mirror.commit(mirror, rows, checkpoint)

    assert scan_histories.histories(SEEDS, commit=wrong)


def test_without_a_mistake_nothing_is_lost():
    assert scan_histories.histories(SEEDS, crash=0.2) == []
