"""Strings, numbers and names that must do no harm."""

from __future__ import annotations

import math
from typing import Any

TEXTS: tuple[str, ...] = (
    "x'; DROP TABLE deals; --",
    'x"; DROP TABLE deals; --',
    "%s %(x)s ? :x {x} {{x}} $1 \\",
    "100 %",
    "\x1b]52;c;aGVsbG8=\x07\x1b[31mred\x9b31m",
    "[@click=app.quit]title[/] [/b]",
    "=HYPERLINK(\"http://evil\")",
    "\u202e\u2066gnp.exe\u200b\ufeff",
    "a\u0300" * 50,
    "line\nbreak\r\n\ttab",
    "\N{PILE OF POO}\N{FAMILY}",
    "\\N",
    "\\.",
    "NULL",
    "Привет, мир",
    "x" * 100_000,
)  # fmt: skip
"""Each can be stored as it is."""

MENDED: tuple[tuple[str, str], ...] = (
    ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
    ("\ud800", "\N{REPLACEMENT CHARACTER}"),
    ("a\udfffb\0", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
)
"""What no database holds, and what is stored instead."""


def deep(levels: int) -> list[Any]:
    """A list in a list in a list."""
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


POISON: tuple[tuple[str, Any], ...] = (
    ("integer", 2**63),
    ("integer", -(2**63) - 1),
    ("integer", "9" * 40),
    ("integer", "seven"),
    ("integer", "1_000"),
    ("integer", 1.5),
    ("integer", [1]),
    ("integer", {"a": 1}),
    ("integer", math.nan),
    ("numeric", "NaN"),
    ("numeric", "Infinity"),
    ("numeric", math.inf),
    ("numeric", "1e400"),
    ("numeric", "1e-2000"),
    ("numeric", "12,50"),
    ("numeric", "1_000"),
    ("numeric", "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}"),
    ("numeric", [1]),
    ("boolean", "maybe"),
    ("boolean", 2),
    ("boolean", ["Y"]),
    ("instant", 5),
    ("instant", "yesterday"),
    ("instant", "30.08.2024 14:29:00"),
    ("instant", "2024-02-30T00:00:00+00:00"),
    ("date", "soon"),
    ("date", "2024-02-30"),
    ("instant", ["2024-08-30T14:29:00+02:00"]),
    ("date", {"a": 1}),
    ("json", deep(100)),
    ("json", [math.nan]),
    ("json", {"a": [math.inf]}),
    ("json", [10**5000]),
    ("text", deep(100)),
    ("text", [math.nan]),
)
"""(kind, value) that cannot be stored."""

NAMES: tuple[str, ...] = (
    'x"; DROP TABLE deals; --',
    "x'; DROP TABLE deals; --",
    "%s",
    "%",
    "?",
    " ",
    "\N{PILE OF POO}",
    "\x1b[31m",
    "SELECT",
    "ORDER",
    "user",
    "UF_CRM_" + "LONG" * 30,
    "UF_CRM_" + "LONG" * 31,
    "UF_ДОГОВОР",
    "UF_договор",
    "1ST",
    "A B",
    "a.b",
    "UF_A",
    "uf_a",
    "Uf_A",
    "_SYNCED_AT",
    "_DELETED_AT",
    "_RAW",
    "EXTRA",
    "OID",
    "ROWID",
    "CTID",
    "XMIN",
    "TABLEOID",
)
"""Names of fields; the last are columns that a database has already."""
