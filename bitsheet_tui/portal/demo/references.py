"""`$result[a][49][ID]` in a batch command: what one command takes from those before it.

`modules/rest/classes/general/rest_util.php`, processBatchElement. Three ages of it, and one before it:

current  a reference that is the whole value is replaced by whatever is found, arrays too; one inside text
         only if a string or a number is found, otherwise the text stays as it is
fatal    older releases put even an array into text, which PHP 8 refuses: the whole request fails
whole    references inside text are never replaced
none     no reference is replaced
"""

import re
from collections.abc import Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Crash, Rows

_STEP = re.compile(r"\[([^\]]+)\]")


def resolved(value: Any, known: Mapping[str, Mapping[str, Any]], mode: str = "current") -> Any:
    """`value` with its references replaced, at any depth; names are never replaced."""
    if mode == "none":
        return value
    if isinstance(value, dict):
        return {key: resolved(item, known, mode) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, known, mode) for item in value]
    return _replaced(value, known, mode) if isinstance(value, str) and "$" in value else value


def _replaced(text: str, known: Mapping[str, Mapping[str, Any]], mode: str) -> Any:
    for match in re.finditer(rf"\$({'|'.join(known)})(\S*)", text, re.IGNORECASE):
        steps = _STEP.findall(match[2])
        if not steps:
            continue
        found = _walk(known[match[1].lower()], steps)
        if match[0] == text:
            return list(found) if isinstance(found, Rows) else found
        text = _embedded(text, match[0], found, mode)
    return text


def _embedded(text: str, reference: str, found: Any, mode: str) -> str:
    if isinstance(found, (str, int, float)) and not isinstance(found, bool):
        return text if mode == "whole" else text.replace(reference, php.text(found))
    if mode == "fatal":
        raise Crash
    return text


def _walk(value: Any, steps: list[str]) -> Any:
    """Follow a path as far as it exists; null does not exist."""
    for step in steps:
        found = _member(value, step)
        if found is None:
            break
        value = found
    return value


def _member(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, (list, Rows, str)) and php.is_index(step) and 0 <= int(step) < len(value):
        return value[int(step)]
    return None
