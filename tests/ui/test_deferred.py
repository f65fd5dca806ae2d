"""The engine is built behind the first screen, and nobody notices."""

import asyncio

import pytest

from bitsheet_tui.commands import Pause, Stop
from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.ui.deferred import Deferred
from tests.support import engine_states
from tests.support.screen_text import console, screen


async def test_the_screen_is_there_before_the_engine_is_built():
    built = []
    engine = Deferred(
        lambda ending: built.append(ending) or engine_states.FakeEngine(), engine_states.first_start()
    )
    async with console(engine=engine, size=(120, 40)) as (app, _engine, _pilot):
        assert "STARTING" in screen(app)[0]
        assert "not read yet" in screen(app)[5]
    assert built == []


async def test_what_was_asked_before_there_was_an_engine_is_done_by_it():
    real = engine_states.FakeEngine()
    engine = Deferred(lambda ending: real, engine_states.first_start())
    engine.submit(Pause())
    engine.submit(Stop())
    assert engine.state == engine_states.first_start()
    await asyncio.wait_for(engine.run(), 5)
    assert real.told == [Pause(), Stop()]
    assert engine.state is real.state
    engine.submit(Stop())
    assert real.told[-1] == Stop()


async def test_what_the_engine_stands_on_is_closed_when_it_has_ended():
    closed = []

    def build(ending):
        ending.callback(closed.append, "store")
        return engine_states.FakeEngine(engine_states.stopping())

    await asyncio.wait_for(Deferred(build, engine_states.first_start()).run(), 5)
    assert closed == ["store"]


async def test_what_cannot_be_built_says_so():
    def build(ending):
        raise StoreUnavailable("The database cannot be opened.")

    with pytest.raises(StoreUnavailable):
        await Deferred(build, engine_states.first_start()).run()
