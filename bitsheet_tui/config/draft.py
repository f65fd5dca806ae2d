"""A configuration in the making: the answers that somebody gave, and the file they become."""

import json
import os
from pathlib import Path

from msgspec import Struct, field

from bitsheet_tui.config import address
from bitsheet_tui.config.settings import Config, StoreSettings, SyncSettings
from bitsheet_tui.secret import MASK, Secret

INTERVAL = 300.0
STORE = "sqlite:///bitsheet.db"
LEAST = 1.0  # seconds
MOST = 86_400.0
HEAD = "# Every other setting: bitsheet-tui help configuration\n"


class Draft(Struct, frozen=True, kw_only=True):
    """What is known so far. `tables` empty: all of them."""

    path: Path
    webhook: Secret = field(default_factory=lambda: Secret(""))
    store: Secret = field(default_factory=lambda: Secret(STORE))
    tables: tuple[str, ...] = ()
    interval: float = INTERVAL

    @property
    def config(self) -> Config:
        """As if it had been loaded from the file."""
        return Config(
            webhook=self.webhook,
            store=StoreSettings(url=address.without_password(self.store.reveal())),
            store_url=self.store,
            sync=SyncSettings(interval=self.interval, tables=self.tables),
            path=self.path,
        )

    @property
    def shown(self) -> str:
        """The file, without its secrets."""
        return self._text(MASK, address.without_password(self.store.reveal()))

    def write(self) -> None:
        """For its owner alone, and never over a file that is there. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # never readable for others, not even for a moment
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self._text(self.webhook.reveal(), self.store.reveal()))

    def _text(self, webhook: str, store: str) -> str:
        """Only what differs from the defaults. JSON's texts and lists are TOML's, too."""
        lines = [HEAD, "[portal]", f"webhook_url = {json.dumps(webhook)}", ""]
        lines += ["[store]", f"url = {json.dumps(store)}"]
        sync = [f"interval = {self.interval:g}"] if self.interval != INTERVAL else []
        sync += [f"tables = {json.dumps(self.tables)}"] if self.tables else []
        lines += ["", "[sync]", *sync] if sync else []
        return "\n".join(lines) + "\n"


def read_interval(text: str) -> float:
    """Seconds, from `300`, `300 s` or `5 min`. Raises ValueError, in words."""
    number, unit = text.strip().lower().rstrip("."), 1.0
    for name, seconds in (
        ("min", 60.0),
        ("dk", 60.0),
        ("sec", 1.0),
        ("sn", 1.0),
        ("sa", 3600.0),
        ("h", 3600.0),
        ("m", 60.0),
        ("s", 1.0),
    ):
        if number.endswith(name):
            number, unit = number.removesuffix(name).strip(), seconds
            break
    try:
        seconds = float(number) * unit
    except ValueError:
        raise ValueError("must be seconds, such as 300, or minutes, such as 5 min") from None
    if not LEAST <= seconds <= MOST:
        raise ValueError(f"must be from {LEAST:g} second to a day")
    return seconds


def place_for(folder: Path, home: Path) -> Path:
    """Where a new file goes: into the folder one is in, or where that cannot be, to the user's settings."""
    return folder / "config.toml" if os.access(folder, os.W_OK) else home / "bitsheet-tui" / "config.toml"
