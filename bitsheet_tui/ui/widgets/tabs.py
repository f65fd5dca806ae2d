"""Tabs: the parts of a screen by name; one is shown, a key or a click shows another."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, width
from bitsheet_tui.ui.widgets.lines import LineView


class Tabs(LineView):
    """One line of names."""

    class Turned(Message):
        """Another part is to be shown."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, title: str, names: Sequence[str], shown: str) -> None:
        super().__init__()
        self.title = title
        self.names = tuple(names)
        self.shown = shown if shown in self.names else self.names[0]

    def lines(self, columns: int, rows: int) -> list[Line]:
        """`deals  overview  records  columns`, the shown one marked in words too."""
        return [((" ", ""), (self.title, "title"), ("  ", ""), *self._spans())]

    def _spans(self) -> Line:
        return tuple(
            (f"[{t(name)}]", "strong") if name == self.shown else (f" {t(name)} ", "dim")
            for name in self.names
        )

    def turn(self, steps: int) -> None:
        """To the next part, or the one before; round at the ends."""
        self.show(self.names[(self.names.index(self.shown) + steps) % len(self.names)])

    def show(self, name: str) -> None:
        """Show this part."""
        self.shown = name
        self.post_message(self.Turned(name))
        self.paint()

    def on_click(self, event: events.Click) -> None:
        """Show the part whose name was clicked."""
        end = 3 + width(((self.title, ""),))
        for name, span in zip(self.names, self._spans(), strict=True):
            start, end = end, end + width((span,))
            if start <= event.x < end:
                self.show(name)
