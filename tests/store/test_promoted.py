"""An engine that goes on with a promoted replica takes no row for another than it was."""

from datetime import timedelta

import psycopg
import pytest

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Store
from bitsheet_tui.store.replica import Replica
from bitsheet_tui.store.source import Source
from tests.support.store_rows import DEAL, NOW, TABLES, deal

WIDE = 1700  # columns, of which PostgreSQL has room for 1,500
KINDS = (Kind.TEXT, Kind.NUMERIC, Kind.BOOLEAN, Kind.INSTANT, Kind.DATE, Kind.JSON, Kind.REFERENCE)
VALUES = {
    Kind.TEXT: "long enough " * 3, Kind.NUMERIC: "10.50", Kind.BOOLEAN: "N",
    Kind.INSTANT: "2026-01-02T03:04:05+03:00", Kind.DATE: "2026-01-02T03:00:00+03:00",
    Kind.JSON: [{"b": 1.5, "a": "é"}], Kind.REFERENCE: "7",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [("sqlite", "postgresql"), ("postgresql", "sqlite")], ids="-".join)
def test_rows_that_are_read_again_are_as_they_were_however_many_columns_there_are(
    kinds, sqlite_url, postgres_url
):
    there, here = (sqlite_url if kind == "sqlite" else postgres_url for kind in kinds)
    own = [Field(name=f"UF_CRM_{n}", kind=KINDS[n % len(KINDS)]) for n in range(WIDE - len(DEAL))]
    rows = [deal(n, **{field.name: VALUES[field.kind] for field in own[n::2]}) for n in (1, 2)]
    store = Store.open(there)
    store.shape(TABLES["deals"], [*DEAL, *own])
    done = Checkpoint(table="deals", watermark=NOW, reach=2, floor=0, fill_started=NOW)
    store.commit(TABLES["deals"], rows, done, at=NOW, cycle=1, filling=True)
    store.bury(TABLES["deals"], [2], at=NOW, cycle=1)
    store.close()
    replica, source = Replica.open(here), Source.open(there, schema="public", base=None)
    while replica.copy_some(source):
        pass
    replica.follow(source, whole=True)
    replica.promote()
    replica.close()
    source.close()
    store = Store.open(here)
    try:
        assert not store.drift(TABLES["deals"], [*DEAL, *own])
        assert store.checkpoint("deals") == done
        stored = store.commit(TABLES["deals"], rows[:1], None, at=NOW + timedelta(days=1), cycle=2)
        assert (stored.unchanged, stored.updated, stored.inserted) == (1, 0, 0)
        assert store.ids(TABLES["deals"]) == [1]
    finally:
        store.close()


@pytest.mark.slow
def test_numbers_of_the_feed_go_on_after_those_that_were_copied(sqlite_url, postgres_url):
    store = Store.open(sqlite_url)
    store.shape(TABLES["deals"], DEAL)
    store.commit(TABLES["deals"], [deal(n) for n in range(1, 30)], None, at=NOW, cycle=1)
    store.close()
    replica, source = Replica.open(postgres_url), Source.open(sqlite_url, schema="public", base=None)
    while replica.copy_some(source):
        pass
    last = replica.follow(source).seq
    replica.promote()
    replica.close()
    source.close()
    store = Store.open(postgres_url)
    store.commit(TABLES["deals"], [deal(40)], None, at=NOW, cycle=2)
    store.close()
    with psycopg.connect(Secret(postgres_url.reveal()).reveal()) as connection:
        assert connection.execute("SELECT max(seq) FROM bitsheet_changes").fetchone() == (last + 1,)


def test_a_table_that_was_being_filled_is_filled_anew_where_its_rows_were_not_all_copied(tmp_path):
    there, here = (Secret(f"sqlite:///{tmp_path}/{name}.db") for name in ("there", "here"))
    store = Store.open(there)
    store.shape(TABLES["deals"], DEAL)

    def fill(*ids: int) -> None:
        progress = Checkpoint(table="deals", watermark=NOW, reach=9, floor=min(ids), fill_started=NOW)
        rows = [deal(n) for n in ids]
        store.commit(TABLES["deals"], rows, progress, at=NOW, cycle=1, filling=True)

    fill(9, 8)
    replica, source = Replica.open(here), Source.open(there, schema="public", base=None)
    while replica.copy_some(source):
        pass
    replica.follow(source)
    assert replica.checkpoint("deals").floor == 8  # the first time everything is compared
    fill(7, 6)
    replica.follow(source)
    assert replica.ids(TABLES["deals"]) == [8, 9]
    assert replica.checkpoint("deals").floor is None
    replica.follow(source, whole=True)
    assert replica.ids(TABLES["deals"]) == [6, 7, 8, 9]
    assert replica.checkpoint("deals").floor == 6
    for one in (replica, source, store):
        one.close()
