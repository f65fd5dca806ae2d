"""What a process that knows the webhook keeps others from: its memory, its core dump, its session keys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASKED = """
import ctypes, os, resource, ssl
from bitsheet_tui import hardening
{first}
hardening.seal()
print(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE), ssl.create_default_context().keylog_filename)
"""


def asked(first: str, **environment: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", ASKED.format(first=first)], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
    )  # fmt: skip
    return found.stdout.strip()


def test_nobody_dumps_the_memory_of_a_process_or_looks_into_it():
    assert asked("") == "0 (0, 0) None"


def test_no_environment_makes_it_write_down_the_keys_of_its_connections(tmp_path):
    keys = tmp_path / "keys.log"
    assert asked(
        "from bitsheet_tui.cli import main; main(['help', 'web'])", SSLKEYLOGFILE=str(keys)
    ).endswith("None")
    assert not keys.exists()


WRITE_OR_EXECUTE = """
import ctypes, importlib, mmap, os, pkgutil, ssl, subprocess, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, since Linux 6.3: what MemoryDenyWriteExecute= asks for
    sys.exit(3)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit(4)
except PermissionError:
    pass
import bitsheet_tui
for module in pkgutil.walk_packages(bitsheet_tui.__path__, "bitsheet_tui."):
    if module.name != "bitsheet_tui.__main__":
        importlib.import_module(module.name)
import psycopg, textual.app, textual.drivers.linux_driver, textual.drivers.web_driver, apprise
psycopg.pq.version(); ssl.create_default_context()
ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)()
sys.exit(subprocess.run([sys.executable, "-m", "bitsheet_tui", "--demo", "--once"], stderr=2).returncode)
"""


@pytest.mark.slow
def test_nothing_of_it_needs_memory_that_is_written_and_run():
    """Two processes under the rule of the units: all modules and drivers, then a whole cycle."""
    done = subprocess.run(
        [sys.executable, "-c", WRITE_OR_EXECUTE], capture_output=True, text=True, check=False, timeout=180,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode != 3, "this test needs Linux 6.3 or newer, which has such a rule"
    assert done.returncode == 0, done.stderr


def test_a_number_that_has_no_name_and_no_home_is_somebody_too(monkeypatch):
    from bitsheet_tui.observe.requests import _user
    from bitsheet_tui.ui.kept import place

    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert _user() == "uid 54321"
    assert place({}).is_absolute()
