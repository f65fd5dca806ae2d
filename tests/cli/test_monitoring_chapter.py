"""The manual's chapter on monitoring: each of its command lines does what the chapter says."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.config import load
from bitsheet_tui.manual import FOLDER
from tests.support.commands import configure, until
from tests.support.debian import program
from tests.support.http_client import ask
from tests.support.prometheus import free_port

CHAPTER = (FOLDER / "monitoring.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [block.split("```")[0] for block in CHAPTER.split(f"```{language}\n")[1:]]


@pytest.mark.debian
def test_each_command_line_of_the_chapter_is_run(home, portal, start):
    for name in ("curl", "openssl"):
        program(name)
    program("prometheus", "promtool")
    port = free_port()
    scrape, settings, _ = *blocks("yaml"), *blocks("toml")
    configure(home, portal, settings.replace("9524", f"{port}"))
    (home / "prometheus.yml").write_text(scrape.replace("9524", f"{port}"))
    until(start("--no-ui"), "cycle 1 done")
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 7
    tool = f'bitsheet-tui() {{ "{sys.executable}" -m bitsheet_tui "$@"; }}\n'
    for line in lines:
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", tool + line.replace("9524", f"{port}")],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": root},
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout + done.stderr)
        assert "ERROR" not in done.stdout + done.stderr, line
    for made in ("bitsheet-tui.rules.yml", "bitsheet-tui.json", "token"):
        assert (home / made).stat().st_size > 30
    assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600


def test_the_settings_of_the_chapter_are_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("token").write_text("0123456789abcdef0123456789abcdef\n")
    here, others = blocks("toml")
    for text, host in ((here, "127.0.0.1"), (others, "0.0.0.0")):
        Path("config.toml").write_text(text)
        Path("config.toml").chmod(0o600)
        assert load(Path("config.toml"), {}).metrics.address == (host, 9524)


def test_the_chapter_names_metrics_that_there_are(home, portal, start):
    port = free_port()
    configure(home, portal, f"[metrics]\nlisten = '127.0.0.1:{port}'\n")
    until(start("--no-ui"), "cycle 1 done")
    served = set(re.findall(r"^# TYPE (\w+) ", ask(port, "/metrics").text, re.MULTILINE))
    named = set(re.findall(r"`(bitsheet_\w+)", CHAPTER))
    assert len(named) > 25
    assert named - served == set()
