"""A row that is too big for PostgreSQL is stored all the same, with its longest values in `extra`."""

from __future__ import annotations

import json
from contextlib import closing

import psycopg
import pytest

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Store, overflow
from bitsheet_tui.store.dialects import POSTGRESQL
from bitsheet_tui.store.layout import Column, build
from bitsheet_tui.store.reader import Reader
from tests.support.store_rows import DEAL, NOW, TABLES, deal, query

DEALS = TABLES["deals"]
WIDE = tuple(Field(name=f"UF_{n}", kind=Kind.TEXT) for n in range(600))
EVERY_KIND = tuple(
    Field(name=f"UF_{kind.value}_{n}".upper(), kind=kind)
    for kind in Kind
    if kind is not Kind.REFERENCE
    for n in range(150)
)
VALUES = {
    Kind.INTEGER: "9007199254740993",
    Kind.NUMERIC: "12345678901234567890.123456",
    Kind.BOOLEAN: "Y",
    Kind.INSTANT: "2026-03-01T11:00:00+00:00",
    Kind.DATE: "2026-03-01T00:00:00+00:00",
    Kind.JSON: [{"a": 1.5, "ü": ["x" * 30]}],
    Kind.TEXT: "words of more than twenty-four letters",
}


def long(letter="x"):
    """What each of the 600 fields holds: about 400 letters."""
    return {field.name: f"{letter}{field.name} " * 60 for field in WIDE}


def commit(store, rows, cycle=1):
    done = store.commit(DEALS, rows, None, at=NOW, cycle=cycle)
    return done.inserted, done.updated, done.unchanged, done.quarantined


def told(store):
    lines = query(store, "SELECT op, after FROM bitsheet_changes WHERE op <> 'snapshot' ORDER BY seq")
    return [(op, json.loads(after or "{}")) for op, after in lines]


def missing(store, id_=1):
    """How many of the fields are not in their columns."""
    columns = ", ".join(field.column for field in WIDE)
    ((*row,),) = query(store, f"SELECT {columns} FROM deals WHERE id = ?", id_)
    return row.count(None)


def extra(store, id_=1):
    ((kept,),) = query(store, "SELECT extra FROM deals WHERE id = ?", id_)
    return json.loads(kept or "{}")


@pytest.fixture
def pg(postgres_url):
    with closing(Store.open(postgres_url)) as store:
        store.shape(DEALS, (*DEAL, *WIDE))
        yield store


@pytest.mark.parametrize("count", [1, pytest.param(110, marks=pytest.mark.slow)])
def test_six_hundred_long_texts_in_a_row_are_all_there(pg, count):
    page = [deal(n, **long()) for n in range(1, count + 1)] + [deal(1000)]
    assert commit(pg, page) == (count + 1, 0, 0, 0)
    lost = missing(pg)
    assert 0 < lost < 320
    assert {name: value for name, value in long().items() if name in extra(pg)} == extra(pg)
    assert len(extra(pg)) == lost
    assert not extra(pg, 1000)
    ((in_view,),) = query(pg, "SELECT count(*) FROM v_deals WHERE uf_0 = ? AND uf_599 = ?", *(
        long()[name] for name in ("UF_0", "UF_599")
    ))  # fmt: skip
    assert in_view == count
    assert commit(pg, page, 2) == (0, 0, count + 1, 0)
    assert not pg.reconciles.compare(DEALS, page)


@pytest.mark.parametrize("count", [1, pytest.param(110, marks=pytest.mark.slow)])
def test_a_row_that_becomes_too_big_and_fits_again_is_told_as_a_whole(pg, count):
    numbers = range(1, count + 1)
    commit(pg, [deal(n) for n in numbers])
    assert commit(pg, [deal(n, **long()) for n in numbers], 2) == (0, count, 0, 0)
    assert missing(pg)
    assert told(pg)[-1] == ("update", {name.lower(): value for name, value in long().items()})
    changed = long() | {"UF_7": "another"}
    assert commit(pg, [deal(n, **changed) for n in numbers], 3) == (0, count, 0, 0)
    assert told(pg)[-1] == ("update", {"uf_7": "another"})
    few = {field.name: f"{field.name} " * 40 for field in WIDE[:200]}
    assert commit(pg, [deal(n, **few) for n in numbers], 4) == (0, count, 0, 0)
    assert missing(pg) == 400
    assert extra(pg) == {}
    assert commit(pg, [deal(n, **few) for n in numbers], 5) == (0, 0, count, 0)


def test_the_record_shows_each_value_at_its_field(pg, postgres_url):
    commit(pg, [deal(1, **long())])
    with closing(Reader.open(postgres_url)) as reader:
        found = reader.record("deals", (1,))
    shown = {entry.column.field.name: entry.value for entry in found.entries}
    assert {field.name: shown[field.name] for field in WIDE} == long()
    assert found.extra is None


def test_values_of_every_kind_come_back_as_they_went(postgres_url):
    page = [deal(1, **{field.name: VALUES[field.kind] for field in EVERY_KIND})]
    with closing(Store.open(postgres_url)) as store:
        store.shape(DEALS, (*DEAL, *EVERY_KIND))
        assert commit(store, page) == (1, 0, 0, 0)
        assert extra(store)
        assert commit(store, page, 2) == (0, 0, 1, 0)


@pytest.mark.parametrize("room", [0, 500, 5000])
def test_what_is_folded_and_unfolded_is_the_same_row(room):
    columns = [Column(field=field, name=field.column) for field in (*DEAL, *EVERY_KIND)]
    layout = build(DEALS, columns, POSTGRESQL, raw=False)
    portal = deal(1, **{field.name: VALUES[field.kind] for field in EVERY_KIND})
    (row,) = layout.convert_all([portal]).rows
    folded = overflow.fold(layout, row, room)
    assert folded != row
    assert overflow.unfold(layout, folded) == row


def test_a_row_that_just_fits_can_be_marked_as_deleted(pg):
    """Marking takes bytes of the row: one of these sizes has none left."""
    for number in range(1, 60):
        commit(
            pg,
            [
                deal(
                    number,
                    **{f.name: "y" * 30 for f in WIDE[:400]},
                    **{WIDE[400 + n].name: "z" for n in range(number)},
                )
            ],
        )
    ids = list(range(1, 60))
    assert pg.bury(DEALS, ids, at=NOW, cycle=2) == len(ids)
    assert query(pg, "SELECT count(*) FROM deals WHERE _deleted_at IS NULL") == [(0,)]


def test_a_mirror_of_before_gets_its_column(postgres_url):
    with closing(Store.open(postgres_url)) as store:
        store.shape(DEALS, (*DEAL, *WIDE))
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as admin:
        admin.execute("ALTER TABLE deals DROP COLUMN extra CASCADE")
        admin.execute("DELETE FROM bitsheet_meta WHERE key = 'views'")
    with closing(Store.open(postgres_url)) as store:
        assert commit(store, [deal(1, **long())]) == (1, 0, 0, 0)
        assert query(store, "SELECT uf_599 FROM v_deals") == [(long()["UF_599"],)]
