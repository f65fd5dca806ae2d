"""Everything that can go wrong, as one tree; each error says who must act and what to do next.

BitsheetError
├── UsageError           the command line makes no sense                          64
├── ConfigError          the configuration does                                   78
│   └── IsReplica        the store is the copy of another one: no engine writes to it
├── MirrorHeld           another instance holds the mirror                        75
├── QuestionBroken       a standing question cannot be answered as it is           78
├── BrokerError          the message broker does not take the change feed         73
├── PortalError          something about the portal, with a Reason                1
│   ├── Refused          the whole portal refuses us: an operator must act        77
│   ├── TableRefused     one method is refused: an operator must act, others go on
│   ├── Resting          one method is at its time budget: wait until `until`
│   ├── Unreachable      no usable answer: it ends by itself, try again later
│   ├── TooLarge         the request was too big or too slow: ask for less
│   │   └── AnswerTooLarge  its answer was too big
│   ├── Unasked          left for the next request: the answers before it were big
│   └── BadAnswer        an answer that is not what was asked: nothing of it is used
└── StoreError           something about the database                             73
    ├── LinesGone        the change feed does not go on from there: begin anew
    ├── StoreUnavailable it cannot be opened or is down
    │   └── NoMirror     there is none yet
    ├── StoreRefused     one statement is refused: an operator must act, other tables go on
    │   └── StoreLocked  somebody else's transaction has locked what it needs: it ends by itself
    ├── StoreFull        no space left: waits until there is
    └── StoreDamaged     not our file, or a broken one; it is never touched       74
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class Exit:
    """The exit codes of the command line."""

    DONE = 0
    TABLE_FAILED = 1
    STALE = 2  # of `status --check`: nothing runs, or no good cycle for too long
    USAGE = 64
    BUG = 70
    STORE_UNAVAILABLE = 73
    STORE_DAMAGED = 74
    HELD = 75
    REFUSED = 77
    CONFIG = 78


class Reason(StrEnum):
    """Why the portal did not give what was asked: a closed list, also a metric's label."""

    RATE = "rate"
    OPERATING = "operating"
    BLOCKED = "blocked"
    SERVER = "server"
    GARBAGE = "garbage"
    NETWORK = "network"
    TIMEOUT = "timeout"
    DNS = "dns"
    TLS = "tls"
    ACCESS = "access"
    SCOPE = "scope"
    RIGHTS = "rights"
    GONE = "gone"
    MOVED = "moved"
    SIZE = "size"
    FILTER = "filter"
    REQUEST = "request"


# those that do not end by themselves
NEEDS_OPERATOR = frozenset(
    {Reason.ACCESS, Reason.SCOPE, Reason.RIGHTS, Reason.GONE, Reason.MOVED, Reason.BLOCKED, Reason.TLS}
)


class BitsheetError(Exception):
    """The root. `str(error)` is one sentence for the operator, `hint` what to do about it."""

    exit_code: ClassVar[int] = Exit.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(BitsheetError):
    """The command line asks for something that does not exist."""

    exit_code = Exit.USAGE


class ConfigError(BitsheetError):
    """The configuration is wrong; `problems` has one line for each thing to mend."""

    exit_code = Exit.CONFIG

    def __init__(self, problems: list[str], hint: str = "") -> None:
        super().__init__("\n".join(problems), hint)
        self.problems = problems


class IsReplica(ConfigError):
    """The store is the copy of another mirror: it is looked at, and nobody but its copier writes to it."""


class MirrorHeld(BitsheetError):
    """Another instance writes to this mirror."""

    exit_code = Exit.HELD


class QuestionBroken(BitsheetError):
    """A standing question cannot be answered as it is: the configuration is to be mended."""

    exit_code = Exit.CONFIG


class BrokerError(BitsheetError):
    """The message broker that the change feed is published to cannot be reached, or does not take it."""

    exit_code = Exit.STORE_UNAVAILABLE


class PortalError(BitsheetError):
    """Something about the portal; `reason` says what."""

    exit_code = Exit.TABLE_FAILED

    def __init__(self, message: str, hint: str = "", *, reason: Reason) -> None:
        super().__init__(message, hint)
        self.reason = reason


class Refused(PortalError):
    """The portal refuses the webhook as a whole; the operator must act."""

    exit_code = Exit.REFUSED


class TableRefused(PortalError):
    """The portal refuses one method; the operator must act, other tables go on."""


class Resting(PortalError):
    """One method is over its operating budget until `until` (aware UTC)."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message, "Nothing to do: it resumes by itself.", reason=Reason.OPERATING)
        self.until = until


class Unreachable(PortalError):
    """No usable answer after every retry; it ends by itself."""


class TooLarge(PortalError):
    """The request took too long or its answer was too big; ask for less at once."""


class AnswerTooLarge(TooLarge):
    """The answer was bigger than we are willing to hold in memory."""


class Unasked(PortalError):
    """One of several questions was left for the next request: the answers before it were big."""

    def __init__(self) -> None:
        super().__init__(
            "The answers before it were too big.", "Nothing to do: it is asked next.", reason=Reason.SIZE
        )


class BadAnswer(PortalError):
    """An answer that is not what was asked for; nothing of it was used."""


class StoreError(BitsheetError):
    """Something about the database."""

    exit_code = Exit.STORE_UNAVAILABLE


class StoreUnavailable(StoreError):
    """The store cannot be opened or has gone away."""


class NoMirror(StoreUnavailable):
    """Nothing has been mirrored there yet."""


class LinesGone(StoreError):
    """The change feed does not go on from the line that somebody names: lines after it are not there."""


class StoreRefused(StoreError):
    """The database refuses one statement, as it stands; those of other tables may be well."""


class StoreLocked(StoreRefused):
    """What the statement needs is locked by somebody else's transaction; it is tried again by itself."""


class StoreFull(StoreError):
    """No space left; the page was rolled back and is read again when there is."""


class StoreDamaged(StoreError):
    """The file is broken or somebody else's; nothing in it was changed."""

    exit_code = Exit.STORE_DAMAGED


# what may be wrong with one table while the others go on
TableTrouble = PortalError | StoreRefused
TABLE_TROUBLE = (PortalError, StoreRefused)
