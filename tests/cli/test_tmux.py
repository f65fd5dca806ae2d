"""Inside tmux: left, come back to at another size, and lost with its server, while the engine syncs."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.commands import in_order
from tests.support.debian import program
from tests.support.tmux import Tmux

pytestmark = pytest.mark.debian

SECONDS = 20.0


@pytest.fixture
def tmux(home):
    program("tmux")
    server = Tmux(home)
    server("new-session", "-d", "-x", "80", "-y", "24",
           f"cd {home} && PYTHONPATH={Path(__file__).parents[2]} exec {sys.executable} -m bitsheet_tui")  # fmt: skip
    try:
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):
            server("kill-server")


def rows(shown: list[str]) -> int:
    """How many rows the mirror has, as the screen says, in a frame or without."""
    (line,) = [line.strip("│ ") for line in shown if line.strip("│ ").startswith("total")]
    return int(line.split()[1].replace(",", ""))


def test_left_and_come_back_to_it_goes_on_and_ends_in_order_when_the_server_is_killed(slow, home, tmux):
    filling = tmux.until(lambda shown: "FILLING" in shown[0] and rows(shown) > 0)
    pid = int(tmux("list-panes", "-F", "#{pane_pid}"))
    with tmux.attached(200, 60):
        tmux.until(lambda shown: "? Help" in shown[-1] and len(shown) == 60)
    more = tmux.until(lambda shown: len(shown) == 60 and rows(shown) > rows(filling))
    with tmux.attached(60, 20):
        small = tmux.until(lambda shown: len(shown) == 20 and "? Help" in shown[-1])
        assert "FILLING" in small[0]
        assert sum("task_comments" in line for line in small) == 1
        assert rows(small) >= rows(more)
    tmux("kill-server")
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it outlived its terminal"
        time.sleep(0.05)
    in_order(home, slow)
