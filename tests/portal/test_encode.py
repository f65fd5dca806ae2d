from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.encode import command, plain


def query(params):
    return command(Ask("m", params)).partition("?")[2]


def test_a_method_without_parameters_is_the_command():
    assert command(Ask("profile")) == "profile"


def test_the_offset_of_a_date_survives_as_a_plus():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert query({"filter": {">=DATE_MODIFY": moment}}) == (
        "filter[%3E%3DDATE_MODIFY]=2026-01-02T03%3A04%3A05%2B00%3A00"
    )


def test_maps_and_lists_nest_as_php_does():
    params = {"order": {"ID": "DESC"}, "select": ["*", "UF_*"], "filter": {"@ID": [1, 2]}}
    assert query(params) == (
        "order[ID]=DESC&select[0]=%2A&select[1]=UF_%2A&filter[%40ID][0]=1&filter[%40ID][1]=2"
    )


def test_a_reference_to_an_earlier_command_is_one_value():
    assert parse_qsl(query({"filter": {"<ID": "0$result[p0][49][ID]"}})) == [
        ("filter[<ID]", "0$result[p0][49][ID]")
    ]


def test_booleans_are_1_and_0_and_days_are_iso():
    assert query({"a": True, "b": False, "c": date(2026, 1, 2)}) == "a=1&b=0&c=2026-01-02"


def test_nothing_is_left_out_except_where_it_would_widen_the_question():
    assert query({"a": None, "b": {}, "c": []}) == ""
    assert query({"filter": {"OWNER": None}}) == "filter[OWNER]="


@pytest.mark.parametrize(
    "params",
    [{"filter": {"@ID": []}}, {"filter": {"ID": {}}}, {"x": float("nan")}, {"x": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_what_would_silently_mean_something_else_is_refused(params):
    with pytest.raises(ValueError):
        plain(params)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_every_text_arrives_as_it_was(values):
    pairs = parse_qsl(query({"filter": values}), keep_blank_values=True)
    assert pairs == [(f"filter[{key}]", value) for key, value in values.items()]
