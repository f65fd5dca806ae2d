"""Connections of browsers: so many at a time, each with a deadline; whoever has no login gives way.

A connection that has brought no login, token or cookie, lives for some seconds. There are fewer such than
connections, so that they leave room for those that have; one more takes the place of the oldest of the
address that has most of them. So whoever opens a thousand connections only closes his own.
"""

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec import Struct

MOST = 64
MOST_UNKNOWN = 40  # of those: without a login
DEADLINE = 10.0  # seconds from connecting to a request that has a login
BACKLOG = 32  # connections that wait in the kernel
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PAUSE = 1.0  # seconds, where the system grants no more descriptors


class Connection(Struct):
    """One, from accept(2) to its end. `known`: its newest request had a login."""

    transport: asyncio.Transport
    address: str
    deadline: asyncio.TimerHandle
    known: bool = False


class Connections:
    """Those of some listening sockets. `protocol` makes what speaks HTTP on one, `late` is its last answer.

    `exhausted` is told each time that the system grants no more descriptors.
    """

    def __init__(
        self, protocol: Callable[[], asyncio.Protocol], late: bytes, exhausted: Callable[[], None]
    ) -> None:
        self._protocol = protocol
        self._late = late
        self._exhausted = exhausted
        self._open: dict[asyncio.BaseTransport, Connection] = {}  # the oldest first

    async def accept(self, listening: socket.socket) -> None:
        """Take connections in, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                plug, address = await loop.sock_accept(listening)
            except OSError as error:  # others: whoever came has gone again
                if error.errno in EXHAUSTED:
                    self._exhausted()
                    self._give_way()
                    await asyncio.sleep(PAUSE)
                continue
            with suppress(OSError):
                await self._take(plug, address[0])

    async def _take(self, plug: socket.socket, address: str) -> None:
        self._forget_closed()
        if sum(not one.known for one in self._open.values()) >= MOST_UNKNOWN or len(self._open) >= MOST:
            self._give_way()
        if len(self._open) >= MOST:  # all of them with a login
            plug.close()
            return
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(self._protocol, plug)
        self._open[transport] = Connection(
            transport=transport,
            address=address,
            deadline=loop.call_later(DEADLINE, self._end_late, transport),
        )

    def know(self, transport: asyncio.BaseTransport | None) -> None:
        """Its request has a login: no deadline any more but that between requests."""
        if transport and (one := self._open.get(transport)):
            one.known = True
            one.deadline.cancel()

    def close(self) -> None:
        """Close all of them."""
        for one in self._open.values():
            one.deadline.cancel()
            one.transport.abort()
        self._open.clear()

    def _end_late(self, transport: asyncio.Transport) -> None:
        if not transport.is_closing():
            transport.write(self._late)
        transport.abort() if transport.get_write_buffer_size() else transport.close()
        self._open.pop(transport, None)

    def _give_way(self) -> None:
        """Close the oldest without a login, of the address that has most of them."""
        unknown = [one for one in self._open.values() if not one.known]
        if not unknown:
            return
        most = _commonest(one.address for one in unknown)
        oldest = next(one for one in unknown if one.address == most)
        oldest.deadline.cancel()
        oldest.transport.abort()
        del self._open[oldest.transport]

    def _forget_closed(self) -> None:
        for transport in [one for one in self._open if one.is_closing()]:
            self._open.pop(transport).deadline.cancel()


def _commonest(addresses: Iterable[str]) -> str:
    return Counter(addresses).most_common(1)[0][0]


def listen(places: Iterable[tuple[int, str, int]]) -> list[socket.socket]:
    """A socket for each place, (family, host, port); where a port is 0 all have that of the first.

    Raises OSError.
    """
    made: list[socket.socket] = []
    try:
        for family, host, port in places:
            chosen = port or (made[0].getsockname()[1] if made else 0)
            one = socket.create_server((host, chosen), family=family, backlog=BACKLOG)
            one.setblocking(False)
            made.append(one)
    except OSError:
        for one in made:
            one.close()
        raise
    return made
