"""Parted: a screen whose middle has parts of which one is shown."""

from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.widgets.lists import Movable
from bitsheet_tui.ui.widgets.tabs import Tabs


class Parted(Base):
    """Has `Tabs`; each part is some widgets."""

    part = ""
    _parts: dict[str, Sequence[Widget]]

    def parts(self, **parts: Sequence[Widget]) -> Iterable[Widget]:
        """The widgets of every part; only those of the shown one are seen."""
        self._parts = parts
        self.part = self.part if self.part in parts else next(iter(parts))
        for name, widgets in parts.items():
            for widget in widgets:
                widget.display = name == self.part
                yield widget

    def show_part(self, name: str) -> None:
        """Bring a part to the front."""
        self.part = name
        for other, widgets in self._parts.items():
            for widget in widgets:
                widget.display = other == name
        front = self._parts[name][0]
        self.set_focus(front)
        if isinstance(front, Movable):
            front.shown()
        self.call_after_refresh(self.paint)

    def offered(self) -> set[str]:
        """Parts too."""
        return super().offered() | {"parts"}

    @on(Tabs.Turned)
    def _turned(self, event: Tabs.Turned) -> None:
        self.show_part(event.name)
