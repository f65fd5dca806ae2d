"""Walks through the rows of a table by id, a bounded piece at a time: a million rows keep nobody waiting.

A piece covers `span` ids, so it looks at no more than `span` rows, whatever it looks for and however few it
finds. Whoever walks decides after each piece whether to go on. No index is needed beyond the primary key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database, Row
from bitsheet_tui.store.dialects import Dialect, quote
from bitsheet_tui.store.layout import DELETED, RAW, SYNCED, Column

Key = tuple[Any, ...]
SEARCHED = frozenset({Kind.TEXT, Kind.JSON})
LONGEST = 5_000  # letters that are looked for; SQLite takes patterns of 50,000 bytes
DEEP = 50  # SQLite takes a thousand levels of an expression


class Wanted(Struct, frozen=True, kw_only=True):
    """Which rows to find. Empty: all."""

    term: str = ""  # stands in some text of the row
    deleted: bool | None = None  # only those that are marked, or only the others
    since: datetime | None = None  # changed in the mirror since then

    def __bool__(self) -> bool:
        return bool(self.term) or self.deleted is not None or self.since is not None


class Aim(Struct, frozen=True, kw_only=True):
    """What to find, in which columns its term may stand, and which expressions over the row `t` to give."""

    wanted: Wanted
    searched: Sequence[Column] = ()
    shown: Sequence[str] = ()


class Place(Struct, frozen=True):
    """Where a walk goes on: in which part of the key, and the id that is not looked at any more."""

    part: int
    edge: int


class Ground(Struct, frozen=True, kw_only=True):
    """The rows to walk over: the key's parts before the id, each with its lowest and highest id."""

    table: str
    key: tuple[str, ...]
    parts: tuple[tuple[Key, int, int], ...]

    def share(self, place: Place | None, *, down: bool) -> float:
        """How much of the ids lies behind, between 0 and 1."""
        total = sum(high - low + 1 for _, low, high in self.parts)
        if place is None or not total:
            return 1.0
        done = 0
        for number, (_, low, high) in enumerate(self.parts):
            if number == place.part:
                done += high - place.edge + 1 if down else place.edge - low + 1
            elif (number < place.part) is down:
                done += high - low + 1
        return max(0.0, min(1.0, done / total))


class Piece(Struct, frozen=True, kw_only=True):
    """What a piece of the walk found. `rows`: the key, when it went, then the columns asked for."""

    rows: tuple[Row, ...]
    on: Place | None  # where to go on; None: the end was reached


def ground(database: Database, table: str, key: tuple[str, ...]) -> Ground:
    """Where the rows of a table lie; the parts of a longer key in their own order."""
    *before, last = key
    parts: list[tuple[Key, int, int]] = []
    for prefix in _prefixes(database, table, before[0]) if before else [()]:
        where = f" WHERE {quote(before[0])} = {database.dialect.mark}" if before else ""
        ends = f"min({quote(last)}), max({quote(last)})"
        ((low, high),) = database.rows(f"SELECT {ends} FROM {quote(table)}{where}", prefix)  # noqa: S608
        if low is not None:
            parts.append((prefix, low, high))
    return Ground(table=table, key=key, parts=tuple(parts))


def _prefixes(database: Database, table: str, name: str) -> list[Key]:
    """Each value of the first column of the key, a step in the index for each."""
    found: list[Key] = []
    where = ""
    while True:
        sql = f"SELECT min({quote(name)}) FROM {quote(table)}{where}"  # noqa: S608 - quoted names
        ((value,),) = database.rows(sql, found[-1] if found else ())
        if value is None:
            return found
        found.append((value,))
        where = f" WHERE {quote(name)} > {database.dialect.mark}"


def begin(ground: Ground, *, down: bool) -> Place | None:
    """The first place of a walk; None where there is nothing."""
    return _enter(ground, 0 if down else len(ground.parts) - 1, down=down)


def _enter(ground: Ground, part: int, *, down: bool) -> Place | None:
    if not 0 <= part < len(ground.parts):
        return None
    _, low, high = ground.parts[part]
    return Place(part, high + 1 if down else low - 1)


def beside(ground: Ground, key: Key) -> Place | None:
    """The place from which a walk goes on, in either direction, without the row of that key."""
    parts = [prefix for prefix, _, _ in ground.parts]
    return Place(parts.index(key[:-1]), key[-1]) if key[:-1] in parts else None


def piece(
    database: Database, ground: Ground, aim: Aim, place: Place, *, down: bool, span: int, limit: int
) -> Piece:
    """Look at the next `span` ids, and stop at the `limit`th row that fits."""
    prefix, _, _ = ground.parts[place.part]
    low, high = (place.edge - span, place.edge - 1) if down else (place.edge + 1, place.edge + span)
    conditions, parameters = _where(ground, aim, prefix, database.dialect)
    id_, mark = f"t.{quote(ground.key[-1])}", database.dialect.mark
    keys = ", ".join(f"t.{quote(name)}" for name in ground.key)
    columns = "".join(f", {expression}" for expression in aim.shown)
    rows = database.rows(
        f"SELECT {keys}, t.{quote(DELETED)}{columns} FROM {quote(ground.table)} t"  # noqa: S608 - quoted
        f" WHERE {id_} >= {mark} AND {id_} <= {mark}{conditions}"
        f" ORDER BY {id_} {'DESC' if down else 'ASC'} LIMIT {limit:d}",
        [low, high, *parameters],
    )
    if len(rows) >= limit:
        on: Place | None = Place(place.part, rows[-1][len(ground.key) - 1])
    else:
        on = _onwards(database, ground, Place(place.part, low if down else high), aim.wanted, down=down)
    return Piece(rows=tuple(rows), on=on)


def _onwards(database: Database, ground: Ground, last: Place, wanted: Wanted, *, down: bool) -> Place | None:
    """Past the gap behind the ids that were looked at, to the next id there is, or the next part."""
    prefix, _, _ = ground.parts[last.part]
    conditions, parameters = _where(
        ground, Aim(wanted=Wanted(deleted=wanted.deleted)), prefix, database.dialect
    )
    id_, mark = f"t.{quote(ground.key[-1])}", database.dialect.mark
    nearest, side = ("max", "<") if down else ("min", ">")
    ((found,),) = database.rows(
        f"SELECT {nearest}({id_}) FROM {quote(ground.table)} t"  # noqa: S608 - quoted names
        f" WHERE {id_} {side} {mark}{conditions}",
        [last.edge, *parameters],
    )
    if found is not None:
        return Place(last.part, found + 1 if down else found - 1)
    return _enter(ground, last.part + (1 if down else -1), down=down)


def _where(ground: Ground, aim: Aim, prefix: Key, dialect: Dialect) -> tuple[str, list[Any]]:
    wanted = aim.wanted
    parts = [f"t.{quote(name)} = {dialect.mark}" for name in ground.key[:-1]]
    parameters: list[Any] = list(prefix)
    if wanted.deleted is not None:
        parts.append(f"t.{quote(DELETED)} IS {'NOT ' if wanted.deleted else ''}NULL")
    if wanted.since is not None:
        parts.append(f"t.{quote(SYNCED)} >= {dialect.mark}")
        parameters.append(dialect.encode(Kind.INSTANT, wanted.since.replace(microsecond=0)))
    if wanted.term:
        likes, patterns = _likes(wanted.term, aim.searched, dialect)
        parts.append(likes)
        parameters += patterns
    return "".join(f" AND {part}" for part in parts), parameters


def _likes(term: str, searched: Sequence[Column], dialect: Dialect) -> tuple[str, list[Any]]:
    """`term` in any of the columns, in any case.

    SQLite folds the case of ASCII only, so other letters are tried as they are usually written.
    """
    sqlite = dialect.name == "sqlite"
    spellings = (
        [term] if term.isascii() else list(dict.fromkeys((term, term.lower(), term.upper(), term.title())))
    )
    like = f"LIKE {dialect.mark} ESCAPE '\\'" if sqlite else f"ILIKE {dialect.mark}"
    tests: list[str] = []
    parameters: list[Any] = []
    for column in searched:
        name = f"t.{quote(str(column.name))}"
        name = f"CAST({name} AS TEXT)" if column.field.kind is Kind.JSON and not sqlite else name
        for spelling in spellings if sqlite else [term]:
            tests.append(f"{name} {like}")
            parameters.append(f"%{_literally(spelling[:LONGEST])}%")
    groups = [f"({' OR '.join(group)})" for group in chunks(tests, DEEP)]
    return f"({' OR '.join(groups)})" if groups else "1 = 0", parameters


def _literally(term: str) -> str:
    return term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def searchable(columns: Sequence[Column]) -> list[Column]:
    """The columns that hold text of the portal."""
    return [
        column
        for column in columns
        if column.name and not column.retired and column.name != RAW and column.field.kind in SEARCHED
    ]
