"""What systemd is told, over its own kind of socket."""

import asyncio
import os
import socket
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.errors import Reason
from bitsheet_tui.observe.systemd import STUCK, Notifier, report, status
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import reduce, start

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
STATE = start(("deals", "tasks"), portal="acme", store="x.db", at=NOW)


@pytest.fixture
def systemd(tmp_path):
    """systemd's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(listening: socket.socket) -> list[str]:
    told = []
    while True:
        try:
            told.append(listening.recv(4096).decode())
        except BlockingIOError:
            return told


def environment(listening: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": listening.getsockname(), **more}


def test_without_systemd_nothing_is_sent():
    notifier = Notifier({"WATCHDOG_USEC": "1000000"})
    notifier.send("READY=1")
    assert not notifier
    assert notifier.watchdog == 0


def test_nobody_behind_the_socket_is_no_error(tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")


def test_an_abstract_socket_is_reached():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0bitsheet-test-{os.getpid()}")
        Notifier({"NOTIFY_SOCKET": f"@bitsheet-test-{os.getpid()}"}).send("READY=1")
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 120),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 120),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
    ],
)
def test_the_watchdog_is_ours_or_it_is_not(systemd, variables, seconds):
    assert Notifier(environment(systemd, **variables)).watchdog == seconds


class Clock:
    """A clock that goes on by `step` whenever it is read."""

    def __init__(self, step: float) -> None:
        self.step, self.now = step, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


async def reported(systemd, state, *, step: float, ticks: int = 12) -> list[str]:
    notifier = Notifier(environment(systemd, WATCHDOG_USEC="30000000"))
    task = asyncio.create_task(report(lambda: state, notifier, tick=0, clock=Clock(step)))
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    return heard(systemd)


async def test_a_ping_is_sent_at_a_third_of_the_time_and_the_status_when_it_changes(systemd):
    told = await reported(systemd, STATE, step=5.0)
    assert told[0] == "STATUS=starting: cycle 0, 0 rows"
    assert told[1:] == ["WATCHDOG=1"] * 6


async def test_an_engine_that_does_not_move_in_mid_cycle_gets_no_ping(systemd):
    cycling = reduce(STATE, e.CycleStarted(number=1, at=NOW, tables=("deals",)))
    told = await reported(systemd, cycling, step=STUCK)
    assert told == ["STATUS=syncing: cycle 1, 0 rows"]
    idle = reduce(cycling, e.CycleEnded(number=1, at=NOW, seconds=1, rows=0, requests=1, failed=()))
    assert (await reported(systemd, idle, step=STUCK)).count("WATCHDOG=1") > 3


async def test_a_change_is_told_at_the_next_tick(systemd):
    states = [STATE, STATE, STATE, replace(STATE, cycle=7)]
    notifier = Notifier(environment(systemd))
    task = asyncio.create_task(
        report(lambda: states.pop(0) if len(states) > 1 else states[0], notifier, tick=0)
    )
    for _ in range(6):
        await asyncio.sleep(0)
    task.cancel()
    assert heard(systemd) == ["STATUS=starting: cycle 0, 0 rows", "STATUS=starting: cycle 7, 0 rows"]


def test_the_status_says_what_waits_and_when_it_goes_on():
    state = reduce(STATE, e.Counted(table="deals", rows=30355, deleted=0))
    state = reduce(state, e.Scheduled(at=NOW))
    state = reduce(state, e.Waiting(reason=Reason.NETWORK, text="no route", at=NOW, until=NOW))
    assert status(state) == f"waiting: cycle 0, 30,355 rows, next {NOW.astimezone():%H:%M:%S}, no route"


def test_a_status_is_one_line_without_secrets_whatever_it_holds():
    Secret("s3cretc0des3cretc0de")
    text = "no way\nSTOPPING=1\n\x1b]0;x\x07 s3cretc0des3cretc0de" + "x" * 5000
    state = reduce(STATE, e.Waiting(reason=Reason.NETWORK, text=text, at=NOW, until=NOW))
    line = status(state)
    assert line.startswith("waiting: cycle 0, 0 rows, no way STOPPING=1 \N{REPLACEMENT CHARACTER}]0;x")
    assert "s3cret" not in line
    assert len(line) <= 1000
    assert line.isprintable()
