"""A week of the console in tmux, over a link that is not good: `python -m tests.soak.ssh_week [DAYS] [SEED]`.

The console runs in tmux; somebody looks at it through a real sshd and a link that is cut, slow (300 ms and
10 kB a second), and comes back at another size, at random, and presses keys. Time is compressed: a cycle a second
stands for one in five minutes, so an hour takes 12 s and a week half an hour. Prints figures for every day, and
ends with 1 when memory, open files or threads have grown since the second day (by then the log in memory is
full), the bytes of an hour of looking have, or a session is left over. Needs tmux, ssh and sshd of Debian.
"""

import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bitsheet_tui.portal.demo import DemoPortal, Settings
from tests.support.commands import CODE, SMALL, configure
from tests.support.ssh_server import SshServer, ssh_server
from tests.support.throttled_link import ThrottledLink
from tests.support.tmux import Tmux

HOUR = 12.0  # seconds of a simulated one: twelve cycles
DAY = 24 * HOUR
LATENCY, RATE = 0.3, 10_000
FULL = 1  # the day, from 0, from which on it is compared: the log in memory has its 5,000 lines by then
GROWTH = 3.0  # MiB of memory in the days after that one
MORE_BYTES = 1.5  # times those of that day, for an hour of looking
SIZES = ((80, 24), (100, 30), (132, 43), (200, 60), (60, 20))
KEYS = (b"l", b"h", b"?", b"e", b"\t", b"j", b"k", b"\r", b"\x1b", b"\x1b")  # none that changes anything
BACK = b"\x1b"  # to the screen before, and from the first to nowhere


@dataclass(frozen=True)
class Figures:
    """Of the console's process, and of who looks at it."""

    memory: float  # MiB, resident
    files: int
    threads: int
    sessions: int  # of sshd


def figures(pid: int, sshd: int) -> Figures:
    """As they are now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Figures(
        memory=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
        sessions=len(Path(f"/proc/{sshd}/task/{sshd}/children").read_text().split()),
    )


def say(text: str) -> None:
    """At once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Week:
    """Who looks at it, from morning to night."""

    def __init__(self, server: SshServer, link: ThrottledLink, tmux: Tmux, pick: random.Random) -> None:
        self._server, self._link, self._tmux, self._pick = server, link, tmux, pick
        self.visits = self.cuts = self.slow = self.sizes = 0

    def visit(self, seconds: float) -> None:
        """Look for so long, over a link that may be bad, and leave as people do: the link is lost."""
        self.visits += 1
        bad = self._pick.random() < 0.4
        self.slow += bad
        self._link.latency, self._link.rate = (LATENCY, RATE) if bad else (0.0, 0)
        with self._looking() as screen:
            self._resize(screen)
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                screen.pause(self._pick.uniform(0.5, 3.0))
                if self._pick.random() < 0.3:
                    self._resize(screen)
                else:
                    screen.press(self._pick.choice(KEYS))
                screen.seen = b""
            if self._pick.random() < 0.7:
                self.cuts += 1
                self._link.cut()
                with suppress(OSError):  # the terminal is gone with ssh
                    screen.pause(0.5)

    def quiet_hour(self) -> int:
        """The bytes that an hour of looking at the first screen takes."""
        self._link.latency, self._link.rate = 0.0, 0
        with self._looking() as screen:
            self._resize(screen, (100, 30))
            for _ in range(8):
                screen.press(BACK)
                screen.pause(1)
            before = self._link.received
            screen.pause(HOUR)
            return self._link.received - before

    def _looking(self):
        return self._server.login(f"exec tmux -S {self._tmux.socket} attach", LANG="C.UTF-8")

    def _resize(self, screen, size: tuple[int, int] | None = None) -> None:
        self.sizes += 1
        columns, rows = size or self._pick.choice(SIZES)
        fcntl.ioctl(screen.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        screen.process.send_signal(signal.SIGWINCH)  # which only a controlling terminal sends by itself


def lines(pid: int) -> int:
    """Of the log files, which have all that the log in memory had."""
    return sum(
        len(file.read_bytes().splitlines())
        for file in Path(f"/proc/{pid}/cwd/logs").glob("*")
        if file.is_file()
    )


def parted(pid: int, sshd: int) -> Figures:
    """The figures once every session has ended, or could have."""
    ends = time.monotonic() + 20
    while (found := figures(pid, sshd)).sessions and time.monotonic() < ends:
        time.sleep(0.5)
    return found


def main(days: float, seed: int) -> int:
    """Print a line for each day, then what came of it."""
    with (
        tempfile.TemporaryDirectory(prefix="bitsheet-week-") as where,
        DemoPortal(SMALL, settings=Settings(code=CODE, edits_per_second=0.5)).run_in_thread() as webhook,
        ssh_server(Path(where, "ssh"), alive=15) as sshd,
    ):
        home, link = Path(where), ThrottledLink(sshd.port)
        configure(
            home,
            webhook,
            "burst = 5000\n[log]\nlevel = 'DEBUG'\n[sync]\ninterval = 1\nreconcile_every = 12\n",
        )
        tmux, root = Tmux(home), Path(__file__).parents[2]
        inside = f"cd {home} && PYTHONPATH={root} XDG_CONFIG_HOME={home}/none XDG_STATE_HOME={home}/state exec {sys.executable} -m bitsheet_tui"
        tmux("new-session", "-d", "-x", "100", "-y", "30", inside)
        try:
            with link.kept() as port:
                begun(tmux)
                return watch(
                    Week(SshServer(sshd.folder, port), link, tmux, random.Random(seed)), tmux, sshd.pid, days
                )
        finally:
            with suppress(subprocess.CalledProcessError):
                tmux("kill-server")


def begun(tmux: Tmux) -> None:
    """Wait for the first whole mirror; the first start compiles every module, too."""
    ends = time.monotonic() + 300
    while "CURRENT" not in tmux.shown()[0]:
        if time.monotonic() > ends:
            raise SystemExit("\n".join(tmux.shown()))
        time.sleep(1)


def watch(week: Week, tmux: Tmux, sshd: int, days: float) -> int:
    """The week itself."""
    pid, pick = int(tmux("list-panes", "-F", "#{pane_pid}")), week._pick
    found: list[tuple[Figures, int]] = []
    began = time.monotonic()
    while time.monotonic() - began < days * DAY:
        until = time.monotonic() + min(DAY, max(HOUR, began + days * DAY - time.monotonic())) - HOUR
        while time.monotonic() < until:
            week.visit(pick.uniform(0.5, 3) * HOUR)
            time.sleep(pick.uniform(0.1, 1) * HOUR)
        quiet = week.quiet_hour()
        found.append((parted(pid, sshd), quiet))
        now, shown = found[-1][0], tmux.shown()[0].split()[-1]
        say(
            f"day {len(found)}: {now.memory:.1f} MiB, {now.files} files, {now.threads} threads, "
            f"{now.sessions} sessions, {quiet:,} bytes an hour; {week.visits} visits, {week.cuts} cuts, "
            f"{week.slow} slow, {week.sizes} sizes, {lines(pid):,} lines of log; {shown}"
        )
    (first, bytes_then), (last, bytes_now) = found[min(FULL, len(found) - 1)], found[-1]
    grown = last.memory - first.memory
    say(f"{grown:+.1f} MiB, {bytes_now / max(1, bytes_then):.2f} times the bytes")
    same = (last.files, last.threads, last.sessions) == (first.files, first.threads, 0)
    return int(not same or grown > GROWTH or bytes_now > MORE_BYTES * bytes_then)


if __name__ == "__main__":
    words = [float(word) for word in sys.argv[1:]]
    sys.exit(main(words[0] if words else 7.0, int(words[1]) if len(words) > 1 else 1))
