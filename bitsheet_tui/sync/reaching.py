"""The store is reached for in a thread of its own: a server that does not answer must hold nobody up."""

import asyncio
import sys
import threading
from contextlib import suppress

from bitsheet_tui.errors import StoreError
from bitsheet_tui.store.store import Store


class Reaching:
    """Opens the store again where its session is lost; all who want it wait for one try."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trying: asyncio.Future[None] | None = None

    async def there(self) -> None:
        """Return when there is a session. Raises what the store says why there is none.

        A mirror that is not as it was left is opened by whoever accepts it.
        """
        if self._store.connected or self._store.astray:
            return
        if self._trying is None or self._trying.done():
            self._trying = self._try()
        await asyncio.shield(self._trying)

    def _try(self) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        result: asyncio.Future[None] = loop.create_future()
        result.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be left

        def settle(error: BaseException | None) -> None:
            if not result.done():
                result.set_exception(error) if error else result.set_result(None)

        def work() -> None:
            error: BaseException | None = None
            try:
                self._store.connect()
            except StoreError as caught:
                error = caught
            finally:  # whatever else it may be is a bug, and raised where it was asked for, too
                with suppress(RuntimeError):  # the loop has ended meanwhile
                    loop.call_soon_threadsafe(settle, error or sys.exception())

        threading.Thread(target=work, name="reaching", daemon=True).start()  # the end waits for no daemon
        return result
