"""The styles by name: three colours that mean something, the rest is weight and shade.

They are made from the theme's colours here and not as Textual component classes, which would be worked
out again for every widget and every change of size.
"""

from collections.abc import Mapping

from msgspec import Struct
from rich.style import Style
from textual.color import Color

from bitsheet_tui.ui.themes import LEAST, MOST

PLAIN = Style()
READABLE = "readable"  # black or white, whichever can be read on the ground


class Ink(Struct, frozen=True, kw_only=True):
    """One style: names of the theme's colours, and how much of them shows over what is below."""

    colour: str = ""
    word: str = ""  # on a light ground, where the colour itself is too pale for letters
    alpha: float = 1.0
    ground: str = ""
    ground_alpha: float = 1.0
    bold: bool = False
    reverse: bool = False  # where there is no colour


INKS: Mapping[str, Ink] = {
    "plain": Ink(),
    "ok": Ink(colour="success", word="text-success"),
    "wait": Ink(colour="warning", word="text-warning"),
    "bad": Ink(colour="error-lighten-2", word="text-error", bold=True, reverse=True),
    "dim": Ink(colour="foreground", alpha=0.6),
    "head": Ink(colour="foreground", alpha=0.6),
    "strong": Ink(bold=True),
    "title": Ink(colour="primary-lighten-2", bold=True),
    "name": Ink(),
    "new": Ink(colour="success", word="text-success"),
    "hint": Ink(colour="primary-lighten-2"),
    "bar": Ink(colour="success", word="text-success"),
    "trough": Ink(colour="foreground", alpha=0.25),
    "spark": Ink(colour="primary-lighten-1"),
    "rule": Ink(colour="foreground", alpha=0.28),
    "match": Ink(colour=READABLE, ground="warning", reverse=True),
    "key": Ink(colour="primary-lighten-2", bold=True),
    "key-words": Ink(colour="foreground", alpha=0.75),
    "cursor": Ink(ground="primary", ground_alpha=0.35, reverse=True),
    "cursor-mark": Ink(colour="primary-lighten-2"),
    "badge-plain": Ink(colour="foreground", ground="foreground", ground_alpha=0.2, bold=True, reverse=True),
    "badge-ok": Ink(colour=READABLE, ground="success", bold=True, reverse=True),
    "badge-wait": Ink(colour=READABLE, ground="warning", bold=True, reverse=True),
    "badge-bad": Ink(colour=READABLE, ground="error", bold=True, reverse=True),
}


def style(name: str, theme: Mapping[str, str], below: Color, *, colourless: bool = False) -> Style:
    """The style of that name over a background; PLAIN for a name that does not exist."""
    ink = INKS.get(name)
    if ink is None:
        return PLAIN
    if colourless:
        return Style(bold=ink.bold or None, reverse=ink.reverse or None, dim=ink.alpha < 0.7 or None)
    if (
        below.ansi is not None and ink.ground
    ):  # the terminal's own sixteen colours: only it knows what can be read
        return Style(color=Color.parse(theme[ink.ground]).rich_color, reverse=True, bold=ink.bold or None)
    alpha = max(ink.alpha, float(theme.get(LEAST, 0)))
    most = 1.0 if ink.ground_alpha == 1 else float(theme.get(MOST, 1))
    ground = _over(below, theme.get(ink.ground, ""), min(ink.ground_alpha, most))
    pale = ink.word and below.brightness > 0.5
    front = _over(ground or below, theme.get(ink.word if pale else ink.colour, ""), alpha)
    if ground is not None and ink.colour == READABLE:
        front = ground.get_contrast_text(1.0)
    shade = front is not None and front.ansi is not None and ink.alpha < 0.7
    return Style(
        color=front.rich_color if front else None,
        bgcolor=ground.rich_color if ground else None,
        bold=ink.bold or None,
        dim=shade or None,
    )


def _over(below: Color, name: str, alpha: float) -> Color | None:
    """A colour of the theme, blended unless it is one of the terminal's own sixteen."""
    if not name:
        return None
    colour = Color.parse(name)
    if colour.ansi is not None or below.ansi is not None:
        return colour if alpha >= 0.3 or colour.ansi is not None else None
    return below.blend(colour, alpha, 1.0)
