"""A string that cannot be printed, and the door through which every text leaves: redact()."""

from __future__ import annotations

import threading
from typing import NoReturn, TypeVar
from urllib.parse import quote

MASK = "***"
Body = TypeVar("Body", bytes, bytearray)

_known: set[str] = set()
_longest_first: tuple[str, ...] = ()
_lock = threading.Lock()


class Secret:
    """A password. Printing, formatting or comparing it shows `***`; pickling is refused."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        conceal(text)

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret does not leave the process")


def conceal(text: str) -> None:
    """From now on `redact` hides `text`, as it is and percent-encoded. Short texts are ignored."""
    global _longest_first  # noqa: PLW0603 - one process has one set of secrets
    if len(text) < 6:  # hiding "1" would hide every 1
        return
    with _lock:
        _known.update({text, quote(text, safe="")})
        # the longest first: hiding "x" before "xk" would leave "k" on the screen
        _longest_first = tuple(sorted(_known, key=len, reverse=True))


def redact(text: str) -> str:
    """`text` with every known secret replaced by `***`."""
    for secret in _longest_first:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def redact_bytes(body: Body) -> Body:
    """`body` with every known secret replaced by `***`; the portal quotes the webhook in links."""
    for secret in _longest_first:
        raw = secret.encode()
        if raw in body:
            body = body.replace(raw, MASK.encode())
    return body
