"""Every setting there is: its name, its default, and what it may be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bitsheet_tui.config.source import whole
from bitsheet_tui.privacy.rules import Rule, Rules, parse
from bitsheet_tui.secret import Secret

# the description is what an error says the setting must be
AboveZero = Annotated[float, Meta(gt=0, le=31_536_000, description="a number above 0")]
Zone = Annotated[str, Meta(description='empty, or the name of a time zone such as "Europe/Berlin"')]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
Whole = Annotated[int, Meta(ge=0, le=2**53, description="a whole number, 0 or more")]
Positive = Annotated[int, Meta(ge=1, le=2**53, description="a whole number, 1 or more")]
Requests = Annotated[int, Meta(ge=1, le=50, description="a whole number from 1 to 50")]
Words = Annotated[tuple[str, ...], Meta(description="a list of texts")]
Text = Annotated[str, Meta(description="a text")]
Switch = Annotated[bool, Meta(description="true or false")]
Name = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z0-9_]{0,62}\Z",
        description="a name of lower-case letters, digits and underscores",
    ),
]
Schema = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[A-Za-z_][A-Za-z0-9_]{0,62})?\Z",
        description="empty, or a name of letters, digits and underscores",
    ),
]
Size = Annotated[
    str, Meta(pattern=r"\A[1-9][0-9]{0,5} ?[kKMG]B\Z", description='a size such as "10 MB" or "1 GB"')
]
Listen = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[^\s/:]+:[0-9]{1,5}|\[[0-9A-Fa-f:]+\]:[0-9]{1,5})?\Z",
        description='empty, or a host and a port such as "127.0.0.1:9524"',
    ),
]
Language = Annotated[Literal["", "en", "tr"], Meta(description='empty, "en" or "tr"')]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    Meta(description="DEBUG, INFO, WARNING, ERROR or CRITICAL"),
]

Theme = Annotated[
    Literal["dark", "light", "ansi", "contrast"], Meta(description="dark, light, ansi or contrast")
]
Auto = Annotated[Literal["auto", "on", "off"], Meta(description="auto, on or off")]


class Unset(int):
    """A whole number that nobody has set: the default, where it makes a difference that it is one."""


class PortalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[portal]: where the portal is and how hard it may be asked."""

    webhook_url: Text = ""  # empty once loaded: the address lives in Config.webhook
    webhook_file: Text = ""
    requests_per_second: AboveZero = 2.0
    burst: Positive = 50
    concurrency: Requests = 4
    timeout: AboveZero = 75.0


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[store]: where the mirror is."""

    url: Text = "sqlite:///bitsheet.db"  # once loaded without its password: use Config.store_url
    schema: Schema = ""  # PostgreSQL only; empty: see store.postgres
    keep_raw: Switch = False


class SyncSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[sync]: what is mirrored, and how often."""

    interval: AboveZero = 300
    static_every: Positive = Unset(10)  # then also not twice in some minutes
    reconcile_every: Positive = 288
    audit_days: AboveZero = 7
    overlap: Whole = 300
    tables: Words = ()
    deletion_guard: Share = 0.05


class ScheduleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[schedule]: what goes by the clock on the wall; checked once loaded, empty where nothing does.

    `static` and `audit` are for `cron.parse`, `quiet` is for `quiet.parse`.
    """

    timezone: Zone = ""
    static: Text = ""
    audit: Text = ""
    quiet: Text = ""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[log]: the log file. `file` is absolute once loaded, or empty."""

    file: Text = "logs/bitsheet.log"
    level: Level = "INFO"
    rotation: Size = "10 MB"
    retention: Positive = 5


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[metrics]: where Prometheus and people may ask. `token_file` is absolute once loaded, or empty."""

    listen: Listen = ""
    token_file: Text = ""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`, where it is set."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[notify]: who is told when something is wrong."""

    urls: Words = ()
    reminder: Positive = 14400
    heartbeat_url: Text = ""


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[privacy]: fields that are kept from being read, each "table.field" or "field".

    `key_file` is absolute once loaded, or empty: then the key is beside the configuration, or the mirror.
    """

    exclude: Words = ()
    hash: Words = ()
    mask: Words = ()
    key_file: Text = ""

    @property
    def rules(self) -> Rules:
        """What they say together; they were checked when they were loaded."""
        return parse({Rule.EXCLUDE: self.exclude, Rule.HASH: self.hash, Rule.MASK: self.mask})[0]


class UiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[ui]: how the console looks and speaks; `language` empty: that of the locale.

    What is not given is as somebody chose it last.
    """

    language: Language = ""
    theme: Theme = "dark"
    ascii: Auto = "auto"
    title: Switch = True
    bell: Switch = False


class ExtraTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[table]]: one more table, a smart process of the portal."""

    name: Name
    smart_process: Positive


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[question]]: one SELECT over the mirror, asked every so many seconds."""

    name: str
    sql: str
    every: float


Section = (
    PortalSettings
    | StoreSettings
    | SyncSettings
    | ScheduleSettings
    | LogSettings
    | MetricsSettings
    | NotifySettings
    | PrivacySettings
    | UiSettings
)

SECTIONS: dict[str, type[Section]] = {
    "portal": PortalSettings,
    "store": StoreSettings,
    "sync": SyncSettings,
    "schedule": ScheduleSettings,
    "log": LogSettings,
    "metrics": MetricsSettings,
    "notify": NotifySettings,
    "privacy": PrivacySettings,
    "ui": UiSettings,
}


# read and checked, but nothing goes by them yet
INERT: frozenset[str] = frozenset()


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, checked. `webhook` ends with a slash; `path` is the file, if there is one."""

    portal: PortalSettings = PortalSettings()
    store: StoreSettings = StoreSettings()
    sync: SyncSettings = SyncSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    notify: NotifySettings = NotifySettings()
    privacy: PrivacySettings = PrivacySettings()
    ui: UiSettings = UiSettings()
    table: tuple[ExtraTable, ...] = ()
    question: tuple[Question, ...] = ()
    metrics_token: Secret = msgspec.field(default_factory=lambda: Secret(""))  # what `token_file` holds
    webhook: Secret = msgspec.field(default_factory=lambda: Secret(""))
    store_url: Secret = msgspec.field(default_factory=lambda: Secret("sqlite:///bitsheet.db"))
    path: Path | None = None
    warnings: tuple[str, ...] = ()  # what is allowed, but should be mended
    origins: Mapping[str, str] = msgspec.field(default_factory=dict)  # of what was given: "x.toml, line 3"

    @property
    def base(self) -> Path:
        """Where relative paths start: the folder of the file, or the current one."""
        return whole(self.path.parent if self.path else Path())
