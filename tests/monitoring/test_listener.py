"""The listener: who may ask, what it bears with, and that nobody can hold it up."""

import asyncio
import base64
import re
import socket
import time
from contextlib import ExitStack

import pytest

from bitsheet_tui.config import LogSettings
from bitsheet_tui.monitoring import listener as listening
from bitsheet_tui.monitoring.listener import Listener, say
from bitsheet_tui.observe import logs
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret
from tests.support.http_client import ask

TOKEN = "s3same-0pen-s3same"


@pytest.fixture
def ring():
    found = Ring()
    logs.start(LogSettings(file=""), ring=found)
    yield found
    logs.stop()


def port_of(ring: Ring) -> int:
    for _ in range(200):
        for line in ring.after(0):
            if found := re.search(r"listening at http://127\.0\.0\.1:(\d+)/", line.text):
                return int(found[1])
        time.sleep(0.02)
    raise AssertionError(ring.after(0))


@pytest.fixture
def serve(ring):
    """Opens a listener; gives its port."""
    with ExitStack() as ending:

        def begin(answer=None, token: str = "", port: int = 0) -> int:
            async def well(path, headers):
                return say(200, f"{path} {headers.get('Accept-Language', '')}")

            one = Listener(("127.0.0.1", port), Secret(token), answer or well)
            one.open()
            ending.callback(one.close)
            return port_of(ring)

        yield begin


def test_it_answers_get_and_head_and_nothing_else(serve):
    port = serve()
    assert ask(port, "/metrics?x=1", accept_language="tr").text == "/metrics tr\n"
    head = ask(port, "/metrics", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "10")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        answer = ask(port, "/metrics", method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_every_answer_forbids_what_a_page_of_another_site_could_make_of_it(serve):
    headers = ask(serve(), "/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9524", "10.0.0.5", ""])
def test_without_a_token_it_knows_only_the_names_of_this_host(serve, host):
    port = serve()
    assert ask(port, "/", Host=host).status == 403
    assert ask(port, "/", Host="localhost").status == 200
    assert ask(port, "/", Host=f"[::1]:{port}").status == 200
    assert ask(port, "/", Host="localhost", X_Forwarded_For="10.0.0.5").status == 403


def test_a_token_is_taken_as_bearer_and_as_the_password_that_a_browser_asks_for(serve):
    port = serve(token=TOKEN)
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    refused = ask(port, "/")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert ask(port, "/", Authorization=f"Bearer {TOKEN}", Host="crm.example.com").status == 200
    assert ask(port, "/", Authorization=f"Basic {basic}").status == 200
    for wrong in ("Bearer nonsense-nonsense", "Basic nonsense", "Basic " + base64.b64encode(b"a:b").decode()):
        assert ask(port, "/", Authorization=wrong).status == 401


def test_guessing_the_token_takes_for_ever_and_is_logged(serve, ring):
    port = serve(token=TOKEN)
    answers = [
        ask(port, "/", Authorization=f"Bearer guess-{number}-guess-guess").status for number in range(8)
    ]
    assert answers == [401] * 5 + [429] * 3
    limited = ask(port, "/", Authorization=f"Bearer {TOKEN}")
    assert (limited.status, int(limited.headers["Retry-After"]) > 0) == (429, True)
    told = [line.text for line in ring.after(0) if "wrong token" in line.text]
    assert told == ["metrics: a wrong token from 127.0.0.1 was refused"] * 5
    assert not any("guess-" in line.text for line in ring.after(0))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000, 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n", 501),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_answered_and_ended(serve, request_, status):
    port = serve()
    with socket.create_connection(("127.0.0.1", port), 10) as plug:
        plug.sendall(request_)
        answer = plug.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert ask(port, "/").status == 200


def test_a_hundred_idle_connections_keep_nobody_waiting(serve):
    port = serve()
    with ExitStack() as ending:
        for _ in range(100):
            ending.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        began = time.monotonic()
        assert ask(port, "/").status == 200
        assert time.monotonic() - began < 1


def test_whoever_brings_no_request_is_sent_away_after_the_deadline(serve, monkeypatch):
    monkeypatch.setattr(listening, "DEADLINE", 0.2)
    port = serve()
    with socket.create_connection(("127.0.0.1", port), 10) as plug:
        plug.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        began = time.monotonic()
        assert plug.recv(1) == b""
        assert 0.1 < time.monotonic() - began < 5


def test_what_takes_too_long_keeps_nobody_else_waiting(serve, monkeypatch):
    monkeypatch.setattr(listening, "DEADLINE", 0.5)

    async def answer(path, _):
        await asyncio.sleep(60 if path == "/slow" else 0)
        return say(200, "well")

    port = serve(answer)
    with socket.create_connection(("127.0.0.1", port), 10) as plug:
        plug.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ask(port, "/").status == 200
        assert plug.makefile("rb").read().startswith(b"HTTP/1.1 503 ")


def test_an_address_that_others_have_is_told_once_and_taken_when_it_is_free(serve, ring, monkeypatch):
    monkeypatch.setattr(listening, "AGAIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        one = Listener(("127.0.0.1", port), Secret(""), None)
        one.open()
        time.sleep(0.4)
    try:
        assert port_of(ring) == port
    finally:
        one.close()
    told = [line.text for line in ring.after(0) if line.level == "ERROR"]
    assert len(told) == 1
    assert told[0].startswith(f"metrics.listen: 127.0.0.1:{port} cannot be used: ")


def test_it_ends_at_once_whatever_is_open(serve, ring):
    async def never(*_):
        await asyncio.sleep(60)

    one = Listener(("127.0.0.1", 0), Secret(""), never)
    one.open()
    with socket.create_connection(("127.0.0.1", port_of(ring)), 10) as plug:
        plug.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.1)
        began = time.monotonic()
        one.close()
        assert time.monotonic() - began < 0.9
    assert not one._thread.is_alive()
