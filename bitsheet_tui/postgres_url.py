"""The URL of a PostgreSQL database, taken apart as libpq does it, and shown without its passwords.

`postgresql://[user[:password]@][host[:port],...]/database[?name=value&...]`, in which whatever stands for
something else is percent-encoded (postgresql.org/docs/current/libpq-connect.html, 34.1.1.2). Unlike libpq a
password may have an @ as it is, for the last one before the host ends it. Every other sign that has a meaning
would make a part of the password a port, a database or an option, which are shown: such a URL is refused, as
is an option that there is not.
"""

import re
from urllib.parse import unquote

from msgspec import Struct, field

from bitsheet_tui.secret import MASK, Secret

# libpq's options as of PostgreSQL 18 (34.1.2)
PASSWORDS = frozenset("password sslpassword scram_client_key scram_server_key oauth_client_secret".split())
OPTIONS = PASSWORDS | frozenset(
    "host hostaddr port dbname user connect_timeout client_encoding options application_name"
    " fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count"
    " tcp_user_timeout replication sslmode sslnegotiation sslcompression sslcert sslkey sslcertmode"
    " sslrootcert sslcrl sslcrldir sslsni ssl_min_protocol_version ssl_max_protocol_version"
    " min_protocol_version max_protocol_version requirepeer channel_binding require_auth gssencmode"
    " gssdelegation gsslib krbsrvname service servicefile passfile target_session_attrs"
    " load_balance_hosts oauth_issuer oauth_client_id oauth_scope".split()
)
SHAPE = "is not an address like postgresql://user:password@host/database"
ENCODE = (
    "cannot be told from its password: percent-encode the password"
    " (% as %25, / as %2F, ? as %3F, # as %23, & as %26), and an @ behind the host as %40"
)
UNKNOWN = "has an option that libpq has not: if it is of the password, percent-encode that (& as %26)"
LAST_PORT = 65535
_HOST = re.compile(r"(\[[^][]*\]|[^][:]*)(?::([0-9]{0,5}))?")  # an IPv6 address stands in brackets
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class PostgresUrl(Struct, frozen=True, kw_only=True):
    """A URL in its parts. `hosts` are names with their ports, if any; `shown` is for people."""

    user: str
    password: Secret
    hosts: tuple[tuple[str, str], ...]
    database: str
    options: dict[str, str] = field(default_factory=dict)  # without passwords
    secrets: dict[str, Secret] = field(default_factory=dict)  # sslpassword
    shown: str


def parse(text: str) -> PostgresUrl:
    """`text` in its parts. Raises ValueError, which quotes nothing of it."""
    scheme, _, rest = text.partition("://")
    end = next((at for at, sign in enumerate(rest) if sign in "/?#"), len(rest))
    place, tail = rest[:end], rest[end:]
    if "@" in tail or "#" in tail:
        raise ValueError(ENCODE)
    login, at, hosts = place.rpartition("@")
    user, colon, password = login.partition(":")
    path, _, query = tail.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    given = {_decoded(name): _decoded(value) for name, _, value in pairs}
    if not set(given) <= OPTIONS or not all(equals for _, equals, _ in pairs):
        raise ValueError(UNKNOWN)
    return PostgresUrl(
        user=_decoded(user),
        password=Secret(_decoded(password) or given.pop("password", "")),
        hosts=_hosts(hosts),
        database=_decoded(path.removeprefix("/")),
        options={name: value for name, value in given.items() if value and name not in PASSWORDS},
        secrets={name: Secret(value) for name, value in given.items() if value and name in PASSWORDS},
        shown=f"{scheme}://{user}{colon and f':{MASK}'}{at}{hosts}{path}"
        + (f"?{'&'.join(map(_shown, query.split('&')))}" if query else ""),
    )


def shown(text: str) -> str:
    """`text` without its passwords; of one that cannot be read nothing but the scheme."""
    try:
        return parse(text).shown
    except ValueError:
        return f"{text.partition('://')[0]}://{MASK}"


def _decoded(text: str) -> str:
    """Raises ValueError for what libpq refuses: a % alone, NUL, and what is no UTF-8."""
    try:
        found = unquote(text, errors="strict")
        found.encode()
    except UnicodeError:
        raise ValueError(ENCODE) from None
    if "\0" in found or _LONE_PERCENT.search(text):
        raise ValueError(ENCODE)
    return found


def _hosts(text: str) -> tuple[tuple[str, str], ...]:
    found = [_HOST.fullmatch(one) for one in text.split(",")] if text else []
    if not all(found) or any(one and int(one[2] or 0) > LAST_PORT for one in found):
        raise ValueError(SHAPE)
    return tuple((_decoded(one[1].strip("[]")), one[2] or "") for one in found if one)


def _shown(pair: str) -> str:
    name, _, _ = pair.partition("=")
    return f"{name}={MASK}" if unquote(name) in PASSWORDS else pair
