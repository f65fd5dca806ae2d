"""The verdict: how it all stands, in one word and what it rests on.

It is computed here, from the picture of the engine and the time, and only painted by screens; `status` and
`status --check` say the same.
"""

from datetime import UTC, datetime

from msgspec import Struct

from bitsheet_tui.state.picture import EngineState, Phase, Standing, TableState

SLACK = 60  # seconds that a cycle may take
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PASSING = frozenset({Standing.RESTING, Standing.FAILED})


class Verdict(Struct, frozen=True, kw_only=True):
    """`phase` is the word; `activity` what the engine does, whatever waits for somebody.

    The tables that are not read, because somebody disabled them, are in none of these.
    """

    phase: Phase
    activity: Phase
    jobs: int  # things that somebody must do
    all: int  # tables that are read
    current: tuple[str, ...]  # of them, those that are whole and of the last time that they were due
    refused: tuple[str, ...]
    held: tuple[str, ...]  # whose deletions wait to be confirmed
    waiting: tuple[str, ...]  # late, and read again by themselves
    partial: tuple[str, ...]  # some rows of which cannot be stored
    as_of: datetime | None  # all current tables were read at this moment, or later

    @property
    def needs(self) -> tuple[str, ...]:
        """The tables that somebody must do something about."""
        return tuple(dict.fromkeys((*self.refused, *self.held)))


def judge(state: EngineState, now: datetime) -> Verdict:
    """How it stands at `now`, by the host's clock."""
    tables = state.enabled
    behind = [table for table in tables if late(state, table, now)]
    phase = state.phase
    current = [table for table in tables if table.current and table not in behind]
    return Verdict(
        phase=Phase.WAITING if behind and phase is Phase.CURRENT else phase,
        activity=state.activity,
        jobs=state.jobs,
        all=len(tables),
        current=_names(current),
        refused=_names([table for table in tables if table.standing is Standing.REFUSED]),
        held=_names([table for table in tables if table.held]),
        waiting=_names([table for table in tables if table.standing in PASSING or table in behind]),
        partial=_names([table for table in tables if table.standing is Standing.PARTIAL]),
        as_of=min((table.synced_at for table in current if table.synced_at), default=None),
    )


def newest(state: EngineState, verdict: Verdict) -> tuple[int, datetime | None]:
    """How many of the current tables the last cycle has read, and at which moment or later."""
    read = [state.tables[name].synced_at for name in verdict.current]
    last = [at for at in read if at and at >= _began(state)]
    return len(last), min(last, default=None)


def late(state: EngineState, table: TableState, now: datetime) -> bool:
    """Whether a table was read longer ago than its own rhythm explains, since there is that rhythm."""
    if table.synced_at is None or not table.due or table.disabled:
        return False
    since = max(table.synced_at, state.steered_at or EPOCH)
    return state.age(since, now) > 2 * table.every + SLACK


def _began(state: EngineState) -> datetime:
    """When the newest cycle that ended began, as near as it is known."""
    if not state.cycles:
        return EPOCH
    last = state.cycles[-1]
    return datetime.fromtimestamp(last.at.timestamp() - last.seconds - 0.5, UTC)


def _names(tables: list[TableState]) -> tuple[str, ...]:
    return tuple(table.name for table in tables)
