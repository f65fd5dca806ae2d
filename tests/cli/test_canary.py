"""The webhook's code and the database's password are in nothing that the program lets out."""

import asyncio
import base64
import json
import os
import random
import re
import socket
import string
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, quote_plus
from urllib.request import Request, urlopen

import pytest

from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.faults import Fault, Kind
from tests.support import mirror
from tests.support.chromium import clients
from tests.support.command_terminal import Screen, terminal
from tests.support.commands import until
from tests.support.listeners import web_server

pytestmark = pytest.mark.slow

SECONDS = 60.0
SMALL = Size(leads=3, contacts=60, companies=2, deals=60, activities=60, tasks=20, users=3, departments=2)
PASSWORD = "pA55-w0rd/ü+ö=qZ7"
CRASH = """
import sys
from bitsheet_tui.cli import main
from bitsheet_tui.sync import rounds
from bitsheet_tui.portal.client import Portal
async def broken(desk, jobs):
    webhook = desk.portal._wire._webhook.reveal()
    raise RuntimeError(f"{webhook} {webhook!r} {webhook.encode()!r}")
rounds.run = broken
sys.exit(main(sys.argv[1:]))
"""


def forms(secret: str) -> set[bytes]:
    """Every spelling under which a secret might slip out."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    found |= {json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/"), raw.hex(), repr(raw)[2:-1]}
    for shift in range(3):  # base64 of whatever it stands in
        text = base64.b64encode(b"x" * shift + raw).decode()
        found |= {text[4:-4], text[4:-4].translate(str.maketrans("+/", "-_"))}
    return {form.encode() for form in found}


class Ears:
    """Everything that was heard."""

    def __init__(self, home: Path) -> None:
        self.home, self.heard = home, []

    def run(self, *words: str, code: int | None = 0, script: str = "", **environment: str) -> str:
        """One run of the program, or of a script around it."""
        start = ["-c", script, *words] if script else ["-m", "bitsheet_tui", *words]
        process = subprocess.Popen(
            [sys.executable, *start], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        )  # fmt: skip
        self.heard.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
        out, told = process.communicate(timeout=SECONDS)
        self.heard += [out, told]
        assert code is None or process.returncode == code, told.decode()
        return (out + told).decode()

    def files(self) -> None:
        """What lies about, but for the configuration."""
        self.heard += [
            file.read_bytes()
            for file in self.home.rglob("*")
            if file.is_file() and file.name not in {"config.toml", "new.toml", "webhook", "metrics-token"}
        ]

    def hits(self, secrets: list[str]) -> list[bytes]:
        wanted = set().union(*(forms(secret) for secret in secrets))
        return [form for form in wanted for heard in self.heard if form in heard]


@pytest.mark.sample
@pytest.mark.parametrize(
    ("given", "store"),
    [("by the environment", "sqlite"), ("in the file", "sqlite"), ("in a file of its own", "postgresql")],
)
def test_the_webhook_and_the_password_are_nowhere(home, request, figure, monkeypatch, given, store):
    pick = random.Random(f"{given} {store}")
    code = "".join(pick.choices(string.ascii_letters + string.digits, k=32))
    demo = DemoPortal(SMALL, settings=Settings(code=code, gzip=True))
    url = "sqlite:///bitsheet.db"
    if store == "postgresql":
        url = request.getfixturevalue("postgres_url").reveal()
        url = url.replace("postgres@", f"postgres:{quote(PASSWORD, safe='')}@")
    with demo.run_in_thread() as webhook:
        write(home, webhook, url, given, monkeypatch)
        ears = Ears(home)
        if given == "in the file":  # the others are known by then as this one is
            every_way(ears, demo)
        else:
            assert "cycle 1 done" in ears.run("--once")
            assert "this is a bug" in ears.run("--once", script=CRASH, code=70)
        on_screen(ears)
        running(ears, demo)
        on_a_page(ears)
        in_init(ears, webhook)
        demo.revoke()
        assert "does not accept the webhook" in ears.run("--once", code=77)
        ears.run("check", code=77)
    ears.files()
    if store == "postgresql":
        ears.heard += rows_of(request.getfixturevalue("postgres_url"))
    scanned, hits = sum(map(len, ears.heard)), ears.hits([code, PASSWORD])
    figure(f"webhook given {given}, {store}: {scanned:,} bytes scanned, {len(hits)} hits")
    assert scanned > 200_000
    assert hits == []


def rows_of(url) -> list[bytes]:
    """Every row of every table on the server."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'bitsheet'"
    names = [name for (name,) in mirror.select(url, query)[1]]
    assert "deals" in names
    return [
        text.encode()
        for name in names
        for (text,) in mirror.select(url, f'SELECT t::text FROM "{name}" t')[1]
    ]


def write(home: Path, webhook: str, url: str, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration, with the webhook where it is `given`."""
    where = {
        "in the file": f"webhook_url = {json.dumps(webhook)}",
        "in a file of its own": 'webhook_file = "webhook"',
    }
    text = (
        f"[portal]\n{where.get(given, '')}\nrequests_per_second = 100\n"
        f"[store]\nurl = {json.dumps(url)}\n[log]\nlevel = 'DEBUG'\n[sync]\ninterval = 0.2\n"
    )
    (home / "config.toml").write_text(text, encoding="utf-8")
    (home / "config.toml").chmod(0o600)
    (home / "webhook").write_text(f"{webhook}\n", encoding="utf-8")
    (home / "webhook").chmod(0o600)
    if given == "by the environment":
        monkeypatch.setenv("BITSHEET_WEBHOOK", webhook)


def on_screen(ears: Ears) -> None:
    """Every screen of the console, each with a picture of it in a file."""
    with terminal() as screen:
        screen.until(b"CURRENT")
        for key in b"leh?":
            screen.press(bytes([key]))
            screen.press(b"\x13")
            ears.heard.append(picture(ears.home, screen))
            screen.pause(0.2)  # nothing of the dashboard is on its way any more
            screen.press(b"\x1b")
            screen.until(b"total", since=len(screen.seen))  # back on the dashboard
        screen.press(b"q")
        assert screen.ends() == 0
        ears.heard.append(screen.seen)


def picture(home: Path, screen: Screen) -> bytes:
    """The picture that a key saves: it is named after the second, so it goes before the next one comes."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for file in home.glob("*.svg"):
            if (content := file.read_bytes()).endswith(b"</svg>\n"):
                file.unlink()
                return content
        screen.pause(0.05)
    raise AssertionError("no picture was saved")


def running(ears: Ears, demo: DemoPortal) -> None:
    """What an instance tells systemd, its viewers and those who ask it something, while the portal fails."""
    notified = ears.home / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(notified))
        systemd.settimeout(SECONDS)
        process = subprocess.Popen(
            [sys.executable, "-m", "bitsheet_tui", "--no-ui"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NOTIFY_SOCKET": str(notified)},
        )  # fmt: skip
        try:
            ears.heard.append(systemd.recv(4096))  # it is up
            systemd.settimeout(0.2)
            ears.heard += listening(systemd, ears.home, process)
            demo.faults.add(
                Fault(
                    kind=Kind.ERROR,
                    method="crm.deal.list",
                    status=400,
                    error="X",
                    description=demo.url,
                    times=9,
                )
            )
            for words in (["pause"], ["resume"], ["sync"], ["status"], ["status", "--json"], ["verify"]):
                ears.run(*words, code=None)
            ears.heard += listening(systemd, ears.home, process)
            assert b"READY=1" in ears.heard
            demo.revoke()
            ears.heard += listening(systemd, ears.home, process)
            assert "does not accept the webhook" in ears.run("status")
            assert "does not accept the webhook" in ears.run("log", "-n", "500")
            ears.run("status", "--check", code=1)
            demo.office.revoked = False
            ears.heard.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            ears.run("stop")
            process.wait(SECONDS)
        finally:
            process.terminate()
            ears.heard += process.communicate(timeout=SECONDS)
    demo.faults.clear()


def on_a_page(ears: Ears) -> None:
    """The address that is printed, the page, what its console inherits, and what is told of visitors."""

    async def visit(address: str) -> None:
        async with clients() as new:
            page = await new(address)
            await page.until("departments")
            await page.press(",")
            await page.until("store.url")
            ears.heard.append(page.shown)
            async with page.session.get(page.asked[0]) as answer:
                ears.heard += [await answer.read(), repr(answer.headers).encode()]
            ears.heard += consoles()
            assert b"--attach" in ears.heard[-1]

    def consoles() -> list[bytes]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (entry / "cwd").readlink() == ears.home and int(entry.name) not in {os.getpid(), web.pid}:
                    found += [(entry / name).read_bytes() for name in ("environ", "cmdline")]
        return found

    with subprocess.Popen(
        [sys.executable, "-m", "bitsheet_tui", "web", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ears.home,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as web:  # fmt: skip
        told = until(web, "the console is at")
        asyncio.run(visit(re.search(r"is at (\S+)", told)[1]))
        web.terminate()
        ears.heard += [told.encode(), *(text.encode() for text in web.communicate(timeout=SECONDS))]


def listening(systemd: socket.socket, home: Path, process: subprocess.Popen[bytes]) -> list[bytes]:
    """What is said in two seconds to systemd, and to who looks at the instance."""
    heard, shown, deadline, viewer = [], b"", time.monotonic() + 2, None
    while time.monotonic() < deadline or (viewer and not shown and time.monotonic() < deadline + SECONDS):
        assert process.poll() is None
        with suppress(TimeoutError):
            heard.append(systemd.recv(4096))
        place = home / "bitsheet.db.sock"
        if viewer is None and place.exists():
            viewer = socket.socket(socket.AF_UNIX)
            viewer.connect(str(place))
            viewer.settimeout(0.2)
        if viewer:
            with suppress(TimeoutError):
                shown += viewer.recv(2**20)
    if viewer:
        viewer.close()
        assert b"deals" in shown  # it was shown something
    return [*heard, shown]


def in_init(ears: Ears, webhook: str) -> None:
    """The first run, with the webhook typed in: a terminal would echo it."""
    with terminal("--config", "new.toml", "init") as screen:
        screen.until(b"hidden")
        screen.pause(0.5)
        screen.press(f"{webhook}\n".encode())
        screen.until(b"Store")
        screen.press(b"\n")
        screen.until(b"written")
        assert screen.ends() == 0
        ears.heard.append(screen.seen)
    assert webhook in (ears.home / "new.toml").read_text(encoding="utf-8")


def every_way(ears: Ears, demo: DemoPortal) -> None:
    """Everything that may happen to the program while it works."""
    for words in (["--help"], ["--version"], ["service"], ["init", "--help"]):
        ears.run(*words, code=None)
    ears.run("check")
    assert "cycle 1 done" in ears.run("--once")
    ears.run("status")
    ears.run("status", "--json")
    for kind, more in (
        (Kind.STATUS, {"status": 503, "error": "QUERY_LIMIT_EXCEEDED"}),
        (Kind.HTML, {"status": 200}),
        (Kind.RESET, {}),
        (Kind.TRUNCATED, {}),
        (Kind.GARBAGE, {}),
    ):
        fault = demo.faults.add(Fault(kind=kind, **more))
        ears.run("sync", "deals")
        assert fault.struck
    moved = demo.faults.add(
        Fault(kind=Kind.REDIRECT, location=f"https://new.example/rest/1/{demo.office.code}/")
    )
    assert "moved to new.example" in ears.run("--once", code=77)
    assert moved.struck
    demo.faults.add(
        Fault(kind=Kind.ERROR, method="crm.deal.list", status=400, error="X", description=demo.url, times=99)
    )
    ears.run("sync", "deals", code=1)
    demo.faults.clear()
    assert "this is a bug" in ears.run("--once", script=CRASH, code=70)
    ears.run("resync", "deals", "tasks")
    demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], TITLE=demo.url, COMPANY_ID=10**30)
    ears.run("sync", "deals")
    assert "deals" in ears.run("quarantine")
    assert "references-none" in ears.run("check", "--report", code=None)
    ears.run("service", code=None)
    ears.run("quarantine", "--retry")
    ears.run("verify", "--full", code=None)
    ears.run("confirm", "deals", code=64)


OUTWARD = """
[metrics]
listen = "127.0.0.1:{port}"
token_file = "metrics-token"
[notify]
urls = ["{channel}", "{broken}"]
heartbeat_url = "{heartbeat}"
[[question]]
name = "everything"
sql = "SELECT id, title FROM deals"
every = "10s"
"""
OUTPUT = (
    *(["service", *words] for words in ([], ["--web"], ["--user"], ["--template"], ["--container"])),
    ["alerts"], ["dashboard"], ["completion", "bash"], ["privacy"], ["grant", "bi"], ["changes", "--cursors"],
    ["changes", "--since", "0"], ["changes", "--since", "0", "--format", "debezium", "--cursor", "theirs"],
    ["export", "deals", "--format", "csv"], ["export", "v_deals", "--format", "jsonl", "--labels"],
    ["export", "deals", "-o", "deals.xlsx"], ["export", "deals", "--where", "no such thing"],
    ["backup", "copy.db"], ["lake", "lake", "--once"], ["replicate", "sqlite:///second.db", "--once"], ["notify", "--test"], ["status", "--check"],
    ["forget", "contacts", "1", "--yes"], ["forget", "contacts", "none", "--yes"], ["log", "-n", "500"], ["check"],
)  # fmt: skip


def test_no_secret_is_in_what_others_are_told_or_given(home, figure, monkeypatch):
    """Metrics and the page of the state, messages and heartbeats, the feed, exports, copies, lakes, units."""
    pick = random.Random("outward")
    code, token, channel, beat, broken = (
        "".join(pick.choices(string.ascii_letters + string.digits, k=32)) for _ in range(5)
    )
    demo = DemoPortal(SMALL, settings=Settings(code=code, gzip=True))
    with (
        demo.run_in_thread() as webhook,
        web_server() as server,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        port = free.getsockname()[1]
        free.close()
        write(home, webhook, "sqlite:///bitsheet.db", "in the file", monkeypatch)
        told_to(
            home, port=port, channel=server.channel(channel), broken=f"json://127.0.0.1:1/{broken}",
            heartbeat=f"http://127.0.0.1:{server.port}/{beat}", token=token,
        )  # fmt: skip
        ears, told = Ears(home), ""
        process = subprocess.Popen(
            [sys.executable, "-m", "bitsheet_tui", "--no-ui"], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        try:
            told = until(process, "fill done")
            wait_for(lambda: server.asked)  # the heartbeat
            demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], TITLE=demo.url)
            demo.faults.add(Fault(kind=Kind.ERROR, method="crm.lead.list", status=400, error="X",
                                  description=demo.url, times=20))  # fmt: skip
            ears.run("sync", "leads", code=None)
            for path in ("", "metrics", "status.json", "healthz", "readyz", "nothing"):
                for brought in (token, "wrong", ""):
                    ears.heard.append(asked(port, path, brought))
            assert any(b"bitsheet_" in one for one in ears.heard)
            for words in OUTPUT:
                told_back = ears.run(*words, code=None)
                assert "usage:" not in told_back, words
                assert "this is a bug" not in told_back, words
            demo.revoke()
            told += until(process, "does not accept the webhook")
            wait_for(lambda: any("webhook" in json.dumps(one) for one in server.posted))
            ears.run("stop")
        finally:
            process.terminate()
            ears.heard += [text.encode() for text in (told, *process.communicate(timeout=SECONDS))]
    ears.heard.append(json.dumps(server.posted).encode())
    ears.files()
    for packed in home.glob("*.xlsx"):
        with zipfile.ZipFile(packed) as workbook:
            ears.heard += map(workbook.read, workbook.namelist())
    assert (home / "copy.db").exists()
    scanned, hits = sum(map(len, ears.heard)), ears.hits([code, token, channel, beat, broken])
    figure(f"what others are told: {scanned:,} bytes scanned, {len(hits)} hits")
    assert hits == []


def told_to(home: Path, *, token: str, **places: object) -> None:
    """Where metrics are asked for, and messages go."""
    with (home / "config.toml").open("a", encoding="utf-8") as file:
        file.write(OUTWARD.format(**places))
    (home / "metrics-token").write_text(f"{token}\n", encoding="utf-8")
    (home / "metrics-token").chmod(0o600)


def asked(port: int, path: str, token: str) -> bytes:
    """What the listener answers, head and body."""
    request = Request(
        f"http://127.0.0.1:{port}/{path}", headers={"Authorization": f"Bearer {token}"} if token else {}
    )
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return f"{answer.headers}".encode() + answer.read()
    except HTTPError as error:
        with error:
            return f"{error.headers}".encode() + error.read()


def wait_for(true) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


@pytest.mark.sample
def test_the_canary_would_be_found():
    ears = Ears(Path())
    code = "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA"
    for shift in range(3):
        ears.heard = [base64.b64encode(b"y" * shift + code.encode() + b"tail")]
        assert ears.hits([code]), shift
    ears.heard = [json.dumps({"a": f"/rest/1/{PASSWORD}"}).encode()]
    assert ears.hits([PASSWORD])
