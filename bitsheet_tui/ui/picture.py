"""Everything a widget needs to draw itself: the engine's state and the time it is looked at."""

from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from bitsheet_tui.state import EngineState, Fill, Phase, TableState, Verdict, judge, late

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    def verdict(self) -> Verdict:
        """How it all stands."""
        return judge(self.state, self.now)

    def late(self, table: TableState) -> bool:
        """Whether a table was read longer ago than its own rhythm explains."""
        return late(self.state, table, self.now)

    @property
    def fill(self) -> Fill | None:
        """All backfills as one, as far as their size is known; None when there is none."""
        fills = [table.fill for table in self.tables if table.fill]
        if not fills:
            return None
        sized = [fill for fill in fills if fill.expected is not None]
        return Fill(
            started=min(fill.started for fill in fills),
            done=sum(fill.done for fill in sized or fills),
            expected=sum(fill.expected or 0 for fill in sized) or None,
            rate=sum(fill.rate for fill in fills if self.fresh(fill)),
            pages=sum(fill.pages for fill in fills),
            left=max((fill.left or 0.0 for fill in fills), default=None),
        )

    def fresh(self, fill: Fill) -> bool:
        """Whether rows arrived lately, so that the rate still says something."""
        return bool(fill.last) and (self.now - (fill.last or EPOCH)).total_seconds() < 60

    def eta(self, fill: Fill) -> float | None:
        """Seconds to go; None in the first ten seconds and while nothing arrives."""
        early = (self.now - fill.started).total_seconds() < 10
        return None if early else fill.eta
