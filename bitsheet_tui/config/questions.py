"""[[question]]: the standing questions of a configuration, each checked."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bitsheet_tui.config.findings import Findings, near
from bitsheet_tui.config.settings import Question
from bitsheet_tui.config.source import Source

KEYS = ("name", "sql", "every")
UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
LEAST, GREATEST = 10.0, 31 * 86400.0
LONGEST = 60  # characters of a name
SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([a-z]+)")
COMMENT = re.compile(r"--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
ONE_SELECT = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)


def questions(source: Source, findings: Findings) -> Iterator[Question]:
    """Those that can be asked; of the others it is said what is wrong."""
    content = source.values.get("question", [])
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        findings.wrong("question", "must be written [[question]]", source.where("question"))
        return
    taken: set[str] = set()
    for number, one in enumerate(content):
        place = f"question[{number}]"
        faults = dict(_faults(one, taken))
        for key, fault in faults.items():
            where = source.where(f"{place}.{key}" if f"{place}.{key}" in source.lines else place)
            findings.wrong(f"question.{key}", fault, where)
        if not faults:
            taken.add(one["name"])
            yield Question(name=one["name"], sql=one["sql"], every=seconds(one["every"]))


def _faults(one: Mapping[str, Any], taken: set[str]) -> Iterator[tuple[str, str]]:
    """Key and what is wrong with it."""
    for key in one:
        if key not in KEYS:
            alike = near(key, KEYS)
            yield key, "no such setting" + (f"; did you mean question.{alike[0]}?" if alike else "")
    for key in KEYS:
        value = one.get(key)
        if not isinstance(value, str) or not value.strip():
            yield (
                key,
                "is missing: a question has a name, an sql and an every"
                if key not in one
                else ("must be a text that is not empty"),
            )
        elif fault := _fault(key, value, taken):
            yield key, fault


def _fault(key: str, value: str, taken: set[str]) -> str:
    if key == "name":
        if len(value) > LONGEST or not value.isprintable():
            return f"must be one line of at most {LONGEST} characters"
        return f"{value} is taken; choose another name" if value in taken else ""
    if key == "sql":
        return "" if ONE_SELECT.match(COMMENT.sub(" ", value)) else "must be one SELECT: it is only read"
    try:
        seconds(value)
    except ValueError as error:
        return str(error)
    return ""


def seconds(every: str) -> float:
    """`30s`, `5 min`, `1h`, `1d` in seconds. Raises ValueError."""
    found = SPAN.fullmatch(every.strip().lower())
    if found is None or found[2] not in UNITS:
        raise ValueError('must be a time such as "5 min", "1h" or "1d"')
    span = float(found[1]) * UNITS[found[2]]
    if not LEAST <= span <= GREATEST:
        raise ValueError("must be from 10 seconds to 31 days")
    return span
