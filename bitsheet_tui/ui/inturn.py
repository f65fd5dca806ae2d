"""InTurn: what is typed ahead arrives where it was meant for."""

from collections import deque
from functools import partial

from textual.app import App, ReturnType
from textual.events import Event, Key, Paste
from textual.message import Message

PATIENCE = 0.5  # seconds for a key whose widget has gone with it


class InTurn(App[ReturnType], inherit_bindings=False):
    """Hands out a key when the one before it is done.

    Textual hands it to the widget that has the focus when it arrives: of `/word`, which comes in one piece
    over a slow line or from a paste, the letters would go to the pane that `/` was pressed in.
    """

    class Done(Message):
        """Follows a key, from widget to widget, until it is back at the app."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Event] = deque()
        self._given = self._done = 0  # how many

    async def on_event(self, event: Event) -> None:
        """Textual's, but for what is typed."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._given > self._done:
            self._waiting.append(event)
            self.set_timer(PATIENCE, partial(self._go_on, self._given))
        else:
            await self._hand_out(event)

    async def _hand_out(self, event: Event) -> None:
        self._given += 1
        target = self.focused or self.screen
        await super().on_event(event)
        if not target.post_message(self.Done()):
            self._done = self._given

    async def on_in_turn_done(self) -> None:
        """The next one."""
        await self._go_on(self._given)

    async def _go_on(self, number: int) -> None:
        self._done = max(self._done, number)
        if self._waiting and self._given == self._done:
            await self._hand_out(self._waiting.popleft())
