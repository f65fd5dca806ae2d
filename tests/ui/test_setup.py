"""The first run: five questions, each tested, and one file in the end, or none."""

import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.text import Text

from bitsheet_tui.config import load
from bitsheet_tui.config.draft import Draft, place_for, read_interval
from bitsheet_tui.ui.setup import DEMO, SUMMARY, SYNC, Setup
from bitsheet_tui.ui.trials import Trials
from tests.support.screen_text import text

CODE = "s3cr3tc0des3cr3tc0de"
WEBHOOK = f"https://acme.bitrix24.com/rest/1/{CODE}/"
TABLES = ("leads", "contacts", "deals")


@dataclass
class Found:
    about: str
    verdict: str = "ok"
    text: str = "fine"
    hint: str = ""
    code: int = 0


@asynccontextmanager
async def setup(tmp_path, *found, store=None, size=(80, 24)):
    async def portal(draft):
        assert draft.webhook.reveal() in {WEBHOOK, ""}
        return found or [Found("portal")]

    tests = Trials(portal=portal, store=lambda draft: store or Found("store", text="will be made"))
    app = Setup(Draft(path=tmp_path / "config.toml"), TABLES, tests)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def answer(app, pilot, given: str) -> None:
    """Type it over what is there, and press enter."""
    app.query_one("#answer").value = given
    await enter(app, pilot)


async def enter(app, pilot) -> None:
    """Press it, and wait until what it asks for is answered."""
    await pilot.press("enter")
    await pilot.pause(0.05)
    await app.workers.wait_for_complete()
    await pilot.pause(0.05)


async def test_from_the_webhook_to_a_file_for_its_owner_alone(tmp_path):
    async with setup(tmp_path) as (app, pilot):
        assert "inbound webhook" in text(app)
        await answer(app, pilot, f"  {WEBHOOK}\n")
        assert "Everything is as it has to be" in text(app)
        assert CODE not in text(app)
        await pilot.press("enter")
        await answer(app, pilot, "sqlite:///crm.db")
        assert "will be made" in text(app)
        await enter(app, pilot)
        assert app.step == SYNC
        await pilot.press("tab", "down", "space")
        assert "> [ ] contacts" in text(app)
        await answer(app, pilot, "2 min")
        assert app.step == SUMMARY
        assert 'webhook_url = "***"' in text(app)
        assert 'tables = ["leads", "deals"]' in text(app)
        assert not app.draft.path.exists()
        await pilot.press("enter")
    assert app.return_value == tmp_path / "config.toml"
    assert stat.S_IMODE(app.return_value.stat().st_mode) == 0o600
    config = load(app.return_value, {})
    assert config.webhook.reveal() == WEBHOOK
    assert config.sync.tables == ("leads", "deals")
    assert config.sync.interval == 120
    assert config.store_url.reveal() == "sqlite:///crm.db"
    assert config.warnings == ()


async def test_what_is_typed_as_the_webhook_is_never_on_the_screen(tmp_path):
    async with setup(tmp_path) as (app, pilot):
        await pilot.press(*"https")
        assert "•••••" in text(app)
        assert "https" not in text(app)
        await answer(app, pilot, "http://acme.bitrix24.com/rest/1/wrongwrongwrong/")
        assert "must be https" in text(app)
        assert "wrongwrong" not in text(app)
        await answer(app, pilot, "https://")
        assert "https://HOST/rest/USER/CODE/" in text(app)


async def test_what_is_wrong_with_the_portal_is_said_with_what_to_do_and_can_be_asked_again(tmp_path):
    found = [
        Found("scopes", "warn", "missing: im", "add them to the webhook in the portal"),
        Found("x", "FAIL", "[b]\x1b]0;x\x07", "", 77),
    ]
    async with setup(tmp_path, *found) as (app, pilot):
        await answer(app, pilot, WEBHOOK)
        for words in ("~ scopes: missing: im", "add them to the webhook", "✗ x: [b]", "Developer resources"):
            assert words in text(app)
        found.clear()
        found.append(Found("portal"))
        app.tests = Trials(portal=lambda _: fine(), store=app.tests.store)
        await pilot.press("ctrl+r")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "Everything is as it has to be" in text(app)


async def fine():
    return [Found("portal")]


async def test_a_store_that_cannot_be_used_is_told_and_may_be_insisted_upon(tmp_path):
    bad = Found("store", "FAIL", "it refuses the password", "mend it", 73)
    async with setup(tmp_path, store=bad) as (app, pilot):
        await answer(app, pilot, WEBHOOK)
        await pilot.press("enter")
        await answer(app, pilot, "mysql://x")
        assert "The address" in text(app)
        await answer(app, pilot, "postgresql://me:topsecretpw@db/crm")
        assert "it refuses the password mend it" in text(app)
        await enter(app, pilot)
        assert app.step == SYNC
        await answer(app, pilot, "soon")
        assert "must be seconds" in text(app)
        await answer(app, pilot, "300")
        assert "topsecretpw" not in text(app)


async def test_one_key_starts_the_demo_and_esc_leaves_no_file(tmp_path):
    async with setup(tmp_path) as (app, pilot):
        await pilot.press("ctrl+d")
    assert app.return_value == DEMO
    async with setup(tmp_path) as (app, pilot):
        await answer(app, pilot, WEBHOOK)
        await pilot.press("enter", "escape", "escape", "escape")
    assert app.return_value is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
async def test_every_step_fits(tmp_path, size):
    async with setup(tmp_path, size=size) as (app, pilot):
        for step in range(5):
            app.turn(step)
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert f"{step + 1} of 5" in text(app)
            assert "enter" in text(app)
            app.note(Text("What is wrong is said at length. " * 9))
            await pilot.pause()
            assert "enter" in text(app)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("300", 300), ("5 min", 300), ("5 dk", 300), ("45s", 45), ("1 h", 3600), (" 2 m ", 120)],
)
def test_an_interval_may_be_written_as_people_do(given, seconds):
    assert read_interval(given) == seconds


@pytest.mark.parametrize("given", ["", "soon", "0.5", "-60", "nan", "inf", "400 h"])
def test_an_interval_that_makes_no_sense_is_refused(given):
    with pytest.raises(ValueError, match="must be"):
        read_interval(given)


def test_the_file_goes_where_one_may_write(tmp_path):
    assert place_for(tmp_path, Path("/home/x/.config")) == tmp_path / "config.toml"
    assert place_for(Path("/nowhere"), tmp_path) == tmp_path / "bitsheet-tui/config.toml"
