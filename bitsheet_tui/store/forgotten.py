"""Rows of the portal of which nothing is kept: people who are forgotten.

Such a row is erased with its contact points, its history, what waits of it and what others copied of it, and
its id is noted. From then on it is left out wherever rows are stored or compared, and counts as one that the
mirror has wherever ids are counted: the portal has it, and it is not asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.fields import Kind
from bitsheet_tui.privacy import values
from bitsheet_tui.privacy.rules import Rules
from bitsheet_tui.store import documents, feed, layout
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.feed import Op, When
from bitsheet_tui.store.layout import Column, Layout
from bitsheet_tui.store.models import ForgottenRecord
from bitsheet_tui.store.privacy import AUTHOR_NAME, COMMENTS, COMMUNICATIONS, FILES, Changed, unsigned
from bitsheet_tui.store.redaction import Lots, Some, Target

PEOPLE = ("leads", "contacts", "companies", "users")  # of whom others have copies
TABLES = (*PEOPLE, "deals", "activities")  # of which a row can be forgotten
NAMES = ("NAME", "SECOND_NAME", "LAST_NAME")
REACHED = ("PHONE", "EMAIL")
# fields in which people write, or which the portal fills with names
TEXTS = frozenset(
    "TITLE SUBJECT DESCRIPTION COMMENTS SOURCE_DESCRIPTION ADDITIONAL_INFO COMPANY_TITLE TEXT".split()
)
SHORTEST = 5  # characters of a name that is looked for in texts
SHOWN = 20  # ids of a report
Known = Mapping[str, tuple[Layout, Sequence[Column]]]


class Erased(Struct, kw_only=True):
    """What was erased, by place, and which texts still have the name: nobody changes what people wrote."""

    table: str
    id: int
    counts: dict[str, int] = field(default_factory=dict)
    remains: dict[str, list[str]] = field(default_factory=dict)
    cleaned: bool | None = None

    def line(self) -> str:
        """One sentence or two."""
        told = [f"{number:,} in {place}" for place, number in self.counts.items() if number]
        said = f"{self.table} {self.id} is forgotten: {', '.join(told) or 'there was nothing of it'}"
        rest = [f"{place} ({', '.join(ids[:SHOWN])})" for place, ids in self.remains.items()]
        return f"{said}; texts that still have the name, not changed: {', '.join(rest)}" if rest else said


def load(database: Database) -> dict[str, frozenset[int]]:
    """The ids of every table that are forgotten."""
    found: dict[str, set[int]] = {}
    for table, id_ in database.rows("SELECT table_name, row_id FROM bitsheet_forgotten"):
        found.setdefault(table, set()).add(id_)
    return {table: frozenset(ids) for table, ids in found.items()}


def living(database: Database, mine: Layout, above: int, upto: int | None) -> list[int]:
    """The forgotten ids in (above, upto] that the portal still has, as far as is known."""
    if not mine.forgotten:
        return []
    found = database.rows(
        "SELECT row_id FROM bitsheet_forgotten"  # noqa: S608 - a mark
        f" WHERE table_name = {database.dialect.mark} AND gone_at IS NULL",
        (mine.table.name,),
    )
    return sorted(id_ for (id_,) in found if id_ > above and (upto is None or id_ <= upto))


def gone(database: Database, mine: Layout, ids: Collection[int], when: When) -> int:
    """The portal does not have these any more; how many of them are forgotten and were there."""
    there = set(living(database, mine, 0, None)).intersection(ids)
    _note(database, mine.table.name, there, when.at)
    return len(there)


def returned(database: Database, table: str, ids: Collection[int]) -> None:
    """The portal has these, which are forgotten."""
    _note(database, table, ids, None)


def _note(database: Database, table: str, ids: Collection[int], at: datetime | None) -> None:
    mark = database.dialect.mark
    moment = ForgottenRecord.gone_at.db_value(at)
    there = "gone_at IS NULL" if at else "gone_at IS NOT NULL"
    database.many(
        f"UPDATE bitsheet_forgotten SET gone_at = {mark}"  # noqa: S608 - marks
        f" WHERE table_name = {mark} AND row_id = {mark} AND {there}",
        [(moment, table, id_) for id_ in ids],
    )


def remember(database: Database, table: str, id_: int) -> bool:
    """Take it back: the row is stored again when it is read; whether it was forgotten."""
    mark = database.dialect.mark
    here = f"WHERE table_name = {mark} AND row_id = {mark}"
    there = database.rows(f"SELECT 1 FROM bitsheet_forgotten {here}", (table, id_))  # noqa: S608
    database.execute(f"DELETE FROM bitsheet_forgotten {here}", (table, id_))  # noqa: S608
    return bool(there)


def forget(database: Database, known: Known, table: str, id_: int, when: When) -> Erased:
    """Erase the row and what is known of it elsewhere, and note its id. Again does no harm.

    The row and all that has its id go in one transaction; copies in other rows some at a time after it.
    """
    erased = Erased(table=table, id=id_)
    words: list[str] = []
    again = False

    def work() -> None:
        nonlocal again
        erased.counts.clear()
        again = id_ in load(database).get(table, ())
        words[:] = _words(database, known, table, id_)
        _erase(database, known, erased, when)
        _hush(database, words, erased)

    database.write(work)
    for place, number in _copies(database, known, table, id_, when):
        erased.counts[place] = erased.counts.get(place, 0) + number
    _tell_copies(database, known, erased, again=again, when=when)
    if words:
        erased.remains = dict(database.read(lambda: [*_remains(database, known, words)]))
    return erased


def _erase(database: Database, known: Known, erased: Erased, when: When) -> None:
    table, id_, mark, counts = erased.table, erased.id, database.dialect.mark, erased.counts
    ForgottenRecord.insert(table_name=table, row_id=id_, at=when.at).on_conflict_ignore().execute(
        database.peewee
    )
    here = f"WHERE table_name = {mark} AND row_id = {mark}"
    key = (table, str(id_))
    if table in known:
        counts[table] = _run(database, f"DELETE FROM {quote(table)} WHERE id = {mark}", (id_,))  # noqa: S608
    counts["contact_points"] = _run(
        database,
        f"DELETE FROM contact_points WHERE owner_table = {mark} AND owner_id = {mark}",  # noqa: S608
        (table, id_),
    )
    counts["bitsheet_changes"] = _run(
        database,
        f"UPDATE bitsheet_changes SET before = NULL, after = NULL {here}"  # noqa: S608
        " AND (before IS NOT NULL OR after IS NOT NULL) AND NOT (op = 'delete' AND before IS NULL)",
        key,
    )
    for name in ("bitsheet_quarantine", "bitsheet_untold"):
        counts[name] = _run(database, f"DELETE FROM {name} {here}", key)  # noqa: S608
    marker = documents.encode({"forgotten": True})
    feed.append(database, table, when, [(str(id_), Op.DELETE, None, marker)])


def _tell_copies(database: Database, known: Known, erased: Erased, *, again: bool, when: When) -> None:
    """Let whoever copied the mirror read the rows anew that had copies; whoever was killed may not have."""
    fields = [AUTHOR_NAME, FILES] if erased.table == "users" else [COMMUNICATIONS]
    table = COMMENTS if erased.table == "users" else "activities"
    if erased.table not in PEOPLE or table not in known or not (again or erased.counts.get(table)):
        return
    marker = documents.encode({"phase": "redacted", "fields": [name.lower() for name in fields]})
    database.write(lambda: feed.append(database, table, when, [(None, Op.SNAPSHOT, None, marker)]))


def _run(database: Database, sql: str, parameters: Sequence[Any]) -> int:
    return max(0, int(database.execute(sql, parameters).rowcount))


def _words(database: Database, known: Known, table: str, id_: int) -> list[str]:
    """What others may have written of somebody: names, phones, addresses; as far as the row has them."""
    if table not in PEOPLE or table not in known:
        return []
    _, columns = known[table]
    wanted = [c for c in columns if c.name and c.field.name in (*NAMES, *REACHED, "TITLE")]
    if not wanted:
        return []
    chosen = ", ".join(quote(str(column.name)) for column in wanted)
    found = database.rows(
        f"SELECT {chosen} FROM {quote(table)} WHERE id = {database.dialect.mark}",  # noqa: S608 - quoted
        (id_,),
    )
    if not found:
        return []
    row = {column.field.name: value for column, value in zip(wanted, found[0], strict=True) if value}
    first, last = (str(row.get(name, "")).strip() for name in ("NAME", "LAST_NAME"))
    words = [f"{first} {last}", f"{last} {first}"] if first and last else []
    words += [str(row["TITLE"])] if table == "companies" and "TITLE" in row else []
    for name in REACHED:
        words += _reached(str(row.get(name, "")))
    return [word for word in dict.fromkeys(words) if len(word) >= SHORTEST]


def _reached(text: str) -> list[str]:
    if not text.startswith(("[", "{")):
        return [text] if text else []
    found = json.loads(text)
    entries = found.values() if isinstance(found, dict) else found
    return [str(one["VALUE"]) for one in entries if isinstance(one, dict) and one.get("VALUE")]


def _hush(database: Database, words: Sequence[str], erased: Erased) -> None:
    """Alerts and errors of the past have none of these words."""
    mark = database.dialect.mark
    places = (("bitsheet_alerts", "text"), ("bitsheet_alerts", "hint"), ("bitsheet_table_runs", "error"))
    for table, column in places:
        for word in words:
            erased.counts[table] = erased.counts.get(table, 0) + _run(
                database,
                f"UPDATE {table} SET {column} = replace({column}, {mark}, '…')"  # noqa: S608 - our names
                f" WHERE {column} LIKE {mark}",
                (word, f"%{word}%"),
            )


def _copies(database: Database, known: Known, table: str, id_: int, when: When) -> Iterator[tuple[str, int]]:
    """Take the person out of what other rows copied; (place, how many)."""
    if table in PEOPLE and table != "users" and "activities" in known:
        mine, columns = known["activities"]
        change = values.within_communications(Rules(), _never, {table: {id_}})
        for target in _named(columns, COMMUNICATIONS, change, mine):
            text = "CAST({} AS TEXT) LIKE " + database.dialect.mark
            like = f'%"ENTITY_ID"%{id_}%'
            column = quote(str(target.column.name))
            yield from _through(
                database, mine, [target], (text.format(column), (like,)),
                (f"({text.format('before')} OR {text.format('after')})", (like, like)), when,
            )  # fmt: skip
    if table == "users" and COMMENTS in known:
        mine, columns = known[COMMENTS]
        mark = database.dialect.mark
        one_line = f"row_id IN (SELECT source || ':' || id FROM {COMMENTS} WHERE author_id = {mark})"  # noqa: S608
        for target in (Target(column=c, change=None) for c in columns if c.field.name == AUTHOR_NAME):
            theirs = (f"author_id = {mark}", (id_,))
            yield from _through(database, mine, [target], theirs, (one_line, (id_,)), when)

        def unsigned_files(document: str) -> str:
            return values.spelt([unsigned(entry, {str(id_)}) for entry in json.loads(document)])

        like = f'%"authorId"%{id_}%'
        text = f"CAST({{}} AS TEXT) LIKE {mark}"
        for target in _named(columns, FILES, unsigned_files, mine):
            column = quote(str(target.column.name))
            lines = (f"({text.format('before')} OR {text.format('after')})", (like, like))
            yield from _through(database, mine, [target], (text.format(column), (like,)), lines, when)


def _never(rule: object) -> values.Change:
    raise AssertionError(rule)


def _named(columns: Sequence[Column], name: str, change: values.Change, mine: Layout) -> Iterator[Target]:
    for column in columns:
        if column.field.name == name and column.name and column.field.kind is Kind.JSON:
            read = layout.convert_of(mine.table, column.field, mine.dialect)
            yield Target(column=column, change=Changed(read, change, document=True))


def _through(
    database: Database, mine: Layout, targets: Sequence[Target], rows: Some, lines: Some, when: When
) -> Iterator[tuple[str, int]]:
    """Lot after lot of the rows and of the lines of the feed.

    A lot of rows that changed is told with it: whoever copied the mirror has them still.
    """
    places = Lots(database)
    work: tuple[tuple[str, Callable[[list[Any]], tuple[int, list[Any]]]], ...] = (
        (
            mine.table.name,
            lambda after: _told(database, mine, targets, when, places.rows(mine, targets, after, rows)),
        ),
        ("bitsheet_changes", lambda after: places.changes(mine.table, targets, after, lines)),
        ("bitsheet_quarantine", lambda after: places.quarantine(mine.table, targets, after)),
    )
    for place, lot in work[1:] + work[:1]:  # the lines are found by the rows
        after: list[Any] = []
        while True:
            number, after = database.write(lambda lot=lot, after=after: lot(after))  # type: ignore[misc]
            yield place, number
            if not after:
                break


def _told(
    database: Database, mine: Layout, targets: Sequence[Target], when: When, lot: tuple[int, list[Any]]
) -> tuple[int, list[Any]]:
    if lot[0] and not feed.silent(database, mine.table.name):
        fields = sorted(str(target.column.name) for target in targets)
        after = documents.encode({"phase": "redacted", "fields": fields})
        feed.append(database, mine.table.name, when, [(None, Op.SNAPSHOT, None, after)])
    return lot


def _remains(database: Database, known: Known, words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Where texts still have one of the words: the column, and the rows."""
    mark = database.dialect.mark
    for name, (mine, columns) in known.items():
        for column in columns:
            if column.field.name not in TEXTS or not column.name or column.field.kind is not Kind.TEXT:
                continue
            here = quote(column.name)
            where = " OR ".join([f"{here} LIKE {mark}"] * len(words))
            key = ", ".join(map(quote, mine.key))
            found = database.rows(
                f"SELECT {key} FROM {quote(name)} WHERE {where} ORDER BY {key} LIMIT {SHOWN + 1}",  # noqa: S608
                [f"%{word}%" for word in words],
            )
            if found:
                yield f"{name}.{column.name}", [mine.row_id(row) for row in found]
