"""What `bitsheet-tui status --check` finds: whether all is well, in one line and an exit code, for probes."""

from datetime import datetime

from msgspec import Struct

from bitsheet_tui.errors import Exit
from bitsheet_tui.observe.glimpse import glimpse
from bitsheet_tui.observe.narrate import duration
from bitsheet_tui.state import Attached, EngineState, Verdict, judge
from bitsheet_tui.store.ledger import Cycle
from bitsheet_tui.store.store import Store

WELL, ACT, STALE = Exit.DONE, Exit.TABLE_FAILED, Exit.STALE
KEPT = 512  # cycles among which a good one is looked for


class Outcome(Struct, frozen=True):
    """The exit code and the line."""

    code: int
    text: str


def check(store: Store, now: datetime, max_age: float | None) -> Outcome:
    """0 well, 1 somebody has to act, 2 nothing runs, or no good cycle for too long. Raises StoreError."""
    holder = store.holder()
    good = newest_good(store)
    ago = (now - good.ended_at).total_seconds() if good and good.ended_at else None
    last = (
        f"the newest good cycle ended {duration(max(0.0, ago))} ago"
        if ago is not None
        else "no good cycle yet"
    )
    if holder is None:
        return Outcome(STALE, f"nothing runs; {last}")
    state = glimpse(store, Attached(pid=holder.pid, since=holder.since), names=(), portal="", interval=0.0)
    verdict = judge(state, now)
    awake = state.age(good.ended_at, now) if good and good.ended_at else None  # nothing is due in quiet hours
    if verdict.jobs:
        return Outcome(ACT, f"needs you: {_needs(state, verdict)}")
    if max_age is not None and (awake is None or awake > max_age):
        return Outcome(STALE, f"{last}, which is more than {max_age:g} s" if ago is not None else last)
    tables = f", {len(verdict.current)} of {verdict.all} tables current" if verdict.all else ""
    hours = state.quiet.until(now) if state.quiet else None
    rests = f", quiet until {hours.astimezone():%H:%M}" if hours and not state.cycle_started else ""
    return Outcome(WELL, f"well: {verdict.phase}{rests}{tables}; {last}")


def newest_good(store: Store) -> Cycle | None:
    """The newest full cycle that brought every table up to date. Raises StoreError."""
    return next((cycle for cycle in store.last_cycles(KEPT) if _good(cycle)), None)


def _good(cycle: Cycle) -> bool:
    """A full one: what is asked for one table says nothing of the others."""
    return cycle.ended_at is not None and not cycle.failed and not cycle.asked


def _needs(state: EngineState, verdict: Verdict) -> str:
    told = [
        f"{', '.join(alert.tables) or 'mirror'}: {alert.text}"
        for alert in state.alerts.values()
        if alert.grave
    ]
    known = {name for alert in state.alerts.values() for name in alert.tables}
    return "; ".join(
        (*told, *(f"{name}: {state.tables[name].error}" for name in verdict.needs if name not in known))
    )
