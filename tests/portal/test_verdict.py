"""What each refusal of the portal means. The word decides; the HTTP status only where there is none."""

import pytest

from bitsheet_tui.errors import (
    BadAnswer,
    Exit,
    Reason,
    Refused,
    Resting,
    TableRefused,
    TooLarge,
    Unreachable,
)
from bitsheet_tui.portal.judge import judge, refusal
from bitsheet_tui.portal.verdict import CODES
from bitsheet_tui.secret import Secret

DEALS = "crm.deal.list"


def error(word, description="", status=200, method=DEALS):
    return judge(method, status=status, body={"error": word, "error_description": description}).error()


TABLE = [
    ("QUERY_LIMIT_EXCEEDED", "Too many requests", 503, Unreachable, Reason.RATE),
    ("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429, Resting, Reason.OPERATING),
    ("OVERLOAD_LIMIT", "REST API is blocked due to overload.", 503, Refused, Reason.BLOCKED),
    ("OVERLOAD_LIMIT", "REST API is blocked due to overload.", 401, Refused, Reason.BLOCKED),
    ("NO_AUTH_FOUND", "Wrong authorization data", 401, Refused, Reason.ACCESS),
    ("INVALID_CREDENTIALS", "Invalid request credentials", 403, Refused, Reason.ACCESS),
    ("INVALID_CREDENTIALS", "Invalid request credentials", 401, Refused, Reason.ACCESS),
    ("expired_token", "The access token provided has expired", 401, Refused, Reason.ACCESS),
    ("user_access_error", "The user does not have access to the application.", 403, Refused, Reason.ACCESS),
    ("authorization_error", "Unable to authorize user", 401, Refused, Reason.ACCESS),
    ("PAYMENT_REQUIRED", "Payment required", 401, Refused, Reason.ACCESS),
    ("ACCESS_DENIED", "REST is available only on commercial plans.", 401, Refused, Reason.ACCESS),
    ("ACCESS_DENIED", "REST is available only by subscription.", 403, Refused, Reason.ACCESS),
    ("ACCESS_DENIED", "Access denied!", 403, TableRefused, Reason.RIGHTS),
    ("ACCESS_ERROR", "You do not have access to the specified dialog", 403, TableRefused, Reason.RIGHTS),
    ("", "Access denied.", 400, TableRefused, Reason.RIGHTS),
    ("allowed_only_intranet_user", "x", 403, TableRefused, Reason.RIGHTS),
    ("METHOD_CONFIRM_WAITING", "Waiting for confirmation", 401, TableRefused, Reason.RIGHTS),
    ("WRONG_AUTH_TYPE", "Current authorization type is denied", 403, TableRefused, Reason.RIGHTS),
    ("insufficient_scope", "The request requires higher privileges", 403, TableRefused, Reason.SCOPE),
    ("insufficient_scope", "", 401, TableRefused, Reason.SCOPE),
    ("ERROR_METHOD_NOT_FOUND", "Method not found!", 404, TableRefused, Reason.GONE),
    ("ENTITY_TYPE_NOT_SUPPORTED", "", 400, TableRefused, Reason.GONE),
    ("PORTAL_DELETED", "Portal was deleted", 403, Refused, Reason.GONE),
    ("PORTAL_DELETED", "Portal was deleted", 500, Refused, Reason.GONE),
    ("INVALID_REQUEST", "Https required.", 400, Refused, Reason.ACCESS),
    ("INTERNAL_SERVER_ERROR", "Internal server error", 500, Unreachable, Reason.SERVER),
    ("ERROR_UNEXPECTED_ANSWER", "x", 500, Unreachable, Reason.SERVER),
    ("ERROR_CORE", "SQL query error!", 500, Unreachable, Reason.SERVER),
    ("ERROR_CORE", "SQL query error!", 200, Unreachable, Reason.SERVER),
    ("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/x", 400, TableRefused, Reason.RIGHTS),
    ("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#512; 512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE", 400, TableRefused, Reason.RIGHTS),
    ("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#256; 256/TE/WRONG_ARGUMENTS", 400, BadAnswer, Reason.REQUEST),
    ("ERROR_CORE", "anything", 500, Unreachable, Reason.SERVER),
    ("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded", 400, TooLarge, Reason.SIZE),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed", 405, BadAnswer, Reason.REQUEST),
    ("ERROR_ARGUMENT", "The filter is not an array.", 400, BadAnswer, Reason.REQUEST),
    ("INVALID_ARG_VALUE", "Invalid filter: field 'X' is not allowed in filter", 400, BadAnswer, Reason.REQUEST),
    ("", "Parameter 'filter' must be array.", 400, BadAnswer, Reason.REQUEST),
    ("", "", 400, BadAnswer, Reason.REQUEST),
    ("0", "Invalid sorting key (internal error)", 400, BadAnswer, Reason.REQUEST),
    (0, "Something", 400, BadAnswer, Reason.REQUEST),
    (None, "Something", 400, BadAnswer, Reason.REQUEST),
    ("100", "Could not find value for parameter {taskId} (internal error)", 200, BadAnswer, Reason.REQUEST),
]  # fmt: skip


@pytest.mark.parametrize(("word", "description", "status", "kind", "reason"), TABLE)
def test_each_word_of_the_portal_has_its_meaning(word, description, status, kind, reason):
    got = error(word, description, status)
    assert type(got) is kind
    assert got.reason is reason


@pytest.mark.parametrize("word", CODES)
def test_the_case_of_a_word_does_not_matter(word):
    assert type(error(word.upper())) is type(error(word)) is not BadAnswer


STATUSES = [
    (400, None), (401, Refused), (402, Refused), (403, Refused), (404, TableRefused), (405, None), (408, Unreachable),
    (410, Refused), (413, TooLarge), (429, Unreachable), (500, Unreachable), (502, Unreachable),
    (503, Unreachable), (504, Unreachable), (599, Unreachable), (302, Refused), (200, None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_without_a_word_the_status_decides_if_it_tells(status, kind):
    verdict = judge(DEALS, status=status)
    assert (verdict and type(verdict.error())) is kind


def test_a_known_word_beats_the_status():
    assert type(error("QUERY_LIMIT_EXCEEDED", status=401)) is Unreachable
    assert type(error("NO_AUTH_FOUND", status=503)) is Refused


def test_every_refusal_says_what_to_do():
    for word, description, status, *_ in TABLE:
        got = error(word, description, status)
        assert str(got).endswith((".", "!", "…")) or description in str(got)
        assert len(got.hint) > 10
        assert "{" not in got.hint


def test_a_missing_permission_is_called_by_its_name():
    assert "`crm`" in error("insufficient_scope").hint
    assert "`task`" in error("insufficient_scope", method="tasks.task.list").hint
    assert "`im`" in error("insufficient_scope", method="im.dialog.messages.get").hint


def test_the_hidden_method_is_called_by_its_name():
    assert str(error("", "Access denied.")).startswith("The webhook's owner may not read crm.deal.list.")


def test_a_refused_batch_is_a_refusal_of_everything():
    got = error("ACCESS_DENIED", "Access denied!", 403, method="batch")
    assert type(got) is Refused
    assert got.exit_code == Exit.REFUSED


def test_an_address_without_a_portal_is_said_so():
    for got in (judge("batch", status=404).error(), error("ERROR_METHOD_NOT_FOUND", method="batch")):
        assert type(got) is Refused
        assert "no REST interface" in str(got)
        assert got.hint == "Check the webhook's address."


def test_errors_of_rest_3_are_understood_as_well():
    body = {"error": {"code": "NO_AUTH_FOUND", "message": "Wrong authorization data"}}
    assert type(judge(DEALS, status=401, body=body).error()) is Refused


@pytest.mark.parametrize(
    "said", ["text", None, 5, [], ["x"], {"message": "x"}, {"error": {}}, {"error": ["x"]}]
)
def test_a_command_that_failed_in_an_unknown_way_has_failed(said):
    assert isinstance(refusal(DEALS, said).error(), BadAnswer)


def test_the_portals_words_arrive_inert_short_and_without_the_webhook():
    Secret("s3cr3tc0de")
    got = str(error("", "\x1b]52;c;x\x07 https://p/rest/1/s3cr3tc0de/ \u202e" + "x" * 10_000))
    assert "\x1b" not in got
    assert "\u202e" not in got
    assert "s3cr3tc0de" not in got
    assert len(got) == 500
