"""What the portal writes becomes what it means, or half a sentence that says why not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.dialects import POSTGRESQL, SQLITE, reader
from bitsheet_tui.store.values import Unstorable
from tests.support import hostile_values

AUGUST = datetime(2024, 8, 30, 12, 29, tzinfo=UTC)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("nothing", [None, "", [], {}], ids=repr)
def test_nothing_is_no_value_of_any_kind(kind, nothing):
    assert values.READERS[kind](nothing) is None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.BOOLEAN])
def test_false_is_no_value_except_for_a_flag(kind):
    assert values.READERS[kind](False) is None
    assert values.boolean(False) is False


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        ("0", 0), ("15", 15), (" 15 ", 15), ("-3", -3), ("+3", 3), ("007", 7), (7, 7), (7.0, 7), ("7.00", 7),
        ("9223372036854775807", 2**63 - 1), (-(2**63), -(2**63)), ("999999999999999999", 10**18 - 1),
    ],
)  # fmt: skip
def test_integers(raw, means):
    assert values.integer(raw) == means


def test_nobody_has_the_number_nought():
    assert (values.reference("0"), values.reference(0), values.reference("7")) == (None, None, 7)
    assert values.integer("0") == 0


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        ("1000000.00", "1000000"), ("0", "0"), ("-0.5", "-0.5"), (0.1, "0.1"), (12, "12"), (" 1e3 ", "1000"),
        ("0.10000000000000000555", "0.10000000000000000555"), ("9" * 300, "9" * 300),
    ],
)  # fmt: skip
def test_decimal_numbers_keep_their_digits(raw, means):
    assert values.numeric(raw) == Decimal(means)


@pytest.mark.parametrize("raw", ["Y", "y", "1", 1, True, "true", "yes"])
def test_yes(raw):
    assert values.boolean(raw) is True


@pytest.mark.parametrize("raw", ["N", "n", "0", 0, False, "false", "no"])
def test_no(raw):
    assert values.boolean(raw) is False


@pytest.mark.parametrize(
    "raw",
    [
        "2024-08-30T14:29:00+02:00", "2024-08-30T12:29:00Z", "2024-08-30T12:29:00+00:00",
        "2024-08-30T05:29:00-07:00", "2024-08-30 12:29:00+00:00", "2024-08-30T12:29:00.999+00:00",
    ],
)  # fmt: skip
def test_moments_are_kept_in_utc_and_whole_seconds(raw):
    assert values.instant(raw) == AUGUST
    assert values.instant(raw).tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    [
        "0000-00-00 00:00:00", "0000-00-00", "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00", "-0001-11-30T00:00:00+02:30", "10000-01-01T00:00:00+00:00", " ",
    ],
)  # fmt: skip
def test_a_date_that_denotes_no_moment_is_no_value(raw):
    assert values.instant(raw) is None


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        ("2024-08-30T02:00:00+02:00", date(2024, 8, 30)),
        ("2024-08-29T17:00:00-07:00", date(2024, 8, 30)),
        ("2024-08-30", date(2024, 8, 30)),
        ("2024-08-30T00:00:00", date(2024, 8, 30)),
        ("1955-04-10T00:00:00+03:00", date(1955, 4, 10)),  # as user.get prints it: the portal's own midnight
        ("1899-12-31T20:53:32-03:06", date(1900, 1, 1)),  # an offset of -03:06:28, whose seconds were cut
        ("1900-01-01T02:30:17+02:30", date(1900, 1, 1)),
        ("2024-08-29T23:58:00+00:00", date(2024, 8, 29)),
        ("0000-00-00", None),
        ("9999-12-31T23:00:00-05:00", None),
    ],
)
def test_a_day_is_the_printed_day_or_the_day_in_utc(raw, means):
    assert values.day(raw) == means


@pytest.mark.parametrize(
    ("raw", "means"),
    [
        ("x", "x"),
        ("0", "0"),
        (0, "0"),
        (5, "5"),
        (1.0, "1"),
        (0.5, "0.5"),
        (True, "true"),
        (["b", 1], '["b",1]'),
    ],
)
def test_what_is_no_text_is_kept_as_json(raw, means):
    assert values.text(raw) == means


@pytest.mark.parametrize("raw", hostile_values.TEXTS)
def test_texts_are_kept_as_they_are(raw):
    assert values.text(raw) == raw
    assert json.loads(values.structure([raw])) == [raw]


@pytest.mark.parametrize(("raw", "means"), hostile_values.MENDED)
def test_what_no_database_holds_becomes_a_replacement_character(raw, means):
    assert values.text(raw) == means
    assert json.loads(values.structure({raw: [raw]})) == {means: [means]}


@pytest.mark.parametrize(("kind", "raw"), hostile_values.POISON)
def test_poison_is_refused_with_a_reason(kind, raw):
    with pytest.raises(Unstorable, match=r"^[a-z].*[a-z]$"):
        values.READERS[Kind(kind)](raw)


@pytest.mark.parametrize("raw", [object(), [{1, 2}], b"x"])
def test_what_is_not_json_is_refused(raw):
    with pytest.raises(Unstorable, match="not JSON"):
        values.structure(raw)


def test_equal_json_has_one_spelling():
    assert values.canonical({"b": 1.0, "a": [-0.0, 1e16, 2.5, None, True]}) == (
        '{"a":[0,10000000000000000,2.5,null,true],"b":1}'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_canonical_json_is_its_own_canonical_json(value):
    once = values.canonical(value)
    assert values.canonical(json.loads(once)) == once
    once.encode()  # nothing in it that cannot be sent


def test_a_file_has_no_links():
    raw = {
        "id": 5,
        "showUrl": "a",
        "downloadUrl": "b",
        "NAME": "x",
        "all": [{"VIEW_URL": "c", "urlShow": 1, "n": 2}],
    }
    assert values.file(raw) == '{"NAME":"x","all":[{"n":2}],"id":5}'
    assert values.file([{"showUrl": "a"}]) == "[{}]"
    assert values.file({"showUrl": "a"}) is None
    with pytest.raises(Unstorable, match="nested"):
        values.file(hostile_values.deep(100))


@pytest.mark.parametrize(
    ("field", "links"),
    [
        (Field(name="PHOTO", kind=Kind.JSON, type="file"), False),
        (Field(name="X", kind=Kind.JSON, type="diskfile"), False),
        (Field(name="FILES", kind=Kind.JSON, type="json"), False),
        (Field(name="TAGS", kind=Kind.JSON, type="array"), True),
    ],
)
def test_only_files_lose_their_links(field, links):
    assert ("url" in (reader(field)({"id": 1, "url": "x"}) or "")) is links


@pytest.mark.parametrize(
    ("raw", "stored"),
    [("1000000.00", 1000000), ("0.5", 0.5), ("9223372036854775807", 2**63 - 1), ("1e30", 1e30), ("-0.00", 0)],
)
def test_sqlite_keeps_numbers_as_it_can(raw, stored):
    convert = SQLITE.converter(Field(name="X", kind=Kind.NUMERIC))
    assert convert(raw) == stored
    assert type(convert(raw)) is type(stored)


def test_each_database_has_its_own_spelling():
    moment = Field(name="X", kind=Kind.INSTANT)
    assert SQLITE.converter(moment)("2024-08-30T14:29:00+02:00") == "2024-08-30T12:29:00+00:00"
    assert POSTGRESQL.converter(moment)("2024-08-30T14:29:00+02:00") == AUGUST
    assert SQLITE.converter(Field(name="X", kind=Kind.DATE))("2024-08-30") == "2024-08-30"
    assert SQLITE.converter(Field(name="X", kind=Kind.BOOLEAN))("Y") == 1
    assert SQLITE.converter(moment)("") is None
    assert SQLITE.encode(Kind.INSTANT, None) is None
