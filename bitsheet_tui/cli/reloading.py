"""Reads the configuration again while it runs.

The engine ends as it does when it is told to stop, and the next one goes on over the same open mirror from
the last commit. So everything may change, the webhook included, but where the mirror is: its lock is never
let go of. A configuration that cannot be used changes nothing.
"""

import os
from collections.abc import Callable

import msgspec

from bitsheet_tui import memory, wiring
from bitsheet_tui.cli.ground import over, tell_log
from bitsheet_tui.commands import Command, Stop
from bitsheet_tui.config import Config, need_webhook
from bitsheet_tui.config.changes import changed
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.systemd import Notifier, status
from bitsheet_tui.ring import Ring
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.store import Store

OURS = ("portal.", "sync.", "schedule.", "log.", "metrics.", "notify.", "privacy.", "question", "ui.language")


class Reloading:
    """Engine after engine over one mirror, each with what the configuration said last."""

    def __init__(
        self, config: Config, store: Store, ring: Ring, notifier: Notifier, read: Callable[[], Config]
    ) -> None:
        self._config, self._read = config, read
        self._store, self._ring = store, ring
        self._notifier = notifier
        self._engine = over(config, store, ring)
        self._next: Config | None = None
        self._over = False

    @property
    def state(self) -> EngineState:
        """That of the engine that runs."""
        return self._engine.state

    def submit(self, command: Command) -> None:
        """Tell the engine that runs; after Stop there is no other."""
        self._over = self._over or isinstance(command, Stop)
        self._engine.submit(command)

    async def run(self) -> None:
        """Until told to stop. Ready as soon as the store is held: the portal may be down."""
        while True:
            memory.give_back()  # what came before; later, it would be strewn among what a backfill leaves
            self._notifier.send("READY=1")
            await self._engine.run()
            if self._over or self._next is None:
                return
            unfinished = self._engine.unfinished
            self._config, self._next = self._next, None
            wiring.protect(self._config, self._store, lambda line: logs.say("INFO", line))
            self._engine = over(self._config, self._store, self._ring)
            for command in unfinished:
                self._engine.submit(command)

    def report(self) -> None:
        """One line in the log that says how it stands."""
        logs.say("INFO", status(self.state))

    def reload(self) -> None:
        """Take what the configuration says now, or say why not. On the engine's loop."""
        self._notifier.reloading()
        try:
            config = self._read()
            need_webhook(config)
            wiring.told(config)
            wiring.key_of(config, self._store)
            # asks the store, too: while that cannot be reached no engine can start
            wiring.need_same_portal(config, self._store)
            if not self._take(config):
                self._notifier.send("READY=1")
        except BitsheetError as error:
            for line in str(error).splitlines():
                logs.say("ERROR", f"the configuration stays as it was: {line}  {error.hint}".rstrip())
            self._notifier.send("READY=1")

    def _take(self, config: Config) -> bool:
        """Whether there is anything new, for which another engine is needed."""
        names = changed(self._next or self._config, config)
        config = msgspec.structs.replace(config, store=self._config.store, store_url=self._config.store_url)
        ours = [name for name in names if name.startswith(OURS)]
        for name in names:
            if name.startswith("store."):
                logs.say("WARNING", f"{name} has changed, which counts from the next start on")
        if ours:
            tell_log(config, self._store, self._ring, narrated=True)
            told = f"{', '.join(ours)} changed; starting again with it"
            logs.say("INFO", f"the configuration was read again: {told}")
            self._next = config
            self._engine.submit(Stop())
        if not ours:
            logs.say("INFO", f"the configuration was read again: nothing changes by it{_copied()}")
        return bool(ours)


def _copied() -> str:
    """What to know where systemd has handed the configuration over (systemd.exec(5), LoadCredential=)."""
    if "CREDENTIALS_DIRECTORY" not in os.environ:
        return ""
    return "  what systemd before 260 hands over is copied at the start: restart the service to change it"
