"""The rules of `privacy` applied to what is there already, before another row of a table is stored.

Some rows at a time, each lot in a transaction that also notes how far it got, so that a kill costs one lot
and no hash is hashed once more. In this order: the rows with `extra` and `_raw`, the contact points, the
change feed, what waits in quarantine, what was not told yet. In the end the columns are known under their
rule, and the feed has one line that says so.

A text, and the values of a multi-field, are hashed or masked where they stand. Of everything else (a number,
a date, a flag, what was hashed and is to be masked) nothing is left: the table is read again for it, as
`schema.drift` sees. So it is for whatever a rule that is gone has kept from being read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.privacy.rules import Rule, Rules
from bitsheet_tui.privacy.values import Change
from bitsheet_tui.store import documents, feed, layout, schema, values
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import FILES, MOMENTS, quote
from bitsheet_tui.store.feed import Op, When
from bitsheet_tui.store.layout import EXTRA, RAW, SYNCED, Column, Layout
from bitsheet_tui.store.models import ColumnRecord, FactRecord
from bitsheet_tui.store.privacy import Changed, Privacy, parsed
from bitsheet_tui.tables import Table

APPLIED = "privacy_rules"  # the fact that says which rules what is there was stored under
UNDER_WAY = "privacy_under_way"  # the one that says which are being applied, and how far that got
KEY = "privacy_key"  # the one that tells with which key values are hashed
MIXED = "mixed"  # the rule of a column of which nobody knows which values are under which rule
LOT = 500  # rows of a transaction
STAGES = ("rows", "points", "changes", "quarantine", "untold")

_line = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


class Target(Struct, frozen=True, kw_only=True):
    """A field of a table that is to be changed. `change` None: nothing is left of its value."""

    column: Column
    change: Changed | None
    excluded: bool = False


class Done(Struct, kw_only=True):
    """What was done to one table."""

    table: str
    fields: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)  # by stage
    again: bool = False  # whether the table is read again for some of it

    def line(self) -> str:
        """`privacy: contacts, phone: 500 rows, 740 contact points, 12 changes`."""
        nouns = dict(
            zip(STAGES, ("rows", "contact points", "changes", "in quarantine", "untold"), strict=True)
        )
        told = [f"{number:,} {nouns[stage]}" for stage, number in self.counts.items() if number]
        rest = "; the table is read again" if self.again else ""
        return f"privacy: {self.table}, {', '.join(self.fields)}: {', '.join(told) or 'nothing there'}{rest}"


class UnderWay(Struct, frozen=True, kw_only=True):
    """How far the rules `wanted` are applied."""

    wanted: dict[str, str]
    table: str = ""
    stage: str = STAGES[0]
    after: list[Any] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)  # tables


Report = Callable[[Done], None]
Some = tuple[str, Sequence[Any]]  # a condition for rows, and its parameters
EVERY: Some = ("", ())


def spelt(rules: Rules) -> dict[str, str]:
    """The rules as they are kept: {"contacts.PHONE": "hash"}."""
    return {f"{table}.{name}": str(rule) for (table, name), rule in sorted(rules.named.items())}


def read(told: Mapping[str, str]) -> Rules:
    """What `spelt` was given."""
    return Rules({tuple(key.split(".", 1)): Rule(rule) for key, rule in told.items()})  # type: ignore[misc]


def applied(database: Database) -> Rules:
    """The rules under which what is there was stored."""
    return read(json.loads(_fact(database, APPLIED) or "{}"))


def is_due(database: Database, privacy: Privacy) -> bool:
    """Whether the rules are others than those that what is there was stored under."""
    return bool(_fact(database, UNDER_WAY)) or applied(database).named != privacy.rules.named


class Lots(Struct, frozen=True):
    """The places that have values of fields; each method does one lot: how many it changed, and its end."""

    database: Database

    def rows(
        self, mine: Layout, targets: Sequence[Target], after: list[Any], some: Some = EVERY
    ) -> tuple[int, list[Any]]:
        """The rows themselves, with what `extra` and `_raw` have of the fields."""
        database, dialect = self.database, self.database.dialect
        there = schema.physical_columns(database, mine.table.name)
        own = [name for name in (EXTRA, RAW) if name in there]
        places = [one for one in targets if one.column.name]
        names = [*(str(one.column.name) for one in places), *own]
        width = len(mine.key)
        found = _lot(database, mine.table.name, mine.key, names, after, *some)
        changed = []
        for row in found:
            kept = dict(zip(own, row[width + len(places) :], strict=True))
            new = [
                _stored(one, value)
                for one, value in zip(places, row[width : width + len(places)], strict=True)
            ]
            new += [_OWN[name](targets, kept[name]) for name in own]
            if new != list(row[width:]):
                changed.append((*new, row[:width]))
        if changed:
            at = dialect.encode(Kind.INSTANT, datetime.now(UTC).replace(microsecond=0))
            sets = ", ".join(f"{quote(name)} = {dialect.mark}" for name in (*names, SYNCED))
            where = " AND ".join(f"{quote(name)} = {dialect.mark}" for name in mine.key)
            sql = f"UPDATE {quote(mine.table.name)} SET {sets} WHERE {where}"  # noqa: S608 - quoted names
            self._write(sql, [(*line[:-1], at, *line[-1]) for line in changed], len(places))
        return len(changed), _last(found, width)

    def _write(self, sql: str, rows: Sequence[tuple[Any, ...]], fields: int) -> None:
        """Run it for each row. Of one that gets too big nothing is left of its first `fields` values.

        The next reading of the row has them, and moves others out of the way (`overflow`).
        """
        database = self.database
        try:
            with database.peewee.savepoint():
                database.many(sql, rows)
        except database.driver.errors as error:
            if not database.driver.too_big(error):
                raise
            database.many(sql, [((None,) * fields + row[fields:]) for row in rows])

    def points(self, table: Table, targets: Sequence[Target], after: list[Any]) -> tuple[int, list[Any]]:
        """Contact points have the values of multi-fields once more."""
        by_type = {one.column.field.name: one for one in targets if one.column.field.name in table.contacts}
        if not by_type:
            return 0, []
        database, mark = self.database, self.database.dialect.mark
        where = f"owner_table = {mark}"
        key = ("owner_id", "id")
        found = _lot(database, "contact_points", key, ("type", "value"), after, where, [table.name])
        gone, changed = [], []
        for owner, id_, type_, value in found:
            target = by_type.get(type_)
            if target is None:
                continue
            if target.excluded:
                gone.append((table.name, owner, id_))
            elif value is not None:
                new = target.change.inner(value) if target.change else None
                changed.append((new, table.name, owner, id_))
        here = f"WHERE owner_table = {mark} AND owner_id = {mark} AND id = {mark}"
        database.many(f"DELETE FROM contact_points {here}", gone)  # noqa: S608
        database.many(f"UPDATE contact_points SET value = {mark} {here}", changed)  # noqa: S608
        return len(gone) + len(changed), _last(found, 2)

    def changes(
        self, table: Table, targets: Sequence[Target], after: list[Any], some: Some = EVERY
    ) -> tuple[int, list[Any]]:
        """The lines of the feed: what they say of the fields."""
        database, mark = self.database, self.database.dialect.mark
        where = f"table_name = {mark} AND op <> 'snapshot'{some[0] and ' AND '}{some[0]}"
        parameters = [table.name, *some[1]]
        found = _lot(database, "bitsheet_changes", ("seq",), ("before", "after"), after, where, parameters)
        by_column = {one.column.name: one for one in targets if one.column.name}
        changed = []
        for seq, before, then in found:
            new = _redacted(before, by_column), _redacted(then, by_column)
            if new != (before, then):
                changed.append((*new, seq))
        database.many(
            f"UPDATE bitsheet_changes SET before = {mark}, after = {mark} WHERE seq = {mark}",  # noqa: S608
            changed,
        )
        return len(changed), _last(found, 1)

    def quarantine(self, table: Table, targets: Sequence[Target], after: list[Any]) -> tuple[int, list[Any]]:
        """Values that wait are dropped, and left out of the rows that do: the next reading has them."""
        database, mark = self.database, self.database.dialect.mark
        fields = {one.column.field.name for one in targets}
        found = _lot(
            database, "bitsheet_quarantine", ("row_id", "field"), ("value",), after, f"table_name = {mark}",
            [table.name],
        )  # fmt: skip
        gone = [(table.name, row_id, name) for row_id, name, _ in found if name in fields]
        rows = [
            (new, table.name, row_id)
            for row_id, name, value in found
            if not name and value and (new := _without(value, fields)) != value
        ]
        here = f"WHERE table_name = {mark} AND row_id = {mark} AND field ="
        database.many(f"DELETE FROM bitsheet_quarantine {here} {mark}", gone)  # noqa: S608
        database.many(f"UPDATE bitsheet_quarantine SET value = {mark} {here} ''", rows)  # noqa: S608
        return len(gone) + len(rows), _last(found, 2)

    def untold(self, table: Table, targets: Sequence[Target], after: list[Any]) -> tuple[int, list[Any]]:
        """What was stored and not told: the field is not told any more."""
        database, mark = self.database, self.database.dialect.mark
        columns = {one.column.name for one in targets}
        found = _lot(
            database, "bitsheet_untold", ("row_id",), ("told",), after, f"table_name = {mark}", [table.name]
        )
        changed = []
        for row_id, told in found:
            lines = _line.decode(told)
            kept = {name: value for name, value in lines.items() if name not in columns}
            if len(kept) < len(lines):
                changed.append((_encoder.encode(kept).decode(), table.name, row_id))
        database.many(
            f"UPDATE bitsheet_untold SET told = {mark} WHERE table_name = {mark} AND row_id = {mark}",  # noqa: S608
            changed,
        )
        return len(changed), _last(found, 1)


class Redaction:
    """One application of the rules to a mirror."""

    def __init__(
        self,
        database: Database,
        privacy: Privacy,
        tables: Mapping[str, Table],
        columns: Mapping[str, Sequence[Column]],
        report: Report,
    ) -> None:
        self._database, self._privacy = database, privacy
        self._tables, self._columns = tables, columns
        self._report = report
        self._before = applied(database)
        self._mixed: frozenset[str] = frozenset()  # tables of which an earlier application was not finished

    def run(self) -> None:
        """Apply what is not applied yet. May be killed and run again at any time."""
        self._take_up()
        for name, some in self._columns.items():
            if name in self._tables and name not in self._state.finished:
                targets = [*self._targets(self._tables[name], some)]
                if targets:
                    self._apply(self._tables[name], targets)
        self._finish()

    def _take_up(self) -> None:
        """Go on with what was begun, or begin; what was begun under other rules has to be read again."""
        wanted = spelt(self._privacy.rules)
        told = _fact(self._database, UNDER_WAY)
        before = msgspec.json.decode(told, type=UnderWay) if told else None
        if before and before.wanted == wanted:
            self._state = before
            return
        self._state = UnderWay(wanted=wanted)

        def work() -> None:
            if before:
                self._doubt(read(before.wanted), {*before.finished, before.table})
            self._note(self._state)

        self._database.write(work)
        if before:
            self._columns = schema.all_remembered(self._database)

    def _doubt(self, wanted: Rules, tables: Iterable[str]) -> None:
        """Of these tables some values are under the rules `wanted`, and nobody knows which."""
        for name in tables:
            for column in self._columns.get(name, ()):
                one, table = column.field, self._tables[name]
                then, before = (
                    replace(self._privacy, rules=wanted),
                    replace(self._privacy, rules=self._before),
                )
                if (wanted.of(name, one.name), then.copies(table, one)) != (
                    self._before.of(name, one.name),
                    before.copies(table, one),
                ):
                    where = (ColumnRecord.table_name == name, ColumnRecord.field == column.field.name)
                    ColumnRecord.update(rule=MIXED).where(*where).execute(self._database.peewee)

    def _targets(self, table: Table, columns: Sequence[Column]) -> Iterator[Target]:
        """The fields of a table that are not stored as the rules want it."""
        old = replace(self._privacy, rules=self._before)
        for column in columns:
            one = column.field
            rule, before = self._privacy.rules.of(table.name, one.name), old.rules.of(table.name, one.name)
            if rule is not None and (rule is not before or one.rule == MIXED):
                change = self._privacy.change(table, one) if before is None and one.rule != MIXED else None
                if rule is Rule.EXCLUDE or self._privacy.hides(table, one) or _is_spelt_anew(one):
                    change = None
                yield Target(
                    column=column, change=change and self._changed(table, one, change),
                    excluded=rule is Rule.EXCLUDE,
                )  # fmt: skip
            elif rule is None and one.rule == MIXED:
                yield Target(column=column, change=None)
            elif rule is None and self._privacy.copies(table, one) != old.copies(table, one):
                fresh = self._fresh(table, one)
                if fresh is not None:
                    yield Target(column=column, change=self._changed(table, one, fresh))

    def _fresh(self, table: Table, one: Field) -> Change | None:
        """What is done to copies that were stored under other rules; the rest is read again."""
        rules = self._privacy.rules.named
        changed = {
            key: rule if key not in self._before.named else Rule.EXCLUDE
            for key, rule in rules.items()
            if self._before.named.get(key) != rule
        }
        return replace(self._privacy, rules=Rules(changed)).change(table, one) if changed else None

    def _changed(self, table: Table, one: Field, change: Change) -> Changed:
        read_ = layout.convert_of(table, one, self._database.dialect)
        return Changed(read_, change, document=one.kind is Kind.JSON)

    # --- one table -----------------------------------------------------------------------------------------

    def _apply(self, table: Table, targets: Sequence[Target]) -> None:
        done = Done(table=table.name, fields=tuple(sorted({_called(one) for one in targets})))
        if self._state.table != table.name:
            self._state = replace(self._state, table=table.name, stage=STAGES[0], after=[])
        mine = layout.build(table, self._columns[table.name], self._database.dialect, raw=False)
        places = Lots(self._database)
        lots: dict[str, Callable[[list[Any]], tuple[int, list[Any]]]] = {
            "rows": lambda after: places.rows(mine, targets, after),
            "points": lambda after: places.points(table, targets, after),
            "changes": lambda after: places.changes(table, targets, after),
            "quarantine": lambda after: places.quarantine(table, targets, after),
            "untold": lambda after: places.untold(table, targets, after),
        }
        for stage in STAGES[STAGES.index(self._state.stage) :]:
            if self._state.stage != stage:
                self._state = replace(self._state, stage=stage, after=[])
            done.counts[stage] = self._through(lots[stage])
        done.again = self._conclude(table, targets)
        self._report(done)

    def _through(self, lot: Callable[[list[Any]], tuple[int, list[Any]]]) -> int:
        """Lot after lot, until one has nothing after it; how many rows were changed."""
        total, after = 0, self._state.after
        while True:

            def work(after: list[Any] = after) -> tuple[int, list[Any]]:
                count, then = lot(after)
                self._note(replace(self._state, after=then))
                return count, then

            count, after = self._database.write(work)
            total += count
            self._state = replace(self._state, after=after)
            if not after:
                return total

    def _conclude(self, table: Table, targets: Sequence[Target]) -> bool:
        """Know the columns under their rules, and tell it; whether the table has to be read again."""
        database = self._database
        facts = [(one, self._facts(table, one)) for one in targets]
        done = replace(
            self._state, table="", stage=STAGES[0], after=[], finished=[*self._state.finished, table.name]
        )

        def work() -> None:
            for one, values_ in facts:
                if values_:
                    where = (
                        ColumnRecord.table_name == table.name,
                        ColumnRecord.field == one.column.field.name,
                    )
                    ColumnRecord.update(values_).where(*where).execute(database.peewee)
            if feed.state(database, table.name) is not None:
                told = documents.encode({"phase": "redacted", "fields": sorted(map(_called, targets))})
                when = When(at=datetime.now(UTC), cycle=0)
                feed.append(database, table.name, when, [(None, Op.SNAPSHOT, None, told)])
            self._note(done)

        database.write(work)
        self._state = done
        return not all(values_ for _, values_ in facts)

    def _facts(self, table: Table, one: Target) -> dict[str, Any]:
        """What is known of a column from now on; nothing: its description has to change it."""
        named = one.column.field
        if one.excluded:
            retired = {} if one.column.retired else {"retired_at": datetime.now(UTC)}
            return {"rule": str(Rule.EXCLUDE), **retired}
        if one.change is None or self._stale(table, one):
            return {}
        (now,) = self._privacy.described(table, [named])
        return {"rule": now.rule, "title": now.title}

    def _stale(self, table: Table, one: Target) -> bool:
        """Whether copies of others are among it that were stored under another rule."""
        if self._privacy.rules.of(table.name, one.column.field.name) is not None:
            return False
        named = self._privacy.rules.named
        return any(named.get(key) is not rule for key, rule in self._before.named.items())

    def _finish(self) -> None:
        database, rules = self._database, self._privacy.rules

        def work() -> None:
            _keep(database, APPLIED, json.dumps(spelt(rules)) if rules else "")
            _keep(database, UNDER_WAY, "")

        database.write(work)

    def _note(self, state: UnderWay) -> None:
        _keep(self._database, UNDER_WAY, msgspec.json.encode(state).decode())


def _is_spelt_anew(one: Field) -> bool:
    """Whether a text of which a hash is made is not spelt as it is stored."""
    return one.kind is Kind.TEXT and (one.type.lower() in FILES | MOMENTS or one.name == "FILES")


def _called(one: Target) -> str:
    return one.column.name or one.column.field.name.lower()


def _stored(one: Target, value: Any) -> Any:
    return None if value is None or one.change is None else one.change.change(value)


def _extra(targets: Sequence[Target], text: str | None) -> str | None:
    """`extra` with these fields as they are to be stored."""
    if not text:
        return text
    kept: dict[str, Any] = json.loads(text)
    touched = False
    for one in targets:
        name, kind = one.column.field.name, one.column.field.kind
        if kept.get(name) is not None:
            value, touched = layout.undocumented(kind, kept.pop(name)), True
            if (new := _stored(one, value)) is not None:
                kept[name] = layout.documented(kind, new)
    return values.structure(kept) if touched else text


def _raw(targets: Sequence[Target], text: str | None) -> str | None:
    """`_raw` with these fields as they are to be stored."""
    if not text:
        return text
    kept: dict[str, Any] = json.loads(text)
    touched = False
    for name in list(kept):
        for one in targets:
            if name.upper() != one.column.field.name.upper():
                continue
            touched, raw = True, kept.pop(name)
            if one.change is not None:
                kept[name] = parsed(one.column.field.kind, one.change(raw))
    return values.canonical(kept) if touched else text


_OWN: Mapping[str, Callable[[Sequence[Target], str | None], str | None]] = {EXTRA: _extra, RAW: _raw}


def _redacted(text: str | None, by_column: Mapping[str, Target]) -> str | None:
    """(before) or (after) of a line."""
    if not text:
        return text
    line = _line.decode(text)
    touched = [name for name in by_column if name in line]
    for name in touched:
        target = by_column[name]
        value = msgspec.json.decode(line.pop(name))
        if value is None:
            line[name] = msgspec.Raw(b"null")
        elif target.change is not None:
            kind = target.column.field.kind
            stored = value if kind is not Kind.JSON else values.canonical(value)
            new = target.change.change(stored)
            line[name] = msgspec.Raw(documents.encode(documents.value(kind, new)).encode())
    return _encoder.encode(line).decode() if touched else text


def _without(text: str, fields: Iterable[str]) -> str:
    row = json.loads(text)
    if not isinstance(row, dict) or not set(fields) & row.keys():
        return text
    return json.dumps({name: value for name, value in row.items() if name not in fields}, ensure_ascii=False)


def _lot(
    database: Database,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    after: Sequence[Any],
    where: str = "",
    parameters: Sequence[Any] = (),
) -> list[tuple[Any, ...]]:
    """The next rows behind the key `after`: the key, then the columns."""
    keys = ", ".join(map(quote, key))
    here = [where] if where else []
    if after:
        here.append(f"({keys}) > ({database.dialect.marks(len(after))})")
    chosen = ", ".join(map(quote, (*key, *columns)))
    condition = f" WHERE {' AND '.join(here)}" if here else ""
    return database.rows(
        f"SELECT {chosen} FROM {quote(table)}{condition} ORDER BY {keys} LIMIT {LOT}",  # noqa: S608
        [*parameters, *after],
    )


def _last(found: Sequence[Sequence[Any]], width: int) -> list[Any]:
    """The key to go on behind; nothing: these were the last."""
    return list(found[-1][:width]) if len(found) == LOT else []


def _fact(database: Database, key: str) -> str:
    record = database.read(lambda: FactRecord.one(database.peewee, FactRecord.key == key))
    return str(record.value) if record else ""


def _keep(database: Database, key: str, value: str) -> None:
    FactRecord.save_over(database.peewee, {"key": key, "value": value}, key=("key",))
