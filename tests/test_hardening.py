"""What a process that knows the webhook keeps others from: its memory, its core dump, its session keys."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_number_that_has_no_name_and_no_home_is_somebody_too(monkeypatch):
    from bitsheet_tui.observe.requests import _user
    from bitsheet_tui.ui.kept import place

    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert _user() == "uid 54321"
    assert place({}).is_absolute()
