"""LineView: a widget made of styled lines that repaints only what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui.glyphs import to_ascii
from bitsheet_tui.ui.inks import style
from bitsheet_tui.ui.line import Line, differs, edge, frame, text
from bitsheet_tui.ui.picture import Picture

if TYPE_CHECKING:
    from bitsheet_tui.ui.app import Console


def _inert(words: str) -> str:
    """The last door: whoever forgot plain() has not let anything through."""
    return words if words.isprintable() else plain(words, 2000)


class LineView(Widget):
    """Subclasses say what the lines are; this class finds out which cells to send to the terminal."""

    ALLOW_SELECT = False
    grows = False  # whether its height follows what it has to say

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._built: Size | None = None
        self._high = 0  # the height it asked for last
        self._styles_of: dict[str, Style] = {}
        self._strips: dict[int, tuple[object, Strip]] = {}
        self.marked: int | None = None  # the line that is drawn as the cursor's

    @property
    def console_app(self) -> Console:
        """The app, as what it is."""
        return cast("Console", self.app)

    @property
    def picture(self) -> Picture:
        """The newest look at the engine."""
        return self.console_app.picture

    def lines(self, columns: int, rows: int) -> list[Line]:
        """The lines for a content of this size; missing ones are blank."""
        return []

    def paint(self) -> None:
        """Draw what differs from what is on the screen; nothing otherwise."""
        if not self.is_mounted or not self.display or self.size.area == 0:
            return
        if self.grows and self._wanted() != self._high:
            self._high = self._wanted()
            self.refresh(layout=True)
        before, marked = self._lines, self.marked
        self._build()
        regions = [
            Region(0, y, self.size.width, 1)
            for y in (marked, self.marked)
            if y is not None and marked != self.marked
        ]
        for y in range(max(len(before), len(self._lines))):
            old = before[y] if y < len(before) else ()
            new = self._lines[y] if y < len(self._lines) else ()
            if changed := differs(old, new):
                regions.append(Region(changed[0], y, changed[1] - changed[0], 1))
        if regions:
            self.refresh(*regions)

    def _wanted(self) -> int:
        return self.get_content_height(self.size, self.size, self.size.width)

    def _build(self) -> None:
        if self._built != self.size:
            self._strips.clear()
        self._built = self.size
        if self.grows:
            self._high = self._high or self._wanted()
        self._lines = self.lines(self.size.width, self.size.height)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines for Textual's compositor, which are all there is to it: no border, no padding.

        Textual's own way asks for the style of each line anew and wraps it: half of the time of a paint.
        """
        if self._built != self.size:
            self._build()
        base, background = self.rich_style, self.background_colors[1]
        cursor = base + self._style("cursor")
        show = to_ascii if self.console_app.ascii else _inert
        strips = [
            self._strip(y, cursor if y == self.marked else base, show).crop(*crop.column_span)
            for y in crop.line_range
        ]
        for mended in self.get_line_filters():
            strips = [strip.apply_filter(mended, background) for strip in strips]
        return strips

    def _strip(self, y: int, base: Style, show: Callable[[str], str]) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ()
        of, strip = self._strips.get(y, (None, None))
        if strip is None or of != (line, base, show):
            strip = self._styled(line, base, show)
            self._strips[y] = (line, base, show), strip
        return strip

    def _styled(self, line: Line, base: Style, show: Callable[[str], str]) -> Strip:
        if base.reverse:  # one piece, whatever the cells' own colours
            line = ((text(line), ""),)
        segments = [
            Segment(show(words), base + self._style(name) if name else base) for words, name in line if words
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, name: str) -> Style:
        if name not in self._styles_of:
            app, below = self.app, self.background_colors[1]
            self._styles_of[name] = style(name, app.theme_variables, below, colourless=app.no_color)
        return self._styles_of[name]

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles_of.clear()
        self._strips.clear()


FRAMES = (110, 36)  # columns and rows from which panels are framed


class Panel(LineView):
    """Lines under a title: in a frame where there is room for one, else below a rule."""

    def title(self) -> tuple[Line, Line]:
        """The title and the note at the other end of it."""
        return (), ()

    def body(self, columns: int, rows: int) -> list[Line]:
        """The lines inside."""
        return []

    @property
    def framed(self) -> bool:
        """Whether there is room for frames."""
        width, height = self.app.size
        return width >= FRAMES[0] and height >= FRAMES[1]

    @property
    def around(self) -> int:
        """How many lines the title and the frame take."""
        return 2 if self.framed else 1

    def lines(self, columns: int, rows: int) -> list[Line]:
        """The body in its frame."""
        title, note = self.title()
        if self.framed:
            return frame(self.body(columns - 4, rows - 2), title, note, columns, rows)
        return [edge(title, note, columns), *self.body(columns, rows - 1)][:rows]
