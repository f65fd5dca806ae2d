"""The demo world is the same for the same seed, and what people do to it moves what it should, no more."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bitsheet_tui.portal.demo import Column, DemoPortal, ManualClock, Size
from bitsheet_tui.portal.demo.life import Life
from bitsheet_tui.portal.demo.settings import DEFAULT_COUNTS

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SMALL = Size(leads=130, contacts=120, companies=20, deals=160, activities=110, tasks=200, users=12)
TABLES = (*DEFAULT_COUNTS, "task_comments")


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def world(clock):
    return DemoPortal(SMALL, clock=clock).world


def rows(world, table):
    return {row["ID"]: row for row in world.truth(table)}


def everything(world):
    return {table: list(world.truth(table)) for table in TABLES}


def test_the_same_seed_makes_the_same_world_and_another_seed_another(world):
    again = DemoPortal(SMALL, clock=ManualClock(START)).world
    other = DemoPortal(SMALL, seed=2, clock=ManualClock(START)).world
    assert everything(world) == everything(again)
    assert list(world.truth("deals")) != list(other.truth("deals"))


@pytest.mark.slow
def test_the_usual_world_has_the_size_of_a_small_company(clock):
    world = DemoPortal(clock=clock).world
    counts = {table: sum(1 for _ in world.truth(table)) for table in TABLES}
    assert {table: counts[table] for table in DEFAULT_COUNTS} == DEFAULT_COUNTS
    assert 4500 <= counts["task_comments"] <= 6500


def test_size_scales_every_table_that_is_not_named():
    counts = Size(scale=0.1, deals=7).counts()
    assert (counts["leads"], counts["deals"], counts["users"]) == (90, 7, 5)
    assert Size(scale=0).counts()["users"] == 1


def test_ids_have_gaps_and_creation_times_rise_with_them(world):
    deals = list(world.truth("deals"))
    ids = [row["ID"] for row in deals]
    assert ids == sorted(ids)
    assert ids[-1] > len(ids) == 160
    created = [row["DATE_CREATE"] for row in deals]
    assert created == sorted(created)
    assert all(row["DATE_CREATE"] <= row["DATE_MODIFY"] < START for row in deals)
    assert all(row["DATE_MODIFY"].microsecond == 0 for row in deals)


def test_there_is_every_kind_of_comment_and_many_tasks_without_any(world):
    comments = list(world.truth("task_comments"))
    assert {row["SOURCE"] for row in comments} == {"forum", "chat"}
    for flag in ("IS_SYSTEM", "IS_DELETED", "IS_EDITED", "FILES"):
        assert any(row[flag] for row in comments), flag
    talked = {row["TASK_ID"] for row in comments if not row["IS_SYSTEM"]}
    assert 30 < len(talked) < 170
    forum = {row["ID"] for row in comments if row["SOURCE"] == "forum"}
    chat = {row["ID"] for row in comments if row["SOURCE"] == "chat"}
    assert len(forum) + len(chat) == len(comments)
    chats = {row["ID"]: row["CHAT_ID"] for row in world.truth("tasks")}
    assert all(row["CHAT_ID"] == chats[row["TASK_ID"]] for row in comments if row["SOURCE"] == "chat")


def test_some_users_have_left_and_stay_in_the_list(world):
    assert {row["ACTIVE"] for row in world.truth("users")} == {True, False}
    world.dismiss(2)
    assert rows(world, "users")[2]["ACTIVE"] is False


def test_an_edit_moves_the_modification_time_to_this_second(world, clock):
    clock.advance(61.7)
    before = rows(world, "deals")
    world.edit(
        "deals", 5, TITLE="new", OPPORTUNITY="12.50", CLOSED="Y", COMPANY_ID="3", BEGINDATE="2026-01-31"
    )
    after = rows(world, "deals")
    changed = {name for name in after[5] if after[5][name] != before[5][name]}
    assert changed <= {"TITLE", "OPPORTUNITY", "CLOSED", "COMPANY_ID", "BEGINDATE", "DATE_MODIFY"}
    assert after[5]["DATE_MODIFY"] == START + timedelta(seconds=61)
    assert after[5]["OPPORTUNITY"] == Decimal("12.50")
    assert after[5]["BEGINDATE"].isoformat() == "2026-01-31"
    assert {id_: row for id_, row in after.items() if id_ != 5} == {
        id_: row for id_, row in before.items() if id_ != 5
    }


def test_a_changed_binding_moves_no_time(world):
    before = rows(world, "contacts")[5]["DATE_MODIFY"]
    world.bind("contacts", 5, COMPANY_ID=9)
    after = rows(world, "contacts")[5]
    assert (after["COMPANY_ID"], after["DATE_MODIFY"]) == (9, before)


def test_what_is_created_gets_the_next_id_and_this_seconds_dates(world):
    last = max(rows(world, "leads"))
    new = world.create("leads", TITLE="hello")
    row = rows(world, "leads")[new]
    assert new == last + 1
    assert (row["TITLE"], row["DATE_CREATE"], row["DATE_MODIFY"]) == ("hello", START, START)


def test_what_is_imported_may_be_old(world):
    old = datetime(2019, 5, 6, 7, 8, tzinfo=UTC)
    new = world.create_backdated("contacts", old)
    row = rows(world, "contacts")[new]
    assert (row["DATE_CREATE"], row["DATE_MODIFY"]) == (old, old)


def test_a_restored_crm_row_has_a_new_id_and_its_old_dates(world):
    before = rows(world, "deals")[9]
    world.delete("deals", 9)
    assert 9 not in rows(world, "deals")
    new = world.restore_crm("deals", 9)
    after = rows(world, "deals")
    assert 9 not in after
    assert after[new] == before | {"ID": new}


def test_a_restored_task_keeps_id_and_change_and_only_its_activity_moves(world, clock):
    clock.advance(100)
    before = rows(world, "tasks")[9]
    world.delete("tasks", 9)
    assert 9 not in rows(world, "tasks")
    world.restore_task(9)
    assert rows(world, "tasks")[9] == before | {"ACTIVITY_DATE": START + timedelta(seconds=100)}


def test_deleted_tasks_take_their_comments_with_them(world):
    task = next(row["TASK_ID"] for row in world.truth("task_comments"))
    world.delete("tasks", task)
    assert task not in {row["TASK_ID"] for row in world.truth("task_comments")}


def test_a_row_that_was_changed_deleted_and_restored_is_found_once(world):
    world.edit("tasks", 9, TITLE="x")
    world.delete("tasks", 9)
    world.restore_task(9)
    world.edit("tasks", 9, TITLE="y")
    table = world.tables["tasks"]
    assert list(table.since(world.epoch, 1, table.ids.last, descending=False)) == [9]
    assert rows(world, "tasks")[9]["TITLE"] == "y"


def test_the_bin_holds_only_so_much(world):
    for _ in range(1100):
        world.delete("deals", world.create("deals"))
    assert len(world.tables["deals"].bin) == 1000


def test_hidden_rows_are_gone_for_the_webhook_and_come_back_unchanged(world):
    before = everything(world)
    world.hide("deals", 1, 2)
    assert not {1, 2} & rows(world, "deals").keys()
    world.show("deals", 1, 2)
    assert everything(world) == before


@pytest.mark.parametrize("act", ["edit", "bind"])
def test_what_is_not_there_cannot_be_changed(world, act):
    with pytest.raises(KeyError):
        getattr(world, act)("deals", 10**6, TITLE="x")


def test_a_comment_moves_only_the_activity_of_its_task(world, clock):
    clock.advance(10)
    before = rows(world, "tasks")
    for task in (1, max(before)):  # the first talks in the forum, the last in its chat
        said = world.comment(task, "hello", author=2)
        after = rows(world, "tasks")[task]
        moved = {name for name in after if after[name] != before[task][name]}
        assert moved <= {"ACTIVITY_DATE", "COMMENTS_COUNT", "FORUM_TOPIC_ID", "FORUM_ID"}
        assert after["ACTIVITY_DATE"] == START + timedelta(seconds=10)
        row = next(
            r for r in world.truth("task_comments") if (r["SOURCE"], r["ID"]) == (said.source, said.id)
        )
        assert (row["TEXT"], row["AUTHOR_ID"], row["POST_DATE"]) == ("hello", 2, after["ACTIVITY_DATE"])
        assert row["AUTHOR_NAME"] == world.name_of(2)


def test_a_chat_message_is_edited_and_deleted_in_place_and_a_forum_post_vanishes(world):
    def found(comment):
        return [
            row
            for row in world.truth("task_comments")
            if (row["SOURCE"], row["ID"]) == (comment.source, comment.id)
        ]

    task = max(rows(world, "tasks"))
    activity = rows(world, "tasks")[task]["ACTIVITY_DATE"]
    message = world.comment(task, "hello", source="chat")
    post = world.comment(1, "hello", source="forum")
    assert found(message)[0]["TEXT"] == "hello"
    message, post = world.edit_comment(message, "hi"), world.edit_comment(post, "hi")
    assert (found(message)[0]["TEXT"], found(message)[0]["IS_EDITED"]) == ("hi", True)
    assert (found(post)[0]["TEXT"], found(post)[0]["IS_EDITED"]) == ("hi", False)
    world.delete_comment(message)
    world.delete_comment(post)
    assert found(message)[0]["IS_DELETED"] is True
    assert found(post) == []
    gone = world.comment(task, "never was")
    world.vanish_comment(gone)
    assert found(gone) == []
    assert rows(world, "tasks")[task]["ACTIVITY_DATE"] >= activity


def test_editing_a_comment_moves_no_date_unless_it_is_asked_to(world, clock):
    said = world.comment(1, "hello")
    clock.advance(60)
    said = world.edit_comment(said, "hi")
    assert rows(world, "tasks")[1]["ACTIVITY_DATE"] == START
    world.edit_comment(said, "hi again", bump=True)
    assert rows(world, "tasks")[1]["ACTIVITY_DATE"] == START + timedelta(seconds=60)


def test_a_closed_chat_hides_its_comments_but_not_its_task(world):
    task = max(rows(world, "tasks"))
    world.close_chat(task)
    assert task in rows(world, "tasks")
    assert task not in {row["TASK_ID"] for row in world.truth("task_comments")}


def test_fields_come_and_go(world):
    column = Column(name="UF_CRM_NEW", type="string", title="New", custom=True, number=999)
    world.add_field("deals", column)
    assert rows(world, "deals")[1]["UF_CRM_NEW"] is None
    world.edit("deals", 1, UF_CRM_NEW="x")
    assert rows(world, "deals")[1]["UF_CRM_NEW"] == "x"
    world.remove_field("deals", "UF_CRM_NEW")
    assert "UF_CRM_NEW" not in rows(world, "deals")[1]


def test_a_new_task_has_a_chat_with_a_notice_in_it(world):
    task = world.create("tasks", TITLE="t")
    said = [row for row in world.truth("task_comments") if row["TASK_ID"] == task]
    assert [(row["IS_SYSTEM"], row["AUTHOR_ID"], row["SOURCE"]) for row in said] == [(True, None, "chat")]


def test_the_same_life_does_the_same_deeds_and_keeps_the_world_whole(world):
    twin = DemoPortal(SMALL, clock=ManualClock(START)).world
    for each in (world, twin):
        life = Life(each, 5)
        for _ in range(400):
            life.tick()
    assert everything(world) == everything(twin)
    untouched = DemoPortal(SMALL, clock=ManualClock(START)).world
    for table in ("deals", "leads", "contacts", "activities", "tasks", "task_comments"):
        assert list(world.truth(table)) != list(untouched.truth(table)), table


def test_life_goes_on_in_an_empty_world():
    world = DemoPortal(Size(scale=0), clock=ManualClock(START)).world
    life = Life(world, 1)
    for _ in range(300):
        life.tick()
    assert list(world.truth("deals"))
