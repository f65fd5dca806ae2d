"""The first run: five questions, each tested, and nothing is written before the last answer."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from bitsheet_tui.config import address
from bitsheet_tui.config.draft import Draft, read_interval
from bitsheet_tui.secret import Secret, redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import terminal as tty
from bitsheet_tui.ui import words
from bitsheet_tui.ui.dressed import Dressed
from bitsheet_tui.ui.driver import driver
from bitsheet_tui.ui.ending import SIGNALS
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.trials import Trials
from bitsheet_tui.ui.widgets.ticks import Ticks
from bitsheet_tui.ui.window import PAINT, SilentConsole

WEBHOOK, PORTAL, STORE, SYNC, SUMMARY = range(5)
SHORTEST = 20  # letters: whatever is shorter is no webhook, and must not be hidden as if it were one
DEMO = "demo"
SIGNS = {"ok": ("✓", "green"), "warn": ("~", "yellow"), "FAIL": ("✗", "red")}


class Setup(Dressed[Path | str]):
    """Ends with the path of the file that was written, DEMO, or nothing."""

    CSS = """
    Screen { background: $background; align: center middle; }
    #page { width: 78; max-width: 96%; height: auto; max-height: 96%; padding: 1 2; background: $surface;
            overflow-y: auto; }
    .-low #page { padding: 0 2; }
    Static { width: 1fr; height: auto; margin-bottom: 1; }
    #title { text-style: bold; color: $text-primary; }
    #keys { dock: bottom; margin: 0; width: 100%; text-align: center; color: $text-muted; }
    Input { height: 1; border: none; padding: 0; margin-bottom: 1; background: $panel; }
    """
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-mid")]  # noqa: RUF012 - Textual's name, and never changed
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "step_back", show=False, priority=True),
        Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True),
        Binding("ctrl+d", "demo", show=False, priority=True),
        Binding("ctrl+r", "again", show=False, priority=True),
        Binding("enter", "next", show=False),
    ]

    def __init__(self, draft: Draft, tables: Iterable[str], tests: Trials) -> None:
        super().__init__()
        self.dress()
        self.error_console = SilentConsole(stderr=True)
        self.animation_level = "none"
        self.draft = draft
        self.names = tuple(tables)
        self.tests = tests
        self.step = WEBHOOK
        self.tested = ""  # the store that was found good, or was insisted upon
        self.alive: Callable[[], bool] = lambda: True  # whether the terminal is still there
        self.crash: Exception | None = None
        self._loop_of_ui: asyncio.AbstractEventLoop | None = None

    def compose(self) -> ComposeResult:
        """The same page for every step."""
        line = Input(id="answer", max_length=500)
        line.cursor_blink = False
        with Vertical(id="page"):
            yield Static(id="title")
            yield Static(id="body")
            yield line
            yield Ticks(self.names, id="tables")
            yield Static(id="note")
        yield Static(id="keys")

    def on_mount(self) -> None:
        """The first step."""
        self._loop_of_ui = asyncio.get_running_loop()
        self.set_interval(PAINT, self._look)
        self.turn(WEBHOOK)

    def finish(self) -> None:
        """Leave; may be called from a signal handler."""
        if self._loop_of_ui is not None:
            self._loop_of_ui.call_soon_threadsafe(self.exit)

    def _look(self) -> None:
        if not self.alive():
            self.exit()

    # --- showing -----------------------------------------------------------------------------------

    def turn(self, step: int) -> None:
        """Show a step."""
        self.step = step
        self._show("#title", Text(t(words.SETUP_TITLES[step])))
        self._show("#keys", Text(t(words.SETUP_KEYS[step])))
        self._show("#body", self._body(step))
        self.note(Text())
        line = self.query_one("#answer", Input)
        line.display = step in {WEBHOOK, STORE, SYNC}
        line.password = step == WEBHOOK
        line.value = {STORE: self.draft.store.reveal(), SYNC: f"{self.draft.interval:g}"}.get(step, "")
        self.query_one("#tables").display = step == SYNC
        if line.display:
            line.focus()
        else:
            self.set_focus(None)
        if step == PORTAL:
            self.action_again()

    def _body(self, step: int) -> Text:
        match step:
            case 0:
                return Text("\n\n".join(map(t, words.SETUP_WEBHOOK)))
            case 2:
                return Text("\n\n".join(map(t, words.SETUP_STORE)))
            case 3:
                return Text("\n\n".join(map(t, words.SETUP_SYNC)))
            case 4:
                path = t(words.SETUP_SUMMARY[0], path=plain(self.draft.path))
                return Text(f"{path}\n\n{plain_lines(self.draft.shown)}")
            case _:
                return Text(t(words.SETUP_ASKING))

    def note(self, text: Text) -> None:
        """What there is to say about an answer."""
        self._show("#note", text)

    def _show(self, where: str, text: Text) -> None:
        widget = self.query_one(where, Static)
        widget.update(text)
        widget.display = bool(text.plain)

    def _wrong(self, sentence: str) -> None:
        self.note(Text(plain(redact(sentence), 400), style="red"))

    # --- keys --------------------------------------------------------------------------------------

    def action_step_back(self) -> None:
        """One step back; from the first one: leave."""
        if self.step == WEBHOOK:
            self.exit()
        else:
            self.turn(WEBHOOK if self.step == PORTAL else self.step - 1)

    def action_demo(self) -> None:
        """No portal: the built-in one."""
        if self.step == WEBHOOK:
            self.exit(DEMO)

    def action_again(self) -> None:
        """Ask the portal once more."""
        if self.step == PORTAL:
            self._show("#body", Text(t(words.SETUP_ASKING)))
            self.run_worker(self._ask_portal(), exclusive=True)

    def action_next(self) -> None:
        """Enter, where nothing is typed."""
        if self.step == PORTAL:
            self.turn(STORE)
        elif self.step == SYNC:
            self._take_sync(self.query_one("#answer", Input).value)
        elif self.step == SUMMARY:
            self._write()

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        {WEBHOOK: self._take_webhook, STORE: self._take_store, SYNC: self._take_sync}[self.step](text)

    def _take_webhook(self, text: str) -> None:
        if len(text) < SHORTEST:
            self._wrong(t(words.SETUP_TOO_SHORT))
            return
        try:
            self.draft = replace(self.draft, webhook=Secret(address.webhook(text)))
        except ValueError as error:
            self._wrong(t(words.SETUP_WRONG_WEBHOOK, why=retold(str(error))))
            return
        self.turn(PORTAL)

    async def _ask_portal(self) -> None:
        found = await self.tests.portal(self.draft)
        text = Text()
        for finding in found:
            sign, colour = SIGNS.get(finding.verdict, ("·", ""))
            text.append(f"{sign} ", style=colour)
            text.append(f"{plain(redact(f'{t(finding.about)}: {retold(finding.text)}'), 300)}\n")
            if finding.hint:
                text.append(f"    {plain(redact(retold(finding.hint)), 300)}\n", style="bold")
        text.rstrip()
        self._show("#body", text)
        bad = any(finding.verdict != "ok" for finding in found)
        self.note(Text(t(words.SETUP_BAD if bad else words.SETUP_GOOD), style="yellow" if bad else "green"))

    def _take_store(self, text: str) -> None:
        try:
            self.draft = replace(self.draft, store=Secret(address.store(text)))
        except ValueError as error:
            self._wrong(t(words.SETUP_WRONG_WEBHOOK, why=retold(str(error))))
            return
        if self.tested == text:
            self.turn(SYNC)
        else:
            self.note(Text(t(words.SETUP_TESTING)))
            self.run_worker(self._test_store(text), exclusive=True)

    async def _test_store(self, text: str) -> None:
        finding = await asyncio.to_thread(self.tests.store, self.draft)
        self.tested = text  # a second enter goes on, whatever was found
        told = f"{retold(finding.text)} {retold(finding.hint)}"
        if finding.code:
            self._wrong(told)
        else:
            self.note(Text(plain(redact(told.strip()), 400), style=SIGNS[finding.verdict][1]))

    def _take_sync(self, text: str) -> None:
        chosen = self.query_one("#tables", Ticks).ticked
        try:
            interval = read_interval(text)
        except ValueError as error:
            self._wrong(t(words.INTERVAL_WRONG, why=retold(str(error))))
            return
        if not chosen:
            self._wrong(t(words.SETUP_NO_TABLE))
            return
        some = tuple(name for name in self.names if name in chosen)
        self.draft = replace(self.draft, interval=interval, tables=() if some == self.names else some)
        self.turn(SUMMARY)

    def _write(self) -> None:
        try:
            self.draft.write()
        except OSError as error:
            self._wrong(t(words.SETUP_NOT_WRITTEN, why=error.strerror or type(error).__name__))
        else:
            self.exit(self.draft.path)

    def _handle_exception(self, error: Exception) -> None:
        self.crash = self.crash or error
        super()._handle_exception(error)


def plain_lines(text: str) -> str:
    """Several lines without anything that a terminal would obey."""
    return "\n".join(plain(line, 300) for line in text.splitlines())


def run_setup(draft: Draft, tables: Iterable[str], tests: Trials) -> Path | str | None:
    """Ask, on the main thread and a usable terminal: the file that was written, DEMO, or nothing."""
    terminal = tty.Terminal()
    app = Setup(draft, tables, tests)
    app.alive = tty.alive
    app.driver_class = driver(app.driver_class)

    def leave(number: int, _: FrameType | None) -> None:
        app.finish()
        signal.signal(number, signal.SIG_DFL)  # the second time at once

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        outcome = app.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if app.crash:
        terminal.restore()
        raise app.crash
    return outcome
