"""Whether the mirror keeps up: one rule for `/readyz`, for the metrics and so for the alerts.

Ages leave quiet hours out, in which nothing is due.
"""

from datetime import datetime

from bitsheet_tui.monitoring.tally import Tally
from bitsheet_tui.state import EngineState, TableState

CADENCES = 3  # of its own, that a table may be late


def stale_after(state: EngineState, tally: Tally) -> float:
    """Seconds after the end of a good cycle: two intervals and what the last one took."""
    return 2 * state.interval + tally.duration


def table_stale_after(table: TableState) -> float | None:
    """The same for one table; None: it is not read, or nobody knows how often."""
    return CADENCES * table.every if table.every and not table.disabled else None


def quiet_seconds(state: EngineState, since: datetime, now: datetime) -> float:
    """How much of the time from `since` to `now` was in quiet hours."""
    return max(0.0, (now - since).total_seconds() - state.age(since, now))


def unready(state: EngineState, tally: Tally, now: datetime) -> str:
    """Why nobody should rely on the mirror now; empty: it keeps up."""
    if tally.succeeded is None:
        return "no good cycle yet"
    age, most = state.age(tally.succeeded, now), stale_after(state, tally)
    return f"the newest good cycle ended {age:.0f} s ago, more than {most:.0f} s" if age > most else ""
