"""What is told of an engine that does not come round, or of a store that does not answer."""

import re
import threading
import time

import pytest

from bitsheet_tui.config import LogSettings
from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.monitoring import listener as listening
from bitsheet_tui.monitoring import monitor as monitoring
from bitsheet_tui.monitoring.monitor import Mirror, Monitor
from bitsheet_tui.observe import logs
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import start
from tests.support.http_client import ask


@pytest.fixture
def ring():
    found = Ring()
    logs.start(LogSettings(file=""), ring=found)
    yield found
    logs.stop()


def watching(ring: Ring, status=dict) -> Monitor:
    mirror = Mirror(
        tables=("deals",), succeeded=None, file=None, levels=ring.levels, sessions=lambda: 1, status=status
    )
    monitor = Monitor(("127.0.0.1", 0), Secret(""), "en", mirror)
    monitor.watch(lambda: start(("deals",), portal="p", store="s", at=None))
    return monitor


def asked(ring: Ring, *paths: str) -> dict[str, tuple[float, object]]:
    """How long each path took to answer and what it said; whoever calls this holds the engine's loop up."""
    found: dict[str, tuple[float, object]] = {}

    def work() -> None:
        while not (told := [re.search(r":(\d+)/$", line.text) for line in ring.after(0)]):
            time.sleep(0.01)
        for path in paths:
            began = time.monotonic()
            answer = ask(int(told[0][1]), path)
            found[path] = time.monotonic() - began, answer

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found


async def test_an_engine_that_is_held_up_is_not_healthy_and_keeps_no_scrape_waiting(ring, monkeypatch):
    monkeypatch.setattr(monitoring, "ROUND_SECONDS", 1.5)
    with watching(ring):
        found = asked(ring, "/metrics", "/healthz", "/")
    assert found["/healthz"][1].status == 503
    assert found["/metrics"][1].status == found["/"][1].status == 200
    assert found["/metrics"][0] < 1.5


async def test_a_store_that_does_not_answer_holds_up_nobody_but_who_asks_for_it(ring, monkeypatch):
    monkeypatch.setattr(listening, "DEADLINE", 0.5)
    free = threading.Event()
    with watching(ring, status=lambda: free.wait(20) and {}):
        found = asked(ring, "/status.json", "/metrics", "/status.json")
        free.set()
    assert found["/status.json"][1].status == 503
    assert found["/metrics"][1].status == 200


async def test_why_a_store_cannot_be_looked_at_is_told(ring):
    def status():
        raise StoreUnavailable("The store has gone.", "Start it.")

    with watching(ring, status):
        answer = asked(ring, "/status.json")["/status.json"][1]
    assert answer.status == 503
    assert '"error": "The store has gone."' in answer.text
