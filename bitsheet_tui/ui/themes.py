"""The console's own themes, and the filter that takes every colour away where NO_COLOR asks for that."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import BUILTIN_THEMES, Theme

DEFAULT = "dark"
REPLACED = frozenset({"textual-dark", "textual-light", "ansi-dark", "ansi-light"})  # by ours

LEAST = "ink-least"  # how much of a colour shows, at least, where it is a shade
MOST = "ink-ground-most"  # how much of the cursor's colour shows, at most, below the letters

# seven to one and more between letters and ground; frames and shades as strong as words
CONTRAST = Theme(
    name="contrast",
    primary="#5fd7ff",
    secondary="#5fd7ff",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff6b6b",
    success="#00ff5f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    boost="#1c1c1c",
    variables={LEAST: "0.8", MOST: "0.2"},
)
# as Textual's, with colours that are dark enough for letters
LIGHT = replace(
    BUILTIN_THEMES["textual-light"],
    name="light",
    warning="#a65300",
    error="#a3143a",
    success="#237a45",
    variables={LEAST: "0.7", MOST: "0.15"},
)
THEMES: Mapping[str, Theme] = {
    "dark": replace(BUILTIN_THEMES["textual-dark"], name="dark"),
    "light": LIGHT,
    "ansi": replace(BUILTIN_THEMES["ansi-dark"], name="ansi"),
    "contrast": CONTRAST,
}


@lru_cache(1024)
def _bare(style: Style) -> Style:
    return style.without_color + Style.from_meta(style.meta) if style.meta else style.without_color


class Colourless(LineFilter):
    """Weight, reverse and underline stay; no colour reaches the terminal, not even grey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same letters without their colours."""
        return [
            Segment(text, None if style is None else _bare(style), control)
            for text, style, control in segments
        ]
