"""Folders that are gone, or that one may not look into: passed over, or one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from tests.support.commands import SECONDS

NOBODY = 65534
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


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, and util-linux")
@pytest.mark.parametrize("where", ["cwd", "HOME", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"])
def test_a_place_that_belongs_to_somebody_else_is_passed_over(tmp_path, where):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    os.chown(closed, NOBODY, NOBODY)
    environment = {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}
    if where != "cwd":
        environment[where] = str(closed)
        if where == "HOME":
            del environment["XDG_CONFIG_HOME"]
    done = subprocess.run(
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-m", "bitsheet_tui", "--once"],
        capture_output=True, text=True, check=False, timeout=SECONDS,
        cwd=closed if where == "cwd" else tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    assert done.stderr.startswith("bitsheet-tui: no webhook is configured")
    assert done.returncode == 78
