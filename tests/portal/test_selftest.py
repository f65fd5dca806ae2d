import re
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.errors import BadAnswer, Reason, TableRefused, Unreachable
from bitsheet_tui.portal import describe, selftest
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.portal.encode import command
from bitsheet_tui.tables import CATALOGUE, Case

TABLES = {table.name: table for table in CATALOGUE}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPES = ["crm", "task", "im", "user", "department"]


class Lists:
    """The portal's lists as they answer the questions of the start-up test."""

    def __init__(self, rows=120, **sizes):
        self.sizes = {table.name: sizes.get(table.name, rows) for table in CATALOGUE}
        self.ignores_ids = self.ignores_dates = self.reads_no_dates = False
        self.resolves, self.restarts = True, False
        self.profile = {"ID": "1", "ADMIN": True, "TIME_ZONE": "Europe/Berlin"}
        self.scopes = SCOPES
        self.refused = {}

    def answers(self, tables=CATALOGUE):
        self.pages = {}
        return {key: self._answer(key, ask) for key, ask in selftest.asks(tables).items()}

    def _answer(self, key, ask):
        plain = {"profile": self.profile, "server.time": "2026-01-01T03:00:10+03:00", "scope": self.scopes}
        if ask.method in self.refused:
            return self.refused[ask.method]
        result = plain[ask.method] if ask.method in plain else self._page(key, ask)
        return Answer(result=result, started=NOW + timedelta(seconds=10), seconds=0.1)

    def _page(self, key, ask):
        table = next(table for table in CATALOGUE if table.method == ask.method)
        ids = list(range(self.sizes[table.name], 0, -1))
        for name, value in (ask.params.get("filter") or ask.params.get("FILTER") or {}).items():
            ids = [ident for ident in ids if self._passes(name, value, ident)]
        self.pages[key] = ids[:50]
        rows = [{"id" if table.case is Case.MIXED else "ID": str(ident)} for ident in ids[:50]]
        return {"tasks": rows} if table.rows else rows

    def _passes(self, name, value, ident):
        if name == ">ID":
            return self.ignores_ids or ident > value
        if name == "<ID":
            return ident < self._bound(value)
        if self.ignores_dates:
            return True
        return value < "2000" and not self.reads_no_dates

    def _bound(self, text):
        key, path = re.fullmatch(r"0\$result\[(\w+)\](?:\[tasks\])?(\[49\]\[(?:id|ID)\])", text).groups()
        full = len(self.pages[key]) == 50 and self.resolves and path
        return self.pages[key][-1] if full else 10**9 if self.restarts else 0


def judged(lists, tables=CATALOGUE):
    return selftest.judge(tables, lists.answers(tables), NOW)


def test_the_questions_and_the_descriptions_of_all_tables_fit_into_one_batch():
    asks = selftest.asks(CATALOGUE)
    assert len(asks) <= 36
    assert len(asks | describe.asks(CATALOGUE) | describe.dictionary_asks()) <= 50


def test_users_are_asked_in_their_own_words():
    ask = selftest.asks([TABLES["users"]])["users_second"]
    assert command(ask) == (
        "user.get?ADMIN_MODE=1&sort=ID&order=DESC&"
        "FILTER[%3CID]=0%24result%5Busers_first%5D%5B49%5D%5BID%5D&start=-1&select[0]=ID"
    )


def test_the_chain_of_tasks_looks_inside_their_wrapper():
    ask = selftest.asks([TABLES["tasks"]])["tasks_second"]
    assert ask.params["filter"] == {"<ID": "0$result[tasks_first][tasks][49][id]"}


def test_a_sound_portal_has_no_faults_and_follows_every_chain():
    profile = judged(Lists())
    assert profile.faults == {}
    assert profile.chained == {"leads", "contacts", "companies", "deals", "activities", "tasks", "users"}


def test_the_profile_says_who_we_are_and_what_time_it_is_there():
    profile = judged(Lists())
    assert (profile.user_id, profile.admin, profile.zone) == (1, True, "Europe/Berlin")
    assert profile.scopes == set(SCOPES)
    assert profile.clock_offset == 10.1


@pytest.mark.parametrize("result", [[], None, {"ID": "x", "ADMIN": False, "TIME_ZONE": None}])
def test_a_poor_profile_is_no_reason_to_stop(result):
    lists = Lists()
    lists.profile = result
    profile = judged(lists)
    assert (profile.user_id, profile.admin, profile.zone) == (None, False, "")


def test_a_portal_that_does_not_know_us_is_a_refusal_of_all():
    lists = Lists()
    lists.refused["profile"] = Unreachable("down", reason=Reason.SERVER)
    with pytest.raises(Unreachable):
        judged(lists)


def test_a_portal_that_ignores_bounds_on_ids_is_found_out():
    lists = Lists()
    lists.ignores_ids = True
    fault = judged(lists).faults["deals"]
    assert isinstance(fault, BadAnswer)
    assert fault.reason is Reason.FILTER
    assert str(fault) == "The portal ignores the filter on ID in crm.deal.list."


def test_a_portal_that_ignores_dates_is_found_out_for_each_cursor():
    lists = Lists()
    lists.ignores_dates = True
    faults = judged(lists).faults
    assert set(faults) == {"leads", "contacts", "companies", "deals", "activities", "tasks"}
    assert "LAST_UPDATED" in str(faults["activities"])
    assert "CHANGED_DATE" in str(faults["tasks"])


def test_a_portal_that_reads_our_dates_as_no_date_is_found_out():
    lists = Lists()
    lists.reads_no_dates = True
    assert set(judged(lists).faults) == {"leads", "contacts", "companies", "deals", "activities"}


def test_an_empty_portal_is_sound():
    lists = Lists(rows=0)
    lists.reads_no_dates = True  # cannot be told from an empty list
    profile = judged(lists)
    assert profile.faults == {}
    assert "deals" in profile.chained


def test_a_portal_whose_chains_start_again_is_read_page_by_page():
    lists = Lists(rows=30)
    lists.restarts = True
    assert judged(lists).chained == set()


def test_a_portal_that_resolves_no_references_is_read_page_by_page():
    lists = Lists(rows=20, deals=120)
    lists.resolves = False
    assert judged(lists).chained == set()


def test_a_short_list_may_be_chained_where_a_long_one_proves_it():
    profile = judged(Lists(rows=20, deals=120))
    assert {"deals", "leads", "tasks"} <= profile.chained


def test_a_list_of_exactly_one_page_proves_nothing_and_harms_nothing():
    assert "leads" not in judged(Lists(leads=50)).chained
    assert "deals" in judged(Lists(leads=50)).chained


def test_a_refused_table_is_a_fault_of_its_own():
    lists = Lists()
    lists.refused["crm.deal.list"] = TableRefused("no", reason=Reason.RIGHTS)
    profile = judged(lists)
    assert profile.faults == {"deals": lists.refused["crm.deal.list"]}
    assert "deals" not in profile.chained


def test_a_list_that_is_no_list_is_a_fault():
    lists = Lists()
    answers = lists.answers()
    answers["deals_ids"] = Answer(result="maintenance", started=NOW, seconds=0.1)
    assert selftest.judge(CATALOGUE, answers, NOW).faults["deals"].reason is Reason.GARBAGE


def test_tables_that_are_not_probed_need_their_permission():
    lists = Lists()
    lists.scopes = ["crm", "user"]
    faults = judged(lists).faults
    assert set(faults) == {"departments", "task_comments"}
    assert faults["departments"].reason is Reason.SCOPE
    assert "`department`" in faults["departments"].hint


def test_old_comments_can_be_read_without_the_permission_for_chats():
    lists = Lists()
    lists.scopes = ["task", "department"]
    assert "task_comments" not in judged(lists).faults


def test_unknown_permissions_refuse_nothing():
    lists = Lists()
    lists.refused["scope"] = Unreachable("down", reason=Reason.SERVER)
    assert judged(lists).faults == {}


def test_a_later_test_of_some_tables_leaves_the_others_as_they_were():
    first, later = Lists(), Lists()
    first.refused["crm.deal.list"] = TableRefused("no", reason=Reason.RIGHTS)
    first.refused["crm.lead.list"] = TableRefused("no", reason=Reason.RIGHTS)
    before = judged(first)
    deals = [TABLES["deals"]]
    after = before.amended(judged(later, deals), deals)
    assert set(after.faults) == {"leads"}
    assert after.chained == before.chained | {"deals"}
