"""What the portal said or did, looked up in one table: what it means, who must act, and what to do next.

The `error` word decides, in any letter case; the HTTP status only where there is no known word, because
builds differ in it (401 or 403, 400 with an empty word, 200 for everything inside a batch).
Sources: apidocs.bitrix24.com error-codes and limits; `modules/rest/lib/restexception.php`,
`oauthexception.php`, `engine/access/loadlimiter.php`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bitsheet_tui.errors import (
    AnswerTooLarge,
    BadAnswer,
    PortalError,
    Reason,
    Refused,
    Resting,
    TableRefused,
    TooLarge,
    Unreachable,
)


class Action(StrEnum):
    """What follows from an answer that is not one."""

    RETRY = "retry"  # the same request again, later
    THROTTLE = "throttle"  # the same request again when the request rate allows
    REST = "rest"  # this method later, others now
    REFUSE_ALL = "refuse all"  # an operator must act; nothing else will work either
    REFUSE_METHOD = "refuse method"  # an operator must act; other methods work
    ASK_LESS = "ask less"  # the request was too big
    REJECT = "reject"  # our request or its answer is wrong


class Verdict(Struct, frozen=True, kw_only=True):
    """One outcome: `text` is one sentence for people, `hint` what the operator can do."""

    action: Action
    reason: Reason
    text: str
    hint: str = ""
    slow: bool = False  # it took too long: a smaller batch may succeed
    retry_after: float = 0.0  # seconds the portal asked us to wait
    of_answer: bool = False  # it is the answer that was too big
    doubtful: bool = False  # no word of Bitrix24 says so: front ends show such pages now and then

    def error(self, until: datetime | None = None) -> PortalError:
        """The error to raise; `until` (aware UTC) is for a method that rests: a minute if nobody knows."""
        match self.action:
            case Action.REST:
                return Resting(self.text, until=until or datetime.now(UTC) + timedelta(minutes=1))
            case Action.REFUSE_ALL:
                return Refused(self.text, self.hint, reason=self.reason)
            case Action.REFUSE_METHOD:
                return TableRefused(self.text, self.hint, reason=self.reason)
            case Action.ASK_LESS:
                kind = AnswerTooLarge if self.of_answer else TooLarge
                return kind(self.text, self.hint or LESS, reason=self.reason)
            case Action.REJECT:
                return BadAnswer(self.text, self.hint, reason=self.reason)
            case _:
                return Unreachable(self.text, self.hint or ENDS_ITSELF, reason=self.reason)


ENDS_ITSELF = "Nothing to do: it is tried again."
LESS = "Nothing to do: less is asked for at a time."
NEW_WEBHOOK = (
    "Make a new inbound webhook in the portal (Developer resources, Other, Inbound webhook) as an active "
    "administrator, and put its address into the configuration."
)
PLAN = "REST needs a commercial plan or a subscription: check the plan of the portal."
RIGHTS = (
    "Give the webhook's owner the right to read this, for everybody's records, or make him an administrator."
)
VENDOR = "Ask the support of Bitrix24 to lift the block; it is tried again by itself."
GONE = "The portal's version or plan lacks it; leave the table out with `tables` in [sync] if it stays so."
OURS = "This should not happen: please report it with this text."


def refuse_all(reason: Reason, text: str, hint: str) -> Verdict:
    """Nothing works until an operator acts."""
    return Verdict(action=Action.REFUSE_ALL, reason=reason, text=text, hint=hint)


def refuse_method(reason: Reason, text: str, hint: str) -> Verdict:
    """One method does not work until an operator acts."""
    return Verdict(action=Action.REFUSE_METHOD, reason=reason, text=text, hint=hint)


def again(reason: Reason, text: str, *, slow: bool = False) -> Verdict:
    """It ends by itself."""
    return Verdict(action=Action.RETRY, reason=reason, text=text, slow=slow)


def reject(text: str) -> Verdict:
    """Nobody but us can have caused it."""
    return Verdict(action=Action.REJECT, reason=Reason.REQUEST, text=text, hint=OURS)


_THROTTLED = Verdict(
    action=Action.THROTTLE, reason=Reason.RATE, text="The portal says that it is asked too often.",
    hint="Another program may use the portal from this address; it is tried again by itself.",
)  # fmt: skip
_RESTING = Verdict(
    action=Action.REST, reason=Reason.OPERATING, text="{method} has used up its time on the portal for now."
)
_TOO_BIG = Verdict(action=Action.ASK_LESS, reason=Reason.SIZE, text="The portal finds the request too big.")
_WEBHOOK = refuse_all(Reason.ACCESS, "The portal does not accept the webhook.", NEW_WEBHOOK)
_OWNER = refuse_all(
    Reason.ACCESS,
    "The portal does not accept the webhook: it was deleted, or its owner was dismissed.",
    NEW_WEBHOOK,
)
_NO_PLAN = refuse_all(Reason.ACCESS, "The portal's plan does not include REST.", PLAN)
_NO_RIGHT = refuse_method(Reason.RIGHTS, "The webhook's owner may not read {method}.", RIGHTS)
_NO_SCOPE = refuse_method(
    Reason.SCOPE, "The webhook lacks the permission `{scope}`, which {method} needs.",
    "Tick `{scope}` in the settings of the webhook in the portal.",
)  # fmt: skip
NO_METHOD = refuse_method(
    Reason.GONE, "The portal has no method {method}, or the webhook may not see it.", GONE
)
NO_REST = refuse_all(
    Reason.GONE, "There is no REST interface of a portal at this address.", "Check the webhook's address."
)
_CONFIRM = refuse_method(
    Reason.RIGHTS, "The portal waits for an administrator to confirm {method}.",
    "Confirm the call in the portal as an administrator.",
)  # fmt: skip
_DELETED = refuse_all(Reason.GONE, "The portal was deleted.", "Check the address of the portal.")
_TROUBLE = again(Reason.SERVER, "The portal has an internal error.")

CODES: Mapping[str, Verdict] = {
    "query_limit_exceeded": _THROTTLED,
    "operation_time_limit": _RESTING,
    "overload_limit": refuse_all(Reason.BLOCKED, "Bitrix24 has blocked REST on this portal.", VENDOR),
    "no_auth_found": _WEBHOOK,
    "invalid_credentials": _OWNER,
    "expired_token": _WEBHOOK,
    "invalid_token": _WEBHOOK,
    "invalid_grant": _WEBHOOK,
    "authorization_error": _WEBHOOK,
    "user_access_error": _OWNER,
    "application_not_found": _WEBHOOK,
    "not_installed": _WEBHOOK,
    "error_oauth": _WEBHOOK,
    "invalid_request": refuse_all(
        Reason.ACCESS, "The portal wants https.", "Use the webhook's https address."
    ),
    "payment_required": _NO_PLAN,
    "portal_deleted": _DELETED,
    "insufficient_scope": _NO_SCOPE,
    "access_denied": _NO_RIGHT,
    "access_error": _NO_RIGHT,
    "wrong_auth_type": refuse_method(
        Reason.RIGHTS, "The portal gives {method} to applications only, not to webhooks.", GONE
    ),
    "allowed_only_intranet_user": _NO_RIGHT,
    "method_confirm_waiting": _CONFIRM,
    "method_confirm_denied": _CONFIRM,
    "error_method_not_found": NO_METHOD,
    "error_manifest_is_not_available": NO_METHOD,
    "entity_type_not_supported": NO_METHOD,
    "internal_server_error": _TROUBLE,
    "error_unexpected_answer": _TROUBLE,
    "connection_error": _TROUBLE,
    "error_batch_length_exceeded": _TOO_BIG,
}

# (error word, part of its description, verdict): where the word alone does not tell
TEXTS: tuple[tuple[str, str, Verdict], ...] = (
    ("access_denied", "plan", _NO_PLAN),
    ("access_denied", "subscription", _NO_PLAN),
    ("access_denied", "тариф", _NO_PLAN),
    ("access_denied", "подписк", _NO_PLAN),
    ("", "access denied", _NO_RIGHT),
    ("error_core", "sql query error", _TROUBLE),
    # task.commentitem.*: the task is gone, or hidden from the webhook's owner
    ("error_core", "tasks_error_exception_#8;", _NO_RIGHT),
    ("error_core", "not_accessible", _NO_RIGHT),
)

STATUSES: Mapping[int, Verdict] = {
    401: _WEBHOOK,
    402: _NO_PLAN,
    403: refuse_all(Reason.ACCESS, "The portal turns us away without saying why.", NEW_WEBHOOK),
    404: NO_METHOD,
    408: again(Reason.TIMEOUT, "The portal took too long.", slow=True),
    410: _DELETED,
    413: _TOO_BIG,
    414: _TOO_BIG,
    429: _THROTTLED,
    504: again(Reason.TIMEOUT, "The portal took too long.", slow=True),
}
