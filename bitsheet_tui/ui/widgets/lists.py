"""Scroller: lines that can be longer than the screen, moved with the keys or the wheel."""

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size

from bitsheet_tui.ui.keys import bindings
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.widgets.lines import Panel
from bitsheet_tui.ui.words import FILTER_HINT

WHEEL = 3


class Movable(Panel, can_focus=True):
    """A panel that understands the moving keys and the wheel."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    has: ClassVar[frozenset[str]] = frozenset()  # what keys may need of it
    # whether what is copied keeps its line breaks, each of which runs a command where a shell takes what is
    # pasted for typed: only where what stands before one is ours, and nothing of the portal's
    breaks: ClassVar[bool] = False
    hint = FILTER_HINT  # what may be typed to search it

    @property
    def page(self) -> int:
        """How many lines of it are seen at once."""
        return max(1, self.size.height - self.around)

    def move(self, steps: int) -> None:
        """Go `steps` lines down, or up where negative; more than there are: to the end."""

    def action_move(self, to: str) -> None:
        """A moving key was pressed."""
        steps = {
            "up": -1,
            "down": 1,
            "pageup": -self.page,
            "pagedown": self.page,
            "top": -(10**9),
            "end": 10**9,
        }
        self.move(steps[to])
        self.paint()

    def action_choose(self) -> None:
        """Enter was pressed."""

    @property
    def while_typing(self) -> bool:
        """Whether it is quick enough to follow every letter."""
        return True

    @property
    def term(self) -> str:
        """The word that is searched for."""
        return ""

    def search(self, term: str) -> None:
        """Show only what has this word; an empty one: everything."""

    def shown(self) -> None:
        """It came to the front."""

    def rest(self) -> bool:
        """Stop what goes on in the background; whether anything did."""
        return False

    def narrow(self) -> None:
        """Show only some, in turn."""

    def narrow_age(self) -> None:
        """Show only what changed lately, in turn."""

    def step(self, steps: int) -> None:
        """To the next, or the one before."""

    def copied(self) -> list[Line]:
        """What `c` puts into the clipboard: on one line, but where it `breaks`."""
        return []

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel was turned."""
        event.stop()
        self.move(-WHEEL)
        self.paint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel was turned."""
        event.stop()
        self.move(WHEEL)
        self.paint()


class Scroller(Movable):
    """A panel over lines that are all known."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.top = 0

    def content(self, columns: int) -> list[Line]:
        """Every line there is."""
        return []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are, where the height is what it needs."""
        return len(self.content(width)) + self.around

    def body(self, columns: int, rows: int) -> list[Line]:
        """The part that is looked at."""
        content = self.content(columns)
        self.top = max(0, min(self.top, len(content) - rows))
        return content[self.top : self.top + rows]

    def copied(self) -> list[Line]:
        """All of it."""
        return self.content(self.size.width)

    def move(self, steps: int) -> None:
        """Scroll; the next body clamps it."""
        self.top = max(0, self.top + steps)
