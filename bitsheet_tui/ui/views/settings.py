"""What is set, one setting a line: its value, where it comes from, and how it can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bitsheet_tui.config.settings import INERT, SECTIONS, Config
from bitsheet_tui.secret import MASK
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import RETURN
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, cut, fit, middle
from bitsheet_tui.ui.looks import CHOSEN, DEFAULT, NOW

if TYPE_CHECKING:
    from bitsheet_tui.ui.looks import Looks
    from bitsheet_tui.ui.picture import Picture

SECRET = frozenset({"portal.webhook_url", "notify.urls", "notify.heartbeat_url"})
LIVE = ("ui.language", "ui.theme", "ui.ascii", "ui.title", "ui.bell", "sync.interval")
NAME, ORIGIN, NOTE = 27, 27, 28


class Setting(Struct, frozen=True, kw_only=True):
    """`value` and `origin` as people read them; `note`: how it is changed, or that it is not."""

    key: str
    value: str
    origin: str
    live: bool = False
    note: str = ""


def settings(config: Config | None, looks: Looks, picture: Picture) -> list[Setting]:
    """Every setting, those first that can be changed while it runs."""
    found = {setting.key: setting for setting in _of(config or Config(), looks, picture)}
    rest = [setting for key, setting in found.items() if key not in LIVE]
    return [*(found[key] for key in LIVE), *rest]


def _of(config: Config, looks: Looks, picture: Picture) -> Iterator[Setting]:
    for section, struct in SECTIONS.items():
        for name in struct.__struct_fields__:
            key, value = f"{section}.{name}", getattr(getattr(config, section), name)
            if section == "ui":
                yield _look(name, looks)
            elif key == "sync.interval":
                yield _interval(value, config, picture)
            else:
                origin = _origin(key, value, config)
                yield Setting(key=key, value=_shown(key, value, config), origin=origin, note=_note(key))


def _look(name: str, looks: Looks) -> Setting:
    value = getattr(looks, name)
    if name == "language" and not value:
        value = t("by the locale")
    told = {DEFAULT: t("default"), CHOSEN: t("chosen in the console"), NOW: t("chosen now")}
    origin = told.get(looks.origins[name], looks.origins[name])
    return Setting(
        key=f"ui.{name}", value=_plainly(value), origin=origin, live=True, note=t("enter changes it")
    )


def _interval(configured: float, config: Config, picture: Picture) -> Setting:
    now = picture.state.interval or configured
    origin = _origin("sync.interval", configured, config)
    if now != configured:
        origin = t("now; {value} in the configuration", value=f"{configured:g}")
    return Setting(
        key="sync.interval", value=f"{now:g}", origin=origin, live=True, note=t("enter changes it")
    )


def _origin(key: str, value: Any, config: Config) -> str:
    if key == "portal.webhook_url" and config.webhook:
        file = config.origins.get("portal.webhook_file")
        return config.origins.get(key) or file or t("environment")
    if given := config.origins.get(key):
        return given
    section, _, name = key.partition(".")
    return t("default") if value == getattr(SECTIONS[section](), name) else t("the demo's")


def _shown(key: str, value: Any, config: Config) -> str:
    """Never a secret: the webhook is where nobody sees it, the store's address has no password."""
    if key == "portal.webhook_url":
        value = MASK if config.webhook else ""
    elif key in SECRET and value:
        value = MASK if isinstance(value, str) else t("{count} addresses", count=f"{len(value)}")
    elif key == "sync.tables" and not value:
        return t("all of them")
    return _plainly(value)


def _plainly(value: Any) -> str:
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or f.UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value) or f.UNKNOWN


def _note(key: str) -> str:
    if key in INERT:
        return t("no effect in this version")
    return t("E on a table; next start") if key == "sync.tables" else t("at the next start")


def line(setting: Setting, columns: int) -> Line:
    """`⏎ sync.interval   300   config.toml, line 14   ⏎ changes it`; the note where there is room."""
    noted = columns >= NAME + ORIGIN + NOTE + 24
    wide = min(48, columns - NAME - ORIGIN - (NOTE if noted else 0) - 4)
    wide = max(wide, min(16, columns - NAME - 4))
    return cut(
        (
            (f"{RETURN} " if setting.live else "  ", "hint"),
            (fit(plain(setting.key, NAME), NAME), "name" if setting.live else "dim"),
            (fit(middle(plain(setting.value), wide), wide), "strong" if setting.live else ""),
            ("  " + (fit(plain(setting.origin), ORIGIN) if noted else plain(setting.origin)), "dim"),
            (setting.note if noted else "", "hint" if setting.live else "dim"),
        ),
        columns,
    )
