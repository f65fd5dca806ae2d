"""`bitsheet-tui status --check`: what a probe is told, in one line and by the exit code."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.errors import Reason
from bitsheet_tui.events import TableFailed
from bitsheet_tui.observe.probe import check
from bitsheet_tui.state import reduce, start
from bitsheet_tui.store.books import QUIET
from bitsheet_tui.wiring import open_store
from tests.support.commands import configure, url_of


@pytest.fixture(params=["sqlite", "postgresql"])
def mirrored(home, portal, request, capfd):
    """A mirror in each database."""
    store = json.dumps(url_of(request.param, home, request).reveal())
    configure(home, portal, f"[store]\nurl = {store}\n")
    assert main(["--once"]) == 0
    capfd.readouterr()
    return home


def checked(capfd, *words: str) -> tuple[int, str]:
    code = main(["status", "--check", *words])
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out.count("\n") == 1
    return code, said.out


def test_where_nothing_runs_it_is_2(home, capfd):
    code, told = checked(capfd)
    assert (code, told.startswith("nothing runs: ")) == (2, True)
    assert main(["--once"]) == 0
    capfd.readouterr()
    code, told = checked(capfd, "--max-age", "3600")
    assert code == 2
    assert told.startswith("nothing runs; the newest good cycle ended ")


def test_while_one_runs_it_is_0_until_the_newest_good_cycle_is_too_old(mirrored, capfd):
    with closing(open_store(load(None, {}))):
        code, told = checked(capfd)
        assert code == 0
        assert told.startswith("well: current, 9 of 9 tables current; the newest good cycle ended ")
        assert checked(capfd, "--max-age", "600")[0] == 0
        time.sleep(0.2)
        code, told = checked(capfd, "--max-age", "0.1")
        assert code == 2
        assert "which is more than 0.1 s" in told


def test_in_quiet_hours_it_says_until_when_and_no_age_grows(mirrored, capfd):
    with closing(open_store(load(None, {}))) as store:
        ended = store.last_cycles(1)[0].ended_at
        begin, end = ended + timedelta(minutes=1), ended + timedelta(hours=6)
        store.remember(QUIET, f"{begin:%H:%M}-{end:%H:%M} UTC")  # over midnight, if it is late
        in_it = check(store, ended + timedelta(hours=5), 120.0)
        after = check(store, ended + timedelta(hours=6, minutes=5), 120.0)
    until = end.replace(second=0, microsecond=0)
    assert in_it.code == 0
    assert f"quiet until {until.astimezone():%H:%M}, 9 of 9 tables current" in in_it.text
    assert after.code == 2


def test_where_somebody_has_to_act_it_is_1(mirrored, capfd):
    refused = TableFailed(
        table="tasks", at=datetime.now(UTC), reason=Reason.RIGHTS, text="may not be read", hint="h"
    )
    alerts = reduce(start(("tasks",), portal="", store="", at=datetime.now(UTC)), refused).alerts.values()
    with closing(open_store(load(None, {}))) as store:
        store.settle_alerts(alerts, (), at=datetime.now(UTC))
        assert checked(capfd, "--max-age", "600") == (1, "needs you: tasks: may not be read\n")
        assert check(store, datetime.now(UTC) + timedelta(days=1), 600.0).code == 1
        store.settle_alerts((), (), at=datetime.now(UTC))
        assert checked(capfd)[0] == 0


def test_an_age_without_a_check_is_bad_usage(home, capfd):
    assert main(["status", "--max-age", "5"]) == 64
    assert main(["status", "--check", "--max-age", "0"]) == 64
    assert main(["status", "--check", "--json"]) == 64
