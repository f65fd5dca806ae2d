"""What is excluded, hashed, masked or forgotten is nowhere: not in a table, not in a byte of the files."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.commands import Resync
from bitsheet_tui.config import StoreSettings, SyncSettings
from bitsheet_tui.config.settings import PrivacySettings
from bitsheet_tui.errors import ConfigError
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.store import redaction
from bitsheet_tui.sync.verify import verify
from tests.support import mirror
from tests.support.sync_run import config, ids, once, portal

pytestmark = pytest.mark.slow
SIZE = Size(leads=9, contacts=20, companies=6, deals=12, activities=30, tasks=8, users=6, departments=2)
PHONE, EMAIL, NAME, LAST = "+905551234567", "kanarya@example.org", "Kanaryaad", "Kanaryasoyad"
CANARIES = (PHONE, EMAIL, NAME, LAST)
RULES = PrivacySettings(
    exclude=("contacts.phone", "contacts.NAME"), hash=("email",), mask=("Contacts.last_name",)
)


def points(type_, value):
    return [{"ID": "990001", "VALUE_TYPE": "WORK", "VALUE": value, "TYPE_ID": type_}]


def plant(demo):
    """One contact whose values are nobody else's, in all places that the portal copies them to."""
    world = demo.world
    person, talk = ids(demo, "contacts")[4], ids(demo, "activities")[3]
    world.edit(
        "contacts", person, NAME=NAME, LAST_NAME=LAST, PHONE=points("PHONE", PHONE),
        EMAIL=points("EMAIL", EMAIL),
    )  # fmt: skip
    entries = [
        {"ID": str(n), "TYPE": type_, "VALUE": value, "ENTITY_ID": str(person), "ENTITY_TYPE_ID": "3",
         "ENTITY_SETTINGS": {"NAME": NAME, "LAST_NAME": LAST}}
        for n, (type_, value) in enumerate((("PHONE", PHONE), ("EMAIL", EMAIL)))
    ]  # fmt: skip
    world.edit("activities", talk, COMMUNICATIONS=entries)
    return person, talk


def places(url, words):
    """Where any of the words stands: in bytes of the files, or in columns of the tables of PostgreSQL."""
    text = url.reveal()
    if text.startswith("sqlite:///"):
        path = Path(text.removeprefix("sqlite:///"))
        files = {name: name.read_bytes() for name in path.parent.iterdir() if name.is_file()}
        return {(name.name, word) for name, data in files.items() for word in words if word.encode() in data}
    found = set()
    with psycopg.connect(text, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(
                f"SELECT CAST(t AS TEXT) FROM {table} t WHERE CAST(t AS TEXT) LIKE ANY(%s)",
                ([f"%{word}%" for word in words],),
            ):
                found |= {(table, word) for word in words if word in row}
    return found


def in_the_data_directory(url, words):
    """Which of the words stand in the files and the statistics of PostgreSQL, once its tables are written anew."""
    if url.reveal().startswith("sqlite:///"):
        return set()
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        stats = connection.execute("SELECT CAST(s AS TEXT) FROM pg_stats s WHERE schemaname = 'bitsheet'")
        told = "".join(row for (row,) in stats)
        connection.execute("VACUUM FULL")
        connection.execute("CHECKPOINT")
        base, database = connection.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        files = [*(Path(base) / "base" / str(database)).iterdir()]
        assert len(files) > 100
        return {word for word in words if word in told or any(word.encode() in f.read_bytes() for f in files)}


async def verdict(settings):
    client = wiring.connect(settings)
    store = wiring.open_store(settings, readonly=True)
    try:
        return [one.line() async for one in verify(client, store, wiring.tables(settings), full=True)]
    finally:
        store.close()
        await client.close()


@pytest.fixture
def settings(store_url, tmp_path):
    def made(webhook, rules=RULES, **more):
        found = config(webhook, store_url, tables=("contacts", "activities", "companies"))
        return replace(
            found, privacy=rules, store=StoreSettings(keep_raw=True), path=tmp_path / "c.toml", **more
        )

    return made


@pytest.mark.sample
async def test_what_rules_name_is_never_stored_from_the_first_run_on(store_url, settings):
    async with portal(SIZE) as (demo, webhook):
        person, _ = plant(demo)
        mine = settings(webhook)
        await once(mine)
        assert places(store_url, CANARIES) == set()
        row = mirror.held(store_url, "contacts")[(person,)]
        assert "phone" not in row
        assert "name" not in row
        assert row["last_name"] == "K…"
        (entry,) = json.loads(row["email"]) if isinstance(row["email"], str) else row["email"]
        assert entry["VALUE_TYPE"] == "WORK"
        assert len(entry["VALUE"]) == 32
        found = mirror.select(store_url, f"SELECT type, value FROM contact_points WHERE owner_id = {person}"
                              " AND owner_table = 'contacts' AND type IN ('PHONE', 'EMAIL')")[1]  # fmt: skip
        assert found == [("EMAIL", entry["VALUE"])]
        demo.world.edit("contacts", person, LAST_NAME=f"{LAST}2", NAME=f"{NAME}2")
        await once(mine)
        assert places(store_url, CANARIES) == set()
        assert [line for line in await verdict(mine) if "equal" not in line] == []


@pytest.mark.parametrize("killed", [False, True], ids=["whole", "killed"])
async def test_a_rule_that_comes_later_is_applied_to_all_that_is_there(
    store_url, settings, killed, monkeypatch
):
    async with portal(SIZE) as (demo, webhook):
        person, talk = plant(demo)
        plain = settings(webhook, PrivacySettings())
        await once(plain)
        demo.world.edit("contacts", person, NAME=f"{NAME}2", EMAIL=points("EMAIL", f"x{EMAIL}"))
        demo.world.edit("activities", talk, SUBJECT="again")
        await once(plain)
        assert {word for _, word in places(store_url, CANARIES)} == set(CANARIES)
        mine = settings(webhook)
        for notes in (1, 4, 9) if killed else ():
            with monkeypatch.context() as patched:
                kill_after(patched, notes)
                with pytest.raises(KeyboardInterrupt):
                    wiring.open_store(mine)
        wiring.open_store(mine).close()
        assert places(store_url, CANARIES) == set()
        assert in_the_data_directory(store_url, CANARIES) == set()
        assert [line for line in await verdict(mine) if "equal" not in line] == []
        told = mirror.select(store_url, "SELECT after FROM bitsheet_changes WHERE row_id IS NULL"
                             " AND table_name = 'contacts' ORDER BY seq DESC LIMIT 1")[1][0][0]  # fmt: skip
        told = json.loads(told) if isinstance(told, str) else told
        assert told == {"phase": "redacted", "fields": ["email", "last_name", "name", "phone"]}
        await once(mine)
        assert places(store_url, CANARIES) == set()
        assert [line for line in await verdict(mine) if "equal" not in line] == []


def kill_after(monkeypatch, notes):
    """The next application of rules is killed in the transaction after so many, each of a few rows."""
    monkeypatch.setattr(redaction, "LOT", 3)
    left = [notes]
    note = redaction.Redaction._note

    def noting(self, state):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        note(self, state)

    monkeypatch.setattr(redaction.Redaction, "_note", noting)


async def test_a_rule_that_is_gone_lets_the_columns_be_filled_again(store_url, settings):
    async with portal(SIZE) as (demo, webhook):
        person, _ = plant(demo)
        await once(settings(webhook))
        plain = settings(webhook, PrivacySettings())
        await once(plain)
        row = mirror.held(store_url, "contacts")[(person,)]
        assert (row["name"], row["last_name"]) == (NAME, LAST)
        assert mirror.differences(store_url, demo.world, "contacts") == []
        assert mirror.differences(store_url, demo.world, "activities") == []
        assert [line for line in await verdict(plain) if "equal" not in line] == []


PEOPLE_SQL = "SELECT count(*) FROM contacts WHERE id = {0}"


@pytest.mark.sample
async def test_a_person_who_is_forgotten_stays_so_and_is_no_difference(store_url, settings):
    async with portal(SIZE) as (demo, webhook):
        person, talk = plant(demo)
        mine = settings(webhook, PrivacySettings())
        await once(mine)
        demo.world.edit("contacts", person, NAME=f"{NAME}2")
        demo.world.edit("activities", talk, SUBJECT=f"call of {NAME}2 {LAST}")
        await once(mine)
        assert {word for _, word in places(store_url, CANARIES)} == set(CANARIES)
        store = wiring.open_store(mine)
        table = next(table for table in wiring.tables(mine) if table.name == "contacts")
        erased = store.forget_row(table, person, at=datetime.now(UTC), cycle=0)
        store.clean()
        store.close()
        assert erased.counts["contacts"] == 1
        assert erased.counts["contact_points"] >= 2
        assert erased.counts["activities"] == 1
        assert erased.remains == {"activities.subject": [str(talk)]}
        ((told,),) = mirror.select(store_url, "SELECT after FROM bitsheet_changes WHERE row_id IS NULL"
                                   " AND table_name = 'activities' ORDER BY seq DESC LIMIT 1")[1]  # fmt: skip
        told = json.loads(told) if isinstance(told, str) else told
        assert told == {"phase": "redacted", "fields": ["communications"]}
        demo.world.edit("activities", talk, SUBJECT="nothing")
        assert mirror.select(store_url, PEOPLE_SQL.format(person))[1] == [(0,)]
        for wish in (None, Resync(("contacts", "activities"))):
            if wish:
                demo.world.edit("contacts", person, LAST_NAME=f"{LAST}3")
            await once(mine, wish)
            lines = await verdict(mine)
            assert [line for line in lines if "equal" not in line] == []
            assert "1 forgotten" in "".join(lines)
            assert mirror.select(store_url, PEOPLE_SQL.format(person))[1] == [(0,)]
        told = mirror.select(
            store_url,
            "SELECT before, after FROM bitsheet_changes WHERE table_name = 'contacts'"
            f" AND row_id = '{person}' ORDER BY seq",
        )[1]
        assert told[:-1] == [(None, None)] * (len(told) - 1)
        assert "forgotten" in str(told[-1][1])
        store = wiring.open_store(mine)
        assert store.remember_row(table, person)
        store.close()
        await once(mine, Resync(("contacts", "activities")))
        assert mirror.differences(store_url, demo.world, "contacts") == []


async def test_a_user_who_is_forgotten_has_no_name_beside_comments(store_url, settings):
    async with portal(SIZE) as (_, webhook):
        mine = replace(settings(webhook, PrivacySettings()), sync=SyncSettings(interval=3600))
        await once(mine)
        said = mirror.rows(store_url, "task_comments")
        user = next(row["author_id"] for row in said if row["author_id"] and row["author_name"])
        name = next(row["author_name"] for row in said if row["author_id"] == user)
        store = wiring.open_store(mine)
        table = next(table for table in wiring.tables(mine) if table.name == "users")
        store.forget_row(table, user, at=datetime.now(UTC), cycle=0)
        store.close()
        for wish in (None, Resync(("users", "task_comments"))):
            await once(mine, wish)
            of = [row for row in mirror.rows(store_url, "task_comments") if row["author_id"] == user]
            assert of
            assert {row["author_name"] for row in of} == {None}
            assert name not in json.dumps([row["files"] for row in of], ensure_ascii=False)
            assert mirror.rows(store_url, "users", f"id = {user}") == []
            assert [line for line in await verdict(mine) if "equal" not in line] == []


@pytest.mark.parametrize("rules", [
    PrivacySettings(hash=("task_comments.author_name", "deals.opportunity", "leads.date_create", "task_comments.files")),
    PrivacySettings(mask=("task_comments.author_name", "deals.opportunity"), exclude=("users.email",)),
], ids=["hash", "mask"])  # fmt: skip
async def test_numbers_days_and_names_beside_comments_are_kept_from_being_read(store_url, settings, rules):
    async with portal(SIZE) as (_, webhook):
        plain = replace(settings(webhook, PrivacySettings()), sync=SyncSettings(interval=3600))
        mine = replace(plain, privacy=rules)
        await once(plain)
        before = mirror.held(store_url, "deals")
        for _ in range(2):  # at once from what is there, and what is read again then
            await once(mine)
        now = mirror.held(store_url, "deals")
        filled = [key for key, row in before.items() if row["opportunity"] is not None]
        assert filled
        assert all(isinstance(now[key]["opportunity"], str) for key in filled)
        assert not {now[key]["opportunity"] for key in filled} & {
            str(before[k]["opportunity"]) for k in filled
        }
        assert [line for line in await verdict(mine) if "equal" not in line] == []
        await once(plain)
        await once(plain)
        assert [line for line in await verdict(plain) if "equal" not in line] == []
        texts = {str(row["opportunity"]) for row in mirror.rows(store_url, "deals")}
        assert not any("…" in text or len(text) == 32 for text in texts)


async def test_without_its_key_nothing_is_hashed(settings, tmp_path):
    async with portal(SIZE) as (_, webhook):
        mine = settings(webhook)
        await once(mine)
        key = tmp_path / "privacy.key"
        assert key.stat().st_mode & 0o777 == 0o600
        kept = key.read_bytes()
        for wrong in (None, b"0" * 64):
            key.unlink(missing_ok=True)
            if wrong:
                key.write_bytes(wrong)
            with pytest.raises(ConfigError, match="is lost"):
                wiring.open_store(mine)
        key.write_bytes(kept)
        wiring.open_store(mine).close()
