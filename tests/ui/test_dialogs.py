"""Dialogs and prompts: what is typed stays until it is right, what is asked can be seen, the engine goes on."""

from msgspec.structs import replace
from textual.events import Paste

from bitsheet_tui.commands import SetInterval
from bitsheet_tui.events import HoldEnded
from bitsheet_tui.state import reduce
from tests.support import engine_states
from tests.support.screen_text import console, said, screen, text


async def test_what_was_typed_stays_with_what_is_wrong_about_it():
    async with console() as (app, engine, pilot):
        await pilot.press("i", *("backspace",) * 5, "0", "enter")
        await pilot.pause()
        assert "must be from 1 second to a day" in text(app)
        assert app.screen.query_one("Line").value == "0"
        await pilot.press("backspace", "1", "enter")
        await pilot.pause()
        assert engine.told == [SetInterval(1.0)]
        await pilot.press("T", *"yesterday", "enter")
        await pilot.pause()
        assert "That is no time." in text(app)
        assert "yesterday" in text(app)
        await pilot.press("escape")


async def test_a_paste_that_is_too_long_is_taken_as_far_as_there_is_room():
    async with console() as (app, _engine, pilot):
        await pilot.press("slash")
        app.screen.query_one("#filter").post_message(Paste("x" * 200))
        await pilot.pause()
        assert app.screen.query_one("#filter").value == "x" * 80


async def test_behind_a_dialog_the_first_lines_go_on():
    async with console(engine_states.syncing()) as (app, engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        assert "SYNCING" in screen(app)[0]
        engine.state = replace(engine_states.current(), cycle=813)
        app.look()
        await pilot.pause()
        assert "CURRENT" in screen(app)[0]
        assert "All 9 tables current" in screen(app)[1]
        assert "Resync deals?" in text(app) or "Resync leads?" in text(app)


async def test_in_the_smallest_terminal_a_dialog_shows_its_buttons_and_its_words_scroll():
    async with console(size=(40, 12)) as (app, _engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        assert "Cancel" in text(app)
        assert "Resync" in text(app)
        first = text(app)
        await pilot.press("down", "down", "down")
        await pilot.pause()
        assert text(app) != first
        assert app.screen.focused.id == "cancel"
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        shown = [row.strip("│ ") for row in screen(app)]
        assert any(row.endswith("Read again") or "Cancel" in row for row in shown)


async def test_what_became_of_a_confirmed_deletion_is_told():
    async with console(engine_states.held()) as (app, engine, pilot):
        deals = engine.state.tables["deals"]
        marked = engine_states.change(engine.state, "deals", deleted=deals.deleted + 11990, rows=18365)
        engine.state = reduce(marked, HoldEnded(table="deals", at=engine_states.NOW))
        app.look()
        await pilot.pause()
        assert said(app) == ["11,990 rows of deals marked as deleted."]
