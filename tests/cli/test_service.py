"""The systemd unit."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.cli.service import advice, unit
from bitsheet_tui.config import load
from tests.support.readme import manual

HOOK = "https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/"
PYTHON = "/opt/bitsheet/bin/python"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def configured(text: str):
    Path("config.toml").write_text(text, encoding="utf-8")
    Path("config.toml").chmod(0o600)
    return load(Path("config.toml"), {})


def test_the_unit_starts_this_installation_headless():
    text = unit(load(None, {}), PYTHON)
    assert f"ExecStart={PYTHON} -m bitsheet_tui --no-ui\n" in text
    assert "LoadCredential=webhook:/etc/bitsheet-tui/webhook\n" in text
    assert "Environment=BITSHEET_STORE_URL=sqlite:////var/lib/bitsheet-tui/bitsheet.db\n" in text
    assert "Environment=BITSHEET_LOG_FILE=\n" in text


def test_a_reload_hands_over_what_changed_and_tells_the_service():
    text = unit(load(None, {}), PYTHON)
    assert "ExecReload=kill -HUP $MAINPID\n" in text
    assert "RefreshOnReload=credentials\n" in text


def test_a_big_mirror_has_the_time_to_be_looked_through_after_a_crash():
    assert "TimeoutStartSec=1h\n" in unit(load(None, {}), PYTHON)


def test_a_configuration_is_handed_over_as_a_credential():
    Path("hook").write_text(HOOK, encoding="utf-8")
    text = unit(configured("[portal]\nwebhook_file = 'hook'\n"), PYTHON)
    here = Path.cwd()
    assert "--config %d/config.toml\n" in text
    assert f"LoadCredential=config.toml:{here}/config.toml\n" in text
    assert f"LoadCredential=webhook:{here}/hook\n" in text


def test_a_webhook_in_the_configuration_needs_no_credential_and_is_not_shown():
    config = configured(f"[portal]\nwebhook_url = '{HOOK}'\n[store]\nurl = 'postgresql://u:secret99@h/d'\n")
    text = unit(config, "/opt/my apps/100%/python")
    assert "webhook:" not in text
    assert "BITSHEET_STORE_URL" not in text
    assert "k3yk3y" not in text
    assert "secret99" not in text
    assert 'ExecStart="/opt/my apps/100%%/python" -m bitsheet_tui' in text


@pytest.mark.parametrize(("ends", "asked"), [(0, 4), (78, 1)])
def test_the_lines_of_the_manual_install_no_unit_that_could_not_be_printed(tmp_path, ends, asked):
    """systemd takes an empty unit for a masked one."""
    (block,) = re.findall(r"```sh\n(sudo.*?)```", manual("service").partition("## ")[0], re.DOTALL)
    sudo = tmp_path / "sudo"
    sudo.write_text(f'#!/bin/sh\necho "$1" >> asked\ncase "$2" in service) exit {ends};; esac\n')
    sudo.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["sh", "-c", block], cwd=tmp_path, env=environment, check=False, timeout=30)
    assert len((tmp_path / "asked").read_text().splitlines()) == asked


def test_what_has_to_be_done_by_hand_is_told():
    told = list(advice(load(None, {}), "/home/me/.venv/bin/python"))
    assert told == [
        "write the webhook into /etc/bitsheet-tui/webhook, owned by root, mode 0600",
        "the service may not read /home/me/.venv: install bitsheet-tui under /opt instead",
    ]
    Path("bitsheet.db").touch()
    (moved,) = advice(configured(f"[portal]\nwebhook_url = '{HOOK}'\n"), PYTHON)
    assert f"to go on with {Path.cwd()}/bitsheet.db, move it there" in moved


def test_the_unit_is_data_and_the_advice_narration(capsys):
    assert main(["service"]) == 0
    said = capsys.readouterr()
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(said.out)
    assert parser["Service"]["Type"] == "notify"
    assert "write the webhook into" in said.err
