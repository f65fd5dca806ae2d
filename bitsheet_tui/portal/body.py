"""The body of an answer: its JSON, of which the large parts stay packed until somebody looks at them.

An answer to a batch has 2,500 rows, which as Python objects take ten times the space of their text. So the
results of its commands are cut out of the body as they are; a page is opened to be looked at, and a row when
it is stored, and neither is kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar, Union, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007 - it is recursive

LARGE = 4096  # bytes of a result from which on it stays packed
SMALL = 2**20  # bytes that cannot hold so many values that they have to be counted
MOST_VALUES = 1_200_000  # of a body; a value is some 110 bytes at the worst (an object with one key)
MOST_AT_ONCE = 400_000  # of what becomes objects in one go
LARGEST_ODD = 8 * 2**20  # bytes of what is decoded by way of text, which takes eight times as much
_DIGITS = 4300  # longer integers are refused by int()
_QUOTE = ord('"')
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{\[,]', re.DOTALL)
_map = msgspec.json.Decoder(dict[str, Raw]).decode
_list = msgspec.json.Decoder(list[Raw]).decode
Names = TypeVar("Names")


class TooMany(ValueError):
    """There are more values than `most`, which is all that we are willing to make objects of."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} values")
        self.most = most


class _Maps(Struct, Generic[Names]):
    """The five maps of a batch."""

    result: Names
    result_error: Raw | UnsetType = UNSET
    result_total: Raw | UnsetType = UNSET
    result_next: Raw | UnsetType = UNSET
    result_time: Raw | UnsetType = UNSET


class _Batch(Struct, Generic[Names]):
    """The answer to a batch, whatever else stands in it."""

    result: _Maps[Names]
    time: Raw | UnsetType = UNSET


def decode(body: bytes | bytearray, commands: Collection[str] = ()) -> Json:
    """The JSON of `body`; a large result of one of the batch's `commands` is a Packed in its place.

    A lone surrogate, a number too large for a float and NaN are let through as text: one odd value must
    not hide the fifty rows around it. Raises ValueError when it is no JSON at all, or is nested deeper than
    the interpreter goes (some thousand levels), and TooMany before a value of it becomes an object.
    """
    if body.startswith(_BOM):  # noqa: FURB188 - removeprefix copies a bytearray, with or without it
        body = body[len(_BOM) :]
    if len(body) > LARGE and commands:
        _need_fewer(body, MOST_VALUES)
        if (cut := _cut(body, tuple(commands))) is not None:
            return cut
    _need_fewer(body, MOST_AT_ONCE)
    return _decode(body)


class Packed:
    """A part of a body that nobody has looked at yet. It keeps the whole body alive."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    @property
    def size(self) -> int:
        """How many bytes of the body it is."""
        return len(memoryview(self._raw))

    def open(self) -> Json:
        """What it is. Raises ValueError when it is no JSON."""
        return _decode(self._raw)

    def rows(self, wrapper: str) -> list[PackedRow]:
        """Its rows, still packed, when it is a list, or an object that has one at `wrapper`; else none."""
        try:
            raw = _map(self._raw)[wrapper] if wrapper else self._raw
            return [PackedRow(one) for one in _list(raw)]
        except (ValueError, KeyError):
            return []


class PackedRow(Mapping[str, Any]):
    """A row that is opened anew for everything that is asked of it; `opened` does it once for all."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def __getitem__(self, key: str) -> Any:
        return self.open()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.open())

    def __len__(self) -> int:
        return len(self.open())

    def open(self) -> dict[str, Any]:
        """All of it."""
        return cast("dict[str, Any]", _decode(self._raw))


def opened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row as it is, or opened."""
    return row.open() if isinstance(row, PackedRow) else row


@lru_cache(maxsize=32)
def _batch_of(commands: tuple[str, ...]) -> Any:
    """A decoder for the answer to these commands: what was not asked for is refused, and not collected."""
    return msgspec.json.Decoder(_Batch[dict[Literal[commands], Raw]])  # type: ignore[valid-type]


def _cut(body: bytes | bytearray, commands: tuple[str, ...]) -> Json:
    """The answer to a batch with its large results packed; None: it is something else, or odd."""
    try:
        batch = _batch_of(commands).decode(body)
        rest = {name: getattr(batch.result, name) for name in _Maps.__struct_fields__[1:]}
        parts = {name: _bounded(raw) for name, raw in rest.items() if raw is not UNSET}
        packed = {name: _packed(raw) for name, raw in batch.result.result.items()}
        time = {} if batch.time is UNSET else {"time": _bounded(batch.time)}
    except TooMany:
        raise
    except (ValueError, RecursionError):
        return None
    return cast("Json", {"result": {"result": packed, **parts}, **time})


def _packed(raw: Raw) -> Json | Packed:
    if len(memoryview(raw)) <= LARGE:
        return _decode(raw)
    _need_fewer(raw, MOST_AT_ONCE)
    return Packed(raw)


def _bounded(raw: Raw) -> Json:
    _need_fewer(raw, MOST_AT_ONCE)
    return _decode(raw)


def _need_fewer(body: bytes | bytearray | Raw, most: int) -> None:
    """Raises TooMany where `body` has more than so many values.

    Each begins with a bracket, or stands behind one or a comma. Those within texts count as well at first,
    for that is quick; only where it makes too many are the texts left out.
    """
    if len(memoryview(body)) <= SMALL:
        return
    data = bytes(body) if isinstance(body, Raw) else body
    if data.count(b",") + data.count(b"{") + data.count(b"[") <= most:
        return
    left = most
    for token in _TOKEN.finditer(data):
        left -= data[token.start()] != _QUOTE
        if left < 0:
            raise TooMany(most)


def _decode(body: bytes | bytearray | Raw) -> Json:
    try:
        return cast("Json", msgspec.json.decode(body))
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        if len(memoryview(body)) > LARGEST_ODD:
            raise
        return _decode_odd(bytes(body))


def _decode_odd(body: bytes) -> Json:
    try:
        return cast(
            "Json",
            json.loads(
                body.decode("utf-8", errors="replace"),
                strict=False,
                parse_constant=str,
                parse_int=lambda text: int(text) if len(text) <= _DIGITS else text,
                parse_float=lambda text: float(text) if math.isfinite(float(text)) else text,
            ),
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
