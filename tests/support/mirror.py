"""The oracle: what a mirror holds, read with plain SQL, against what is true on the demo portal."""

import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import psycopg

URLS = {"showUrl", "downloadUrl", "urlMachine", "url", "urlPreview", "urlShow", "urlDownload"}
KEYS = {"task_comments": ("source", "id")}


def rows(url, table, where="_deleted_at IS NULL"):
    """Every row of a table as a dict by column."""
    query = f"SELECT * FROM {table} WHERE {where}"
    return [dict(zip(names, row, strict=True)) for names, found in [select(url, query)] for row in found]


def select(url, query):
    """The column names and the rows of a query, over a connection of its own."""
    text = url.reveal()
    if text.startswith("sqlite:///"):
        connection = sqlite3.connect(text.removeprefix("sqlite:///"))
        try:
            cursor = connection.execute(query)
            return [column[0] for column in cursor.description], cursor.fetchall()
        finally:
            connection.close()
    with psycopg.connect(text) as connection:
        cursor = connection.execute(query)
        return [column.name for column in cursor.description], cursor.fetchall()


def host_of(url):
    """The socket folder of a PostgreSQL URL."""
    return parse_qs(urlsplit(url.reveal()).query)["host"][0]


def held(url, table):
    """The mirror's rows by key."""
    key = KEYS.get(table, ("id",))
    return {tuple(row[name] for name in key): row for row in rows(url, table)}


def true(world, table):
    """The portal's rows by key, with column names."""
    key = KEYS.get(table, ("id",))
    found = {}
    for raw in world.truth(table):
        row = {name.lower(): value for name, value in raw.items()}
        found[tuple(row[name] for name in key)] = row
    return found


def differences(url, world, table, limit=5):
    """What differs, in words; an empty list means mirror == portal, field by field."""
    mine, theirs = held(url, table), true(world, table)
    found = [f"missing {key}" for key in sorted(theirs.keys() - mine.keys())[:limit]]
    found += [f"invented {key}" for key in sorted(mine.keys() - theirs.keys())[:limit]]
    for key in sorted(mine.keys() & theirs.keys()):
        for name, value in theirs[key].items():
            if name not in mine[key]:
                found.append(f"{key} has no column {name}")
            elif not same(mine[key][name], value):
                found.append(f"{key}.{name}: {mine[key][name]!r} is not {value!r}")
            if len(found) >= limit:
                return found
    return found


def same(mine, theirs):
    """Whether a value of the database means what is true."""
    if theirs is None or mine is None:
        return mine is theirs
    if isinstance(theirs, datetime):
        mine = datetime.fromisoformat(mine) if isinstance(mine, str) else mine
        return mine.tzinfo is not None and mine.astimezone(UTC) == theirs
    if isinstance(theirs, date):
        return mine == theirs or mine == theirs.isoformat()
    if isinstance(theirs, bool):
        return mine in (0, 1, True, False) and bool(mine) is theirs
    if isinstance(theirs, Decimal):
        return Decimal(str(mine)) == theirs
    if isinstance(theirs, list | dict):
        mine = json.loads(mine) if isinstance(mine, str) else mine
        return plain(mine) == plain(theirs) or numbers(mine) == theirs
    return mine == theirs


def numbers(files):
    """The files of a comment as the numbers by which the truth knows them."""
    return [int(file.get("id", file.get("FILE_ID", 0))) for file in files if isinstance(file, dict)]


def plain(value):
    """JSON without addresses, which are no facts; files as their numbers."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in URLS}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
