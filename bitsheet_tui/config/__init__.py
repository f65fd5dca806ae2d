"""The settings: TOML, environment and credential files become one frozen Config."""

from bitsheet_tui.config.loading import load, need_webhook
from bitsheet_tui.config.settings import (
    Config,
    ExtraTable,
    LogSettings,
    MetricsSettings,
    NotifySettings,
    PortalSettings,
    ScheduleSettings,
    StoreSettings,
    SyncSettings,
    UiSettings,
)

__all__ = [
    "Config",
    "ExtraTable",
    "LogSettings",
    "MetricsSettings",
    "NotifySettings",
    "PortalSettings",
    "ScheduleSettings",
    "StoreSettings",
    "SyncSettings",
    "UiSettings",
    "load",
    "need_webhook",
]
