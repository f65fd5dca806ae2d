"""What goes wrong in an action of the screen is a message, and the engine goes on."""

import logging
import os

import pytest

from bitsheet_tui.secret import Secret
from bitsheet_tui.ui import asking
from bitsheet_tui.ui.screens.prompt import Prompt
from tests.support.screen_text import console, said

CODE = "s3cretc0des3cretc0de"


def broken(*_given, **_options):
    raise RuntimeError(f"https://acme.example.com/rest/1/{CODE}/")


@pytest.fixture
def gone(tmp_path, monkeypatch):
    """The current folder is not there any more."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    yield
    os.chdir(tmp_path)


@pytest.mark.parametrize("keys", ["ctrl+s", "4 x"])
async def test_where_the_current_folder_is_gone_nothing_is_saved_and_nothing_ends(gone, keys):
    async with console() as (app, engine, pilot):
        await pilot.press(*keys.split())
        await pilot.pause()
        if keys == "ctrl+s":
            assert said(app) == ["Could not save it: No such file or directory"]
        await pilot.press("escape", "p")
        await pilot.pause()
        assert app.is_running
        assert [type(one).__name__ for one in engine.told] == ["Pause"]


@pytest.mark.parametrize("where", ["action", "dialog", "worker"])
async def test_a_bug_in_an_action_is_told_without_secrets_and_ends_nothing(monkeypatch, caplog, where):
    Secret(CODE)
    caplog.set_level(logging.CRITICAL)
    async with console() as (app, _, pilot):
        if where == "action":
            monkeypatch.setattr(asking, "resync", broken)
            await pilot.press("r")
        elif where == "dialog":
            await app.push_screen(Prompt("title", "hint"), broken)
            await pilot.press("a", "enter")
        else:

            async def work() -> None:
                broken()

            app.screen.run_worker(work())
        await pilot.pause()
        await pilot.pause()
        (told,) = said(app)
        assert told.startswith("That failed: RuntimeError: https://acme.example.com/rest/1/***/. ")
        assert any(record.exc_info and record.levelname == "CRITICAL" for record in caplog.records)
        await pilot.press("p")
        await pilot.pause()
        assert app.is_running
        assert app.crash is None
