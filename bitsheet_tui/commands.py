"""What the engine can be told, and how another process words it."""

from collections.abc import Callable, Collection, Mapping
from datetime import date

from msgspec import Struct

from bitsheet_tui.text import plain


class SyncNow(Struct, frozen=True):
    """Start a cycle now, of these tables or of all that are due."""

    tables: tuple[str, ...] = ()


class Resync(Struct, frozen=True):
    """Read these tables again from scratch, or what changed since a day; rows stay readable meanwhile."""

    tables: tuple[str, ...]
    since: date | None = None


class Retry(Struct, frozen=True):
    """Try once more to store what is in quarantine, of these tables or of all."""

    tables: tuple[str, ...] = ()


class ConfirmDeletions(Struct, frozen=True):
    """The held rows of this table are gone indeed: compare once more, and mark them."""

    table: str


class Forget(Struct, frozen=True):
    """Erase this row and what others have copied of it, and never store it again; or take that back."""

    table: str
    id: int
    undo: bool = False

    def undone(self, *, was: bool) -> str:
        """What came of taking it back."""
        if not was:
            return f"{self.table} {self.id} was not forgotten"
        return f"{self.table} {self.id} is stored again when it is read: resync {self.table} reads it now"


class Pause(Struct, frozen=True):
    """Start no cycle and no request after the page in hand."""


class Resume(Struct, frozen=True):
    """End a pause."""


class SetInterval(Struct, frozen=True):
    """Start cycles so many seconds apart, until the engine ends."""

    seconds: float


class Disable(Struct, frozen=True):
    """Do not read these tables until they are enabled, or the engine ends; their rows stay."""

    tables: tuple[str, ...]


class Enable(Struct, frozen=True):
    """Read these tables again, from where they were left."""

    tables: tuple[str, ...]


class Cancel(Struct, frozen=True):
    """Give up what waits, and what reads once more what was complete: of these tables or of all."""

    tables: tuple[str, ...] = ()


class Stop(Struct, frozen=True):
    """End gracefully; a request in flight is abandoned, a commit in hand is finished."""


Command = (
    SyncNow
    | Resync
    | Retry
    | ConfirmDeletions
    | Forget
    | Pause
    | Resume
    | SetInterval
    | Disable
    | Enable
    | Cancel
    | Stop
)


# --- from one process to another ------------------------------------------------------------------------


SINCE, UNDO = "since=", "undo"
LONGEST = 2000  # characters of an argument: the names of all tables take a third of it
LEAST, MOST = 1.0, 31_536_000.0  # seconds of an interval


def _resync(words: list[str]) -> Resync:
    since = [word.removeprefix(SINCE) for word in words if word.startswith(SINCE)]
    tables = tuple(word for word in words if not word.startswith(SINCE))
    return Resync(tables, date.fromisoformat(since[0]) if since else None)


def _interval(word: str) -> SetInterval:
    seconds = float(word)
    if not LEAST <= seconds <= MOST:
        raise ValueError(word)
    return SetInterval(seconds)


def _forget(words: list[str]) -> Forget:
    table, id_, *rest = words
    if not (id_.isascii() and id_.isdigit()) or rest not in ([], [UNDO]):
        raise ValueError(id_)
    return Forget(table, int(id_), undo=bool(rest))


def _some(words: list[str]) -> tuple[str, ...]:
    if not words:
        raise ValueError("no table is named")
    return tuple(words)


_READERS: Mapping[str, Callable[[list[str]], Command]] = {
    "pause": lambda words: Pause(*words),
    "resume": lambda words: Resume(*words),
    "sync": lambda words: SyncNow(tuple(words)),
    "resync": _resync,
    "retry": lambda words: Retry(tuple(words)),
    "confirm": lambda words: ConfirmDeletions(*words),
    "forget": _forget,
    "interval": lambda words: _interval(*words),
    "disable": lambda words: Disable(_some(words)),
    "enable": lambda words: Enable(_some(words)),
    "cancel": lambda words: Cancel(tuple(words)),
    "stop": lambda words: Stop(*words),
}


def to_words(command: Command) -> tuple[str, str]:
    """A name and its argument, as a request to another process."""
    match command:
        case SyncNow(tables):
            return "sync", " ".join(tables)
        case Resync(tables, since):
            return "resync", " ".join((*tables, f"{SINCE}{since}") if since else tables)
        case Retry(tables) | Disable(tables) | Enable(tables) | Cancel(tables):
            return type(command).__name__.lower(), " ".join(tables)
        case SetInterval(seconds):
            return "interval", f"{seconds:g}"
        case ConfirmDeletions(table):
            return "confirm", table
        case Forget():
            argument = f"{command.table} {command.id}{f' {UNDO}' if command.undo else ''}"
        case _:
            argument = ""
    return type(command).__name__.lower(), argument


def from_words(name: str, argument: str, tables: Collection[str]) -> Command:
    """The command. Raises ValueError, in words: another version may ask what this one does not know."""
    read = _READERS.get(name)
    if read is None:
        raise ValueError(f"there is no request {plain(name, 40)}")
    if len(argument) > LONGEST:
        raise ValueError(f"{name} is given more than {LONGEST} characters")
    try:
        command = read(list(dict.fromkeys(argument.split())))
    except (TypeError, ValueError):
        raise ValueError(f"{name} does not go with {plain(argument, 80) or 'nothing'}") from None
    if strange := [table for table in named(command) if table not in tables]:
        raise ValueError(f"not mirrored here: {plain(', '.join(strange), 80)}")
    return command


def named(command: Command) -> tuple[str, ...]:
    """The tables that a command speaks of; none: all, or it is not about tables."""
    match command:
        case SyncNow() | Resync() | Retry() | Disable() | Enable() | Cancel():
            return command.tables
        case ConfirmDeletions(table) | Forget(table):
            return (table,)
        case _:
            return ()
