"""One writer per mirror, whatever happens to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bitsheet_tui.errors import MirrorHeld
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Holder, Store
from bitsheet_tui.store.lock import advisory_key, held
from tests.support.store_rows import NOW

HOLDING = """
import sys, time
from bitsheet_tui.store import Store
from bitsheet_tui.secret import Secret
store = Store.open(Secret(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(store_url):
    """Another process that holds the mirror until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, store_url.reveal()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"open\n"
    yield process
    process.kill()
    process.communicate()


def test_a_closed_store_that_is_told_to_rest_takes_nothing_again(store_url):
    """The last backfill of an engine may end after the store was closed."""
    store = Store.open(store_url)
    store.close()
    store.rest()
    Store.open(store_url).close()


def test_a_second_instance_is_told_who_holds_the_mirror(other, open_store):
    with pytest.raises(MirrorHeld) as caught:
        open_store()
    message = str(caught.value)
    assert message.startswith(f"another instance holds this mirror: pid {other.pid}, since ")
    assert caught.value.hint
    assert caught.value.exit_code == 75


def test_a_second_instance_leaves_the_first_and_its_lock_alone(other, open_store):
    for _ in range(2):
        with pytest.raises(MirrorHeld):
            open_store()
    holder = open_store(readonly=True).holder()
    assert (holder.pid, holder.host) == (other.pid, socket.gethostname())
    assert abs((datetime.now(UTC) - holder.since).total_seconds()) < 60


def test_a_killed_instance_holds_nothing(other, open_store):
    other.send_signal(signal.SIGKILL)
    other.wait()
    for _ in range(50):  # a server needs a moment to notice
        try:
            assert open_store().begin_cycle(NOW) == 1
            break
        except MirrorHeld:
            continue
    else:
        pytest.fail("still held")


def test_after_closing_nobody_holds_the_mirror(open_store):
    store = open_store()
    assert store.holder().pid == os.getpid()
    store.close()
    store.close()
    reader = open_store(readonly=True)
    assert reader.holder() is None
    assert open_store().begin_cycle(NOW) == 1


def test_two_schemas_of_one_database_are_two_mirrors(postgres_url):
    one, two = Store.open(postgres_url, schema="one"), Store.open(postgres_url, schema="two")
    assert (one.begin_cycle(NOW), two.begin_cycle(NOW), one.begin_cycle(NOW)) == (1, 1, 2)
    one.close()
    two.close()


def test_the_key_of_a_mirror_is_64_bits_and_its_own():
    keys = {advisory_key(database, schema) for database in "ab" for schema in ("public", "crm")}
    assert len(keys) == 4
    assert all(-(2**63) <= key < 2**63 for key in keys)


@pytest.mark.parametrize(
    ("holder", "says"),
    [
        (Holder(), "another instance holds this mirror"),
        (Holder(pid=7, host="elsewhere"), "another instance holds this mirror: pid 7 on elsewhere"),
        (Holder(pid=7, host=socket.gethostname()), "another instance holds this mirror: pid 7"),
    ],
)
def test_only_what_is_known_is_said(holder, says):
    assert str(held(holder)) == says


@pytest.mark.parametrize(
    "text", ["", "4711", "[]", "{}", '{"pid": null}', "\x1b[31m", '{"pid": 1, "host": 5}']
)
def test_a_lock_file_with_other_content_tells_nothing(text):
    assert Holder.from_text(text) == Holder()


def test_a_lock_file_of_a_dead_instance_does_not_matter(tmp_path):
    (tmp_path / "m.db.lock").write_text('{"pid": 1, "host": "x", "since": "2020-01-01T00:00:00+00:00"}')
    store = Store.open(Secret(f"sqlite:///{tmp_path}/m.db"))
    assert store.holder().pid == os.getpid()
    store.close()
