"""What the version before made is gone on with; what a later one made is given back for a copy."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.secret import Secret
from bitsheet_tui.tables import CATALOGUE
from tests.support.commands import configure
from tests.support.installed_program import ROOT
from tests.support.mirror import differences
from tests.support.older_mirror import EVERYTHING, OlderPortal, continued

MANUAL = (ROOT / "bitsheet_tui/manual/install.md").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path):
    """Runs a line in the mirror's folder, with `bitsheet-tui` on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-ec", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_a_mirror_that_the_version_before_made_is_gone_on_with(tmp_path, shell):
    continued(lambda *words: shell(f"bitsheet-tui {' '.join(words)}"), tmp_path)


def test_the_way_back_that_the_manual_shows_ends_with_a_mirror_that_is_what_the_portal_is(tmp_path, shell):
    file, copy = tmp_path / "bitsheet.db", tmp_path / "before.db"
    (way,) = re.findall(r"^```sh\n(mkdir newer.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)
    portal = OlderPortal()
    with portal.run_in_thread() as webhook:
        configure(tmp_path, webhook, EVERYTHING)
        assert shell("bitsheet-tui --once").returncode == 0
        with closing(sqlite3.connect(file)) as mirror, closing(sqlite3.connect(copy)) as before:
            mirror.backup(before)
        portal.seen()
        assert shell("bitsheet-tui --once").returncode == 0
        with closing(sqlite3.connect(file)) as mirror, mirror:
            mirror.execute("UPDATE bitsheet_meta SET value = '999' WHERE key = 'schema_version'")
        portal.happens()
        refused = shell("bitsheet-tui --once")
        assert refused.returncode == 73
        assert "made by a newer bitsheet-tui" in refused.stderr
        done = shell(way)
        assert done.returncode == 0, done.stderr
    url = Secret(f"sqlite:///{file}")
    assert [table.name for table in CATALOGUE if differences(url, portal.world, table.name)] == []
