"""Finds the verdict on what the portal said: by its word, else by the HTTP status, else by its absence."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec.structs import replace

from bitsheet_tui.errors import Reason
from bitsheet_tui.portal.answer import Json
from bitsheet_tui.portal.verdict import (
    CODES,
    NO_METHOD,
    NO_REST,
    STATUSES,
    TEXTS,
    Action,
    Verdict,
    again,
    refuse_all,
    reject,
)
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain

TEXT_LIMIT = 500
BATCH = "batch"


def judge(method: str, *, status: int = 200, body: Json = None, location: str = "") -> Verdict | None:
    """What an answer of the portal means; None: it says nothing of an error.

    A refusal of `batch` itself is a refusal of everything.
    """
    said = words(body)
    verdict = _by_word(*said) if said else None
    verdict = verdict or _by_status(status, location)
    if verdict is None and said is None:
        return None
    if verdict and not said:
        return _wordless(_told(verdict, method, ""), status)
    return _told(
        verdict or reject("The portal rejects {method}."), method, (said[1] or said[0]) if said else ""
    )


def refusal(method: str, body: Json) -> Verdict:
    """What it means that one command of a batch is among the errors; there is no status to ask."""
    said = words(body) or ("", str(body))
    return _told(_by_word(*said) or reject("The portal rejects {method}."), method, said[1] or said[0])


def words(body: Json) -> tuple[str, str] | None:
    """The `error` word and its description; the word may be empty or a number. None: there is none.

    Source: apidocs.bitrix24.com error-codes; REST 3.0 nests both in an object.
    """
    if not isinstance(body, dict) or "error" not in body:
        return None
    word, description = body["error"], body.get("error_description")
    if isinstance(word, dict):
        return str(word.get("code") or ""), str(word.get("message") or "")
    return str("" if word is None else word), description if isinstance(description, str) else ""


def _by_word(word: str, description: str) -> Verdict | None:
    lowered, said = word.lower(), description.lower()
    for code, part, verdict in TEXTS:
        if lowered == code and part in said:
            return verdict
    return CODES.get(lowered)


def _by_status(status: int, location: str) -> Verdict | None:
    if 300 <= status < 400:
        return moved(location)
    if status >= 500:
        return STATUSES.get(
            status, again(Reason.SERVER, f"The portal has an internal error (HTTP {status}).")
        )
    return STATUSES.get(status)


def _wordless(verdict: Verdict, status: int) -> Verdict:
    """What a page without a word of Bitrix24 means: a refusal by it is asked again before it is believed.

    Public reports: b24-rest-docs #377, crest pull request 15 (404 and 401 in HTML, now and then).
    """
    refuses = verdict.action in {Action.REFUSE_ALL, Action.REFUSE_METHOD, Action.REJECT}
    return replace(verdict, doubtful=refuses and 400 <= status < 500)


def moved(location: str) -> Verdict:
    """A redirect. It is never followed: the path of the address is the password."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        host = ""
    where = f" to {plain(redact(host), 100)}" if host else ""
    return refuse_all(
        Reason.MOVED, f"The portal has moved{where}.",
        "If that is your portal, put its new address into the webhook in the configuration.",
    )  # fmt: skip


def _told(verdict: Verdict, method: str, description: str) -> Verdict:
    """`verdict` with the method, the scope and the portal's own words in it, made harmless."""
    if method == BATCH and verdict.action is Action.REFUSE_METHOD:
        verdict = NO_REST if verdict is NO_METHOD else replace(verdict, action=Action.REFUSE_ALL)
    names = {"{method}": method, "{scope}": scope_of(method)}
    text, hint = verdict.text, verdict.hint
    for mark, name in names.items():
        text, hint = text.replace(mark, name), hint.replace(mark, name)
    if description and description not in text:
        text = f"{text} It says: {description}"
    return replace(verdict, text=plain(redact(text), TEXT_LIMIT), hint=plain(hint, TEXT_LIMIT))


def scope_of(method: str) -> str:
    """The permission of the webhook that `method` needs."""
    family = method.partition(".")[0]
    return {"tasks": "task"}.get(family, family)


def garbage(text: str) -> Verdict:
    """An answer that cannot be read: a proxy's page, a maintenance page, a line that was cut."""
    return again(Reason.GARBAGE, plain(redact(text), TEXT_LIMIT))


def unreadable(method: str, status: int, body: Json, why: str) -> Verdict:
    """An answer that says neither what was asked nor what went wrong; no `body`: it is no JSON."""
    if body is not None and 400 <= status < 500:
        wordless = _wordless(reject(f"The portal rejects {{method}} without a word (HTTP {status})."), status)
        return _told(wordless, method, "")
    return garbage(f"The portal's answer cannot be used: {why} (HTTP {status}).")


def asked(verdict: Verdict, seconds: float) -> Verdict:
    """`verdict` with the time that the portal asked us to wait."""
    return replace(verdict, retry_after=seconds) if seconds else verdict


def ask_less(verdict: Verdict) -> Verdict:
    """The same trouble with a request that can be made smaller."""
    return replace(verdict, action=Action.ASK_LESS)
