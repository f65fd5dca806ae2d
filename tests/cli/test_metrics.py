"""Metrics, probes and the status page of a real process, and what it must not tell."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import DemoPortal, Settings
from tests.support.command_terminal import terminal
from tests.support.commands import CODE, SECONDS, SMALL, configure, until
from tests.support.http_client import ask
from tests.support.prometheus import free_port

LISTEN = "[metrics]\nlisten = '127.0.0.1:0'\n"
AT = re.compile(r"metrics: listening at http://127\.0\.0\.1:(\d+)/")
IDLE = 'bitsheet_engine_state{state="idle"} 1.0'
PATHS = ("/", "/metrics", "/healthz", "/readyz", "/status.json", "/nothing")


@pytest.fixture
def demo():
    return DemoPortal(SMALL, settings=Settings(code=CODE))


@pytest.fixture
def portal(demo):
    with demo.run_in_thread() as webhook:
        yield webhook


@pytest.fixture
def watched(home, portal, start):
    """A running instance that has done a cycle: its process and its port."""
    configure(home, portal, LISTEN)
    process = start("--no-ui", LANG="C.UTF-8")
    return process, listening(process)


def listening(process: subprocess.Popen[str]) -> int:
    """The port of an instance, once its mirror is current."""
    port = int(AT.search(until(process, "metrics: listening"))[1])
    deadline = time.monotonic() + SECONDS
    while IDLE not in ask(port, "/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return port


def settled(port: int, path: str, *statuses: int) -> int:
    """The status with which a path is answered in the end."""
    deadline = time.monotonic() + SECONDS
    while (status := ask(port, path).status) not in statuses and time.monotonic() < deadline:
        time.sleep(0.1)
    return status


def printed(capfd) -> dict:
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_a_running_instance_shows_its_metrics_its_health_and_a_page(watched, home, demo, capfd):
    process, port = watched
    assert ask(port, "/readyz").text == "ok\n"
    assert ask(port, "/healthz").text == "ok\n"
    families = {family.name: family for family in text_string_to_metric_families(ask(port, "/metrics").text)}
    rows = {sample.labels["table"]: sample.value for sample in families["bitsheet_table_rows"].samples}
    assert rows["deals"] == len(list(demo.world.truth("deals"))) == 60
    requests = {s.labels["method"]: s.value for s in families["bitsheet_portal_requests"].samples}
    assert sum(requests.values()) == demo.stats.requests > 1
    shown = ask(port, "/", Accept_Language="tr")
    assert shown.headers["Content-Language"] == "tr"
    assert "GÜNCEL" in shown.text
    assert "CURRENT" in ask(port, "/").text
    deadline = time.monotonic() + SECONDS
    while (told := json.loads(ask(port, "/status.json").body)) != printed(capfd):
        assert time.monotonic() < deadline, told  # two looks at what may just have changed
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(SECONDS) == 0
    assert time.monotonic() - began < 2


def test_nothing_that_is_secret_or_of_a_person_is_shown(watched, home, demo):
    _, port = watched
    answers = "\n".join(ask(port, path).text for path in PATHS)
    assert CODE not in answers
    metrics = ask(port, "/metrics").text
    for table, name in (
        ("users", "LAST_NAME"),
        ("contacts", "LAST_NAME"),
        ("deals", "TITLE"),
        ("companies", "TITLE"),
    ):
        for row in demo.world.truth(table):
            assert f'"{row[name]}"' not in metrics


def test_without_a_portal_it_is_healthy_and_not_ready(home, portal, demo, start):
    configure(home, portal, f"[sync]\ninterval = 1\n{LISTEN}")
    process = start("--no-ui")
    port = listening(process)
    demo.revoke()
    assert settled(port, "/readyz", 503) == 503
    assert "the newest good cycle ended" in ask(port, "/readyz").text
    assert ask(port, "/healthz").status == 200
    assert "NEEDS YOU" in ask(port, "/").text


def test_an_engine_that_is_held_up_is_not_healthy_and_still_told_of(watched):
    process, port = watched
    assert ask(port, "/healthz").status == 200
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        ask(port, "/healthz", timeout=0.5)
    process.send_signal(signal.SIGCONT)
    assert ask(port, "/healthz").status == 200


def test_without_listen_nothing_of_it_is_loaded(home, run):
    code = (
        "import sys; from bitsheet_tui.cli import main; main(['--once']);"
        "sys.exit(any(n.startswith(('prometheus_client', 'bitsheet_tui.monitoring', 'bitsheet_tui.ui')) for n in sys.modules))"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [os.sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, check=False
    )
    assert done.returncode == 0


def test_others_than_this_host_are_let_in_by_the_token_alone(home, portal, start, capfd):
    Path("token").write_text("s3same-0pen-s3same\n")
    Path("token").chmod(0o600)
    configure(home, portal, "[metrics]\nlisten = '0.0.0.0:0'\n")
    assert main(["--no-ui"]) == 78
    assert "it needs metrics.token_file" in capfd.readouterr().err
    configure(home, portal, "[metrics]\nlisten = '0.0.0.0:0'\ntoken_file = 'token'\n")
    process = start("--no-ui")
    port = int(re.search(r"listening at http://0\.0\.0\.0:(\d+)/", until(process, "metrics: listening"))[1])
    assert {ask(port, path).status for path in PATHS} == {401}
    assert (
        ask(port, "/metrics", Authorization="Bearer s3same-0pen-s3same", Host="crm.example.com").status == 200
    )


@pytest.mark.slow
@pytest.mark.sample
def test_the_console_shows_them_too(home, portal):
    configure(home, portal, LISTEN)
    with terminal() as screen:
        screen.until(b"CURRENT")
        log = (home / "logs/bitsheet.log").read_text()
        port = int(AT.search(log)[1])
        assert ask(port, "/healthz").status == 200
        assert "CURRENT" in ask(port, "/").text
        screen.press(b"q")
        assert screen.ends() == 0


@pytest.mark.slow
def test_who_only_looks_does_not_listen_and_who_takes_over_does(home, portal, start, run):
    port = free_port()
    configure(home, portal, f"[metrics]\nlisten = '127.0.0.1:{port}'\n")
    process = start("--no-ui")
    assert listening(process) == port
    for words in (("--attach",), ("--takeover",)):
        with terminal(*words) as screen:
            screen.until(b"CURRENT")
            assert json.loads(ask(port, "/status.json").text)["instance"]["pid"] == process.pid
            if words == ("--attach",):
                screen.press(b"q")
                assert screen.ends() == 0
                continue
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
            deadline = time.monotonic() + SECONDS
            while True:
                with suppress(OSError):
                    if json.loads(ask(port, "/status.json").text)["instance"]["pid"] == screen.process.pid:
                        break
                assert time.monotonic() < deadline
                screen.pause(0.2)
            assert ask(port, "/healthz").status == 200
            screen.press(b"q")
            assert screen.ends() == 0
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")


@pytest.mark.slow
def test_where_they_listen_can_change_while_it_runs(watched, home, portal):
    process, port = watched
    configure(home, portal)
    process.send_signal(signal.SIGHUP)
    until(process, "metrics.listen changed")
    until(process, "cycle 2 done")
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")
    configure(home, portal, LISTEN)
    process.send_signal(signal.SIGHUP)
    assert ask(listening(process), "/healthz").status == 200


@pytest.mark.slow
def test_it_is_the_same_over_a_server(home, portal, start, postgres_url):
    configure(home, portal, f"[store]\nurl = {json.dumps(postgres_url.reveal())}\n{LISTEN}")
    process = start("--no-ui")
    port = listening(process)
    assert 'store="postgresql"' in ask(port, "/metrics").text
    told = json.loads(ask(port, "/status.json").body)
    assert told["tables"]["deals"]["rows"] == 60
