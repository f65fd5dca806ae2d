"""The way to the portal: its address as it is called, a proxy in between, who may vouch for its name."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

if TYPE_CHECKING:
    import ssl

    import httpcore


class NoRoute(ValueError):
    """The environment names a proxy that cannot be used."""


def address(url: str) -> httpcore.URL:
    """The address for the library, which takes no letters but those of ASCII. Raises UnicodeError."""
    import httpcore  # noqa: PLC0415 - see wire.py

    parts = urlsplit(url)
    return httpcore.URL(scheme=parts.scheme, host=_host(parts), port=parts.port, target=parts.path or "/")


def named(url: httpcore.URL) -> bytes:
    """The header Host of a request to `url`."""
    host = b"[%b]" % url.host if b":" in url.host else url.host
    return host if url.port is None else b"%b:%d" % (host, url.port)


def proxy(url: str) -> httpcore.Proxy | None:
    """The proxy that the environment wants for `url`, by the rules of urllib. Raises NoRoute."""
    if not _may_have_proxies():
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - takes 1 MB

    parts, known = urlsplit(url), getproxies()
    way = known.get(parts.scheme) or known.get("all")
    if not way or proxy_bypass(parts.netloc):
        return None
    try:
        return _proxy(way if "://" in way else f"http://{way}")
    except ValueError:
        raise NoRoute from None  # it may hold a password


def trusted() -> ssl.SSLContext:
    """Who may vouch for a name: certifi's authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR. 2 MB."""
    import ssl  # noqa: PLC0415 - see wire.py

    import certifi  # noqa: PLC0415

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    return ssl.create_default_context(cafile=certifi.where())


def _may_have_proxies() -> bool:
    """Elsewhere than on Linux the system may name some, too."""
    return sys.platform != "linux" or any(name.lower().endswith("_proxy") for name in os.environ)


def _proxy(way: str) -> httpcore.Proxy:
    import httpcore  # noqa: PLC0415

    parts = urlsplit(way)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NoRoute
    user, password = unquote(parts.username or "").encode(), unquote(parts.password or "").encode()
    return httpcore.Proxy(
        httpcore.URL(scheme=parts.scheme, host=_host(parts), port=parts.port, target="/"),
        auth=(user, password) if user or password else None,
        ssl_context=trusted() if parts.scheme == "https" else None,
    )


def _host(parts: SplitResult) -> bytes:
    host = parts.hostname or ""
    return host.encode() if host.isascii() else host.encode("idna")
