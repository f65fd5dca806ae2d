"""Every key does what the help says, and answers on the screen."""

import os

import pytest

from bitsheet_tui.commands import ConfirmDeletions, Pause, Resume, Resync, Stop, SyncNow
from bitsheet_tui.events import CycleStarted, PageStored
from bitsheet_tui.state import reduce
from bitsheet_tui.ui.keys import FOOTERS, KEYS
from tests.support import engine_states
from tests.support.screen_text import console, said, screen, text


async def test_p_pauses_and_p_goes_on():
    async with console() as (app, engine, pilot):
        await pilot.press("p")
        assert engine.told == [Pause()]
        app.look()
        await pilot.press("p")
        assert engine.told == [Pause(), Resume()]
        assert said(app) == ["Going on."]


async def test_p_twice_before_the_engine_has_heard_it_goes_on():
    async with console() as (_app, engine, pilot):
        engine.obeys = False
        await pilot.press("p", "p")
        assert engine.told == [Pause(), Resume()]


async def test_f_starts_a_cycle_of_everything():
    async with console() as (app, engine, pilot):
        await pilot.press("f")
        assert engine.told == [SyncNow()]
        assert said(app) == ["Cycle asked for."]


async def test_f_during_a_cycle_says_which_one_runs():
    async with console(engine_states.syncing()) as (app, engine, pilot):
        await pilot.press("f")
        assert engine.told == [SyncNow()]
        assert said(app) == ["Cycle 813 is running; another one follows."]


async def test_shift_f_reads_the_table_under_the_cursor():
    async with console() as (_app, engine, pilot):
        await pilot.press("j", "down", "down", "F")
        assert engine.told == [SyncNow(("deals",))]


async def test_r_asks_first_and_enter_cancels():
    async with console() as (app, engine, pilot):
        await pilot.press("down", "r")
        await pilot.pause()
        assert "Resync contacts?" in text(app)
        assert "30,962 rows" in text(app)
        assert "in some 13 requests" in " ".join(text(app).split())
        await pilot.press("enter")
        assert engine.told == []
        assert app.screen.name == "dashboard"


async def test_a_resync_needs_its_own_button():
    async with console() as (app, engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        await pilot.press("y")
        assert engine.told == []
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert engine.told == [Resync(("leads",))]
        assert said(app) == ["leads is read again from scratch."]


async def test_y_confirms_what_is_held_after_asking():
    async with console(engine_states.held()) as (app, engine, pilot):
        await pilot.press("y")
        assert said(app) == ["No deletions of leads are held."]
        await pilot.press("down", "down", "down", "y")
        await pilot.pause()
        assert "Mark 12,000 rows of deals as deleted?" in text(app)
        assert "12,000 of its 30,355" in text(app)
        await pilot.press("enter")
        assert engine.told == []
        await pilot.press("y")
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert engine.told == [ConfirmDeletions("deals")]


async def test_what_is_held_is_seen_on_the_dashboard_and_among_the_errors():
    async with console(engine_states.held(), size=(120, 40)) as (app, _engine, pilot):
        assert "Deletions held: deals. Press e." in screen(app)[1]
        assert "12,000 held, see e" in text(app)
        await pilot.press("e")
        await pilot.pause()
        assert "12,000 deletions held: 12,000 of its 30,355 rows" in text(app)
        assert "confirm with y on the table" in text(app)
        assert "y Confirm deletions" in screen(app)[-1]
        await pilot.press("y")
        await pilot.pause()
        assert "Mark 12,000 rows of deals as deleted?" in text(app)


async def test_the_keys_of_the_dashboard_rest_while_a_dialog_asks():
    async with console() as (_app, engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        await pilot.press("p", "f", "F", "q")
        assert engine.told == []


async def test_shift_r_reads_what_failed():
    async with console(engine_states.refused()) as (_app, engine, pilot):
        await pilot.press("R")
        assert engine.told == [SyncNow(("tasks",))]


async def test_q_stops_the_engine_and_says_so_at_once():
    async with console() as (app, engine, pilot):
        engine.obeys = False
        await pilot.press("q")
        assert engine.told == [Stop()]
        assert "STOPPING" in screen(app)[0]
        assert app.is_running
        assert not app._exit


async def test_q_twice_leaves_at_once():
    async with console() as (app, engine, pilot):
        engine.obeys = False
        await pilot.press("q", "q")
        assert app.abandoned


@pytest.mark.parametrize("where", ["l", "e", "h", "question_mark", "enter"])
async def test_escape_goes_back_and_never_quits(where):
    async with console() as (app, engine, pilot):
        await pilot.press(where)
        await pilot.pause()
        assert app.screen.name != "dashboard"
        await pilot.press("escape", "escape", "escape")
        assert app.screen.name == "dashboard"
        assert engine.told == []


async def test_ctrl_c_warns_once_and_quits_the_second_time():
    async with console() as (app, engine, pilot):
        await pilot.press("ctrl+c")
        assert engine.told == []
        assert "again" in said(app)[0]
        await pilot.press("ctrl+c")
        assert engine.told == [Stop()]


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_one_can_quit_from_a_dialog_too(key):
    async with console() as (_app, engine, pilot):
        await pilot.press("r")
        await pilot.pause()
        await pilot.press(key, key)
        assert engine.told == [Stop()]


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_help_lists_every_key(key):
    async with console(size=(120, 100)) as (app, _engine, pilot):
        await pilot.press(key)
        await pilot.pause()
        shown = text(app)
        for entry in KEYS:
            assert entry.words[:40] in shown, entry.id


@pytest.mark.parametrize("key", ["ctrl+p", "colon"])
async def test_the_palette_runs_commands_by_name(key):
    async with console() as (_app, engine, pilot):
        await pilot.press(key)
        await pilot.pause()
        await pilot.press(*"sync", "space", *"deals")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert engine.told == [SyncNow(("deals",))]


async def test_the_palette_has_what_every_key_does_here():
    async with console() as (app, _engine, pilot):
        names = {command.title for command in app.get_system_commands(app.screen)}
        assert {key.label for key in KEYS if key.command and key.needs in app.screen.offered()} <= names
        assert {"Confirm deletions", "Browse", "Log errors", "Zoom", "Force table"} <= names
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"confirm")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert said(app) == ["No deletions of leads are held."]


async def test_space_holds_the_log_and_lets_it_go():
    ring = engine_states.log()
    async with console(ring=ring) as (app, _engine, pilot):
        await pilot.press("space")
        for n in range(3):
            ring.append(engine_states.NOW, "INFO", "deals", f"a new line {n}")
        app.log_window.pull()
        app.paint()
        await pilot.pause()
        assert "FROZEN +3 new" in text(app)
        assert "a new line" not in text(app)
        await pilot.click("LogPane", offset=(6, 0))
        assert "FOLLOW" in text(app)
        assert "a new line 2" in text(app)
        await pilot.press("space", "space")
        assert "FOLLOW" in text(app)


async def test_scrolling_up_freezes_and_the_end_follows():
    async with console() as (app, _engine, pilot):
        await pilot.press("tab", "k", "pageup", "up")
        assert "FROZEN" in text(app)
        await pilot.press("G")
        assert "FOLLOW" in text(app)
        await pilot.press("g")
        first = app.base.log_pane.window.entries[0].line.text
        assert first[:20] in text(app)


@pytest.mark.parametrize(
    ("key", "sees", "hides"),
    [("1", "batch", ""), ("2", "page", "batch"), ("3", "429", "page"), ("4", "", "429")],
)
async def test_digits_choose_the_level_of_the_log(key, sees, hides):
    async with console(size=(120, 40)) as (app, _engine, pilot):
        await pilot.press(key)
        await pilot.pause()
        pane = "\n".join(screen(app)[23:])
        assert sees in pane
        assert not hides or hides not in pane


async def test_t_shows_the_log_of_the_table_under_the_cursor():
    async with console(size=(120, 40)) as (app, _engine, pilot):
        await pilot.press("down", "down", "down", "t")
        assert {entry.line.table for entry in app.log_window.entries} == {"deals"}
        await pilot.press("t")
        assert len({entry.line.table for entry in app.log_window.entries}) > 1


async def test_slash_filters_while_one_types_and_escape_drops_it():
    async with console(size=(120, 40)) as (app, engine, pilot):
        everything = len(app.log_window.entries)
        await pilot.press("slash", *"429")
        app.look()
        assert {entry.line.table for entry in app.log_window.entries} == {"task_comments"}
        await pilot.press("enter")
        assert "/429" in text(app)
        await pilot.press("slash", "q", "enter")
        assert engine.told == []  # q was typed, not pressed
        await pilot.press("escape")
        assert len(app.log_window.entries) == everything


async def test_an_exclamation_mark_leaves_lines_out():
    async with console() as (app, _engine, pilot):
        await pilot.press("slash", *"!429", "enter")
        assert "task_comments" not in {entry.line.table for entry in app.log_window.entries}


async def test_the_cursor_moves_and_stays_inside():
    async with console() as (app, _engine, pilot):
        await pilot.press("up", "k")
        assert app.chosen == "leads"
        await pilot.press("end", "down", "j")
        assert app.chosen == "departments"
        await pilot.press("home")
        assert app.chosen == "leads"
        await pilot.press("ctrl+d")
        assert app.chosen == "departments"


async def test_enter_opens_the_table():
    async with console() as (app, _engine, pilot):
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "crm.contact.list" in text(app)
        assert "DATE_MODIFY" in text(app)


async def test_a_double_click_opens_the_table_and_the_wheel_scrolls():
    async with console() as (app, _engine, pilot):
        await pilot.click("TableGrid", offset=(5, 4), times=2)
        await pilot.pause()
        assert app.chosen == "deals"
        assert app.screen.name == "table"


async def test_what_is_beside_the_tables_opens_with_a_click():
    async with console(engine_states.refused(), size=(200, 60)) as (app, _engine, pilot):
        for panel, opened in (("DetailPanel", "table"), ("ErrorPanel", "errors"), ("CyclePanel", "history")):
            await pilot.click(panel)
            await pilot.pause()
            assert app.screen.name == opened
            await pilot.press("escape")


async def test_a_table_that_is_refused_stays_so_on_the_screen_while_the_next_cycle_runs():
    state = reduce(
        engine_states.refused(), CycleStarted(number=813, at=engine_states.NOW, tables=("leads", "tasks"))
    )
    async with console(state) as (app, _engine, _pilot):
        assert "NEEDS YOU" in screen(app)[0]
        assert "refused, see e" in text(app)


async def test_rows_that_are_marked_between_two_cycles_are_no_reading_that_goes_on():
    page = PageStored(table="leads", at=engine_states.NOW, read=0, inserted=0, updated=0, deleted=3)
    async with console(reduce(engine_states.current(), page)) as (app, _engine, _pilot):
        assert "reading" not in text(app)


async def test_the_wheel_scrolls_the_log():
    from textual.events import MouseScrollDown, MouseScrollUp

    async with console() as (app, _engine, pilot):
        await pilot._post_mouse_events([MouseScrollUp], "LogPane")
        assert "FROZEN +3 new" in text(app)
        await pilot._post_mouse_events([MouseScrollDown], "LogPane")
        assert "FOLLOW" in text(app)


async def test_a_click_on_the_footer_presses_the_key():
    async with console() as (app, engine, pilot):
        x = screen(app)[-1].index("Force")
        await pilot.click("KeyHints", offset=(x, 0))
        await pilot.pause()
        assert engine.told == [SyncNow()]


async def test_ctrl_s_saves_the_screen_without_the_secrets(tmp_path, monkeypatch):
    from bitsheet_tui.secret import conceal

    monkeypatch.chdir(tmp_path)
    conceal("hushhush42")
    ring = engine_states.log()
    ring.append(engine_states.NOW, "INFO", "deals", "hushhush42")
    async with console(ring=ring) as (app, _engine, pilot):
        await pilot.press("ctrl+s")
        (path,) = tmp_path.glob("*.svg")
        assert "hushhush42" not in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
        assert str(path)[:30] in said(app)[0]


async def test_a_picture_follows_no_link_that_somebody_has_prepared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("kept")
    async with console() as (app, _engine, pilot):
        (tmp_path / f"bitsheet-{app.clock():%Y%m%d-%H%M%S}.svg").symlink_to("mine")
        await pilot.press("ctrl+s")
        assert said(app) == ["Could not save it: File exists"]
    assert (tmp_path / "mine").read_text() == "kept"


async def test_a_picture_that_cannot_be_saved_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, *more, **named: _denied() if "svg" in f"{path}" else given(path, *more, **named),
    )
    async with console() as (app, _engine, pilot):
        await pilot.press("ctrl+s")
        assert said(app) == ["Could not save it: Permission denied"]


def _denied(*_args, **_options):
    raise PermissionError(13, "Permission denied")


async def test_c_copies_the_row_the_log_in_view_or_the_list():
    async with console(engine_states.refused()) as (app, _engine, pilot):
        await pilot.press("down", "c")
        titles, row = app.clipboard.splitlines()
        assert titles.split()[0] == "table"
        assert row.split()[:2] == ["contacts", "30,962"]
        assert said(app) == ["Copied 2 lines."]
        await pilot.press("tab", "c")
        assert app.clipboard.splitlines()[-1].endswith("cycle 59 done: 5 tables, 60 rows, 1.4 s")
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("c")
        assert "tick Tasks" in app.clipboard


async def test_w_shows_long_lines_whole():
    ring = engine_states.log()
    ring.append(engine_states.NOW, "ERROR", "deals", "a long story " * 20 + "it-ends")
    async with console(ring=ring) as (app, _engine, pilot):
        assert "it-ends" not in text(app)
        await pilot.press("w")
        assert "it-ends" in text(app)
        await pilot.press("w")
        assert "it-ends" not in text(app)


def test_no_key_means_two_things():
    seen = {}
    for entry in KEYS:
        for name in entry.keys:
            assert seen.setdefault(name, entry.id) == entry.id
    assert "ctrl+b" not in seen
    assert "ctrl+a" not in seen


def test_every_footer_names_keys_that_exist():
    known = {entry.id for entry in KEYS}
    assert {name for names in FOOTERS.values() for name in names.split()} <= known


async def test_s_sorts_the_tables_and_the_cursor_stays_on_its_table():
    async with console() as (app, _engine, pilot):
        await pilot.press("j", "j", "j")
        assert app.chosen == "deals"
        names = []
        for _ in range(3):
            await pilot.press("s")
            names.append([line[2:].split()[0] for line in screen(app)[3:12]])
        assert names[0] == sorted(names[0])
        await pilot.press("S")
        await pilot.pause()
        assert "sorted by new reversed" in said(app)[0]
        assert app.chosen == "deals"
        await pilot.press("F")
        assert app.engine.told == [SyncNow(("deals",))]


async def test_sorting_by_state_brings_what_needs_somebody_to_the_top():
    async with console(engine_states.refused(), (120, 40)) as (app, _engine, pilot):
        for _ in range(6):
            await pilot.press("s")
        await pilot.pause()
        assert "sorted by state" in screen(app)[3]  # below the two lines of the sentence
        assert " tasks " in screen(app)[5]


async def test_z_shows_only_the_pane_one_is_in():
    async with console() as (app, _engine, pilot):
        await pilot.press("z")
        await pilot.pause()
        assert "FOLLOW" not in text(app)
        assert "departments" in text(app)
        await pilot.press("z", "tab")
        await pilot.press("z")
        await pilot.pause()
        assert "FOLLOW" in text(app)
        assert "departments" not in text(app)
        await pilot.press("z")
        await pilot.pause()
        assert "departments" in text(app)


async def test_a_table_that_is_behind_its_own_rhythm_says_so():
    state = engine_states.change(
        engine_states.current(), "deals", due=300.0, synced_at=engine_states.ago(720)
    )
    state = engine_states.change(state, "users", due=3000.0)  # read 48 minutes ago, as it should be
    async with console(state, (120, 40)) as (app, _engine, _pilot):
        deals, users = (
            next(line for line in screen(app) if f" {name} " in line) for name in ("deals", "users")
        )
        assert "~ late, due every 5 min" in deals
        assert "12m ago" in deals
        assert "late" not in users


async def test_a_budget_says_from_when_on_it_is_given_back():
    async with console(size=(200, 60)) as (app, _engine, _pilot):
        (line,) = [line for line in screen(app) if "248 of 480 s" in line]
        assert "eases 10:05" in line


async def test_the_help_begins_with_the_screen_one_came_from_and_leads_back_there():
    async with console(size=(120, 40)) as (app, _engine, pilot):
        await pilot.press("h", "question_mark")
        await pilot.pause()
        lines = [line.strip(" │") for line in screen(app)]
        here = lines[lines.index("On the screen you came from") : lines.index("Everywhere")]
        assert any(line.startswith("d ") for line in here)  # narrows the history
        assert not any(line.startswith("space") for line in here)  # there is no log
        await pilot.press("escape")
        assert app.screen.name == "history"
        await pilot.press("question_mark", "question_mark")
        assert app.screen.name == "history"


async def test_one_can_look_in_the_help_for_what_a_key_does_and_for_its_name():
    async with console() as (app, _engine, pilot):
        await pilot.press("question_mark", "slash", *"resync", "enter")
        await pilot.pause()
        assert "r Resync: read the table under the cursor" in " ".join(text(app).split())
        assert "Moving" not in text(app)
        await pilot.press("slash", *(["backspace"] * 6), *"scratch", "enter")
        await pilot.pause()
        assert "again from scratch (asks" in text(app)
        assert "Moving" not in text(app)
