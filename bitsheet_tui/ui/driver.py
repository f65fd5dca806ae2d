"""The driver of the terminal: nothing that is typed ends the console, and an esc is answered at once."""

import asyncio
import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from textual import constants
from textual._xterm_parser import XTermParser
from textual.driver import Driver as TextualDriver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from bitsheet_tui.ui.placing import placed
from bitsheet_tui.ui.sequences import Sequences

LOOK = 0.1  # seconds between looks at whether the console ends
ESCAPE = 0.03  # seconds for what follows an esc, where no slow line is between; $ESCDELAY overrides it


def driver(usual: type[TextualDriver]) -> type[TextualDriver]:
    """Ours, where Textual would take its own for a terminal; a browser has another."""
    return Driver if usual is LinuxDriver else usual


def escape_delay(environ: Mapping[str, str]) -> float:
    """Seconds in which what follows an esc makes one key with it."""
    usual = constants.ESCAPE_DELAY  # of $ESCDELAY, else 0.1
    return usual if "ESCDELAY" in environ or "SSH_CONNECTION" in environ else ESCAPE


class Parser(XTermParser):
    """Textual's, for sequences that are whole: what it does not know is no key, and no letters."""

    def understand(self, piece: str) -> list[Message]:
        """The keys and movements of one piece."""
        try:
            found = list(self.feed(piece))
            if piece.startswith("\x1b") and len(piece) > 2 and self._awaiting.timeout is not None:
                self._forget()
            return [*found, *self.tick()]
        except (ValueError, OverflowError):  # numbers that are none, or of no letter
            self._forget()
            return []

    def _forget(self) -> None:
        self._timeout_time = None
        self._gen = self.parse(self._tokens.append)
        self._awaiting = next(self._gen)


class Driver(LinuxDriver):
    """Textual's, but for its loop over what is typed, and for what is written after it has closed.

    That loop ends the app without a word at a byte that is no UTF-8, or a key that its parser fails at, spins
    where the terminal is gone, and takes the second half of a key for letters.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        if not os.isatty(2):  # where Textual writes; a console that paints into a file is none
            self._file = sys.__stdout__

    @property
    def holding(self) -> bool:
        """Whether the terminal is ours: from the start of application mode until it is suspended."""
        return self._writes or (self._key_thread is not None and self._key_thread.is_alive())

    @property
    def _writes(self) -> bool:
        return self._writer_thread is not None and self._writer_thread.is_alive()

    def write(self, data: str) -> None:
        """Drop what nobody would write: once its queue were full, the next one would wait for ever."""
        if self._writes:
            super().write(placed(data))

    def stop_application_mode(self) -> None:
        """Nothing while the shell has the terminal: from the background, whoever sets it is stopped."""
        if self.holding:
            super().stop_application_mode()

    def disable_input(self) -> None:
        """Nothing while the shell has the terminal, see above; what is typed is the shell's, too."""
        if self.holding:
            super().disable_input()

    def take_again(self) -> None:
        """After SIGCONT: take the terminal if it was given back, or if a shell has set it for itself.

        Nobody can answer SIGSTOP, so the terminal is not given back before it; a shell with line editing
        then sets it as it was before us. To give it back now, first, keeps what is to be restored.
        """
        if self.holding and self._canonical():
            self.suspend_application_mode()
        if not self.holding:
            self.resume_application_mode()

    def _canonical(self) -> bool:
        try:
            return bool(termios.tcgetattr(self.fileno)[tty.LFLAG] & termios.ICANON)
        except termios.error:  # hung up
            return False

    def _sigcont_application(self, *_: object) -> None:
        self.take_again()
        asyncio.get_running_loop().call_soon_threadsafe(self._app.call_later, self._draw)

    def _draw(self) -> None:
        self._app.screen.refresh(layout=True)

    def run_input_thread(self) -> None:
        """Read until the console ends, or the terminal is gone."""
        escape = escape_delay(os.environ)
        vars(constants)["ESCAPE_DELAY"] = 0.0  # what it is given is whole
        parser, sequences = Parser(self._debug), Sequences(escape)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            wait = min(LOOK, escape) if sequences.waits else LOOK
            typed = b""
            if select.select([self.fileno], [], [], wait)[0] and not (typed := self._read()):
                return
            for piece in sequences.feed(decode(typed), monotonic()):
                self._process(parser.understand(piece))

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:  # hung up
            return b""

    def _process(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)
