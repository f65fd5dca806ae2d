"""The change feed as a stream: whole, in order, as it is committed, from where a consumer was, to whoever reads it."""

import json
import os
import select
import signal
import subprocess
import time
from contextlib import closing

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Store
from tests.support.commands import configure
from tests.support.store_rows import NOW, SHAPES, TABLES, deal, query, task

HOOK = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"
DEALS = TABLES["deals"]
ODD = 'Ünïcode \n\r\t\x01\x7f\x85\x9b31m\u2028\u2029 \U0001f600 "quoted" \\'
OTHERS_END = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return Secret(f"sqlite:///{tmp_path}/bitsheet.db")


@pytest.fixture
def here(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    configure(tmp_path, HOOK, f"[store]\nurl = {json.dumps(url.reveal())}\n")
    return tmp_path


def opened(url):
    store = Store.open(url)
    for name, fields in SHAPES.items():
        store.shape(TABLES[name], fields)
    return store


@pytest.fixture
def store(here, url):
    with closing(opened(url)) as store:
        yield store


def commit(store, *rows, table=DEALS, cycle=1):
    store.commit(table, rows, None, at=NOW, cycle=cycle)


def printed(capfd, *words, code=0):
    capfd.readouterr()
    assert main(["changes", *words]) == code
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


class Follows:
    """The command as a process, of which lines are read as they come."""

    def __init__(self, process):
        self.process, self._data = process, b""
        os.set_blocking(process.stdout.fileno(), True)

    def lines(self, count, seconds=30):
        until = time.monotonic() + seconds
        while self._data.count(b"\n") < count:
            assert select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))[0], (
                self._data
            )
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, self.process.stderr.read()
            self._data += more
        *found, self._data = self._data.split(b"\n", count)
        return [json.loads(line) for line in found]

    def rest(self):
        """Every whole line up to the end."""
        data = self._data + self.process.stdout.buffer.read()
        self.process.wait(timeout=30)
        return [json.loads(line) for line in data.split(b"\n")[:-1]]

    def ends(self, number=None):
        """How it ends, after a signal where one is named."""
        if number:
            self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        return code, self.process.stderr.read()


@pytest.fixture
def follows(start):
    return lambda *words: Follows(start("changes", *words))


def test_the_lines_are_json_each_on_a_line_of_its_own_whatever_is_in_them(store, capfd):
    commit(store, deal(1))
    commit(store, deal(1, TITLE=ODD), cycle=2)
    store.bury(DEALS, [1], at=NOW, cycle=3)
    insert, update, delete = printed(capfd, "--since", "0")
    assert insert == {
        "seq": 1, "at": NOW.isoformat(), "cycle": 1, "table_name": "deals", "row_id": "1", "op": "insert",
        "before": None, "after": insert["after"],
    }  # fmt: skip
    assert insert["after"]["uf_crm_list"] == ["a", "b"]
    assert (update["before"], update["after"]) == ({"title": "Deal 1"}, {"title": ODD})
    assert (delete["op"], delete["before"], delete["after"]) == ("delete", None, None)
    assert printed(capfd, "--since", "2") == [delete]
    assert printed(capfd) == [insert, update, delete]
    assert printed(capfd, "--table", "tasks") == []
    assert printed(capfd, "--table", "tasks", "--table", "deals", "--since", "1") == [update, delete]


def test_a_consumer_gets_the_tables_as_they_are_then_what_changed_since_its_last_time(store, capfd):
    commit(store, deal(2), deal(1))
    commit(store, task(7), table=TABLES["tasks"])
    first = printed(capfd, "--cursor", "bi")
    assert [(one["table_name"], one["row_id"], one["op"]) for one in first] == [
        ("deals", "1", "read"), ("deals", "2", "read"), ("tasks", "7", "read"),
    ]  # fmt: skip
    assert {one["seq"] for one in first} == {3}
    assert [one["last"] for one in first] == [False, False, True]
    assert first[0]["after"]["title"] == "Deal 1"
    assert first[0]["after"]["_deleted_at"] is None
    assert printed(capfd, "--cursor", "bi") == []
    commit(store, deal(2, TITLE="new"))
    assert [one["after"] for one in printed(capfd, "--cursor", "bi")] == [{"title": "new"}]
    assert printed(capfd, "--cursor", "bi") == []


def test_the_envelope_has_the_fields_of_debezium(store, capfd):
    commit(store, deal(1))
    envelope = ("--format", "debezium", "--since")
    commit(store, deal(1, TITLE="b"))
    store.bury(DEALS, [1], at=NOW, cycle=3)
    commit(store, deal(1, TITLE="c"))
    told = printed(capfd, *envelope, "0")
    assert [one["op"] for one in told] == ["c", "u", "d", "c"]
    create, update, delete, again = told
    assert (update["before"], update["after"]) == ({"id": 1, "title": "Deal 1"}, {"id": 1, "title": "b"})
    assert (delete["before"], delete["after"]) == ({"id": 1}, None)
    assert again["after"] == {**create["after"], "title": "c", "_deleted_at": None}
    assert create["source"].keys() == {
        "version", "connector", "name", "ts_ms", "snapshot", "db", "schema", "table", "seq", "sequence", "cycle",
        "row_id",
    }  # fmt: skip
    assert create["source"] | {"version": 0, "db": 0, "schema": 0} == {
        "version": 0, "connector": "bitsheet", "name": "bitsheet", "ts_ms": int(NOW.timestamp() * 1000),
        "snapshot": "false", "db": 0, "schema": 0, "table": "deals", "seq": 1, "sequence": '["1"]', "cycle": 1,
        "row_id": "1",
    }  # fmt: skip
    assert abs(create["ts_ms"] / 1000 - time.time()) < 60
    (row,) = printed(capfd, "--cursor", "x", "--format", "debezium")
    assert (row["op"], row["before"], row["source"]["snapshot"]) == ("r", None, "last")
    assert row["after"]["title"] == "c"


def test_a_commit_is_told_at_once_and_a_signal_ends_it_without_a_word(store, follows):
    follower = follows("--follow", "--since", "0")
    commit(store, deal(1))
    follower.lines(1)
    waits = []
    for number in range(2, 5):
        commit(store, deal(number))
        began = time.monotonic()
        (line,) = follower.lines(1)
        waits.append(time.monotonic() - began)
        assert line["row_id"] == str(number)
    assert min(waits) < 1
    assert follower.ends(signal.SIGTERM) == (0, "")


def test_a_reader_that_goes_ends_it_at_once_although_nothing_happens(store, follows):
    commit(store, deal(1))
    follower = follows("--follow")
    follower.lines(1)
    follower.process.stdout.close()
    assert follower.ends() == (0, "")


def test_a_reader_that_takes_nothing_keeps_nobody_from_stopping_it(store, follows):
    commit(store, *(deal(number, TITLE="x" * 5000) for number in range(1, 101)))
    follower = follows("--since", "0", "--cursor", "slow", "--follow")
    select.select([follower.process.stdout], [], [], 30)
    time.sleep(0.5)
    assert follower.ends(signal.SIGINT) == (0, "")
    assert query(store, "SELECT count(*) FROM bitsheet_cursors") == [(0,)]


def test_who_is_killed_goes_on_and_misses_nothing(store, follows):
    commit(store, *map(deal, range(1, 6)))
    seen = []
    for number in range(10, 16):
        follower = follows("--cursor", "bi", "--follow")
        commit(store, deal(number))
        seen += follower.lines(1)
        if number % 2:
            time.sleep(0.1)
        follower.process.kill()
        seen += follower.rest()
    follower = follows("--cursor", "bi")
    seen += follower.rest()
    assert follower.ends() == (0, "")
    assert {int(one["row_id"]) for one in seen} == {1, 2, 3, 4, 5, *range(10, 16)}


def test_one_process_at_a_time_has_a_cursor(store, follows, capfd):
    commit(store, deal(1))
    follower = follows("--cursor", "bi", "--follow")
    follower.lines(1)
    printed(capfd, "--cursor", "bi", code=75)
    assert len(printed(capfd, "--cursor", "other")) == 1
    assert follower.ends(signal.SIGTERM) == (0, "")
    assert printed(capfd, "--cursor", "bi") == []


def test_a_mirror_that_is_not_there_yet_is_waited_for_with_follow_alone(here, url, follows, capfd):
    printed(capfd, "--cursor", "bi", code=73)
    follower = follows("--cursor", "bi", "--follow")
    assert "There is no mirror" in follower.process.stderr.readline()
    with closing(opened(url)) as store:
        commit(store, deal(1))
        assert follower.lines(1)[0]["row_id"] == "1"
        commit(store, {"ID": "3", "NAME": "Ann"}, table=TABLES["contacts"])
        assert follower.lines(1)[0]["table_name"] == "contacts"


def test_a_table_that_is_filled_meanwhile_is_read_once_more_at_its_end(store, follows):
    commit(store, deal(1))
    follower = follows("--cursor", "bi", "--follow")
    assert follower.lines(1)[0]["op"] == "read"
    contacts = TABLES["contacts"]
    store.commit(contacts, [{"ID": "3", "NAME": "Ann"}], None, at=NOW, cycle=1, filling=True)
    assert follower.lines(1)[0]["after"] == {"phase": "begin"}
    commit(store, deal(2))
    assert follower.lines(1)[0]["row_id"] == "2"
    store.keep(Checkpoint(table="contacts", watermark=NOW))
    end, row = follower.lines(2)
    assert end["after"] == {"phase": "end", "rows": 1}
    assert (row["op"], row["after"]["name"], row["last"]) == ("read", "Ann", True)


def test_a_session_that_the_server_ends_is_replaced(postgres_url, tmp_path, monkeypatch, follows):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, f"[store]\nurl = {json.dumps(postgres_url.reveal())}\n")
    with closing(opened(postgres_url)) as store:
        commit(store, deal(1))
        follower = follows("--cursor", "bi", "--follow")
        follower.lines(1)
        for number in (2, 3):
            query(store, OTHERS_END)
            commit(store, deal(number))
            assert follower.lines(1)[0]["row_id"] == str(number)
        assert follower.ends(signal.SIGTERM)[0] == 0


def test_lines_that_are_not_kept_any_more_are_an_error_that_says_what_to_do(store, capfd):
    commit(store, *map(deal, range(1, 6)))
    printed(capfd, "--cursor", "bi")
    commit(store, *(deal(number, TITLE="b") for number in range(1, 6)))
    query(store, "DELETE FROM bitsheet_changes WHERE seq <= 8 RETURNING 1")
    store.remember("changes_cut", "8")
    for words in (("--since", "3"), ("--cursor", "bi"), ("--since", "99")):
        assert main(["changes", *words]) == 73
        assert "Begin anew" in capfd.readouterr().err
    assert [one["seq"] for one in printed(capfd)] == [9, 10]
    assert main(["changes", "--cursor", "bi", "--drop"]) == 0
    assert len(printed(capfd, "--cursor", "bi")) == 5


def test_cursors_are_listed_and_dropped(store, capfd):
    commit(store, deal(1))
    printed(capfd, "--cursor", "bi", "--table", "deals")
    commit(store, deal(2))
    capfd.readouterr()
    assert main(["changes", "--cursors"]) == 0
    name, seq, behind, _, seconds, what = capfd.readouterr().out.rstrip("\n").split("\t")
    assert (name, seq, behind, what) == ("bi", "1", "1", "changes --table deals")
    assert int(seconds) < 60
    assert main(["changes", "--cursor", "bi", "--drop"]) == 0
    assert main(["changes", "--cursors"]) == 0
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--table", "dels"), "did you mean deals"),
        (("--since", "-1"), "must be 0 or more"),
        (("--since", "x"), "no whole number"),
        (("--cursor", "../etc"), "cannot be the name"),
        (("--cursor", "bi", "--since", "1"), "leave --since out"),
        (("--cursor", "bi", "--table", "deals"), "the same tables"),
        (("--cursor", "bii", "--drop"), "did you mean bi"),
        (("--drop",), "goes with --cursor"),
        (("--cursors", "--follow"), "goes alone"),
        (("--format", "xml"), "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(sqlite_url, tmp_path, monkeypatch, capfd, words, told):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, f"[store]\nurl = {json.dumps(sqlite_url.reveal())}\n")
    with closing(opened(sqlite_url)) as store:
        commit(store, deal(1))
    assert main(["changes", "--cursor", "bi"]) == 0
    capfd.readouterr()
    assert main(["changes", *words]) == 64
    out, err = capfd.readouterr()
    assert told in err
    assert out == ""


def test_a_pipe_to_head_ends_well(store, start, here):
    commit(store, *(deal(number, TITLE="x" * 5000) for number in range(1, 101)))
    process = start("changes", "--since", "0")
    head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, text=True, check=True)
    process.stdout.close()
    assert json.loads(head.stdout)["seq"] == 1
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""
