"""`bitsheet-tui stop`: the running instance, whatever it is, has ended when the command has."""

import json
import signal
import time
from contextlib import closing

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.observe import requests
from bitsheet_tui.wiring import open_store
from tests.support.command_terminal import terminal
from tests.support.commands import SECONDS, configure, until, url_of


@pytest.fixture(params=["sqlite", "postgresql"])
def mirrored(home, portal, request):
    """A configuration for each database."""
    store = json.dumps(url_of(request.param, home, request).reveal())
    configure(home, portal, f"[store]\nurl = {store}\n")
    return home


def test_where_none_runs_it_is_1(home, capfd):
    assert main(["stop"]) == 1  # there is no mirror yet
    assert main(["--once"]) == 0
    capfd.readouterr()
    assert main(["stop"]) == 1
    assert capfd.readouterr() == ("", "no instance is running\n")


@pytest.mark.slow
@pytest.mark.sample
def test_it_has_ended_when_the_command_has(mirrored, start, capfd):
    instance = start("--no-ui")
    until(instance, "cycle 1 done")
    began = time.monotonic()
    assert main(["stop"]) == 0
    assert time.monotonic() - began < 5
    said = capfd.readouterr()
    assert said.out == ""
    assert "has ended" in said.err
    assert main(["stop"]) == 1
    assert instance.wait(SECONDS) == 0
    assert "stopped" in instance.stderr.read()


@pytest.mark.slow
@pytest.mark.sample
def test_a_run_of_one_cycle_in_the_middle_of_a_backfill_ends_too(home, start, slow, capfd):
    instance = start("--once")
    until(instance, "fill start")
    assert main(["pause"]) == 0
    assert main(["resume"]) == 0
    capfd.readouterr()
    assert main(["sync"]) == 1  # at once: there is no next cycle
    assert "not done: the instance runs one cycle and ends" in capfd.readouterr().err
    assert main(["stop"]) == 0
    assert instance.wait(SECONDS) == 0


@pytest.mark.slow
@pytest.mark.sample
def test_a_console_ends_too(home, capfd):
    with terminal() as screen:
        screen.until(b"CURRENT")
        assert main(["stop"]) == 0
        assert screen.ends() == 0
        assert b"stopped at cycle" in screen.seen


def test_it_is_ended_also_while_it_reads_its_configuration_again(home, portal, start):
    instance = start("--no-ui")
    until(instance, "cycle 1 done")
    configure(home, portal, "[sync]\ninterval = 77\n")
    instance.send_signal(signal.SIGHUP)
    assert main(["stop"]) == 0
    assert instance.wait(SECONDS) == 0


def test_one_that_does_not_answer_is_told_of_and_is_75(home, monkeypatch, capfd):
    assert main(["--once"]) == 0
    capfd.readouterr()
    monkeypatch.setattr(requests, "PATIENCE", 0.2)
    with closing(open_store(load(None, {}))):
        assert main(["stop"]) == 75
    said = capfd.readouterr()
    assert "has not answered, and the request was taken back" in said.err
    assert "kill " in said.err
