"""LogPane: a view into a log that follows, or holds still while one reads."""

import asyncio
from datetime import datetime
from typing import ClassVar

from textual import events

from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.views import log
from bitsheet_tui.ui.views.log_window import FileWindow, Looked
from bitsheet_tui.ui.widgets.lists import Movable


class LogPane(Movable):
    """The log; scrolling up freezes it, reaching the end follows again."""

    has: ClassVar[frozenset[str]] = frozenset({"log", "search", "step"})

    def __init__(self, window: Looked, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.window = window
        self.end: int | None = None  # the number of the last entry shown; None: whatever is newest
        self.place: int | None = None  # the number of the entry that was looked for
        self.looking = False

    # --- what is looked at --------------------------------------------------------------------------

    @property
    def while_typing(self) -> bool:
        """Whether it follows every letter."""
        return self.window.while_typing

    @property
    def term(self) -> str:
        """The word that is looked for."""
        return self.window.term

    def search(self, term: str) -> None:
        """Show only lines with this word."""
        self.look(term=term)

    def look(self, **changes: str) -> None:
        """Show other lines."""
        self.window.look(**changes)  # type: ignore[arg-type]
        self._again()

    def look_through(self, window: Looked) -> None:
        """Look at another log."""
        self.window, self.end, self.place = window, None, None
        self._again()

    def _again(self) -> None:
        self.place = None
        if isinstance(self.window, FileWindow):
            self.looking = True
            self.run_worker(self._choose(self.window), exclusive=True, group="log")
        self.paint()

    async def _choose(self, window: FileWindow) -> None:
        """On another thread: a file may have a hundred thousand lines."""
        chosen = await asyncio.to_thread(window.choose)
        window.show(*chosen)
        self.end, self.looking = None, False
        self.paint()

    # --- finding --------------------------------------------------------------------------------------

    def step(self, steps: int) -> None:
        """To the next line with the word, among all lines; or to the one before."""
        window = self.window
        if not window.term:
            self.console_app.say(t(words.NO_TERM))
        elif window.sift:
            self.run_worker(self._step_among_all(steps), exclusive=True, group="step")
        else:
            self._step(steps)

    async def _step_among_all(self, steps: int) -> None:
        self.window.look(sift=False)
        self.place = None
        if isinstance(self.window, FileWindow):
            await self._choose(self.window)
        self._step(steps)

    def _step(self, steps: int) -> None:
        window = self.window
        start = self.place
        if start is None:
            start = window.total if steps < 0 or self.end is None else self.end - self.page
        self.go(window.find(start, steps))

    def jump(self, moment: datetime) -> None:
        """To the first line that is not older."""
        self.go(min(self.window.at(moment), self.window.total - 1))

    def go(self, number: int | None) -> None:
        """Hold still where this line is seen, in the middle if there is room."""
        if number is None or number < 0:
            self.console_app.say(t(words.NOT_FOUND))
            return
        self.place = number
        self.end = min(self.window.total, max(number + 1 + self.page // 2, self.window.first + self.page))
        self.paint()

    # --- the screen -----------------------------------------------------------------------------------

    def title(self) -> tuple[Line, Line]:
        """Whether it follows, what it shows, how much there is."""
        return log.title(self.window, self.end, narrow=self.size.width < 60, looking=self.looking)

    def body(self, columns: int, rows: int) -> list[Line]:
        """The newest lines, or those that are held."""
        if self.end is not None:  # what fell out of the ring cannot be held
            self.end = min(self.window.total, max(self.end, self.window.first + rows))
        end = self.window.total if self.end is None else self.end
        shown, place = log.render(self.window, end, columns, rows, self.picture.zone, self.place)
        self.marked = None if place is None else place + 1
        return shown

    def lines(self, columns: int, rows: int) -> list[Line]:
        """With what is new in the ring."""
        self.window.pull()
        return super().lines(columns, rows)

    def move(self, steps: int) -> None:
        """Scroll; up freezes, the end follows."""
        window = self.window
        end = (window.total if self.end is None else self.end) + steps
        lowest = min(window.total, window.first + self.page)
        self.end = None if end >= window.total else max(lowest, end)

    def action_choose(self) -> None:
        """Enter follows again."""
        self.follow(on=True)

    def on_click(self, event: events.Click) -> None:
        """A click on the title follows again, or holds still."""
        if event.y == 0:
            self.follow(on=self.end is not None)

    def follow(self, *, on: bool) -> None:
        """Follow, or hold still here."""
        self.end = None if on else self.window.total
        self.place = None if on else self.place
        self.paint()

    def copied(self) -> list[Line]:
        """The lines in view."""
        return self.body(self.size.width, self.page)

    def saved(self) -> list[str]:
        """Every line that is chosen, with its day, for a file; takes long where there are many."""
        window = self.window
        return [log.told(window.entry(number)) for number in range(window.first, window.total)]
