"""`changes --to`: what it prints is in a stream of JetStream, by the chapter's own command lines."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from tests.support.commands import configure
from tests.support.nats_servers import PASSWORD, nats_servers, ready
from tests.support.readme import manual, section
from tests.support.store_rows import NOW, SHAPES, TABLES, deal

DEALS = TABLES["deals"]


@pytest.fixture
def servers(tmp_path):
    with nats_servers(tmp_path, 1) as servers:
        asyncio.run(ready(servers))
        yield servers


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    configure(tmp_path, "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/")
    with closing(Store.open(Secret(f"sqlite:///{tmp_path}/bitsheet.db"))) as store:
        store.shape(DEALS, SHAPES["deals"])
        yield store


@pytest.fixture
def commands(servers, monkeypatch):
    """Of the chapter: the one that ends, and the one that goes on."""
    (told,) = section(manual("follow"), "JetStream").split("```sh\n")[1:]
    settings, *lines = told.split("```")[0].splitlines()
    for pair in shlex.split(settings)[1:]:
        monkeypatch.setenv(*pair.replace("choose-one", PASSWORD).split("="))
    return [shlex.split(line.replace("nats.example.com", servers.hosts))[1:] for line in lines]


def change(store, cycle, *ids):
    store.commit(DEALS, [deal(id_, TITLE=f"In {cycle}") for id_ in ids], None, at=NOW, cycle=cycle)


def published(servers, last):
    """What is in the stream, once it has this line."""
    found = []
    while not found or found[-1][0] != last:
        found = asyncio.run(servers.messages("CRM"))
    return found


async def lose(servers):
    async with servers.connected() as client:
        await client.jetstream().delete_stream("CRM")


@pytest.mark.slow
@pytest.mark.sample
def test_what_it_publishes_is_what_it_prints(store, servers, commands, capfd):
    once, endless = commands
    change(store, 1, *range(1, 31))
    assert main(once) == 0
    change(store, 2, *range(1, 11))
    assert main(once) == 0
    following = subprocess.Popen(
        [sys.executable, "-m", "bitsheet_tui", *endless], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        change(store, 3, 7, 31)
        found = published(servers, "42")
    finally:
        following.terminate()
        said = following.communicate(timeout=20)[1]
    assert following.returncode == 0, said
    assert {subject for _, subject, _ in found} == {"CRM.deals"}
    assert [id_ for id_, _, _ in found[:30]] == [f"30/deals/{id_}" for id_ in range(1, 31)]
    capfd.readouterr()
    assert main(["changes", "--since", "30"]) == 0
    printed = capfd.readouterr().out.splitlines()
    assert [body.decode() for _, _, body in found[30:]] == printed
    assert [id_ for id_, _, _ in found[30:]] == [str(json.loads(line)["seq"]) for line in printed]
    assert main(["changes", "--cursors"]) == 0
    assert capfd.readouterr().out.startswith("bus\t42\t0\t")


@pytest.mark.slow
def test_a_stream_that_is_gone_is_said_and_no_password(store, servers, commands, capfd):
    once, _ = commands
    change(store, 1, 1, 2)
    assert main(once) == 0
    asyncio.run(lose(servers))
    for _ in range(2):
        assert main(once) == 73
        assert "There is no stream CRM any more." in capfd.readouterr().err
    assert main(["changes", "--cursor", "bus", "--drop"]) == 0
    assert main(once) == 0
    assert [id_ for id_, _, _ in published(servers, "2/deals/2")] == ["2/deals/1", "2/deals/2"]
    assert (
        main([*once[:-1], once[-1].replace("nats://", f"nats://bitsheet:{PASSWORD}@").replace("CRM", "a.b")])
        == 64
    )
    told = capfd.readouterr()
    assert "no address of a JetStream stream" in told.err
    assert PASSWORD not in told.out + told.err
