"""How far an export is, in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic

from bitsheet_tui.export.spelling import Rows

OFTEN = 0.25  # seconds between two looks


class Progress:
    """Counts the rows of one table, and shows how far it is as often as people can read it."""

    def __init__(self, name: str, total: int | None, show: Callable[[str], object] | None) -> None:
        """`total`: how many rows there are, if that is known; `show` gets the line, if there is anybody."""
        self.name, self.rows = name, 0
        self._total, self._show = total, show
        self._began = self._shown = monotonic()

    @property
    def shown(self) -> bool:
        """Whether there is a line to be written over."""
        return self._show is not None

    def count(self, pages: Iterable[Rows]) -> Iterator[Rows]:
        """The pages, counted from 0."""
        self.rows, self._began = 0, monotonic()
        for page in pages:
            yield page
            self.rows += len(page)
            if self._show and monotonic() - self._shown > OFTEN:
                self._shown = monotonic()
                self._show(self.line(self._shown - self._began))

    def line(self, seconds: float) -> str:
        """`deals: 12,000 of 60,000 rows, 0:40 left`."""
        if not self._total:
            return f"{self.name}: {self.rows:,} rows"
        left = round(seconds * max(0, self._total - self.rows) / max(1, self.rows))
        return f"{self.name}: {self.rows:,} of {self._total:,} rows, {left // 60}:{left % 60:02} left"
