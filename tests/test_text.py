"""plain() is the one door from data to a screen: whatever goes in, one inert line comes out."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.text import LIMIT, plain
from tests.support.hostile_values import NAMES, TEXTS

SHOWN = [
    ("Привет, мир", "Привет, мир"),
    ("100 % [done] [/]", "100 % [done] [/]"),
    ("a\nb\r\nc\td", "a b  c d"),
    ("\x1b]52;c;aGk=\x07x", "\ufffd]52;c;aGk=\ufffdx"),
    ("\x9b31mred", "\ufffd31mred"),
    ("\u202egnp.exe\u2066", "gnp.exe"),
    ("in\u200bvis\u2062ib\U000e0041le\ufeff", "invisible"),
    ("\ud800\ue000", "\ufffd\ufffd"),
    ("a" + "\u0300" * 50, "a\u0300\u0300\u0300"),
    ("👨‍👩‍👧", "👨‍👩‍👧"),
    (None, "None"),
    (12, "12"),
]


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=[repr(value)[:20] for value, _ in SHOWN])
def test_what_can_harm_is_gone_and_the_rest_is_as_it_was(value, shown):
    assert plain(value) == shown


def harmless(text: str) -> bool:
    """Whether every character of it just takes its place."""
    kinds = {unicodedata.category(char) for char in text}
    hidden = {char for char in text if unicodedata.category(char) == "Cf"}
    never = {char for char in text if ord(char) & 0xFFFE == 0xFFFE or 0xE0000 <= ord(char) <= 0xE0FFF}
    return not (never or kinds & {"Cc", "Cs", "Co", "Zl", "Zp"}) and hidden <= set("\u200c\u200d") | ARABIC


ARABIC = {
    chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)
}  # are seen
ANY = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x07\x9b\n\u202e\u2066\u200b[]@/"))


@given(ANY, st.integers(1, 300))
def test_any_text_becomes_one_inert_line_of_at_most_so_many_characters(text, limit):
    line = plain(text, limit)
    assert len(line) <= limit
    assert harmless(line)
    assert len(line.splitlines()) <= 1
    assert plain(line, limit) == line


@pytest.mark.parametrize("text", [*TEXTS, *NAMES], ids=lambda text: repr(text)[:20])
def test_hostile_texts_are_harmless(text):
    assert harmless(plain(text))


def test_a_megabyte_costs_no_time():
    began = time.perf_counter()
    for _ in range(100):
        assert len(plain("\u0300" * 2**20)) <= LIMIT
        assert plain("x" * 2**20) == "x" * (LIMIT - 1) + "…"
    assert time.perf_counter() - began < 2
