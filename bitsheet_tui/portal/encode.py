"""Writes parameters the way the portal reads them: PHP nesting, each piece percent-encoded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from bitsheet_tui.portal.answer import Ask


def command(ask: Ask) -> str:
    """`ask` as a command of `batch`: `method?query`.

    The portal cuts it with parse_url and decodes it with parse_str, once: a `+` or a `>=` that is not
    encoded would silently become something else.
    """
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in _pairs(plain(ask.params)))
    return f"{ask.method}?{query}" if query else ask.method


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """`params` with PHP's values only: texts, numbers, lists and maps.

    Booleans become 1 and 0, instants ISO texts. A parameter that is None is left out; inside a filter
    None becomes the empty text, because a condition that vanished would widen the question. Raises
    ValueError for an empty list or map inside a parameter, for the same reason, and for a NaN.
    """
    return {key: _value(value) for key, value in params.items() if value is not None and not _hollow(value)}


def _hollow(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset) and not value


def _value(value: Any) -> Any:
    if _hollow(value):
        raise ValueError("an empty list inside a parameter would vanish on its way")
    if isinstance(value, Mapping):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("an instant without an offset would be read in the portal's own zone")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN is what differs from itself
        raise ValueError("NaN cannot be sent")
    return value if isinstance(value, int | float) else str(value)


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        items: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    else:
        yield name, str(value)
        return
    for key, item in items:
        part = quote(str(key), safe="")
        yield from _pairs(item, f"{name}[{part}]" if name else part)
