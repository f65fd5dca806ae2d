"""What an instance tells its viewers, and they ask of it: JSON, a line each.

First `hello`, which says who it is. Then the picture as a whole, `picture`. From then on events as they
happen, each by its name, log lines, `log`, and answers, `answer`. A viewer that was too slow gets the picture
as a whole again.
"""

from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.ring import LogLine
from bitsheet_tui.state import EngineState

VERSION = 1
LONGEST = 4096  # bytes of a viewer's line
_EVENTS: dict[str, type] = {kind.__name__: kind for kind in get_args(e.Event)}
_AS_EVENTS = ("trouble", "waiting")  # parts of the picture that are one event or another: they bring its name
_FIELDS = {
    name: hint for name, hint in get_type_hints(EngineState).items() if name not in (*_AS_EVENTS, "attached")
}


class Garbled(Exception):
    """What came through the socket is none of the above."""


class Hello(Struct, frozen=True):
    """Which instance it is, and how it speaks."""

    pid: int
    host: str
    since: datetime
    version: int = VERSION
    log: str = ""  # its log file, by the least level that it has: `INFO /var/log/bitsheet.log`


class Asked(Struct, frozen=True):
    """What a viewer wants done: a command in words."""

    name: str
    argument: str = ""


class Answer(Struct, frozen=True):
    """What was done about it."""

    text: str


Told = Hello | EngineState | e.Event | LogLine | Answer


class _Line(msgspec.Struct):
    kind: str
    data: msgspec.Raw


def hello(said: Hello) -> bytes:
    """The first line."""
    return _line("hello", said)


def picture(state: EngineState) -> bytes:
    """The whole picture."""
    whole = {name: getattr(state, name) for name in _FIELDS}
    events = {name: getattr(state, name) for name in _AS_EVENTS}
    return _line("picture", whole | {name: _tagged(event) for name, event in events.items() if event})


def _tagged(event: e.Event) -> dict[str, object]:
    return {"kind": type(event).__name__, "data": event}


def event(happened: e.Event) -> bytes:
    """What happened."""
    return _line(type(happened).__name__, happened)


def log(line: LogLine) -> bytes:
    """A line of the log."""
    return _line("log", line)


def answer(text: str) -> bytes:
    """What was done about something a viewer asked."""
    return _line("answer", Answer(text))


def asked(name: str, argument: str) -> bytes:
    """What a viewer asks."""
    return _line("ask", Asked(name, argument))


def _line(kind: str, data: object) -> bytes:
    return msgspec.json.encode({"kind": kind, "data": data}) + b"\n"


def read(line: bytes) -> Told:
    """What an instance told. Raises Garbled."""
    kind, data = _open(line)
    if kind == "picture":
        return _picture(data)
    simple: dict[str, type] = {"hello": Hello, "log": LogLine, "answer": Answer}
    wanted = simple.get(kind) or _EVENTS.get(kind)
    if wanted is None:
        raise Garbled(f"there is no {kind[:40]}")
    return _read(data, wanted)  # type: ignore[no-any-return]


def read_asked(line: bytes) -> Asked:
    """What a viewer asked. Raises Garbled."""
    kind, data = _open(line)
    if kind != "ask":
        raise Garbled("only requests are taken")
    return _read(data, Asked)  # type: ignore[no-any-return]


def _open(line: bytes) -> tuple[str, msgspec.Raw]:
    opened = _read(line, _Line)
    return opened.kind, opened.data


def _read(data: bytes | msgspec.Raw, wanted: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Garbled(str(error)) from None


def _picture(data: msgspec.Raw) -> EngineState:
    """Fields that this version does not know are left out; those that are missing keep their defaults."""
    raw = _read(data, dict[str, msgspec.Raw])
    known = {name: _read(raw[name], hint) for name, hint in _FIELDS.items() if name in raw}
    events = {name: read(bytes(raw[name])) for name in _AS_EVENTS if name in raw}
    return replace(EngineState(), **known, **events)
