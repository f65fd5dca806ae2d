"""What another user of the host can and cannot do: root runs the program, nobody is at the door."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bitsheet_tui.observe import wire
from bitsheet_tui.ring import LogLine
from tests.support.another_user import NOBODY, PROGRAM, as_nobody, attack, attacking
from tests.support.chromium import clients
from tests.support.command_terminal import terminal
from tests.support.commands import SECONDS, configure, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = [pytest.mark.root, pytest.mark.slow]


@pytest.fixture
def shared(monkeypatch, portal):
    """A folder like /tmp: everybody may make files there, and remove only their own."""
    assert os.geteuid() == 0, "only root can let another user attack"
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-shared-"))
    folder.chmod(0o1777)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    for name in [name for name in os.environ if name.startswith("BITSHEET_")]:
        monkeypatch.delenv(name)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def own(shared, portal):
    """A folder of root's in it that everybody may look into, with a configuration and a finished mirror."""
    folder = shared / "own"
    folder.mkdir(mode=0o755)
    os.chdir(folder)
    configure(folder, portal)
    return folder


def private(path: Path, text: str = "top secret") -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_configuration_of_another_user_in_the_current_folder_is_refused(shared, portal, run):
    attack("Path('config.toml').write_text('[store]\\nurl = \"sqlite:///theirs.db\"\\n')", folder=shared)
    attack("Path('theirs.db').touch(); os.chmod('theirs.db', 0o666)", folder=shared)
    done = run("--once", BITSHEET_PORTAL_WEBHOOK_URL=portal)
    assert done.returncode == 78
    assert f"uid {NOBODY}" in done.stderr
    assert (shared / "theirs.db").stat().st_size == 0
    named = run("--config", "config.toml", "check", BITSHEET_PORTAL_WEBHOOK_URL=portal)
    assert f"belongs to another user (uid {NOBODY})" in named.stdout


def test_a_link_of_another_user_to_a_configuration_of_root_is_refused_too(shared, portal, run):
    private(shared / "mine.toml", "[sync]\ninterval = 5\n")
    attack("os.symlink('mine.toml', 'config.toml')", folder=shared)
    assert run("--once", BITSHEET_PORTAL_WEBHOOK_URL=portal).returncode == 78


@pytest.mark.parametrize("place", ["bitsheet.db", "bitsheet.db.lock"])
def test_a_link_of_another_user_in_place_of_the_mirror_or_its_lock_is_not_followed(
    shared, portal, run, place
):
    victim = private(shared / "victim.txt")
    attack(f"os.symlink('victim.txt', '{place}')", folder=shared)
    done = run("--once", BITSHEET_PORTAL_WEBHOOK_URL=portal, BITSHEET_LOG_FILE="")
    assert done.returncode == 73
    assert f"link that belongs to somebody else (uid {NOBODY})" in done.stderr
    assert victim.read_text() == "top secret"


def test_a_link_of_another_user_in_place_of_the_log_is_not_written_to(shared, portal, run):
    victim = private(shared / "victim.txt")
    attack("os.symlink('victim.txt', 'b.log')", folder=shared)
    done = run("--once", BITSHEET_PORTAL_WEBHOOK_URL=portal, BITSHEET_LOG_FILE="b.log")
    assert done.returncode == 0
    assert "b.log cannot be written: it is a link that belongs to somebody else" in done.stderr
    assert victim.read_text() == "top secret"


def test_a_link_of_roots_own_is_followed_and_its_lock_is_beside_the_file(own, run):
    (own / "data").mkdir()
    (own / "bitsheet.db").symlink_to("data/real.db")
    assert run("--once").returncode == 0
    assert (own / "data" / "real.db.lock").exists()


def test_a_mirror_of_another_user_is_told_by_check_and_opened(own, run):
    assert run("--once").returncode == 0
    for path in own.glob("bitsheet.db*"):
        os.chown(path, NOBODY, NOBODY)
    told = run("check").stdout
    assert f"bitsheet.db belongs to another user (uid {NOBODY})" in told
    assert run("--once").returncode == 0


def test_a_mirror_and_a_log_that_others_may_read_are_told_by_check(own, run):
    assert run("--once").returncode == 0
    assert "modes" not in run("check").stdout
    (own / "bitsheet.db").chmod(0o644)
    (own / "logs" / "bitsheet.log").chmod(0o644)
    told = run("check").stdout
    assert "bitsheet.db may be used by others (mode 644)" in told
    assert "bitsheet.log may be used by others (mode 644)" in told


def test_what_it_makes_another_user_cannot_read(own, start, run):
    engine = start("--no-ui")
    until(engine, "fill done")
    names = (
        "bitsheet.db bitsheet.db-wal bitsheet.db.lock bitsheet.db.sock logs/bitsheet.log config.toml".split()
    )
    assert all((own / name).exists() for name in names)
    found = attack(
        """
for name in sys.argv[1:]:
    try:
        if name.endswith("sock"):
            socket.socket(socket.AF_UNIX).connect(name)
        else:
            open(name).read()
        print(name)
    except PermissionError:
        pass
""",
        *(own / name for name in names),
    )
    assert found == ""
    for words in (["status"], ["log"], ["pause"], ["stop"], ["--once"]):
        assert as_nobody(*words, folder=own).returncode in {73, 78}
    engine.terminate()
    assert engine.wait(SECONDS) == 0


# the console imports as it goes, from folders that nobody may not look into
CONSOLE = PROGRAM.replace(
    '    if not module.name.startswith(("bitsheet_tui.ui", "bitsheet_tui.__main__")):\n',
    '    if module.name != "bitsheet_tui.__main__":\n',
).replace(
    "from bitsheet_tui.cli import main\n",
    "import textual, textual.drivers.linux_driver, textual.drivers._writer_thread\nfrom bitsheet_tui.cli import main\n",
)


@pytest.mark.parametrize("mirror", [0o600, 0o644], ids=["which is private", "which everybody may read"])
def test_another_user_takes_no_mirror_over(own, start, run, mirror):
    """Neither while the instance runs nor after it was killed, with a configuration that is readable."""
    engine = start("--no-ui")
    until(engine, "fill done")
    (own / "config.toml").chmod(0o644)
    for file in own.glob("bitsheet.db*"):
        file.chmod(mirror)
    with terminal("--takeover", start=("-P", "-c", CONSOLE)) as screen:
        assert screen.ends() == 73
    assert '"running": true' in run("status", "--json").stdout
    engine.kill()
    assert engine.wait(SECONDS)
    with terminal("--takeover", start=("-P", "-c", CONSOLE)) as screen:
        assert screen.ends() == 73
    assert '"running": false' in run("status", "--json").stdout
    assert {file.stat().st_uid for file in own.glob("bitsheet.db*")} == {0}
    assert run("--once").returncode == 0  # nothing of it is held


TALK = """
plug = socket.socket(socket.AF_UNIX)
plug.settimeout(10)
plug.connect(sys.argv[1])
try:
    plug.sendall(sys.argv[2].encode())
    print(repr(plug.recv(65536)))
except OSError:
    print(repr(b""))
"""


def test_a_socket_that_everybody_may_open_shows_and_steers_nothing_for_another_user(own, start, run):
    engine = start("--no-ui")
    until(engine, "fill done")
    (own / "bitsheet.db.sock").chmod(0o777)
    assert attack(TALK, own / "bitsheet.db.sock", wire.asked("pause", "").decode()).strip() == "b''"
    assert '"paused_at": null' in run("status", "--json").stdout
    engine.terminate()
    assert engine.wait(SECONDS) == 0


FORGED = """
plug = socket.socket(socket.AF_UNIX)
plug.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
plug.listen()
print("listening", flush=True)
while True:
    one, _ = plug.accept()
    print("somebody", flush=True)
    one.sendall((sys.argv[2] + sys.argv[3]).encode())
    try:
        while data := one.recv(4096):
            print("GOT", data, flush=True)
    except OSError:
        pass
"""


def test_a_forged_instance_of_another_user_shows_nothing_and_gets_no_command(own, shared, start):
    """Whoever may write to the mirror names his socket in it; behind it is a program of his."""
    engine = start("--no-ui")
    until(engine, "fill done")
    hello = wire.hello(wire.Hello(pid=engine.pid, host="x", since=NOW)).decode()
    line = wire.log(LogLine(seq=1, at=NOW, level="INFO", table="", text="FORGED: run curl evil|sh")).decode()
    with attacking(FORGED, shared / "forged.sock", hello, line) as forger:
        try:
            assert forger.stdout.readline() == "listening\n"
            with closing(sqlite3.connect(own / "bitsheet.db")) as mirror:
                mirror.execute(
                    "UPDATE bitsheet_meta SET value = ? WHERE key = 'socket'", (str(shared / "forged.sock"),)
                )
                mirror.commit()
            with terminal("--attach") as screen:
                screen.until(f"pid {engine.pid}".encode())
                assert forger.stdout.readline() == "somebody\n"
                screen.press(b"p")
                screen.until(b"PAUSED")  # by way of the store, where the engine itself looks
                screen.press(b"q")
                assert screen.ends() == 0
            assert b"FORGED" not in screen.seen
        finally:
            forger.kill()
            said = forger.stdout.read()
    assert "GOT" not in said
    engine.terminate()
    assert engine.wait(SECONDS) == 0


def test_a_log_that_only_the_mirror_names_is_not_printed(own, shared, run):
    assert run("--once").returncode == 0
    secret = private(shared / "rootonly.txt", "INFO top secret\n")
    with closing(sqlite3.connect(own / "bitsheet.db")) as mirror:
        mirror.execute("UPDATE bitsheet_meta SET value = ? WHERE key = 'log'", (f"INFO {secret}",))
        mirror.commit()
    for path in own.glob("bitsheet.db*"):
        os.chown(path, NOBODY, NOBODY)
    done = run("log")
    assert "top secret" not in done.stdout + done.stderr


SWAP = """
folder, victim = Path(sys.argv[1]), sys.argv[2]
folder.mkdir()
os.chmod(folder, 0o777)
print("made", flush=True)
while True:
    for name in os.listdir(folder):
        if name.endswith(".sock") and not os.path.islink(folder / name):
            os.unlink(folder / name)
            os.symlink(victim, folder / name)
            print("swapped", flush=True)
"""


def test_a_folder_for_the_socket_that_another_user_made_is_not_used(own, shared, start, run):
    victim = private(shared / "victim.txt")
    victim.chmod(0o644)
    long = own / ("x" * 90)  # so that the socket has no place beside the mirror
    long.mkdir()
    with attacking(SWAP, shared / f"bitsheet-tui-{os.getuid()}", victim) as swapper:
        try:
            assert swapper.stdout.readline() == "made\n"
            engine = start(
                "--no-ui", TMPDIR=str(shared), BITSHEET_STORE_URL=f"sqlite:///{long}/m.db", XDG_RUNTIME_DIR="",
            )  # fmt: skip
            told = until(engine, "fill done")
            engine.terminate()
            assert engine.wait(SECONDS) == 0
        finally:
            swapper.kill()
            assert swapper.stdout.read() == ""
    assert "belongs to somebody else" in told
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644


def command(*words: str, **environment: str) -> subprocess.Popen[str]:
    """The installed command, which takes nothing from the current folder by itself."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("bitsheet-tui"), *words], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def hijack(shared):
    """Modules of nobody under the names of some that are imported; gives what one that runs makes."""
    for name in ("msgspec", "httpx", "peewee", "textual", "rich", "loguru", "bitsheet_tui"):
        attack(f"Path('{name}.py').write_text('import os; os.mkdir(\"hijacked\")')", folder=shared)
    return shared / "hijacked"


def test_a_module_of_another_user_in_the_current_folder_is_never_run(hijack, portal):
    with command("--once", BITSHEET_PORTAL_WEBHOOK_URL=portal) as done:
        _, told = done.communicate(timeout=SECONDS)
    assert done.returncode == 0, told
    assert not hijack.exists()


async def test_a_module_of_another_user_is_not_run_by_the_console_of_a_page(hijack, own, shared):
    os.chdir(shared)
    named = str(own / "config.toml")
    process = command("--config", named, "web", "--listen", "127.0.0.1:0")
    try:
        address = re.search(r"is at (\S+)", until(process, "the console is at"))[1]
        async with clients() as new:
            await (await new(address)).until("departments")
        assert not hijack.exists()
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def test_the_program_itself_works_for_another_user_with_a_configuration_of_roots(own, shared, portal):
    configure(own, portal, f"[store]\nurl = 'sqlite:///{shared}/theirs/m.db'\n[log]\nfile = ''\n")
    (own / "config.toml").chmod(0o644)
    attack("os.mkdir(sys.argv[1])", shared / "theirs")
    done = as_nobody("--once", folder=own)
    assert done.returncode == 0, done.stderr
    assert (shared / "theirs" / "m.db").stat().st_uid == NOBODY
