"""The alert that nobody else can give: no cycle has ended for long, and nothing says why."""

from datetime import datetime

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.state import EngineState

CYCLES = 3  # intervals
LEAST = 900.0  # seconds
IN_HAND = 3600.0  # seconds that one cycle may take
STALE = "the mirror is stale: no cycle has ended for too long"
STALE_HINT = "bitsheet-tui status says what it does, and bitsheet-tui log what went wrong."
PAUSED = "the mirror is paused, and grows stale"
PAUSED_HINT = "bitsheet-tui resume ends the pause."


def stale(state: EngineState, now: datetime, *, stood: bool) -> Alert | None:
    """The alert, unless the portal or the store is known to be away. Quiet hours are no part of any age.

    `stood`: it was told before a restart, and stands until a cycle has ended.
    """
    if state.waiting or state.trouble:
        return None
    newest = state.cycles[-1].at if state.cycles else None
    since = newest or state.started_at
    least = IN_HAND if state.cycle_started else LEAST
    late = state.age(since, now) > max(CYCLES * state.interval, least)
    if not late and not (stood and newest is None):
        return None
    text, hint = (PAUSED, PAUSED_HINT) if state.paused_at else (STALE, STALE_HINT)
    return Alert(kind=Kind.MIRROR_STALE, text=text, hint=hint, since=since)
