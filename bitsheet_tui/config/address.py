"""The two addresses, webhook and store: what is wrong with one, said without showing its secrets."""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from bitsheet_tui.secret import MASK, conceal

# a webhook is https://HOST/rest/USER/CODE/ (apidocs.bitrix24.com, "Local webhooks")
_REST = re.compile(r"/rest/(?P<user>[0-9]{1,19})/(?P<code>[A-Za-z0-9_-]+)/?\Z")
_SHAPE = "https://HOST/rest/USER/CODE/"
PASSWORDS = frozenset({"password", "sslpassword"})  # of libpq's options
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
    for password in _passwords(text):
        conceal(password)
        conceal(unquote(password))
    return f"postgresql://{rest}"


def _passwords(text: str) -> list[str]:
    try:
        parts = urlsplit(text)
        _ = parts.port if "," not in parts.netloc else None
    except ValueError:
        raise ValueError("is not an address like postgresql://user:password@host/database") from None
    named = [value for name, value in parse_qsl(parts.query) if name in PASSWORDS]
    return [password for password in (parts.password, *named) if password]


def without_password(text: str) -> str:
    """A store's address for people: of a password nothing is left, whatever it has in it.

    What stands between the first colon and the last @ is the password; urlsplit sees it so, too.
    """
    scheme, separator, rest = text.partition("://")
    if scheme == "sqlite":
        return text
    place, mark, query = rest.partition("?")
    user, at, host = place.rpartition("@")
    name, colon, _ = user.partition(":")
    shown = f"{scheme}{separator}{name}{colon and f':{MASK}'}{at}{host}"
    return shown + mark + "&".join(map(_masked, query.split("&")))


def _masked(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals and unquote(name) in PASSWORDS else pair


def unchecked_host(text: str) -> str:
    """The first host of a PostgreSQL store that is elsewhere and need not prove who it is; empty: none.

    libpq's own default, `prefer`, takes clear text where the server wants that, and checks nobody's name
    (postgresql.org/docs/current/libpq-ssl.html).
    """
    if not text.startswith(("postgresql:", "postgres:")):
        return ""
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query))
    if options.get("sslmode", os.environ.get("PGSSLMODE", "")) == "verify-full":
        return ""
    hosts = parts.netloc.rpartition("@")[2] or options.get("host", "") or os.environ.get("PGHOST", "")
    return next((host for host in map(_host, hosts.split(",")) if not _here(host)), "")


def _host(text: str) -> str:
    """`[::1]:5432` -> `::1`, `db:5432` -> `db`."""
    text = unquote(text)
    return text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]


def _here(host: str) -> bool:
    return not host or host.startswith("/") or _loopback(host)


def place(text: str, base: Path) -> Path:
    """A path of the configuration, absolute: relative ones start at `base`."""
    return base / os.path.expanduser(text)  # noqa: PTH111 - never fails
