import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.portal.answer import mapping, moment, number, timing, whole
from bitsheet_tui.portal.batch import envelope, unpack
from bitsheet_tui.portal.body import decode
from tests.support.scripted_server import STARTED, TIME, maps

INT_TIME = {
    "start": 1787219542, "finish": 1787219542.888997, "duration": 0.888997, "processing": 0,
    "date_start": "2026-08-20T11:52:22+02:00", "date_finish": "2026-08-20T11:52:22+02:00",
    "operating_reset_at": 1787220142, "operating": 0.1199338,
}  # fmt: skip


def test_time_may_be_whole_or_not():
    assert timing(TIME).started == STARTED
    assert timing(INT_TIME).started == datetime(2026, 8, 20, 9, 52, 22, tzinfo=UTC)
    assert timing(INT_TIME).seconds == 0.888997
    assert timing(INT_TIME).operating == 0.1199338
    assert timing(INT_TIME).reset_at == datetime(2026, 8, 20, 10, 2, 22, tzinfo=UTC)


def test_time_without_numbers_is_read_from_its_dates():
    assert timing({"date_start": "2026-08-20T11:52:22+02:00"}).started == datetime(
        2026, 8, 20, 9, 52, 22, tzinfo=UTC
    )


def test_a_portal_that_does_not_count_operating_time_says_nothing_of_it():
    assert timing(TIME).operating is None
    assert timing(TIME).reset_at is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {"start": "soon"},
        {"start": 1e300},
        {"start": True},
        {"date_start": "2026-08-20T11:52:22"},
    ],
)
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError):
        timing(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, None), ("1787219542", datetime(2026, 8, 20, 9, 52, 22, tzinfo=UTC)), ("", None), ([], None),
        ("1787219542.5", datetime(2026, 8, 20, 9, 52, 22, 500_000, tzinfo=UTC)), (float("inf"), None),
        ("2026-08-20T11:52:22+02:00", datetime(2026, 8, 20, 9, 52, 22, tzinfo=UTC)), (-1e20, None),
    ],
)  # fmt: skip
def test_a_moment_is_seconds_or_an_iso_text(value, expected):
    assert moment(value) == expected


def test_empty_maps_are_lists_and_lists_are_maps():
    assert mapping([]) == {}
    assert mapping({"a": 1}) == {"a": 1}
    assert mapping([5, 6]) == {"0": 5, "1": 6}
    with pytest.raises(ValueError):
        mapping("x")


def test_all_five_maps_of_a_batch_may_be_empty_lists():
    parts = unpack(maps())
    assert parts.result == parts.errors == parts.totals == parts.nexts == parts.timings == {}


def test_a_batch_without_its_lesser_maps_is_understood():
    assert unpack({"result": {"a": 1}, "result_error": []}).result == {"a": 1}
    assert unpack({"result": {"a": 1}, "result_error": [], "result_time": None}).timings == {}


def test_a_command_with_a_broken_time_has_none():
    assert unpack(maps({"a": 1}, result_time={"a": "x"})).timings == {}


def test_totals_may_be_spelled_as_text():
    got = envelope({"result": [], "total": "123", "next": "50", "time": TIME})
    assert (got.total, got.next) == (123, 50)
    assert envelope({"result": None, "total": None, "time": TIME}).total is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b'["\\ud800"]', ["\ud800"]),
        (b'["\\ud83d\\ude00"]', ["\U0001f600"]),
        (b"[NaN, Infinity]", ["NaN", "Infinity"]),
        (b"[1e999]", ["1e999"]),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
        (b"[18446744073709551616]", [2**64]),
        (b'["a\x01b"]', ["a\x01b"]),
        (b'["\xff"]', ["\ufffd"]),
        (b'[{"a":' * 200 + b"1" + b"}]" * 200, None),
    ],
)
def test_one_odd_value_does_not_hide_the_others(text, expected):
    got = decode(text)
    assert got == expected if expected is not None else isinstance(got, list)


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b'{"a":1', b"[1] x", b"[" * 100_000, b'{"a":' * 100_000, b'"\xff']
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):
        decode(text)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_every_json_text_is_read_as_it_was_written(value):
    assert decode(json.dumps(value).encode()) == value


@given(st.binary())
def test_no_bytes_do_any_harm(body):
    try:
        decode(body)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - the only way out


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()))
def test_numbers_are_finite_or_nothing(value):
    assert number(value) is None or abs(number(value)) < float("inf")
    assert whole(value) is None or isinstance(whole(value), int)
