"""Tells systemd how the service is doing: ready, a status line, a watchdog's pings, stopping."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

from bitsheet_tui.secret import redact
from bitsheet_tui.state import EngineState, Phase
from bitsheet_tui.text import plain

TICK = 1.0
LIMIT = 1000  # characters of a status line
STUCK = 600.0  # seconds without any event, in the middle of a cycle, after which no ping is sent
RESTING = frozenset({Phase.CURRENT, Phase.PAUSED, Phase.NEEDS_YOU, Phase.WAITING})


class Notifier:
    """The socket of sd_notify(3). Without $NOTIFY_SOCKET, or with nobody behind it, nothing is sent."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = _watchdog(environ) if address else 0.0  # seconds; 0: nobody watches

    def __bool__(self) -> bool:
        return bool(self._address)

    def send(self, text: str) -> None:
        """One datagram, such as `READY=1`. Never blocks and never fails."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as plug:
            plug.setblocking(False)
            try:
                plug.sendto(text.encode(), self._address)
            except OSError:  # nobody listens, or its buffer is full
                return

    def reloading(self) -> None:
        """The configuration is being read again, until READY=1."""
        self.send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def _watchdog(environ: Mapping[str, str]) -> float:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    text = environ.get("WATCHDOG_USEC", "0")
    return int(text) / 1e6 if text.isdecimal() else 0.0


async def report(
    look: Callable[[], EngineState],
    notifier: Notifier,
    *,
    tick: float = TICK,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Keeps systemd informed until cancelled. Runs on the engine's loop: a blocked loop sends no ping."""
    state, moved = look(), clock()
    pinged, told = -notifier.watchdog, ""
    while True:
        now = clock()
        if look() is not state:
            state, moved = look(), now
        if (line := status(state)) != told:
            notifier.send(f"STATUS={line}")
            told = line
        alive = state.activity in RESTING or now - moved < STUCK
        if notifier.watchdog and alive and now - pinged >= notifier.watchdog / 3:
            notifier.send("WATCHDOG=1")
            pinged = now
        await asyncio.sleep(tick)


def status(state: EngineState) -> str:
    """`current: cycle 812, 500,053 rows, next 10:05:00`."""
    facts = [f"cycle {state.cycle}", f"{sum(table.rows or 0 for table in state.tables.values()):,} rows"]
    if state.next_at:
        facts.append(f"next {state.next_at.astimezone():%H:%M:%S}")
    trouble = state.trouble or state.waiting
    if trouble:
        facts.append(trouble.text)
    return _one_line(f"{state.phase}: {', '.join(facts)}")


def _one_line(text: str) -> str:
    """What is told by systemd's protocol must not become another word of it, such as STOPPING=1."""
    return redact(plain(redact(text), LIMIT))
