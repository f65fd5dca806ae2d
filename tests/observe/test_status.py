"""What `bitsheet-tui status` tells, from a real mirror."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.ledger import Cycle, Run
from bitsheet_tui.store.reconciles import Reconcile
from bitsheet_tui.store.store import Store
from bitsheet_tui.tables import CATALOGUE

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
AGO = NOW - timedelta(minutes=3)
TABLES = {table.name: table for table in CATALOGUE}


@pytest.fixture
def url(tmp_path) -> Secret:
    return Secret(f"sqlite:///{tmp_path}/bitsheet.db")


@pytest.fixture
def store(url):
    """A mirror after one cycle: deals were read, tasks are being filled, leads failed."""
    with_lock = Store.open(url)
    for name in ("deals", "tasks", "leads"):
        with_lock.shape(TABLES[name], TABLES[name].fields)
    number = with_lock.begin_cycle(AGO)
    rows = [{"ID": 1}, {"ID": 2}]
    done = Checkpoint(table="deals", watermark=AGO, reach=2, floor=0, fill_started=AGO)
    with_lock.commit(TABLES["deals"], rows, done, at=AGO, cycle=number)
    with_lock.keep(Checkpoint(table="tasks", reach=900, floor=400, fill_started=AGO))
    with_lock.record_run(Run(cycle=number, table="deals", started_at=AGO, inserted=2, watermark_after=AGO))
    failed = Run(cycle=number, table="leads", started_at=AGO, error="no\x1b scope", hint="add crm")
    with_lock.record_run(failed)
    with_lock.end_cycle(
        Cycle(number=number, started_at=AGO, ended_at=AGO, seconds=1.4, rows=2, requests=1, failed=("leads",))
    )
    yield with_lock
    with_lock.close()


def test_programs_get_stable_names(store):
    told = to_json(look(store))
    assert told["instance"]["pid"] == os.getpid()
    assert told["instance"]["running"] is True
    assert told["cycle"] == {
        "number": 1,
        "started_at": AGO.isoformat(),
        "ended_at": AGO.isoformat(),
        "seconds": 1.4,
        "rows": 2,
        "requests": 1,
        "failed": ["leads"],
    }
    assert told["tables"]["deals"] == {
        "rows": 2,
        "deleted": 0,
        "quarantined": 0,
        "quarantined_values": 0,
        "hidden": 0,
        "watermark": AGO.isoformat(),
        "synced_at": AGO.isoformat(),
        "state": "ok",
        "error": "",
        "hint": "",
        "compared_at": None,
        "held": 0,
        "held_reason": "",
        "disabled": False,
    }
    assert told["tables"]["tasks"]["state"] == "filling"
    assert told["tables"]["leads"]["state"] == "failed"
    assert list(told["tables"]) == ["leads", "deals", "tasks"]  # as in the catalogue
    assert told["mirror"]["store"].startswith("sqlite")
    assert told["mirror"]["size_bytes"] > 0


def test_a_reader_sees_who_holds_the_mirror_and_that_it_has_let_go(store, url):
    reader = Store.open(url, readonly=True)
    assert to_json(look(reader))["instance"]["pid"] == os.getpid()
    store.close()
    assert to_json(look(reader))["instance"] == {
        "running": False,
        "pid": None,
        "host": None,
        "since": None,
        "paused_at": None,
        "quiet_until": None,
        "interval": None,
    }
    reader.close()


def test_people_get_a_table_and_what_to_do(store):
    lines = to_lines(look(store), NOW)
    assert lines[0].startswith("mirror    sqlite ")
    assert lines[1].startswith(f"instance  running, pid {os.getpid()} on ")
    assert lines[2] == "cycle     1, 2 rows, 1 request, 1.4s, 3 min ago, not up to date: leads"
    assert lines[3] == "freshness nothing changed in the last hour"
    assert lines[5].split() == ["table", "rows", "deleted", "quarantined", "values", "synced", "state"]
    told = {line.split()[0]: line.split()[1:] for line in lines[6:] if line and line[0] != " "}
    assert told["deals"] == ["2", "0", "0", "0", "3", "min", "ago", "ok"]
    assert told["tasks"] == ["0", "0", "0", "0", "never", "filling"]
    assert told["total"] == ["2"]
    assert lines[-2:] == ["leads: no\N{REPLACEMENT CHARACTER} scope", "  add crm"]


def test_a_mirror_before_its_first_cycle_has_a_status_too(url):
    store = Store.open(url)
    told = to_json(look(store))
    assert (told["cycle"], told["tables"]) == (None, {})
    assert "cycle     none yet" in to_lines(look(store), NOW)
    store.close()


def test_a_cycle_that_never_ended_is_not_called_done(store):
    store.begin_cycle(NOW)
    assert (
        to_lines(look(store), NOW + timedelta(days=3))[2] == "cycle     2, started 3 days ago, not finished"
    )


def test_deletions_that_are_held_are_told_with_the_way_out(store):
    store.reconciles.save(Reconcile(table="deals", held=60, reason="all\x1b of it", held_since=AGO))
    alert = Alert(
        kind=Kind.DELETIONS_HELD, about="deals", tables=("deals",), text="60 deletions held: all\x1b of it",
        hint="bitsheet-tui\x1b confirm deals", since=AGO,
    )  # fmt: skip
    store.settle_alerts([alert], [], at=NOW)
    status = look(store)
    told = to_json(status)["tables"]["deals"]
    assert (told["held"], told["held_reason"]) == (60, "all\N{REPLACEMENT CHARACTER} of it")
    lines = to_lines(status, NOW)
    place = lines.index("deals: 60 deletions held: all\N{REPLACEMENT CHARACTER} of it")
    assert lines[place + 1] == "  bitsheet-tui\N{REPLACEMENT CHARACTER} confirm deals (since 3 min ago)"
    assert to_json(status)["alerts"] == [
        {
            "kind": "deletions_held",
            "tables": ["deals"],
            "text": "60 deletions held: all\N{REPLACEMENT CHARACTER} of it",
            "hint": "bitsheet-tui\N{REPLACEMENT CHARACTER} confirm deals",
            "since": AGO.isoformat(),
        }
    ]
