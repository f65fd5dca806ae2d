"""The engine without a console: one cycle, or many, and how it is told to stop."""

import json
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bitsheet_tui.cli import main
from tests.support.commands import CODE, SECONDS, SMALL, configure, rows, until
from tests.support.readme import manual


def test_one_cycle_mirrors_every_table_and_says_nothing_on_stdout(home, capfd):
    assert main(["--once"]) == 0
    said = capfd.readouterr()
    assert said.out == ""
    assert "cycle 1 start" in said.err
    assert "cycle 1 done" in said.err
    assert rows(home, "SELECT count(*) FROM deals") == [(SMALL.deals,)]
    assert rows(home, "SELECT count(*) FROM users") == [(SMALL.users,)]


def test_the_queries_of_the_manual_work(home, capfd):
    assert main(["--once"]) == 0
    capfd.readouterr()
    blocks = [block.split("```")[0] for block in manual("sql").split("```sql\n")[1:]]
    queries = [query for block in blocks for query in block.split(";") if query.strip()]
    assert len(queries) == 4
    assert len(rows(home, queries[0])) == 10
    for query in queries:
        rows(home, query)


def test_what_is_written_is_for_its_owner_alone(home, capfd):
    assert main(["--once"]) == 0
    capfd.readouterr()
    files = [file for file in home.rglob("*") if file.is_file()]
    assert {"bitsheet.db", "bitsheet.log"} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_webhook_is_nowhere(home, start, capfd):
    for words in (["--once"], ["check"], ["status"], ["status", "--json"], ["service"], ["sync"], ["--help"]):
        main(words)
    configure(home, f"http://127.0.0.1:1/rest/1/{CODE}/?broken")
    main(["check"])
    said = capfd.readouterr()
    kept = [file.read_bytes() for file in home.rglob("*") if file.is_file() and file.name != "config.toml"]
    told = "".join(said).encode() + b"".join(kept)
    assert len(told) > 10_000
    assert CODE.encode() not in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_and_cleanly(home, start, number):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(SECONDS) == 0
    assert time.monotonic() - began < 2
    assert "stopped" in process.stderr.read()


def test_a_second_signal_ends_it_at_once():
    script = (
        "import os, signal, time\n"
        "from types import SimpleNamespace\n"
        "from bitsheet_tui.cli.stopping import Stopping\n"
        "from bitsheet_tui.observe.systemd import Notifier\n"
        "with Stopping(Notifier({})) as stopping:\n"
        "    stopping.engine = SimpleNamespace(submit=lambda command: print(command, flush=True))\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('still here', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, "Stop()\nstill here\n")


def test_a_hang_up_is_no_second_signal():
    script = (
        "import os, signal\n"
        "from types import SimpleNamespace\n"
        "from bitsheet_tui.cli.stopping import Stopping\n"
        "from bitsheet_tui.observe.systemd import Notifier\n"
        "with Stopping(Notifier({})) as stopping:\n"
        "    stopping.engine = SimpleNamespace(submit=lambda command: print(command, flush=True))\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('still here', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Stop()\nstill here\n")


def test_what_was_made_for_the_moment_goes_with_a_hard_exit(tmp_path):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bitsheet_tui.hard_exit import hard_exit, temporary\n"
        "with temporary(Path(sys.argv[1])):\n"
        "    hard_exit(143)\n"
    )
    (tmp_path / "demo/logs").mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "demo"], check=False)
    assert done.returncode == 143
    assert not (tmp_path / "demo").exists()


def test_a_signal_before_there_is_an_engine_ends_it_too():
    script = (
        "import os, signal, time\n"
        "from bitsheet_tui.cli.stopping import Stopping\n"
        "from bitsheet_tui.observe.systemd import Notifier\n"
        "with Stopping(Notifier({})):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    time.sleep(60)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_nohup_made_it_ignore_stays_ignored():
    script = (
        "import os, signal\n"
        "from bitsheet_tui.cli.stopping import Stopping\n"
        "from bitsheet_tui.observe.systemd import Notifier\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with Stopping(Notifier({})):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "still here\n")


def test_systemd_hears_ready_then_status_then_stopping(home, start):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(home / "notify"))
        systemd.settimeout(SECONDS)
        process = start("--no-ui", NOTIFY_SOCKET=str(home / "notify"), WATCHDOG_USEC="3000000")
        told = [systemd.recv(4096).decode() for _ in range(3)]
        assert told[0] == "READY=1"
        assert told[1].startswith("STATUS=")
        assert "WATCHDOG=1" in told
        process.terminate()
        assert process.wait(SECONDS) == 0
        systemd.setblocking(False)
        while told[-1] != "STOPPING=1":
            told.append(systemd.recv(4096).decode())


def test_an_instance_is_told_what_to_do_through_the_store(home, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    assert main(["pause"]) == 0
    until(process, "paused")
    assert main(["resume"]) == 0
    until(process, "resumed")
    assert main(["sync", "deals"]) == 0
    assert "1 table due" in until(process, "cycle 2 done")
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["instance"]["pid"] == process.pid
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_a_second_instance_is_refused(home, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 start")
    assert main(["--once"]) == 75
    assert f"pid {process.pid}" in capfd.readouterr().err
    process.terminate()
    assert process.wait(SECONDS) == 0


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_where_no_instance_runs_there_is_nobody_to_pause(home, command, capfd):
    assert main(["--once"]) == 0
    capfd.readouterr()
    assert main([command]) == 64
    assert f"no instance is running: there is nothing to {command}" in capfd.readouterr().err


def test_where_no_instance_runs_sync_and_resync_do_it_themselves(home, capfd):
    assert main(["sync", "deals"]) == 0
    assert rows(home, "SELECT count(*) FROM deals") == [(SMALL.deals,)]
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror, mirror:
        mirror.execute("UPDATE deals SET title = 'spoiled'")
    spoiled = "SELECT count(*) FROM deals WHERE title = 'spoiled'"
    assert main(["sync", "deals"]) == 0
    assert rows(home, spoiled)[0][0] > 0  # it has not changed on the portal
    assert main(["resync", "deals"]) == 0
    assert rows(home, spoiled) == [(0,)]
    capfd.readouterr()


def test_a_table_that_does_not_exist_is_bad_usage(home, capfd):
    assert main(["sync", "deal"]) == 64
    assert "did you mean deals?" in capfd.readouterr().err


def test_a_webhook_that_the_portal_does_not_know_is_77(home, portal, capfd):
    configure(home, portal.replace(CODE, "wrongwrongwrongwrong"))
    assert main(["--once"]) == 77
    told = capfd.readouterr().err
    assert "wrongwrong" not in told
    assert "Traceback" not in told


def test_a_file_that_is_no_mirror_is_74_and_untouched(home, capfd):
    Path("bitsheet.db").write_bytes(b"somebody's letters, " * 100)
    assert main(["--once"]) == 74
    assert Path("bitsheet.db").read_bytes() == b"somebody's letters, " * 100
    capfd.readouterr()


def test_a_store_that_cannot_be_opened_is_73(home, portal, capfd):
    Path("folder").mkdir()
    configure(home, portal, "[store]\nurl = 'sqlite:///folder'\n")
    assert main(["--once"]) == 73
    capfd.readouterr()


def test_without_a_configuration_it_says_what_to_do(home, capfd):
    Path("config.toml").unlink()
    assert main(["--no-ui"]) == 78
    assert "bitsheet-tui init" in capfd.readouterr().err


def test_the_console_needs_a_terminal(home, start):
    process = start()
    assert process.wait(SECONDS) == 64
    assert "--no-ui" in process.stderr.read()


def test_a_status_needs_a_mirror(home, capfd):
    assert main(["status"]) == 73
    assert capfd.readouterr().out == ""
    assert not Path("bitsheet.db").exists()


def test_the_demo_needs_nothing_and_says_where_its_mirror_is(home, start):
    Path("config.toml").unlink()
    process = start("--once", "--demo", TMPDIR=str(home))
    out, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, "")
    (mirror,) = home.glob("bitsheet-demo-*/bitsheet.db")
    assert f"the mirror is {mirror}" in told


def test_the_demo_portal_alone_tells_its_webhook_first(home, start, capfd):
    process = start("portal")
    webhook = process.stdout.readline().strip()
    configure(home, webhook)
    assert main(["check"]) == 0
    capfd.readouterr()
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_a_port_that_is_taken_is_bad_usage(portal, capfd):
    port = urlsplit(portal).port
    assert main(["portal", "--port", str(port)]) == 64
    assert f"port {port} cannot be used: Address already in use" in capfd.readouterr().err
