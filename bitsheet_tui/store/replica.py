"""A mirror that is the copy of another one: filled from it and kept current by its change feed.

Copied is what a row *is* and not what a line says of it. A first copy goes through the tables some rows at a
time, each at a moment of its own, and can be ended and gone on with at any time. From then on one transaction
here takes over one moment of the source: the lines behind the last one that is here, with their numbers, and
the rows of which they tell, as they are at that moment; so it makes no difference how often a row is taken
over, and every commit here is the source at the end of one of its own commits. The position stands in the
same transaction.

What no line tells is compared: tables that are being filled for the first time, values that changed without
meaning (`untold`), and the bookkeeping, with which an engine can go on here (`promote`). A table is read
whole where a column of it became text, and at the end of its first filling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from bitsheet_tui.errors import ConfigError, StoreRefused
from bitsheet_tui.fields import Kind
from bitsheet_tui.store import bookkeeping, bulk, discussions, feed, layout, readers, schema, views
from bitsheet_tui.store.books import PASSING, PORTAL, REPLICA
from bitsheet_tui.store.bridge import Bridge
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import EXTRA, RAW, RESERVED, Column, Layout, Row
from bitsheet_tui.store.models import (
    RECORDS,
    ChangeRecord,
    CheckpointRecord,
    ColumnRecord,
    ContactPointRecord,
    ControlRecord,
    CursorRecord,
    FactRecord,
    UntoldRecord,
)
from bitsheet_tui.store.replicated import Replicated, read
from bitsheet_tui.store.source import TABLES, Line, Moment, Source
from bitsheet_tui.store.store import Store
from bitsheet_tui.tables import in_order

T = TypeVar("T")
ROWS, LINES = 200, 200  # at once
BYTES = 4 * 2**20  # of a page of rows, unless one row has more
AT_ONCE = 1.0  # seconds of a first copy in one transaction
SHARE = 0.02  # of the time may be spent on comparing what no line tells
SELDOM = 60.0  # seconds between two such comparisons
BOOKS = tuple(
    record
    for record in RECORDS
    if record
    not in {
        FactRecord,
        ColumnRecord,
        CheckpointRecord,
        ChangeRecord,
        ControlRecord,
        ContactPointRecord,
        CursorRecord,
    }
)
# facts of the mirror itself: its tables, who holds it, who may read it
OWN = frozenset({"schema_version", "holder", "commits", "views", REPLICA, *PASSING})
BEGIN_ANEW = "Let the URL name a new file or database; or drop what is there, and it is copied anew."


class Replica(Store):
    """A mirror that no engine writes to. Every method raises as those of a Store do."""

    def __init__(self, database: Database, *, keep_raw: bool) -> None:
        super().__init__(database, keep_raw=keep_raw)
        self._seldom = 0.0  # when what no line tells is compared again, on the monotonic clock
        self._shapes: dict[str, tuple[Column, ...]] = {}  # the columns, as the transaction in hand has them
        self._bridges: dict[str, Bridge] = {}  # of the transaction in hand
        self._erased = False  # whether the transaction in hand erases what must not be left anywhere
        self._taken: object = None  # the columns of the source that are here

    def need_fit(self, source: Source) -> None:
        """Raises ConfigError where this is no place for a replica of that mirror."""
        here = self.remembered(PORTAL)
        if self.replicated() is None and self._holds_anything():
            raise ConfigError(
                [f"{self.label} holds a mirror of its own, which is not written over"],
                "Let the URL name a new file or database.",
            )
        if here and source.portal() and here != source.portal():
            raise ConfigError(
                [f"{self.label} has the rows of {here}, and {source.label} those of {source.portal()}"],
                "Let the URL name a new file or database.",
            )

    def _holds_anything(self) -> bool:
        return bool(self._columns or self.last_cycles(1))

    # --- the first copy ----------------------------------------------------------------------------------

    def copy_some(self, source: Source) -> bool:
        """Take over some more rows; whether there are more. Every other method of a copy comes after it."""
        with source.moment() as moment:
            return self._commit(moment, lambda: self._copy_some(moment))

    def _copy_some(self, moment: Moment) -> bool:
        told = self._told() or Replicated(of=moment.label, seq=moment.seq, at=datetime.now(UTC))
        if told.whole or told.table == LINES_LAST:
            return False
        widened = self._shape(moment)
        told = replace(told, again=tuple({*told.again, *widened}))
        order = [*in_parents_order(moment.columns), CONTACT_POINTS, CHANGES]
        until = monotonic() + AT_ONCE
        table = told.table or order[0]
        while table != LINES_LAST:
            key, copied = self._copy_page(moment, table, told)
            if key is None:
                table = next(iter(order[order.index(table) + 1 :]), LINES_LAST)
            told = replace(told, table=table, after=key or (), copied=told.copied + copied)
            if monotonic() > until:
                break
        self._note(told)
        return table != LINES_LAST

    def _copy_page(self, moment: Moment, table: str, told: Replicated) -> tuple[Key | None, int]:
        """The last key of what was copied, None at the end; and how many rows."""
        if table == CHANGES:
            lines = moment.lines(told.after[0] if told.after else 0, told.seq, LINES)
            self._append(lines)
            return ((lines[-1].seq,) if lines else None), 0
        if table == CONTACT_POINTS:
            found = moment.records(ContactPointRecord, told.after or None, bookkeeping.AT_ONCE)
            bookkeeping.write(self._database, ContactPointRecord, found)
            return (found[-1][:3] if found else None), 0
        pager = Pager(moment, table, tuple(told.after) or None)
        rows = pager.next()
        self._take_rows(moment, table, rows)
        return pager.after if rows else None, len(rows)

    # --- one moment of the source --------------------------------------------------------------------------

    def follow(self, source: Source, *, whole: bool = False) -> Replicated:
        """Become what the source is now, in one transaction. `whole`: compare what no line tells, too."""
        with source.moment() as moment:
            compare = whole or monotonic() > self._seldom
            began = monotonic()
            told = self._commit(moment, lambda: self._follow(moment, compare=compare))
            if compare:
                self._seldom = monotonic() + max(SELDOM, (monotonic() - began) / SHARE)
            return told

    def _follow(self, moment: Moment, *, compare: bool) -> Replicated:
        told = self._told()
        assert told is not None  # noqa: S101 - for the type checker: copy_some has been there
        self._need_same_feed(moment, told)
        again = self._take_lines(moment, told.seq, {*told.again, *self._shape(moment)})
        compare |= self._erased
        filling = {name for name, state in moment.fillings.items() if state == feed.BEGUN}
        filling &= moment.columns.keys()
        compared = filling if compare or not told.whole else set()
        for table in in_parents_order(again | compared):
            self._take_table(moment, table)
        self._take_checkpoints(moment, filling - compared - again)
        self._take_facts(moment)
        if compare:
            self._take_untold(moment)
            for record in BOOKS:
                bookkeeping.merge(self._database, moment, record)
        self._cut(moment)
        told = Replicated(
            of=moment.label, seq=max(moment.seq, told.seq), at=datetime.now(UTC), table=LINES_LAST,
            copied=told.copied, whole=True,
        )  # fmt: skip
        self._note(told)
        return told

    def _commit(self, moment: Moment, work: Callable[[], T]) -> T:
        """`work` in a transaction, and afterwards what hangs on columns that have changed."""
        before = self._known

        def begin() -> T:
            self._shapes, self._bridges, self._erased = dict(before), {}, False
            return work()

        self._sure = False  # should this fail, nobody knows what is there: the answer to a commit may be lost
        taken, self._taken = self._taken, None
        with self._overwriting():
            done = self._database.write(begin)
        if self._erased:
            self.clean(whole=False)
        self._sure, self._taken = True, moment.columns
        if self._shapes != before or taken is None:
            self._columns = self._shapes
            self._make_views()
            readers.entitle(self._database, self._columns, before)
        return done

    def _need_same_feed(self, moment: Moment, told: Replicated) -> None:
        """Raises ConfigError where the lines that are here are not the beginning of those of the source."""
        here = bookkeeping.records(self._database, ChangeRecord, None, 1, ChangeRecord.seq == told.seq)
        there = moment.lines(told.seq - 1, told.seq, 1)
        gap = moment.cut > told.seq or max(moment.seq, moment.cut) < told.seq
        known = (there[0].table, there[0].row_id, there[0].op, there[0].cycle) if there else None
        mine = (here[0][3], here[0][4], here[0][5], here[0][2]) if here else None
        if gap or (known and mine and known != mine):
            raise ConfigError(
                [f"{moment.label} does not go on from line {told.seq}, up to which {self.label} is its copy"],
                f"It is another mirror, an older one, or lacks the lines behind that by now. {BEGIN_ANEW}",
            )

    # --- columns -------------------------------------------------------------------------------------------

    def _shape(self, moment: Moment) -> set[str]:
        """Give every table the columns that it has there; the tables of which a column became text."""
        widened: set[str] = set()
        if moment.columns is self._taken:
            return widened
        for name in in_parents_order(moment.columns):
            known = self._shapes.get(name, ())
            wanted = fitting(TABLES[name], moment.columns[name], known, self._database.dialect.widest)
            if wanted != known:
                if self._alter_to(moment, name, wanted, known):
                    widened.add(name)
                self._remember_columns(moment, name, wanted)
                self._shapes[name] = wanted
        return widened

    def _alter_to(
        self, moment: Moment, name: str, wanted: tuple[Column, ...], known: tuple[Column, ...]
    ) -> bool:
        """Make it so; whether a column became text."""
        self._need_safe(TABLES[name])
        before = {column.field.name: column for column in known}
        added = tuple(column for column in wanted if column.field.name not in before)
        changed = [c for c in wanted if c.field.name in before and _otherwise(before[c.field.name], c)]
        widened = tuple(column for column in changed if column.field.kind is Kind.TEXT)
        if len(widened) < len(changed) or before.keys() - {column.field.name for column in wanted}:
            raise ConfigError(
                [f"the columns of {name} in {moment.label} are those of another mirror"], BEGIN_ANEW
            )
        columns = wanted if known else tuple(replace(column, retired=False) for column in wanted)
        todo = schema.Plan(columns=columns, added=added, widened=widened, changed=True)
        shapes = {**self._shapes, name: wanted}
        selects = views.definitions(shapes, self._database.dialect)
        anew = {view: definition.select() for view, definition in selects.items()}
        if known and layout.may_overflow(wanted, self._database.dialect):
            schema.ensure(self._database, name, [EXTRA])
        schema.apply(self._database, TABLES[name], todo, known, datetime.now(UTC), anew)
        return bool(widened)

    def _remember_columns(self, moment: Moment, name: str, wanted: Iterable[Column]) -> None:
        """The same notes on the columns as there, but for the places of those that have none here."""
        names = {column.field.name: column.name for column in wanted}
        found = moment.records(ColumnRecord, None, len(names) + 1, ColumnRecord.table_name == name)
        ColumnRecord.delete().where(ColumnRecord.table_name == name).execute(self._database.peewee)
        bookkeeping.write(
            self._database, ColumnRecord, [(*one[:2], names[one[1]], *one[3:]) for one in found]
        )

    def _bridge(self, moment: Moment, table: str) -> Bridge:
        """From the rows there to the rows here."""
        if table in self._bridges:
            return self._bridges[table]
        source, database = moment.layout(table), self._database
        if source.raw:
            schema.ensure(database, table, [RAW])
        there = schema.physical_columns(database, table)
        target = layout.build(
            TABLES[table], self._shapes[table], database.dialect, raw=source.raw,
            stale=[RAW] if RAW in there and not source.raw else [], overflow=EXTRA in there,
        )  # fmt: skip
        self._bridges[table] = Bridge(source=source, target=target)
        return self._bridges[table]

    # --- rows ----------------------------------------------------------------------------------------------

    def _take_lines(self, moment: Moment, after: int, again: set[str]) -> set[str]:
        """Append the lines, and take over the rows that they tell of; which tables are to be read whole."""
        whole = set(again)
        erased = False
        while lines := moment.lines(after, moment.seq, LINES):
            after = lines[-1].seq
            self._append(lines)
            markers = [(line.table, line.marker) for line in lines]
            whole |= {table for table, marker in markers if marker.phase in {"end", "redacted"}}
            erased |= any(marker.forgotten or marker.phase == "redacted" for _, marker in markers)
            for table, row_ids in _told_of(lines).items():
                if table not in whole and not self._take_some(moment, table, row_ids):
                    whole.add(table)
        if erased:
            self._redact(moment)
            self._erased = True
        return whole & moment.columns.keys()

    def _take_some(self, moment: Moment, table: str, row_ids: Sequence[str]) -> bool:
        """The rows with these ids become what they are there; False: an id says not which row it is."""
        if table not in moment.columns:
            return True
        mine = moment.layout(table)
        keys = [mine.key_of(row_id) for row_id in row_ids]
        if None in keys:
            return False
        wanted: list[Key] = [key for key in keys if key is not None]
        for some_keys in bulk.chunks(wanted, ROWS):
            rows = moment.rows(table, some_keys)
            self._take_rows(moment, table, rows)
            width = len(mine.key)
            gone = {*some_keys} - {row[:width] for row in rows}
            self._erase(self._bridge(moment, table).target, [*gone])
            if TABLES[table].contacts:
                self._take_points(moment, table, [key[0] for key in some_keys])
        return True

    def _take_table(self, moment: Moment, table: str) -> None:
        """Every row becomes what it is there, and there are no others; some at a time."""
        pager = Pager(moment, table)
        while rows := pager.next():
            self._take_rows(moment, table, rows)
            if TABLES[table].contacts:
                self._take_points(moment, table, [row[0] for row in rows])
        mine = self._bridge(moment, table).target
        ((here,),) = self._database.rows(f"SELECT count(*) FROM {mine.sql_name}")  # noqa: S608 - quoted
        if here != moment.count(table):
            self._erase_others(moment, mine)

    def _erase_others(self, moment: Moment, mine: Layout) -> None:
        """Erase the rows that are not there (any more)."""
        names = ", ".join(map(quote, mine.key))
        after: Key = ()
        while True:
            where = f" WHERE ({names}) > ({self._database.dialect.marks(len(mine.key))})" if after else ""
            sql = f"SELECT {names} FROM {mine.sql_name}{where} ORDER BY {names} LIMIT {ROWS:d}"  # noqa: S608
            keys = self._database.rows(sql, after)
            if not keys:
                return
            there = {row[: len(mine.key)] for row in moment.rows(mine.table.name, keys)}
            self._erase(mine, [key for key in keys if key not in there])
            after = keys[-1]

    def _erase(self, mine: Layout, keys: Sequence[Key]) -> None:
        if keys:
            self._database.many(f"DELETE FROM {mine.sql_name} WHERE {bulk.key_is(mine)}", keys)  # noqa: S608
            if mine.table.contacts:
                for key in keys:
                    here = ContactPointRecord.owner_table == mine.table.name
                    mine_alone = here & (ContactPointRecord.owner_id == key[0])
                    ContactPointRecord.delete().where(mine_alone).execute(self._database.peewee)

    def _take_rows(self, moment: Moment, table: str, rows: Sequence[Row]) -> None:
        """Write those of the rows that are otherwise here. Raises StoreRefused where one cannot be kept."""
        if not rows:
            return
        bridge = self._bridge(moment, table)
        mine, width = bridge.target, len(bridge.target.key)
        converted = bridge.convert(rows)
        there = self._there(mine, [row[:width] for row in converted])
        changed = [row for row in converted if there.get(row[:width]) != row]
        refused = bulk.upsert(self._database, mine, changed, there)
        for place, reason in refused.items():
            raise StoreRefused(
                f"{self.label} refuses the row {mine.row_id(changed[place])} of {table}: {reason}.",
                "It cannot be kept in such a database.",
            )

    def _there(self, mine: Layout, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows as they are here, with everything that is written of one."""
        names, dialect, width = ", ".join(map(quote, mine.written)), self._database.dialect, len(mine.key)
        found: dict[Key, Row] = {}
        for prefix, ids in bulk.by_prefix(keys).items():
            fixed = "".join(f"{quote(name)} = {dialect.mark} AND " for name in mine.key[:-1])
            where = f"{fixed}{quote(mine.key[-1])} {dialect.one_of}"
            sql = f"SELECT {names} FROM {mine.sql_name} WHERE {where}"  # noqa: S608 - quoted names
            for row in self._database.rows(sql, (*prefix, dialect.keys(ids))):
                found[row[:width]] = row
        return found

    def _take_points(self, moment: Moment, table: str, owners: Sequence[int]) -> None:
        """The contact points of these rows become what they are there."""
        here = (ContactPointRecord.owner_table == table) & ContactPointRecord.owner_id.in_([*owners])
        there = moment.records(ContactPointRecord, None, None, here)
        mine = bookkeeping.records(self._database, ContactPointRecord, None, None, here)
        if there != mine:
            ContactPointRecord.delete().where(here).execute(self._database.peewee)
            bookkeeping.write(self._database, ContactPointRecord, there)

    def _take_untold(self, moment: Moment) -> None:
        """The rows that changed without meaning since a line told of them."""
        after: tuple[Any, ...] | None = None
        while found := moment.records(UntoldRecord, after, ROWS):
            after = found[-1][:2]
            by_table: dict[str, list[str]] = {}
            for table, row_id, *_ in found:
                by_table.setdefault(table, []).append(row_id)
            for table, row_ids in by_table.items():
                self._take_some(moment, table, row_ids)

    # --- the feed ------------------------------------------------------------------------------------------

    def _append(self, lines: Sequence[Line]) -> None:
        """The lines with their own numbers."""
        dialect = self._database.dialect
        self._database.many(
            "INSERT INTO bitsheet_changes (seq, at, cycle, table_name, row_id, op, before, after)"  # noqa: S608
            f" VALUES ({dialect.marks(8)}) ON CONFLICT (seq) DO NOTHING",
            [
                (one.seq, dialect.encode(Kind.INSTANT, one.at), one.cycle, one.table, one.row_id, one.op,
                 one.before, one.after)
                for one in lines
            ],
        )  # fmt: skip
        self._database.driver.told = True  # whoever follows the replica is told, too

    def _redact(self, moment: Moment) -> None:
        """Lines that are here already say what they say there, and no more."""
        after = 0
        mark = self._database.dialect.mark
        while lines := moment.lines(after, moment.seq, LINES):
            after = lines[-1].seq
            self._database.many(
                f"UPDATE bitsheet_changes SET before = {mark}, after = {mark} WHERE seq = {mark}",  # noqa: S608
                [(line.before, line.after, line.seq) for line in lines],
            )

    def _cut(self, moment: Moment) -> None:
        """Lines that are no longer kept there are not kept here."""
        ((oldest,),) = self._database.rows("SELECT coalesce(min(seq), 0) FROM bitsheet_changes")
        if oldest < moment.oldest:
            ChangeRecord.delete().where(ChangeRecord.seq < moment.oldest).execute(self._database.peewee)

    # --- bookkeeping ---------------------------------------------------------------------------------------

    def _told(self) -> Replicated | None:
        record = FactRecord.one(self._database.peewee, FactRecord.key == REPLICA)
        return read(str(record.value)) if record else None

    def _note(self, told: Replicated) -> None:
        note = {"key": REPLICA, "value": msgspec.json.encode(told).decode()}
        FactRecord.save_over(self._database.peewee, note, key=("key",))

    def _take_checkpoints(self, moment: Moment, inexact: set[str]) -> None:
        """How far each table has been read there; nothing of those whose rows are not here as they are there.

        An engine that went on here would take the rows that it has read there for read.
        """
        found = moment.records(CheckpointRecord, None, None)
        places = bookkeeping.places(CheckpointRecord)
        kept = {places["table_name"], places["snapshot"]}
        wanted = [
            tuple(value if place in kept else None for place, value in enumerate(one))
            if one[places["table_name"]] in inexact else one
            for one in found
        ]  # fmt: skip
        bookkeeping.put(
            self._database,
            CheckpointRecord,
            wanted,
            bookkeeping.records(self._database, CheckpointRecord, None, None),
        )

    def _take_facts(self, moment: Moment) -> None:
        def ours(fact: tuple[Any, ...]) -> bool:
            return fact[0] not in OWN and not fact[0].startswith(readers.READER)

        found = [fact for fact in moment.records(FactRecord, None, None) if ours(fact)]
        here = [fact for fact in bookkeeping.records(self._database, FactRecord, None, None) if ours(fact)]
        bookkeeping.put(self._database, FactRecord, found, here)

    # --- an end of it --------------------------------------------------------------------------------------

    def promote(self) -> Replicated:
        """From now on it is a mirror of its own, with which an engine goes on; what it was before.

        Raises ConfigError where it is none, or where it was never whole.
        """
        told = self.replicated()
        if told is None:
            raise ConfigError([f"{self.label} is no replica: it is a mirror of its own already"])
        if not told.whole:
            raise ConfigError(
                [f"{self.label} has only a part of {told.of} yet"],
                "Let bitsheet-tui replicate copy the rest first.",
            )
        self._database.write(lambda: self._promote(told))
        return told

    def _promote(self, told: Replicated) -> None:
        database = self._database
        for name, column, last in (
            ("bitsheet_changes", "seq", told.seq),
            ("bitsheet_table_runs", "id", 0),
            ("bitsheet_control", "id", 0),
        ):
            database.driver.continue_numbers(name, column, last)
        comments = CheckpointRecord.one(database.peewee, CheckpointRecord.table_name == COMMENTS)
        if comments is not None and comments.snapshot == feed.BEGUN:
            discussions.all_due_again(database)  # its rows may be those of another moment
        FactRecord.delete().where(FactRecord.key == REPLICA).execute(database.peewee)


CONTACT_POINTS, CHANGES, COMMENTS = "contact_points", "bitsheet_changes", "task_comments"
LINES_LAST = "-"  # behind the last of them


class Pager:
    """The rows of a table in the order of their keys, about BYTES at a time."""

    def __init__(self, moment: Moment, table: str, after: Key | None = None) -> None:
        self._moment, self._table, self.after = moment, table, after
        self._size = ROWS // 4

    def next(self) -> list[Row]:
        """The next rows; none at the end."""
        rows = self._moment.page(self._table, self.after, self._size)
        if rows:
            self.after = rows[-1][: len(TABLES[self._table].key)]
            weight = sum(len(value) for row in rows for value in row if isinstance(value, str))
            fits = BYTES * len(rows) // max(1, weight)
            self._size = max(1, min(fits, self._size * 2, 5 * ROWS))
        return rows


def _told_of(lines: Iterable[Line]) -> dict[str, list[str]]:
    """The rows of which the lines tell, each once, by table."""
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.row_id is not None:
            found.setdefault(line.table, {})[line.row_id] = None
    return {table: [*row_ids] for table, row_ids in found.items()}


def in_parents_order(names: Iterable[str]) -> list[str]:
    """The tables, parents before children, then the dictionaries.

    Raises ConfigError for one that this program does not know.
    """
    wanted = set(names)
    for name in wanted - TABLES.keys():
        raise ConfigError([f"this bitsheet-tui knows no table {name}"], "Install the one that made it.")
    mirrored = in_order(table for table in TABLES.values() if table.method)
    order = {table.name: place for place, table in enumerate(mirrored)}
    return sorted(wanted, key=lambda name: (order.get(name, len(order)), name))


def fitting(
    table: Any, columns: Sequence[Column], known: Sequence[Column], widest: int
) -> tuple[Column, ...]:
    """The columns of the source as they are here. Pure.

    Of more than fit into a table the last live in `extra`.
    """
    places = {column.field.name: column.name for column in known}
    room = widest - len(RESERVED) - sum(name is not None for name in places.values())
    names: dict[str, str | None] = dict(places)
    for column in sorted(columns, key=lambda one: one.field.name not in table.needed):
        if column.field.name not in places:
            names[column.field.name] = column.name if room > 0 else None
            room -= column.name is not None
    return tuple(
        replace(column, name=names[column.field.name] if column.name else None) for column in columns
    )


def _otherwise(before: Column, now: Column) -> bool:
    """Whether the column has to be of another type."""
    kinds = {before.field.kind, now.field.kind}
    return len(kinds) > 1 and not kinds <= schema.NUMBERS
