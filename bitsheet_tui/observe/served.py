"""A running engine that viewers can find: it listens on a socket, and the store says where."""

import os
import tempfile
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bitsheet_tui.commands import Command
from bitsheet_tui.errors import StoreError
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.live import Live, Shown
from bitsheet_tui.observe.wire import Hello
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.books import SOCKET
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store

LONGEST = 100  # bytes: the address of a Unix socket has no room for more (unix(7))


class Running(Shown, Protocol):
    """An engine that runs until it is told to stop."""

    @property
    def answers(self) -> deque[str]:
        """What there is to say about commands."""

    @property
    def unfinished(self) -> tuple[Command, ...]:
        """What the next engine has to be told."""

    def submit(self, command: Command) -> None:
        """Tell it something, from any thread."""

    async def run(self) -> None:
        """Run until Stop."""


class Served:
    """The engine, and whoever looks at it from another process. Stands for the engine in every way."""

    def __init__(
        self,
        engine: Running,
        live: Live,
        store: Store,
        places: list[Path],
        log: str = "",
        *beside: AbstractContextManager[object],
    ) -> None:
        """`beside`: what lives as long as the engine runs, entered on its loop."""
        self._engine = engine
        self._live = live
        self._store = store
        self._places = places
        self._log = log
        self._beside = beside

    @property
    def state(self) -> EngineState:
        """The engine's own."""
        return self._engine.state

    @property
    def answers(self) -> deque[str]:
        """The engine's own."""
        return self._engine.answers

    @property
    def unfinished(self) -> tuple[Command, ...]:
        """The engine's own."""
        return self._engine.unfinished

    def submit(self, command: Command) -> None:
        """Tell the engine."""
        self._engine.submit(command)

    async def run(self) -> None:
        """Run the engine, and let others look."""
        opened = await self._open()
        try:
            with ExitStack() as stack:
                for one in self._beside:
                    stack.enter_context(one)
                await self._engine.run()
        finally:
            self._live.close()
            if opened:
                self._note(SOCKET, "")

    async def _open(self) -> bool:
        """Listen at the first place where that is possible; without one the store is looked at instead."""
        me = Holder.me()
        hello = Hello(pid=me.pid or 0, host=me.host, since=me.since or datetime.now(UTC), log=self._log)
        trouble: object = "no place for a socket"
        for place in self._places:
            try:
                await self._live.open(self._engine, place, hello)
            except OSError as error:
                trouble = error
            else:
                self._note(SOCKET, str(place))
                return True
        logs.say("WARNING", f"consoles that attach see only what is in the store: {trouble}")
        return False

    def _note(self, key: str, value: str) -> None:
        with suppress(
            StoreError
        ):  # whoever does not find us looks at the store; the cycle reports the trouble
            self._store.remember(key, value)


def places(store: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Where a socket may be: beside the SQLite file, else where the system keeps such things."""
    name = f"bitsheet-{os.getpid()}.sock"
    folders = [environ.get("RUNTIME_DIRECTORY", "").partition(":")[0], environ.get("XDG_RUNTIME_DIR", "")]
    found = [Path(f"{store}.sock")] if store else []
    found += [Path(folder) / name for folder in folders if folder]
    found.append(Path(tempfile.gettempdir()) / f"bitsheet-tui-{os.getuid()}" / name)
    return [place for place in found if len(os.fsencode(place)) <= LONGEST]
