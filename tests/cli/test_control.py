"""A running instance, steered from other processes through the store: what it did is told within two seconds."""

import json
import re
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.portal.demo.settings import Cost
from bitsheet_tui.wiring import open_store, open_to_ask
from tests.support.commands import BIG, SECONDS, configure, rows, until, url_of

pytestmark = pytest.mark.slow

RESYNCED = r"the instance \(pid \d+\): deals is read again from scratch \(60 rows\) now, in cycle 2\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def mirrored(home, portal, request):
    """A configuration for each database."""
    store = json.dumps(url_of(request.param, home, request).reveal())
    configure(home, portal, f"[store]\nurl = {store}\n")
    return home


@pytest.fixture
def told(capfd):
    """Runs a command; what it said on stderr."""

    def run(*words: str, code: int = 0) -> str:
        capfd.readouterr()
        assert main(words) == code
        return capfd.readouterr().err

    return run


def end(process) -> None:
    process.terminate()
    assert process.wait(SECONDS) == 0


def holds(table: str, count: int, capfd) -> bool:
    """Whether the mirror has so many rows of a table."""
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)["tables"][table]["rows"] == count


@pytest.mark.sample
def test_what_the_instance_did_is_told(mirrored, start, told, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    deadline = time.monotonic() + SECONDS
    while not holds("deals", 60, capfd):  # the first cycle may end before the first reading does
        assert time.monotonic() < deadline
    assert re.fullmatch(RESYNCED, told("resync", "deals"))
    until(process, "fill done")
    assert "paused: nothing is asked" in told("pause")
    assert re.search("paused already, since [0-9:]{8}\n", told("pause"))
    assert re.search("paused since [0-9:]{8}: leads is read once somebody resumes", told("sync", "leads"))
    assert "resumed after a pause since" in told("resume")
    assert "1 table due" in until(process, "cycle 3 done")
    assert "not paused: there is nothing to resume" in told("resume")
    assert "everything that is due is read now, in cycle 4" in told("sync")
    assert "nothing is in quarantine" in told("quarantine", "--retry")
    end(process)


def test_the_status_says_that_the_instance_is_paused_and_how_it_was_steered(mirrored, start, told, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    told("pause")
    assert main(["status"]) == 0
    assert re.search(r"running, pid \d+ on \S+, since .*, paused \d s ago", capfd.readouterr().out)
    assert main(["status", "--json"]) == 0
    instance = json.loads(capfd.readouterr().out)["instance"]
    assert abs(datetime.now(UTC) - datetime.fromisoformat(instance["paused_at"])) < timedelta(seconds=20)
    told("interval", "90")
    told("disable", "deals", "leads")
    told("enable", "leads")
    assert main(["status"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "a cycle every 90 s, paused" in lines[1]
    assert [line.split()[0] for line in lines if line.endswith(", disabled")] == ["deals"]
    assert main(["status", "--json"]) == 0
    status = json.loads(capfd.readouterr().out)
    assert status["instance"]["interval"] == 90
    assert [name for name, table in status["tables"].items() if table["disabled"]] == ["deals"]
    end(process)
    assert main(["status", "--json"]) == 0
    status = json.loads(capfd.readouterr().out)
    assert (status["instance"]["paused_at"], status["instance"]["interval"]) == (None, None)
    assert not status["tables"]["deals"]["disabled"]


def test_only_what_changed_since_a_day_is_read_again(mirrored, start, told):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    answer = told("resync", "deals", "--since", "2000-01-01")
    assert "what changed in deals since 2000-01-01 is read again now, in cycle 2" in answer
    assert re.search(r"deals +page +50 rows", until(process, "cycle 2 done"))
    assert "fill start" not in told("sync", "deals")
    assert not re.search(r"deals +page +50 rows", until(process, "cycle 3 done"))
    end(process)


def test_without_an_instance_what_changed_since_a_day_is_read_again_at_once(home, told):
    told("--once")
    assert re.search(r"deals +page +50 rows", told("resync", "deals", "--since", "2000-01-01"))
    everything = told("resync", "--all")
    assert all(re.search(rf"{name} +(fill|page|read)", everything) for name in ("leads", "deals", "users"))
    assert "name the tables, or say --all" in told("resync", code=64)
    assert "name the tables, or say --all" in told("resync", "--all", "deals", code=64)
    assert "not a day" in told("resync", "deals", "--since", "yesterday", code=64)


def test_answers_come_within_two_seconds_in_the_middle_of_a_backfill(home, start, told, figure, request):
    demo = DemoPortal(BIG, seed=11, settings=Settings(cost=Cost(page=0.005, call=0.001)))
    with demo.run_in_thread() as webhook:
        store = json.dumps(url_of("postgresql", home, request).reveal())
        configure(home, webhook, f"burst = 5000\n[store]\nurl = {store}\n")
        process = start("--no-ui")
        until(process, "fill start")
        took = []
        for words in (["sync"], ["status"], ["sync", "deals"], ["pause"], ["resume"]):
            began = time.monotonic()
            told(*words)
            took.append(time.monotonic() - began)
        end(process)
    figure(f"requests during a backfill were answered in {min(took):.2f} to {max(took):.2f} s")
    assert median(took) < 2
    assert max(took) < 10  # a machine that is busy with other tests


def test_what_was_asked_of_an_instance_that_ended_is_not_done_by_the_next(mirrored, start, told):
    told("--once")
    config = load(None, {})
    with closing(open_to_ask(config)) as store:
        number = store.ask("resync", "deals", by="somebody", at=datetime.now(UTC) - timedelta(minutes=5))
    process = start("--no-ui")
    assert "fill" not in until(process, "cycle 2 done")
    with closing(open_store(config, readonly=True)) as store:
        assert store.request(number).answer == "not done: no instance was running"
    end(process)


def test_a_request_that_is_not_answered_is_taken_back(home, told, monkeypatch):
    monkeypatch.setattr("bitsheet_tui.observe.requests.PATIENCE", 0.2)
    told("--once")
    config = load(None, {})
    with closing(open_store(config)):  # holds the mirror, and does not listen
        assert "has not answered within 0 s, and the request was taken back" in told("pause", code=1)
    assert rows(home, "SELECT answer FROM bitsheet_control") == [("not done: taken back",)]


@pytest.mark.sample
def test_there_is_nothing_to_confirm_where_there_is_no_mirror(home, told):
    assert "no deletions of deals are held" in told("confirm", "deals", code=64)
    assert not (home / "bitsheet.db").exists()


@pytest.mark.parametrize("words", [("pause",), ("interval", "60"), ("cancel",), ("confirm", "deals")])
def test_a_mirror_that_cannot_be_looked_at_is_not_taken_for_one_without_an_instance(home, told, words):
    (home / "bitsheet.db").mkdir()
    said = told(*words, code=73)
    assert "bitsheet.db" in said
    assert "no instance" not in said
