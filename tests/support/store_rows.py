"""Rows and field descriptions of deals, contacts, tasks and comments, for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import Store
from bitsheet_tui.tables import CATALOGUE, Table

TABLES: dict[str, Table] = {table.name: table for table in CATALOGUE}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEAL = (
    Field(name="ID", kind=Kind.INTEGER),
    Field(name="TITLE", kind=Kind.TEXT, title="Name"),
    Field(name="OPPORTUNITY", kind=Kind.NUMERIC),
    Field(name="CATEGORY_ID", kind=Kind.INTEGER),
    Field(name="COMPANY_ID", kind=Kind.REFERENCE),
    Field(name="CLOSED", kind=Kind.BOOLEAN),
    Field(name="DATE_MODIFY", kind=Kind.INSTANT),
    Field(name="BEGINDATE", kind=Kind.DATE),
    Field(name="UF_CRM_LIST", kind=Kind.JSON, multiple=True),
)
CONTACT = (
    Field(name="ID", kind=Kind.INTEGER),
    Field(name="NAME", kind=Kind.TEXT),
    Field(name="DATE_MODIFY", kind=Kind.INSTANT),
    *(Field(name=name, kind=Kind.JSON, type="crm_multifield") for name in ("PHONE", "EMAIL", "WEB", "IM")),
)
TASK = (
    Field(name="ID", kind=Kind.INTEGER),
    Field(name="TITLE", kind=Kind.TEXT),
    Field(name="CHANGED_DATE", kind=Kind.INSTANT),
    Field(name="ACTIVITY_DATE", kind=Kind.INSTANT),
    Field(name="CREATED_DATE", kind=Kind.INSTANT),
    Field(name="FORUM_TOPIC_ID", kind=Kind.REFERENCE),
    Field(name="CHAT_ID", kind=Kind.REFERENCE),
    Field(name="FAVORITE", kind=Kind.BOOLEAN),
)
SHAPES = {"deals": DEAL, "contacts": CONTACT, "tasks": TASK}


def deal(id_: int, **values: Any) -> dict[str, Any]:
    """A deal as the portal gives it."""
    return {
        "ID": str(id_),
        "TITLE": f"Deal {id_}",
        "OPPORTUNITY": "1000.50",
        "CATEGORY_ID": "0",
        "COMPANY_ID": "9",
        "CLOSED": "N",
        "DATE_MODIFY": "2024-08-30T14:29:00+02:00",
        "BEGINDATE": "2024-08-30T02:00:00+02:00",
        "UF_CRM_LIST": ["a", "b"],
        **values,
    }


def task(id_: int, **values: Any) -> dict[str, Any]:
    """A task with a chat and an old forum topic."""
    return {
        "ID": str(id_),
        "TITLE": f"Task {id_}",
        "ACTIVITY_DATE": "2026-03-01T11:00:00+00:00",
        "CREATED_DATE": "2026-01-01T00:00:00+00:00",
        "FORUM_TOPIC_ID": str(1000 + id_),
        "CHAT_ID": 2000 + id_,
        **values,
    }


def comment(id_: int, **values: Any) -> dict[str, Any]:
    """A comment as the reader of discussions gives it."""
    return {
        "ID": id_,
        "AUTHOR_ID": 5,
        "AUTHOR_NAME": "Ann",
        "POST_DATE": "2026-03-01T11:00:00+00:00",
        "TEXT": f"comment {id_}",
        "IS_DELETED": False,
        **values,
    }


def query(store: Store, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query; `?` is a parameter on both databases."""
    database = store._database
    sql = sql.replace("?", database.dialect.mark)
    return database.read(lambda: database.rows(sql, parameters))
