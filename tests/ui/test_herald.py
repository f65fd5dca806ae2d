"""What the console says aloud: what needs somebody, once, and nothing that is routine."""

from datetime import UTC

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.config import Config, UiSettings
from bitsheet_tui.state import reduce
from bitsheet_tui.ui.herald import begun, news, title
from bitsheet_tui.ui.picture import Picture
from tests.support import engine_states
from tests.support.screen_text import console, said

NOW = engine_states.NOW


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        ("current", "✓ bitsheet: current"),
        ("filling", "▶ bitsheet: filling"),
        ("paused", "‖ bitsheet: paused"),
        ("throttled", "~ bitsheet: waiting"),
        ("needs_you", "● bitsheet: 1 error"),
        ("refused", "● bitsheet: 2 errors"),  # chats that may not be read are none
    ],
)
def test_the_title_says_how_it_stands(scene, shown):
    assert title(Picture(state=engine_states.SCENES[scene](), now=NOW, zone=UTC)) == shown


def test_routine_is_not_told():
    for before, after in (
        (engine_states.current(), engine_states.syncing()), (engine_states.syncing(), engine_states.current()),
        (engine_states.syncing(), engine_states.throttled()), (engine_states.current(), engine_states.stopping()),
    ):  # fmt: skip
        assert not list(news(before, after, ours=False))


def test_a_pause_is_told_only_when_somebody_else_asked_for_it():
    assert not list(news(engine_states.current(), engine_states.paused(), ours=True))
    (told,) = news(engine_states.current(), engine_states.paused(), ours=False)
    assert told.text == "Paused by somebody else; p goes on."
    (told,) = news(engine_states.paused(), engine_states.current(), ours=False)
    assert told.text == "Somebody let it go on."


def test_what_stood_when_one_came_is_not_new():
    assert begun(engine_states.current(), engine_states.held(), engine_states.ago(3600))
    assert not begun(engine_states.current(), engine_states.held(), NOW)
    assert not begun(engine_states.held(), engine_states.held(), engine_states.ago(3600))


async def test_one_alert_is_told_in_full_and_a_burst_in_one_message():
    loud = Config(ui=UiSettings(bell=True), origins={"ui.bell": "config.toml, line 1"})
    async with console(config=loud) as (app, engine, pilot):
        held = e.DeletionsHeld(
            table="deals", at=engine_states.later(1), count=12000, reason="more than [b]5%\x1b]2;x\x07"
        )
        engine.state = reduce(engine.state, held)
        app.look()
        await pilot.pause()
        assert said(app)[0].startswith("12,000 deletions held: more than [b]5%")
        assert "\x1b" not in said(app)[0]
        for table in ("leads", "contacts", "tasks"):
            engine.state = reduce(engine.state, replace(held, table=table, reason="much"))
        app.look()
        await pilot.pause()
        assert said(app) == ["4 new troubles, the last: 12,000 deletions held: much. Press e."]


async def test_answers_to_several_commands_are_one_message():
    async with console() as (app, engine, pilot):
        engine.answers += ["deals is read again", "tasks is read again"]
        app.look()
        await pilot.pause()
        assert said(app) == ["deals is read again tasks is read again"]


async def test_ones_own_pause_is_not_told_as_somebody_elses():
    async with console() as (app, engine, pilot):
        await pilot.press("p")
        app.look()
        await pilot.pause()
        assert "somebody" not in said(app)[0]
        engine.state = replace(engine.state, paused_at=None)
        app.look()
        await pilot.pause()
        assert said(app) == ["Somebody let it go on."]
