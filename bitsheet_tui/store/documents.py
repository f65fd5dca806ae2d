"""Stored values as JSON, as the change feed shows them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bitsheet_tui.fields import Kind

_encoder = msgspec.json.Encoder(decimal_format="number")


def value(kind: Kind, stored: Any) -> Any:
    """A stored value as `encode` takes it, the same on both databases."""
    if stored is None:
        return None
    shown = _SHOWN.get(kind)
    return stored if shown is None else shown(stored)


def column(kind: Kind, stored: Sequence[Any]) -> Sequence[Any]:
    """The same for the values of a column."""
    shown = _SHOWN.get(kind)
    return stored if shown is None else [None if one is None else shown(one) for one in stored]


def encode(document: Any) -> str:
    """JSON, without a space."""
    return _encoder.encode(document).decode()


def _iso(moment: Any) -> str:
    return moment if isinstance(moment, str) else str(moment.isoformat())


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


_SHOWN: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.BOOLEAN: bool,
    Kind.INSTANT: _iso,
    Kind.DATE: _iso,
    Kind.JSON: _raw,
}
