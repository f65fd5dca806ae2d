"""The log read as one reads it: to a word, to a time, in a file of an earlier run, a hundred thousand lines."""

import asyncio
import threading
import time
from datetime import UTC, datetime

import pytest

from bitsheet_tui.config import LogSettings
from bitsheet_tui.observe import logs
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import conceal
from bitsheet_tui.ui import moments
from bitsheet_tui.ui.logbook import LogBook, files
from bitsheet_tui.ui.widgets.log_pane import LogPane
from tests.support.console_program import HOSTILE
from tests.support.engine_states import NOW, ago
from tests.support.log_files import book
from tests.support.screen_text import console, said, screen, settled, text


def ring(count=300, needle=50):
    """A line a second, the last one now; every `needle`th has the word."""
    out = Ring()
    for n in range(count):
        word = " needle" if n % needle == needle // 2 else ""
        out.append(ago(count - 1 - n), "INFO", "deals", f"line {n}{word}")
    return out


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def marked(app) -> str:
    """The line that stands out."""
    pane = app.screen.query_one(LogPane)
    return screen(app)[pane.region.y + pane.marked] if pane.marked is not None else ""


async def test_n_goes_from_place_to_place_among_all_lines_and_round_at_the_ends():
    async with console(ring=ring()) as (app, _engine, pilot):
        await press(app, pilot, "l", "n")
        assert said(app) == ["Look for a word first, with /."]
        await press(app, pilot, "slash", *"needle", "enter")
        assert "6 lines" in text(app)
        await press(app, pilot, "N")
        assert "300 lines" in text(app)
        assert "line 275 needle" in marked(app)
        assert "line 276" in text(app)
        await press(app, pilot, "N", "N")
        assert "line 175 needle" in marked(app)
        await press(app, pilot, "n", "n", "n")
        assert "line 25 needle" in marked(app)
        await press(app, pilot, "escape")
        assert "FOLLOW" not in text(app) or "line 299" in text(app)


async def test_a_word_that_is_nowhere_is_said_to_be():
    async with console(ring=ring()) as (app, _engine, pilot):
        await press(app, pilot, "l", "slash", *"nowhere", "enter", "n")
        assert said(app) == ["There is no such line."]


async def test_one_jumps_to_a_time():
    async with console(ring=ring()) as (app, _engine, pilot):
        await press(app, pilot, "l", "T", *"10:00", "enter")
        assert marked(app).startswith("10:00:00 I deals          line 166")
        assert "FROZEN" in text(app)
        await press(app, pilot, "T", *"1m", "enter")
        assert marked(app).startswith("10:01:13")
        await press(app, pilot, "T", *"soon", "enter")
        assert "That is no time." in text(app)
        await press(app, pilot, "escape")
        assert app.screen.name == "log"


async def test_what_is_shown_is_saved_for_its_owner_alone_and_nothing_is_overwritten(tmp_path, monkeypatch):
    conceal("hushhush77")
    monkeypatch.chdir(tmp_path)
    lines = ring()
    lines.append(NOW, "WARNING", "deals", "needle hushhush77")
    async with console(ring=lines) as (app, _engine, pilot):
        await press(app, pilot, "l", "slash", *"needle", "enter", "x", "enter")
        (path,) = tmp_path.iterdir()
        rows = path.read_text().splitlines()
        assert len(rows) == 7
        assert rows[0].endswith("INFO     deals          line 25 needle")
        assert rows[-1].endswith("WARNING  deals          needle ***")
        assert path.stat().st_mode & 0o777 == 0o600
        assert "Saved 7 lines" in said(app)[0]
        await press(app, pilot, "x", "enter")
        assert said(app) == ["Could not save it: File exists"]


async def test_the_files_of_earlier_runs_are_one_key_away(tmp_path):
    path = book(tmp_path, 50)
    book(tmp_path, 30, "bitsheet.log.1")
    book(tmp_path, 20, "bitsheet.log.2")
    async with console(log_file=path) as (app, _engine, pilot):
        await press(app, pilot, "l")
        assert "[live] bitsheet.log  bitsheet.log.1  bitsheet.log.2" in screen(app)[2]
        await press(app, pilot, "right")
        assert "11-20 00:00:49 I deals          line 49 of bitsheet.log" in text(app)
        assert "50 lines" in text(app)
        await press(app, pilot, "right", "g")
        assert "line 0 of bitsheet.log.1" in text(app)
        await press(app, pilot, "3")
        assert "1 line" in text(app)
        assert "line 7 of" in text(app)
        await press(app, pilot, "right", "slash", *"!line 1", "enter")
        assert "line 9 of bitsheet.log.2" in text(app)
        assert "line 10 of" not in text(app)
        path.unlink()
        await press(app, pilot, "left", "left")
        assert said(app) == ["Could not read the file: No such file or directory"]
        await press(app, pilot, "left")
        assert "FOLLOW" in text(app)


async def scrolled(app, pilot) -> float:
    """Seconds of the processor that moving about in the log takes."""
    started = time.process_time()
    for key in ("pageup", "k", "g", "G", "pageup", "w", "w"):
        await press(app, pilot, key)
    return time.process_time() - started


@pytest.mark.slow
async def test_a_hundred_thousand_lines_are_read_filtered_searched_and_scrolled(tmp_path):
    (tmp_path / "short").mkdir()
    async with console(log_file=book(tmp_path / "short", 1_000), size=(100, 30)) as (app, _engine, pilot):
        await press(app, pilot, "l", "right")
        ordinary = await scrolled(app, pilot)
    path = book(tmp_path, 100_000)
    async with console(log_file=path, size=(100, 30)) as (app, _engine, pilot):
        await press(app, pilot, "l", "right")
        assert "100,000 lines" in text(app)
        assert "line 99999 " in text(app)
        assert await scrolled(app, pilot) < 4 * ordinary
        await press(app, pilot, "T", *"2026-11-20 12:00", "enter")
        assert "line 43200 " in marked(app)
        await press(app, pilot, "slash", *"line 77777", "enter")
        assert "1 line" in text(app)
        await press(app, pilot, "n")
        assert "line 77777 " in marked(app)
        assert "line 77778 " in text(app)
        await press(app, pilot, "slash", "enter", "t")
        assert app.screen.query_one(LogPane).window.table == "leads"


async def test_a_burst_loses_nothing_from_the_file_and_the_screen_answers(tmp_path):
    lines, stop = 3000, threading.Event()
    settings = LogSettings(file=str(tmp_path / "b.log"), rotation="1 GB", level="DEBUG")
    ring = Ring()
    logs.start(settings, ring=ring)

    def burst():
        for n in range(lines):
            logs.say("INFO", f"line {n}", table="deals")
            if n % 100 == 99:
                time.sleep(0.1)  # a thousand a second
        stop.set()

    try:
        async with console(ring=ring) as (app, engine, pilot):
            thread = threading.Thread(target=burst)
            thread.start()
            presses = 0
            while not stop.is_set():
                await pilot.press("p", "j")
                presses += 1
                app.look()
                await asyncio.sleep(0.05)
            thread.join()
            app.paint()
            await pilot.pause()
            assert len(engine.told) == presses > 5
            assert f"line {lines - 1}" in text(app)
    finally:
        logs.stop()
    written = (tmp_path / "b.log").read_text().splitlines()
    assert [row.rpartition("line ")[2] for row in written] == [str(n) for n in range(lines)]


async def test_mischief_in_a_log_file_and_its_name_stays_text(tmp_path):
    path = tmp_path / "evil.log"
    path.write_bytes(
        f"{HOSTILE}\n2026-11-24 10:00:00+00:00 INFO     x{HOSTILE} {HOSTILE}\n".encode() + b"\xff\x9b1m\x00\n"
    )
    async with console(log_file=path) as (app, _engine, pilot):
        await press(app, pilot, "l", "right", "c")
        assert "END" in text(app)
        for strip in app.screen._compositor.render_strips():
            assert all(segment.text.isprintable() for segment in strip)
        assert app.clipboard.replace("\n", "").isprintable()


def test_a_line_that_has_no_time_has_that_of_the_one_before():
    made = LogBook(b"2026-11-24 10:00:00+03:00 INFO     deals          a\nTraceback\n  more\nno end")
    assert len(made) == 4
    assert {made.line(n).at for n in range(4)} == {datetime(2026, 11, 24, 7, tzinfo=UTC)}
    assert made.line(3).text == "no end"
    assert len(LogBook(b"")) == 0


def test_the_files_are_found_in_the_order_of_their_age(tmp_path):
    moment = "2026-11-24_10-00-00_00000"
    others = ("a.log.x", "b.log.1", f"b.{moment}1.log", "a.db")
    ours = [
        "a.log",
        f"a.{moment}1.log",
        f"a.{moment}0.2.log",
        f"a.{moment}0.log",
        "a.log.1",
        "a.log.2",
        "a.log.10",
    ]
    for name in (*others, *ours):
        (tmp_path / name).touch()
    assert [path.name for path in files(tmp_path / "a.log")] == ours
    (tmp_path / "a.log").unlink()
    assert [path.name for path in files(tmp_path / "a.log")] == ours[1:]
    assert files(None) == []


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("10:02", "2026-11-24 10:02:00"), ("9:5", None), ("10:03", "2026-11-23 10:03:00"), ("23:59:59", "2026-11-23 23:59:59"),
        ("2026-11-20 08:00", "2026-11-20 08:00:00"), ("2026-02-30 08:00", None), ("25:00", None), ("", None),
        ("15m", "2026-11-24 09:47:13"), ("15 dk önce", "2026-11-24 09:47:13"), ("2 h ago", "2026-11-24 08:02:13"), ("١٠:٠٢", None), ("yesterday", None),
    ],
)  # fmt: skip
def test_a_time_is_understood_as_it_is_typed(typed, means):
    found = moments.parse(typed, NOW, UTC)
    assert (None if found is None else f"{found:%Y-%m-%d %H:%M:%S}") == means
