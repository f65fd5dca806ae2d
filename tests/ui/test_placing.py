"""Characters of doubtful width move nothing that stands behind them."""

import pytest

from bitsheet_tui.text import plain
from bitsheet_tui.ui.placing import placed

ODD = ["❤️", "👍🏽", "🇹🇷", "हिन्दी", "👩‍💻", "\U0001fae9", "\u088f"]


@pytest.mark.parametrize("title", ODD)
def test_after_it_the_cursor_is_placed(title):
    from rich.cells import cell_len

    data = f"\x1b[3;5H\x1b[1mDeal {title}\x1b[0m │"
    shown = placed(data)
    assert f"\x1b[{5 + cell_len('Deal ' + title)}G\x1b[0m │" in shown
    assert shown.replace(f"\x1b[{5 + cell_len('Deal ' + title)}G", "").count("\x1b[") >= 3


def test_what_is_of_no_doubt_is_sent_as_it_is():
    for text in ("plain", "✓ GÜNCEL — Сделка ▁▂▃ │ 日本語", "\x1b]2;title ❤\x07"):
        data = f"\x1b[1;1H{text}"
        assert placed(data) == data


def test_where_the_cursor_is_not_known_nothing_is_placed():
    assert placed("❤️ x") == "❤️ x"
    assert placed("\x1b[2;2Ha\n❤️ x") == "\x1b[2;2Ha\n❤️ x"


def test_letters_newer_than_the_table_pass_and_what_never_will_be_one_does_not():
    assert plain("\u088f\U0001fae9") == "\u088f\U0001fae9"
    for never in ("\uffff", "\ufdd0", "\U0001fffe", "\U000e0fff", "\u2065", "\x9b", "\ue000"):
        assert plain(f"a{never}b") in {"a\ufffdb", "ab"}, hex(ord(never))
