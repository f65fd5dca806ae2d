"""Workbooks and CSV for a spreadsheet, opened by LibreOffice: types, and no cell that is a formula."""

import subprocess
import zipfile
from xml.etree import ElementTree as ET

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.secret import Secret
from tests.support.debian import program
from tests.support.exports import EVIL, fill, place

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
pytestmark = pytest.mark.debian


def cells(path):
    """The rows of the first sheet that LibreOffice sees: of each cell its type and its value."""
    with zipfile.ZipFile(path) as parts:
        tree = ET.fromstring(parts.read("content.xml"))
    formulas = {one.get(TABLE + "formula") for one in tree.iter()} - {None}
    assert formulas <= {"of:=TRUE()", "of:=FALSE()"}  # which is how it takes a cell of the type boolean
    found = []
    for row in next(tree.iter(TABLE + "table")).iter(TABLE + "table-row"):
        shown = []
        for cell in row.iter(TABLE + "table-cell"):
            kind = cell.get(OFFICE + "value-type")
            value = cell.get(OFFICE + {"date": "date-value", "boolean": "boolean-value"}.get(kind, "value"))
            text = "\n".join("".join(one.itertext()) for one in cell)
            shown += [(kind, value or text)] * int(cell.get(TABLE + "number-columns-repeated", "1"))
        found.append(shown)
    return found


def test_libreoffice_sees_types_and_no_formula(tmp_path, monkeypatch, capfd):
    office = program("libreoffice-calc", "soffice", "libreoffice")
    monkeypatch.chdir(tmp_path)
    url = Secret(f"sqlite:///{tmp_path}/mirror.db")
    place(tmp_path, url)
    fill(url).close()
    columns = "id,title,opportunity,closed,date_modify,begindate"
    assert main(["export", "deals", "--columns", columns, "--deleted", "-o", "book.xlsx"]) == 0
    assert (
        main(["export", "deals", "--columns", columns, "--deleted", "--spreadsheet", "-o", "sheet.csv"]) == 0
    )
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    for name in ("book.xlsx", "sheet.csv"):
        done = subprocess.run(
            [office, profile, "--headless", "--convert-to", "ods", name],
            capture_output=True,
            check=True,
            timeout=120,
        )
        assert b"->" in done.stdout, done
    names, first, *_ = book = cells("book.ods")
    assert [value for _, value in names[:6]] == columns.split(",")
    # it has no type for yes and no: TRUE is a 1 that is shown so
    assert [kind for kind, _ in first[:6]] == ["float", "string", "float", "float", "date", "date"]
    assert (first[2][1], first[4][1], first[5][1]) == ("1000.5", "2024-08-30T12:29:00", "2024-08-30")
    assert {row[1][0] for row in book[1 : len(EVIL) + 1]} == {"string"}
    titles = [row[1][1] for row in cells("sheet.ods")[1 : len(EVIL) + 1]]
    assert titles[:4] == ["'=1+1", "'+905551234567", "'-2", "'@SUM(A1)"]
