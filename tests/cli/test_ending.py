"""How a command ends when something is wrong."""

import subprocess
import sys
from argparse import Namespace

import pytest

from bitsheet_tui.cli import main, service
from bitsheet_tui.errors import (
    BitsheetError,
    ConfigError,
    MirrorHeld,
    Reason,
    Refused,
    StoreDamaged,
    StoreUnavailable,
)
from bitsheet_tui.secret import Secret


def ends(monkeypatch, error: BaseException) -> int:
    def run(arguments: Namespace) -> int:
        raise error

    monkeypatch.setattr(service, "run", run)
    return main(["service"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(["a", "b"]), 78),
        (MirrorHeld("already running, pid 4711"), 75),
        (StoreUnavailable("no such folder"), 73),
        (StoreDamaged("not our file"), 74),
        (Refused("the webhook is gone", reason=Reason.ACCESS), 77),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_code(monkeypatch, error, code, capsys):
    assert ends(monkeypatch, error) == code
    assert "Traceback" not in capsys.readouterr().err


def test_an_error_is_told_with_what_to_do_and_without_secrets(monkeypatch, capsys):
    Secret("hunter2hunter2")
    ends(monkeypatch, BitsheetError("no\x1b[31m at hunter2hunter2", "change hunter2hunter2"))
    assert capsys.readouterr().err.splitlines() == [
        "bitsheet-tui: no\N{REPLACEMENT CHARACTER}[31m at ***",
        "  change ***",
    ]


def test_each_problem_of_a_configuration_has_its_line(monkeypatch, capsys):
    ends(monkeypatch, ConfigError(["a: no", "b: no"]))
    assert capsys.readouterr().err.splitlines() == ["bitsheet-tui: a: no", "bitsheet-tui: b: no"]


def test_a_bug_is_70_and_its_traceback_holds_no_secret(monkeypatch, capsys):
    Secret("hunter2hunter2")
    assert ends(monkeypatch, ZeroDivisionError("by hunter2hunter2")) == 70
    said = capsys.readouterr().err
    assert "this is a bug in bitsheet-tui: ZeroDivisionError: by ***" in said
    assert "Traceback (most recent call last):" in said
    assert "hunter2" not in said


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m bitsheet_tui service | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"#")
    assert b"Traceback" not in done.stderr
