"""A link to a server that can be slow, thin and cut: a TCP port that leads to another one."""

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager, suppress

PIECES = 20  # a second, into which the rate is cut


class ThrottledLink:
    """A port that leads to `port` of this host. It has a thread and a loop of its own.

    `latency` (seconds there and back) and `rate` (bytes a second; 0: any) hold from the next byte on.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: set[asyncio.StreamWriter] = set()
        self._over = asyncio.Event()
        self.latency, self.rate = 0.0, 0
        self.received = 0  # bytes that the clients were sent

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

    def cut(self) -> None:
        """Lose every connection."""
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
        self._ends.clear()

    async def _take(self, reader, writer) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer, counted=True))
        self._ends -= {writer, back}

    async def _pass(self, reader, writer, *, counted: bool = False) -> None:
        """Bytes in their order, each as late as the latency says."""
        late: deque[tuple[float, bytes]] = deque()
        came, ended = asyncio.Event(), False

        async def deliver() -> None:
            while late or not ended:
                if not late:
                    came.clear()
                    await came.wait()
                    continue
                due, piece = late.popleft()
                await asyncio.sleep(due - self._loop.time())
                writer.write(piece)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        with suppress(OSError):
            while piece := await reader.read(self.rate // PIECES or 65536):
                self.received += len(piece) * counted
                late.append((self._loop.time() + self.latency / 2, piece))
                came.set()
                if self.rate:
                    await asyncio.sleep(len(piece) / self.rate)
        ended = True
        came.set()
        with suppress(OSError):
            await delivering
        writer.transport.abort()
