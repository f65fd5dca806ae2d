"""One writer per mirror, whatever happens to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from bitsheet_tui.errors import MirrorHeld
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Holder, Store
from bitsheet_tui.store.lock import advisory_key, held, register_key
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


OLD_LOCK = "SELECT pg_try_advisory_lock(%s)"


@contextmanager
def session(server, name, *rights):
    """A session of a role that has these rights only."""
    with psycopg.connect(server, autocommit=True) as boss:
        boss.execute("SET client_min_messages = error")
        boss.execute(f"CREATE ROLE {name} LOGIN")
        for right in rights:
            boss.execute(f"GRANT {right} TO {name}")
        try:
            with psycopg.connect(server, user=name, autocommit=True) as connection:
                yield connection
        finally:
            boss.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_role_without_rights_holds_no_mirror_whatever_it_locks(postgres_url, postgres_server):
    Store.open(postgres_url, schema="bitsheet").close()
    with session(postgres_server, "bi") as bi:
        assert bi.execute(OLD_LOCK, (advisory_key("postgres", "bitsheet"),)).fetchone() == (True,)
        bi.execute("SELECT pg_try_advisory_lock(%s, n) FROM generate_series(1, 500) n",
                   (register_key("postgres", "bitsheet"),))  # fmt: skip
        with closing(Store.open(postgres_url, schema="bitsheet", readonly=True)) as looking:
            assert looking.holder() is None
            with closing(Store.open(postgres_url, schema="bitsheet")):
                assert looking.holder().pid == os.getpid()
                with pytest.raises(MirrorHeld, match=f"pid {os.getpid()}"):
                    Store.open(postgres_url, schema="bitsheet")
            assert looking.holder() is None


def test_whoever_may_write_and_holds_the_mirror_is_named_by_its_role_and_not_by_the_last_holder(
    postgres_url, postgres_server
):
    Store.open(postgres_url, schema="bitsheet").close()  # notes itself as the holder
    with session(postgres_server, "etl", "UPDATE ON bitsheet.bitsheet_meta") as etl:
        etl.execute(OLD_LOCK, (advisory_key("postgres", "bitsheet"),))
        with pytest.raises(MirrorHeld) as caught:
            Store.open(postgres_url, schema="bitsheet")
        assert "a session of role etl" in str(caught.value)
        assert f"pid {os.getpid()}" not in str(caught.value)


@pytest.mark.parametrize("first", ["before", "this one"])
def test_an_instance_of_the_version_before_and_one_of_this_keep_each_other_out(
    postgres_url, postgres_server, first
):
    """The version before takes one advisory lock, as the role that owns the mirror, and nothing else."""
    Store.open(postgres_url, schema="bitsheet").close()
    key = (advisory_key("postgres", "bitsheet"),)
    with psycopg.connect(postgres_server, autocommit=True) as before:
        if first == "before":
            before.execute(OLD_LOCK, key)
            with pytest.raises(MirrorHeld):
                Store.open(postgres_url, schema="bitsheet")
        else:
            with closing(Store.open(postgres_url, schema="bitsheet")):
                assert before.execute(OLD_LOCK, key).fetchone() == (False,)
            assert before.execute(OLD_LOCK, key).fetchone() == (True,)
