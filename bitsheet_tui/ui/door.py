"""Who may come in through the browser: never a page of another site, and from other hosts with the token.

A page somewhere on the web can let a browser open a connection to this host, so what matters is not only
where a request comes from, but which page sent it: the address it names (Host) and the page's own (Origin).
"""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from bitsheet_tui.secret import Secret

COOKIE = "bitsheet_tui"
LEAST = 16  # letters of a token
BEARER = "Bearer "


def loopback(host: str) -> bool:
    """Whether only this host can reach it."""
    name = host.strip("[]").lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def pass_for(token: Secret) -> str:
    """What the cookie holds: it lets in, and does not tell the token."""
    return hmac.new(token.reveal().encode(), b"bitsheet-tui web", hashlib.sha256).hexdigest()


def fits(token: Secret, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(), token.reveal().encode())


def strange(headers: Mapping[str, str], *, guarded: bool) -> str:
    """Why the request is not one of a person who opened our own page; empty when it is.

    Without a token (`guarded`) the address must be this host's own, under whatever port a tunnel gives it: a
    name that somebody made point here would let his page read ours.
    """
    host = headers.get("Host", "")
    if not guarded and not loopback(urlsplit(f"//{host}").hostname or ""):
        return "open it as 127.0.0.1 or localhost"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "another site's page may not open this one"
    return ""


def admitted(token: Secret, headers: Mapping[str, str]) -> bool:
    """Whether the request brings the token, or the cookie that stands for it."""
    given = headers.get("Authorization", "")
    if given.startswith(BEARER):
        return fits(token, given.removeprefix(BEARER))
    cookie = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
    return cookie is not None and hmac.compare_digest(cookie.value.encode(), pass_for(token).encode())
