"""Every trouble with the portal, from the command line: it is told as the README says, and over when it is over."""

import json
import socket
import ssl
import threading
from pathlib import Path
from time import monotonic

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import Column, DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.settings import Cost
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import engine as engines
from bitsheet_tui.tables import CATALOGUE
from tests.support import mirror
from tests.support.commands import BIG, CODE, SECONDS, configure, until
from tests.support.readme import said

pytestmark = pytest.mark.slow

SIZE = Size(leads=3, contacts=4, companies=2, deals=120, activities=5, tasks=8, users=3, departments=2)
NAMES = [table.name for table in CATALOGUE]
FOR_EVER = 10**9
EVERY = "[sync]\nreconcile_every = 1\nstatic_every = 1\n"


@pytest.fixture
def demo():
    return DemoPortal(SIZE, settings=Settings(code=CODE))


@pytest.fixture
def portal(demo):
    with demo.run_in_thread() as webhook:
        yield webhook


def always(**fault):
    return lambda demo: demo.faults.add(Fault(times=FOR_EVER, **fault))


def first(**fault):
    return lambda demo: demo.faults.add(Fault(**fault))


def refused(error, status, description=""):
    return always(kind=Kind.STATUS, status=status, error=error, description=description)


def new_field(demo):
    demo.world.add_field("deals", Column(name="UF_CRM_1799999999", type="string", title="N", custom=True))


def poison(demo):
    demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], COMPANY_ID=10**30)


def close_chat(demo):
    task = next(row["TASK_ID"] for row in demo.world.truth("task_comments") if row["SOURCE"] == "chat")
    demo.world.comment(task, "you cannot read this", source="chat")
    demo.world.close_chat(task)


def hide(demo):
    demo.world.hide("deals", *[row["ID"] for row in demo.world.truth("deals")][::2])


def heal(demo):
    """The portal is as it was."""
    demo.faults.clear()
    demo.office.revoked = False
    demo.office.lost.clear()
    demo.office.scopes |= {"crm", "task", "user", "department", "im"}
    demo.world.closed_chats.clear()
    demo.world.show("deals", *list(demo.world.tables["deals"].hidden))
    demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], COMPANY_ID=None)


TROUBLES = {
    "the webhook was deleted, or its owner dismissed": (lambda demo: demo.revoke(), 77),
    "the webhook lost a permission": (lambda demo: demo.lose_scope("crm"), 1),
    "the webhook's owner lost a right": (always(kind=Kind.DENIED, method="crm.deal.list"), 1),
    "the portal dropped a method": (lambda demo: demo.lose_method("crm.deal.list"), 1),
    "the plan does not include REST any more": (refused("PAYMENT_REQUIRED", 401), 77),
    "Bitrix24 blocked the portal's REST": (refused("OVERLOAD_LIMIT", 503), 77),
    "the portal has a new address": (
        always(kind=Kind.REDIRECT, location=f"https://new.example/rest/1/{CODE}/batch"), 77,
    ),
    "the portal is asked too often": (first(kind=Kind.STATUS, status=503, error="QUERY_LIMIT_EXCEEDED"), 0),
    "a method has used up its time": (
        always(kind=Kind.ERROR, method="crm.deal.list", status=429, error="OPERATION_TIME_LIMIT"), 1,
    ),
    "errors inside the portal": (refused("INTERNAL_SERVER_ERROR", 500), 1),
    "a page of HTML instead of an answer": (always(kind=Kind.HTML, status=200), 1),
    "an answer that was cut or damaged": (always(kind=Kind.TRUNCATED), 1),
    "a portal that takes too long, or says nothing": (always(kind=Kind.HANG, seconds=5), 1),
    "a portal that ignores a filter": (always(kind=Kind.IGNORED, method="crm.deal.list"), 1),
    "a request that the portal rejects": (
        always(kind=Kind.ERROR, method="crm.deal.list", status=400, error="ERROR_ARGUMENT"), 1,
    ),
    "many rows seem to be gone": (hide, 0),
    "comments that the webhook may not read": (close_chat, 0),
    "a value of another type than its field": (poison, 0),
    "the portal's fields change": (new_field, 0),
}  # fmt: skip


def url(home: Path) -> Secret:
    return Secret(f"sqlite:///{home}/bitsheet.db")


def unequal(home: Path, demo: DemoPortal) -> dict[str, list[str]]:
    found = {name: mirror.differences(url(home), demo.world, name) for name in NAMES}
    return {name: what for name, what in found.items() if what}


@pytest.mark.sample
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_with_the_portal_is_told_and_over_when_it_is_over(
    home, demo, portal, capfd, monkeypatch, trouble
):
    monkeypatch.setattr(engines, "PROMPT_SECONDS", 1.5)
    strike, code = TROUBLES[trouble]
    configure(home, portal, EVERY)
    assert main(["--once"]) == 0
    strike(demo)
    slow = trouble == "a portal that takes too long, or says nothing"
    configure(home, portal, f"timeout = {0.3 if slow else 20}\n{EVERY}")
    before, requests = mirror.held(url(home), "contacts"), demo.stats.requests
    capfd.readouterr()
    assert main(["--once"]) == code
    told = capfd.readouterr().err
    assert said(trouble) in told
    assert "Traceback" not in told
    assert CODE not in told
    assert demo.stats.requests - requests <= 12
    assert mirror.held(url(home), "contacts") == before
    assert [row for name in NAMES for row in mirror.rows(url(home), name, "_deleted_at IS NOT NULL")] == []
    heal(demo)
    configure(home, portal, EVERY)
    assert main(["--once"]) == 0
    assert unequal(home, demo) == {}
    assert main(["status", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["alerts"] == []


@pytest.mark.sample
@pytest.mark.parametrize("status", [200, 502, 503])
@pytest.mark.parametrize("words", [["--once"], ["sync"], ["resync", "deals"]], ids=" ".join)
def test_a_portal_that_answers_only_html_ends_a_run_with_1_soon(
    home, demo, portal, capfd, monkeypatch, status, words
):
    monkeypatch.setattr(engines, "PROMPT_SECONDS", 1.5)
    configure(home, portal, EVERY)
    assert main(["--once"]) == 0
    before = {name: mirror.held(url(home), name) for name in NAMES}
    demo.faults.add(Fault(kind=Kind.HTML, status=status, times=FOR_EVER))
    requests = demo.stats.requests
    assert main(words) == 1
    assert demo.stats.requests - requests <= 8
    assert {name: mirror.held(url(home), name) for name in NAMES} == before
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    (alert,) = json.loads(capfd.readouterr().out)["alerts"]
    assert alert["kind"] == "portal_unreachable"


# --- the network --------------------------------------------------------------------------------------------


def no_name(monkeypatch):
    def fails(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    return "https://portal.example"


@pytest.fixture
def untrusted():
    """A server whose certificate nobody knows; it counts what it was told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "portal" / "untrusted.pem")
    told = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        told.append(secure.recv(100))
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], told
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.sample
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("the portal's name is not found", 1),
        ("no connection to the portal", 1),
        ("a certificate that is not trusted", 77),
    ],
)
def test_a_trouble_with_the_network_is_told_and_nothing_is_sent(
    home, capfd, monkeypatch, untrusted, trouble, code
):
    monkeypatch.setattr(engines, "PROMPT_SECONDS", 1.5)
    port, told = untrusted
    host = {
        "the portal's name is not found": lambda: no_name(monkeypatch),
        "no connection to the portal": lambda: "http://127.0.0.1:1",
        "a certificate that is not trusted": lambda: f"https://127.0.0.1:{port}",
    }[trouble]()
    configure(home, f"{host}/rest/1/{CODE}/", "[log]\nfile = ''\n")
    assert main(["--once"]) == code
    err = capfd.readouterr().err
    assert said(trouble) in err
    assert CODE not in err
    assert [part for part in told if part] == []


# --- what stays up -------------------------------------------------------------------------------------------


def test_a_revoked_webhook_leaves_the_service_up_and_it_goes_on_by_itself(home, demo, portal, start, capfd):
    configure(home, portal, "[sync]\ninterval = 0.5\n")
    process = start("--no-ui")
    until(process, "cycle 1 done")
    demo.revoke()
    until(process, said("the webhook was deleted, or its owner dismissed"))
    demo.world.edit("deals", next(demo.world.truth("deals"))["ID"], TITLE="meanwhile")
    capfd.readouterr()
    assert main(["status"]) == 0
    assert "Make a new inbound webhook" in until_told(capfd, ["status"], "Make a new inbound webhook")
    demo.office.revoked = False
    until(process, "read  up to")
    until_equal(home, demo, "deals")
    process.terminate()
    assert process.wait(SECONDS) == 0


def until_equal(home, demo, table: str) -> None:
    deadline = monotonic() + SECONDS
    while (found := mirror.differences(url(home), demo.world, table)) and monotonic() < deadline:
        threading.Event().wait(0.2)
    assert found == []


def until_told(capfd, words: list[str], piece: str) -> str:
    for _ in range(50):
        capfd.readouterr()
        main(words)
        told = capfd.readouterr().out
        if piece in told:
            return told
        threading.Event().wait(0.1)
    raise AssertionError(f"never told {piece}")


@pytest.fixture
def slow():
    """A portal that takes its time, so that a backfill takes many requests."""
    demo = DemoPortal(BIG, seed=11, settings=Settings(code=CODE, cost=Cost(page=0.01, call=0.001)))
    with demo.run_in_thread():
        yield demo


def test_a_killed_backfill_is_gone_on_with_from_its_last_commit(home, start, slow):
    configure(home, slow.url, "burst = 5000\n")
    killed = start("--once")
    until(killed, "fill start")
    until(killed, "deals          fill  ")  # some of them are stored, not all
    killed.kill()
    assert killed.wait(SECONDS) < 0
    again = start("--once")
    until(again, said("killed, or the power was cut"))
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert unequal(home, slow) == {}
