"""Deletions: when a table is compared with the portal, and what becomes of the rows that are gone.

A count of the table's rows rides in the cycle's request as often as it takes at most SHARE of the time that
the portal grants its method, as the portal says that it took, in every `reconcile_every`-th full cycle, and
at the end of a table's first backfill. What takes long beside the interval is asked next to the cycles, in
one request for all such tables: their edits do not wait for it, and the next cycle sees to what it found.
Where it is the mirror's own number there is nothing to do; otherwise the table is compared next to the cycles
(`reconcile.py`), the guard decides (`guard.py`), and what it lets through is marked in one transaction. A
table whose deletions are held is counted in every `static_every`-th full cycle at least, so that a hold ends
soon after the rows came back; one whose comparison has failed, in no other.
Users who leave are dismissed, which is a change of their row; one is marked only when the row itself is gone.
"""

from collections.abc import Collection, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.errors import PortalError, TableTrouble
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.budget import WINDOW
from bitsheet_tui.portal.counting import count, counted
from bitsheet_tui.store.census import ALL
from bitsheet_tui.store.comments import Brake
from bitsheet_tui.store.reconciles import Reconcile, Reconciles
from bitsheet_tui.store.writer import Stored
from bitsheet_tui.sync import clock, guard
from bitsheet_tui.sync.desk import Answers, Desk, now
from bitsheet_tui.sync.reconcile import Comparison
from bitsheet_tui.sync.runs import record as record_run
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.tables import Paging, Table

if TYPE_CHECKING:
    from bitsheet_tui.sync.jobs import Job

COMPARED = "compared"  # what a comparison is called among the windows of `Desk.hidden`
SHARE = 0.02  # of what the portal grants a method, for counts of its table
PACE = 0.95 * SHARE  # in the long run; the rest is for counts that follow a pause
IN_A_ROW = 3
SECONDS = 10.0  # that all counts of one cycle may take together, unless it is one
RIDING = 0.25  # of an interval, that counts may take in the cycle's own request
LARGE = 100_000  # ids: nobody knows yet how long it takes to count so many, so one such table a cycle is


def comparable(desk: Desk, table: Table) -> bool:
    """Whether the mirror has every row of the table that there was up to its reach."""
    checkpoint = desk.checkpoint(table)
    known = bool(checkpoint.reach) and checkpoint.watermark is not None
    return table.paging is Paging.KEYSET and known and not filling(table, checkpoint)


def is_due(desk: Desk, table: Table, *, scarce: bool = False) -> bool:
    """Whether the table's turn has come; where room in requests is `scarce`, others go first for a while."""
    settings, found = desk.settings, desk.reconcile(table)
    every = settings.reconcile_every
    if found.held or table.name in desk.unsettled:
        every = min(every, settings.static_every)
    elif not found.cycle:  # never compared: what its backfill could not see is found now
        every = 1
    if not comparable(desk, table):
        return False
    passed = desk.full - max(found.cycle, desk.unsettled.get(table.name, 0))
    if passed >= every:
        return True
    first = scarce and passed < settings.static_every
    return not first and table.name not in desk.unsettled and _is_cheap(desk, table, found)


def _is_cheap(desk: Desk, table: Table, found: Reconcile) -> bool:
    """Whether a count of it takes no more than its share: on the whole, with a few in a row after a pause."""
    cost = found.count_seconds
    if cost is None:  # once, to know
        return table.name not in desk.counted
    share = SHARE * desk.portal.granted(table.method)
    return _used(desk, table, found) + cost <= max(cost, min(share, IN_A_ROW * cost))


def _used(desk: Desk, table: Table, found: Reconcile) -> float:
    """Seconds that counts of it have taken and that its share has not made up for yet."""
    rate = PACE * desk.portal.granted(table.method) / WINDOW
    if table.name in desk.counted:
        at, used = desk.counted[table.name]
        passed = clock.elapsed() - at
    else:
        used = found.count_used
        passed = (now() - found.compared_at).total_seconds() if found.compared_at else 0.0
    return max(0.0, used - max(0.0, passed) * rate)


def wanted(desk: Desk, tables: Sequence[Table]) -> list[Table]:
    """The tables to be compared at once: after a resync, or because somebody confirmed or suspects."""
    return [
        table
        for table in tables
        if desk.reconcile(table).due
        and comparable(desk, table)
        and (table.name not in desk.unsettled or is_due(desk, table))
    ]


def counts(desk: Desk, jobs: Sequence["Job"], *, scarce: bool = False) -> list["CountJob"]:
    """The counts that ride in this cycle, each behind the scan of its table.

    Together they take not too long; where that is not known, of large tables there is only one.
    """
    due = [
        job for job in jobs if is_due(desk, job.table, scarce=scarce) and not desk.reconcile(job.table).due
    ]
    known = {job.table.name: desk.reconcile(job.table).count_seconds for job in due}
    unknown = [job for job in due if known[job.table.name] is None]
    large = [job for job in unknown if (desk.checkpoint(job.table).reach or 0) > LARGE]
    found: list[CountJob] = []
    seconds = 0.0
    for job in sorted(due, key=lambda job: desk.counted.get(job.table.name, (0.0, 0.0))):
        seconds += known[job.table.name] or 0.0
        if job not in large[1:] and (not found or seconds <= SECONDS):
            found.append(CountJob(desk, job.table, job))
    return found


def divided(desk: Desk, counts: Sequence["CountJob"]) -> tuple[list["CountJob"], list["CountJob"]]:
    """Those that ride in the cycle's request, and those that always would delay what else is asked in it.

    What is not known to take long rides; of what does not, some wait for the next cycle.
    """
    room = left = RIDING * desk.settings.interval
    riding: list[CountJob] = []
    apart: list[CountJob] = []
    for job in counts:
        known = desk.reconcile(job.table).count_seconds or 0.0
        if known > room:
            apart.append(CountJob(desk, job.table))
        elif known <= left:
            left -= known
            riding.append(job)
    return riding, apart


def remember(desk: Desk, tables: Sequence[Table]) -> None:
    """Note, once for each table, what the webhook may do: later less may be a reason to hold."""
    facts = guard.facts(desk.profile)
    for table in tables:
        if facts and not desk.reconcile(table).facts:
            desk.note(replace(desk.reconcile(table), facts=facts))


class CountJob(Struct):
    """How many rows the portal has, asked in the cycle's request; answered by the number of the mirror's.

    One that follows a backfill, or is asked next to the cycles, has no scan to wait for.
    """

    desk: Desk
    table: Table
    scan: "Job | None" = None  # of the same table: the mirror is compared as the scan leaves it
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    differs: bool = False
    judged: bool = False  # by the number of rows, or because it differs
    _reach: int = 0
    _asked: bool = False

    @property
    def seconds(self) -> float:
        """How long it takes the portal, as far as one knows."""
        known = self.desk.reconcile(self.table).count_seconds
        return self.desk.portal.seconds_per_command(self.table.method) if known is None else known

    def asks(self, room: int) -> dict[str, Ask]:  # noqa: ARG002 - one question is indivisible
        if self._asked and not self._scanned:
            return {}  # it was too early; once more when the scan is complete
        self._asked = True
        self._reach = self._reach or self.desk.checkpoint(self.table).reach or 0
        asks = {f"{self.table.name}count": count(self.table, 0, self._reach)}
        return asks | (guard.asks(self.table) if self.desk.reconcile(self.table).held else {})

    @property
    def _scanned(self) -> bool:
        """Whether the scan has come to its end, whatever end that was."""
        return self.scan is None or self.scan.complete or self.scan.error is not None

    def take(self, answers: Answers) -> None:
        self.complete = self._scanned
        answer = answers[f"{self.table.name}count"]
        self._note_cost(answer)
        if self.scan and not self.scan.complete:
            return
        if isinstance(answer, PortalError):
            self.error = answer
            return
        theirs = counted(self.table, 0, self._reach, answer)
        if theirs is not None:
            theirs -= min(theirs, self.desk.hidden.get(self.table.name, {}).get(COMPARED, 0))
        mine = self.desk.store.reconciles.count(self.table, above=0, upto=self._reach)
        self.judged = True
        found = self.desk.reconcile(self.table)
        if theirs is None:
            self.differs = True
        elif theirs == mine:
            settle(self.desk, self.table, (), {})
        elif not self._still_held(found, mine - theirs, mine, answers):
            self.differs = not hold_early(self.desk, self.table, mine - theirs, mine)

    def _note_cost(self, answer: Answer | PortalError) -> None:
        desk, table = self.desk, self.table
        cost = answer.cost if isinstance(answer, Answer) else None
        if cost is not None:
            desk.costs[table.name] = cost
        used = _used(desk, table, desk.reconcile(table))
        desk.counted[table.name] = clock.elapsed(), used + (cost or 0.0)

    def _still_held(self, found: Reconcile, short: int, mine: int, answers: Answers) -> bool:
        """Whether what is held is missing as before, for the same reason."""
        if not found.held or short != found.held:
            return False
        lost = guard.lost(found.facts, guard.told(self.table, answers))
        share, before = self.desk.settings.deletion_guard, found.lately(now())
        if not guard.reason(gone=short, rows=mine, share=share, lost=lost, before=before):
            return False
        self.desk.note(looked(self.desk, found))
        return True


class CompareJob(Struct):
    """One table against the portal, to the end: what is gone is marked or held, what was missed is stored."""

    desk: Desk
    table: Table
    complete: bool = False  # one request is answered
    done: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _comparison: Comparison | None = None

    def asks(self, room: int) -> dict[str, Ask]:
        if self._comparison is None:
            self._comparison = self._begin()
        return self._comparison.asks(room)

    def _begin(self) -> Comparison:
        desk, table = self.desk, self.table
        returned = desk.returning[table.name] = set()
        reach = desk.checkpoint(table).reach or 0
        census = Mine(desk.store.reconciles, table)
        return Comparison(table, reach, census, desk.chained(table), returned=returned)

    def take(self, answers: Answers) -> None:
        desk, table, comparison = self.desk, self.table, self._comparison
        if comparison is None:
            return
        comparison.take(answers)
        self.error, self.complete = comparison.error, True
        if comparison.rows:
            desk.commit(table, comparison.rows, desk.checkpoint(table))
            comparison.rows.clear()
        if comparison.done:
            desk.hide(table, {COMPARED: comparison.hidden}, whole=True)
            settle(desk, table, comparison.gone - comparison.returned, comparison.facts)
            self.done = True
        elif comparison.short:
            self.done = hold_early(desk, table, comparison.short, self._mine())

    def _mine(self) -> int:
        return self.desk.store.reconciles.count(self.table, above=0, upto=ALL)


class Mine(Struct, frozen=True):
    """What the mirror knows of one table."""

    store: Reconciles
    table: Table

    def count(self, above: int, upto: int) -> int:
        """How many ids in (above, upto]."""
        return self.store.count(self.table, above=above, upto=upto)

    def ids(self, above: int, upto: int) -> list[int]:
        """Which."""
        return self.store.ids(self.table, above=above, upto=upto)

    def cuts(self, above: int, upto: int, parts: int) -> list[int]:
        """The upper ends of ranges with equal shares of them."""
        return self.store.cuts(self.table, above=above, upto=upto, parts=parts)


def hold_early(desk: Desk, table: Table, short: int, mine: int) -> bool:
    """Hold the table when the count alone says that too much is missing; whether it is held."""
    found = desk.reconcile(table)
    share = desk.settings.deletion_guard
    reason = guard.reason(
        gone=max(0, short), rows=mine, share=share, confirmed=found.confirmed, before=found.lately(now())
    )
    if reason:
        hold(desk, table, short, reason)
    return bool(reason)


def settle(desk: Desk, table: Table, gone: Collection[int], facts: dict[str, Any]) -> None:
    """A comparison has come to its end: mark what is gone, or hold it.

    `facts` is what the webhook may do now; empty when nothing is gone and nobody asked.
    """
    found, mine = desk.reconcile(table), desk.store.reconciles.count(table, above=0, upto=ALL)
    reason = guard.reason(
        gone=len(gone), rows=mine, share=desk.settings.deletion_guard, confirmed=found.confirmed,
        lost=guard.lost(found.facts, facts), before=found.lately(now()),
    )  # fmt: skip
    if reason:
        hold(desk, table, len(gone), reason)
        return
    facts = facts or guard.facts(desk.profile)
    began, at = monotonic(), now()
    clear = replace(
        looked(desk, found), due=False, facts=facts, held=0, reason="", held_since=None, confirmed=0
    )
    if gone:
        lately = 0.0 if found.confirmed else found.lately(at) + len(gone)  # somebody has looked at those
        clear = replace(clear, marked=lately, marked_at=at)
    if gone:
        stored = Stored(deleted=desk.store.reconciles.bury(table, gone, clear, at=at, cycle=desk.cycle))
        desk.noted(clear)
        desk.count(table, stored)
        desk.tell(table, stored, read=0)
        record_run(desk, table, kind="reconcile", at=at, seconds=monotonic() - began)
    else:
        desk.note(clear)
    if found.held:
        desk.say(e.HoldEnded(table=table.name, at=now()))


def looked(desk: Desk, found: Reconcile) -> Reconcile:
    """Deletions have been looked for, and what a count takes is known as it was seen last."""
    at = now()
    desk.say(e.Compared(table=found.table, at=at))
    seconds = desk.costs.get(found.table, found.count_seconds)
    used = _used(desk, desk.table(found.table), found)
    return replace(found, cycle=desk.full, compared_at=at, count_seconds=seconds, count_used=used)


def brake(desk: Desk, table: Table, vanished: int) -> Brake:
    """How many comments may vanish unasked in a piece of work in which `vanished` have already."""
    confirmed = desk.reconcile(table).confirmed > 0
    share = desk.settings.deletion_guard
    return Brake(free=guard.FREE, share=share, before=vanished, confirmed=confirmed)


def look_again(desk: Desk, table: Table) -> None:
    """Let the discussions of which comments are held be read, if it is time or somebody confirmed."""
    found, every = desk.reconcile(table), min(desk.settings.reconcile_every, desk.settings.static_every)
    if found.held and (found.due or desk.full - found.cycle >= every):
        desk.store.reconciles.reread()
        desk.note(replace(found, cycle=desk.full))


def settle_comments(desk: Desk, table: Table) -> None:
    """All discussions that were due are read: hold what vanished suspiciously, or end the hold."""
    found = desk.reconcile(table)
    held, tasks = desk.store.reconciles.held_comments()
    if held and (held != found.held or found.due):
        reason = f"comments of {tasks:,} discussions are not shown any more, and nothing proves them gone"
        hold(desk, table, held, reason)
    elif found.held and not held:
        settle(desk, table, (), {})


def hold(desk: Desk, table: Table, gone: int, reason: str) -> None:
    """Mark nothing; say why, and let it stand until the rows are back or somebody confirms."""
    found = desk.reconcile(table)
    desk.note(
        replace(
            looked(desk, found), due=False, held=gone, reason=reason, confirmed=0,
            held_since=found.held_since or now(),
        )
    )  # fmt: skip
    desk.say(e.DeletionsHeld(table=table.name, at=now(), count=gone, reason=reason))
