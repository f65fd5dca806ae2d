"""Which authorities are believed that a portal is the one it says it is."""

import asyncio
import ssl
from pathlib import Path

import certifi
import pytest

from bitsheet_tui.errors import Reason
from bitsheet_tui.portal.wire import HttpWire
from bitsheet_tui.secret import Secret

TRUSTED = Path(__file__).with_name("trusted.pem")
HASH = "312922df"  # of its subject's name, by which OpenSSL finds it in a folder
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"result":7}'
NONE = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """A machine that trusts nobody."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: NONE)


@pytest.fixture
def folder(tmp_path):
    """A folder with the one authority."""
    (tmp_path / f"{HASH}.0").write_text(TRUSTED.read_text())
    return str(tmp_path)


async def ask():
    """What a portal answers whose certificate only its own authority speaks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TRUSTED)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        address = Secret(f"https://127.0.0.1:{port}/rest/1/q7w8e9r0t1y2u3i4/")
        wire = HttpWire(address, timeout=5, connections=1)
        reply = await wire.post("profile", b"")
        await wire.close()
        return reply


async def test_a_companys_own_authority_in_the_machines_folder_is_trusted(monkeypatch, folder):
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: NONE._replace(capath=folder))
    assert (await ask()).body == b'{"result":7}'


async def test_a_machine_without_authorities_trusts_those_of_certifi(monkeypatch, tmp_path):
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: NONE._replace(capath=str(tmp_path)))
    assert (await ask()).reason is Reason.TLS
    monkeypatch.setattr(certifi, "where", lambda: str(TRUSTED))
    assert (await ask()).body == b'{"result":7}'


async def test_a_file_or_a_folder_that_the_environment_names_is_trusted(monkeypatch, folder):
    monkeypatch.setenv("SSL_CERT_DIR", folder)
    assert (await ask()).body == b'{"result":7}'
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())  # a file goes before a folder
    assert (await ask()).reason is Reason.TLS
    monkeypatch.setenv("SSL_CERT_FILE", str(TRUSTED))
    assert (await ask()).body == b'{"result":7}'


async def test_a_file_that_is_not_there_is_said_so(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    verdict = await ask()
    assert verdict.text == "The certificate authorities that the environment names cannot be read."
    assert "SSL_CERT_FILE" in verdict.hint
