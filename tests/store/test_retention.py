"""The change feed is cut by age and number, and never what a named cursor still needs without an alert."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from bitsheet_tui import events as e
from bitsheet_tui.alert import Kind
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.state.alerting import follow
from bitsheet_tui.store import retention
from bitsheet_tui.store.cursors import Cursors
from bitsheet_tui.store.retention import KEPT, LINES, last_cut
from bitsheet_tui.sync.alerting import Alerting
from tests.support.store_rows import NOW, TABLES, deal, query

DAY = timedelta(days=1)
OLD, VERY_OLD, NEW = NOW - KEPT - DAY, NOW - 2 * KEPT - DAY, NOW - DAY


@pytest.mark.parametrize(
    ("told", "newest", "needed", "goes"),
    [
        ([(1, OLD), (2, OLD), (3, NEW)], 9, None, 2),
        ([(1, NEW), (2, OLD)], 9, None, None),  # only from the beginning on
        ([(1, OLD), (2, OLD)], 2, None, 1),  # the newest stays
        ([(1, OLD), (2, OLD), (3, OLD)], 9, 2, 2),  # whoever has line 2 needs those after it
        ([(1, OLD), (2, OLD)], 9, 0, None),
        ([(1, VERY_OLD), (2, VERY_OLD), (3, OLD)], 9, 0, 2),  # not for ever
        ([(1, NEW), (2, NEW), (3, NEW)], LINES + 2, None, 2),
        ([(1, NEW), (2, NEW), (3, NEW)], LINES + 2, 1, 1),
        ([(1, NEW), (2, NEW), (3, NEW)], 2 * LINES + 2, 0, 2),
        ([], 0, None, None),
    ],
)
def test_what_is_old_goes_unless_somebody_needs_it(told, newest, needed, goes):
    assert last_cut(told, newest=newest, needed=needed, at=NOW) == goes


@pytest.fixture
def cursors(store, store_url):
    found = Cursors.open(store_url)
    yield found
    found.close()


def seqs(store):
    return [seq for (seq,) in query(store, "SELECT seq FROM bitsheet_changes ORDER BY seq")]


def test_retention_cuts_a_little_after_the_other_and_says_how_far(store, cursors, monkeypatch):
    monkeypatch.setattr(retention, "PORTION", 2)
    for number, at in enumerate([OLD, OLD, OLD, OLD, NEW], start=1):
        store.commit(TABLES["deals"], [deal(number)], None, at=at, cycle=number)
    cursors.move("bi", 3)
    assert store.forget(NOW)
    while store.forget(NOW):
        pass
    assert seqs(store) == [4, 5]
    assert store.remembered("changes_cut") == "3"
    cursors.drop("bi")
    while store.forget(NOW):
        pass
    assert seqs(store) == [5]
    store.commit(TABLES["deals"], [deal(6)], None, at=NEW, cycle=9)
    assert seqs(store) == [5, 6]


def test_status_shows_who_follows_and_how_far_behind(store, cursors):
    store.commit(TABLES["deals"], [*map(deal, range(1, 6))], None, at=NOW, cycle=1)
    assert to_json(look(store))["cursors"] == []
    cursors.move("bi", 2, description="changes --table deals")
    (told,) = to_json(look(store))["cursors"]
    assert (told["name"], told["seq"], told["behind"], told["description"]) == (
        "bi",
        2,
        3,
        "changes --table deals",
    )
    assert told["moved_at"].endswith("+00:00")
    (line,) = [line for line in to_lines(look(store), NOW) if line.startswith("bi ")]
    assert line.split()[:3] == ["bi", "2", "3"]


def test_a_cursor_is_late_once_it_stands_still_with_lines_to_come(store, cursors):
    store.commit(TABLES["deals"], [deal(1), deal(2)], None, at=NOW, cycle=1)
    cursors.move("bi", 1)
    cursors.move("whole", 2)
    behind, whole = store.lags()
    now = behind.cursor.moved_at
    assert not behind.late(now + 6 * DAY)
    assert behind.late(now + 8 * DAY)
    assert not whole.late(now + 8 * DAY)


def test_the_alert_names_the_cursor_and_what_to_do_and_ends_by_itself():
    late = (e.Behind("bi", 9, 1200), e.Behind("lake", 30, 5))
    alerts = follow({}, e.CursorsBehind(cursors=late, at=NOW), {})
    assert {alert.kind for alert in alerts.values()} == {Kind.CURSOR_BEHIND}
    first = alerts["cursor_behind:bi"]
    assert "1,200 lines" in first.text
    assert first.hint.endswith("bitsheet-tui changes --cursor bi --drop")
    again = follow(alerts, e.CursorsBehind(cursors=late[:1], at=NOW + DAY), {})
    assert [*again] == ["cursor_behind:bi"]
    assert again["cursor_behind:bi"].since == NOW
    assert follow(again, e.CursorsBehind(cursors=(), at=NOW), {}) == {}


def test_who_is_late_is_told_of_until_he_is_not(store, cursors):
    store.commit(TABLES["deals"], [deal(1), deal(2)], None, at=NOW, cycle=1)
    cursors.move("bi", 1)
    said, picture = [], SimpleNamespace(alerts={}, tables={})
    alerting = Alerting(store, lambda: picture, said.append)
    alerting.settle()
    assert said == []
    query(store, "UPDATE bitsheet_cursors SET moved_at = ? RETURNING 1", (NOW - 30 * DAY).isoformat())
    alerting.settle()
    (told,) = said
    assert (told.cursors[0].cursor, told.cursors[0].lines) == ("bi", 1)
    assert told.cursors[0].days >= 30
    picture.alerts = follow({}, told, {})
    cursors.move("bi", 2)
    alerting.settle()
    assert said[-1].cursors == ()
