"""The comments of a task are read when the task moved, as a whole, and vanished ones are marked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui.store import Checkpoint, Discussion, DiscussionRead, Store
from tests.support.store_rows import NOW, TABLES, comment, task

TASKS, COMMENTS = TABLES["tasks"], TABLES["task_comments"]
ACTIVITY = datetime.fromisoformat("2026-03-01T11:00:00+00:00")


def seen(store: Store, *tasks):
    store.commit(TASKS, tasks, None, at=NOW, cycle=1)


def due(store: Store, overlap=300, limit=100):
    found = store.due_discussions(overlap=overlap, limit=limit)
    assert store.count_due(overlap=overlap) == len(found)
    return [discussion.task_id for discussion in found]


def read(store: Store, task_id, *, forum=None, chat=None, at=NOW, readable=True, filling=False):
    one = DiscussionRead(task_id=task_id, read_at=at, forum=forum, chat=chat, readable=readable)
    done = store.commit_discussions(COMMENTS, [one], at=NOW, cycle=1, filling=filling)
    return done.inserted, done.updated, done.unchanged, done.deleted


def test_a_new_task_is_due_with_all_that_is_known_of_its_sources(store):
    seen(store, task(1), task(2, FORUM_TOPIC_ID=None), {"ID": "3", "CHAT_ID": 7})
    assert store.due_discussions(overlap=300, limit=9) == [
        Discussion(task_id=2, forum_topic_id=None, chat_id=2002, known_forum=True),
        Discussion(task_id=1, forum_topic_id=1001, chat_id=2001, known_forum=True),
        Discussion(task_id=3, forum_topic_id=None, chat_id=7, known_forum=False),
    ]


@pytest.mark.parametrize("none", [None, "0", 0, ""])
def test_a_task_with_neither_forum_nor_chat_is_never_due(store, none):
    seen(store, task(1, FORUM_TOPIC_ID=none, CHAT_ID=none))
    assert due(store) == []


def test_a_task_whose_forum_the_portal_does_not_tell_is_asked(store):
    seen(store, {"ID": "3", "ACTIVITY_DATE": "2026-03-01T11:00:00+00:00"})
    assert due(store) == [3]


def test_the_newest_activity_comes_first_and_the_limit_holds(store):
    seen(store, *(task(n, ACTIVITY_DATE=f"2026-03-01T{n:02}:00:00+00:00") for n in range(1, 6)))
    assert due(store) == [5, 4, 3, 2, 1]
    assert [d.task_id for d in store.due_discussions(overlap=300, limit=2)] == [5, 4]


@pytest.mark.parametrize(
    ("seconds_later", "still_due"),
    [(-1, True), (0, True), (299, True), (300, True), (300.5, True), (301, False)],
)
def test_a_discussion_is_read_until_it_was_read_past_the_overlap(store, seconds_later, still_due):
    seen(store, task(1))
    read(store, 1, forum=[], chat=[], at=ACTIVITY + timedelta(seconds=seconds_later))
    assert (due(store) == [1]) is still_due


@pytest.mark.parametrize(
    ("read_after", "again_after"), [(0, 0), (1, 2), (3, 5), (40, 72), (64, 128), (200, 300), (299, 300)]
)
def test_until_then_it_is_read_again_when_about_twice_as_much_time_has_passed(store, read_after, again_after):
    seen(store, task(1))
    read(store, 1, forum=[], chat=[], at=ACTIVITY + timedelta(seconds=read_after))
    for passed in range(read_after, 600):
        found = store.due_discussions(overlap=300, limit=9, now=ACTIVITY + timedelta(seconds=passed))
        assert bool(found) is (passed >= again_after), passed


def test_activity_after_the_reading_makes_it_due_again(store):
    seen(store, task(1))
    read(store, 1, forum=[], chat=[])
    assert due(store) == []
    seen(store, task(1, ACTIVITY_DATE="2026-03-01T12:30:00+00:00"))
    assert due(store) == [1]


def test_without_an_activity_date_the_change_and_creation_dates_stand_in(store):
    seen(
        store,
        task(1, ACTIVITY_DATE=None, CHANGED_DATE="2026-03-01T12:30:00+00:00"),
        task(2, ACTIVITY_DATE=None, CREATED_DATE="2026-03-01T12:31:00+00:00"),
        task(3, ACTIVITY_DATE=None, CREATED_DATE=None),
    )
    assert due(store) == [2, 1, 3]
    for task_id in (1, 2, 3):
        read(store, task_id, forum=[], chat=[])
    assert due(store) == [2, 1]


def test_comments_of_both_sources_are_stored_under_their_own_keys(store, rows):
    seen(store, task(1))
    assert read(store, 1, forum=[comment(5)], chat=[comment(5, TEXT="hello"), comment(6)]) == (3, 0, 0, 0)
    assert rows("SELECT source, id, task_id, text FROM task_comments ORDER BY source, id") == [
        ("chat", 5, 1, "hello"), ("chat", 6, 1, "comment 6"), ("forum", 5, 1, "comment 5"),
    ]  # fmt: skip
    assert read(store, 1, forum=[comment(5)], chat=[comment(5, TEXT="edited"), comment(6)]) == (0, 1, 2, 0)


def test_a_vanished_comment_is_marked_and_a_source_that_was_not_read_is_left_alone(store, rows):
    seen(store, task(1), task(2))
    read(store, 1, forum=[comment(5)], chat=[comment(6), comment(7)])
    read(store, 2, forum=[], chat=[comment(8)])
    assert read(store, 1, forum=None, chat=[comment(7)]) == (0, 0, 1, 1)
    assert rows("SELECT source, id FROM task_comments WHERE _deleted_at IS NOT NULL") == [("chat", 6)]
    assert read(store, 1, forum=[], chat=None) == (0, 0, 0, 1)
    assert rows("SELECT id FROM task_comments WHERE _deleted_at IS NULL ORDER BY id") == [(7,), (8,)]
    assert rows("SELECT row_id FROM bitsheet_changes WHERE op = 'delete' ORDER BY seq") == [
        ("chat:6",), ("forum:5",),
    ]  # fmt: skip


def test_a_comment_that_cannot_be_stored_is_not_taken_for_a_vanished_one(store, rows):
    seen(store, task(1))
    read(store, 1, forum=[], chat=[comment(6)])
    store.commit_discussions(
        COMMENTS,
        [DiscussionRead(task_id=1, read_at=NOW, forum=[], chat=[comment(6, AUTHOR_ID="x")], readable=True)],
        at=NOW,
        cycle=2,
    )
    assert rows("SELECT id FROM task_comments WHERE _deleted_at IS NULL") == [(6,)]
    assert rows("SELECT row_id FROM bitsheet_quarantine") == [("chat:6",)]


def test_unreadable_discussions_are_counted_and_delete_nothing(store, rows):
    seen(store, task(1), task(2))
    read(store, 1, forum=[], chat=[comment(6)])
    read(store, 1, readable=False)
    assert store.count_unreadable().count == 1
    assert due(store) == [2]
    assert rows("SELECT count(*) FROM task_comments WHERE _deleted_at IS NULL") == [(1,)]
    read(store, 1, forum=[], chat=[comment(6)])
    assert store.count_unreadable().count == 0


def test_all_discussions_can_be_read_anew(store):
    seen(store, task(1), task(2), task(3, FORUM_TOPIC_ID=None, CHAT_ID=None))
    read(store, 1, forum=[], chat=[])
    read(store, 2, forum=[], chat=[])
    assert due(store) == []
    store.reread_discussions()
    assert due(store) == [2, 1]


def test_a_deleted_task_takes_its_comments_with_it_and_brings_them_back(store, rows):
    seen(store, task(1), task(2))
    read(store, 1, forum=[], chat=[comment(6)])
    read(store, 2, forum=[], chat=[comment(7)])
    assert store.sweep(TASKS, {2}, None, at=NOW, cycle=2) == 1
    assert rows("SELECT id FROM task_comments WHERE _deleted_at IS NULL") == [(7,)]
    assert due(store) == []
    seen(store, task(1))
    assert due(store) == [1]
    assert read(store, 1, forum=[], chat=[comment(6)]) == (1, 0, 0, 0)
    assert rows("SELECT count(*) FROM task_comments WHERE _deleted_at IS NULL") == [(2,)]


def test_what_was_read_of_a_task_that_is_not_there_is_dropped(store, rows):
    assert read(store, 99, forum=[], chat=[comment(6)]) == (0, 0, 0, 0)
    assert due(store) == []
    assert rows("SELECT id FROM task_comments") == []


def test_an_answer_that_was_on_its_way_when_its_task_was_marked_revives_no_comment(store, rows):
    seen(store, task(1), task(2))
    read(store, 1, forum=[], chat=[comment(6)])
    store.sweep(TASKS, {2}, None, at=NOW, cycle=2)
    assert read(store, 1, forum=[], chat=[comment(6), comment(7)]) == (0, 0, 0, 0)
    assert rows("SELECT id FROM task_comments WHERE _deleted_at IS NULL") == []


def test_a_first_reading_of_all_discussions_is_two_lines_in_the_feed_and_later_ones_tell_each(store, rows):
    told = "SELECT op, row_id FROM bitsheet_changes WHERE table_name = 'task_comments'"
    seen(store, task(1), task(2))
    read(store, 1, forum=[], chat=[comment(6)], filling=True)
    read(store, 2, forum=[], chat=[comment(7)], filling=True)
    assert rows(told) == [("snapshot", None)]
    store.keep(Checkpoint(table="task_comments", watermark=NOW))
    assert rows(told) == [("snapshot", None)] * 2
    store.reread_discussions()
    read(store, 1, forum=[], chat=[comment(6), comment(8)], filling=True)
    assert rows(told)[2:] == [("insert", "chat:8")]


def test_comments_are_not_filled_for_the_first_time_before_their_tasks_are(store, rows):
    told = "SELECT op, row_id FROM bitsheet_changes WHERE table_name = 'task_comments'"
    store.shape(COMMENTS, COMMENTS.fields)
    begun = Checkpoint(table="tasks", watermark=NOW, reach=2, floor=3)
    store.commit(TASKS, [task(2)], begun, at=NOW, cycle=1, filling=True)
    store.keep(Checkpoint(table="task_comments", watermark=NOW))
    read(store, 2, forum=[], chat=[comment(7)])
    assert rows(told) == [("snapshot", None)]
    store.commit(TASKS, [task(1)], replace(begun, floor=0), at=NOW, cycle=1)
    store.keep(Checkpoint(table="task_comments", watermark=NOW))
    assert rows(told) == [("snapshot", None)] * 2


def test_of_closed_discussions_the_longest_untried_comes_first_and_one_that_opens_makes_all_due(store):
    seen(store, *(task(n) for n in range(1, 7)))
    later = ACTIVITY + timedelta(hours=1)
    for minute, task_id in enumerate((3, 1, 2, 4, 5)):
        read(store, task_id, readable=False, at=later + timedelta(minutes=minute))
    read(store, 6, forum=[], chat=[], at=later)
    assert due(store) == []

    def closed():
        return [one.task_id for one in store.reconciles.closed(overlap=300, limit=9)]

    assert closed() == [3, 1, 2, 4, 5]
    read(store, 3, readable=False, at=later + timedelta(hours=1))
    assert closed() == [1, 2, 4, 5, 3]
    read(store, 1, forum=[], chat=[], at=later + timedelta(hours=2))
    assert (due(store), closed()) == ([5, 4, 3, 2], [])
    read(store, 2, readable=False, at=later + timedelta(hours=2))
    read(store, 3, forum=[], chat=[], at=later + timedelta(hours=2))  # due for that very reason
    assert (due(store), closed()) == ([5, 4], [2])
