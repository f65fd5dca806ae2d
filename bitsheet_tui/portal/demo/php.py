"""What PHP makes of requests: nested parameters, casts, and how it writes JSON."""

import math
import re
from typing import Any
from urllib.parse import unquote_plus

import msgspec

_INTEGER = re.compile(r"0|-?[1-9]\d*")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_LIMIT = 2**63 - 1
_SPELLED = re.compile(rb"[/<>&'\\]")


def parse_str(query: str) -> dict[str, Any]:
    """The parameters of a query or form body, nested as PHP's `parse_str` nests them.

    `filter[>ID]=5&select[]=ID` becomes `{"filter": {">ID": "5"}, "select": ["ID"]}`; every scalar is a
    string; arrays whose keys are 0..n-1 in order become lists.
    """
    root: dict[Any, Any] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        path = _path(unquote_plus(name))
        if path:
            _store(root, path, unquote_plus(value))
    return {str(key): listed(value) for key, value in root.items()}


def _path(name: str) -> list[str]:
    name = name.lstrip(" ")
    head, bracket, rest = name.partition("[")
    head = head.replace(".", "_").replace(" ", "_")
    if not head:
        return []
    if not bracket:
        return [head]
    if "]" not in rest:
        return [f"{head}_{rest}"]
    path, at, tail = [head], 0, "[" + rest
    while match := _BRACKETS.match(tail, at):
        path.append(match[1])
        at = match.end()
    return path


def _store(root: dict[Any, Any], path: list[str], value: str) -> None:
    here = root
    for step in path[:-1]:
        key = _key(step, here)
        if not isinstance(here.get(key), dict):
            here[key] = {}
        here = here[key]
    here[_key(path[-1], here)] = value


def _key(step: str, here: dict[Any, Any]) -> Any:
    if step == "":
        return max((key for key in here if isinstance(key, int)), default=-1) + 1
    return int(step) if _INTEGER.fullmatch(step) else step


def listed(value: Any) -> Any:
    """`value` with every map whose keys are 0..n-1 in order turned into a list, at any depth."""
    if isinstance(value, list):
        return [listed(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = {key: listed(item) for key, item in value.items()}
    if items and [str(key) for key in items] == [str(n) for n in range(len(items))]:
        return list(items.values())
    return {str(key): item for key, item in items.items()}


def is_index(key: str) -> bool:
    """Whether PHP would make this string key an integer."""
    return _INTEGER.fullmatch(key) is not None


def intval(value: Any) -> int:
    """PHP's `(int)`: garbage is 0, an array that holds anything is 1."""
    match value:
        case bool() | None:
            return int(bool(value))
        case int():
            return value
        case float():
            return int(value) if math.isfinite(value) else 0
        case str():
            return _int_of_text(value)
        case _:
            return 1 if value else 0


def _int_of_text(text: str) -> int:
    match = _NUMBER.match(text)
    if match is None:
        return 0
    number = match[1]
    whole = int(number) if number.lstrip("+-").isdigit() else intval(float(number))
    return max(-_LIMIT - 1, min(_LIMIT, whole))


def floatval(value: Any) -> float:
    """PHP's `(float)`."""
    if isinstance(value, str):
        match = _NUMBER.match(value)
        return float(match[1]) if match else 0.0
    return float(intval(value)) if not isinstance(value, float) else value


def text(value: Any) -> str:
    """PHP's `(string)` of a scalar; an array is the word Array."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "Array" if isinstance(value, (dict, list)) else str(value)


def truthy(value: Any) -> bool:
    """PHP's `(bool)`: "0" is false, "false" is true."""
    return value != "0" and bool(value)


def members(value: Any) -> list[Any]:
    """The values of a PHP array; a scalar is its own only member."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else [value]


def encode(value: Any) -> bytes:
    """JSON as the portal writes it: `/` and `<>'&"` escaped, other languages as they are.

    `bytes` are not accepted: join parts that are JSON already with `array` and `object_`.
    """
    return escape(msgspec.json.encode(value))


def escape(body: bytes) -> bytes:
    """Plain JSON in the portal's spelling (these signs occur only inside JSON strings)."""
    if _SPELLED.search(body) is None:
        return body
    body = body.replace(b"\\\\", b"\0").replace(b'\\"', b"\\u0022").replace(b"\0", b"\\\\")
    for sign, spelled in _ESCAPED:
        if sign in body:
            body = body.replace(sign, spelled)
    return body


_ESCAPED = (
    (b"/", b"\\/"),
    (b"<", b"\\u003C"),
    (b">", b"\\u003E"),
    (b"&", b"\\u0026"),
    (b"'", b"\\u0027"),
)


def array(parts: list[bytes]) -> bytes:
    """A JSON list of encoded parts."""
    return b"[" + b",".join(parts) + b"]"


def object_(parts: dict[str, bytes]) -> bytes:
    """A JSON object of encoded parts."""
    return b"{" + b",".join(encode(key) + b":" + part for key, part in parts.items()) + b"}"


def map_(parts: dict[str, bytes]) -> bytes:
    """A PHP array of encoded parts: `[]` when empty, a list when its keys are 0..n-1, else an object."""
    if list(parts) == [str(n) for n in range(len(parts))]:
        return array(list(parts.values()))
    return object_(parts)
