"""The settings: TOML, environment and credential files become one frozen Config."""

from pathlib import Path

import msgspec

from bitsheet_tui.secret import Secret


class PortalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[portal]: where the portal is and how hard it may be asked."""

    webhook_url: str = ""  # empty once loaded: the address lives in Config.webhook
    webhook_file: str = ""
    requests_per_second: float = 2.0
    burst: int = 50
    concurrency: int = 4
    timeout: float = 75.0


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[store]: where the mirror is."""

    url: str = "sqlite:///bitsheet.db"
    schema: str = "public"
    keep_raw: bool = False


class SyncSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[sync]: what is mirrored, and how often."""

    interval: float = 300
    static_every: int = 10
    reconcile_every: int = 288
    overlap: int = 300
    tables: tuple[str, ...] = ()
    deletion_guard: float = 0.05


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[log]: the log file."""

    file: str = "logs/bitsheet.log"
    level: str = "INFO"
    rotation: str = "10 MB"
    retention: int = 5


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[metrics]: where Prometheus may ask."""

    listen: str = ""


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[notify]: who is told when something is wrong."""

    urls: tuple[str, ...] = ()
    reminder: int = 14400
    heartbeat_url: str = ""


class ExtraTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[table]]: one more table, a smart process of the portal."""

    name: str
    smart_process: int


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, checked. `webhook` ends with a slash; `path` is the file, if there is one."""

    portal: PortalSettings = PortalSettings()
    store: StoreSettings = StoreSettings()
    sync: SyncSettings = SyncSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    notify: NotifySettings = NotifySettings()
    table: tuple[ExtraTable, ...] = ()
    webhook: Secret = msgspec.field(default_factory=lambda: Secret(""))
    store_url: Secret = msgspec.field(default_factory=lambda: Secret("sqlite:///bitsheet.db"))
    path: Path | None = None
