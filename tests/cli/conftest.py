"""A demo portal of a few rows, a configuration for it, and the commands as processes."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.portal.demo.settings import Cost
from tests.support.commands import BIG, CODE, SMALL, configure, until


@pytest.fixture
def portal():
    """The portal's webhook."""
    with DemoPortal(SMALL, settings=Settings(code=CODE)).run_in_thread() as webhook:
        yield webhook


@pytest.fixture
def home(tmp_path, monkeypatch, portal) -> Path:
    """A folder with a configuration, from which commands are started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in [name for name in os.environ if name.startswith("BITSHEET_")]:
        monkeypatch.delenv(name)
    configure(tmp_path, portal)
    return tmp_path


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start():
    """Starts `bitsheet-tui` as a process of its own; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bitsheet_tui", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Runs `bitsheet-tui` to its end: its return code, stdout and stderr."""

    def to_the_end(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = start(*words, **environment)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return to_the_end


@pytest.fixture
def slow(home):
    """A portal that takes a second for a request, and a configuration for it."""
    demo = DemoPortal(BIG, seed=11, settings=Settings(cost=Cost(page=0.02, call=0.005)))
    with demo.run_in_thread() as webhook:
        configure(home, webhook, "burst = 5000\n[log]\nfile = ''\n")
        yield demo


@pytest.fixture
def site(home, start):
    """Starts `bitsheet-tui web`; gives the process and its address."""

    def serve(*words: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        process = start("web", "--listen", "127.0.0.1:0", *words, **environment)
        return process, re.search(r"is at (\S+)", until(process, "the console is at"))[1]

    return serve
