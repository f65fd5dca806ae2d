"""Scripted trouble: which request or command goes wrong, how and how often."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct, field

from bitsheet_tui.portal.demo.pages import PageFaults


class Kind(StrEnum):
    """What goes wrong."""

    # the whole request
    STATUS = "status"  # `status` with a JSON error
    HTML = "html"  # `status` (200 is allowed) with an HTML page
    EMPTY = "empty"  # `status` with no body
    TRUNCATED = "truncated"  # Content-Length promises more than comes
    CUT = "cut"  # whole JSON, but without its end: no `time`
    RESET = "reset"  # the connection is reset
    CLOSE = "close"  # the connection is closed without an answer
    HANG = "hang"  # `seconds` pass, then the connection is closed
    DRIP = "drip"  # the answer comes in single bytes, `seconds` apart
    BOMB = "bomb"  # a small gzip body of `size` bytes
    REDIRECT = "redirect"  # 302 to `location`
    GARBAGE = "garbage"  # no HTTP at all
    # single commands
    ERROR = "error"  # a command fails with `error`, `description`, `status`
    DENIED = "denied"  # a command fails with "Access denied."
    SCOPE = "scope"  # a command lacks its scope
    IGNORED = "ignored"  # a command forgets its filter
    SLOW = "slow"  # a command takes `seconds` more


REQUEST_KINDS = frozenset(Kind) - {Kind.ERROR, Kind.DENIED, Kind.SCOPE, Kind.IGNORED, Kind.SLOW}


class Fault(Struct, kw_only=True):
    """One fault. It lets `after` matching requests or commands pass, then strikes `times` of them.

    `method` limits it to requests that call or contain that method, or to commands of that method.
    """

    kind: Kind | str
    method: str = ""
    after: int = 0
    times: int = 1
    status: int = 500
    error: str = "INTERNAL_SERVER_ERROR"
    description: str = "Internal server error"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 60.0
    size: int = 200_000_000
    location: str = "https://renamed.example/rest/"
    struck: int = 0

    def matches(self, methods: Iterable[str]) -> bool:
        """Whether it is about one of these methods."""
        return not self.method or self.method.lower() in methods


class Faults:
    """All scripted faults, in the order they were added, and `pages`, which strike by chance."""

    def __init__(self, pages: PageFaults | None = None) -> None:
        self._faults: list[Fault] = []
        self.pages = pages

    def add(self, fault: Fault) -> Fault:
        """Script a fault."""
        fault.kind = Kind(fault.kind)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Everything works again."""
        self._faults.clear()
        self.pages = None

    def of_request(self, methods: Iterable[str]) -> Fault | None:
        """The fault that strikes a whole request."""
        return next(self._striking(set(methods), whole=True), None)

    def of_command(self, method: str) -> list[Fault]:
        """The faults that strike one command."""
        return list(self._striking({method}, whole=False))

    def _striking(self, methods: set[str], *, whole: bool) -> Iterator[Fault]:
        for fault in self._faults:
            if (fault.kind in REQUEST_KINDS) != whole or not fault.times or not fault.matches(methods):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            fault.struck += 1
            yield fault
