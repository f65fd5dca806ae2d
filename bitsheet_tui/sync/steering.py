"""What can be changed while the engine runs: the interval, which tables are read, and what is given up.

All of it lasts until the engine ends: the configuration says what the next one does.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec

from bitsheet_tui import commands as c
from bitsheet_tui import events as e
from bitsheet_tui.errors import MirrorHeld, StoreError
from bitsheet_tui.sync.again import Again
from bitsheet_tui.sync.answers import NOT_DONE
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.fills import Fills

Steer = c.SetInterval | c.Disable | c.Enable | c.Cancel
Wish = c.SyncNow | c.Resync | c.ConfirmDeletions


class Steering:
    """Obeys one kind of command, and says what it did."""

    def __init__(
        self, desk: Desk, fills: Fills, again: Again, wishes: deque[Wish], reschedule: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._fills = fills
        self._again = again
        self._wishes = wishes
        self._reschedule = reschedule
        self._tasks: set[asyncio.Task[None]] = set()

    def obey(self, command: Steer) -> str:
        """Do it; the answer."""
        match command:
            case c.SetInterval(seconds):
                return self._set_interval(seconds)
            case c.Disable(tables):
                return self._disable(tables)
            case c.Enable(tables):
                return self._enable(tables)
            case c.Cancel(tables):
                return self._cancel(tables)

    def _set_interval(self, seconds: float) -> str:
        before = self._desk.settings.interval
        self._desk.settings = msgspec.structs.replace(self._desk.settings, interval=seconds)
        self._tell()
        self._reschedule()
        kept = f"to keep it: sync.interval = {seconds:g}"
        return f"a cycle starts every {seconds:g} s instead of {before:g} s, until the engine ends; {kept}"

    def _disable(self, names: tuple[str, ...]) -> str:
        desk = self._desk
        left = {table.name for table in desk.tables} - desk.disabled - set(names)
        if not left:
            return f"{NOT_DONE}at least one table must be left; pause stops everything"
        desk.disabled |= set(names)
        self._later(self._fills.cancel(*names))
        self._tell()
        told = ", ".join(names)
        if len(names) > 1:
            return f"{told} are not read until they are enabled, or the engine ends; their rows stay"
        return f"{told} is not read until it is enabled, or the engine ends; its rows stay"

    def _enable(self, names: tuple[str, ...]) -> str:
        strange = [name for name in names if name not in self._desk.disabled]
        if strange:
            told = ", ".join(strange)
            return NOT_DONE + (f"{told} are not disabled" if len(strange) > 1 else f"{told} is not disabled")
        self._desk.disabled -= set(names)
        self._tell()
        self._wish(names)
        told = ", ".join(names)
        if len(names) > 1:
            return f"{told} are read again, now, from where they were left"
        return f"{told} is read again, now, from where it was left"

    def _cancel(self, names: tuple[str, ...]) -> str:
        """Wishes that wait, and backfills that read once more what was complete before."""
        waiting = [wish for wish in self._wishes if not names or set(c.named(wish)) & set(names)]
        for wish in waiting:
            self._wishes.remove(wish)
        given_up = self._again.under_way(names)
        if given_up:
            self._later(self._give_up(given_up))
        told = [f"{len(waiting)} waiting taken back"] if waiting else []
        told += (
            [f"the resync of {', '.join(given_up)} is given up, its rows stay current"] if given_up else []
        )
        if told:
            return "; ".join(told)
        why = "a cycle ends by itself, and the first reading of a table goes on: pause, or disable the table"
        return f"{NOT_DONE}nothing runs that can be given up: {why}"

    async def _give_up(self, names: tuple[str, ...]) -> None:
        with suppress(StoreError, MirrorHeld):  # the cycle meets the same trouble, and tells of it
            await self._again.give_up(names)
        self._wish(names)

    def _wish(self, names: tuple[str, ...]) -> None:
        self._wishes.append(c.SyncNow(names))
        self._reschedule()

    def _tell(self) -> None:
        disabled = tuple(table.name for table in self._desk.tables if table.name in self._desk.disabled)
        self._desk.say(e.Steered(at=now(), interval=self._desk.settings.interval, disabled=disabled))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
