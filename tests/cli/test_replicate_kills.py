"""`bitsheet-tui replicate` as a process: killed, and its server's sessions ended, while the engine runs."""

import json
import signal
import time

import psycopg
import pytest

from bitsheet_tui.secret import Secret
from tests.support.commands import configure, until
from tests.support.mirror import select

NEWEST = "SELECT max(seq) FROM bitsheet_changes"
TABLES = ("deals", "contacts", "tasks", "task_comments", "users", "contact_points")


def content(url) -> dict:
    """The living keys of every table, and the lines of the feed."""
    found = {name: select(url, f"SELECT count(*), max(id) FROM {name}")[1] for name in TABLES}
    lines = select(url, "SELECT seq, cycle, table_name, row_id, op FROM bitsheet_changes ORDER BY seq")[1]
    return {**found, "lines": [tuple(line) for line in lines]}


@pytest.mark.slow
@pytest.mark.parametrize("there", ["sqlite", "postgresql"])
def test_killed_and_cut_off_from_its_server_it_goes_on(there, home, portal, start, postgres_url):
    file = Secret(f"sqlite:///{home}/file.db")
    mirror, replica = (file, postgres_url) if there == "sqlite" else (postgres_url, file)
    configure(home, portal, f"[store]\nurl = {json.dumps(mirror.reveal())}\n[sync]\ninterval = 1\n")
    engine = start("--no-ui")
    until(engine, "cycle 1")
    for _ in range(3):
        copying = start("replicate", replica.reveal())
        until(copying, "at line")
        copying.kill()
        copying.wait(10)
    copying = start("replicate", replica.reveal())
    until(copying, "at line")
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(2)
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(30) == 0
    deadline = time.monotonic() + 60
    while content(replica) != content(mirror) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert content(replica) == content(mirror)
    copying.send_signal(signal.SIGTERM)
    assert copying.wait(20) == 0
