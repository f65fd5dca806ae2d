"""Every screen in its main state, as a picture: a change of a letter or a colour is seen in review.

After a change that is meant: `pytest tests/ui/test_snapshots.py --snapshot-update`, and look at what changed.
Nothing of this machine is in a picture: no time, no zone, no locale, no folder, no host.
"""

import pytest
from pytest_textual_snapshot import SVGImageExtension

from tests.support import engine_states, sample_mirrors
from tests.support.log_files import book
from tests.support.screen_text import console, settled

ENVIRONMENT = (
    "SSH_CONNECTION NO_COLOR TEXTUAL_THEME TEXTUAL_DRIVER LC_ALL LC_MESSAGES LANG XDG_STATE_HOME".split()
)
SITUATIONS = ("current", "filling", "paused", "needs_you")
# the keys that lead there from the dashboard, with the cursor on the deals
SCREENS = {
    "refused": "",
    "table": "enter",
    "records": "b",
    "records-found": "b slash n e e d l e enter",
    "record": "b enter",
    "record-changes": "b enter right",
    "record-raw": "b enter left",
    "columns": "enter right right",
    "runs": "enter right right right",
    "set-aside": "enter left",
    "cycles": "h",
    "cycle": "h down down enter",
    "run": "h right d enter",
    "alerts": "h right right",
    "log": "l",
    "log-file": "l right slash 7 enter n",
    "errors": "e",
    "settings": "comma",
    "help": "question_mark",
    "manual": "question_mark right",
    "chapter": "question_mark right end up up up enter",
    "ask": "r",
    "type": "i",
}
THEMES = ("light", "ansi", "contrast")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return {"opener": sample_mirrors.fill(tmp_path, deals=60), "log_file": book(tmp_path, 200)}


async def home(app, pilot) -> None:
    """Back to the dashboard as it was at first, with the cursor on the deals."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
    app.log_window.look(level="INFO", table="", term="")
    app.screen.focus_next("TableGrid")
    await pilot.press("home", "down", "down", "down")


async def picture(app, pilot) -> str:
    await settled(app, pilot)
    app.clear_notifications()
    await pilot.pause()
    return app.export_screenshot(title="bitsheet-tui")


async def pictures(app, engine, pilot, *, whole: bool):
    """The name of each picture, and the picture."""
    for name in SITUATIONS:
        engine.state = engine_states.SCENES[name]()
        app.look()
        yield f"dashboard-{name}", await picture(app, pilot)
    engine.state = engine_states.refused()
    app.look()
    for name, keys in SCREENS.items():
        await home(app, pilot)
        for key in keys.split():
            await pilot.press(key)
            await settled(app, pilot)
        yield name, await picture(app, pilot)
    await home(app, pilot)
    for theme in THEMES if whole else ():
        app.theme = theme
        yield f"theme-{theme}", await picture(app, pilot)


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids="80x24 120x40".split())
async def test_every_screen_looks_as_it_did(snapshot, mirror, size):
    looks = snapshot.use_extension(SVGImageExtension)
    changed = []
    async with console(engine_states.current(), size, **mirror) as (app, engine, pilot):
        async for name, svg in pictures(app, engine, pilot, whole=size == (80, 24)):
            if svg != looks(name=name):
                changed.append(name)
    assert not changed, "look at them with --snapshot-update and git diff"
