"""What the portal refuses is said in one sentence, costs nothing else, and heals by itself."""

import pytest

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.errors import Refused
from bitsheet_tui.observe.status import look, to_lines
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.state import Phase, Standing
from bitsheet_tui.sync.desk import now
from tests.support import mirror
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import NAMES, config, lose_method, lose_scope, once, portal, unequal

pytestmark = pytest.mark.slow

ALWAYS = 10**9


def deny(demo, method):
    fault = demo.faults.add(Fault(kind=Kind.DENIED, method=method, times=ALWAYS))
    return lambda: setattr(fault, "times", 0)


def fail(demo, method):
    fault = demo.faults.add(Fault(kind=Kind.ERROR, method=method, times=ALWAYS))
    return lambda: setattr(fault, "times", 0)


REFUSALS = [
    (lose_method, "crm.deal.list", "deals", "no method crm.deal.list"),
    (lose_method, "tasks.task.list", "tasks", "no method tasks.task.list"),
    (lose_method, "user.get", "users", "no method user.get"),
    (lose_method, "department.get", "departments", "no method department.get"),
    (lose_scope, "department", "departments", "permission `department`"),
    (deny, "crm.lead.list", "leads", "may not read crm.lead.list"),
    (deny, "user.get", "users", "may not read user.get"),
    (deny, "crm.activity.fields", "activities", "may not read crm.activity.fields"),
    (lose_method, "crm.company.fields", "companies", "no method crm.company.fields"),
    (fail, "crm.contact.fields", "contacts", "internal error"),
]
IDS = [f"{refuse.__name__}-{what}" for refuse, what, _, _ in REFUSALS]


def reasons(store_url, table):
    query = f"SELECT error FROM bitsheet_table_runs WHERE table_name = '{table}' ORDER BY id DESC"
    return [row[0] for row in mirror.select(store_url, query)[1]]


def status_lines(settings):
    store = wiring.open_store(settings, readonly=True)
    try:
        return "\n".join(to_lines(look(store), now()))
    finally:
        store.close()


@pytest.mark.sample
@pytest.mark.parametrize("when", ["from the start", "later"])
@pytest.mark.parametrize(("refuse", "what", "table", "words"), REFUSALS, ids=IDS)
async def test_one_refused_table_is_told_the_others_go_on_and_it_heals(
    sqlite_url, refuse, what, table, words, when
):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, static_every=1)
        if when == "later":
            await once(settings)
        heal = refuse(demo, what)
        others = [
            name for name in NAMES if name not in {table, "task_comments" if table == "tasks" else table}
        ]
        for name in others[:4]:
            ids = [row["ID"] for row in demo.world.truth(name)]
            demo.world.edit(name, ids[0], **({"TITLE": "new"} if name != "users" else {}))
        engine = await once(settings)
        assert table in engine.failed
        assert set(engine.failed) <= {table, "task_comments"}
        assert unequal(sqlite_url, demo, others) == {}
        state = engine.state.tables[table]
        assert state.standing in {Standing.REFUSED, Standing.FAILED}
        assert words in state.error
        assert state.hint
        assert words in reasons(sqlite_url, table)[0]
        assert words in status_lines(settings)
        heal()
        engine = await once(settings)
        assert engine.failed == ()
        assert engine.state.tables[table].error == ""
        assert reasons(sqlite_url, table)[0] == ""
        assert words not in status_lines(settings)
        assert unequal(sqlite_url, demo) == {}


async def test_a_refused_table_heals_in_a_running_engine_without_a_restart(sqlite_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, static_every=1, interval=0.1)
        heals = [
            lose_method(demo, "crm.deal.list"),
            deny(demo, "user.get"),
            deny(demo, "crm.lead.fields"),
        ]
        async with live_engine(settings, monkeypatch) as (engine, _, running):
            await until(lambda: len(engine.state.cycles) >= 3, running)
            for name in ("deals", "users", "leads"):
                assert engine.state.tables[name].standing is Standing.REFUSED
            assert set(engine.state.cycles[-1].failed) == {"deals", "users", "leads"}
            for heal in heals:
                heal()
            await until(lambda: engine.state.phase is Phase.CURRENT and not engine.failed, running)
            seen = len(engine.state.cycles)
            await until(lambda: len(engine.state.cycles) > seen + 1, running)
        assert unequal(sqlite_url, demo) == {}


@pytest.mark.sample
async def test_a_revoked_webhook_ends_a_single_run_with_what_to_do(sqlite_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url)
        await once(settings)
        demo.revoke()
        with pytest.raises(Refused, match="does not accept the webhook") as caught:
            await once(settings)
        assert "Make a new inbound webhook" in caught.value.hint
        assert caught.value.exit_code == 77
        before = demo.stats.requests
        with pytest.raises(Refused):
            await once(settings)
        assert demo.stats.requests == before + 1


@pytest.mark.parametrize("other", ["nothing else", "a table refused for ever"])
async def test_a_revoked_webhook_leaves_a_running_engine_up_and_it_resumes_by_itself(
    sqlite_url, monkeypatch, other
):
    async with portal() as (demo, webhook):
        settings = config(webhook, sqlite_url, interval=0.1)
        async with live_engine(settings, monkeypatch) as (engine, told, running):
            await until(lambda: engine.state.phase is Phase.CURRENT, running)
            demo.revoke()
            await until(lambda: engine.state.phase is Phase.NEEDS_YOU, running)
            assert "does not accept the webhook" in engine.state.trouble.text
            assert engine.state.trouble.hint
            await until(lambda: sum(isinstance(event, e.NeedsOperator) for event in told) > 2, running)
            ident = next(iter(demo.world.truth("deals")))["ID"]
            demo.world.edit("deals", ident, TITLE="while we were locked out")
            if other != "nothing else":
                demo.lose_method("crm.lead.list")
            demo.office.revoked = False
            if other == "nothing else":
                await until(lambda: engine.state.phase is Phase.CURRENT, running)
            else:  # somebody has to act still, for that table alone
                await until(lambda: not engine.state.trouble and not unequal(sqlite_url, demo), running)
                assert engine.state.phase is Phase.NEEDS_YOU
        assert unequal(sqlite_url, demo) == {}
