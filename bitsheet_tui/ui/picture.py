"""Everything a widget needs to draw itself: the engine's state and the time it is looked at."""

from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from bitsheet_tui.state import EngineState, Fill, Phase, TableState, Verdict, judge, late
from bitsheet_tui.ui import words

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMMENTS = "task_comments"  # read by discussion


def _before(ended: list[Fill], running: list[Fill]) -> list[Fill]:
    """Those of the ended that belong to the same backfilling as the running ones: with no pause between."""
    began, found = min(fill.started for fill in running), list[Fill]()
    for fill in sorted(ended, key=lambda fill: fill.last or fill.started, reverse=True):
        if (fill.last or fill.started) >= began:
            began = min(began, fill.started)
            found.append(fill)
    return found


class Picture(Struct, frozen=True, kw_only=True):
    """One look at the engine. `zone` is the zone of the clock on the wall; None: the system's."""

    state: EngineState
    now: datetime
    zone: tzinfo | None = None

    @property
    def tables(self) -> list[TableState]:
        """The tables, in the order of a cycle."""
        return list(self.state.tables.values())

    @property
    def ended(self) -> int:
        """The number of the last cycle that ended; 0 before the first."""
        return self.state.cycles[-1].number if self.state.cycles else 0

    @property
    def busy(self) -> bool:
        """Whether something can change at any moment."""
        state = self.state
        return bool(state.cycle_started) or state.activity in {Phase.FILLING, Phase.STOPPING, Phase.STARTING}

    @property
    def waiting(self) -> list[TableState]:
        """The tables that are late, and will be read again by themselves."""
        return [self.state.tables[name] for name in self.verdict.waiting]

    @property
    def left_behind(self) -> bool:
        """Whether what is seen is how an instance that ended left it."""
        return bool(self.state.attached and self.state.attached.gone)

    @property
    def verdict(self) -> Verdict:
        """How it all stands."""
        return judge(self.state, self.now)

    @property
    def word(self) -> tuple[str, str, str]:
        """The word for it all, its sign and the name of its colour."""
        state, phase = self.state, self.verdict.phase
        if phase is Phase.WAITING and state.waiting and state.waiting.reason in words.OFFLINE_REASONS:
            return words.OFFLINE
        return words.PHASES[phase]

    def late(self, table: TableState) -> bool:
        """Whether a table was read longer ago than its own rhythm explains."""
        return late(self.state, table, self.now)

    @property
    def fill(self) -> Fill | None:
        """All backfills as one: those that run, and those that have ended since the first of these began.

        So what is done and what is expected never become less. Discussions are no rows: those of comments
        count only where nothing else is read. The size is known once that of each is.
        """
        tables = [table for table in self.tables if (table.name != COMMENTS) is self.of_rows]
        fills = [table.fill for table in tables if table.fill]
        if not fills:
            return None
        together = [
            *fills,
            *_before([table.filled for table in tables if table.filled and not table.fill], fills),
        ]
        sized = all(fill.expected is not None for fill in together)
        return Fill(
            started=min(fill.started for fill in together),
            done=sum(fill.done for fill in together),
            expected=sum(max(fill.expected or 0, fill.done) for fill in together) if sized else None,
            rate=sum(fill.rate for fill in fills if self.fresh(fill)),
            pages=sum(fill.pages for fill in fills),
            left=max((fill.left or 0.0 for fill in fills), default=None),
        )

    @property
    def of_rows(self) -> bool:
        """Whether a backfill of rows runs, and not of discussions alone."""
        return any(table.fill for table in self.tables if table.name != COMMENTS)

    def fresh(self, fill: Fill) -> bool:
        """Whether rows arrived lately, so that the rate still says something."""
        return bool(fill.last) and (self.now - (fill.last or EPOCH)).total_seconds() < 60

    def eta(self, fill: Fill) -> float | None:
        """Seconds to go; None in the first ten seconds and while nothing arrives."""
        early = (self.now - fill.started).total_seconds() < 10
        return None if early else fill.eta
