"""What `status --json` prints, for whoever asks over HTTP: over one session with the store, which is kept."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from bitsheet_tui.errors import StoreError
from bitsheet_tui.observe.status import look, to_json
from bitsheet_tui.store.store import Store


class StatusReader:
    """Call it, from any thread. A context: the session ends with the block."""

    def __init__(self, opener: Callable[[], Store]) -> None:
        """`opener` gives the mirror, only to be read. Raises StoreError."""
        self._opener = opener
        self._store: Store | None = None
        self._mutex = threading.Lock()
        self._over = False

    def __enter__(self) -> "StatusReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for nobody: who is looking ends the session."""
        self._over = True
        if self._mutex.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._mutex.release()

    def __call__(self) -> dict[str, Any]:
        """The status now. Raises StoreError; the next call opens the mirror anew then."""
        try:
            with self._mutex:
                return self._look()
        finally:
            if self._over:
                self.__exit__(None, None, None)

    def _look(self) -> dict[str, Any]:
        try:
            if self._store is None:
                self._store = self._opener()
            else:
                self._store.renew()
            return to_json(look(self._store))
        except StoreError:
            self._close()
            raise

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None
