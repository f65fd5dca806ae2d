"""`export` as a workbook, opened by openpyxl: types, limits, and no formula."""

import sys
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from bitsheet_tui.export import xlsx
from tests.support.exports import EVIL


def iso(value):
    return value.isoformat() if isinstance(value, datetime) else value


def sheet(path, name):
    found = openpyxl.load_workbook(path)[name]
    names, *rows = found.iter_rows()
    return [
        {title.value: (cell.data_type, iso(cell.value)) for title, cell in zip(names, row, strict=True)}
        for row in rows
    ]


def test_a_workbook_has_a_sheet_a_table_with_types_and_without_formulas(mirror, said):
    assert said("deals", "contacts", "-o", "all.xlsx")[0] == 0
    rows = sheet("all.xlsx", "deals")
    titles = [title for title in EVIL if title != EVIL[1]]
    shown = [row["title"][1] for row in rows[: len(titles)]]
    shown = [unescape(title) for title in shown]
    assert shown == [
        title.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "\N{REPLACEMENT CHARACTER}")
        for title in titles
    ]
    assert {row["title"][0] for row in rows} == {"s"}
    first = rows[0]
    assert first["opportunity"] == ("n", 1000.5)
    assert first["closed"] == ("b", True)
    assert first["date_modify"] == ("d", "2024-08-30T12:29:00")
    assert first["begindate"] == ("d", "2024-08-30T00:00:00")
    assert rows[-3]["stage_id"] == ("n", None)
    assert [row["name"] for row in sheet("all.xlsx", "contacts")] == [("s", "Ada")]
    with zipfile.ZipFile("all.xlsx") as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name), name
            assert b"<hyperlink" not in parts.read(name), name
    assert Path("all.xlsx").stat().st_mode & 0o777 == 0o600
    said("deals", "contacts", "-o", "again.xlsx")
    assert Path("again.xlsx").read_bytes() == Path("all.xlsx").read_bytes()


def test_moments_of_a_workbook_are_those_of_the_zone(mirror, said):
    said("deals", "--tz", "Asia/Tokyo", "-o", "deals.xlsx")
    assert sheet("deals.xlsx", "deals")[0]["date_modify"] == ("d", "2024-08-30T21:29:00")


def test_a_table_goes_on_in_the_next_sheet_and_a_long_text_is_refused(mirror, said, monkeypatch):
    monkeypatch.setattr(xlsx, "ROWS", 11)
    code, _, err = said("deals", "--columns", "id", "-o", "deals.xlsx")
    assert (code, err.splitlines()[-1].rpartition(": ")[2]) == (0, "there are deals, deals 2")
    ids = [row["id"][1] for name in ("deals", "deals 2") for row in sheet("deals.xlsx", name)]
    assert ids == [1, *range(3, len(EVIL) + 1), 90, 91, 92]
    monkeypatch.setattr(xlsx, "LONGEST", 12)
    before = Path("deals.xlsx").read_bytes()
    code, _, err = said("deals", "-o", "deals.xlsx")
    assert (code, "deals.title has 16 characters" in err) == (64, True), err
    assert Path("deals.xlsx").read_bytes() == before
    assert {path.name for path in mirror.iterdir()} >= {"deals.xlsx"}
    assert not [path for path in mirror.iterdir() if path.name.startswith(".bitsheet")]


@pytest.mark.parametrize(("format_", "library"), [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_without_its_library_it_says_what_to_install(mirror, said, monkeypatch, format_, library):
    monkeypatch.setitem(sys.modules, library, None)
    code, out, err = said("deals", "--format", format_)
    assert (code, out) == (64, "")
    assert err.splitlines()[-1] == "  install it: pip install 'bitsheet-tui[export]'"


def test_a_number_that_a_sheet_would_change_is_a_text_and_so_is_a_day_of_another_calendar():
    written = []

    class Sheet:
        def __getattr__(self, name):
            return lambda *told: written.append((name.removeprefix("write_"), *told[2:3]))

    cells = xlsx._Cells(xlsx._Book(Sheet(), None), Sheet(), "t.c")
    written.clear()
    for kind, value in (
        ("integer", 2**53), ("integer", 10**18), ("numeric", 0.1), ("numeric", 1234567890123456.5),
        ("date", "1899-12-31"), ("date", "1900-03-01"), ("instant", "0001-01-01T00:00:00+00:00"),
    ):  # fmt: skip
        cells.of(xlsx.Kind(kind))(1, 1, value)
    assert [name for name, _ in written] == [
        "string", "number", "number", "string", "string", "datetime", "string",
    ]  # fmt: skip
    assert written[0][1] == "9007199254740992"
    assert written[3][1] == "1234567890123456.5"
