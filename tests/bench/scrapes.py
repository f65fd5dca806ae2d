"""Metrics: what they cost a cycle when they are asked for all the time, and what they cost of memory."""

import http.client
import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from statistics import median

from tests.bench.client import Engine, configure, folder, memory
from tests.bench.portal import documented, served
from tests.bench.report import table

SCRAPES = 50  # a second
CYCLES, TURNS = 10, 6  # so many cycles with and so many without, in turn, so often


def scrapes():
    """Cycles while metrics are asked for 50 times a second and while they are not, in turn; memory."""
    lines = [_storm("pages cost nothing", None), _storm("documented costs", documented())]
    table(
        f"{CYCLES * TURNS} cycles of 50 edits with {SCRAPES} scrapes a second, and as many without", lines,
        f"memory of an instance that is not watched: {_unwatched():.1f} MB",
    )  # fmt: skip


def _storm(title, cost):
    with served({"scale": 0.02}, cost=cost) as portal, folder() as where:
        path, port = configure(where, portal.url, interval=1, static_every=1000, overlap=1), _port()
        path.write_text(f'{path.read_text()}[metrics]\nlisten = "127.0.0.1:{port}"\n')
        with Engine(path) as engine:
            engine.filled("task_comments")
        with Engine(path) as engine:
            engine.next_cycle(more=3)
            rest = memory(engine.pid)
            with_, without = [], []
            for _ in range(TURNS):
                without += _cycles(portal, engine, path)
                with _scraping(port) as answers:
                    with_ += _cycles(portal, engine, path)
            held = memory(engine.pid)
    return {
        "portal": title, "with, s": median(with_), "without, s": median(without),
        "times": median(with_) / median(without), "scrapes a second": answers() / CYCLES,
        "RSS MB": rest, "after the storm": held,
    }  # fmt: skip


def _cycles(portal, engine, path):
    """The seconds of each cycle, with something to do in it."""
    last = _ended(path)[-1][0]
    for _ in range(CYCLES):
        portal.tell(do="edit", table="deals", count=50)
        engine.next_cycle()
    return [seconds for number, seconds in _ended(path) if number > last]


def _ended(path):
    with closing(sqlite3.connect(path.with_name("mirror.db"))) as mirror:
        query = "SELECT number, seconds FROM bitsheet_cycles WHERE ended_at IS NOT NULL ORDER BY number"
        return mirror.execute(query).fetchall()


def _scrape(port):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


@contextmanager
def _scraping(port):
    ended, answers = threading.Event(), []

    def work():
        due = time.monotonic()
        while not ended.is_set():
            with suppress(OSError):  # it did not answer in time: then there are fewer
                answers.append(len(_scrape(port)))
            due += 1 / SCRAPES
            time.sleep(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield lambda: len(answers)
    finally:
        ended.set()
        thread.join()


def _unwatched():
    with served({"scale": 0.02}) as portal, folder() as where:
        path = configure(where, portal.url, interval=1, static_every=1000, overlap=1)
        with Engine(path) as engine:
            engine.filled("task_comments")
        with Engine(path) as engine:
            engine.next_cycle(more=3)
            return memory(engine.pid)


def _port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
