"""A service reads its configuration again when it is told to, and goes on with it, or with the one before."""

import json
import signal
import socket
import time
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.settings import Cost
from tests.support import mirror
from tests.support.command_terminal import terminal
from tests.support.commands import CODE, SECONDS, SMALL, configure, rows, until, url_of
from tests.support.readme import said

WRONG = "wr0ngwr0ngwr0ngwr0ng"
SOME = Size(leads=3, contacts=60, companies=2, deals=1500, activities=90, tasks=20, users=3, departments=2)

OWNER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal of this session, as that of a shell is
os.execv(sys.executable, [sys.executable, "-m", "bitsheet_tui", *sys.argv[1:]])
"""


def ready(systemd: socket.socket) -> list[str]:
    """What systemd hears until the service is ready, but for how it stands."""
    heard = []
    while "READY=1" not in heard:
        heard += [told for told in [systemd.recv(4096).decode()] if not told.startswith("STATUS=")]
    return heard


def test_what_changed_in_the_configuration_counts_from_then_on(home, portal, start, capfd):
    configure(home, portal.replace(CODE, WRONG), "[sync]\ntables = ['users']\n")
    process = start("--no-ui")
    told = until(process, said("the webhook was deleted, or its owner dismissed"))

    configure(home, portal, "[sync]\ntables = ['users', 'deals']\ninterval = 7777\n")
    process.send_signal(signal.SIGHUP)
    told += until(process, "portal.webhook_url changed; starting again with it")
    assert "sync.interval, sync.tables, portal.webhook_url" in told.splitlines()[-1]
    told += until(process, "fill done")
    assert rows(home, "SELECT count(*) FROM deals") == [(SMALL.deals,)]
    assert main(["--once"]) == 75  # the mirror was never let go of
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["instance"]["interval"] == 7777
    assert shown["instance"]["pid"] == process.pid
    assert shown["alerts"] == []

    process.terminate()
    assert process.wait(SECONDS) == 0
    told += process.stderr.read() + Path("logs/bitsheet.log").read_text(encoding="utf-8")
    assert CODE not in told
    assert WRONG not in told


def test_what_cannot_be_used_changes_nothing_and_the_reason_is_told(home, portal, start, capfd):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(home / "notify"))
        systemd.settimeout(SECONDS)
        configure(home, portal, "[sync]\ntables = ['users']\n")
        process = start("--no-ui", NOTIFY_SOCKET=str(home / "notify"))
        until(process, "cycle 1 done")
        heard = ready(systemd)

        for more, why in (
            (
                "[sync]\nintervall = 1\n",
                f"{said('a mistake in the configuration')} sync.interval? (config.toml, line 5)",
            ),
            ("[sync\n", "config.toml: is not TOML: "),
            (None, said("the mirror of another portal")),
        ):
            other = f"https://other.example/rest/1/{CODE}/"
            configure(home, portal, more) if more else configure(home, other)
            process.send_signal(signal.SIGHUP)
            line = until(process, "ERROR").splitlines()[-1]
            assert "the configuration stays as it was: " in line
            assert why in line
            heard += ready(systemd)
        Path("config.toml").unlink()
        process.send_signal(signal.SIGHUP)
        assert "cannot be read: No such file" in until(process, "stays as it was")
        heard += ready(systemd)
        configure(home, portal, "[store]\nurl = 'sqlite:///other.db'\n[sync]\ntables = ['users']\n")
        process.send_signal(signal.SIGHUP)
        until(process, "store.url has changed, which counts from the next start on")
        until(process, "nothing changes by it")
        assert not Path("other.db").exists()
        heard += ready(systemd)

        configure(home, portal, "[sync]\ntables = ['users']\n")
        assert main(["sync", "users"]) == 0
        assert "1 table due" in until(process, "cycle 2 done")
        capfd.readouterr()
        process.terminate()
        assert process.wait(SECONDS) == 0
    assert [one.partition("\n")[0] for one in heard] == ["READY=1", *["RELOADING=1", "READY=1"] * 5]
    moments = [int(one.partition("MONOTONIC_USEC=")[2]) for one in heard if one.startswith("RELOADING")]
    assert moments == sorted(moments)
    assert time.monotonic() - moments[-1] / 1e6 < SECONDS


def test_a_log_that_logrotate_renamed_is_begun_anew_and_one_that_cannot_be_opened_stops_nothing(
    home, portal, start
):
    log = Path("logs/bitsheet.log")
    configure(home, portal, "[sync]\ntables = ['users']\n")
    process = start("--no-ui")
    until(process, "cycle 1 done")
    log.rename("logs/renamed.log")
    before = Path("logs/renamed.log").read_text(encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    until(process, "nothing changes by it")
    assert "nothing changes by it" in log.read_text(encoding="utf-8")
    assert Path("logs/renamed.log").read_text(encoding="utf-8") == before

    configure(home, portal, "[sync]\ntables = ['users', 'deals']\n[log]\nfile = 'config.toml/bitsheet.log'\n")
    process.send_signal(signal.SIGHUP)
    told = until(process, "deals")
    assert "config.toml/bitsheet.log cannot be written: Not a directory" in told
    told += until(process, "fill done")
    assert rows(home, "SELECT count(*) FROM deals") == [(SMALL.deals,)]
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert (told + process.stderr.read()).count("cannot be written") == 1


def test_a_pause_and_what_is_wished_for_outlast_it_and_it_says_how_it_is(home, portal, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    assert main(["pause"]) == 0
    assert main(["resync", "deals"]) == 0
    configure(home, portal, "[sync]\ninterval = 7777\n")
    process.send_signal(signal.SIGHUP)
    until(process, "starting again with it")
    until(process, "paused")
    process.send_signal(signal.SIGUSR1)
    until(process, "paused: cycle")
    assert main(["resume"]) == 0
    assert "1 table due" in until(process, "fill done")
    capfd.readouterr()
    process.terminate()
    assert process.wait(SECONDS) == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_in_the_middle_of_a_backfill_it_loses_nothing(home, start, request, kind):
    url = url_of(kind, home, request)
    demo = DemoPortal(SOME, seed=11, settings=Settings(cost=Cost(page=0.02, call=0.005)))
    with demo.run_in_thread() as webhook:
        store = f"[store]\nurl = {json.dumps(url.reveal())}\n"
        configure(home, webhook, store)
        process = start("--no-ui")
        told = until(process, "fill start")
        for interval in (100, 200):
            configure(home, webhook, f"{store}[sync]\ninterval = {interval}\n")
            process.send_signal(signal.SIGHUP)
            told += until(process, "starting again with it")
            told += until(process, "cycle")
        while "fill done" not in told.splitlines()[-1] or "deals" not in told.splitlines()[-1]:
            told += until(process, "fill done")
        process.terminate()
        assert process.wait(SECONDS) == 0
        told += process.stderr.read()
        assert [line for line in told.splitlines() if "WARNING" in line or "ERROR" in line] == []
        for table in ("deals", "contacts"):
            assert mirror.differences(url, demo.world, table) == []


def test_a_terminal_that_is_closed_still_ends_it(home):
    with terminal("--no-ui", start=("-c", OWNER)) as screen:
        screen.until(b"cycle 1 done")
        screen.process.send_signal(signal.SIGHUP)
        screen.until(b"nothing changes by it")
        began = time.monotonic()
        screen.hang_up()
        assert screen.process.wait(SECONDS) == 0
        assert time.monotonic() - began < 2
    assert Path("logs/bitsheet.log").read_text(encoding="utf-8").endswith("stopped\n")
