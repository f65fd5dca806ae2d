"""The two addresses, webhook and store: what is wrong with one, said without showing its secrets."""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bitsheet_tui import postgres_url
from bitsheet_tui.secret import conceal

# a webhook is https://HOST/rest/USER/CODE/ (apidocs.bitrix24.com, "Local webhooks")
_REST = re.compile(r"/rest/(?P<user>[0-9]{1,19})/(?P<code>[A-Za-z0-9_-]+)/?\Z")
_SHAPE = "https://HOST/rest/USER/CODE/"
_DATABASES = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


def webhook(text: str) -> str:
    """The webhook's address as it is called: one trailing slash, its code known to redact().

    Raises ValueError, whose text says what is wrong and never shows the address.
    """
    conceal(text)
    parts = _split(text)
    found = _REST.match(parts.path)
    for code in found.groups()[1:] if found else re.findall(r"[A-Za-z0-9_-]{10,}", parts.path):
        conceal(code)
    if problem := _origin(parts):
        raise ValueError(problem)
    if not found or parts.query or parts.fragment:
        raise ValueError(f"must end with /rest/USER/CODE/ as in {_SHAPE}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text:
        raise ValueError("contains blanks or invisible characters")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(f"is not an address like {_SHAPE}") from None
    return parts


def _origin(parts: SplitResult) -> str:
    """What is wrong with scheme, user and host; empty: nothing."""
    if parts.scheme not in {"https", "http"}:
        return f"must begin with https:// as in {_SHAPE}"
    if "@" in parts.netloc:
        return "must not contain a user name or password before the host"
    if not parts.hostname:
        return f"names no host; it must look like {_SHAPE}"
    if parts.scheme == "http" and not _loopback(parts.hostname):
        return "must be https: plain http would send the webhook in the clear"
    return ""


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def web(text: str) -> str:
    """An http(s) address as it is. Raises ValueError without showing it."""
    conceal(text)
    parts = _split(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("must be an https:// address")
    return text


def store(text: str) -> str:
    """The store's address with its scheme written out, a password in it known to redact().

    Raises ValueError without showing the address.
    """
    scheme, separator, rest = text.partition("://")
    if scheme not in _DATABASES or not separator:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if _DATABASES[scheme] == "sqlite":
        path = rest.removeprefix("/")
        if not rest.startswith("/") or path.strip("/ ") in {"", ":memory:"}:
            raise ValueError("must name a file, as in sqlite:///bitsheet.db")
        return f"sqlite:///{Path(os.path.expanduser(path))}"  # noqa: PTH111 - never fails
    postgres_url.parse(text)
    return f"postgresql://{rest}"


def without_password(text: str) -> str:
    """A store's address for people: of a password nothing is left, whatever it has in it."""
    return text if text.startswith("sqlite:") else postgres_url.shown(text)


def unchecked_host(text: str) -> str:
    """The first host of a PostgreSQL store that is elsewhere and need not prove who it is; empty: none.

    libpq's own default, `prefer`, takes clear text where the server wants that, and checks nobody's name
    (postgresql.org/docs/current/libpq-ssl.html). Raises ValueError without showing the address.
    """
    if not text.startswith(("postgresql:", "postgres:")):
        return ""
    url = postgres_url.parse(text)
    if url.options.get("sslmode", os.environ.get("PGSSLMODE", "")) == "verify-full":
        return ""
    named = url.options.get("host", "") or os.environ.get("PGHOST", "")
    hosts = [host for host, _ in url.hosts] or named.split(",")
    return next((host for host in hosts if not _here(host)), "")


def _here(host: str) -> bool:
    return not host or host.startswith("/") or _loopback(host)


def place(text: str, base: Path) -> Path:
    """A path of the configuration, absolute: relative ones start at `base`."""
    return base / os.path.expanduser(text)  # noqa: PTH111 - never fails
