"""Standing questions: what of an answer was not there before, and what of it is told. Pure."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bitsheet_tui.config.settings import Question
from bitsheet_tui.notify.policy import News
from bitsheet_tui.text import plain

MOST_TOLD = 10  # rows of a message
LONGEST = 200  # characters of a row
Row = Sequence[Any]


class Seen(Struct, frozen=True, kw_only=True):
    """The last answer of a question: a digest of each row, and of the question itself."""

    question: str
    rows: frozenset[str]


def compare(
    question: Question, columns: Sequence[str], rows: Sequence[Row], before: Seen | None
) -> tuple[News | None, Seen]:
    """What is new in the answer, and what it is from now on.

    The first answer, and that to a question which was changed, tells nothing: everything in it would be new.
    A row that was gone and comes back is new.
    """
    seen = Seen(question=_digest((question.sql,)), rows=frozenset(map(_digest, rows)))
    if before is None or before.question != seen.question or seen.rows <= before.rows:
        return None, seen
    fresh = [row for row in rows if _digest(row) not in before.rows]
    lines = tuple(_line(columns, row) for row in fresh[:MOST_TOLD])
    if len(fresh) > MOST_TOLD:
        lines = (*lines, "…")
    return News(name=plain(question.name, 60), lines=lines, count=len(fresh)), seen


def _digest(row: Row) -> str:
    text = "\0".join(f"{type(value).__name__} {value}" for value in row)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _line(columns: Sequence[str], row: Row) -> str:
    """`id 5, title Big one`; what is empty is left out."""
    told = [
        f"{name} {plain(value, 80)}" for name, value in zip(columns, row, strict=True) if value is not None
    ]
    return plain(", ".join(told) or "-", LONGEST)


def encode(seen: Seen) -> str:
    """For the store."""
    return msgspec.json.encode(seen).decode()


def decode(text: str) -> Seen | None:
    """What `encode` made; None where it is something else."""
    try:
        return msgspec.json.decode(text, type=Seen)
    except msgspec.DecodeError:
        return None
