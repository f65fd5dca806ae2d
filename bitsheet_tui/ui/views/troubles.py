"""How a trouble is shown on a screen."""

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import BAD, WAIT
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, wrap
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.troubles import Trouble


def render(trouble: Trouble, picture: Picture, columns: int) -> list[Line]:
    """Where and since when, what, what to do, when it is tried again."""
    style = "bad" if trouble.grave else "wait"
    head: Line = (
        (f"{BAD if trouble.grave else WAIT} ", style),
        (plain(trouble.where, 30), "strong"),
        (_history(trouble, picture), "dim"),
    )
    lines: list[Line] = [head]
    lines += [((f"  {row}", ""),) for row in wrap(plain(trouble.what, 400), columns - 2)]
    lines += [((f"  {row}", "hint"),) for row in wrap(plain(trouble.hint, 400), columns - 2)]
    if trouble.until:
        at = f.clock(trouble.until, picture.zone, picture.now)
        lines.append((("  " + t("Next try at {at}.", at=at), "dim"),))
    return lines


def _history(trouble: Trouble, picture: Picture) -> str:
    parts = []
    if trouble.since:
        parts.append(t("since {at}", at=f.clock(trouble.since, picture.zone, picture.now)))
    if trouble.times > 1:
        parts.append(t("{count} times in a row", count=f.count(trouble.times)))
    return "  " + ", ".join(parts) if parts else ""
