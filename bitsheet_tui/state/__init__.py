"""The one picture of the engine that screens, status, metrics and alerts draw."""

from bitsheet_tui.state.picture import (
    KEPT,
    Attached,
    CycleSummary,
    EngineState,
    Fill,
    Phase,
    Standing,
    TableState,
    start,
)
from bitsheet_tui.state.reducing import reduce
from bitsheet_tui.state.verdict import Verdict, judge, late, newest

__all__ = [
    "KEPT",
    "Attached",
    "CycleSummary",
    "EngineState",
    "Fill",
    "Phase",
    "Standing",
    "TableState",
    "Verdict",
    "judge",
    "late",
    "newest",
    "reduce",
    "start",
]
