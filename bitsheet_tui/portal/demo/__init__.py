"""A demo portal: a whole invented company behind the same HTTP answers that a real Bitrix24 portal gives."""

from bitsheet_tui.portal.demo.clock import HostClock, ManualClock
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.kinds import Spelt
from bitsheet_tui.portal.demo.portal import LIVELY, DemoPortal, lively, serve
from bitsheet_tui.portal.demo.settings import UNLIMITED, Cost, Limits, Settings, Size

__all__ = [
    "LIVELY",
    "UNLIMITED",
    "Column",
    "Cost",
    "DemoPortal",
    "Fault",
    "HostClock",
    "Kind",
    "Limits",
    "ManualClock",
    "Settings",
    "Size",
    "Spelt",
    "lively",
    "serve",
]
