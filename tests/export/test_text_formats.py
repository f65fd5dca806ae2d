"""`export` as CSV and JSON lines, from both databases: the values as they are, of one moment."""

import csv
import io
import json
import re
from contextlib import closing
from datetime import datetime
from decimal import Decimal

from bitsheet_tui import wiring
from bitsheet_tui.config import load
from bitsheet_tui.errors import StoreLocked
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import export_reader
from bitsheet_tui.store.export_reader import Selection
from tests.support.exports import EVIL, FIELDS, NOW
from tests.support.store_rows import TABLES, deal


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_the_values_as_they_are_and_deleted_rows_only_when_asked(mirror, said):
    code, text, err = said("deals")
    assert (code, err) == (0, f"deals: {len(EVIL) + 2} rows\n")
    rows = read_csv(text)
    titles = {int(row["id"]): row["title"] for row in rows}
    assert titles == {
        **{n: title for n, title in enumerate(EVIL, 1) if n != 2}, 90: "nothing else", 91: "Deal 91", 92: "small",
    }  # fmt: skip
    first = rows[0]
    assert (first["opportunity"], first["closed"], first["date_modify"], first["begindate"]) == (
        first["opportunity"], "true", "2024-08-30T12:29:00+00:00", "2024-08-30",
    )  # fmt: skip
    assert Decimal(first["opportunity"]) == Decimal("1000.5")
    assert first["uf_crm_list"] == '["a","b"]'
    assert rows[-1]["opportunity"] == "0.00000015"
    assert {value for name, value in rows[-3].items() if name not in {"id", "title", "_synced_at"}} == {""}
    assert "_deleted_at" not in first
    both = read_csv(said("deals", "--deleted")[1])
    gone = [row for row in both if row["_deleted_at"]]
    assert [(row["id"], row["title"]) for row in gone] == [("2", "+905551234567")]
    assert text.count("\n") == text.replace("\r\n", "\n").count("\n")
    assert text.splitlines(keepends=True)[0].endswith("_synced_at\n")


def test_csv_for_a_spreadsheet_has_no_cell_that_begins_a_formula(mirror, said):
    code, text, _ = said("deals", "--spreadsheet", "--deleted")
    assert code == 0
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}id,")
    rows = read_csv(text)
    assert text.count("\r\n") == len(rows) + 1 + sum(title.count("\r\n") for title in EVIL)
    cells = [cell for row in rows for cell in row.values() if cell]
    for end in ("", ";", "\t", "\r", "\n"):
        assert not [
            cell for cell in cells if re.search(f"(?:^|{end})[=+@]" if end else "^[=+@\t\r-]", cell)
        ], end
    titles = [row["title"] for row in rows[: len(EVIL)]]
    assert [title for title, one in zip(titles, EVIL, strict=True) if title != one] == [
        "'=1+1", "'+905551234567", "'-2", "'@SUM(A1)", "'\t'=1", "'\r'=1", "a;'=1",
    ]  # fmt: skip
    assert [row["opportunity"] for row in rows][-1] == "0.00000015"


def test_json_lines_have_types_and_every_column(mirror, said):
    lines = [
        json.loads(line, parse_float=Decimal) for line in said("deals", "--format", "jsonl")[1].splitlines()
    ]
    assert [line["title"] for line in lines][: len(EVIL) - 1] == [one for one in EVIL if one != EVIL[1]]
    assert lines[0]["uf_crm_list"] == ["a", "b"]
    assert lines[0]["closed"] is True
    assert (lines[-2]["opportunity"], lines[-1]["opportunity"]) == (
        Decimal("12345678901.25"),
        Decimal("1.5E-7"),
    )
    empty = lines[-3]
    assert set(empty) == set(lines[0])
    assert [name for name, value in empty.items() if value is not None] == ["id", "title", "_synced_at"]


def test_moments_are_in_the_zone_that_is_asked_for_and_days_are_days(mirror, said):
    row = read_csv(said("deals", "--tz", "Europe/Berlin", "--where", "id = 1")[1])[0]
    assert (row["date_modify"], row["begindate"]) == ("2024-08-30T14:29:00+02:00", "2024-08-30")
    assert datetime.fromisoformat(row["_synced_at"]) == NOW
    code, text, err = said("deals", "--tz", "Europe/Istambul")
    assert (code, text, err.splitlines()[1]) == (64, "", "  did you mean Europe/Istanbul?")


def test_labels_are_those_of_the_views_for_any_table(mirror, said):
    code, text, _ = said("deals", "--labels", "--deleted", "--where", "id <= 2")
    assert code == 0
    rows = read_csv(text)
    assert [(row["stage_name"], row["uf_kind_name"]) for row in rows] == [("Fresh", "Small")] * 2
    view = read_csv(said("v_deals")[1])
    assert list(rows[0]) == [*view[0], "_deleted_at"]
    assert said("deals", "--columns", "stage_name,id", "--where", "id = 1")[1] == "stage_name,id\nFresh,1\n"
    assert read_csv(said("contact_points")[1])[0]["value"] == "+905551234567"


CONDITIONS = [
    "nosuch = 1",
    "1 = 1) UNION SELECT 1 --",
    "1 = 1; DROP TABLE deals",
    "1 = 1 /*",
    "id = ' ",
    "1 = 1) UNION ALL SELECT count(*) FROM bitsheet_meta WHERE (1 = 1",
    "1 = 1) ORDER BY (id",
    "$1 = ?",
    " ",
    "1 = 1) THEN 1 END FROM deals t WHERE (1 = 1",
    "CAST(title AS integer) / 0 > json_extract(title, '$')",
]


def test_a_condition_filters_and_can_do_nothing_else(mirror, said):
    for condition in CONDITIONS:
        code, text, err = said("deals", "--columns", "id", "--where", condition)
        assert (code, err.splitlines()[0].partition(" is refused")[0]) == (64, "bitsheet-tui: --where"), (
            condition
        )
        assert "bitsheet_meta" not in text
    assert said("deals", "--columns", "id", "--where", "id = 1 -- with a remark")[1] == "id\n1\n"


def test_what_is_named_wrongly_is_64_with_the_nearest_name(mirror, said):
    for words, hint in {
        ("dealz",): "did you mean deals?",
        ("deals", "--columns", "id,titel"): "did you mean title?",
        ("bitsheet_meta",): "there are ",
        ("leads",): "there are ",
        ("deals", "contacts"): "name one: -o FOLDER",
        ("v_deals", "--deleted"): "export deals with --deleted and --labels",
        ("deals", "deals"): "name each once",
        ("deals", "--format", "jsonl", "--spreadsheet"): "a workbook",
    }.items():
        code, text, err = said(*words)
        assert (code, text) == (64, ""), words
        assert err.splitlines()[1].strip().startswith(hint), words


def test_a_table_without_rows_has_its_names_and_two_exports_are_equal(mirror, said):
    assert said("deals", "--where", "id < 0", "--columns", "id,title")[1] == "id,title\n"
    assert said("v_deals", "--where", "id < 0", "--format", "jsonl")[1:] == ("", "v_deals: 0 rows\n")
    assert said("deals", "--labels", "--deleted")[1] == said("deals", "--labels", "--deleted")[1]


def test_everything_is_of_the_moment_in_which_it_began(mirror, store_url):
    config = load(mirror / "config.toml", {})
    store = wiring.open_store(config)
    with closing(store), closing(wiring.open_export(config)) as reader:
        reader.begin(["deals", "v_deals"], others=False)
        columns = reader.columns("v_deals")
        store.commit(TABLES["deals"], [deal(93, TITLE="new since")], None, at=NOW, cycle=2)
        store.commit(TABLES["contacts"], [{"ID": "2", "NAME": "new since"}], None, at=NOW, cycle=2)
        wider = (*FIELDS, Field(name="UF_NEW", kind=Kind.TEXT))
        try:
            store.shape(TABLES["deals"], wider)
            refused = False
        except StoreLocked:
            refused = True

        for name in ("deals", "v_deals"):
            assert columns == reader.columns("v_deals")
            selection = Selection(name=name, columns=tuple(reader.columns(name)))
            assert [row[0] for page in reader.pages(selection) for row in page][-1] == 92
        assert "uf_new" not in {column.name for column in columns}
    assert refused is ("postgresql" in store_url.reveal())
    store = wiring.open_store(config)
    with closing(store), closing(wiring.open_export(config)) as reader:
        store.shape(TABLES["deals"], wider)
        reader.begin(["v_deals"], others=False)
        assert "uf_new" in {column.name for column in reader.columns("v_deals")}


def test_a_page_is_as_short_as_its_rows_are_long(mirror, monkeypatch):

    monkeypatch.setattr(export_reader, "STEP", 2)
    monkeypatch.setattr(export_reader, "HEAVY", 30)
    config = load(mirror / "config.toml", {})
    with closing(wiring.open_export(config)) as reader:
        reader.begin(["deals"], others=False)
        chosen = tuple(one for one in reader.columns("deals") if one.name in {"id", "title"})
        selection = export_reader.Selection(name="deals", columns=chosen)
        sizes = [len(page) for page in reader.pages(selection)]
    assert sum(sizes) == len(EVIL) + 2
    assert max(sizes) <= 8
