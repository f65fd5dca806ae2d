"""What the portal's answers to the start-up questions mean for an operator."""

from collections import ChainMap
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.errors import Reason, Refused, TableRefused, Unreachable
from bitsheet_tui.observe import checkup
from bitsheet_tui.observe.checkup import FAIL, OK, WARN
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.tables import CATALOGUE, select

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
SCOPES = ["crm", "department", "im", "task", "user"]


def answer(result, started=NOW) -> Answer:
    return Answer(result=result, started=started, seconds=0)


def answers(tables=CATALOGUE, **changed):
    """The answers of an empty portal that has no fault, but for those changed."""
    found = {key: answer([]) for key in ChainMap(*checkup.parts(tables, chained=True))}
    found["profile"] = answer({"ID": "7", "ADMIN": True, "NAME": "Ada", "LAST_NAME": "L\x1b[31m"})
    found["scope"] = answer(SCOPES)
    found["server_time"] = answer("2026-11-24T10:02:11+03:00")
    found["chat_method"] = answer({"isExisting": True, "isAvailable": True})
    return found | changed


def told(tables=CATALOGUE, **changed):
    return [
        (finding.about, finding.verdict, finding.text)
        for finding in checkup.judge(tables, answers(tables, **changed), NOW)
    ]


def test_a_portal_without_fault_has_a_line_for_everything():
    assert told() == [
        ("webhook", OK, "accepted, belongs to user 7, Ada L\N{REPLACEMENT CHARACTER}[31m"),
        ("rights", OK, "the webhook's owner is an administrator"),
        ("scopes", OK, "crm, department, im, task, user"),
        ("tables", OK, f"readable: {', '.join(table.name for table in CATALOGUE)}"),
        ("filters", OK, "honoured by every list that can be read"),
        ("clock", OK, "the portal is 0 s ahead of this computer"),
        (
            "comments",
            OK,
            "from task chats (im.dialog.messages.get) and, for old tasks, from task.commentitem.getlist",
        ),
    ]


def test_the_questions_fit_into_one_request():
    assert len(ChainMap(*checkup.parts(CATALOGUE, chained=True))) <= 50


def test_an_owner_who_is_no_administrator_is_a_warning():
    found = told(profile=answer({"ID": 7, "ADMIN": False}))
    assert found[0] == ("webhook", OK, "accepted, belongs to user 7")
    assert found[1][:2] == ("rights", WARN)


def test_a_missing_scope_is_named():
    assert ("scopes", WARN, "missing: im, user") in told(scope=answer(["crm", "task", "department"]))


def test_a_table_that_is_refused_is_a_failure_with_a_hint_and_77():
    refused = TableRefused("no right to leads", "grant it", reason=Reason.RIGHTS)
    findings = list(checkup.judge(CATALOGUE, answers(leads_first=refused), NOW))
    (failed,) = [finding for finding in findings if finding.verdict == FAIL]
    assert failed.line() == "tables    FAIL  leads: no right to leads  grant it"
    assert failed.code == 77
    assert "leads" not in next(finding.text for finding in findings if finding.text.startswith("readable"))


def test_a_filter_that_is_ignored_is_a_failure():
    found = told(deals_ids=answer([{"ID": "5"}]))
    assert ("filters", OK, "honoured by every list that can be read") not in found
    assert ("filters", FAIL, "deals: The portal ignores the filter on ID in crm.deal.list.") in found


@pytest.mark.parametrize(
    ("seconds", "verdict", "text"),
    [(-3, OK, "3 s behind"), (3600, WARN, "3600 s ahead of")],
)
def test_a_clock_astray_is_a_warning(seconds, verdict, text):
    found = list(checkup.judge(CATALOGUE, answers(), NOW - timedelta(seconds=seconds)))
    (clock,) = [finding for finding in found if finding.about == "clock"]
    assert (clock.verdict, clock.text) == (verdict, f"the portal is {text} this computer")


@pytest.mark.parametrize(
    ("scopes", "exists", "verdict", "text"),
    [
        (["task"], True, WARN, "comments of new tasks cannot be read"),
        (["task", "im"], False, WARN, "comments of new tasks cannot be read"),
        (["im"], True, WARN, "comments of old tasks cannot be read"),
        (["crm"], True, FAIL, "cannot be read"),
    ],
)
def test_where_comments_come_from_is_told(scopes, exists, verdict, text):
    method = answer({"isExisting": exists, "isAvailable": exists})
    found = told(scope=answer(scopes), chat_method=method)
    assert found[-1] == ("comments", verdict, text)


def test_without_comments_nothing_is_said_of_them():
    assert "comments" not in {about for about, _, _ in told(select(["deals"]))}


def test_a_portal_that_does_not_know_us_is_77_and_one_that_is_away_is_1():
    assert checkup.failure("portal", Refused("who?", reason=Reason.ACCESS)).code == 77
    assert checkup.failure("portal", Unreachable("gone", reason=Reason.NETWORK)).code == 1
    with pytest.raises(Refused):
        told(profile=Refused("who?", reason=Reason.ACCESS))


@pytest.mark.parametrize(
    ("seconds", "command", "verdict", "text"),
    [
        (
            300,
            0.068,
            OK,
            "a cycle every 300 s is 0.0033 requests a second of 2, and about 0 s of the 480 in ten minutes",
        ),
        (
            1,
            0.068,
            OK,
            "a cycle every 1 s is 1 requests a second of 2, and about 122 s of the 480 in ten minutes",
        ),
        (
            1,
            0.3,
            WARN,
            "a cycle every 1 s is 1 requests a second of 2, and about 540 s of the 480 in ten minutes",
        ),
        (
            0.5,
            0.001,
            WARN,
            "a cycle every 0.5 s is 2 requests a second of 2, and about 4 s of the 480 in ten minutes",
        ),
    ],
)
def test_what_an_interval_costs_of_the_portals_limits_is_told(seconds, command, verdict, text):
    found = checkup.interval(CATALOGUE, seconds, 2.0, command)
    assert (found.about, found.verdict) == ("interval", verdict)
    assert found.text == f"{text} for tasks.task.list"
    assert checkup.interval(select(["departments"]), 300, 2.0, 0.1).verdict == OK
