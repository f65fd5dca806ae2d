"""The console as a program of its own, for the tests that look at it from outside: `python -m tests.support.console_program STATE`."""

import asyncio
import fcntl
import os
import signal
import sys
import termios
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from bitsheet_tui import streams
from bitsheet_tui.commands import Resume
from bitsheet_tui.config import Config, UiSettings
from bitsheet_tui.errors import StoreFull
from bitsheet_tui.events import DeletionsHeld
from bitsheet_tui.secret import conceal
from bitsheet_tui.state import reduce
from bitsheet_tui.ui import ending
from bitsheet_tui.ui.run import run_console
from bitsheet_tui.ui.terminal import tell
from tests.support import engine_states, sample_mirrors
from tests.support.screen_text import beside

CODE = "c0desecret42"
HOSTILE = "\x1b]0;pwned\x07\x1b]52;c;cHduZWQ=\x07\x9b31m[@click=app.leave]x[/] [b]\u202e\u200b\r\n\x1b[2J"


class Beating(engine_states.FakeEngine):
    """Writes how long its longest pause was when it ends."""

    async def run(self) -> None:
        longest, before = 0.0, time.monotonic()
        while not (self.obeys and self.state.stopping):
            await asyncio.sleep(0.02)
            now = time.monotonic()
            longest, before = max(longest, now - before), now
            self.work()
        self.state = replace(self.state, stopped=True, next_at=None)
        with open(sys.argv[2], "w") as file:  # noqa: PTH123
            file.write(f"{longest:.3f}")

    def work(self) -> None:
        """Change nothing."""


class Busy(Beating):
    """Changes a table and logs with every beat; SIGUSR1 lets it rest, and work again."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.rests = False
        signal.signal(signal.SIGUSR1, self.turn)

    def turn(self, *_signal) -> None:
        self.rests = not self.rests

    def work(self) -> None:
        if self.rests:
            return
        deals = self.state.tables["deals"]
        self.state = engine_states.change(
            self.state, "deals", rows=(deals.rows or 0) + 50, new=deals.new + 50
        )
        RING.append(engine_states.NOW, "INFO", "deals", f"page {deals.new}  50 rows  50 new" * 2)


class Telling(engine_states.FakeEngine):
    """Writes down what it is told."""

    def submit(self, command) -> None:
        super().submit(command)
        Path(sys.argv[2]).write_text(" ".join(type(one).__name__ for one in self.told))


class LateToResume(Telling):
    """Is told to go on, and does a second later."""

    def submit(self, command) -> None:
        if isinstance(command, Resume):
            threading.Timer(1.0, super().submit, [command]).start()
        else:
            super().submit(command)


class Deaf(engine_states.FakeEngine):
    """Does not stop."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.obeys = False


class Broken(engine_states.FakeEngine):
    async def run(self) -> None:
        webhook = f"https://acme.bitrix24.com/rest/1/{CODE}/"
        await asyncio.sleep(0.3)
        raise ZeroDivisionError(webhook)


class Full(engine_states.FakeEngine):
    async def run(self) -> None:
        await asyncio.sleep(0.3)
        raise StoreFull(f"No space left for {CODE}", "Free some space.")


class Alarmed(engine_states.FakeEngine):
    """Is well for a moment."""

    async def run(self) -> None:
        await asyncio.sleep(1.0)
        held = DeletionsHeld(table="deals", at=datetime.now(UTC), count=12000, reason="so much")
        self.state = reduce(self.state, held)
        await super().run()


class Nonsense(engine_states.FakeEngine):
    """Shows something that the console cannot draw."""

    async def run(self) -> None:
        await asyncio.sleep(0.3)
        self.state = replace(self.state, cycles=(CODE,))
        await super().run()


def hostile() -> engine_states.FakeEngine:
    state = engine_states.refused()
    for name in state.tables:
        state = engine_states.change(state, name, error=HOSTILE * 9, hint=HOSTILE)
    tables = {**state.tables, HOSTILE: replace(state.tables["deals"], name=HOSTILE)}
    state = replace(state, portal=HOSTILE, store=HOSTILE, tables=tables)
    for level in ("INFO", "WARNING", HOSTILE):
        RING.append(engine_states.NOW, level, HOSTILE, HOSTILE * 20)
    return engine_states.FakeEngine(state)


def mirror(words: list[str]):
    """What opens the mirror in the folder that the last word names; None where it names none."""
    folder = Path(words[-1])
    if not folder.is_dir():
        return None
    return (
        sample_mirrors.mischief(folder, HOSTILE)
        if words[0] == "hostile"
        else sample_mirrors.fill(folder, deals=60)
    )


RING = engine_states.log()
ENGINES = {
    "beating": lambda: Beating(engine_states.paused()),
    "idle": lambda: Telling(engine_states.current()),
    "reading": lambda: Telling(engine_states.syncing()),
    "busy": lambda: Busy(engine_states.syncing()),
    "late to resume": lambda: LateToResume(engine_states.current()),
    "deaf": Deaf,
    "broken": Broken,
    "full": Full,
    "nonsense": Nonsense,
    "alarmed": Alarmed,
    "hostile": hostile,
}


def deliver_sigcont_late() -> None:
    """Let SIGCONT arrive on a thread other than the main one, after that one has gone on.

    Every thread has it blocked, but for a moment the one that is started here: a process-directed signal
    goes to any thread that does not block it (signal(7)).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
    threading.Thread(target=_unblock_sigcont, name="sigcont", daemon=True).start()


def _unblock_sigcont() -> None:
    while True:
        time.sleep(0.01)
        if signal.SIGCONT in signal.sigpending():
            time.sleep(0.2)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCONT})
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})


if __name__ == "__main__":
    engine_states.NOW = datetime.now(UTC)  # the clock on the wall goes on here
    if os.getsid(0) == os.getpid():  # else it has the shell's
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the controlling terminal, so that it can be hung up
    conceal(CODE)
    if "late" in sys.argv:
        deliver_sigcont_late()
    if "quick" in sys.argv:
        ending.ENGINE_SECONDS = 0.5
    loud = Config(ui=UiSettings(bell=True), origins={"ui.bell": "config.toml, line 1"})
    kept = beside(opener=mirror(sys.argv[1:]), config=loud if sys.argv[1] == "alarmed" else None)
    code = run_console(ENGINES[sys.argv[1]](), RING, kept, ascii_only=False)
    known = {"MainThread", "stderr"}
    tell(f"threads left: {[one.name for one in threading.enumerate() if one.name not in known]}")
    streams.flush()
    sys.exit(code)
