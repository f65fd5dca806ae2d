"""A column converted in one sweep is what its values are one by one, whatever stands in it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store.dialects import POSTGRESQL, SQLITE
from bitsheet_tui.store.sweeps import sweep
from bitsheet_tui.store.values import Unstorable

USUAL = (None, "", "Y", "N", "0", "1", "17", "-3", "12.50", "2024-08-30T14:29:00+02:00", "2024-08-30", "да")
ODD = (
    "½", "١٢", "1_000", "1.2.3", "1-2", "-", ".", "+5", " 7", "9" * 18, "9" * 19, "12345678901234.5", "1e3", "inf",
    "a\0b", "\ud800", 5, 2**70, 1.5, True, False, [], {}, [1], {"a": 1}, "y", "maybe",
)  # fmt: skip
COLUMNS = st.lists(st.sampled_from(USUAL), max_size=6) | st.lists(st.sampled_from(USUAL + ODD), max_size=6)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=25, deadline=None)
@example(column=["12.50", "-3", "", None])
@example(column=["17", "0", "9" * 18, ""])
@given(column=COLUMNS)
def test_a_sweep_gives_what_its_values_give_one_by_one(kind, dialect, column):
    convert = dialect.converter(Field(name="X", kind=kind))

    def each():
        return [None if raw is None else convert(raw) for raw in column]

    assert told(lambda: list(sweep(kind, convert, dialect.plain_number)(column, {}))) == told(each)


def told(work):
    """Values with their types, or that one of them cannot be stored."""
    try:
        return [(type(value), value) for value in work()]
    except Unstorable:
        return "unstorable"
