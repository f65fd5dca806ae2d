"""Trials: what the answers of the first run are tested with, and what is found."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from bitsheet_tui.config.draft import Draft


class Finding(Protocol):
    """One thing that was looked at; `code` is 0 where all is well."""

    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def verdict(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def hint(self) -> str: ...  # noqa: D102
    @property
    def code(self) -> int: ...  # noqa: D102


class Trials(Struct, frozen=True, kw_only=True):
    """What the answers are tested with."""

    portal: Callable[[Draft], Awaitable[Sequence[Finding]]]
    store: Callable[[Draft], Finding]
