"""What the portal is and what its fields are: asked once at the start, fields again with the static tables.

The start-up test rides with the descriptions in one batch. It proves, for every list, that the portal obeys
the filters we rely on and follows a chain: a filter it did not know would be dropped without a word, and
look like success.

A field that a description lacks, or describes without a type, stays as it is until the next description, in a
later cycle or process, lacks it too: one answer that was not whole must empty no column. Nothing is lost by
waiting, for a field that is gone is empty in the rows as well. What was lacking once is kept in the store.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.errors import (
    TABLE_TROUBLE,
    BitsheetError,
    PortalError,
    StoreRefused,
    TableTrouble,
)
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.portal import describe, selftest
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.client import ask_fragile
from bitsheet_tui.portal.selftest import Profile
from bitsheet_tui.portal.task_dates import with_dates
from bitsheet_tui.store.books import PORTAL
from bitsheet_tui.sync import dictionaries, tested
from bitsheet_tui.sync.desk import Answers, Desk, Undone, now
from bitsheet_tui.sync.dictionaries import Dictionaries
from bitsheet_tui.sync.runs import failure, record_drift
from bitsheet_tui.sync.scan import begun, filling
from bitsheet_tui.tables import DICTIONARIES, Case, Paging, Table

PAUSE = 30.0  # seconds until what the database refused is tried again
OWNER = "owner"
LACKING = "lacking_"  # and a table: the fact that names the fields that its last description lacked


async def prepare(desk: Desk, tables: Sequence[Table]) -> dict[str, BitsheetError]:
    """Test and describe what has not passed both yet; returns the tables that do not pass.

    A table that was never read begins here: the test asks for its highest ids. Raises Refused and
    Unreachable.
    """
    untested = [table for table in tables if not (desk.knows(table) and begun(table, desk.checkpoint(table)))]
    if not untested:
        return {}
    fresh = desk.profile is None
    answers, profile = await _test(desk, untested)
    desk.profile, desk.zone_at = profile, desk.zone_at or desk.portal_now()
    failed: dict[str, BitsheetError] = {
        table.name: profile.faults[table.name] for table in untested if table.name in profile.faults
    }
    failed |= shape(desk, [table for table in untested if table.name not in failed], answers)
    if fresh:
        _note_portal(desk)
        failed |= await _name(desk, answers)
    for table in untested:
        if table.name not in failed and not begun(table, desk.checkpoint(table)):
            try:
                desk.begin(table, *selftest.newest(table, answers))
            except StoreRefused as error:
                failed[table.name] = error
    desk.retry_all([table.name for table in untested if table.name not in failed])
    return failed


async def _test(desk: Desk, tables: Sequence[Table]) -> tuple[Answers, Profile]:
    """Test and describe these tables; the first time without what was tested a moment ago (`tested.py`)."""
    ask = partial(desk.ask, tables=())
    if desk.profile is not None:
        answers = await ask_fragile(ask, partial(_parts, desk, tables, ()))
        profile = desk.profile.amended(selftest.judge(tables, answers, now()), tables)
        return answers, await with_dates(profile, ask, tables, desk.portal.zone, desk.portal_clock)
    before = tested.recall(desk.store, desk.portal.host, tables, now())
    if before and (known := before.covers(tables)):
        answers = await ask_fragile(ask, partial(_parts, desk, tables, known))
        profile = selftest.judge([table for table in tables if table.name not in known], answers, now())
        if before.of(profile):
            return answers, before.completing(profile, known)
    answers = await ask_fragile(ask, partial(_parts, desk, tables, ()))
    profile = selftest.judge(tables, answers, now())
    profile = await with_dates(profile, ask, tables, desk.portal.zone, desk.portal_clock)
    tested.note(desk.store, desk.portal.host, profile, tables, now())
    return answers, profile


def _parts(
    desk: Desk, tables: Sequence[Table], known: Collection[str], chained: bool
) -> list[dict[str, Ask]]:
    """What is asked to test tables that are not `known` and describe all; at first, whose portal it is."""
    found = [selftest.asks(()), dict(dictionaries.asks(desk)) if desk.profile is None else {}]
    tests = {
        table.name: selftest.asks([table], chained=chained) for table in tables if table.name not in known
    }
    return found + [tests.get(table.name, selftest.asks(())) | describe.asks([table]) for table in tables]


async def _name(desk: Desk, answers: Answers) -> dict[str, BitsheetError]:
    """Fill the dictionaries; what seems to be gone of them costs a request."""
    names = Dictionaries(desk)
    names.take(answers)
    if asks := names.asks():
        names.settle(await desk.ask(asks, ()))
    names.tell()
    return names.failed


def _note_portal(desk: Desk) -> None:
    """Whose rows these are: from now on the mirror is of this portal."""
    if desk.store.remembered(PORTAL) != desk.portal.host:
        desk.store.remember(PORTAL, desk.portal.host)


def shape(desk: Desk, tables: Iterable[Table], answers: Answers) -> dict[str, BitsheetError]:
    """Give each table its columns and their names for people; returns what could not be described."""
    failed: dict[str, BitsheetError] = {}
    described: dict[str, tuple[Field, ...]] = {}
    for table in tables:
        answer = answers.get(describe.key(table))
        if isinstance(answer, PortalError):
            failed[table.name] = answer
            continue
        try:
            fields = _believed(desk, table, describe.fields(table, answer.result if answer else None))
            _follow(desk, table, fields)
        except TABLE_TROUBLE as error:
            failed[table.name] = error
            continue
        described[table.name] = fields
    for name, rows in describe.labels(described).items():
        _fill(desk, name, rows, of=described)
    return failed


def _believed(desk: Desk, table: Table, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The described fields, and those of before that are lacking for the first time."""
    before = {field.name: field for field in desk.store.shapes().get(table.name, ())}
    told = {field.name: field for field in fields}
    lacking = {
        name
        for name, field in before.items()
        if name not in told or (field.type and not told[name].type and told[name].kind is not field.kind)
    }
    noted = f"{LACKING}{table.name}"
    known = set(desk.store.remembered(noted).split())
    if lacking != known:
        desk.store.remember(noted, " ".join(sorted(lacking)))
    return tuple((told | {name: before[name] for name in before if name in lacking - known}).values())


def catch_up(desk: Desk) -> dict[str, BitsheetError]:
    """Try once more what the database has refused; returns the tables that cannot follow yet, and why.

    They are read meanwhile, into the columns that they have.
    """
    for name, undone in list(desk.undone.items()):
        if monotonic() - undone.tried >= PAUSE:
            with suppress(StoreRefused):  # it is noted again
                _follow(desk, desk.table(name), undone.fields)
    return {name: undone.error for name, undone in desk.undone.items()}


def _follow(desk: Desk, table: Table, fields: tuple[Field, ...]) -> None:
    """Let the table follow its description. New columns are empty in old rows, so those are read again.

    Raises StoreRefused; the table stays as it is then, and `catch_up` tries again.
    """
    drift = desk.store.drift(table, fields)
    try:
        desk.shape(table, fields, refill=drift.stale)
    except StoreRefused as error:
        if known := desk.store.shapes().get(table.name):
            desk.fields.setdefault(table.name, known)
            desk.undone[table.name] = Undone(fields, error, monotonic())
        raise
    desk.undone.pop(table.name, None)
    if drift.stale and table.paging is Paging.COMMENTS:
        desk.store.reread_discussions()
    desk.fields[table.name] = desk.store.shapes()[table.name]  # with the kinds that the columns really have
    if drift:
        event = e.Drifted(
            table=table.name, at=now(), added=drift.added, widened=drift.widened, retyped=drift.retyped,
            retired=drift.retired,
        )  # fmt: skip
        desk.say(event)
        record_drift(desk, table, event)


def widen(desk: Desk, table: Table) -> None:
    """Let fields whose values are not what they are described as be texts, and store what waits for that.

    Judged again whenever more odd values came, at the start, and at the end of a backfill.
    """
    fields = desk.fields.get(table.name)
    if table.name not in desk.unjudged or fields is None:
        return
    desk.unjudged.discard(table.name)
    outgrown = desk.store.outgrown(table, unread=_unread(desk, table))
    if outgrown:
        texts = (replace(field, kind=Kind.TEXT) if field.name in outgrown else field for field in fields)
        _follow(desk, table, tuple(texts))


def _unread(desk: Desk, table: Table) -> bool:
    """Whether the table is still being read for the first time, or once more."""
    checkpoint = desk.checkpoint(table)
    return checkpoint.watermark is None or filling(table, checkpoint)


def _fill(
    desk: Desk, name: str, rows: Sequence[Mapping[str, Any]], *, of: Collection[str] | None = None
) -> None:
    try:
        desk.store.fill_dictionary(name, rows, of=of)
    except StoreRefused as error:
        desk.say(failure(DICTIONARIES, error))


class DescribeJob(Struct):
    """The descriptions and dictionaries, in the request of a static cycle."""

    desk: Desk
    table: Table = DICTIONARIES
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    failed: dict[str, BitsheetError] = field(default_factory=dict)
    zone: str | None = None  # of the webhook's owner; none: it was not told
    _names: Dictionaries | None = None

    def asks(self, room: int) -> dict[str, Ask]:  # noqa: ARG002 - a description is indivisible
        if self._names:
            return self._names.asks()
        return {OWNER: Ask("profile")} | describe.asks(self.desk.tables) | dictionaries.asks(self.desk)

    def take(self, answers: Answers) -> None:
        if self._names is None:
            self.zone = _zone(answers[OWNER])
            known = [table for table in self.desk.tables if table.name in self.desk.fields]
            self.failed = shape(self.desk, known, answers)
            self._names = Dictionaries(self.desk)
            self._names.take(answers)
        else:
            self._names.settle(answers)
        if not self._names.asks():
            self._names.tell()
            self.failed |= self._names.failed
            self.complete = True


def _zone(answer: Answer | PortalError) -> str | None:
    return None if isinstance(answer, PortalError) else selftest.identify(answer, None).zone


def follow_zone(desk: Desk, zone: str | None) -> None:
    """Let dates of tasks be read in the zone that the webhook's owner has now.

    What was read since it was asked last may have been read in the wrong one, and is read again. Called when
    no scan is under way.
    """
    if zone is None or desk.profile is None:
        return
    asked, desk.zone_at = desk.zone_at, desk.portal_now()
    if zone == desk.profile.zone:
        return
    desk.profile = replace(desk.profile, zone=zone)
    for table in desk.tables:
        before = desk.checkpoint(table)
        if table.case is Case.MIXED and before.watermark and asked and asked < before.watermark:
            desk.keep(replace(before, watermark=asked, scan_started=None, top=None, progress={}))
