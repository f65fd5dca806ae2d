"""`bitsheet-tui replicate`: a second store that becomes and stays what the mirror is."""

import json
import os
import shlex
import signal
import time
from contextlib import closing

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.replica import Replica
from tests.support.command_terminal import terminal
from tests.support.commands import configure, until, url_of
from tests.support.mirror import select
from tests.support.readme import manual

KINDS = ("sqlite", "postgresql")


def told(capfd) -> str:
    return capfd.readouterr().err


def status(capfd) -> dict:
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def deals(url) -> list:
    return sorted(select(url, "SELECT id, title FROM deals WHERE _deleted_at IS NULL")[1])


@pytest.fixture
def mirror(home):
    """A mirror that was read once; gives its URL."""
    assert main(["--once"]) == 0
    return Secret(f"sqlite:///{home}/bitsheet.db")


def at(home, portal, url):
    """From now on store.url is that one."""
    configure(home, portal, f"[store]\nurl = {json.dumps(url.reveal())}\n")


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_goes_on_with_a_promoted_replica_and_reads_nothing_again(
    kind, home, portal, mirror, request, capfd
):
    target = url_of("postgresql", home, request) if kind == "postgresql" else Secret(f"sqlite:///{home}/b.db")
    assert main(["replicate", "--once", target.reveal()]) == 0
    before = status(capfd)
    assert main(["replicate", "--promote", target.reveal()]) == 0
    at(home, portal, target)
    after = status(capfd)
    assert after["replica"] is None
    assert after["tables"] == before["tables"]
    newest = select(target, "SELECT max(seq), max(cycle) FROM bitsheet_changes")[1][0]
    assert main(["--once"]) == 0
    assert status(capfd)["cycle"]["number"] == before["cycle"]["number"] + 1
    more = select(target, f"SELECT seq, op FROM bitsheet_changes WHERE seq > {newest[0]} ORDER BY seq")[1]
    assert [op for _, op in more if op == "snapshot"] == []
    assert (
        select(target, "SELECT count(*) FROM bitsheet_changes WHERE op = 'snapshot'")[1]
        == (select(mirror, "SELECT count(*) FROM bitsheet_changes WHERE op = 'snapshot'")[1])
    )
    with closing(wiring.open_store(load(home / "config.toml", {}))) as store:
        store.remember("anything", "1")
        request_id = store.ask("sync", "", by="test", at=store.last_cycles(1)[0].started_at)
        assert request_id > 0  # numbers go on after those that were copied


def test_a_replica_says_of_which_mirror_it_is_one_and_no_engine_writes_to_it(home, portal, mirror, capfd):
    replica = Secret(f"sqlite:///{home}/replica.db")
    assert main(["replicate", "--once", "sqlite:///replica.db"]) == 0
    assert deals(replica) == deals(mirror)
    at(home, portal, replica)
    found = status(capfd)["replica"]
    newest = select(mirror, "SELECT max(seq) FROM bitsheet_changes")[1][0][0]
    assert (found["of"], found["seq"], found["whole"]) == ("sqlite bitsheet.db", newest, True)
    assert 0 <= found["seconds_behind"] < 60
    assert main(["status"]) == 0
    assert f"replica   of sqlite bitsheet.db, at line {newest}, " in capfd.readouterr().out
    for words in (["--once"], ["--no-ui"], ["sync"], ["resync", "--all"], ["quarantine", "--retry"]):
        assert main(words) == 78, words
        assert "is a replica of sqlite bitsheet.db: no engine writes to it" in told(capfd)
    assert main(["replicate", "--promote"]) == 0
    assert main(["--once"]) == 0


@pytest.mark.slow
def test_what_is_no_place_for_a_replica_is_refused_and_left_as_it_is(home, portal, mirror, capfd):
    assert main(["replicate", "sqlite:///bitsheet.db"]) == 64
    assert "that of the mirror itself" in told(capfd)
    os.link(home / "bitsheet.db", home / "linked.db")
    assert main(["replicate", "sqlite:///linked.db"]) == 64
    at(home, portal, Secret(f"sqlite:///{home}/own.db"))
    assert main(["--once"]) == 0
    before = (home / "own.db").read_bytes()
    at(home, portal, mirror)
    capfd.readouterr()
    assert main(["replicate", "--once", "sqlite:///own.db"]) == 78
    assert "holds a mirror of its own, which is not written over" in told(capfd)
    assert len(before) == (home / "own.db").stat().st_size
    assert main(["replicate", "--promote", "sqlite:///own.db"]) == 78
    assert main(["replicate"]) == 64
    assert main(["replicate", "mysql://root:hunter22@db/x"]) == 64
    assert main(["replicate", "postgresql://me:hunter22@127.0.0.1:1/x", "--once"]) == 73
    assert "hunter22" not in told(capfd)


def test_a_mirror_that_was_made_anew_is_not_copied_over_its_old_replica(home, portal, mirror, capfd):
    assert main(["replicate", "--once", "sqlite:///replica.db"]) == 0
    with closing(Replica.open(Secret(f"sqlite:///{home}/replica.db"))) as replica:
        before = replica.replicated()
        replica._database.write(
            lambda: replica._note(type(before)(of="x", seq=10**9, at=before.at, table="-", whole=True))
        )
    capfd.readouterr()
    assert main(["replicate", "--once", "sqlite:///replica.db"]) == 78
    assert "does not go on from line 1000000000" in told(capfd)


@pytest.mark.slow
def test_it_follows_the_running_engine_until_it_is_told_to_stop(home, portal, start, capfd):
    configure(home, portal, "[sync]\ninterval = 1\n")
    engine = start("--no-ui")
    until(engine, "cycle 1")
    copying = start("replicate", "sqlite:///replica.db")
    until(copying, "is sqlite bitsheet.db at line")
    replica = Secret(f"sqlite:///{home}/replica.db")
    assert main(["replicate", "--once", "sqlite:///replica.db"]) == 75  # another process copies into it
    assert main(["replicate", "--promote", "sqlite:///replica.db"]) == 75  # the engine still writes
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(30) == 0
    mirror = Secret(f"sqlite:///{home}/bitsheet.db")
    deadline = time.monotonic() + 60
    newest = "SELECT max(seq) FROM bitsheet_changes"
    while select(replica, newest)[1] != select(mirror, newest)[1] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert deals(replica) == deals(mirror)
    copying.send_signal(signal.SIGTERM)
    assert copying.wait(10) == 0
    assert [one["name"][:8] for one in status(capfd)["cursors"]] == ["replica-"]


@pytest.mark.slow
def test_the_command_lines_of_the_chapter_do_what_they_say(home, portal, mirror, postgres_url, capfd):
    blocks = [block.split("```")[0] for block in manual("replicate").split("```sh\n")[1:]]
    found = [shlex.split(line)[1:] for block in blocks for line in block.splitlines() if line.strip()]
    assert len(found) == 5
    for words in found:
        if words == ["replicate", "sqlite:///replica.db"]:  # ends by a signal: see above
            continue
        if words == ["replicate", "--promote"]:
            assert main(["replicate", "--once", "sqlite:///lost.db"]) == 0
            at(home, portal, Secret(f"sqlite:///{home}/lost.db"))
        assert (
            main([postgres_url.reveal() if word.startswith("postgresql:") else word for word in words]) == 0
        )
    assert main(["--once"]) == 0


@pytest.mark.slow
def test_the_console_opens_a_replica_and_says_that_it_is_one(home, portal, mirror):
    assert main(["replicate", "--once", "sqlite:///replica.db"]) == 0
    at(home, portal, Secret(f"sqlite:///{home}/replica.db"))
    with terminal() as screen:
        screen.until(b"replica of sqlite bitsheet.db")
        screen.until(b"A replica, as its mirror was at")
        screen.press(b"q")
        assert screen.ends() == 0
