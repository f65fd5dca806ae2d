"""The systemd units, and the files for a container."""

import configparser
import re
import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml  # of Apprise

from bitsheet_tui import __version__
from bitsheet_tui.cli import container, main
from bitsheet_tui.cli.service import advice, template_unit, unit, user_unit, web_advice, web_unit
from bitsheet_tui.config import load
from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.store.address import parse
from tests.support.commands import CODE, SMALL, configure
from tests.support.debian import program
from tests.support.postgres_server import Server
from tests.support.readme import manual

HOOK = "https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/"
PYTHON = "/opt/bitsheet/bin/python"
ROOT = Path(__file__).parents[2]


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


def test_a_template_serves_a_portal_by_its_name_and_keeps_each_apart(capsys):
    assert main(["service", "--template"]) == 0
    said = capsys.readouterr()
    service = sections(said.out)["Service"]
    assert service["ExecStart"].endswith(" -P -m bitsheet_tui --no-ui --config %d/config.toml")
    assert "LoadCredential=config.toml:/etc/bitsheet-tui/%i.toml\n" in said.out
    for key in ("StateDirectory", "RuntimeDirectory"):
        assert service[key] == "bitsheet-tui-%i"
    assert (service["DynamicUser"], service["ProtectSystem"]) == ("yes", "strict")
    assert "BITSHEET_STORE_URL" not in said.out  # the file says it: a shell has to find it there, too
    assert "sqlite:////var/lib/bitsheet-tui-NAME/bitsheet.db" in said.err


def test_the_unit_of_a_user_goes_on_with_what_the_console_has():
    assert "--config %E/bitsheet-tui/config.toml\n" in user_unit(load(None, {}), PYTHON)
    config = configured(f"[portal]\nwebhook_url = '{HOOK}'\n")
    text = user_unit(config, PYTHON)
    service = sections(text)["Service"]
    assert service["ExecStart"] == f"{PYTHON} -P -m bitsheet_tui --no-ui --config {Path.cwd()}/config.toml"
    assert sections(text)["Install"]["WantedBy"] == "default.target"
    assert "enable-linger" in text
    assert "k3yk3y" not in text
    for refused in ("BITSHEET_", "DynamicUser", "ProtectSystem", "network-online", "Credential"):
        assert refused not in text, refused
    template = user_unit(config, PYTHON, template=True)
    assert "--config %E/bitsheet-tui/%i.toml\n" in template
    assert "bitsheet-tui@NAME" in template


def test_what_is_left_for_a_user_to_do_is_told(capsys):
    assert main(["service", "--user"]) == 0
    told = capsys.readouterr().err
    assert "bitsheet-tui --config ~/.config/bitsheet-tui/config.toml init" in told
    assert "loginctl enable-linger" in told
    assert main(["service", "--user", "--web"]) == 64
    assert main(["service", "--web", "--template"]) == 64


def test_the_files_of_a_container_are_printed_or_written(capsys):
    assert main(["service", "--container"]) == 0
    printed = capsys.readouterr()
    assert main(["service", "--container", "there"]) == 0
    files = {file.name: file.read_text() for file in Path("there").iterdir()}
    assert printed.out == "\n".join(f"# --- {name} ---\n{files[name]}" for name in container.FILES)
    assert [file.stat().st_mode & 0o777 for file in Path("there").iterdir()] == [0o644] * 2
    assert f"bitsheet_tui-{__version__}-py3-none-any.whl" in files["Containerfile"]
    assert "VERSION" not in printed.out
    assert main(["service", "--container", "there"]) == 0  # the same once more
    Path("there/compose.yaml").write_text("mine")
    assert main(["service", "--container", "there"]) == 64
    assert Path("there/compose.yaml").read_text() == "mine"


def test_what_the_container_is_told_are_settings(monkeypatch):
    """The image's own variables, then those beside PostgreSQL."""
    for text in map(container.text, container.FILES):
        environ = dict(re.findall(r"(BITSHEET_\w+)(?:=|: )(\S*)", text))
        config = load(None, environ)
        assert config.log.file == "" or "compose" in text
        assert parse(config.store_url, schema="", base=None).label
    address = parse(config.store_url, schema="", base=None)
    assert address.options["passfile"] == "/run/secrets/pgpass"


def test_the_compose_file_declares_what_it_uses_and_the_image_is_this_version():
    whole = yaml.safe_load(container.text("compose.yaml"))
    ours, database = whole["services"]["bitsheet-tui"], whole["services"]["db"]
    assert {*ours["secrets"], *database["secrets"]} == set(whole["secrets"])
    named = [one.partition(":")[0] for service in (ours, database) for one in service["volumes"]]
    assert sorted(named) == sorted(whole["volumes"])
    assert ours["image"] == f"bitsheet-tui:{__version__}"
    assert (ours["read_only"], ours["cap_drop"], ours["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    (check,) = re.findall(r"CMD (bitsheet-tui status .*)", container.text("Containerfile"))
    assert ours["healthcheck"]["test"] == ["CMD-SHELL", check]


@pytest.mark.slow
def test_a_database_s_password_may_be_in_a_file_as_the_compose_file_has_it(capfd):
    with closing(Server()) as server:
        server.empty()
        whole = urlsplit(server.url.reveal())
        pgpass = Path("pgpass")
        pgpass.write_text(f"*:*:*:mirror:{whole.password}\n")
        pgpass.chmod(0o600)
        query = f"{whole.query}&passfile={pgpass.absolute()}"
        address = f"postgresql://mirror@/postgres?{query}"
        with DemoPortal(SMALL, settings=Settings(code=CODE)).run_in_thread() as webhook:
            configure(Path(), webhook, f"[store]\nurl = '{address}'\n[log]\nfile = ''\n")
            assert main(["--once"]) == 0
        pgpass.write_text("*:*:*:mirror:wr0ngwr0ng\n")
        assert main(["status"]) == 73
    assert "wr0ngwr0ng" not in capfd.readouterr().err


def test_every_line_of_the_chapter_for_users_and_containers_is_run(tmp_path, monkeypatch):
    """But for what needs a systemd or a container engine that runs: of those the words are looked at."""
    monkeypatch.chdir(tmp_path)
    (fakes := tmp_path / "fakes").mkdir()
    for name in ("systemctl", "loginctl", "docker", "sudo"):
        (fakes / name).write_text(f'#!/bin/sh\necho {name} "$@" >> "{tmp_path}/asked"\n')
        (fakes / name).chmod(0o755)
    (fakes / "bitsheet-tui").write_text(f'#!/bin/sh\nexec {sys.executable} -m bitsheet_tui "$@"\n')
    (fakes / "bitsheet-tui").chmod(0o755)
    Path(container.WHEEL).touch()
    environment = {"PATH": f"{fakes}:/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def shell(text: str, said: str = "") -> None:
        done = subprocess.run(
            ["sh", "-eu", "-c", text], cwd=tmp_path, env=environment, input=said, text=True,
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    blocks = re.findall(r"```sh\n(bitsheet-tui service.*?)```", manual("service"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        shell(block.replace("0.1.0", __version__))
    placed = (tmp_path / ".config/systemd/user/bitsheet-tui.service").read_text()
    assert sections(placed)["Service"]["Type"] == "notify"
    lines = (tmp_path / "crm/compose.yaml").read_text().split("\n\n")[0].splitlines()[1:]
    shell("cd crm\n" + "\n".join(line.removeprefix("#   ") for line in lines), f"{HOOK}\n")
    made = {file.name: file for file in (tmp_path / "crm").iterdir()}
    assert {name: made[name].stat().st_mode & 0o777 for name in ("webhook", "db-password", "pgpass")} == (
        dict.fromkeys(("webhook", "db-password", "pgpass"), 0o600)
    )
    assert container.WHEEL in made
    assert load(None, {"CREDENTIALS_DIRECTORY": str(tmp_path / "crm")}).webhook.reveal() == HOOK
    password = made["db-password"].read_text().strip()
    assert made["pgpass"].read_text() == f"db:5432:bitsheet:bitsheet:{password}\n"
    assert [shlex.split(line) for line in Path("asked").read_text().splitlines()] == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "--now", "bitsheet-tui"],
        ["loginctl", "enable-linger"],
        ["sudo", "chown", "10001", "webhook", "pgpass"],
        ["docker", "compose", "up", "-d", "--build"],
    ]


def test_the_file_for_a_portal_in_the_chapter_is_a_configuration():
    (text,) = re.findall(r"```toml\n(.*?)```", manual("service"), re.DOTALL)
    config = configured(text)
    assert config.store_url.reveal() == "sqlite:////var/lib/bitsheet-tui-acme/bitsheet.db"
    assert config.webhook


@pytest.mark.debian
@pytest.mark.parametrize("template", [False, True])
def test_systemd_knows_every_line_of_a_users_unit(tmp_path, monkeypatch, template, figure):
    analyze = program("systemd", "systemd-analyze")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = tmp_path / f"bitsheet-tui{'@' * template}.service"
    file.write_text(user_unit(load(None, {}), "/bin/true", template=template))
    verified = subprocess.run(
        [analyze, "--user", "verify", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    asked = [analyze, "--user", "security", "--offline=true", "--no-pager", file]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    exposure = float(re.search(r"Overall exposure level for \S+ ([\d.]+)", told.stdout)[1])
    figure(f"exposure of a user's unit: {exposure}")
    assert exposure <= 6.4


def a_template(_config, python: str) -> str:
    return template_unit(python)


@pytest.mark.debian
@pytest.mark.parametrize("printed", [unit, web_unit, a_template])
@pytest.mark.parametrize("url", ["", "postgresql://u@h/d"], ids=["SQLite", "PostgreSQL"])
def test_systemd_finds_its_units_little_exposed(tmp_path, printed, url, figure):
    analyze = program("systemd", "systemd-analyze")
    file = tmp_path / f"bitsheet-tui{'@' * (printed is a_template)}.service"
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
