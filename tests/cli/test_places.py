"""Folders that are gone, or that one may not look into: passed over, or one sentence."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from tests.support.commands import SECONDS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gone(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    folder.rmdir()
    yield tmp_path
    os.chdir(tmp_path)


@pytest.mark.parametrize("command", [["status"], ["init"], ["log"], ["--once"], ["check"]])
def test_where_the_current_folder_is_gone_it_says_so(gone, command, capfd):
    assert main(command) == 78
    said = capfd.readouterr()
    assert "the current folder cannot be used" in said.out + said.err
    assert "Traceback" not in said.err


def test_a_configuration_elsewhere_is_used_all_the_same(gone, portal, capfd):
    folder = gone / "none" / "bitsheet-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("")
    assert main(["status"]) == 73  # there is no mirror yet
    assert "current folder" not in capfd.readouterr().err


def without_rights() -> None:
    """Let root obey the rights of files, as everybody does (capabilities(7), prctl(2), PR_CAPBSET_DROP)."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.parametrize("where", ["cwd", "HOME", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"])
def test_a_place_that_one_may_not_look_into_is_passed_over(tmp_path, where):
    closed = tmp_path / "closed"
    closed.mkdir()
    environment = {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}
    if where != "cwd":
        environment[where] = str(closed)
        if where == "HOME":
            del environment["XDG_CONFIG_HOME"]
    told = tmp_path / "told"
    program = (
        f"import os, sys; os.chmod({str(closed)!r}, 0); from bitsheet_tui.cli import main; sys.exit(main())"
    )
    with told.open("w") as stderr:
        done = subprocess.run(
            [sys.executable, "-c", program, "--once"], stderr=stderr, check=False, timeout=SECONDS,
            cwd=closed if where == "cwd" else tmp_path, preexec_fn=without_rights,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip
    closed.chmod(0o700)
    assert told.read_text().startswith("bitsheet-tui: no webhook is configured")
    assert done.returncode == 78
