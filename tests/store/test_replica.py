"""A replica becomes what its source is, on either database, and every commit of it is a moment of the source."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.store.replica import Replica
from bitsheet_tui.store.source import Source
from tests.support.feed_history import begun
from tests.support.mirror import select
from tests.support.store_rows import CONTACT, NOW, TABLES

OWN = {"bitsheet_meta", "bitsheet_control"}
DIRECTIONS = [(a, b) for a in ("sqlite", "postgresql") for b in ("sqlite", "postgresql")]


@pytest.fixture
def pair(request, tmp_path, postgres_url):
    """The URLs of a source and of a place for its replica."""

    def url(kind: str, name: str) -> Secret:
        if kind == "sqlite":
            return Secret(f"sqlite:///{tmp_path}/{name}.db")
        with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return Secret(f"{postgres_url.reveal()}&options=-csearch_path%3D{name}")

    source, target = request.param
    return (url(source, "there"), url(target, "here"))


class Copy:
    """A source that something happens to, and its replica."""

    def __init__(self, pair):
        self.there, self.here = pair
        self.source = None
        self.replica = None

    def open_store(self) -> Store:
        return Store.open(self.there, schema="there")

    def open(self) -> None:
        self.replica = Replica.open(self.here, schema="here")
        self.source = Source.open(self.there, schema="there", base=None)
        self.replica.need_fit(self.source)

    def close(self) -> None:
        for one in (self.source, self.replica):
            if one:
                one.close()
        self.source = self.replica = None

    def catch_up(self, *, whole: bool = False):
        if self.replica is None:
            self.open()
        while self.replica.copy_some(self.source):
            pass
        return self.replica.follow(self.source, whole=whole)


@pytest.fixture
def copy(pair):
    made = Copy(pair)
    yield made
    made.close()


def everything(url):
    """Every table but those of the instance itself, row by row, as values that both databases spell alike."""
    postgres = url.reveal().startswith("postgresql")
    listing = (
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        if postgres
        else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    found = {}
    for (table,) in select(url, listing)[1]:
        if table in OWN:
            continue
        columns, rows = select(url, f'SELECT * FROM "{table}"')
        order = sorted(range(len(columns)), key=lambda place: columns[place])
        found[table] = (
            [columns[place] for place in order],
            sorted((tuple(plain(columns[place], row[place]) for place in order) for row in rows), key=repr),
        )
    return found


def plain(name, value):
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(Decimal(str(value)).normalize() + 0)
    if isinstance(value, dict | list):
        return numbers(value)
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return numbers(json.loads(value))
        except ValueError:
            return value
    return value


def numbers(value):
    return json.dumps(value, sort_keys=True)


def differences(copy):
    there, here = everything(copy.there), everything(copy.here)
    found = []
    for table in sorted(there.keys() | here.keys()):
        if there.get(table) != here.get(table):
            (names, rows), (mine, others) = there.get(table, ([], [])), here.get(table, ([], []))
            missing = [row for row in rows if row not in others][:2]
            invented = [row for row in others if row not in rows][:2]
            found.append((table, set(names) ^ set(mine), len(rows), len(others), missing, invented))
    return found


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("pair", DIRECTIONS, indirect=True, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_replica_becomes_and_stays_what_its_source_is(copy):
    history = begun(7, copy.open_store)
    try:
        copy.catch_up()
        assert differences(copy) == []
        for _ in range(12):
            history.step()
            copy.catch_up(whole=True)
            assert differences(copy) == []
    finally:
        history.store.close()


class Killed(BaseException):
    """The process ends before a commit, or while it reads."""


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize(
    "pair",
    [("sqlite", "postgresql"), ("postgresql", "sqlite")],
    indirect=True,
    ids=lambda p: f"{p[0]}-{p[1]}",
)
def test_killed_again_and_again_on_either_side_it_becomes_what_its_source_is(copy):
    history = begun(11, copy.open_store)
    chance = random.Random(3)
    kills = 0

    def perhaps(work):
        def wrapped(*words):
            if chance.random() < 0.02:
                raise Killed
            return work(*words)

        return wrapped

    try:
        for turn in range(12):
            try:
                copy.open()
                driver = copy.replica._database.driver
                driver.before_commit = perhaps(driver.before_commit)
                copy.source._ask = perhaps(copy.source._ask)
                copy.catch_up(whole=turn % 2 == 0)
            except Killed:
                kills += 1
            copy.close()
            history.step()
        assert kills > 3
        copy.catch_up(whole=True)
        assert differences(copy) == []
    finally:
        history.store.close()


@pytest.mark.parametrize("pair", [("sqlite", "sqlite")], indirect=True)
def test_what_is_forgotten_is_in_no_byte_of_the_replica(copy, tmp_path):
    store = copy.open_store()
    table, secret = TABLES["contacts"], "Zarathustra"
    store.shape(table, CONTACT)
    rows = [
        {"ID": f"{n}", "NAME": f"Somebody {n}", "PHONE": [{"ID": "1", "VALUE": f"+7{n}"}]} for n in (1, 2)
    ]
    rows[0] |= {"NAME": secret, "PHONE": [{"ID": "1", "VALUE": secret, "TYPE_ID": "PHONE"}]}
    store.commit(table, rows, None, at=NOW, cycle=1)
    copy.catch_up()

    def found():
        files = [tmp_path / f"here.db{end}" for end in ("", "-wal")]
        return [file.name for file in files if file.exists() and secret.encode() in file.read_bytes()]

    assert found()
    store.forget_row(table, 1, at=NOW, cycle=2)
    copy.catch_up()
    assert differences(copy) == []
    copy.close()
    store.close()
    assert found() == []
