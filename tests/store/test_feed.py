"""Whoever copies the mirror after the end of the first filling needs nothing but the lines of the feed."""

from __future__ import annotations

import pytest

from tests.support.feed_history import KEYS, MOODS, STEPS, asking, begun
from tests.support.follower import Follower
from tests.support.proof import times


@pytest.mark.parametrize("seed", range(times("BITSHEET_FEEDS", 1, 60)))
def test_a_copy_follows_the_feed_alone_to_what_the_mirror_holds(open_store, seed):
    history = begun(seed, open_store)
    ask = asking(history)
    _, markers = ask("SELECT table_name, op FROM bitsheet_changes ORDER BY table_name")
    assert markers == [(table, "snapshot") for table in sorted(KEYS) for _ in range(2)]
    copies = [Follower(ask, KEYS)]

    def skipped(table, row_id):
        if table != "tasks":
            return ()
        gone = row_id in copies[0].gone["tasks"]
        return MOODS if gone or int(row_id) in history.restless else ()

    for _ in range(STEPS):
        history.step()
        if history.chance.random() < 0.2:
            copies.append(Follower(ask, KEYS))
        for copy in copies:
            copy.follow()
            assert copy.differences(skipped) == []
