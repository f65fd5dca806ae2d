"""A lake is what the mirror was at the line that it says, whatever happened to either."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from contextlib import ExitStack, closing
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bitsheet_tui.errors import LinesGone, MirrorHeld, UsageError
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Checkpoint, Store
from bitsheet_tui.store.changes import Changes
from bitsheet_tui.store.cursors import Cursors
from tests.support import lake_tables
from tests.support.proof import times
from tests.support.store_rows import CONTACT, DEAL, NOW, TABLES, deal, query

pytestmark = pytest.mark.proofs
DEALS, CONTACTS = TABLES["deals"], TABLES["contacts"]
NOTE = Field(name="UF_CRM_NOTE", kind=Kind.TEXT)


@pytest.fixture
def store(store_url):
    with_deals = Store.open(store_url)
    with_deals.shape(DEALS, DEAL)
    yield with_deals
    with_deals.close()


def commit(store, *rows, table=DEALS, floor=0, cycle=1, later=0):
    at = NOW + timedelta(seconds=later)
    checkpoint = Checkpoint(table=table.name, watermark=NOW, reach=10**6, floor=floor, fill_started=NOW)
    return store.commit(table, rows, checkpoint, at=at, cycle=cycle, filling=True)


@pytest.fixture
def following(store_url, tmp_path):
    """Brings the lake up to date, as a process of its own would each time; gives what it said."""
    from bitsheet_tui.feed.lake import Folder, Lake

    def once(path=tmp_path / "lake", retention=168, **patched):
        said, changes, folder = [], Changes.open(store_url), None
        try:
            folder = Folder(path)
            found = Lake(
                changes, folder, retention=retention, say=said.append, cursors=patched.get("cursors")
            )
            found.once()
        finally:
            changes.close()
            if folder:
                folder.close()
        return "\n".join(said)

    once.path = tmp_path / "lake"
    return once


def same(store_url, following, **how):
    return lake_tables.differences(store_url, following.path, **how) == []


def test_it_becomes_what_the_mirror_is_through_everything_that_happens_to_a_table(
    store, store_url, following
):
    commit(store, *(deal(n) for n in range(1, 60)))
    assert "deals 59 rows, read whole" in following()
    assert same(store_url, following)
    commit(
        store,
        deal(3, TITLE="it's 'new'\n\x01\U0001f600", OPPORTUNITY=None, UF_CRM_LIST=[{"b": 1.5}]),
        deal(60),
        later=1,
    )
    store.bury(DEALS, [4, 5], at=NOW + timedelta(seconds=2), cycle=2)
    assert "deals 4 rows;" in following()
    assert same(store_url, following)
    commit(store, deal(4, CLOSED="Y", OPPORTUNITY="0.1"), later=3)  # undeleted
    store.shape(DEALS, [*DEAL, NOTE])  # a new column
    commit(store, deal(7, UF_CRM_NOTE="noted"), later=4)
    assert "deals 2 rows;" in following()
    assert same(store_url, following)
    store.shape(
        DEALS,
        [*(f for f in DEAL if f.name != "OPPORTUNITY"), Field(name="OPPORTUNITY", kind=Kind.TEXT), NOTE],
    )
    commit(store, deal(8, OPPORTUNITY="a lot"), later=5)  # a widened one
    assert "deals 60 rows, read whole" in following()
    assert same(store_url, following)
    _, seq = lake_tables.mirror(store_url)
    assert lake_tables.seqs(following.path) == {"deals": seq}
    assert following() == ""


def test_a_table_is_there_when_its_first_filling_has_ended_and_contact_points_come_with_their_owners(
    store, store_url, following
):
    commit(store, deal(1))
    store.shape(CONTACTS, CONTACT)
    ann = {
        "ID": "1",
        "NAME": "Ann",
        "PHONE": [{"ID": "5", "VALUE": "+7900", "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"}],
    }
    commit(store, ann, table=CONTACTS, floor=1)
    following()
    assert lake_tables.tables(following.path) == ["deals"]
    commit(store, {"ID": "2", "NAME": "Bob"}, table=CONTACTS)
    following()
    assert lake_tables.tables(following.path) == ["contact_points", "contacts", "deals"]
    assert same(store_url, following)
    commit(store, {**ann, "PHONE": [{**ann["PHONE"][0], "VALUE": "+7901"}]}, table=CONTACTS, later=1)
    said = following()
    assert "contacts 1 rows" in said
    assert "contact_points 1 rows" in said
    assert same(store_url, following)


def test_a_number_that_has_more_digits_makes_its_column_a_text_and_no_digit_is_lost(
    store, store_url, following
):
    commit(store, deal(1, OPPORTUNITY="12345678901234567890.123"), deal(2, OPPORTUNITY="0.30000000000000004"))
    following()
    assert same(store_url, following)
    long = "0.1234567890123456789012" if store_url.reveal().startswith("postgres") else "1e-25"
    commit(store, deal(3, OPPORTUNITY=long), later=1)
    following()
    keys = {"deals": ("id",)}
    found = {
        key[0]: row["opportunity"] for key, row in lake_tables.lake(following.path, keys)["deals"].items()
    }
    there = {id_: Decimal(str(value)) for id_, value in query(store, "SELECT id, opportunity FROM deals")}
    assert {id_: Decimal(value) for id_, value in found.items()} == there
    assert {type(value) for value in found.values()} == {str}
    commit(store, deal(1, OPPORTUNITY="7"), later=2)
    assert "1 rows;" in following()  # merged: it stays a text


def forget(store, table, id_):
    """What `forget` leaves: no row, older lines redacted, a marker."""
    database = store._database

    def work():
        mark = database.dialect.mark
        database.execute(f"DELETE FROM {table} WHERE id = {mark}", (id_,))
        database.execute("DELETE FROM contact_points WHERE owner_id = " + mark, (id_,))
        database.execute(f"UPDATE bitsheet_changes SET before = NULL, after = NULL WHERE row_id = '{id_}'")
        database.execute(
            "INSERT INTO bitsheet_changes (at, cycle, table_name, row_id, op, before, after)"
            f" VALUES ({database.dialect.marks(7)})",
            (NOW.isoformat(), 0, table, str(id_), "delete", None, json.dumps({"forgotten": True})),
        )

    database.write(work)


def redact(store, table, field):
    database = store._database

    def work():
        database.execute(f"UPDATE {table} SET {field} = NULL")
        after = json.dumps({"phase": "redacted", "fields": [field]})
        database.execute(
            "INSERT INTO bitsheet_changes (at, cycle, table_name, row_id, op, before, after)"
            f" VALUES ({database.dialect.marks(7)})",
            (NOW.isoformat(), 0, table, None, "snapshot", None, after),
        )

    database.write(work)


def test_no_byte_of_what_was_forgotten_or_redacted_is_left_in_the_folder(store, store_url, following):
    store.shape(CONTACTS, CONTACT)
    people = [
        {"ID": str(n), "NAME": f"Name {n}", "PHONE": [{"ID": str(n), "VALUE": f"+7900{n}", "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"}]}
        for n in range(1, 30)
    ]  # fmt: skip
    people[6]["NAME"] = "Zyxwv Forgetmenot"
    people[6]["PHONE"][0]["VALUE"] = "+79001234567"
    commit(store, *people, table=CONTACTS)
    commit(store, deal(1, TITLE="Secrettitle"), deal(2))
    following()
    commit(store, {**people[6], "NAME": "Forgetmenot-Smith"}, table=CONTACTS, later=1)
    following()
    commit(store, deal(1, TITLE="Secrettitle again"), later=2)
    following()
    names = ("Forgetmenot", "+79001234567", "Secrettitle")
    assert [name for name in names if name.encode() in lake_tables.bytes_of(following.path)] == [*names]
    forget(store, "contacts", 7)
    said = following()
    assert "contacts 0 rows, 1 erased, older versions erased" in said
    assert same(store_url, following)
    found = lake_tables.bytes_of(following.path)
    assert [name for name in names if name.encode() in found] == ["Secrettitle"]
    redact(store, "deals", "title")
    following()
    assert same(store_url, following)
    assert [name for name in names if name.encode() in lake_tables.bytes_of(following.path)] == []
    commit(store, {"ID": "31", "NAME": "New"}, table=CONTACTS, later=3)
    following()
    assert same(store_url, following)


def test_an_erasure_that_was_killed_is_done_again(store, store_url, following, monkeypatch):
    from bitsheet_tui.feed.delta import Delta

    class Killed(BaseException):
        pass

    def killed(_):
        raise Killed

    store.shape(CONTACTS, CONTACT)
    commit(store, {"ID": "7", "NAME": "Forgetmenot"}, {"ID": "8", "NAME": "Ann"}, table=CONTACTS)
    following()
    forget(store, "contacts", 7)
    with monkeypatch.context() as patched:
        patched.setattr(Delta, "forget_versions", killed)
        with pytest.raises(Killed):
            following()
    (following.path / "contacts" / "part-1.parquet#1").write_bytes(
        b"Forgetmenot"
    )  # as a killed writer leaves it
    assert b"Forgetmenot" in lake_tables.bytes_of(following.path)
    following()
    assert b"Forgetmenot" not in lake_tables.bytes_of(following.path)
    assert same(store_url, following)


def test_a_lake_whose_lines_are_gone_is_read_anew_and_one_of_another_mirror_is_refused(
    store, store_url, following, tmp_path
):
    commit(store, deal(1), deal(2))
    commit(store, deal(1, TITLE="x"), later=1)
    following()
    commit(store, deal(1, TITLE="y"), later=2)
    commit(store, deal(2, TITLE="z"), later=3)
    newest = query(store, "SELECT max(seq) FROM bitsheet_changes")[0][0]
    cut(store, newest - 1)
    said = following()
    assert "Every table is read anew" in said
    assert same(store_url, following)
    state = following.path / "bitsheet-lake.json"
    told = json.loads(state.read_text())
    for changed in ({"seq": newest + 1}, {"mark": [NOW.isoformat(), 77, "deals"]}):
        state.write_text(json.dumps({**told, **changed}))
        with pytest.raises(LinesGone, match="is not of"):
            following()


def cut(store, seq):
    database = store._database
    database.write(lambda: database.execute(f"DELETE FROM bitsheet_changes WHERE seq <= {seq}"))
    insert = "INSERT INTO bitsheet_meta (key, value) VALUES ('changes_cut', '{}')"
    database.write(lambda: database.execute(insert.format(seq)))


def test_it_goes_on_when_the_mirror_was_away_or_is_another_file(sqlite_url, tmp_path, monkeypatch):
    from bitsheet_tui.feed import lake

    monkeypatch.setattr(lake, "AGAIN", 0.05)
    file, said = tmp_path / "mirror.db", []
    with closing(Store.open(sqlite_url)) as store:
        store.shape(DEALS, DEAL)
        commit(store, deal(1))
    with closing(lake.Folder(tmp_path / "lake")) as folder, ExitStack() as ending:

        def opened():
            cursors = ending.enter_context(closing(Cursors.open(sqlite_url)))
            cursors.take(folder.cursor)
            return Changes.open(sqlite_url), cursors

        changes, cursors = opened()
        found = lake.Lake(changes, folder, retention=168, say=said.append, cursors=cursors, again=opened)
        thread = threading.Thread(target=found.run, kwargs={"every": 0.01})
        thread.start()
        wait_until(lambda: said)
        shutil.copy(file, tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(file)
        with closing(Store.open(sqlite_url)) as store:
            commit(store, deal(2), later=1)
        wait_until(lambda: "deals 1 rows;" in said[-1])
        found.stop()
        thread.join(5)
        assert not thread.is_alive()
        found.close()
    assert "tried again" in said[1]
    assert not any("stays where it is" in one for one in said)
    with closing(Cursors.open(sqlite_url)) as after:
        assert after.find(folder.cursor).seq == folder.position.seq
    assert lake_tables.differences(sqlite_url, tmp_path / "lake") == []


def wait_until(true, seconds=30):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def random_changes(store, chance, shape, second):
    """A few rows come, change, go, come back; now and then a column comes or widens."""
    ids = chance.sample(range(1, 40), chance.randrange(1, 9))
    numbers = ("5", "1000.5", "0.10", None, "17") if "OPPORTUNITY" not in shape else ("lots", "5", None)
    more = {"UF_CRM_NOTE": chance.choice(("a", None))} if "UF_CRM_NOTE" in shape else {}
    happens = chance.random()
    if happens < 0.2:
        store.bury(DEALS, ids, at=NOW + timedelta(seconds=second), cycle=second)
    elif happens < 0.3:
        shape.add(chance.choice(("UF_CRM_NOTE", "OPPORTUNITY")))
        fields = [
            replace(one, kind=Kind.TEXT) if one.name == "OPPORTUNITY" and one.name in shape else one
            for one in DEAL
        ]
        store.shape(DEALS, [*fields, *([NOTE] if "UF_CRM_NOTE" in shape else [])])
    else:
        rows = [
            deal(
                id_, OPPORTUNITY=chance.choice(numbers), CLOSED=chance.choice("YN"), TITLE=f"{second}", **more
            )
            for id_ in ids
        ]
        commit(store, *rows, later=second)


@pytest.mark.parametrize("seed", range(times("LAKE_HISTORIES", 1, 4)))
def test_it_is_the_mirror_at_every_line_that_it_says_through_any_history(store, store_url, following, seed):
    chance, shape = random.Random(seed), set()
    commit(store, *(deal(n) for n in range(1, 20)))
    for second in range(1, 30):
        random_changes(store, chance, shape, second)
        if chance.random() < 0.3:
            following()
            assert lake_tables.differences(store_url, following.path) == [], second
            assert lake_tables.seqs(following.path)["deals"] <= lake_tables.mirror(store_url)[1]


def test_a_table_that_somebody_removed_is_made_again(store, store_url, following):
    commit(store, deal(1))
    following()
    shutil.rmtree(following.path / "deals")
    following()
    assert same(store_url, following)


def test_one_process_has_a_folder_and_it_holds_nothing_else(store, following, tmp_path):
    from bitsheet_tui.feed.lake import Folder

    folder = Folder(tmp_path / "lake")
    with pytest.raises(MirrorHeld, match="another process keeps the lake"):
        Folder(tmp_path / "lake")
    folder.close()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match="something else"):
        Folder(tmp_path / "photos")
    with pytest.raises(UsageError, match="no folder"):
        Folder(tmp_path / "photos" / "cat.jpg")


def test_its_cursor_stands_in_the_mirror(store, store_url, following):
    commit(store, deal(1))
    cursors = Cursors.open(store_url)
    try:
        following(cursors=cursors)
        (cursor,) = cursors.all()
    finally:
        cursors.close()
    assert cursor.seq == query(store, "SELECT max(seq) FROM bitsheet_changes")[0][0]
    assert cursor.description == f"lake {following.path}"


def test_a_resync_that_changes_many_rows_reads_the_table_whole_and_one_that_changes_none_writes_nothing(
    store, store_url, following, monkeypatch
):
    from bitsheet_tui.feed import lake

    monkeypatch.setattr(lake, "MOST", 20)
    commit(store, *(deal(n) for n in range(1, 40)))
    following()
    commit(store, *(deal(n) for n in range(1, 40)), later=1)
    assert following() == ""
    commit(store, *(deal(n, TITLE=f"again {n}") for n in range(1, 40)), later=2)
    store.bury(DEALS, [3], at=NOW + timedelta(seconds=3), cycle=3)
    assert "deals 39 rows, read whole" in following()
    assert same(store_url, following)


def test_a_merge_that_would_write_too_much_anew_reads_the_table_whole_in_bounded_memory(
    store, store_url, following, monkeypatch
):
    from bitsheet_tui.feed import delta, lake

    monkeypatch.setattr(delta, "FILE_BYTES", 3000)
    commit(store, *(deal(n, TITLE=f"{n}" * 9) for n in range(1, 400)))
    following()
    monkeypatch.setattr(lake, "MERGED", 1)
    commit(store, deal(1000), later=1)  # in no file yet
    assert "deals 1 rows;" in following()
    commit(store, deal(7, TITLE="seven"), later=2)
    assert "deals 400 rows, read whole" in following()
    assert same(store_url, following)


def test_many_changes_become_few_files_and_old_ones_go(store, store_url, following, monkeypatch):
    from bitsheet_tui.feed import delta, lake

    monkeypatch.setattr(delta, "SMALL_FILES", 3)
    commit(store, *(deal(n) for n in range(1, 9)))
    for n in range(10, 16):
        commit(store, deal(n), later=n)
        following()
    from deltalake import DeltaTable

    assert len(DeltaTable(following.path / "deals").file_uris()) <= 4
    monkeypatch.setattr(lake, "DAY", -1.0)
    following(retention=0)
    files = [*(following.path / "deals").glob("*.parquet")]
    assert {str(file) for file in files} == set(DeltaTable(following.path / "deals").file_uris())
    assert same(store_url, following)
