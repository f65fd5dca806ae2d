"""A mirror to export: every kind of value, codes with names, deleted rows, and texts of ill will."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.store.checkpoints import Checkpoint
from tests.support.commands import configure
from tests.support.store_rows import CONTACT, DEAL, TABLES, deal

HOOK = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIELDS = (
    *DEAL,
    Field(name="STAGE_ID", kind=Kind.TEXT, type="crm_status"),
    Field(name="UF_KIND", kind=Kind.TEXT, type="enumeration", values=(("1", "Big"), ("2", "Small"))),
)
EVIL = (
    "=1+1", "+905551234567", "-2", "@SUM(A1)", "\t=1", "\r=1", "a;=1", 'say "a, b"\r\nnext', "lone\rreturn",
    "control \x01\x0b\x1f _x0041_ \ufffe", "https://example.com", "'quoted", "ünï çöde ☃ \U0001f600", "007", "NULL",
)  # fmt: skip
BARE = {"ID": "90", "TITLE": "nothing else"}
EXACT = {"OPPORTUNITY": "12345678901.25"}


def fill(url: Secret, *, whole: bool = True) -> Store:
    """The mirror, open; whoever asks closes it. `whole`: the deals have been read to their end."""
    store = Store.open(url)
    store.shape(TABLES["deals"], FIELDS)
    store.shape(TABLES["contacts"], CONTACT)
    store.fill_dictionary(
        "statuses", [{"id": "1", "entity_id": "DEAL_STAGE", "status_id": "NEW", "name": "Fresh"}]
    )
    store.fill_dictionary(
        "enum_values",
        [
            {
                "table_name": "deals",
                "field": "UF_KIND",
                "column_name": "uf_kind",
                "value_id": "2",
                "value": "Small",
            }
        ],
    )
    rows = [
        deal(n, TITLE=title, STAGE_ID="NEW", UF_KIND="2", CLOSED="Y" if n % 2 else "N")
        for n, title in enumerate(EVIL, 1)
    ]
    rows += [BARE, deal(91, **EXACT), deal(92, OPPORTUNITY="0.00000015", TITLE="small")]
    end = Checkpoint(table="deals", watermark=NOW, floor=0) if whole else None
    store.commit(TABLES["deals"], rows, end, at=NOW, cycle=1, filling=True)
    store.bury(TABLES["deals"], [2], at=NOW, cycle=1)
    phone = [{"ID": "7", "VALUE": "+905551234567", "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"}]
    person = {"ID": "1", "NAME": "Ada", "DATE_MODIFY": "2024-08-30T14:29:00+02:00", "PHONE": phone}
    end = Checkpoint(table="contacts", watermark=NOW, floor=0)
    store.commit(TABLES["contacts"], [person], end, at=NOW, cycle=1, filling=True)
    return store


def place(folder: Path, url: Secret) -> None:
    """A configuration in `folder` that names the mirror."""
    configure(folder, HOOK, f"[store]\nurl = {json.dumps(url.reveal())}\n")
