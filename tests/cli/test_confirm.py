"""Deletions that are held: seen in the status, confirmed from the command line."""

import json
from time import monotonic

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from tests.support.commands import CODE, SECONDS, configure, rows, until

pytestmark = pytest.mark.slow

SIZE = Size(leads=3, contacts=4, companies=2, deals=160, activities=5, tasks=4, users=3, departments=2)
MARKED = "SELECT count(*) FROM deals WHERE _deleted_at IS NOT NULL"


@pytest.fixture
def demo():
    return DemoPortal(SIZE, settings=Settings(code=CODE))


@pytest.fixture
def portal(demo):
    with demo.run_in_thread() as webhook:
        yield webhook


@pytest.fixture
def hidden(home, portal, demo, capfd):
    """A mirror that holds 80 deals which the webhook does not see any more."""
    configure(home, portal, "[sync]\nreconcile_every = 1\n")
    assert main(["--once"]) == 0
    demo.world.hide("deals", *[row["ID"] for row in demo.world.truth("deals")][::2])
    assert main(["--once"]) == 0
    assert "80 deletions held" in capfd.readouterr().err
    return home


def held(capfd) -> int:
    capfd.readouterr()
    assert main(["status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)["tables"]["deals"]["held"]


@pytest.mark.sample
def test_where_no_instance_runs_confirm_marks_them_itself(hidden, capfd):
    assert held(capfd) == 80
    assert rows(hidden, MARKED) == [(0,)]
    assert main(["confirm", "deals"]) == 0
    assert "no longer held" in capfd.readouterr().err
    assert rows(hidden, MARKED) == [(80,)]
    assert held(capfd) == 0


def test_a_running_instance_is_told(hidden, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 3 done")
    assert main(["confirm", "deals"]) == 0
    assert "80 held rows is marked" in capfd.readouterr().err
    until(process, "no longer held")
    assert rows(hidden, MARKED) == [(80,)]
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_where_nothing_is_held_there_is_nothing_to_confirm(hidden, capfd):
    assert main(["confirm", "leads"]) == 64
    assert "no deletions of leads are held" in capfd.readouterr().err
    assert main(["confirm"]) == 64


def test_verify_says_what_differs_while_an_instance_runs(hidden, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 3 done")
    capfd.readouterr()
    assert main(["verify", "deals", "leads"]) == 1
    told = capfd.readouterr().out.splitlines()
    assert told[0] == "leads: 3 rows, equal"
    assert told[1].startswith("deals: 160 rows, differs: 80 gone: ")
    assert told[1].endswith("80 deletions are held")
    assert main(["verify", "--full", "leads"]) == 0
    assert main(["verify", "deal"]) == 64
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_verify_says_that_it_waits_and_gives_a_dead_portal_up(home, capfd, monkeypatch):
    assert main(["--once"]) == 0
    configure(home, f"http://127.0.0.1:1/rest/1/{CODE}/")
    capfd.readouterr()
    monkeypatch.setattr("bitsheet_tui.cli.verify.PROMPT_SECONDS", 2.0)
    began = monotonic()
    assert main(["verify"]) == 1
    assert monotonic() - began < 20
    told = capfd.readouterr()
    assert not told.out
    assert "asking again" in told.err
