"""Beside: what the console knows and reads beside the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.ui import words
from bitsheet_tui.ui.kept import Shelf

if TYPE_CHECKING:
    from bitsheet_tui.config import Config
    from bitsheet_tui.store.reader import Reader


def _no_mirror() -> Reader:
    raise StoreUnavailable(words.NO_READER)


class Beside(Struct, frozen=True, kw_only=True):
    """Each is asked when it is needed: of a demo nobody knows anything before it runs.

    `opener` opens the mirror for reading, on a thread of the console's, and raises StoreError; `log_file`
    says where the log is; `config` what is configured; `shelf` keeps choices from one run to the next.
    """

    opener: Callable[[], Reader] = _no_mirror
    log_file: Callable[[], Path | None] = lambda: None
    config: Callable[[], Config | None] = lambda: None
    shelf: Shelf = field(default_factory=Shelf)
