"""Library: asks the mirror on a thread of its own, so that no question stops the screen or the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bitsheet_tui.store.reader import Reader

T = TypeVar("T")
Work = Callable[["Reader"], T]


class Library:
    """One connection that only reads, opened with the first question.

    `opener` opens it; it is called on the thread that asks, and raises StoreError.
    """

    def __init__(self, opener: Callable[[], Reader]) -> None:
        self._opener = opener
        self._thread: ThreadPoolExecutor | None = None
        self._reader: Reader | None = None

    async def ask(self, work: Work[T]) -> T:
        """The answer of `work(reader)`. Raises StoreError; the next question tries a new connection."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="library")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, work)

    def _answer(self, work: Work[T]) -> T:
        from bitsheet_tui.errors import StoreError  # noqa: PLC0415 - not for the first screen

        reader = self._reader or self._opener()
        self._reader = reader
        try:
            return work(reader)
        except StoreError:
            self._reader = None
            reader.close()
            raise

    def close(self) -> None:
        """End the question in hand and the connection; nothing is waited for."""
        if self._thread is None:
            return
        if self._reader:
            self._reader.interrupt()
        self._thread.submit(self._end)
        self._thread.shutdown(wait=False)
        self._thread = None

    def _end(self) -> None:
        reader, self._reader = self._reader, None
        if reader:
            reader.close()
