"""The body of an answer: its JSON, of which the large parts stay packed until somebody looks at them.

An answer to a batch has 2,500 rows, which as Python objects take ten times the space of their text. So the
results of its commands are cut out of the body as they are; a page is opened to be looked at, and a row when
it is stored, and neither is kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Union, cast

import msgspec

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007 - it is recursive

LARGE = 4096  # bytes of a result from which on it stays packed
_DIGITS = 4300  # longer integers are refused by int()
_BOM = b"\xef\xbb\xbf"
_map = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decode(body: bytes | bytearray) -> Json:
    """The JSON of `body`; a large result of a batch's command is a Packed in its place.

    A lone surrogate, a number too large for a float and NaN are let through as text: one odd value must
    not hide the fifty rows around it. Raises ValueError when it is no JSON at all.
    """
    if body.startswith(_BOM):  # noqa: FURB188 - removeprefix copies a bytearray, with or without it
        body = body[len(_BOM) :]
    if len(body) > LARGE and (cut := _cut(body)) is not None:
        return cut
    return _decode(body)


class Packed:
    """A part of a body that nobody has looked at yet. It keeps the whole body alive."""

    __slots__ = ("_raw",)

    def __init__(self, raw: msgspec.Raw) -> None:
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

    def __init__(self, raw: msgspec.Raw) -> None:
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


def _cut(body: bytes | bytearray) -> Json:
    """The answer to a batch with its large results packed; None: it is something else, or odd."""
    try:
        outer = _map(body)
        inner = _map(outer["result"])
        results = _map(inner["result"])
        parts = {key: _decode(raw) for key, raw in inner.items() if key != "result"}
        packed = {key: _packed(raw) for key, raw in results.items()}
        return cast(
            "Json",
            {
                **{key: _decode(raw) for key, raw in outer.items() if key != "result"},
                "result": {"result": packed, **parts},
            },
        )
    except (ValueError, KeyError, RecursionError):
        return None


def _packed(raw: msgspec.Raw) -> Json | Packed:
    return Packed(raw) if len(memoryview(raw)) > LARGE else _decode(raw)


def _decode(body: bytes | bytearray | msgspec.Raw) -> Json:
    try:
        return cast("Json", msgspec.json.decode(body))
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
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
