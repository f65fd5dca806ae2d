"""Any keys in any order, at any size: nothing breaks, nothing is drawn outside the screen, esc leads home."""

import random

import pytest

from bitsheet_tui.ui.keys import KEYS
from tests.support import engine_states, sample_mirrors
from tests.support.log_files import book
from tests.support.proof import times
from tests.support.screen_text import console, screen, settled

pytestmark = pytest.mark.slow

RUNS = times("BITSHEET_MONKEYS", 1, 3)
LEAVES = {"quit", "interrupt", "suspend", "screenshot", "save", "palette"}
NAMES = [name for key in KEYS if key.id not in LEAVES for name in key.keys]
TYPED = ["a", "7", "space", "backspace", "enter", "escape", "tab"]
SIZES = [(80, 24), (120, 40), (200, 60), (60, 20), (40, 12), (39, 9), (1, 1)]


@pytest.mark.sample
@pytest.mark.parametrize("seed", range(RUNS))
async def test_any_keys_in_any_order_do_no_harm(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.chdir(tmp_path)
    opener, log_file = sample_mirrors.fill(tmp_path, deals=150), book(tmp_path, 200)
    async with console(opener=opener, log_file=log_file) as (app, engine, pilot):
        pressed = []
        for _ in range(60):
            pressed.append(chance.choice(NAMES if chance.random() < 0.85 else TYPED))
            await pilot.press(pressed[-1])
            if chance.random() < 0.1:
                engine.state = chance.choice(list(engine_states.SCENES.values()))()
                app.look()
            if chance.random() < 0.08:
                await pilot.resize_terminal(*chance.choice(SIZES))
                await pilot.pause()
            lines = screen(app)
            assert len(lines) == app.size.height, pressed
            assert all(len(line) <= app.size.width for line in lines), pressed
        await settled(app, pilot)
        await pilot.resize_terminal(80, 24)
        for _ in range(12):
            await pilot.press("escape")
        assert app.screen.name == "dashboard", pressed
