"""A demo portal: a whole invented company behind the same HTTP answers that a real Bitrix24 portal gives."""

from bitsheet_tui.portal.demo.clock import HostClock, ManualClock
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.portal import DemoPortal, serve
from bitsheet_tui.portal.demo.settings import UNLIMITED, Cost, Limits, Settings, Size

__all__ = [
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
    "serve",
]
