"""Numbers, times and lines as people read them, exactly as wide as they say."""

import subprocess
import sys
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import glyphs, line
from bitsheet_tui.ui.views import spark
from tests.support import engine_states
from tests.support.engine_states import NOW, ago, later

texts = st.text(st.characters(exclude_categories=["C", "M"]), max_size=40)
lines = st.lists(st.tuples(texts, st.sampled_from(["", "ok", "bad"])), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (99_949, "99.9k"), (205_435, "205k"), (1_234_567, "1.2M"),
     (120_000_000, "120M")],
)  # fmt: skip
def test_a_short_number_is_at_most_five_letters(number, words):
    assert f.short(number) == words
    assert len(words) <= 5


@pytest.mark.parametrize(
    ("seconds", "words", "few"),
    [(0, "0 s", "0s"), (9.4, "9 s", "9s"), (98, "98 s", "98s"), (100, "2 min", "2m"), (3599, "1 h 00 min", "1h00m"),
     (4320, "1 h 12 min", "1h12m"), (172_800, "2 d 0 h", "2d0h"), (-5, "0 s", "0s")],
)  # fmt: skip
def test_what_is_left_is_rounded_as_far_as_it_can_be_trusted(seconds, words, few):
    assert f.span(seconds) == words
    assert f.brief(seconds) == few


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0.0s"), (0.0004, "1ms"), (0.04, "40ms"), (0.44, "0.4s"), (9.8, "9.8s"), (118.2, "118s"),
     (720, "12m")],
)  # fmt: skip
def test_what_was_measured_has_the_digits_that_matter(seconds, words):
    assert f.took(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [(None, "never"), (later(5), "now"), (ago(59), "now"), (ago(61), "1m ago"), (ago(7200), "2h ago"),
     (ago(72 * 3600), "3d ago")],
)  # fmt: skip
def test_ages_come_in_their_largest_unit(at, words):
    assert f.age(at, NOW) == words


def test_the_clock_says_the_day_only_when_it_is_another_one():
    assert f.clock(NOW, UTC, NOW) == "10:02:13"
    assert f.clock(ago(86400), UTC, NOW) == "23 Nov 10:02:13"
    assert f.clock(NOW, timezone(timedelta(hours=3)), NOW, seconds=False) == "13:02"
    assert f.clock(None, UTC, NOW) == "–"


def test_a_time_of_day_stays_and_a_day_later_it_is_an_age():
    assert f.lately(ago(7200), UTC, NOW) == "08:02:13"
    assert f.lately(ago(20 * 3600), UTC, NOW, seconds=False) == "14:02"  # yesterday
    assert f.lately(ago(30 * 3600), UTC, NOW) == "30h ago"
    assert f.lately(None, UTC, NOW) == "never"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (-9, "0:00"), (287, "4:47"), (3723, "1:02:03")])
def test_a_stopwatch_is_minutes_and_seconds(seconds, words):
    assert f.stopwatch(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (0.001, "1%"), (0.614, "61%"), (0.9999, "99%"), (1.0, "100%")]
)
def test_done_is_said_only_when_it_is_done(share, words):
    assert f.percent(share) == words


def test_a_long_cycle_does_not_flatten_the_short_ones():
    steps = f.heights([1.0, 1.4, 2.0, 118.0], 8)
    assert steps[0] < steps[2] < steps[3] == 8
    assert f.heights([1.0, 1.01, 1.02], 8) == [1, 1, 1]  # noise is not blown up
    assert f.heights([], 8) == []
    assert f.heights([0.0, 0.0], 8) == [1, 1]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(1, 64))
def test_every_height_is_inside(seconds, steps):
    assert all(1 <= height <= steps for height in f.heights(seconds, steps))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values(values, share):
    assert f.quantile(values, share) in values


@given(st.floats(0, 1), st.integers(0, 60))
def test_a_bar_is_as_wide_as_it_is_asked_to_be(share, cells):
    done, still = f.bar(share, cells)
    assert len(done + still) == cells


@given(texts, st.integers(0, 60), st.booleans())
def test_fit_is_exact(words, cells, right):
    assert cell_len(line.fit(words, cells, right=right)) == cells


@given(texts, st.integers(0, 60))
def test_middle_keeps_both_ends(words, cells):
    short = line.middle(words, cells)
    assert cell_len(short) <= cells or cells == 0
    if cell_len(words) <= cells:
        assert short == words


def test_of_a_path_both_ends_are_seen():
    assert line.middle("sqlite /var/lib/bitsheet/crm.db", 20) == "sqlite /v…eet/crm.db"


@given(lines, st.integers(1, 60))
def test_cut_never_overflows_and_says_that_something_is_missing(spans, cells):
    short = line.cut(spans, cells)
    assert line.width(short) <= cells
    if line.width(spans) > cells:
        assert line.text(short).endswith("…")
    else:
        assert short == spans


@given(lines, lines, st.integers(1, 80))
def test_spread_fills_the_line(left, right, cells):
    assert line.width(line.spread(left, right, cells)) <= cells


@given(st.lists(lines, max_size=5), lines, lines, st.integers(12, 80), st.integers(2, 8))
def test_a_frame_is_exactly_as_large_as_it_is_asked_to_be(body, title, note, columns, rows):
    framed = line.frame(body, title, note, columns, rows)
    assert len(framed) == rows
    assert {line.width(row) for row in framed} == {columns}


@given(texts, st.integers(1, 40))
def test_wrap_loses_no_word_that_fits(words, cells):
    rows = line.wrap(words, cells)
    assert all(cell_len(row) <= cells for row in rows)
    kept = " ".join(rows).split()
    assert all(word in kept for word in words.split() if cell_len(word) <= cells)


@given(st.text("ab ", min_size=1, max_size=30), st.data())
def test_differs_finds_the_first_and_the_last_changed_cell(words, data):
    other = data.draw(st.text("ab ", min_size=len(words), max_size=len(words)))
    found = line.differs(((words, ""),), ((other, ""),))
    changed = [x for x, (a, b) in enumerate(zip(words, other, strict=True)) if a != b]
    assert found == ((changed[0], changed[-1] + 1) if changed else None)


def test_a_change_of_style_alone_is_a_difference():
    assert line.differs((("ab", ""), ("c", "")), (("abc", ""),)) is None
    assert line.differs((("ab", ""), ("c", "bad")), (("abc", ""),)) == (2, 3)
    assert line.differs((("日本", ""),), (("日x", ""),)) == (0, 4)


@given(texts)
def test_ascii_is_as_wide_as_what_it_replaces_where_that_is_narrow(words):
    shown = glyphs.to_ascii(words)
    assert shown.isascii()


@pytest.mark.parametrize(
    ("environ", "only"),
    [({"LANG": "en_US.UTF-8"}, False), ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True), ({}, True),
     ({"LC_CTYPE": "C.utf8"}, False), ({"LANG": "C.UTF-8", "TERM": "linux"}, True)],
)  # fmt: skip
def test_ascii_is_for_terminals_that_have_nothing_else(environ, only):
    assert glyphs.ascii_only(environ) is only


def test_the_chart_has_an_axis_the_newest_cycle_and_a_failed_one():
    chart = spark.chart(engine_states.history(), 60, 6)
    assert len(chart) == 6
    assert {line.width(row) <= 60 for row in chart} == {True}
    assert line.text(chart[-1]).endswith("812")
    assert any(style == "bad" for row in chart for words, style in row)
    assert spark.chart((), 60, 6) == []


def test_the_histogram_counts_every_cycle():
    rows = spark.histogram(engine_states.history(), 40)
    assert sum(int(line.text(row).split()[-1]) for row in rows) == 120
    assert line.text(rows[-1]).split()[:2] == [">", "60"]


def test_a_farewell_says_where_the_mirror_stands():
    from bitsheet_tui.ui.picture import Picture
    from bitsheet_tui.ui.views.farewell import farewell

    def said(state):
        return farewell(Picture(state=state, now=NOW, zone=UTC))

    assert said(engine_states.stopped()) == "stopped at cycle 812, all 9 tables current as of 09:13:53"
    assert said(engine_states.first_start()) == "stopped before the first cycle"
    assert "7 of 9 tables current as of 09:13:53; not deals, tasks" in said(engine_states.refused())
    assert said(engine_states.filling()) == (
        "stopped at cycle 1; contacts (82%), deals (60%), activities (6%), tasks, … go on where they were next time"
    )


@pytest.mark.parametrize("cells", [1, 2, 7, 20, 200])
@pytest.mark.parametrize(
    "words", ["", "a", "two words", "x" * 50, "a  b   c", "日本語 text 漢字" * 5, " lead", "tail "]
)
def test_a_text_that_is_broken_loses_nothing(words, cells):
    rows = line.broken(words, cells)
    assert "".join(rows) == words
    assert all(cell_len(row) <= max(2, cells) for row in rows)


@pytest.mark.parametrize(("given", "only"), [({"LANG": "C"}, True), ({}, True), ({"LANG": "C.UTF-8"}, False)])
def test_the_locale_that_python_gives_itself_is_not_the_one_that_was_given(given, only):
    program = "from bitsheet_tui.ui.glyphs import ascii_only; print(ascii_only())"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(Path(__file__).parents[2]), **given},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{only}\n"
