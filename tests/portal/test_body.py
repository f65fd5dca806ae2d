"""Large parts of an answer stay packed, and are what they would be had they been read at once."""

import json
import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest

from bitsheet_tui.errors import BadAnswer
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.portal.body import Packed, PackedRow, decode, opened
from bitsheet_tui.portal.listing import Window, read
from bitsheet_tui.tables import CATALOGUE
from tests.support.scripted_server import TIME, maps

TABLES = {table.name: table for table in CATALOGUE}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def page(top, wide=40):
    return [{"ID": str(top - n), **{f"UF_{k}": f"value {k}" for k in range(wide)}} for n in range(50)]


def body(results):
    return json.dumps({"result": maps(results), "time": TIME}).encode()


def answers(text, commands):
    found = decode(text, commands)["result"]["result"].values()
    return [Answer(result=one, started=NOW, seconds=0.1) for one in found]


def test_a_page_is_packed_and_what_is_small_is_not():
    got = decode(body({"deals": page(100), "empty": []}), ["deals", "empty"])
    assert isinstance(got["result"]["result"]["deals"], Packed)
    assert got["result"]["result"]["empty"] == []
    assert got["time"] == TIME
    assert Answer(result=got["result"]["result"]["deals"], started=NOW, seconds=0).result == page(100)


def test_the_rows_of_packed_pages_are_those_that_came():
    got = read(
        TABLES["deals"],
        Window(name="fill", above=0),
        answers(body({"a": page(100), "b": page(50)[:49]}), "ab"),
    )
    assert all(isinstance(row, PackedRow) for row in got.rows)
    assert [opened(row) for row in got.rows] == [*page(100), *page(50)[:49]]
    assert (got.highest, got.lowest, got.ended, got.complete) == (100, 2, True, False)
    assert got.rows[0]["ID"] == "100"
    assert dict(got.rows[0]) == page(100)[0]
    assert len(got.rows[0]) == 41


@pytest.mark.parametrize("wrap", [lambda rows: {"tasks": rows}, lambda rows: dict(enumerate(rows))])
def test_lists_in_a_wrapper_or_as_an_object_are_read_as_well(wrap):
    rows = [{"id": str(90 - n), "title": "x" * 100} for n in range(50)]
    got = read(
        TABLES["tasks" if "tasks" in wrap([]) else "deals"], Window(name="fill", above=0),
        answers(body({"a": wrap([{**row, "ID": row["id"]} for row in rows])}), "a"),
    )  # fmt: skip
    assert [opened(row)["id"] for row in got.rows] == [row["id"] for row in rows]


@pytest.mark.parametrize("odd", [b"1e999", b"NaN", b'"\\ud800"', b'"\xff"', b"9" * 5000])
def test_one_odd_value_hides_no_other(odd):
    text = body({"deals": [*page(100), {"ID": "1", "ODD": 12345}]}).replace(b"12345", odd)
    rows = Answer(result=decode(text, ["deals"])["result"]["result"]["deals"], started=NOW, seconds=0).result
    assert len(rows) == 51
    assert rows[:50] == page(100)


def test_a_part_that_is_no_json_is_a_bad_answer():
    answer = Answer(result=Packed(msgspec.Raw(b'[{"ID":')), started=NOW, seconds=0)
    with pytest.raises(BadAnswer):
        answer.result  # noqa: B018


def test_an_answer_of_2500_rows_takes_little_more_than_its_text():
    text = body({f"p{n}": page(5000 - 50 * n) for n in range(50)})
    tracemalloc.start()
    got = read(TABLES["deals"], Window(name="fill", above=0), answers(text, [f"p{n}" for n in range(50)]))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(got.rows) == 2500
    assert held < len(text) / 4
    assert peak < len(text) / 2
