"""What the console says aloud: what needs somebody, once, and nothing that is routine."""

from datetime import UTC

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.config import Config, UiSettings
from bitsheet_tui.state import reduce
from bitsheet_tui.ui.herald import begun, news, title
from bitsheet_tui.ui.picture import Picture
from tests.ui import scenes
from tests.ui.looking import console, said

NOW = scenes.NOW


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
    assert title(Picture(state=scenes.SCENES[scene](), now=NOW, zone=UTC)) == shown


def test_routine_is_not_told():
    for before, after in (
        (scenes.current(), scenes.syncing()), (scenes.syncing(), scenes.current()),
        (scenes.syncing(), scenes.throttled()), (scenes.current(), scenes.stopping()),
    ):  # fmt: skip
        assert not list(news(before, after, ours=False))


def test_a_pause_is_told_only_when_somebody_else_asked_for_it():
    assert not list(news(scenes.current(), scenes.paused(), ours=True))
    (told,) = news(scenes.current(), scenes.paused(), ours=False)
    assert told.text == "Paused by somebody else; p goes on."
    (told,) = news(scenes.paused(), scenes.current(), ours=False)
    assert told.text == "Somebody let it go on."


def test_what_stood_when_one_came_is_not_new():
    assert begun(scenes.current(), scenes.held(), scenes.ago(3600))
    assert not begun(scenes.current(), scenes.held(), NOW)
    assert not begun(scenes.held(), scenes.held(), scenes.ago(3600))


async def test_one_alert_is_told_in_full_and_a_burst_in_one_message():
    loud = Config(ui=UiSettings(bell=True), origins={"ui.bell": "config.toml, line 1"})
    async with console(config=loud) as (app, engine, pilot):
        held = e.DeletionsHeld(
            table="deals", at=scenes.later(1), count=12000, reason="more than [b]5%\x1b]2;x\x07"
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
