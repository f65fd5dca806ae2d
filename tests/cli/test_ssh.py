"""Over SSH, through a real sshd: a link that drops, the locale that comes along, the clipboard behind tmux."""

import base64
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from sqlite3 import OperationalError
from subprocess import CalledProcessError

import pytest

from tests.support.commands import SECONDS, in_order, rows
from tests.support.debian import program
from tests.support.ssh_server import ssh_server
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.debian, pytest.mark.slow]


OURS = b"\0-m\0bitsheet_tui"  # and not the client that asks for it


@pytest.fixture
def ssh(tmp_path):
    with ssh_server(tmp_path / "ssh") as server:
        yield server


def command(home: Path, *words: str) -> str:
    root = Path(__file__).parents[2]
    return f"cd {home} && PYTHONPATH={root} XDG_CONFIG_HOME={home}/none exec {sys.executable} -m bitsheet_tui {' '.join(words)}"


def running(home: Path) -> bool:
    """Whether a process of ours is left that works in that folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == home and OURS in (entry / "cmdline").read_bytes():
                return True
    return False


def begun(home: Path) -> bool:
    """Whether a page of some table has been stored."""
    with suppress(OperationalError):
        return bool(rows(home, "SELECT 1 FROM bitsheet_checkpoints WHERE floor > 0"))
    return False


@pytest.mark.parametrize("silently", [False, True], ids=["closed", "without a word"])
@pytest.mark.parametrize("words", [(), ("--no-ui",)], ids=["console", "headless"])
def test_a_link_that_drops_ends_it_after_the_commit_in_hand(slow, home, ssh, words, silently):
    few = "export BITSHEET_PORTAL_BURST=4 BITSHEET_PORTAL_REQUESTS_PER_SECOND=0.5; "  # the filling lasts
    with ssh.login(few + command(home, *words), LANG="C.UTF-8") as screen:
        screen.until(b"fill" if words else b"departments")
        while not begun(home):
            screen.pause(0.2)
        screen.process.send_signal(signal.SIGSTOP if silently else signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while running(home):
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.1)
    in_order(home, slow)


@pytest.mark.parametrize(
    ("locale", "plain", "word"),
    [
        ({"LC_ALL": "C"}, True, b"Help"),
        ({"LANG": "C.UTF-8"}, False, b"Help"),
        ({"LANG": "tr_TR.UTF-8"}, False, "Yardım".encode()),  # though this host may have no such locale
        ({"LANG": "tr_TR.UTF-8", "LC_ALL": "POSIX"}, True, b"Help"),
    ],
)
def test_it_speaks_as_the_terminal_that_looks_at_it_does(home, ssh, locale, plain, word):
    with ssh.login(command(home), **locale) as screen:
        screen.until(b"departments")
        screen.until(word)
        screen.pause(1)
        assert screen.seen.isascii() == plain


@pytest.mark.parametrize("setting", ["on", "external"])
def test_what_is_copied_reaches_the_terminal_behind_tmux_or_it_says_why_not(home, ssh, setting):
    program("tmux")
    tmux = Tmux(home)
    inside = f"tmux -S {tmux.socket} -f /dev/null new-session -d -x 100 -y 30 '{command(home)}'"
    outside = f"tmux -S {tmux.socket} set -s set-clipboard {setting} ';' attach"
    try:
        with ssh.login(f"{inside} && exec {outside}", LANG="C.UTF-8") as screen:
            screen.until(b"departments")
            screen.until(b"CURRENT")
            screen.press(b"l")
            tmux.until(lambda shown: any("cycle 1 done" in line for line in shown))
            screen.pause(1)
            screen.press(b"c")
            if setting == "on":
                screen.until(b"\x1b]52;")
                screen.pause(1)
                (copied,) = re.findall(rb"\x1b\]52;\w*;([A-Za-z0-9+/=]+)", screen.seen)
                assert b"cycle 1 done" in base64.b64decode(copied)
            else:
                tmux.until(lambda shown: any("set-clipboard on" in line for line in shown))
                assert b"\x1b]52;" not in screen.seen
    finally:
        with suppress(CalledProcessError):
            tmux("kill-server")
