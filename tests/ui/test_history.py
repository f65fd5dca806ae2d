"""What was done: every cycle, what it did to each table, which rows it changed, what went wrong and what to do."""

import re

import pytest

from bitsheet_tui.commands import SyncNow
from bitsheet_tui.ui.widgets import history_lists
from tests.support import engine_states, sample_mirrors
from tests.support.screen_text import console, screen, settled, text


@pytest.fixture(scope="module")
def opener(tmp_path_factory):
    return sample_mirrors.fill(tmp_path_factory.mktemp("mirror"), deals=20)


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def test_the_cycles_are_told_newest_first_with_what_failed(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "h")
        lines = screen(app)
        assert lines[5].split() == ["5", "09:57:13", "2.0s", "2", "2", "✓"]
        assert lines[7].split()[-2:] == ["✗", "deals"]
        await press(app, pilot, "d")
        assert "only those with a failure" in text(app)
        assert screen(app)[5].split()[0] == "3"
        assert screen(app)[6] == ""


async def test_from_a_cycle_to_its_tables_to_the_rows_it_changed_to_what_was_before(opener):
    async with console(opener=opener, size=(100, 30)) as (app, _engine, pilot):
        await press(app, pilot, "h", "enter")
        assert "cycle 5  started 09:57:13, took 2.0s, 2 rows, 2 requests  ✓" in text(app)
        assert re.search(r"deals +09:57:13 +2.0s +0 +~2 +0  changes", text(app))
        await press(app, pilot, "enter")
        assert "title Needle 4 → Needle 5" in text(app)
        assert re.search(r"7 +changed  opportunity 4 → 5", text(app))
        await press(app, pilot, "enter")
        assert re.search(r"title\n +before  Needle 4\n +after   Needle 5", text(app))
        await press(app, pilot, "escape", "escape", "escape")
        assert "[cycles]" in text(app)


async def test_a_run_that_failed_says_why_and_what_to_do_and_can_be_tried_again(opener):
    async with console(engine_states.refused(), opener=opener) as (app, engine, pilot):
        await press(app, pilot, "h", "right", "d")
        assert "only failed" in text(app)
        await press(app, pilot, "enter")
        assert "went wrong  The portal does not know the field FOO." in text(app)
        assert "what to do  Tell the portal's administrator." in text(app)
        await press(app, pilot, "R")
        assert engine.told == [SyncNow(("tasks",))]


async def test_alerts_say_since_when_and_whether_they_stand(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "h", "right", "right")
        lines = screen(app)
        assert "✗ 10:02:13" in lines[4]
        assert "all 60 of its rows seem to be gone" in lines[4]
        assert "✓ 10:02:13" in lines[5]
        assert "ended 10:02:13" in lines[5]
        await press(app, pilot, "enter")
        assert "Look at the portal." in text(app)
        assert "it still stands" in text(app)


async def test_rows_set_aside_of_every_table_are_listed_with_the_reason(opener):
    async with console(opener=opener, size=(100, 30)) as (app, _engine, pilot):
        await press(app, pilot, "h", "left")
        assert re.search(r"deals +x21 +ID: not a whole number", text(app))


async def test_a_word_narrows_a_list_while_one_types(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "h", "slash", *"deals")
        assert "1 cycle" in text(app)
        await press(app, pilot, "enter", "escape")
        assert "5 cycles" in text(app)


async def test_older_cycles_are_read_as_one_scrolls(opener, monkeypatch):
    monkeypatch.setattr(history_lists, "LIMIT", 2)
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "h")
        assert len(app.screen.query_one("#cycles").items) == 2
        await press(app, pilot, "G", "G", "G")
        assert len(app.screen.query_one("#cycles").items) == 5


async def test_a_cycle_that_ends_meanwhile_is_seen_without_a_key(opener):
    from msgspec.structs import replace

    asked = []

    def counted():
        reader = opener()
        cycles = reader.cycles
        reader.cycles = lambda **options: asked.append(1) or cycles(**options)
        return reader

    async with console(opener=counted) as (app, engine, pilot):
        await press(app, pilot, "h")
        assert len(asked) == 1
        app.paint()
        await settled(app, pilot)
        assert len(asked) == 1  # nothing new: nothing is asked
        done = replace(engine.state.cycles[-1], number=813)
        engine.state = replace(engine.state, cycles=(*engine.state.cycles, done))
        app.look()
        await settled(app, pilot)
        assert len(asked) == 2
