"""A row without a usable id, or a discussion without an answer, keeps nothing else from being mirrored."""

import json

import pytest

from bitsheet_tui.commands import Resync
from bitsheet_tui.portal.demo.calls import METHODS, Method, Reply
from tests.support import mirror
from tests.support.odd_pages import OddPages
from tests.support.sync_run import config, ids, once, portal

WAITING = "SELECT table_name, row_id, field FROM bitsheet_quarantine"


def waiting(url):
    return mirror.select(url, WAITING)[1]


def call_it(id_, value):
    """Pages in which the row of that id has another value for one."""

    def change(items, _call):
        rows = [json.loads(one) if isinstance(one, bytes) else one for one in items]
        changed = [{**row, "ID": value} if str(row["ID"]) == str(id_) else row for row in rows]
        return [json.dumps(row).encode() for row in changed] if isinstance(items[0], bytes) else changed

    return lambda items, call: change(items, call) if items else None


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("value", ["abc", None, 0, -5, "9" * 20, True, {"id": 5}])
async def test_of_a_page_with_a_row_without_an_id_every_other_row_is_mirrored(store_url, monkeypatch, value):
    trial = OddPages(store_url, "deals", monkeypatch=monkeypatch, deals=120)
    deals = trial.ids("deals")
    victim = deals[60]
    trial.pages("crm.deal.list", call_it(victim, value))
    assert await trial.cycle() == ()
    assert trial.living("deals") == [one for one in deals if one != victim]
    assert waiting(store_url) == [("deals", str(value), "")]
    trial.demo.world.edit("deals", victim, TITLE="edited, and still without an id")
    trial.demo.world.edit("deals", deals[61], TITLE="edited beside it")
    assert await trial.cycle() == ()
    assert mirror.held(store_url, "deals")[deals[61],]["title"] == "edited beside it"
    assert (await trial.verdicts(full=True))["deals"].equal
    trial.as_it_should_be("crm.deal.list")
    assert await trial.cycle(Resync(("deals",))) == ()
    assert trial.differing() == {}
    assert waiting(store_url) == []


@pytest.mark.parametrize("place", [0, -1], ids=["newest", "oldest"])
async def test_the_first_or_the_last_row_of_a_table_may_be_without_an_id(sqlite_url, monkeypatch, place):
    trial = OddPages(sqlite_url, "deals", monkeypatch=monkeypatch, deals=60)
    deals = trial.ids("deals")[::-1]
    trial.pages("crm.deal.list", call_it(deals[place], "abc"))
    for _ in range(2):
        assert await trial.cycle() == ()
        assert trial.living("deals") == sorted(one for one in deals if one != deals[place])


async def test_a_living_row_whose_id_is_spoilt_later_is_not_marked(sqlite_url, monkeypatch):
    trial = OddPages(sqlite_url, "deals", monkeypatch=monkeypatch, deals=60)
    await trial.cycle()
    deals = trial.ids("deals")
    trial.pages("crm.deal.list", call_it(deals[30], "abc"))
    trial.demo.world.delete("deals", deals[40])
    await trial.cycle(reconcile_every=1)
    assert trial.living("deals") == trial.ids("deals")


async def test_a_department_without_an_id_keeps_none_of_the_others(sqlite_url, monkeypatch):
    trial = OddPages(sqlite_url, "departments", monkeypatch=monkeypatch, departments=64)
    offices = trial.ids("departments")
    trial.pages("department.get", call_it(offices[20], ""))
    for _ in range(2):
        assert await trial.cycle() == ()
        assert trial.living("departments") == [one for one in offices if one != offices[20]]
    assert (await trial.verdicts())["departments"].equal


async def test_pages_of_nothing_but_rows_without_an_id_are_refused(sqlite_url, monkeypatch):
    trial = OddPages(sqlite_url, "deals", monkeypatch=monkeypatch, deals=120)
    nameless = lambda items, _: [json.dumps(json.loads(one) | {"ID": "abc"}).encode() for one in items]  # noqa: E731
    trial.pages("crm.deal.list", nameless)
    assert await trial.cycle() == ("deals",)
    trial.as_it_should_be("crm.deal.list")
    await trial.cycle()
    assert trial.differing() == {}


def spoil(monkeypatch, method, change):
    """Let every answer of a method be what `change` makes of it."""
    known = METHODS[method]

    def handler(office, call):
        return change(known.handler(office, call), call)

    monkeypatch.setitem(METHODS, method, Method(known.name, known.scope, handler))


async def test_a_chat_that_answers_with_no_list_fails_the_table_and_keeps_no_other_comment(
    store_url, monkeypatch
):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        task = next(
            one for one in ids(demo, "tasks")[::-1] if demo.world.tables["tasks"].value(one, "CHAT_ID")
        )
        chat = demo.world.tables["tasks"].value(task, "CHAT_ID")

        def change(reply, _call):
            return Reply({"chat_id": chat, "messages": "x"}) if reply.result["chat_id"] == chat else reply

        with monkeypatch.context() as spoilt:
            spoil(spoilt, "im.dialog.messages.get", change)
            others = [row["ID"] for row in demo.world.truth("task_comments") if row["TASK_ID"] != task]
            for _ in range(2):  # a backfill, and what is due in a cycle
                engine = await once(settings)
                assert engine.failed == ("task_comments",)
                assert "is no list of comments" in engine.state.tables["task_comments"].error
                mine = [row for row in mirror.rows(store_url, "task_comments") if row["task_id"] != task]
                assert sorted(row["id"] for row in mine) == sorted(others)
            said = demo.world.comment(
                next(one for one in ids(demo, "tasks") if one != task), "said meanwhile"
            )
            await once(settings)
            assert said.id in {row["id"] for row in mirror.rows(store_url, "task_comments")}
        engine = await once(settings)
        assert engine.failed == ()
        assert mirror.differences(store_url, demo.world, "task_comments") == []


@pytest.mark.parametrize("method", ["im.dialog.messages.get", "task.commentitem.getlist"])
async def test_a_comment_without_an_id_keeps_no_other(store_url, monkeypatch, method):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        wrong = set()

        def change(reply, _call):
            items = reply.result["messages"] if isinstance(reply.result, dict) else reply.result
            key = "id" if isinstance(reply.result, dict) else "ID"
            for item in items:
                if not wrong or item[key] in wrong:
                    wrong.add(item[key])
                    item[key] = None
                    break
            return reply

        spoil(monkeypatch, method, change)
        engine = await once(settings)
        assert engine.failed == ()
        source = "chat" if method.startswith("im") else "forum"
        (spoilt,) = {(source, int(one)) for one in wrong}
        assert mirror.true(demo.world, "task_comments").keys() - mirror.held(
            store_url, "task_comments"
        ).keys() == {spoilt}
        assert waiting(store_url) == [("task_comments", f"{source}:None", "")]
