"""Who is forgotten, and what a rule takes out, leaves no byte in a lake that had it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.config.settings import PrivacySettings
from bitsheet_tui.portal.demo.settings import Size
from bitsheet_tui.store.changes import Changes
from tests.support import lake_tables
from tests.support.store_rows import TABLES
from tests.support.sync_run import config, ids, once, portal

pytestmark = pytest.mark.proofs
SIZE = Size(leads=4, contacts=9, companies=3, deals=6, activities=9, tasks=4, users=4, departments=2)
PHONE, NAME, LAST, COMPANY = "+905551234567", "Kanaryaad", "Kanaryasoyad", "Kanaryasirket"
WORDS = (PHONE, NAME, LAST, COMPANY)


def catch_up(url, path):
    from bitsheet_tui.feed.lake import Folder, Lake

    with closing(Changes.open(url, schema="")) as changes, closing(Folder(path)) as folder:
        Lake(changes, folder, retention=168, say=lambda _: None).once()


def left(path):
    there = lake_tables.bytes_of(path)
    return {word for word in WORDS if word.encode() in there}


def plant(demo):
    """One contact with its traces in an activity, and a company."""
    person, talk, firm = ids(demo, "contacts")[4], ids(demo, "activities")[3], ids(demo, "companies")[1]
    phone = [{"ID": "990001", "VALUE_TYPE": "WORK", "VALUE": PHONE, "TYPE_ID": "PHONE"}]
    demo.world.edit("contacts", person, NAME=NAME, LAST_NAME=LAST, PHONE=phone)
    settings = {"NAME": NAME, "LAST_NAME": LAST}
    entry = {"ID": "1", "TYPE": "PHONE", "VALUE": PHONE, "ENTITY_ID": str(person), "ENTITY_TYPE_ID": "3"}
    demo.world.edit("activities", talk, COMMUNICATIONS=[{**entry, "ENTITY_SETTINGS": settings}])
    demo.world.edit("companies", firm, TITLE=COMPANY)
    return person


async def test_forgetting_and_a_rule_reach_the_lake_with_all_its_older_versions(store_url, tmp_path):
    path = tmp_path / "lake"
    async with portal(SIZE) as (demo, webhook):
        person = plant(demo)
        settings = config(webhook, store_url)
        await once(settings)
        catch_up(store_url, path)
        assert left(path) == set(WORDS)
        with closing(wiring.open_store(settings)) as store:
            store.forget_row(TABLES["contacts"], person, at=datetime.now(UTC), cycle=0)
        catch_up(store_url, path)
        assert left(path) == {COMPANY}
        assert lake_tables.differences(store_url, path, schema="") == []
        await once(replace(settings, privacy=PrivacySettings(mask=("companies.title",))))
        catch_up(store_url, path)
        assert left(path) == set()
        assert lake_tables.differences(store_url, path, schema="") == []
