"""Values of the mirror as people read them, on either database."""

import json
from datetime import date, datetime, tzinfo
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import number, t

SHORT = 300  # letters of a value in a list
LONG = 200_000  # of one that is looked at by itself


def brief(kind: Kind, value: Any, zone: tzinfo | None) -> str:
    """On one line, for a list; nothing for no value."""
    if value is None:
        return ""
    if kind is Kind.BOOLEAN:
        return t("yes") if value else t("no")
    if kind is Kind.INSTANT:
        return moment(value, zone)
    if kind is Kind.NUMERIC:
        money = value % 1 and round(value, 2) == value
        return plain(number(f"{value:,.2f}" if money else f"{value:,}"), 40)
    return plain(value, SHORT)


def moment(value: Any, zone: tzinfo | None) -> str:
    """`2026-11-24 10:02:13` on the clock on the wall."""
    at = instant(value)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else plain(value, 40)


def instant(value: Any) -> datetime | None:
    """The moment that a database gave as text or as itself."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def whole(kind: Kind, value: Any, zone: tzinfo | None) -> list[str]:
    """All of it, line by line; lists and maps with a line for each of their parts."""
    if value is None:
        return [f.UNKNOWN]
    if kind is Kind.JSON:
        return pretty(value)
    if kind is Kind.TEXT:
        return [plain(row, LONG) for row in str(value)[:LONG].splitlines()] or [""]
    return [brief(kind, value, zone)]


def pretty(document: Any) -> list[str]:
    """JSON with a line for each part; a text that is none, as it is."""
    try:
        data = json.loads(document) if isinstance(document, str) else document
        spelt = json.dumps(data, ensure_ascii=False, indent=2, default=bare)
    except (ValueError, TypeError, RecursionError):
        spelt = str(document)
    return [plain(row, LONG) for row in spelt[:LONG].splitlines()]


def bare(value: Any) -> Any:
    """A value of a database as a value of JSON."""
    return value.isoformat() if isinstance(value, date) else str(value)
