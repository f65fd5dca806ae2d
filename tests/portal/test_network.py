"""What can happen to bytes on their way, over real sockets; nothing of it may look like an answer."""

import asyncio
import base64
import contextlib
import gzip
import json
import socket
import ssl
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

from bitsheet_tui.errors import PortalError, Reason, Refused, TooLarge, Unreachable
from bitsheet_tui.events import Answered, Waiting
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.fault import fault
from bitsheet_tui.portal.wire import HttpWire
from bitsheet_tui.secret import Secret
from tests.support.scripted_server import DAMAGES, PAGE, TIME, WHOLE, ScriptedServer, drip, http, maps, ok

TWO = {"one": Ask("user.get"), "two": Ask("crm.deal.list")}


async def drip_body(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await drip(_, writer)


@pytest.mark.parametrize("script", [drip, drip_body])
async def test_a_server_that_drips_is_cut_off_at_the_deadline(portal_at, script):
    async with portal_at(script, timeout=0.2) as (server, portal):
        begin = time.monotonic()
        with pytest.raises(TooLarge) as caught:
            await portal.batch(TWO)
        assert time.monotonic() - begin < 10  # it would go on for ever
    assert caught.value.reason is Reason.TIMEOUT
    assert len(server.requests) == 1


async def test_a_single_question_that_takes_too_long_is_tried_again_and_given_up(portal_at, hours, said):
    async with portal_at(drip, timeout=0.05) as (_, portal):
        with pytest.raises(Unreachable) as caught:
            await hours.run(portal.batch({"one": Ask("tasks.task.list")}))
        assert portal.seen().requests == 8
    assert caught.value.reason is Reason.TIMEOUT
    assert {event.reason for event in said} == {Reason.TIMEOUT}


async def test_a_bomb_of_200_megabytes_is_not_unpacked(portal_at):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b'{"result":"') + b"".join(packer.compress(b"x" * 2**20) for _ in range(200))
    bomb = http(200, bomb + packer.flush(), content_encoding="gzip")
    assert len(bomb) < 2**19
    async with portal_at(bomb) as (server, portal):
        tracemalloc.start()
        with pytest.raises(TooLarge) as caught:
            await portal.batch(TWO)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert caught.value.reason is Reason.SIZE
    assert peak < 80 * 2**20
    assert len(server.requests) == 1


def _repeated(start, piece, end):
    """A body as large as one may be, zipped small."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = piece * (2**16 // len(piece))
    parts = [packer.compress(start), *(packer.compress(block) for _ in range(15 * 2**20 // len(block)))]
    return http(200, b"".join(parts) + packer.compress(end) + packer.flush(), content_encoding="gzip")


def _numbered(entry, most=1_000_000):
    return b",".join(entry % number for number in range(most))


BATCH_END = b'},"result_error":[]},"time":{}}'
BOMBS = {
    "empty objects": lambda: _repeated(b'{"result":[{}', b",{}", b'],"time":{}}'),
    "objects in objects": lambda: _repeated(
        b'{"result":[{}', b"," + b'{"a":' * 400 + b"1" + b"}" * 400, b'],"time":{}}'
    ),
    "rows of one command": lambda: _repeated(b'{"result":{"result":{"one":[{}', b",{}", b"]" + BATCH_END),
    "commands that were not asked for": lambda: http(
        200, b'{"result":{"result":{' + _numbered(b'"k%d":1') + BATCH_END
    ),
    "errors that were not asked for": lambda: http(
        200, b'{"result":{"result":[],"result_error":{' + _numbered(b'"k%d":1') + b'}},"time":{}}'
    ),
    "a text of characters that are wide in memory": lambda: _repeated(
        b'{"result":{"result":{"one":"\xf0\x9f\x92\xa3', b"x", b'"' + BATCH_END
    ),
    "a text that has to be read leniently": lambda: _repeated(
        b'{"result":{"result":{"one":"\xff\xf0\x9f\x92\xa3', b"x", b'"' + BATCH_END
    ),
    "commas in texts": lambda: _repeated(b'{"result":{"result":{"one":"', b",", b'"' + BATCH_END),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_no_answer_takes_more_than_150_megabytes_whatever_it_holds(portal_at, hours, bomb):
    async with portal_at(bomb()) as (_, portal):
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on (proc(5))
        with contextlib.suppress(PortalError):
            (await hours.run(portal.batch(TWO)))["one"].result  # noqa: B018
        peak = _memory("VmHWM")
    assert peak - before < 150 * 10**6


def _memory(what):
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(what))
    return int(line.split()[1]) * 1024


async def test_an_answer_of_too_many_values_is_asked_for_in_parts(portal_at):
    async with portal_at(BOMBS["rows of one command"]()) as (server, portal):
        with pytest.raises(TooLarge) as caught:
            await portal.batch(TWO)
    assert caught.value.reason is Reason.SIZE
    assert str(caught.value) == "The portal's answer is larger than 1,200,000 values."
    assert len(server.requests) == 1


async def test_an_answer_nested_200_000_deep_is_none(portal_at, hours):
    deep = b'{"result":{"result":{"one":' + b"[" * 200_000 + b"]" * 200_000 + BATCH_END
    async with portal_at(http(200, deep), ok(maps({"one": [1]}))) as (_, portal):
        assert (await hours.run(portal.batch({"one": Ask("user.get")})))["one"].result == [1]


async def test_a_plain_body_without_end_is_cut_off(portal_at):
    async def endless(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b" " * 2**20)
            await writer.drain()

    async with portal_at(endless) as (_, portal):
        with pytest.raises(TooLarge):
            await portal.call("user.get")


@pytest.mark.parametrize(("script", "reason"), DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_no_answer_and_the_question_is_asked_again(portal_at, hours, said, script, reason):
    async with portal_at(script, ok([{"ID": "1"}])) as (server, portal):
        answer = await hours.run(portal.call("user.get"))
        assert portal.seen().retries == 1
    assert answer.result == [{"ID": "1"}]
    assert sum("user.get" in request.line for request in server.requests) == 2
    waiting, answered = said
    assert isinstance(waiting, Waiting)
    assert isinstance(answered, Answered)
    assert waiting.reason is reason
    assert (waiting.until - waiting.at).total_seconds() == 1.0
    assert hours.seconds == 1.0


@pytest.mark.parametrize("result", [[], {}, "x", {"result": []}, {"result": 5, "result_error": []}])
async def test_what_is_no_answer_to_a_batch_is_asked_again(portal_at, hours, result):
    async with portal_at(ok(result), ok(maps({"one": [1], "two": []}))) as (server, portal):
        answers = await hours.run(portal.batch(TWO))
    assert answers["one"].result == [1]
    assert len(server.requests) == 2


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_packed_answers_are_unpacked(portal_at, encoding):
    big = json.dumps({"result": list(range(200_000)), "time": TIME}).encode()
    body = gzip.compress(big) if encoding == "gzip" else zlib.compress(big)
    async with portal_at(http(200, body, content_encoding=encoding)) as (_, portal):
        assert (await portal.call("user.get")).result == list(range(200_000))


async def test_deflate_without_its_header_is_unpacked_too(portal_at):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(WHOLE) + packer.flush()
    async with portal_at(http(200, body, content_encoding="deflate")) as (_, portal):
        assert (await portal.call("user.get")).result == []


async def test_a_maintenance_page_that_stays_is_no_answer_however_often_one_asks(portal_at, hours):
    async with portal_at(http(200, PAGE)) as (server, portal):
        with pytest.raises(Unreachable) as caught:
            await hours.run(portal.call("user.get"))
    assert caught.value.reason is Reason.GARBAGE
    assert caught.value.hint == "Nothing to do: it is tried again."
    assert len(server.requests) == 8


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_renamed_portal_is_not_followed(portal_at, status):
    async with (
        ScriptedServer(ok([])) as other,
        portal_at(http(status, "", location=other.url)) as (server, portal),
    ):
        with pytest.raises(Refused) as caught:
            await portal.call("user.get", {"filter": {"ID": 1}})
        assert other.requests == []
    assert caught.value.reason is Reason.MOVED
    assert str(caught.value) == "The portal has moved to 127.0.0.1."
    assert "/rest/" not in str(caught.value) + caught.value.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["", "/login", "http://[broken"])
async def test_a_redirect_to_nowhere_is_a_refusal_too(portal_at, location):
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()
    async with portal_at(head) as (_, portal):
        with pytest.raises(Refused) as caught:
            await portal.call("user.get")
    assert str(caught.value) == "The portal has moved."


async def test_a_closed_port_is_a_matter_of_the_network(hours, portal_at):
    async with portal_at(ok([])) as (server, portal):
        server._server.close()
        await server._server.wait_closed()
        with pytest.raises(Unreachable) as caught:
            await hours.run(portal.call("user.get"))
    assert caught.value.reason is Reason.NETWORK
    assert str(caught.value) == "The connection to the portal failed (connection refused)."


async def test_a_name_that_cannot_be_looked_up_is_said_so(monkeypatch):
    def fails(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    wire = HttpWire(Secret("http://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
    verdict = await wire.post("profile", b"{}")
    await wire.close()
    assert verdict.reason is Reason.DNS
    assert verdict.text == "The portal's name cannot be looked up."


async def test_a_certificate_nobody_trusts_is_refused_before_anything_is_sent():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
    arrived = []

    async def serve(reader, writer):
        arrived.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        wire = HttpWire(
            Secret(f"https://127.0.0.1:{port}/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1
        )
        verdict = await wire.post("profile", b"{}")
        await wire.close()
    assert isinstance(verdict.error(), Refused)
    assert verdict.reason is Reason.TLS
    assert "self-signed certificate" in verdict.text
    assert arrived == []


async def test_a_handshake_that_is_cut_is_tried_again():
    async def hang_up(reader, writer):
        await reader.read(10)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        wire = HttpWire(
            Secret(f"https://127.0.0.1:{port}/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1
        )
        verdict = await wire.post("profile", b"{}")
        await wire.close()
    assert isinstance(verdict.error(), Unreachable)
    assert verdict.reason in {Reason.TLS, Reason.NETWORK}


def test_a_connection_that_takes_too_long_is_a_matter_of_time():
    assert fault(TimeoutError()).reason is Reason.TIMEOUT
    assert not fault(TimeoutError()).slow  # a smaller batch would not help


def test_the_reason_is_found_in_a_group_of_exceptions():
    error = OSError("All connection attempts failed")
    error.__cause__ = ExceptionGroup("several", [ConnectionRefusedError(111, "x"), socket.gaierror(-2, "y")])
    assert fault(error).reason is Reason.DNS


async def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(portal_at, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:password@127.0.0.1:1")
    async with portal_at(ok([])) as (_, portal):
        assert (await portal.call("user.get")).result == []


async def test_a_proxy_in_the_environment_is_honoured_for_everything_else(monkeypatch):
    async with ScriptedServer(ok([7])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:password@127.0.0.1:{proxy.port}")
        wire = HttpWire(Secret("http://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
        reply = await wire.post("profile", b"{}")
        await wire.close()
    assert reply.status == 200
    assert proxy.requests[0].path == "http://portal.test/rest/1/q7w8e9r0t1y2u3i4/profile"


async def test_a_secure_address_is_reached_through_a_tunnel_and_its_certificate_is_checked(monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
    heads = []

    async def dig(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        with contextlib.suppress(OSError):
            await writer.start_tls(context)
        writer.close()

    proxy = await asyncio.start_server(dig, "127.0.0.1", 0)
    async with proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{port}")
        wire = HttpWire(Secret("https://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
        verdict = await wire.post("profile", b"{}")
        await wire.close()
    assert heads[0].startswith(b"CONNECT portal.test:443 HTTP/1.1\r\n")
    assert b"Basic " + base64.b64encode(b"user:p@ss") in heads[0]
    assert b"q7w8e9r0t1y2u3i4" not in heads[0]
    assert verdict.reason is Reason.TLS
    assert isinstance(verdict.error(), Refused)


async def test_a_proxy_that_refuses_is_a_matter_of_the_network(monkeypatch):
    async with ScriptedServer(http(407, "who are you?")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        wire = HttpWire(Secret("https://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
        verdict = await wire.post("profile", b"{}")
    assert verdict.reason is Reason.NETWORK


async def test_no_proxy_is_honoured(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "portal.test")
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror(-2, "x"))
    )
    wire = HttpWire(Secret("http://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
    assert (await wire.post("profile", b"{}")).reason is Reason.DNS


async def test_a_connection_is_used_again_until_the_server_hangs_up(portal_at):
    async with portal_at(ok([])) as (server, portal):
        for _ in range(3):
            await portal.call("user.get")
        (connection,) = server._writers
        connection.transport.abort()
        await asyncio.sleep(0.05)
        await portal.call("user.get")
        assert len(server._writers) == 2
        assert portal.seen().retries == 0


async def test_an_answer_may_be_announced(portal_at):
    async with portal_at(b"HTTP/1.1 100 Continue\r\n\r\n" + ok([7])) as (_, portal):
        assert (await portal.call("user.get")).result == [7]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:x"])
async def test_a_proxy_that_cannot_be_used_is_said_so_and_nobody_is_asked_without_it(monkeypatch, proxy):
    monkeypatch.setenv("ALL_PROXY", proxy)
    wire = HttpWire(Secret("https://portal.test/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
    verdict = await wire.post("profile", b"{}")
    assert isinstance(verdict.error(), Refused)
    assert verdict.text == "The proxy that the environment names cannot be used."


@pytest.mark.parametrize(
    ("place", "host"), [("портал.рф", "xn--80awhdgm.xn--p1ai"), ("[2001:db8::1]:8080", "[2001:db8::1]:8080")]
)
async def test_a_name_is_told_to_the_server_as_the_net_writes_it(monkeypatch, place, host):
    async with ScriptedServer(ok([])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        wire = HttpWire(Secret(f"http://{place}/rest/1/q7w8e9r0t1y2u3i4/"), timeout=5, connections=1)
        assert (await wire.post("profile", b"{}")).status == 200
        await wire.close()
    assert proxy.requests[0].headers["host"] == host
