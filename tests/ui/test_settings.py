"""The settings: each with its value and where it comes from, never a secret, and what can be changed at once."""

from msgspec.structs import replace

from bitsheet_tui.commands import SetInterval
from bitsheet_tui.config import load
from bitsheet_tui.config.loading import TYPES
from bitsheet_tui.ui.kept import Kept, Shelf
from tests.support.screen_text import console, said, screen, text

HOOK = "https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/"


def configured(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[portal]\nwebhook_url = "{HOOK}"\n[store]\nurl = "postgresql://me:pa55w0rd@db/crm"\n[sync]\n'
        'interval = 600\n[notify]\nheartbeat_url = "https://hc.example.com/secretping"\n[ui]\nbell = true\n'
    )
    path.chmod(0o600)
    return load(path, {"BITSHEET_LOG_LEVEL": "DEBUG"})


def row(app, key: str) -> str:
    return " ".join(next(line for line in screen(app) if f" {key} " in line).split())


async def test_every_setting_is_there_with_its_origin_and_no_secret(tmp_path):
    kept = tmp_path / "console.json"
    Shelf(kept).keep(Kept(theme="contrast"))
    async with console(config=configured(tmp_path), kept=kept, size=(140, 50)) as (app, engine, pilot):
        engine.state = replace(engine.state, interval=120.0)
        app.look()
        await pilot.press("comma")
        await pilot.pause()
        shown = text(app)
        assert all(f" {key} " in shown for key in TYPES)
        for secret in ("k3yk3y", "pa55w0rd", "secretping"):
            assert secret not in shown
        assert "*** config.toml, line 2" in row(app, "portal.webhook_url")
        assert "postgresql://me@db/crm config.toml, line 4" in row(app, "store.url") or "***" in row(
            app, "store.url"
        )
        assert "DEBUG environment" in row(app, "log.level")
        assert "2 default at the next start" in row(app, "portal.requests_per_second")
        assert "contrast chosen in the console enter changes it" in row(app, "ui.theme")
        assert "yes config.toml, line 10" in row(app, "ui.bell")
        assert "120 now; 600 in the configura" in row(app, "sync.interval")


async def test_enter_changes_what_can_be_changed_and_says_so_of_the_rest(tmp_path):
    kept = tmp_path / "console.json"
    async with console(kept=kept) as (app, engine, pilot):
        await pilot.press("comma", "j", "enter")
        assert app.theme == "light"
        await pilot.press("j", "j", "enter", "j", "enter")
        assert "no chosen now" in row(app, "ui.title")
        assert "yes chosen now" in row(app, "ui.bell")
        await pilot.press("j", "enter", *"60", "enter")
        await pilot.pause()
        assert engine.told == [SetInterval(60)]
        await pilot.press("j", "enter")
        await pilot.pause()
        assert "portal.webhook_url is not changed here" in said(app)[0]
        await pilot.press("slash", *"burst", "enter")
        assert "portal.burst" in text(app)
        assert "portal.timeout" not in text(app)
    assert (Shelf(kept).read().theme, Shelf(kept).read().title, Shelf(kept).read().bell) == (
        "light",
        False,
        True,
    )


async def test_another_language_and_other_signs_are_there_at_once(tmp_path):
    async with console(kept=tmp_path / "console.json") as (app, _engine, pilot):
        await pilot.press("comma", "enter", "enter")  # by the locale, en, tr
        await pilot.pause()
        assert "ayarlar" in text(app)
        assert "şimdi seçildi" in row(app, "ui.language")
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        assert text(app).replace("?", "").isascii()
        await pilot.press("escape")
        await pilot.pause()
        assert "tablo" in text(app)
    assert Shelf(tmp_path / "console.json").read().language == "tr"
