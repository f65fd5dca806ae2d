"""The systemd unit."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.cli.service import advice, unit, web_advice, web_unit
from bitsheet_tui.config import load
from tests.support.debian import program
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
    assert f"ExecStart={PYTHON} -P -m bitsheet_tui --no-ui\n" in text  # no module of its writable folder
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
    assert 'ExecStart="/opt/my apps/100%%/python" -P -m bitsheet_tui' in text


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


def sections(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_the_unit_for_the_browser_shows_a_mirror_and_knows_no_webhook():
    Path("hook").write_text(HOOK, encoding="utf-8")
    postgres = "[portal]\nwebhook_file = 'hook'\n[store]\nurl = 'postgresql://u:secret99@h/d'\n"
    here = Path.cwd()
    for config in (load(None, {}), configured("[portal]\nwebhook_file = 'hook'\n"), configured(postgres)):
        text = web_unit(config, PYTHON)
        service = sections(text)["Service"]
        command = f"{PYTHON} -P -m bitsheet_tui web --attach --token-file %d/token"
        assert service["ExecStart"].startswith(command)
        assert service["DynamicUser"] == "yes"
        assert int(service["LimitNOFILE"]) >= 1024
        assert "LoadCredential=token:/etc/bitsheet-tui/web-token\n" in text
        assert "webhook" not in text.replace("webhook_file", "")
        assert "secret99" not in text
        assert ("User=bitsheet-tui\n" in text) == ("sqlite:" in text)  # its file is for its owner alone
    assert text.count("ExecStart=") == 1
    assert f"LoadCredential=config.toml:{here}/config.toml\n" in text
    assert command + " --config %d/config.toml\n" in text
    assert "web-token" in next(web_advice(load(None, {}), PYTHON))


def test_pages_need_no_webhook_where_the_configuration_names_a_file_that_is_not_theirs(capsys):
    Path("config.toml").write_text("[portal]\nwebhook_file = 'nowhere'\n", encoding="utf-8")
    assert load(Path("config.toml"), {}, looking=True).webhook.reveal() == ""
    assert main(["status"]) == 78
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.debian
@pytest.mark.parametrize("printed", [unit, web_unit])
@pytest.mark.parametrize("url", ["", "postgresql://u@h/d"], ids=["SQLite", "PostgreSQL"])
def test_systemd_finds_both_units_little_exposed(tmp_path, printed, url, figure):
    analyze = program("systemd", "systemd-analyze")
    file = tmp_path / "bitsheet-tui.service"
    file.write_text(printed(configured(f"[store]\nurl = '{url}'\n" if url else ""), "/bin/true"))
    asked = [analyze, "security", "--offline=true", "--no-pager", file]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    exposure = float(re.search(r"Overall exposure level for \S+ ([\d.]+)", told.stdout)[1])
    figure(f"exposure of {printed.__name__}: {exposure}")
    assert exposure <= 1.3
    verified = subprocess.run(
        [analyze, "verify", file], capture_output=True, text=True, check=False, timeout=60
    )
    known = ("RefreshOnReload", "Unknown", "ignoring")
    assert [
        line
        for line in verified.stderr.splitlines()
        if str(file) in line and not any(k in line for k in known)
    ] == []
