"""What is stored of a discussion follows from what its reading proved."""

from __future__ import annotations

from bitsheet_tui.store import DiscussionRead
from bitsheet_tui.store.comments import Brake
from bitsheet_tui.store.discussions import Shown
from tests.support.store_rows import NOW, SHAPES, TABLES, comment, task

TASKS, COMMENTS = TABLES["tasks"], TABLES["task_comments"]
BRAKE = Brake(free=50, share=0.05)


def stored(store, *ids):
    """A store that has these messages of one chat."""
    store.commit(TASKS, [task(1)], None, at=NOW, cycle=1)
    commit(store, [comment(n) for n in ids], None)
    return store


def commit(store, chat, shown, *, brake=BRAKE, **more):
    read = DiscussionRead(
        **{"task_id": 1, "read_at": NOW, "forum": None, "chat": chat, "readable": True, "chat_shown": shown, **more}
    )  # fmt: skip
    return store.commit_discussions(COMMENTS, [read], at=NOW, cycle=1, brake=brake)


def missing(*ids):
    return frozenset(("chat", id_) for id_ in ids)


def shown(*ids, **more):
    return Shown(ids=frozenset(ids), **more)


def living(rows):
    return [id_ for (id_,) in rows("SELECT id FROM task_comments WHERE _deleted_at IS NULL ORDER BY id")]


def test_a_page_of_a_discussion_is_stored_before_the_rest_is_read(store, rows):
    stored(store, 5)
    done = commit(store, [comment(8), comment(9)], shown(8, 9), complete=False)
    assert (done.inserted, done.deleted, done.doubted) == (2, 0, ())
    assert living(rows) == [5, 8, 9]


def test_what_is_missing_without_proof_is_not_marked_and_is_to_be_proved(store, rows):
    stored(store, 5, 6, 7, 8)
    done = commit(store, [comment(5), comment(8)], shown(5, 8))
    assert (done.deleted, done.held) == (0, 0)
    (doubted,) = done.doubted
    assert (doubted.task_id, doubted.missing) == (1, missing(6, 7))
    assert living(rows) == [5, 6, 7, 8]
    assert [one.task_id for one in store.due_discussions(overlap=0, limit=9)] == [1]


def test_with_proof_it_is_marked_and_what_lies_below_all_that_is_shown_is_held(store, rows):
    stored(store, 3, 4, 5, 6, 7, 8)
    done = commit(store, [comment(5), comment(8)], shown(5, 8, spans=[(5, 9)]), missing=missing(3, 4, 6, 7))
    assert (done.deleted, done.held, done.doubted) == (2, 2, ())
    assert living(rows) == [3, 4, 5, 8]
    assert store.reconciles.held_comments() == (2, 1)
    done = commit(
        store,
        [],
        shown(5, 8, spans=[(5, 9)]),
        missing=missing(3, 4),
        brake=Brake(free=50, share=1, confirmed=True),
    )
    assert living(rows) == [5, 8]
    assert store.reconciles.held_comments() == (0, 0)


def test_nobody_can_confirm_what_nothing_proves(store, rows):
    stored(store, 5, 6, 8)
    for confirmed in (False, True):
        brake = Brake(free=50, share=1, confirmed=confirmed)
        assert commit(store, [], shown(5, 8, spans=[(8, 99)]), missing=missing(6), brake=brake).held == 1
    assert living(rows) == [5, 6, 8]


def test_a_chat_is_proved_by_a_reading_that_lost_nothing_and_until_it_loses_something(store):
    stored(store, 5, 6)

    def proved():
        return 1 - store.reconciles.count_unproved()

    commit(store, [], shown(5, 6), proved_from=5)
    assert proved()
    commit(store, [comment(7)], shown(5, 6, 7))
    assert proved()
    commit(store, [], shown(6, 7, ended=False))
    assert not proved()
    commit(store, [], shown(6, 7), proved_from=6, missing=missing(5))
    assert not proved()
    store.commit(TASKS, [task(1, CHAT_ID=77)], None, at=NOW, cycle=2)
    commit(store, [comment(9)], shown(5, 6, 7, 9), proved_from=5)
    assert proved()
    store.commit(TASKS, [task(1, CHAT_ID=78)], None, at=NOW, cycle=2)
    assert not proved()


def test_discussions_of_an_older_mirror_are_kept_and_not_yet_proved(open_store):
    store = open_store()
    for name, fields in SHAPES.items():
        store.shape(TABLES[name], fields)
    store.commit(TASKS, [task(1), task(2)], None, at=NOW, cycle=1)
    commit(store, [comment(n) for n in range(10, 13)], None, forum=[])
    database = store._database

    def older():
        database.execute("DROP INDEX bitsheet_discussions_unproved")
        database.execute("ALTER TABLE bitsheet_discussions DROP COLUMN proved_from")
        database.execute("UPDATE bitsheet_meta SET value = '5' WHERE key = 'schema_version'")

    database.write(older)
    store.close()
    store = open_store()
    assert [one.task_id for one in store.due_discussions(overlap=300, limit=9)] == [2]
    assert store.reconciles.count_unproved() == 1
    (found,) = store.reconciles.unproved(COMMENTS, overlap=300, limit=9)
    assert (found.task_id, found.chat_known, found.proved_from) == (1, (3, 10), None)


def test_a_message_that_came_while_older_pages_were_on_their_way_is_not_marked(store, rows):
    stored(store, 5, 6, 7)
    commit(store, [comment(8)], shown(5, 7, 8))
    old = shown(5, 7, spans=[(5, 2**31)])
    done = commit(store, [], old, missing=missing(6))
    assert (done.deleted, done.held, done.doubted) == (1, 0, ())
    assert living(rows) == [5, 7, 8]
