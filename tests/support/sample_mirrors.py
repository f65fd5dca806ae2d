"""Small mirrors to look at: as a demo portal's would be, and one full of mischief."""

from datetime import timedelta
from pathlib import Path

from bitsheet_tui.alert import Alert
from bitsheet_tui.alert import Kind as AlertKind
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Cycle, Run, Store
from bitsheet_tui.store.reader import Reader
from bitsheet_tui.tables import CATALOGUE
from tests.support.engine_states import NOW

TABLES = {table.name: table for table in CATALOGUE}
COMPANY = (Field(name="ID", kind=Kind.INTEGER), Field(name="TITLE", kind=Kind.TEXT, title="Company name"))
DEAL = (
    Field(name="ID", kind=Kind.INTEGER, title="ID"),
    Field(name="TITLE", kind=Kind.TEXT, title="Name"),
    Field(name="STAGE_ID", kind=Kind.TEXT, title="Stage", type="crm_status"),
    Field(name="OPPORTUNITY", kind=Kind.NUMERIC, title="Amount", type="double"),
    Field(name="COMPANY_ID", kind=Kind.REFERENCE, title="Company", type="crm_company"),
    Field(name="CLOSED", kind=Kind.BOOLEAN, title="Closed", type="char"),
    Field(name="DATE_MODIFY", kind=Kind.INSTANT, title="Modified", type="datetime"),
    Field(name="BEGINDATE", kind=Kind.DATE, title="Begin", type="date"),
    Field(name="COMMENTS", kind=Kind.TEXT, title="Comment"),
    Field(name="UF_CRM_1700000001", kind=Kind.JSON, title="Colours", type="string", multiple=True),
)


def deal(id_: int, **values):
    return {
        "ID": id_, "TITLE": f"Deal {id_}", "STAGE_ID": "NEW", "OPPORTUNITY": f"{id_}000.50", "COMPANY_ID": 9,
        "CLOSED": "N", "DATE_MODIFY": "2026-11-24T09:57:40+00:00", "BEGINDATE": "2026-11-20T00:00:00+00:00",
        "COMMENTS": "a word", "UF_CRM_1700000001": ["red", "blue"], **values,
    }  # fmt: skip


def held(table: str, why: str) -> Alert:
    return Alert(kind=AlertKind.DELETIONS_HELD, about=table, text=why, hint="Look at the portal.", since=NOW)


def fill(path: Path, deals: int = 400):
    """A mirror with `deals` deals, five cycles, changes, a failure, a deleted row, a row set aside, an alert.

    Returns what opens a reader of it.
    """
    url = Secret(f"sqlite:///{path}/mirror.db")
    store = Store.open(url, keep_raw=True)
    store.shape(TABLES["companies"], COMPANY)
    store.shape(TABLES["deals"], DEAL)
    store.commit(TABLES["companies"], [{"ID": 9, "TITLE": "Fern & Sons"}], None, at=NOW, cycle=1)
    rows = [deal(n) for n in range(1, deals + 1)]
    began = NOW - timedelta(days=2)
    whole = Checkpoint(table="deals", watermark=began, reach=deals, floor=0)
    store.commit(TABLES["deals"], rows, whole, at=began, cycle=1, filling=True)
    for number in range(1, 6):
        at = NOW - timedelta(minutes=5 * (6 - number))
        store.begin_cycle(at)
        error = "The portal does not know the field FOO." if number == 3 else ""
        hint = "Tell the portal's administrator." if error else ""
        changed = [] if error else [deal(deals, TITLE=f"Needle {number}"), deal(7, OPPORTUNITY=number)]
        done = store.commit(TABLES["deals"], changed, None, at=at, cycle=number)
        run = Run(
            cycle=number, table="deals", started_at=at, seconds=0.4 * number, updated=done.updated,
            inserted=done.inserted, watermark_before=at, watermark_after=at, error=error, hint=hint,
        )  # fmt: skip
        store.record_run(run)
        failed = ("deals",) if error else ()
        store.end_cycle(
            Cycle(number=number, started_at=at, ended_at=at, seconds=0.4 * number, rows=done.updated,
                  requests=2, failed=failed)
        )  # fmt: skip
    store.bury(TABLES["deals"], [5], at=NOW - timedelta(minutes=3), cycle=5)
    store.commit(TABLES["deals"], [deal(f"x{deals + 1}", OPPORTUNITY="seven")], None, at=NOW, cycle=5)
    store.settle_alerts(
        [held("leads", "all 60 of its rows seem to be gone"), held("deals", "no more")], (), at=NOW
    )
    store.settle_alerts([held("leads", "all 60 of its rows seem to be gone")], (), at=NOW)
    since = (NOW - timedelta(days=2)).isoformat()
    store._database.write(
        lambda: store._database.execute("UPDATE bitsheet_columns SET first_seen = ?", (since,))
    )
    store.close()
    return lambda: Reader.open(url)


def mischief(path: Path, evil: str):
    """A mirror with `evil` in every text, every label, every name that may hold it."""
    url = Secret(f"sqlite:///{path}/evil.db")
    store = Store.open(url, keep_raw=True)
    fields = [Field(name=f.name, kind=f.kind, title=evil, type=evil) for f in DEAL]
    evil_name = Field(name=evil.replace("\r", "").replace("\n", ""), kind=Kind.TEXT, title=evil)
    store.shape(TABLES["deals"], [*fields, evil_name])
    store.begin_cycle(NOW)
    for cycle, title in enumerate((evil, evil * 2), 1):
        row = deal(1, TITLE=title, STAGE_ID=evil, COMMENTS=title, UF_CRM_1700000001=[evil, title])
        store.commit(TABLES["deals"], [{**row, evil_name.name: title}], None, at=NOW, cycle=cycle)
    store.commit(TABLES["deals"], [deal(2, OPPORTUNITY=evil, TITLE=evil)], None, at=NOW, cycle=1)
    store.bury(TABLES["deals"], [1], at=NOW, cycle=3)
    store.record_run(Run(cycle=1, table="deals", started_at=NOW, error=evil, hint=evil, kind=evil))
    store.end_cycle(Cycle(number=1, started_at=NOW, ended_at=NOW, seconds=1.0, failed=(evil,)))
    store.settle_alerts([held("deals", evil)], (), at=NOW)
    store.close()
    return lambda: Reader.open(url)
