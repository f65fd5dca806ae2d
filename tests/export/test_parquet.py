"""`export` as Parquet and CSV, opened by those who read such files, with the right types."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.exports import EVIL, NOW
from tests.support.store_rows import TABLES, deal

pytestmark = pytest.mark.proofs
TYPES = {
    "id": "int64", "title": "string", "opportunity": "decimal128(38, 18)", "closed": "bool",
    "date_modify": "timestamp[us, tz=UTC]", "begindate": "date32[day]", "uf_crm_list": "string",
    "stage_name": "string", "_deleted_at": "timestamp[us, tz=UTC]",
}  # fmt: skip


def test_pyarrow_reads_every_type_and_two_files_are_equal(mirror, said):
    from pyarrow import parquet

    for name in ("a", "b"):
        assert said("deals", "--labels", "--deleted", "-o", f"{name}.parquet")[0] == 0
    assert Path("a.parquet").read_bytes() == Path("b.parquet").read_bytes()
    table = parquet.read_table("a.parquet")
    assert {name: str(table.schema.field(name).type) for name in TYPES} == TYPES
    rows = table.to_pylist()
    assert [row["title"] for row in rows[: len(EVIL)]] == [*EVIL]
    utc = ZoneInfo("UTC")
    first = rows[0]
    assert (first["opportunity"], first["closed"], first["date_modify"], first["begindate"]) == (
        Decimal("1000.5"), True, datetime(2024, 8, 30, 12, 29, tzinfo=utc), date(2024, 8, 30),
    )  # fmt: skip
    assert [row["id"] for row in rows if row["_deleted_at"] == NOW] == [2]
    assert rows[-1]["opportunity"] == Decimal("0.00000015")
    assert [name for name, value in rows[-3].items() if value is not None] == ["id", "title", "_synced_at"]
    said("deals", "--tz", "Europe/Istanbul", "--where", "id < 0", "-o", "empty.parquet")
    empty = parquet.read_table("empty.parquet")
    assert (empty.num_rows, str(empty.schema.field("date_modify").type)) == (
        0,
        "timestamp[us, tz=Europe/Istanbul]",
    )


def test_a_number_that_does_not_fit_makes_its_column_a_text_with_every_digit(mirror, said, store_url):
    from contextlib import closing

    from pyarrow import parquet

    from bitsheet_tui.store import Store

    with closing(Store.open(store_url)) as store:
        big = [deal(93, OPPORTUNITY="123456789012345678901234")]
        store.commit(TABLES["deals"], big, None, at=NOW, cycle=2)
    said("deals", "-o", "deals.parquet")
    table = parquet.read_table("deals.parquet")
    assert str(table.schema.field("opportunity").type) == "string"
    found = table.column("opportunity").to_pylist()
    assert Decimal(found[0]) == Decimal("1000.5")
    exact = "postgresql" in store_url.reveal()  # SQLite has 15 digits
    assert found[-1] == ("123456789012345678901234" if exact else "123456789012345690000000")


def test_duckdb_and_pandas_read_parquet_and_csv_alike(mirror, said):
    import duckdb
    import pandas

    said("deals", "--labels", "-o", "deals.parquet")
    said("deals", "--labels", "-o", "deals.csv")
    columns = "id, title, opportunity, closed, date_modify, begindate, stage_name"
    asked = columns.replace(
        "date_modify", "epoch_ms(date_modify)"
    )  # of which Python's module would need pytz
    with duckdb.connect() as connection:

        def read(name):
            types = connection.execute(f"DESCRIBE SELECT {columns} FROM '{name}'").fetchall()
            rows = connection.execute(f"SELECT {asked} FROM '{name}' ORDER BY id").fetchall()
            return [one[1] for one in types], rows

        (types, rows), (of_csv, again) = read("deals.parquet"), read("deals.csv")
    zoned = "TIMESTAMP WITH TIME ZONE"
    assert types == ["BIGINT", "VARCHAR", "DECIMAL(38,18)", "BOOLEAN", zoned, "DATE", "VARCHAR"]
    assert of_csv == ["BIGINT", "VARCHAR", "DOUBLE", "BOOLEAN", zoned, "DATE", "VARCHAR"]
    assert rows[0][4] == datetime(2024, 8, 30, 12, 29, tzinfo=ZoneInfo("UTC")).timestamp() * 1000
    assert [row[1] for row in rows] == [
        *(title for title in EVIL if title != EVIL[1]), "nothing else", "Deal 91", "small",
    ]  # fmt: skip
    assert [(*row[:2], row[2] and float(row[2]), *row[3:]) for row in rows] == again
    frame = pandas.read_parquet("deals.parquet")
    assert [str(frame[name].dtype) for name in ("id", "closed", "date_modify")] == [
        "int64", "object", "datetime64[us, UTC]",
    ]  # fmt: skip
    flat = pandas.read_csv("deals.csv", keep_default_na=False, parse_dates=["date_modify"])
    assert [*flat["title"]] == [row[1] for row in rows]
