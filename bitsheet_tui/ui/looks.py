"""Looks: how it speaks and looks: what is configured, else what was chosen last, else the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bitsheet_tui.config.settings import UiSettings

if TYPE_CHECKING:
    from bitsheet_tui.config import Config
    from bitsheet_tui.ui.kept import Kept

DEFAULT, CHOSEN, NOW = "default", "chosen", "now"


class Looks(Struct, frozen=True, kw_only=True):
    """How the console looks. `origins`: of each, where it comes from."""

    language: str
    theme: str
    ascii: str
    title: bool
    bell: bool
    origins: Mapping[str, str]

    def chosen(self, name: str, value: object) -> Looks:
        """With another value of one of them, chosen while it runs."""
        values: dict[str, Any] = {one: getattr(self, one) for one in NAMES}
        return Looks(**{**values, name: value}, origins={**self.origins, name: NOW})


NAMES = UiSettings.__struct_fields__


def looks(config: Config | None, kept: Kept, environ: Mapping[str, str] = os.environ) -> Looks:
    """What counts at the start. $TEXTUAL_THEME is the theme where nobody chose one, as in any Textual app."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in NAMES:
        given = config.origins.get(f"ui.{name}") if config else None
        choice = getattr(kept, name, None)
        if config and given:
            values[name], origins[name] = getattr(config.ui, name), given
        elif choice is not None:
            values[name], origins[name] = choice, CHOSEN
        else:
            values[name], origins[name] = getattr(UiSettings(), name), DEFAULT
    if origins["theme"] == DEFAULT and environ.get("TEXTUAL_THEME"):
        values["theme"], origins["theme"] = environ["TEXTUAL_THEME"], "$TEXTUAL_THEME"
    return Looks(**values, origins=origins)
