"""Window: looks at the engine twice a second and paints what differs."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Protocol

from msgspec.structs import replace
from rich.console import Console as RichConsole
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import WorkerFailed

from bitsheet_tui.commands import Command, Stop
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import redact
from bitsheet_tui.state import EngineState
from bitsheet_tui.text import plain
from bitsheet_tui.ui import glyphs, words
from bitsheet_tui.ui.beside import Beside
from bitsheet_tui.ui.dressed import Dressed
from bitsheet_tui.ui.herald import Herald
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.library import Library
from bitsheet_tui.ui.looks import looks
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.screens.dashboard import Dashboard

PAINT = 0.5  # seconds between two looks
TOAST = 4.0


class EngineLike(Protocol):
    """What the console needs of an engine; its state is replaced by one assignment, never changed."""

    @property
    def state(self) -> EngineState:
        """Everything there is to see."""

    @property
    def answers(self) -> deque[str]:
        """What there is to say about commands, oldest first; the console takes out what it has shown."""

    def submit(self, command: Command) -> None:
        """Tell it something, from any thread."""

    async def run(self) -> None:
        """Run until Stop."""


class SilentConsole(RichConsole):
    """Prints nothing: Textual's crash report shows local variables; `Window.crash` is reported instead."""

    def print(self, *objects: object, **options: object) -> None:
        """Nothing."""


def utc_now() -> datetime:
    """The host's clock."""
    return datetime.now(UTC)


class Window(Dressed[None], inherit_bindings=False):
    """The app without its keys: state in, paint out."""

    CSS_PATH = "app.tcss"
    TITLE = words.NAME

    def __init__(
        self,
        engine: EngineLike,
        ring: Ring,
        beside: Beside | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        ascii_only: bool | None = None,
    ) -> None:
        super().__init__()
        self.beside = beside or Beside()
        self.kept = self.shelved = self.beside.shelf.read()
        self.looks = looks(self.beside.config(), self.kept)
        self.theme_shown = self.dress(self.looks.theme)
        self.error_console = SilentConsole(stderr=True)
        self.animation_level = "none"
        self.engine = engine
        self.clock = clock
        signs = {"on": True, "off": False}.get(self.looks.ascii, ascii_only)
        self.ascii = glyphs.ascii_only() if signs is None else signs
        self.set_class(self.ascii, "-ascii")
        self.ring = ring
        self.library = Library(self.beside.opener)
        self.herald = Herald(self)
        self._told = 0  # the last line of the log that was painted
        self.picture = Picture(state=engine.state, now=clock(), zone=zone)
        self.alive: Callable[[], bool] = lambda: True  # whether the terminal is still there
        self.painted: Callable[[], object] = lambda: None  # called once the first screen is there
        self.stop: Callable[[], None] = lambda: engine.submit(Stop())
        self.pausing: bool | None = None  # asked for, until the state says so
        self.leaving = False  # asked to stop; the engine finishes what it has in hand
        self.abandoned = False  # asked again: leave at once
        self.suspending = False  # asked for, until the process goes on
        self.crash: Exception | None = None
        self._loop_of_ui: asyncio.AbstractEventLoop | None = None
        self.over = False  # the screen is to be left
        self._warned = False

    def get_default_screen(self) -> Screen[None]:
        """The dashboard."""
        return Dashboard(self.ring, self.kept)

    def on_mount(self) -> None:
        """Start looking."""
        self._loop_of_ui = asyncio.get_running_loop()
        self.set_interval(PAINT, self.look)
        self.call_after_refresh(self.painted)
        self._warn()
        if self.over:
            self.exit()

    def on_unmount(self) -> None:
        """Nobody asks the mirror any more."""
        self.herald.leave()
        self.library.close()

    def _warn(self) -> None:
        """Once it is known where the engine runs: it ends with a connection that nothing keeps alive."""
        state = self.engine.state
        if self._warned or not (state.store or state.attached):
            return
        self._warned = True
        kept = os.environ.get("TMUX") or os.environ.get("STY")
        if os.environ.get("SSH_CONNECTION") and not (kept or state.attached):
            self.say(t(words.OVER_SSH))

    def finish(self) -> None:
        """Leave the screen; may be called from any thread and from a signal handler, at any time."""
        self.over = True
        self.when_able(self.exit)

    def when_able(self, work: Callable[[], object]) -> None:
        """Do it on the screen's loop, if that runs; from any thread and from a signal handler."""
        loop = self._loop_of_ui
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(work)

    def look(self) -> None:
        """Take a new picture and paint it; without work at most once a second."""
        if not self.alive():
            self.stop()
            self.exit()
            return
        self._answer()
        self._warn()
        before = self.picture
        state, now = self.engine.state, self.clock()
        if self.leaving:  # the answer to the key is on the screen before the engine has read it
            state = replace(state, stopping=True)
        still = state == before.state if self.leaving else state is before.state
        if still and int(now.timestamp()) == int(before.now.timestamp()):
            return
        ours = bool(state.paused_at) is self.pausing
        self.pausing = None if ours else self.pausing
        self.picture = replace(before, state=before.state if still else state, now=now)
        news, self._told = self._told != self.ring.last, self.ring.last
        if not still:
            self.herald.tell(before.state, state, ours=ours)
        self.herald.entitle()
        self.paint(quiet=still and not news and not before.busy and now.minute == before.now.minute)

    def _answer(self) -> None:
        """What the engine says about commands, all of it in one message."""
        answers = []
        while self.engine.answers:
            answers.append(retold(self.engine.answers.popleft()))
        if answers:
            self.say(" ".join(answers))

    def spelt(self, text: str) -> str:
        """The text in the letters that this terminal may be sent."""
        return glyphs.to_ascii(text) if self.ascii else text

    def paint(self, *, quiet: bool = False) -> None:
        """Paint the screen on top."""
        screen = self.screen
        if isinstance(screen, Base):
            screen.paint(quiet=quiet)
            return
        below = next((one for one in reversed(self.screen_stack) if isinstance(one, Base)), None)
        if below and below in self._background_screens:  # of a dialog: what it says of the engine goes on
            below.paint_head()

    def send(self, sequence: str) -> None:
        """Straight to the terminal, past the screen."""
        if self._driver is not None:
            self._driver.write(sequence)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a message for a few seconds."""
        shown = plain(text, 300)
        self.notify(
            self.spelt(shown),
            severity="error" if bad else "information",
            timeout=TOAST,
            markup=False,
        )

    def on_notify(self) -> None:
        """One message at a time: the new one takes the place of the old one."""
        self.clear_notifications()

    # --- what goes wrong ------------------------------------------------------------------------------

    async def _dispatch_action(self, namespace: DOMNode, action_name: str, params: Any) -> bool:
        """Do what a key or the palette asks for; a bug in it costs a message, and not the engine."""
        try:
            return await super()._dispatch_action(namespace, action_name, params)
        except Exception as error:  # noqa: BLE001 - see above
            self.failed(error)
            return True

    def push_screen(self, screen: Any, callback: Any = None, *given: Any, **options: Any) -> Any:
        """Textual's; what is done with the answer of a dialog is an action, too."""
        then = None if callback is None else partial(self._answered, callback)
        return super().push_screen(screen, then, *given, **options)

    def _answered(self, callback: Callable[[Any], object], answer: Any) -> None:
        try:
            callback(answer)
        except Exception as error:  # noqa: BLE001 - see above
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """An action ended with what it was not made for: tell it, and where, in the log."""
        logging.getLogger("console").critical("a bug", exc_info=error)
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        self.say(t(words.FAILED, why=redact(plain(redact(why), 200))), bad=True)

    def _handle_exception(self, error: Exception) -> None:
        if isinstance(error, WorkerFailed):  # what an action does besides
            self.failed(error.error)
            return
        self.crash = self.crash or error
        super()._handle_exception(error)
