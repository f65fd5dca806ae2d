"""The process itself: how soon it is there, how much it takes of memory and of a core, how soon it is gone."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

from tests.bench.client import OURS, Engine, configure, folder, memory, ours, spent
from tests.bench.portal import documented, served
from tests.bench.report import table

RUNS = 7  # the best of them: the machine does other things
CYCLE = 300.0  # seconds, by default
QUIET = 0.01  # kB/s
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing here")
Empty().run()
"""


def start():
    """Seconds until it is there: python, --help, status, an empty Textual app, the console."""
    with served({"deals": 50}) as portal, folder() as where:
        path = configure(where, portal.url, tables=["deals"])
        plain = _best([OURS, "-c", "pass"])
        lines = [{"program": "python -c pass", "seconds": plain, "times": 1.0}]
        for words in ("--help", "--version"):
            seconds = _best([OURS, "-m", "bitsheet_tui", words])
            lines.append({"program": f"bitsheet-tui {words}", "seconds": seconds, "times": seconds / plain})
        empty = min(_painted([OURS, "-c", EMPTY], b"nothing here") for _ in range(RUNS))
        lines.append({"program": "an empty Textual app, painted", "seconds": empty, "times": 1.0})
        console = min(_painted(ours(path), b"bitsheet-tui") for _ in range(RUNS))
        lines.append({"program": "the console, painted", "seconds": console, "times": console / empty})
    table("Start, the best of seven", lines)


def headless():
    """Memory and CPU without a screen: in a backfill, after it, after a new start, and over a cycle."""
    lines = []
    with served({"scale": 1.0}) as portal, folder() as where:
        path = configure(where, portal.url, interval=12)
        with Engine(path) as engine:
            engine.filled("task_comments")
            engine.next_cycle()
            lines.append(_state("after a backfill", engine, where))
        with Engine(path) as engine:
            engine.next_cycle(more=3)
            lines.append(_state("after a start and a cycle", engine, where))
            busy, quiet = _cpu_of_cycles(engine)
            share = 100 * (busy + quiet * CYCLE) / CYCLE
            lines.append({**_state("ten cycles later", engine, where), "% of a core": share})
    table(
        "Without a screen",
        lines,
        f"a cycle takes {busy * 1000:.0f} ms of a core; the share is for {CYCLE:.0f} s",
    )


def console():
    """The console in a terminal: memory, CPU and bytes, in a backfill and at rest."""
    with served({"scale": 1.0}) as portal, folder() as where:
        path = configure(where, portal.url, interval=3600)
        with Terminal(ours(path)) as screen:
            lines = [screen.watch("in a backfill", 15.0)]
            for _ in range(60):
                if screen.watch("until it has ended", 5.0)["kB/s"] <= QUIET:
                    break
            screen.read(3.0)
            lines.append(screen.watch("at rest", 30.0))
        with Terminal(ours(path)) as screen:
            screen.read(15.0)
            lines.append(screen.watch("at rest, after a new start", 30.0))
    table("The console, 120x40", lines)


def stop():
    """Seconds from SIGTERM to the end, in the middle of a backfill at documented costs."""
    lines = []
    with served({"deals": 100_000}, cost=documented()) as portal:
        for number in range(5):
            with folder() as where, Engine(configure(where, portal.url, tables=["deals"])) as engine:
                engine.until("deals", "fill")
                time.sleep(0.7 * number)
                lines.append({"run": number + 1, "seconds to the end": engine.stop()})
            time.sleep(1.0)
    table("Stop in a backfill", lines)


class Terminal:
    """A terminal around a program."""

    def __init__(self, command, size=(120, 40)):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._home = tempfile.TemporaryDirectory(prefix="bitsheet-bench-")  # it keeps what is chosen there
        environment = {
            "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(Path.cwd()),
            "XDG_STATE_HOME": self._home.name,
        }  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, **environment},
        )  # fmt: skip
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        self._home.cleanup()

    def read(self, seconds, word=None):
        """How many bytes come within so many seconds, or until a word does."""
        got, end, tail = 0, time.monotonic() + seconds, b""
        while (left := end - time.monotonic()) > 0:
            if select.select([self._master], [], [], min(left, 0.05))[0]:
                try:
                    some = os.read(self._master, 65536)
                except OSError:  # the program has gone
                    return got
                got += len(some)
                tail = tail[-100:] + some
                if word and word in tail:
                    return got
        return got

    def type(self, keys):
        """Press keys."""
        os.write(self._master, keys)

    def watch(self, title, seconds):
        """What it takes while so many seconds pass."""
        before, began = spent(self.process.pid), time.monotonic()
        got = self.read(seconds)
        passed = time.monotonic() - began
        share = 100 * (spent(self.process.pid) - before) / passed
        return {
            "when": title, "kB/s": got / passed / 1000, "% of a core": share,
            "RSS MB": memory(self.process.pid), "peak MB": memory(self.process.pid, "VmHWM"),
        }  # fmt: skip


def _state(title, engine, where):
    return {
        "when": title,
        "RSS MB": memory(engine.pid),
        "peak MB": memory(engine.pid, "VmHWM"),
        "mirror MB": (where / "mirror.db").stat().st_size / 2**20,
        "% of a core": "",
    }


def _cpu_of_cycles(engine):
    """CPU seconds of one cycle, and of a second between two."""
    engine.next_cycle()
    time.sleep(1.0)
    before = spent(engine.pid)
    time.sleep(8.0)
    quiet = (spent(engine.pid) - before) / 8.0
    before, began = spent(engine.pid), time.monotonic()
    engine.next_cycle(more=10)
    passed = time.monotonic() - began
    return max(0.0, spent(engine.pid) - before - quiet * passed) / 10, quiet


def _best(command):
    return min(_took(command) for _ in range(RUNS))


def _took(command):
    began = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    return time.perf_counter() - began


def _painted(command, word):
    began = time.perf_counter()
    with Terminal(command) as screen:
        screen.read(20.0, word)
        return time.perf_counter() - began
