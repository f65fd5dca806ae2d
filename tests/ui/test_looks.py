"""How the console looks, and what it keeps of that until the next time."""

import re
import stat

import pytest
from msgspec import structs
from textual.color import Color

from bitsheet_tui.config import Config, UiSettings
from bitsheet_tui.ui.kept import Kept, Shelf, place
from bitsheet_tui.ui.looks import CHOSEN, DEFAULT, looks
from bitsheet_tui.ui.themes import THEMES
from tests.support import engine_states
from tests.support.pty_terminal import PtyTerminal
from tests.support.screen_text import console, said, text

# of letters to their ground, as WCAG 2 counts: large words and signs 3, words 4.5, and 7 for high contrast
LEAST = {"dark": 3.0, "light": 3.5, "contrast": 7.0}
SHADES = "─│╭╮╰╯░▌▐"  # frames and troughs: nothing is read from them


def luminance(colour) -> float:
    parts = [part / 255 for part in Color.from_rich_color(colour).rgb]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style) -> float:
    light, dark = sorted(map(luminance, (style.color, style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def words(app):
    """Every piece of the screen in which there is something to read."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if segment.text.strip(f" {SHADES}") and segment.style:
                yield segment


async def test_every_theme_can_be_read():
    async with console(engine_states.refused()) as (app, engine, pilot):
        assert set(THEMES) <= set(app.available_themes)
        for theme, least in LEAST.items():
            app.theme = theme
            for scene in (engine_states.needs_you, engine_states.filling):
                engine.state = scene()
                app.look()
                await pilot.pause()
                pale = {segment.text for segment in words(app) if contrast(segment.style) < least}
                assert not pale, theme
        app.theme = "ansi"
        await pilot.pause()
        for segment in words(app):  # the terminal's own colours, whatever they are
            for colour in (segment.style.color, segment.style.bgcolor):
                assert colour is None or colour.is_default or colour.number < 16
            assert segment.style.color != segment.style.bgcolor or segment.style.color.is_default


def test_without_colours_no_sequence_with_a_colour_is_sent(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with PtyTerminal("hostile", size=(120, 40)) as terminal:
        terminal.settle()
        for key in (b"r", b"\x1b", b"/", b"a\r", b"\x10the", b"\x1b", b"?", b"c"):
            terminal.type(key)
            terminal.read(0.2)
        terminal.type(b"q")
        assert terminal.end() == 0
        styles = {
            part for found in re.findall(rb"\x1b\[([\d;:]*)m", terminal.out) for part in found.split(b";")
        }
        assert b"7" in styles  # reverse says what colour says elsewhere
        assert styles <= {b"", b"0", b"1", b"2", b"3", b"4", b"7"}


async def test_an_empty_no_color_means_nothing(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    async with console() as (app, _engine, _pilot):
        assert any(segment.style.color for segment in words(app))


def test_what_is_configured_counts_then_what_was_chosen_then_the_default():
    config = Config(ui=UiSettings(theme="light"), origins={"ui.theme": "config.toml, line 3"})
    kept = Kept(theme="contrast", bell=True)
    found = looks(config, kept, {"TEXTUAL_THEME": "nord"})
    assert (found.theme, found.bell, found.title, found.ascii) == ("light", True, True, "auto")
    assert found.origins == {
        "theme": "config.toml, line 3", "bell": CHOSEN, "language": DEFAULT, "title": DEFAULT, "ascii": DEFAULT,
    }  # fmt: skip
    assert looks(None, kept, {}).theme == "contrast"
    assert looks(None, Kept(), {"TEXTUAL_THEME": "nord"}).theme == "nord"


async def test_choices_are_there_the_next_time_and_no_word_that_was_looked_for(tmp_path):
    path = tmp_path / "state" / "console.json"
    async with console(kept=path) as (app, _engine, pilot):
        app.look()
        assert not path.exists()  # nobody has chosen anything
        await pilot.press("s", "s", "S", "z", "3", "w", "t", "slash", *"Mustermann", "enter")
        app.theme = "contrast"
        await pilot.pause()
        app.look()
    assert "ustermann" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    async with console(kept=path) as (app, _engine, pilot):
        assert app.theme == "contrast"
        assert (app.screen_stack[0].grid.sort, app.screen_stack[0].grid.reverse) == ("rows", True)
        assert "cycles" not in text(app)  # zoomed
        await pilot.press("z")
        await pilot.pause()
        assert "warning+  leads" in text(app)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\xfe", b"[]", b"7", b'{"theme": 7}', b'{"theme": "light"' + b" " * 20_000 + b"}"],
)
def test_a_damaged_file_is_no_trouble(tmp_path, damage):
    path = tmp_path / "console.json"
    path.write_bytes(damage)
    assert Shelf(path).read() == Kept()


async def test_a_file_from_another_version_leaves_the_defaults(tmp_path):
    path = tmp_path / "console.json"
    path.write_text(
        '{"theme": "gone", "sort": "gone", "zoom": "gone", "level": "gone", "table": "gone", "x": 1}'
    )
    async with console(kept=path) as (app, _engine, _pilot):
        assert app.theme == "dark"
        assert "cycles" in text(app)


async def test_a_place_that_cannot_be_written_is_told_once(tmp_path):
    (tmp_path / "file").touch()
    async with console(kept=tmp_path / "file" / "console.json") as (app, _engine, pilot):
        await pilot.press("s")
        app.look()
        await pilot.pause()
        assert "cannot be kept" in said(app)[0]
        app.clear_notifications()
        app.look()
        await pilot.pause()
        assert not said(app)


def test_the_file_is_where_xdg_says(tmp_path):
    assert place({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "bitsheet-tui" / "console.json"
    for relative in ("", "here"):
        assert place({"XDG_STATE_HOME": relative}).parts[-4:-1] == (".local", "state", "bitsheet-tui")


def test_writing_leaves_the_file_whole_whenever_it_is_interrupted(tmp_path, monkeypatch):
    shelf = Shelf(tmp_path / "console.json")
    shelf.keep(Kept(theme="light"))
    monkeypatch.setattr("bitsheet_tui.ui.kept.msgspec.json.encode", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shelf.keep(Kept(theme="contrast"))
    assert shelf.read() == Kept(theme="light")
    assert [path.name for path in tmp_path.iterdir()] == ["console.json"]


def test_every_choice_survives_the_file(tmp_path):
    kept = Kept(
        language="tr", theme="x", ascii="on", title=False, bell=True, sort="rows", reverse=True, zoom="top",
        level="DEBUG", table="t", wrap=True,
    )  # fmt: skip
    assert all(getattr(kept, name) != default for name, default in structs.asdict(Kept()).items())
    Shelf(tmp_path / "console.json").keep(kept)
    assert Shelf(tmp_path / "console.json").read() == kept
