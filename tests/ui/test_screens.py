"""What a person reads at each size and in each situation."""

from datetime import UTC

import pytest
from msgspec.structs import replace

from bitsheet_tui.commands import Stop
from bitsheet_tui.events import Steered
from bitsheet_tui.state import reduce
from bitsheet_tui.ui import line
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import header
from tests.support import engine_states
from tests.support.screen_text import console, said, screen, text

SIZES = [(80, 24), (120, 40), (200, 60), (60, 20), (40, 12), (160, 24), (80, 60)]


WORDS = {
    "first_start": "STARTING", "current": "CURRENT", "syncing": "SYNCING", "filling": "FILLING",
    "paused": "PAUSED", "resting": "SYNCING", "offline": "OFFLINE", "throttled": "WAITING",
    "needs_you": "NEEDS YOU", "store_down": "WAITING", "refused": "NEEDS YOU", "held": "NEEDS YOU", "stopping": "STOPPING",
    "stopped": "STOPPED",
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_every_situation_fits_every_size(size):
    async with console(size=size) as (app, engine, pilot):
        for name, scene in engine_states.SCENES.items():
            engine.state = scene()
            app.look()
            await pilot.pause()
            lines = screen(app)
            assert len(lines) == size[1]
            assert all(len(line) <= size[0] for line in lines), name
            assert lines[0].endswith(WORDS[name])
            assert "deals" in "\n".join(lines), name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("current", "All 9 tables current as of 09:13:53, 7 as of 10:02:00."),
        ("syncing", "Cycle 813: 5 of 9 tables done, deals now."),
        ("filling", "Filling: 58,594 of about 327,545 rows"),
        ("paused", "Paused since 10:00. Press p to go on."),
        ("offline", "acme.bitrix24.com does not answer. Tries again at 10:02:33."),
        ("needs_you", "The portal refuses the webhook: it was deleted or its user was dismissed."),
        ("store_down", "The database does not answer. Start PostgreSQL. Tries again at 10:02:28."),
        ("refused", "Refused: tasks. Press e.  7 of 9 tables current as of 09:13:53."),
        ("stopping", "Stopping: the rows in hand are being stored."),
    ],
)
def test_the_second_line_says_what_goes_on_and_what_happens_next(name, sentence):
    picture = Picture(state=engine_states.SCENES[name](), now=engine_states.NOW, zone=UTC)
    assert sentence in " ".join(map(line.text, header.sentence(picture, 100)))


async def test_the_reference_screen_has_everything_at_80_by_24():
    async with console() as (app, _engine, _pilot):
        lines = screen(app)
        assert lines[0].startswith(" bitsheet-tui  acme.bitrix24.com → sqlite crm.db")
        assert lines[1].endswith("next at 10:07:00")
        assert lines[2].split() == ["table", "rows", "new", "chg", "gone", "state", "synced"]
        assert lines[6].split() == ["deals", "30,355", "+3", "~6", "−1", "✓", "ok", "10:02:00"]
        assert lines[12].split()[:2] == ["total", "500,053"]
        assert "p50 1.6s  p95 2.4s  max 118s" in lines[14]
        assert "portal 1.8/s  bucket 12/50" in lines[14]
        assert "FOLLOW  info+  all tables" in lines[15]
        assert lines[22].startswith("10:02:12 I engine         cycle 59 done")
        assert (
            lines[23].split()
            == "? Help p Pause f Force r Resync ⏎ Open l Log e Errors / Filter q Quit".split()
        )


async def test_a_backfill_shows_its_bar_its_rate_and_what_is_left():
    async with console(engine_states.filling(), (120, 40)) as (app, _engine, _pilot):
        deals = next(line for line in screen(app) if " deals " in line)
        assert "█" in deals
        assert "░" in deals
        assert "60%" in deals
        assert "359/s" in deals
        assert "33s" in deals
    async with console(engine_states.filling()) as (app, _engine, _pilot):
        deals = next(line for line in screen(app) if " deals " in line)
        assert "█" in deals
        assert "60%" in deals
        assert "359/s" in deals
        assert "33s" in deals


async def test_too_small_a_terminal_still_says_how_it_is_in_one_line():
    async with console(engine_states.resting(), (39, 9)) as (app, _engine, _pilot):
        lines = screen(app)
        assert lines[0].startswith("▶ syncing · 8 ok · 1 waiting · termin")
        assert not any(lines[1:])
    async with console(engine_states.resting(), (70, 9)) as (app, _engine, _pilot):
        assert "terminal too small (70×9)" in screen(app)[0]


async def test_a_terminal_that_grows_and_shrinks_stays_readable():
    async with console() as (app, _engine, pilot):
        for size in ((200, 60), (20, 3), (1, 1), (40, 12), (120, 40), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert screen(app)[0].endswith("✓ CURRENT")
        assert "? Help" in screen(app)[-1]


async def test_without_unicode_every_sign_is_ascii():
    async with console(size=(120, 40), ascii_only=True) as (app, engine, pilot):
        for name, scene in engine_states.SCENES.items():
            engine.state = scene()
            app.look()
            assert text(app).isascii(), name
        for key in ("l", "question_mark", "e", "h", "r"):
            await pilot.press("escape", "escape", key)
            await pilot.pause()
            assert text(app).isascii(), key


async def test_errors_say_what_since_when_how_often_and_what_to_do():
    async with console(engine_states.refused()) as (app, _engine, pilot):
        await pilot.press("e")
        await pilot.pause()
        shown = text(app)
        assert "✗ tasks  since 08:02:13, 4 times in a row" in shown
        assert "tick Tasks" in shown
        assert "3 rows could not be stored" in shown
        assert "Comments of 12 tasks not readable" in shown
        assert shown.index("tasks  since") < shown.index("3 rows")  # what needs somebody comes first


async def test_a_resting_method_says_until_when():
    async with console(engine_states.resting()) as (app, _engine, _pilot):
        row = next(line for line in screen(app) if "task_comments" in line)
        assert "rests until 10:05:22" in row
        assert "1 waiting" in screen(app)[0]


async def test_the_details_follow_the_cursor_where_there_is_room():
    async with console(engine_states.current(), (200, 60)) as (app, _engine, pilot):
        assert "crm.lead.list" in text(app)
        await pilot.press("down", "down", "down")
        assert "crm.deal.list" in text(app)
        assert "crm.lead.list" not in text(app)


async def test_the_details_of_a_backfill_say_how_far_it_is():
    async with console(engine_states.filling(), (100, 40)) as (app, _engine, pilot):
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        shown = text(app)
        assert "18,516 of about 30,355  in 40 pages" in shown
        assert "359/s  33 s left" in shown
        assert "deals" in shown.splitlines()[2]


async def test_the_details_of_a_refused_table_say_what_to_do():
    async with console(engine_states.refused(), (100, 40)) as (app, engine, pilot):
        await pilot.press(*"jjjjj", "enter")
        await pilot.pause()
        assert "its scope lacks task" in text(app)
        assert "tick Tasks" in text(app)
        engine.state = engine_states.current()
        app.look()
        await pilot.pause()
        assert "tick Tasks" not in text(app)


async def test_the_details_show_the_log_of_that_table_only():
    async with console(size=(100, 40)) as (app, _engine, pilot):
        await pilot.press(*"jjj", "enter")
        await pilot.pause()
        shown = text(app)
        assert "48 changed 2 new" in shown
        assert "10 changed 40 new" not in shown
        await pilot.press("slash", *"page", "enter", "escape", "escape")
        assert app.screen.name == "dashboard"
        assert app.log_window.table == ""  # the dashboard looks at all of it, as before


async def test_many_tables_scroll_below_a_title_that_stays():
    from msgspec.structs import replace

    from bitsheet_tui.state import TableState

    names = {f"table_{n:02}": TableState(name=f"table_{n:02}") for n in range(40)}
    async with console(replace(engine_states.current(), tables=names)) as (app, _engine, pilot):
        await pilot.press("G")
        await pilot.pause()
        lines = screen(app)
        assert lines[2].split()[0] == "table"
        assert any("table_39" in line for line in lines)
        assert any(line.split()[:1] == ["total"] for line in lines)
        assert not any("table_00" in line for line in lines[2:])


async def test_a_sentence_that_somebody_must_read_is_never_cut():
    async with console(engine_states.needs_you()) as (app, engine, pilot):
        lines = screen(app)
        assert "dismissed. Create a new inbound webhook" in " ".join(line[:61].strip() for line in lines[1:4])
        assert lines[4].split()[0] == "table"
        engine.state = engine_states.current()
        app.look()
        await pilot.pause()
        assert screen(app)[2].split()[0] == "table"


def test_a_table_is_late_by_its_rhythm_of_now_and_not_before_that_rhythm_had_its_chance():
    state = replace(engine_states.current(), interval=300)
    state = engine_states.change(state, "users", due=3000.0, synced_at=engine_states.ago(2900))
    often = reduce(state, Steered(at=engine_states.ago(5), interval=30, disabled=()))
    seldom = reduce(often, Steered(at=engine_states.ago(4), interval=30, disabled=("users",)))
    five = engine_states.change(often, "users", due=50.0, least=300.0, synced_at=engine_states.ago(5))

    def late(state, now=engine_states.NOW):
        return Picture(state=state, now=now, zone=UTC).late(state.tables["users"])

    assert [late(state, engine_states.later(seconds)) for seconds in (0, 3100, 3200)] == [False, False, True]
    assert [late(often, engine_states.later(seconds)) for seconds in (0, 600, 700)] == [False, False, True]
    assert not late(seldom, engine_states.later(9999))  # disabled
    assert [late(five, engine_states.later(seconds)) for seconds in (550, 700)] == [False, True]


async def test_a_running_cycle_shows_how_long_it_takes():
    async with console(engine_states.filling()) as (app, _engine, _pilot):
        assert screen(app)[1].endswith("for 3:10")


async def test_without_colours_weight_and_reverse_say_it(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(engine_states.refused()) as (app, _engine, _pilot):
        segments = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
        (badge,) = [segment for segment in segments if "NEEDS YOU" in segment.text]
        assert badge.style.reverse
        assert badge.style.bold
        refused = [segment for segment in segments if "refused" in segment.text]
        assert all(segment.style.reverse for segment in refused)


async def test_over_ssh_without_tmux_it_says_what_the_session_means(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    async with console() as (app, _engine, _pilot):
        assert "ends with your SSH session" in said(app)[0]


async def test_a_table_that_is_complete_and_a_portal_that_needs_somebody_are_told_once():
    async with console(engine_states.filling()) as (app, engine, _pilot):
        engine.state = engine_states.change(engine.state, "deals", fill=None, rows=30355)
        app.look()
        await _pilot.pause()
        assert said(app) == ["Complete: deals (30,355)."]
        engine.state = engine_states.needs_you()
        app.look()
        await _pilot.pause()
        assert len(said(app)) == 1
        assert "Create a new inbound webhook" in said(app)[0]
        engine.state = engine_states.current()
        app.look()
        await _pilot.pause()
        assert said(app) == ["The portal answers again."]


async def test_a_terminal_that_is_gone_stops_the_engine():
    async with console() as (app, engine, _pilot):
        app.alive = lambda: False
        app.look()
        assert engine.told == [Stop()]
        assert app._exit
