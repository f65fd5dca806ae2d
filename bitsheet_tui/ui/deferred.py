"""Deferred: an engine that is built once the first screen is there, on the thread that will run it."""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack

from bitsheet_tui.commands import Command
from bitsheet_tui.state import EngineState
from bitsheet_tui.ui.window import EngineLike


class Deferred:
    """Stands in for the engine from the first paint on.

    Building it imports a third of a second's worth of libraries and opens the database. `build` is given
    the stack that is unwound when the engine has ended; what it raises ends the console, and is reported.
    """

    def __init__(self, build: Callable[[ExitStack], EngineLike], before: EngineState) -> None:
        self._build = build
        self._before = before
        self._engine: EngineLike | None = None
        self._early: deque[Command] = deque()
        self._answers: deque[str] = deque()

    @property
    def state(self) -> EngineState:
        """The engine's own, once there is one."""
        return self._engine.state if self._engine else self._before

    @property
    def answers(self) -> deque[str]:
        """The engine's own, once there is one."""
        return self._engine.answers if self._engine else self._answers

    def submit(self, command: Command) -> None:
        """Tell the engine, or keep it until there is one."""
        self._early.append(command)
        self._hand_over()

    def _hand_over(self) -> None:
        """Both threads may be here: each command is taken by one of them."""
        while self._engine and self._early:
            try:
                self._engine.submit(self._early.popleft())
            except IndexError:
                return

    async def run(self) -> None:
        """Build the engine and run it."""
        with ExitStack() as ending:
            self._engine = self._build(ending)
            self._hand_over()
            await self._engine.run()
