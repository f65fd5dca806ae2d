"""Where the mirror is: a store URL taken apart, and its name for people, without passwords."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct, field

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.text import plain

HOST = re.compile(r"(\[[^]]*\]|[^:]*)(?::([0-9]*))?")  # an IPv6 address stands in brackets
LAST_PORT = 65535
HINT = "store.url is sqlite:///bitsheet.db or postgresql://user:password@host/database"


class SqliteAddress(Struct, frozen=True, kw_only=True):
    """A file."""

    path: Path
    label: str


class PostgresAddress(Struct, frozen=True, kw_only=True):
    """A schema of a database on a server. `options` are libpq's, among them host, port and user."""

    database: str
    schema: str
    password: Secret
    options: dict[str, str] = field(default_factory=dict)
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


def _hosts(netloc: str) -> dict[str, str]:
    """The options for hosts with or without ports, as libpq takes them (libpq-connect, 34.1.1.3).

    Raises ValueError.
    """
    names, ports = [], []
    for one in netloc.split(","):
        found = HOST.fullmatch(one)
        if not found or int(found[2] or 0) > LAST_PORT:
            raise ValueError
        names.append(unquote(found[1].strip("[]")))
        ports.append(found[2] or "")
    options = {"host": ",".join(names), "port": ",".join(ports)}
    return {name: value for name, value in options.items() if value.strip(",")}


def _postgres(text: str, schema: str) -> PostgresAddress:
    try:
        parts = urlsplit(text)
        netloc = parts.netloc.rpartition("@")[2]
        # not of urlsplit, which lower-cases the host: a socket's folder may have capitals
        hosts = _hosts(netloc) if netloc else {}
    except ValueError as error:
        raise StoreUnavailable("The store URL cannot be read.", HINT) from error
    options = dict(parse_qsl(parts.query))
    database = unquote(parts.path.removeprefix("/"))
    if not database:
        raise StoreUnavailable("The store URL does not name a PostgreSQL database.", HINT)
    options |= hosts
    if parts.username:
        options["user"] = unquote(parts.username)
    password = Secret(unquote(parts.password or options.pop("password", "")))
    host = options.get("host", "")
    return PostgresAddress(
        database=database,
        schema=schema,
        password=password,
        options=options,
        label=plain(f"postgresql {database}@{'localhost' if host.startswith('/') or not host else host}"),
    )
