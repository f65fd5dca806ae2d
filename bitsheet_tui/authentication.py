"""Who may ask over HTTP: whoever brings the token, a limited number of guesses, and no page of another site.

A page somewhere on the web can let a browser open a connection to this host, so what matters is not only who
sends a request, but which page sent it: the address it names (Host) and the page's own (Origin). Other users
of this host can connect as well as its owner, and a proxy connects for others (RFC 7239).
"""

import hmac
import os
import secrets
import stat
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from bitsheet_tui.errors import UsageError
from bitsheet_tui.secret import Secret

LEAST = 16  # letters of a token
DIFFERENT = 6  # letters of it, at least; sixteen random hexadecimal digits have fewer once in 10,000 times
BEARER = "Bearer "
LASTS = 12 * 3600.0  # seconds from a login to its end
MOST = 1000  # logins kept; the oldest ends for one more
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via")

GUESSES = 5  # wrong tokens of one address at once; one more every PAUSE
PAUSE = 10.0  # seconds
GUESSES_OF_ALL = 30  # wrong tokens of all addresses at once; one more every PAUSE_OF_ALL
PAUSE_OF_ALL = 1.0  # seconds
ADDRESSES = 1000  # kept; the one that has been silent longest is forgotten for one more


# --- tokens -----------------------------------------------------------------------------------------------


def make_token() -> Secret:
    """A new one, of 32 letters."""
    return Secret(secrets.token_urlsafe(24))


def read_token(file: Path) -> Secret:
    """The token that `file` holds. Raises UsageError where it cannot be read, or is none."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the token file {file} cannot be read: {error}") from None
    return need_token(text)


def need_token(text: str) -> Secret:
    """`text` as a token. Raises UsageError, which does not quote it, where it is too easy to guess."""
    if len(text) < LEAST or not text.isascii() or not text.isprintable():
        raise UsageError(f"the token must be {LEAST} plain letters or more")
    if len(set(text)) < DIFFERENT:
        raise UsageError(
            f"the token must have {DIFFERENT} different letters or more", "make one: openssl rand -hex 16"
        )
    return Secret(text)


def shared(file: Path) -> str:
    """Why others than we and root may know the token of a file; empty: they may not, or there is no file."""
    try:
        found = file.stat()
    except OSError:
        return ""
    if found.st_uid not in {0, os.geteuid()}:
        return f"it belongs to uid {found.st_uid}"
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"its mode is {stat.S_IMODE(found.st_mode):04o}"
    return ""


def fits(token: Secret, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.reveal().encode())


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token that a request brings in its head; None where it brings none."""
    given = headers.get("Authorization", "")
    return given.removeprefix(BEARER) if given.startswith(BEARER) else None


# --- where a request comes from ---------------------------------------------------------------------------


def foreign(headers: Mapping[str, str]) -> str:
    """Why the request is one of another site's page; empty when it is not."""
    origin = headers.get("Origin")
    if origin is not None and _authority(origin) != headers.get("Host", ""):
        return "another site's page may not open this one"
    return ""


def names_loopback(headers: Mapping[str, str]) -> bool:
    """Whether the request names this host as only this host can, and no proxy brings it.

    A listener without a token has to ask this: a page whose own name somebody made point to 127.0.0.1 (DNS
    rebinding) has no other Origin than the Host of its request, and a proxy's requests come from loopback.
    """
    try:
        name = urlsplit(f"//{headers.get('Host', '')}").hostname or ""
    except ValueError:
        return False
    return loopback(name) and not forwarded(headers)


def loopback(host: str) -> bool:
    """Whether only this host can reach it."""
    name = host.strip("[]").lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy says that it asks for somebody else."""
    return any(name in headers for name in FORWARDED)


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


# --- who has come in --------------------------------------------------------------------------------------


class Visit(StrEnum):
    """What became of a visitor."""

    CAME = "came"
    LEFT = "left"
    REFUSED = "refused"  # for a wrong token
    LIMITED = "limited"  # for a token that was not looked at, after too many wrong ones


class Guesses:
    """How many wrong tokens there were: of each address and of all, each a bucket that fills up again."""

    def __init__(self) -> None:
        self._all = _Bucket(GUESSES_OF_ALL, PAUSE_OF_ALL)
        self._by_address: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds until a token from there is looked at again, be it right or wrong; 0: it is now."""
        one = self._by_address.get(network(address))
        return max(self._all.wait(now), one.wait(now) if one else 0.0)

    def wrong(self, address: str, now: float) -> None:
        """One more wrong token."""
        whence = network(address)
        one = self._by_address.setdefault(whence, _Bucket(GUESSES, PAUSE))
        self._by_address.move_to_end(whence)
        if len(self._by_address) > ADDRESSES:
            self._by_address.popitem(last=False)
        one.take(now)
        self._all.take(now)


def network(address: str) -> str:
    """The address, or of IPv6 the half that one household has for itself (RFC 6177)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))


class _Bucket:
    def __init__(self, size: int, pause: float) -> None:
        self._size = size
        self._pause = pause
        self._full_at = 0.0  # the moment at which it is full

    def wait(self, now: float) -> float:
        return max(0.0, self._full_at - now - (self._size - 1) * self._pause)

    def take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._pause


class Logins:
    """Who has come in: each visitor has a login of his own, which ends."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}  # by the cookie's value; moments on the monotonic clock

    def open(self, now: float) -> str:
        """A new login: the value of its cookie, which does not tell the token."""
        while len(self._ends) >= MOST:
            del self._ends[next(iter(self._ends))]
        found = secrets.token_urlsafe(24)
        self._ends[found] = now + LASTS
        return found

    def left(self, headers: Mapping[str, str], cookie: str, now: float) -> float:
        """Seconds until the login ends that the request brings the cookie of; 0: it brings none."""
        return max(0.0, self._ends.get(self.of(headers, cookie), now) - now)

    def close(self, headers: Mapping[str, str], cookie: str) -> str:
        """End the login that the request belongs to, and give it; empty: there is none."""
        ended = self.of(headers, cookie)
        return ended if self._ends.pop(ended, None) else ""

    def of(self, headers: Mapping[str, str], cookie: str) -> str:
        """The login that the request names, whether there is such a one or not."""
        return _value(headers, cookie)


def _value(headers: Mapping[str, str], cookie: str) -> str:
    try:
        found = SimpleCookie(headers.get("Cookie", "")).get(cookie)
    except CookieError:
        return ""
    return found.value if found else ""
