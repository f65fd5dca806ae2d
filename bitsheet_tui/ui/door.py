"""Who may come in through the browser: whoever brings the token, and never a page of another site.

A page somewhere on the web can let a browser open a connection to this host, so what matters is not only who
sends a request, but which page sent it: the address it names (Host) and the page's own (Origin). Other users
of this host can connect as well as its owner, so there is no door without a token.
"""

import hmac
import secrets
from collections.abc import Mapping
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from bitsheet_tui.secret import Secret

LEAST = 16  # letters of a token
BEARER = "Bearer "
LASTS = 12 * 3600.0  # seconds from a login to its end
MOST = 1000  # logins kept; the oldest ends for one more


def make_token() -> Secret:
    """A new one, of 32 letters."""
    return Secret(secrets.token_urlsafe(24))


def fits(token: Secret, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.reveal().encode())


def strange(headers: Mapping[str, str]) -> str:
    """Why the request is not one of a person who opened our own page; empty when it is."""
    origin = headers.get("Origin")
    if origin is not None and _authority(origin) != headers.get("Host", ""):
        return "another site's page may not open this one"
    return ""


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


class Visit(StrEnum):
    """What became of a visitor."""

    CAME = "came"
    LEFT = "left"
    REFUSED = "refused"  # for a wrong token


class Logins:
    """Who has come in: each visitor has a login of his own, which ends."""

    def __init__(self, token: Secret) -> None:
        self._token = token
        self._ends: dict[str, float] = {}  # by the cookie's value; moments on the monotonic clock

    def open(self, now: float) -> str:
        """A new login: the value of its cookie, which does not tell the token."""
        while len(self._ends) >= MOST:
            del self._ends[next(iter(self._ends))]
        found = secrets.token_urlsafe(24)
        self._ends[found] = now + LASTS
        return found

    def admits(self, headers: Mapping[str, str], cookie: str, now: float) -> bool:
        """Whether the request brings the token, or the cookie of a login that has not ended."""
        given = headers.get("Authorization", "")
        if given.startswith(BEARER):
            return fits(self._token, given.removeprefix(BEARER))
        return self._ends.get(_value(headers, cookie), now) > now

    def close(self, headers: Mapping[str, str], cookie: str) -> None:
        """End the login that the request belongs to."""
        self._ends.pop(_value(headers, cookie), None)


def _value(headers: Mapping[str, str], cookie: str) -> str:
    try:
        found = SimpleCookie(headers.get("Cookie", "")).get(cookie)
    except CookieError:
        return ""
    return found.value if found else ""
