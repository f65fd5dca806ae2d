"""The mirror: one object that opens it, shapes it, fills it and counts it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from time import monotonic
from typing import Self

from msgspec.structs import replace

from bitsheet_tui.errors import StoreError, StoreLocked, StoreRefused, StoreUnavailable, UsageError
from bitsheet_tui.fields import Field
from bitsheet_tui.privacy.key import Key as PrivacyKey
from bitsheet_tui.privacy.rules import Rule, Rules
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import (
    checkpoints,
    closed,
    comments,
    counts,
    dictionaries,
    discussions,
    forgotten,
    layout,
    migrations,
    outgrown,
    quarantine,
    readers,
    redaction,
    respelling,
    restoring,
    schema,
    snapshots,
    tombstones,
    views,
    writer,
)  # fmt: skip
from bitsheet_tui.store.books import Books
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.closed import Closed
from bitsheet_tui.store.comments import Brake
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dictionaries import DICTIONARIES
from bitsheet_tui.store.discussions import Discussion, DiscussionRead
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import EXTRA, RAW, Column, Layout, Portal
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.models import FactRecord
from bitsheet_tui.store.privacy import Privacy
from bitsheet_tui.store.reconciles import Reconciles
from bitsheet_tui.store.writer import SMALL, Big, Stored
from bitsheet_tui.tables import CATALOGUE, Table
from bitsheet_tui.text import plain

CONTACT_POINTS = "contact_points"  # written with the tables that have such
TRY_AGAIN = 60.0  # seconds until views that could not be made anew are tried again


class Store(Books):
    """An open mirror. Every method raises StoreUnavailable, StoreFull, StoreDamaged or MirrorHeld."""

    def __init__(self, database: Database, *, keep_raw: bool) -> None:
        super().__init__(database)
        self._keep_raw = keep_raw
        self._strange: dict[str, str] = {}  # why a table is not written
        self._columns: dict[str, tuple[Column, ...]] = {}
        self._tables: dict[str, Table] = {table.name: table for table in CATALOGUE}
        self._layouts: dict[str, Layout] = {}
        self._sure = True  # that what is known of the columns is so in the database
        self._views_made = True  # that every view says what it should
        self._next_try = 0.0  # when that is tried again, on the monotonic clock
        self._zone: tzinfo | None = None
        self._privacy = Privacy()
        self._learn: Callable[[], None] | None = None  # what is not asked for until it is needed
        self.label = database.label
        self.reconciles = Reconciles(database, self._layout, self._layout_of)

    @classmethod
    def open(
        cls,
        url: Secret,
        *,
        schema: str = "public",
        keep_raw: bool = False,
        readonly: bool = False,
        base: Path | None = None,
    ) -> Self:
        """The mirror at `url`, made if it is not there, locked for this instance.

        With `readonly` nothing is made and nothing is locked, and another instance may write meanwhile.
        """
        database = Database(url, schema=schema, base=base, readonly=readonly, locked=not readonly)
        return cls._opened(database, keep_raw=keep_raw, prepare=not readonly)

    @classmethod
    def open_to_ask(cls, url: Secret, *, schema: str = "public", base: Path | None = None) -> Self:
        """The mirror for `ask` and `answer` only, while another instance writes."""
        database = Database(url, schema=schema, base=base, readonly=False, locked=False)
        return cls._opened(database, keep_raw=False, prepare=False)

    @classmethod
    def _opened(cls, database: Database, *, keep_raw: bool, prepare: bool) -> Self:
        store = cls(database, keep_raw=keep_raw)
        ready = False
        try:
            store._begin() if prepare else store._expect_mirror()
            ready = True
        finally:
            if not ready:
                database.close()
        return store

    @property
    def astray(self) -> bool:
        """Whether the mirror is not as this process left it: commits are lost, or somebody else made some."""
        return self._database.astray

    def accept(self) -> None:
        """Take what is there now for the mirror, and learn anew what it is."""
        self._database.accept(self._begin)

    def renew(self) -> None:
        """Learn what an instance has made meanwhile, of a mirror that is open to be read."""
        self._expect_mirror()

    def close(self) -> None:
        """End the connection and let others write. Again is nothing."""
        self._database.close()

    # --- what is kept from being read ---------------------------------------------------------------------

    def protect(self, privacy: Privacy, report: redaction.Report = lambda _: None) -> bool | None:
        """From now on rows are stored as the rules say; what is there is first made so, and `report`ed.

        May be killed and called again. Whether nothing of what was there is left in the files; None: nothing
        was to be done.
        """
        database = self._database
        self._privacy = replace(privacy, forgotten=database.read(lambda: forgotten.load(database)))
        self._layouts.clear()
        known = self.remembered(redaction.KEY)
        if privacy.key and privacy.key.ident != known:
            self.remember(redaction.KEY, privacy.key.ident)
        if not redaction.is_due(database, privacy):
            return None
        with self._overwriting():
            redaction.Redaction(database, self._privacy, self._every, self._known, report).run()
        if known and not privacy.key:
            self.remember(redaction.KEY, "")
        self._columns = database.read(lambda: schema.all_remembered(database))
        self._layouts.clear()
        for name in DICTIONARIES.keys() & self._columns.keys():  # which no description shapes again
            self.shape(DICTIONARIES[name], DICTIONARIES[name].fields)
        self._make_views()
        return self.clean()

    def look_through(self, find: Callable[[], PrivacyKey | None]) -> None:
        """Once rows are to be compared, do so as those that are there were stored.

        `find` gives the key of the hashes, if there are any.
        """
        self._learn = lambda: self._learn_rules(find)

    def _learn_rules(self, find: Callable[[], PrivacyKey | None]) -> None:
        database = self._database
        rules = database.read(lambda: redaction.applied(database))
        key = find() if rules.hashes else None
        key = key if key and key.ident == self.remembered(redaction.KEY) else None
        self._privacy = Privacy(rules, key, database.read(lambda: forgotten.load(database)))

    def unprotected(self, rules: Rules) -> bool:
        """Whether what is there was stored under other rules."""
        return self._database.read(lambda: redaction.is_due(self._database, Privacy(rules)))

    def forget_row(self, table: Table, id_: int, *, at: datetime, cycle: int) -> forgotten.Erased:
        """Erase a row and what is known of it elsewhere, and never store it again. See `forgotten`."""
        database = self._database
        known = {
            name: (mine, self._known[name])
            for name in self._known
            if name not in DICTIONARIES and (mine := self._layout_of(name)) is not None
        }
        when = When(at=at, cycle=cycle)
        with self._overwriting():
            erased = forgotten.forget(database, known, table.name, id_, when)
        self._learn_forgotten()
        return erased

    def remember_row(self, table: Table, id_: int) -> bool:
        """Let a row that was forgotten be stored again when it is read; whether it was."""
        database = self._database
        found = database.write(lambda: forgotten.remember(database, table.name, id_))
        self._learn_forgotten()
        return found

    def count_forgotten(self, table: str) -> int:
        """How many rows of the table are forgotten that the portal has."""
        database, mine = self._database, self._layout_of(table)
        return len(database.read(lambda: forgotten.living(database, mine, 0, None))) if mine else 0

    def _learn_forgotten(self) -> None:
        found = self._database.read(lambda: forgotten.load(self._database))
        self._privacy = replace(self._privacy, forgotten=found)
        self._layouts.clear()

    @contextmanager
    def _overwriting(self) -> Iterator[None]:
        """What is deleted or replaced meanwhile leaves nothing in the file."""
        database = self._database
        database.read(lambda: database.driver.overwrite(True))
        try:
            yield
        finally:
            database.glance(lambda: database.driver.overwrite(False))

    def clean(self, *, whole: bool = True) -> bool:
        """Leave nothing in the files of what is not in the tables any more; whether that could be done.

        Not `whole`: of what was deleted a moment ago.
        """
        names = [*self._known, CONTACT_POINTS, "bitsheet_changes", "bitsheet_quarantine", "bitsheet_untold"]
        try:
            return self._database.read(lambda: self._database.driver.clean(names, whole=whole))
        except StoreError:  # no room, or somebody reads: what was changed is changed all the same
            return False

    @property
    def _every(self) -> dict[str, Table]:
        return {**DICTIONARIES, **self._tables}

    # --- the shape -------------------------------------------------------------------------------------

    def drift(self, table: Table, fields: Sequence[Field]) -> schema.Drift:
        """What `shape` would change about a table that is there."""
        known = self._known.get(table.name, ())
        return schema.drift(self._plan(table, fields, known), known)

    def shape(
        self,
        table: Table,
        fields: Sequence[Field],
        checkpoint: Checkpoint | None = None,
        *,
        cycle: int = 0,
    ) -> schema.Drift:
        """Give `table` the columns for `fields`; what that changed about a table that was there.

        What waits in quarantine for a column that is text now is stored, and told to the feed, as is the text
        of every value that was none. `checkpoint` is saved in the same transaction. Raises StoreRefused, or
        StoreLocked when somebody holds the table for longer than a moment; it is as it was then.
        """
        self._need_safe(table)
        known = self._known.get(table.name, ())
        todo = self._plan(table, fields, known)
        if todo.changed:
            when = When(at=datetime.now(UTC), cycle=cycle)
            self._alter(table, todo, known, checkpoint, when)
            self._columns[table.name] = todo.columns
            self._layouts.pop(table.name, None)
            self._make_views()
            readers.entitle(self._database, {table.name: todo.columns}, {table.name: known})
        elif checkpoint:
            self.keep(checkpoint, cycle=cycle)
        self._tables[table.name] = table
        return schema.drift(todo, known)

    def _alter(
        self,
        table: Table,
        todo: schema.Plan,
        known: Sequence[Column],
        checkpoint: Checkpoint | None,
        when: When,
    ) -> None:
        database = self._database
        selects = views.definitions({**self._columns, table.name: todo.columns}, database.dialect)
        anew = {name: definition.select() for name, definition in selects.items()}

        def work() -> None:
            if known and layout.may_overflow(todo.columns, database.dialect):
                schema.ensure(database, table.name, [EXTRA])
            self._respell(table, todo, known, when)
            schema.apply(database, table, todo, known, when.at, anew)
            self._restore(table, todo, when)
            if checkpoint:
                checkpoints.save(database.peewee, checkpoint)

        self._sure = False  # should this fail, nobody knows what is there: the answer to a commit may be lost
        try:
            database.write(work)
        except StoreLocked as error:
            names = [table.name, *(view for view, of in views.VIEWS.items() if of == table.name)]
            who = database.read(lambda: database.driver.blockers(names))
            by = f" by {who}" if who else ""
            raise StoreLocked(
                f"{table.name} cannot be changed while it is in use{by}.", error.hint
            ) from error
        self._sure = True

    @property
    def _known(self) -> dict[str, tuple[Column, ...]]:
        """The columns of every table, read again where the last change of one may have been done or not."""
        if not self._sure:
            self._columns = self._database.read(lambda: schema.all_remembered(self._database))
            self._layouts.clear()
            self._sure = True
        return self._columns

    def refresh_views(self) -> dict[str, StoreRefused]:
        """Try again to make the views that could not be made anew, now and then; those that cannot."""
        if self._views_made or monotonic() < self._next_try:
            return {}
        self._next_try = monotonic() + TRY_AGAIN
        return self._make_views()

    def _make_views(self) -> dict[str, StoreRefused]:
        self._views_made = False  # whatever ends this, it is tried again
        refused = views.refresh(self._database, self._known)
        refused |= readers.keep_open(self._database, self._known)
        self._views_made = not refused
        return refused

    def _respell(self, table: Table, todo: schema.Plan, known: Sequence[Column], when: When) -> None:
        """Tell what the values of the columns that are to be text will be."""
        widened = schema.widened_columns(todo, known)
        if widened:
            kept = {c.name for c in todo.columns if self._privacy.rules.of(table.name, c.field.name)}
            texts = {n: schema.as_text(n, kind) for n, kind in widened.items() if n not in kept}
            mine = layout.build(table, known, self._database.dialect, raw=False)
            if texts:
                respelling.tell(self._database, mine, texts, when)

    def _restore(self, table: Table, todo: schema.Plan, when: When) -> None:
        """Store what waits for the widened columns, and forget what waits for those that are gone."""
        database = self._database
        if not quarantine.waits(database, table.name):
            return
        quarantine.retire(database, table.name, [c.field.name for c in todo.columns if c.retired])
        if todo.widened:
            widened = {column.field.name for column in todo.widened}
            mine = layout.build(table, todo.columns, database.dialect, raw=False, privacy=self._privacy)
            lines = [one for one in quarantine.listing(database, (table.name,)) if one.field in widened]
            restoring.restore(database, mine, lines, when)

    def outgrown(self, table: Table, *, unread: bool) -> frozenset[str]:
        """The fields that are not what they are described as; `unread`: rows are to come. See `outgrown`."""
        mine = self._layout(table)
        return self._database.read(lambda: outgrown.fields(self._database, mine, unread=unread))

    def set_zone(self, zone: tzinfo) -> None:
        """From now on moments without an offset are of this zone: that of the portal's server."""
        if zone != self._zone:
            self._zone = zone
            self._layouts.clear()

    def shapes(self) -> dict[str, tuple[Field, ...]]:
        """The fields of every table as last shaped, without those that the portal no longer has."""
        return {
            name: tuple(column.field for column in columns if not column.retired)
            for name, columns in self._known.items()
        }

    # --- rows --------------------------------------------------------------------------------------------

    def checkpoint(self, table: str) -> Checkpoint:
        """How far `table` has been read; an empty checkpoint before the first."""
        return self._database.read(lambda: checkpoints.load(self._database.peewee, table))

    def keep(self, checkpoint: Checkpoint, *, cycle: int = 0) -> None:
        """Save a checkpoint without rows."""
        when = When(at=datetime.now(UTC), cycle=cycle)

        def work() -> None:
            checkpoints.save(self._database.peewee, checkpoint)
            if checkpoint.table in self._columns:
                snapshots.follow(self._database, checkpoint, when)

        self._database.write(work)

    def commit(  # noqa: PLR0913 - most of it by name
        self,
        table: Table,
        rows: Sequence[Portal],
        checkpoint: Checkpoint | None,
        *,
        at: datetime,
        cycle: int,
        filling: bool = False,
        since: datetime | None = None,
        big: Big = SMALL,
    ) -> Stored:
        """Store rows of the portal and the checkpoint in one transaction; `filling`, `since`: see `When`."""
        when = When(at=at, cycle=cycle, filling=filling, since=since)
        return writer.commit(self._database, self._layout(table, writing=True), rows, checkpoint, when, big)

    def sweep(
        self,
        table: Table,
        keys: Collection[int],
        checkpoint: Checkpoint | None,
        *,
        at: datetime,
        cycle: int,
        before: datetime | None = None,
    ) -> int:
        """Mark the rows whose id is not in `keys`, the complete list of ids on the portal; how many.

        With `before` (the host's clock) rows that changed later are left alone.
        """
        when = When(at=at, cycle=cycle)
        mine = self._layout(table, writing=True)
        return tombstones.sweep(self._database, mine, keys, checkpoint, when, self._layout_of, before)

    def bury(self, table: Table, ids: Collection[int], *, at: datetime, cycle: int) -> int:
        """Mark the rows with these ids; how many were not marked before."""
        return self.reconciles.bury(table, ids, None, at=at, cycle=cycle)

    def ids(self, table: Table, *, above: int = 0, upto: int | None = None) -> list[int]:
        """The ids in (above, upto] that are not marked as deleted, ascending."""
        mine = self._layout(table)
        return self._database.read(lambda: tombstones.living(self._database, mine, above=above, upto=upto))

    def count_ids(self, table: Table, *, above: int = 0, upto: int | None = None) -> int:
        """How many ids there are in (above, upto] that are not marked as deleted."""
        mine = self._layout(table)
        return self._database.read(
            lambda: tombstones.count_living(self._database, mine, above=above, upto=upto)
        )

    def counts(self) -> list[counts.Count]:
        """What the mirror holds of every table it has."""
        tables = tuple(name for name in self._columns if name not in DICTIONARIES)
        return self._database.read(lambda: counts.count_all(self._database, tables))

    def fill_dictionary(
        self, name: str, rows: Sequence[Portal], *, of: Collection[str] | None = None, mark: bool = True
    ) -> None:
        """`statuses`, `categories`, `field_labels` or `enum_values` becomes `rows`.

        The last two are told `of` which tables: what they say of other tables stays. Without `mark` nothing
        is marked as deleted.
        """
        table = DICTIONARIES[name]
        if "column_name" in {field.name for field in table.fields}:
            rows = dictionaries.with_real_columns(rows, self._columns)
            rows = [row for row in rows if not self._is_excluded(row)]
        when = When(at=datetime.now(UTC), cycle=0)
        dictionaries.fill(self._database, self._layout(table, writing=True), rows, when, of, mark=mark)

    def _is_excluded(self, row: Portal) -> bool:
        return self._privacy.rules.of(row["table_name"], row["field"]) is Rule.EXCLUDE

    def missing_entries(self, name: str, rows: Sequence[Portal]) -> tuple[list[Key], int]:
        """The living entries of a dictionary that are not among `rows`, and how many living ones it has."""
        mine = self._layout(DICTIONARIES[name])
        return self._database.read(lambda: dictionaries.missing(self._database, mine, rows))

    def bury_entries(self, name: str, keys: Sequence[Key]) -> None:
        """Mark these entries of a dictionary as deleted."""
        mine, when = self._layout(DICTIONARIES[name], writing=True), When(at=datetime.now(UTC), cycle=0)
        self._database.write(lambda: tombstones.bury(self._database, mine, keys, when))

    def quarantined(self, tables: Collection[str] = ()) -> list[quarantine.Quarantined]:
        """What waits in quarantine of these tables, or of all: whole rows, then values, oldest first."""
        return self._database.read(lambda: quarantine.listing(self._database, tables))

    def unread(self, name: str) -> list[int]:
        """The ids of a table's rows of which something was too big to be read."""
        return self._database.read(lambda: quarantine.unread(self._database, name))

    def retry(self, table: Table, *, at: datetime, cycle: int) -> Stored:
        """Try once more to store what is in quarantine; what still cannot be stored stays there."""
        kept = self.quarantined((table.name,))
        rows = [row for one in kept if (row := one.row) is not None]
        stored = self.commit(table, rows, None, at=at, cycle=cycle) if rows else Stored()
        lines = [one for one in kept if not one.whole]
        if lines:
            mine, when, database = self._layout(table, writing=True), When(at=at, cycle=cycle), self._database
            stored.updated += database.write(lambda: restoring.restore(database, mine, lines, when))
        return stored

    def forget_nameless(self, table: Table) -> None:
        """Forget what waits without a usable key; the table is read anew, which finds what is still so."""
        mine = self._layout(table)
        self._database.write(lambda: quarantine.forget_nameless(self._database, mine))

    # --- discussions ---------------------------------------------------------------------------------------

    def due_discussions(self, *, overlap: int, limit: int, now: datetime | None = None) -> list[Discussion]:
        """The discussions to read, those that moved last first.

        `now`: the portal's clock; what was read a moment ago is left for later then.
        """
        database = self._database
        return database.read(lambda: discussions.due(database, overlap=overlap, limit=limit, now=now))

    def count_due(self, *, overlap: int) -> int:
        """How many discussions there are to read."""
        return self._database.read(lambda: discussions.count_due(self._database, overlap=overlap))

    def count_unreadable(self) -> Closed:
        """How many discussions the webhook may not read, and why."""
        return self._database.read(lambda: closed.count(self._database))

    def commit_discussions(
        self,
        table: Table,
        read: Sequence[DiscussionRead],
        *,
        at: datetime,
        cycle: int,
        filling: bool = False,
        brake: Brake | None = None,
        since: datetime | None = None,
    ) -> Stored:
        """Store whole discussions in one transaction: comments, marks for vanished ones, reading times.

        `brake`: how many may vanish; the others are held. `filling`, `since`: see `When`.
        """
        when = When(at=at, cycle=cycle, filling=filling, since=since)
        return comments.commit(self._database, self._layout(table, writing=True), read, when, brake)

    def reread_discussions(self, since: datetime | None = None) -> None:
        """Every discussion is due again, or every one that moved since then."""
        self._database.write(lambda: discussions.all_due_again(self._database, since))

    # --- the store itself ----------------------------------------------------------------------------

    def holder(self) -> Holder | None:
        """Which instance writes to the mirror; None: none does."""
        return self._database.holder()

    @property
    def schema_name(self) -> str:
        """In which schema of PostgreSQL it is; empty: in a file."""
        return str(getattr(self._database.driver, "schema", ""))

    def grants(self, role: str) -> list[str]:
        """The statements that open the mirror to a role of PostgreSQL, its bookkeeping left out."""
        return self._database.read(
            lambda: [*readers.statements(self._database, self.schema_name, role, self._columns)]
        )

    def open_to_role(self, role: str) -> None:
        """Run them; from then on what is added is open to it, too. Raises UsageError where there is none."""
        database = self._database

        def work() -> None:
            if not readers.exists(database, role):
                raise UsageError(f"there is no role {plain(role, 63)} on the server", "CREATE ROLE makes one")
            for statement in readers.statements(database, self.schema_name, role, self._columns):
                database.execute(statement.replace("%", "%%"))

        database.write(work)

    def size_bytes(self) -> int:
        """How much space the mirror takes."""
        return self._database.read(self._database.driver.size_bytes)

    def _begin(self) -> None:
        self._need_own()
        migrations.migrate(self._database)
        if self._database.dialect.name == "postgresql":  # SQLite's lock file says who holds it
            note = {"key": "holder", "value": Holder.me(self._database.driver.lock_number).to_text()}
            self._database.write(lambda: FactRecord.save_over(self._database.peewee, note, key=("key",)))
        self._columns = self._database.read(lambda: schema.all_remembered(self._database))
        self._layouts.clear()
        self._sure = True
        self._make_views()
        readers.entitle(self._database, self._columns, {})

    def _need_own(self) -> None:
        """Look which tables others have a say on. Raises StoreUnavailable where it is the bookkeeping."""
        self._strange = self._database.read(self._database.driver.strange)
        for name, why in self._strange.items():
            if name.startswith("bitsheet_"):
                raise StoreUnavailable(
                    f"{self._database.label} is not used: its table {name} {why}.",
                    hint="Whatever it does would be done with the rights of bitsheet-tui. Drop it, let it"
                    " belong to the role of store.url, or set store.schema to another one.",
                )

    def _need_safe(self, table: Table) -> None:
        """Raises StoreRefused where writing to it would run what others have prepared."""
        for name in (table.name, CONTACT_POINTS) if table.contacts else (table.name,):
            if why := self._strange.get(name):
                it = "it" if name == table.name else name
                raise StoreRefused(
                    f"{table.name} is not written: {it} {why}.",
                    "It would run with the rights of bitsheet-tui: drop it, or let it belong to that role.",
                )

    def begin_cycle(self, at: datetime, asked: Sequence[str] = ()) -> int:
        """See Books; also looks which tables others have a say on by now."""
        self._strange = self._database.read(self._database.driver.strange)
        return super().begin_cycle(at, asked)

    def _expect_mirror(self) -> None:
        migrations.expect(self._database)
        self._columns = self._database.read(lambda: schema.all_remembered(self._database))

    def _plan(self, table: Table, fields: Sequence[Field], known: Sequence[Column]) -> schema.Plan:
        fields = self._privacy.described(table, fields)
        return schema.plan(table, fields, known, widest=self._database.dialect.widest)

    def _layout(self, table: Table, *, writing: bool = False) -> Layout:
        if writing:
            self._need_safe(table)
        if self._learn:
            learn, self._learn = self._learn, None
            learn()
        if table.name not in self._known:
            self.shape(table, table.fields)
        found = self._layouts.get(table.name)
        if found is None or found.table is not table:
            columns, database = self._columns[table.name], self._database
            wanted = [RAW] if self._keep_raw else []
            wanted += [EXTRA] if layout.may_overflow(columns, database.dialect) else []
            if wanted and not database.driver.readonly:
                database.write(lambda: schema.ensure(database, table.name, wanted))
            there = database.read(lambda: schema.physical_columns(database, table.name))
            found = layout.build(
                table,
                columns,
                database.dialect,
                raw=self._keep_raw,
                # portal rows that are not kept any more: beside newer values one would be a lie
                stale=[RAW] if RAW in there and not self._keep_raw else [],
                zone=self._zone,
                overflow=EXTRA in there,
                privacy=self._privacy,
            )
            self._layouts[table.name] = found
        return found

    def _layout_of(self, name: str) -> Layout | None:
        return self._layout(self._tables[name]) if name in self._columns and name in self._tables else None
