"""Steering from the console: what is dangerous asks first, and says what it costs and how to undo it."""

from datetime import date

from bitsheet_tui.commands import Cancel, Disable, Enable, Resync, SetInterval
from tests.support import engine_states
from tests.support.screen_text import console, said, text


async def sure(pilot) -> None:
    """Choose the other button than the careless one."""
    await pilot.press("right", "enter")
    await pilot.pause()


async def test_i_asks_for_the_interval_and_takes_minutes():
    async with console() as (app, engine, pilot):
        await pilot.press("i")
        assert "How often do cycles start?" in text(app)
        await pilot.press(*"2 min", "enter")
        await pilot.pause()
        assert engine.told == [SetInterval(120)]
        await pilot.press("i", *"soon", "enter")
        await pilot.pause()
        assert "must be seconds" in " ".join(text(app).split())
        await pilot.press("escape")
        await pilot.pause()
        assert len(engine.told) == 1


async def test_shift_e_disables_after_asking_and_enables_at_once():
    async with console() as (app, engine, pilot):
        await pilot.press("E")
        assert "Read leads no more?" in text(app)
        assert "undoes it" in text(app)
        await pilot.press("enter")  # carelessly
        await pilot.pause()
        assert engine.told == []
        await pilot.press("E")
        await sure(pilot)
        assert engine.told == [Disable(("leads",))]
        engine.state = engine_states.change(engine.state, "leads", disabled=True)
        app.look()
        await pilot.pause()
        assert "disabled, E reads it" in text(app)
        await pilot.press("E")
        await pilot.pause()
        assert engine.told[-1] == Enable(("leads",))


async def test_shift_x_gives_up_after_saying_that_it_cannot_be_undone():
    async with console() as (app, engine, pilot):
        await pilot.press("X")
        assert "It cannot be undone" in text(app)
        await sure(pilot)
        assert engine.told == [Cancel()]


async def test_a_resync_of_everything_says_what_it_costs():
    async with console(size=(100, 30)) as (app, engine, pilot):
        app.action_steer("resync_all")
        await pilot.pause()
        shown = " ".join(text(app).split())
        assert f"about {sum(engine_states.ROWS.values()):,} rows" in shown
        assert "requests" in shown
        await sure(pilot)
        assert engine.told == [Resync(tuple(engine_states.ROWS))]


async def test_a_resync_since_a_day_asks_for_the_day():
    async with console(size=(100, 30)) as (app, engine, pilot):
        app.ask_since("deals")
        await pilot.pause()
        await pilot.press(*"yesterday", "enter")
        await pilot.pause()
        assert "yesterday is no day" in text(app)
        await pilot.press(*["backspace"] * 9, *"2026-01-31", "enter")
        await pilot.pause()
        assert "Read again what changed in deals since 2026-01-31?" in text(app)
        await sure(pilot)
        assert engine.told == [Resync(("deals",), date(2026, 1, 31))]


async def test_what_the_engine_answers_is_shown():
    async with console() as (app, engine, pilot):
        engine.answers.append("not done: deals is [b]disabled\x1b]0;x\x07")
        app.look()
        await pilot.pause()
        assert said(app)[0].startswith("not done: deals is [b]disabled")
        assert not engine.answers
