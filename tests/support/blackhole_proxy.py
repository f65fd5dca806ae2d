"""A way to a PostgreSQL server that can fall silent: it takes connections, and nothing comes back."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager, suppress


class BlackholeProxy:
    """A TCP port that leads to a server's Unix socket while it is open. It has a thread and a loop of its own."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._ends: set[asyncio.StreamWriter] = set()
        self._over = asyncio.Event()
        self.open = True
        self.tries = 0  # connections taken in silence

    @contextmanager
    def kept(self):
        """Gives the port."""
        ready: Future[int] = Future()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        thread.start()
        try:
            yield ready.result()
        finally:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    def shut(self) -> None:
        """Lose what is under way, and be silent from now on."""
        self.open = False
        self._loop.call_soon_threadsafe(self._abort)

    async def _serve(self, ready: "Future[int]") -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._over.wait()
        server.close()
        self._abort()
        await asyncio.sleep(0.05)  # what was aborted is closed

    def _abort(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _take(self, reader, writer) -> None:
        self._ends.add(writer)
        if not self.open:
            self.tries += 1
            return
        there, back = await asyncio.open_unix_connection(self._socket)
        self._ends.add(back)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader, writer) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()
