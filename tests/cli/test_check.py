"""`check` and `init` against the demo portal."""

import io
import stat
import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.store import mounts
from tests.support.commands import CODE, configure, until
from tests.support.listeners import web_server
from tests.support.prometheus import free_port
from tests.support.readme import said


def lines(capfd) -> dict[str, str]:
    """The verdict of each thing looked at; the gravest where there are several lines."""
    found: dict[str, str] = {}
    for line in capfd.readouterr().out.splitlines():
        about, verdict = line.split()[:2]
        found[about] = verdict if found.get(about, "ok") == "ok" else found[about]
    return found


def test_a_good_installation_has_a_line_for_everything_and_nothing_is_made(home, capfd):
    assert main(["check"]) == 0
    assert lines(capfd) == dict.fromkeys(
        "config portal webhook rights scopes tables filters clock comments interval store".split(), "ok"
    )
    assert [file.name for file in home.iterdir()] == ["config.toml"]


def test_after_the_first_cycle_the_store_is_looked_into(home, capfd):
    assert main(["--once"]) == 0
    before = (home / "bitsheet.db").read_bytes()
    capfd.readouterr()
    assert main(["check"]) == 0
    assert lines(capfd)["store"] == "ok"
    assert (home / "bitsheet.db").read_bytes() == before


def test_a_mirror_that_others_may_use_is_told(home, capfd):
    assert main(["--once"]) == 0
    Path("bitsheet.db").chmod(0o644)
    capfd.readouterr()
    assert main(["check"]) == 0
    assert "may be used by others (mode 644)" in capfd.readouterr().out
    Path("bitsheet.db").chmod(0o600)
    assert main(["check"]) == 0
    assert "modes" not in lines(capfd)


def test_a_token_of_the_web_console_that_others_may_read_is_told(home, capfd, monkeypatch):
    monkeypatch.setattr("bitsheet_tui.cli.check.WEB_TOKEN", str(home / "web-token"))
    Path("web-token").write_text("open-sesame-open-sesame")
    Path("web-token").chmod(0o644)
    assert main(["check"]) == 0
    told = capfd.readouterr().out
    assert "web-token may be used by others (mode 644)" in told
    assert "open-sesame" not in told


def test_a_token_of_the_metrics_that_others_may_read_is_told(home, capfd):
    Path("token").write_text("open-sesame-open-sesame")
    Path("token").chmod(0o640)
    with Path("config.toml").open("a", encoding="utf-8") as file:
        file.write("[metrics]\nlisten = '127.0.0.1:9524'\ntoken_file = 'token'\n")
    assert main(["check"]) == 0
    told = capfd.readouterr().out
    assert f"others may read {home}/token (its mode is 0640): chmod 600 it" in told
    assert "open-sesame" not in told
    Path("token").chmod(0o600)
    assert main(["check"]) == 0
    assert "others may read" not in capfd.readouterr().out


def test_a_bad_configuration_is_78_with_a_line_for_each_problem(home, capfd):
    Path("config.toml").write_text("[sync]\nintervall = 1\noverlap = -1\n", encoding="utf-8")
    assert main(["check"]) == 78
    out = capfd.readouterr().out.splitlines()
    assert [line.split()[:2] for line in out] == [["config", "FAIL"]] * 2
    Path("config.toml").write_text("", encoding="utf-8")
    assert main(["check"]) == 78
    assert "bitsheet-tui init" in capfd.readouterr().out


def test_without_a_webhook_the_configuration_is_not_called_well(home, capfd):
    Path("config.toml").write_text("[log]\nfile = ''\n", encoding="utf-8")
    assert main(["check"]) == 78
    (line,) = capfd.readouterr().out.splitlines()
    assert line.split()[:2] == ["config", "FAIL"]


def test_a_refused_webhook_is_77_and_the_store_is_looked_at_all_the_same(home, portal, capfd):
    configure(home, portal.replace(CODE, "wrongwrongwrongwrong"))
    assert main(["check"]) == 77
    assert lines(capfd) == {"config": "ok", "portal": "FAIL", "store": "ok"}


def test_a_store_that_cannot_be_made_is_73(home, portal, capfd):
    Path("file").touch()
    configure(home, portal, "[store]\nurl = 'sqlite:///file/bitsheet.db'\n")
    assert main(["check"]) == 73
    assert lines(capfd)["store"] == "FAIL"


@pytest.mark.parametrize(("file", "says"), [("file/x.log", "cannot be made"), ("folder", "Is a directory")])
def test_a_log_that_cannot_be_written_is_warned_of(home, portal, capfd, file, says):
    Path("file").touch()
    Path("folder").mkdir()
    configure(home, portal, f"[log]\nfile = '{file}'\n")
    assert main(["check"]) == 0
    out = capfd.readouterr().out.splitlines()
    assert says in next(line for line in out if line.startswith("log "))
    configure(home, portal, "[log]\nfile = '/dev/stdout'\n")
    assert main(["check"]) == 0
    assert "log" not in lines(capfd)


def test_an_address_for_metrics_is_free_or_of_another_program(home, portal, capfd):
    with web_server() as other:
        listen = f"127.0.0.1:{other.port}"
        configure(home, portal, f"[metrics]\nlisten = '{listen}'\n")
        assert main(["check"]) == 0
        assert other.asked == ["/status.json"]
        (line,) = [line for line in capfd.readouterr().out.splitlines() if line.startswith("metrics")]
        assert line.startswith(f"metrics   warn  {listen} cannot be used: another program has it")
    assert main(["check"]) == 0
    assert f"metrics   ok    {listen} is free\n" in capfd.readouterr().out


@pytest.mark.slow
def test_an_address_for_metrics_that_the_instance_serves_is_well(home, portal, start, capfd):
    Path("token").write_text("s3same-0pen-s3same\n")
    Path("token").chmod(0o600)
    port = free_port()
    configure(home, portal, f"[metrics]\nlisten = '0.0.0.0:{port}'\ntoken_file = 'token'\n")
    process = start("--no-ui")
    until(process, "metrics: listening")
    assert main(["check"]) == 0
    told = f"metrics   ok    0.0.0.0:{port} is served by the running instance (pid {process.pid})\n"
    assert told in capfd.readouterr().out


def test_channels_are_tried_without_a_message_and_without_their_address(home, portal, capfd, monkeypatch):
    configure(home, portal, "[notify]\nurls = ['json://127.0.0.1:9/t0k3nt0k3n', 'nonsense://t0k3nt0k3n']\n")
    assert main(["check"]) == 0
    out = capfd.readouterr().out
    assert [line[:16] for line in out.splitlines() if line.startswith("notify")] == [
        "notify    ok    ", "notify    warn  ",
    ]  # fmt: skip
    assert "nonsense 2: Apprise does not know such an address" in out
    assert "t0k3n" not in out
    monkeypatch.setattr("bitsheet_tui.notify.channels.need_apprise.__defaults__", (lambda _: None,))
    assert main(["check"]) == 78
    assert "notify    FAIL  notify.urls needs Apprise" in capfd.readouterr().out


def test_a_mirror_on_a_network_file_system_is_warned_of_and_made_all_the_same(home, monkeypatch, capfd):
    mounted = "27 1 254:0 / / rw - ext4 /dev/vda rw\n31 27 0:40 / {} rw - nfs4 files:/srv rw\n"
    Path("mountinfo").write_text(mounted.format(home), encoding="utf-8")
    monkeypatch.setattr(mounts, "MOUNTS", Path("mountinfo"))
    told = said("a mirror on a network file system, or a folder shared with a virtual machine")
    assert main(["--once"]) == 0
    (line,) = [line for line in capfd.readouterr().err.splitlines() if told in line]
    assert "WARNING" in line
    assert told in Path("logs/bitsheet.log").read_text(encoding="utf-8")
    assert main(["check"]) == 0
    (line,) = [line for line in capfd.readouterr().out.splitlines() if told in line]
    assert line.startswith("store     warn  sqlite bitsheet.db")


def test_the_demo_can_be_checked(home, capfd):
    Path("config.toml").unlink()
    assert main(["check", "--demo"]) == 0
    assert lines(capfd)["webhook"] == "ok"


@pytest.fixture
def typed(monkeypatch):
    """What is typed, line by line, into a pipe."""
    return lambda *text: monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in text)))


def test_init_writes_a_configuration_for_its_owner_alone_that_works(home, portal, typed, capfd):
    Path("config.toml").unlink()
    typed(portal, "")
    assert main(["init"]) == 0
    told = capfd.readouterr()
    assert CODE not in told.out + told.err
    assert stat.S_IMODE(Path("config.toml").stat().st_mode) == 0o600
    config = load(Path("config.toml"), {})
    assert (config.webhook.reveal(), config.store.url) == (portal, "sqlite:///bitsheet.db")
    assert config.warnings == ()


def test_init_never_writes_over_a_configuration(home, typed, capfd):
    before = Path("config.toml").read_bytes()
    assert main(["init"]) == 64
    assert Path("config.toml").read_bytes() == before
    assert "is there already" in capfd.readouterr().err


def test_init_does_not_keep_a_webhook_that_is_refused_unless_told_to(home, portal, typed, capfd):
    Path("config.toml").unlink()
    wrong = portal.replace(CODE, "wrongwrongwrongwrong")
    typed(wrong, "", "n")
    assert main(["init"]) == 77
    assert not Path("config.toml").exists()
    typed(wrong, "sqlite:///crm.db", "y")
    assert main(["init"]) == 0
    assert load(Path("config.toml"), {}).store.url == "sqlite:///crm.db"
    capfd.readouterr()


def test_init_does_not_take_what_is_no_webhook(home, typed, capfd):
    Path("config.toml").unlink()
    typed("http://acme.example.com/rest/1/k3yk3yk3yk3yk3yk/")
    assert main(["init"]) == 64
    told = capfd.readouterr().err
    assert "must be https" in told
    assert "k3yk3y" not in told
