"""The log window: what it shows, what it holds, what it forgets."""

from bitsheet_tui.ring import Ring
from bitsheet_tui.ui import line
from bitsheet_tui.ui.views import log
from bitsheet_tui.ui.views.log_window import LogWindow
from tests.support.engine_states import NOW
from tests.support.screen_text import console, screen, text


def filled(count: int, size: int = 5000) -> Ring:
    ring = Ring(size)
    for n in range(count):
        ring.append(NOW, "INFO", "deals", f"line {n}")
    return ring


def test_it_takes_only_what_is_new():
    ring = filled(3)
    window = LogWindow(ring)
    assert window.pull()
    assert not window.pull()
    ring.append(NOW, "DEBUG", "deals", "too much detail")
    assert not window.pull()  # nothing of it is shown
    ring.append(NOW, "INFO", "deals", "line 3")
    assert window.pull()
    assert [entry.line.text for entry in window.slice(window.total, 2)] == ["line 2", "line 3"]


def test_the_same_line_again_is_counted_not_repeated():
    ring = filled(1)
    window = LogWindow(ring)
    for _ in range(4):
        ring.append(NOW, "ERROR", "tasks", "no answer")
        window.pull()
    assert len(window.entries) == 2
    ((shown,), _) = log.render(window, window.total, 80, 1, None)
    assert line.text(shown).endswith("no answer  × 4")
    assert window.warnings == 4


def test_lines_that_fell_out_are_missing_and_nothing_breaks():
    ring = filled(5000)
    window = LogWindow(ring)
    window.pull()
    for n in range(12_000):
        ring.append(NOW, "INFO", "deals", f"later {n}")
    window.pull()
    assert window.entries[-1].line.text == "later 11999"
    assert len(window.entries) == 5000
    assert window.slice(10, 5) == []  # long gone


async def test_a_held_log_stays_while_lines_come_and_moves_on_when_they_fall_out():
    ring = filled(200)
    async with console(ring=ring) as (app, _engine, pilot):
        await pilot.press("space")
        held = screen(app)[16:23]
        for n in range(100):
            ring.append(NOW, "INFO", "deals", f"new {n}")
        app.paint()
        assert screen(app)[16:23] == held
        assert "FROZEN +100 new" in text(app)
        for n in range(6000):
            ring.append(NOW, "INFO", "deals", f"flood {n}")
        app.paint()
        assert "flood" in screen(app)[20]  # what was held is gone
        await pilot.press("space")
        assert "flood 5999" in screen(app)[22]


async def test_a_filter_on_a_held_log_shows_what_matches():
    async with console(ring=filled(200)) as (app, _engine, pilot):
        await pilot.press("space", "slash", *"19", "enter")
        shown = "\n".join(screen(app)[16:23])
        assert "line 199" in shown
        assert "line 200" not in shown
