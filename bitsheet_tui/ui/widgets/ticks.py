"""Ticks: names, each with a tick that space sets or takes away."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static


class Ticks(Static, can_focus=True):
    """All are ticked at first; what is ticked is told by a sign, not by its colour."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("space", "tick", show=False),
    ]

    def __init__(self, names: Sequence[str], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.names = tuple(names)
        self.ticked = set(self.names)
        self.cursor = 0

    def render(self) -> Text:
        """One name a line, the one under the cursor marked."""
        mark = self.cursor if self.has_focus else -1
        return Text("\n").join(
            Text(
                f"{'>' if place == mark else ' '} [{'x' if name in self.ticked else ' '}] {name}",
                style="bold" if place == mark else "",
            )
            for place, name in enumerate(self.names)
        )

    def action_move(self, steps: int) -> None:
        """Up or down."""
        self.cursor = max(0, min(self.cursor + steps, len(self.names) - 1))
        self.refresh()

    def action_tick(self) -> None:
        """Set the tick, or take it away."""
        self.ticked ^= {self.names[self.cursor]}
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()
