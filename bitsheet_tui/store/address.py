"""Where the mirror is: a store URL taken apart, and its name for people, without passwords."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from bitsheet_tui import postgres_url
from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.text import plain

HINT = "store.url is sqlite:///bitsheet.db or postgresql://user:password@host/database"


class SqliteAddress(Struct, frozen=True, kw_only=True):
    """A file."""

    path: Path
    label: str


class PostgresAddress(Struct, frozen=True, kw_only=True):
    """A schema of a database on a server. `options` are libpq's, among them host, port and user.

    `secrets` are those of them that nobody may see, but for the password.
    """

    database: str
    schema: str
    password: Secret
    options: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    label: str


def parse(url: Secret, *, schema: str, base: Path | None) -> SqliteAddress | PostgresAddress:
    """The address in `url`; a relative path is relative to `base`, or else to the working folder.

    Raises StoreUnavailable, and never repeats the URL.
    """
    text = url.reveal()
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise StoreUnavailable("The store URL has no scheme.", HINT)
    if scheme == "sqlite":
        return _sqlite(rest, base)
    if scheme in {"postgresql", "postgres"}:
        return _postgres(text, schema)
    raise StoreUnavailable(f"The store URL has the unknown scheme {plain(scheme, 40)!r}.", HINT)


def _sqlite(rest: str, base: Path | None) -> SqliteAddress:
    host, slash, name = rest.partition("/")
    if host or not slash or not name or "\0" in name:
        raise StoreUnavailable("The store URL does not name a SQLite file.", HINT)
    return SqliteAddress(path=(base or Path()).absolute() / name, label=f"sqlite {plain(name)}")


def _postgres(text: str, schema: str) -> PostgresAddress:
    try:
        url = postgres_url.parse(text)
    except ValueError:
        raise StoreUnavailable("The store URL cannot be read.", HINT) from None
    if not url.database:
        raise StoreUnavailable("The store URL does not name a PostgreSQL database.", HINT)
    named = {
        "host": ",".join(host for host, _ in url.hosts),
        "port": ",".join(port for _, port in url.hosts),
    }
    options = url.options | {name: value for name, value in named.items() if value.strip(",")}
    if url.user:
        options["user"] = url.user
    host = options.get("host", "")
    return PostgresAddress(
        database=url.database,
        schema=schema,
        password=url.password,
        options=options,
        secrets=url.secrets,
        label=plain(f"postgresql {url.database}@{'localhost' if host.startswith('/') or not host else host}"),
    )
