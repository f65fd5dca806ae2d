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

__all__ = [
    "KEPT",
    "Attached",
    "CycleSummary",
    "EngineState",
    "Fill",
    "Phase",
    "Standing",
    "TableState",
    "reduce",
    "start",
]
