"""What the engine did about a command, in one sentence for whoever gave it."""

from collections.abc import Sequence
from datetime import datetime

from bitsheet_tui import commands as c
from bitsheet_tui.state import EngineState

NOT_DONE = "not done: "  # how the answer begins when nothing was done


def refusal(command: c.Command, state: EngineState) -> str:
    """Why nothing can be done about `command` now; empty when something can."""
    match command:
        case c.ConfirmDeletions(table) if table not in state.tables or not state.tables[table].held:
            return f"no deletions of {table} are held"
        case c.Resync(()):
            return "no table is named"
        case c.SyncNow(tables) | c.Resync(tables) if off := [n for n in tables if _disabled(state, n)]:
            names = _names(tuple(off))
            return _number(
                off, f"{names} is disabled: enable it first", f"{names} are disabled: enable them first"
            )
        case _:
            return ""


def _disabled(state: EngineState, name: str) -> bool:
    return name in state.tables and state.tables[name].disabled


def answer(command: c.Command, before: EngineState, after: EngineState) -> str:
    """What `command` changed, or what comes of it, seen from the pictures before and after it was obeyed."""
    match command:
        case c.Pause():
            return _paused(before)
        case c.Resume():
            return _resumed(before)
        case c.Retry(tables):
            return _retried(tables, before, after)
        case c.Stop():
            return "it stops once the commit in hand is finished"
        case c.SyncNow() | c.Resync() | c.ConfirmDeletions():
            return _when(before, _wish(command, before))
    return "done"


def _wish(command: c.SyncNow | c.Resync | c.ConfirmDeletions, state: EngineState) -> str:
    match command:
        case c.SyncNow(tables):
            names = _names(tables) or "everything that is due"
            return _number(tables, f"{names} is read", f"{names} are read")
        case c.Resync(tables, None):
            rows = sum(state.tables[name].rows or 0 for name in tables)
            return _number(
                tables,
                f"{_names(tables)} is read again from scratch ({rows:,} rows)",
                f"{_names(tables)} are read again from scratch ({rows:,} rows)",
            )
        case c.Resync(tables, since):
            return f"what changed in {_names(tables)} since {since} is read again"
        case c.ConfirmDeletions(table):
            held = state.tables[table].held
            return f"{table} is compared once more, and what is gone of {held:,} held rows is marked,"


def _number(tables: Sequence[str], one: str, several: str) -> str:
    return several if len(tables) > 1 else one


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone():%H:%M:%S}" if at else "a while"


def _names(tables: tuple[str, ...]) -> str:
    return ", ".join(tables)


def _paused(state: EngineState) -> str:
    if state.paused_at:
        return f"paused already, since {_clock(state.paused_at)}"
    stays = f"; cycle {state.cycle} stands still after the page in hand" if state.cycle_started else ""
    return f"paused: nothing is asked of the portal until somebody resumes{stays}"


def _resumed(state: EngineState) -> str:
    if not state.paused_at:
        return "not paused: there is nothing to resume"
    if state.cycle_started:
        return f"resumed: cycle {state.cycle} goes on"
    return f"resumed after a pause since {_clock(state.paused_at)}"


def _when(state: EngineState, what: str) -> str:
    if state.paused_at:
        return f"paused since {_clock(state.paused_at)}: {what} once somebody resumes"
    if state.cycle_started:
        return f"{what} in the cycle after {state.cycle}, which is running"
    return f"{what} now, in cycle {state.cycle + 1}"


def _retried(tables: tuple[str, ...], before: EngineState, after: EngineState) -> str:
    def waiting(state: EngineState) -> tuple[int, int]:
        some = [table for name, table in state.tables.items() if not tables or name in tables]
        return sum(table.quarantined for table in some), sum(table.values for table in some)

    (rows, values), (rows_left, values_left) = waiting(before), waiting(after)
    told = [f"{rows - rows_left:,} of {rows:,} rows stored"] if rows else []
    told += [f"{values - values_left:,} of {values:,} values stored"] if values else []
    return "; ".join(told) or "nothing is in quarantine"
