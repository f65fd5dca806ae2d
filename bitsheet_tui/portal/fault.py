"""What went wrong on the way to the portal: the name, the connection, the certificate, the time.

An exception of the HTTP library knows the webhook's address, so none of its text is used: only the
kind of the exceptions in its chain, and the system's own word for an error number.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

from bitsheet_tui.errors import Reason
from bitsheet_tui.portal.verdict import Action, Verdict, again

CLOCK_AND_CERTIFICATE = (
    "Check this machine's clock and certificates, and that no proxy opens the traffic; it is never ignored."
)


def fault(error: BaseException) -> Verdict:
    """The meaning of an exception raised while a request was on its way."""
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return Verdict(
                action=Action.REFUSE_ALL,
                reason=Reason.TLS,
                text=f"The portal's certificate is not trusted: {one.verify_message or 'no reason given'}.",
                hint=CLOCK_AND_CERTIFICATE,
            )
    for kind, reason, text in _KINDS:
        if any(isinstance(one, kind) for one in chain):
            return again(reason, text)
    if any("Timeout" in type(one).__name__ for one in chain):
        return again(Reason.TIMEOUT, "No connection to the portal in time.")
    if any("ProtocolError" in type(one).__name__ for one in chain):
        return cut()
    return again(Reason.NETWORK, f"The connection to the portal failed{_system_word(chain)}.")


_KINDS: tuple[tuple[type[BaseException], Reason, str], ...] = (
    (socket.gaierror, Reason.DNS, "The portal's name cannot be looked up."),
    (ssl.SSLError, Reason.TLS, "No secure connection to the portal could be made."),
    (TimeoutError, Reason.TIMEOUT, "No connection to the portal in time."),
)


def late(seconds: float) -> Verdict:
    """The deadline has passed."""
    return again(Reason.TIMEOUT, f"No complete answer of the portal within {seconds:g} seconds.", slow=True)


def cut(text: str = "The answer was cut or damaged on its way.") -> Verdict:
    """The answer is damaged."""
    return again(Reason.NETWORK, text)


def no_route() -> Verdict:
    """The environment names a proxy that cannot be used."""
    return Verdict(
        action=Action.REFUSE_ALL,
        reason=Reason.NETWORK,
        text="The proxy that the environment names cannot be used.",
        hint="HTTPS_PROXY must be an http:// or https:// address; NO_PROXY may name the portal's host.",
    )


def no_authorities() -> Verdict:
    """The environment names certificate authorities that cannot be read."""
    return Verdict(
        action=Action.REFUSE_ALL,
        reason=Reason.TLS,
        text="The certificate authorities that the environment names cannot be read.",
        hint="SSL_CERT_FILE must be a file of certificates, SSL_CERT_DIR a folder of them.",
    )


def too_much(limit_bytes: int) -> Verdict:
    """The answer is larger than we are willing to hold in memory."""
    return Verdict(
        action=Action.ASK_LESS,
        reason=Reason.SIZE,
        of_answer=True,
        text=f"The portal's answer is larger than {limit_bytes // 2**20} MB.",
    )


def too_many(values: int) -> Verdict:
    """The answer holds more than so many values, which would take too much memory as objects."""
    return Verdict(
        action=Action.ASK_LESS,
        reason=Reason.SIZE,
        of_answer=True,
        text=f"The portal's answer is larger than {values:,} values.",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything that caused it, each once."""
    todo, seen = [error], set[int]()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions


def _system_word(chain: list[BaseException]) -> str:
    for one in reversed(chain):
        if isinstance(one, OSError) and one.errno:
            return f" ({os.strerror(one.errno).lower()})"
    return ""
