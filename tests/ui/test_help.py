"""`?`: what one looks for first is on its first page, and the manual is read beside it."""

import pytest

from bitsheet_tui.manual import TOPICS, chapter
from bitsheet_tui.ui.language import speaking
from tests.support import engine_states
from tests.support.screen_text import console, screen, text


async def press(pilot, keys: str) -> None:
    for key in keys.split():
        await pilot.press(key)
        await pilot.pause()


FIRST = (
    "p  Pause: ",
    "f  Force: start a cycle now",
    "r  Resync: ",
    "b  Browse: the records of",
    "e  Errors: what is wrong",
    "l  Log: the log",
    "h  History: ",
    "/  Filter: ",
    ",  Settings: ",
    "^p  Commands: every command",
    "q  Quit: ",
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_first_page_has_what_one_looks_for_first_by_its_name(size):
    async with console(engine_states.resting(), size) as (app, _engine, pilot):
        await press(pilot, "question_mark")
        shown = [" ".join(line.strip(" │").split(maxsplit=1)) for line in screen(app)]
        for entry in FIRST:
            assert any(line.startswith(" ".join(entry.split(maxsplit=1)).strip()) for line in shown), entry


@pytest.mark.parametrize("way", ["h", "l", "e", "comma", "b", "enter"])
async def test_on_every_screen_the_help_begins_with_the_keys_of_its_last_line(way):
    async with console(engine_states.resting(), (120, 40)) as (app, _engine, pilot):
        await press(pilot, f"home {way}")
        offered = [word.strip() for word in screen(app)[-1].replace("? Help", "").split("  ") if word.strip()]
        await press(pilot, "question_mark")
        shown = [line.strip("│") for line in screen(app)]
        lines = [line.strip() for line in shown if line[:3].strip()]  # those that begin an entry
        first = lines[lines.index("On the screen you came from") + 1 :][: len(offered)]
        named = [line.partition(":")[0].split() for line in first]
        assert [" ".join(words) for words in named] == [" ".join(one.split()) for one in offered]


async def test_the_manual_is_beside_the_keys_and_every_chapter_can_be_read_there():
    async with console(size=(80, 40)) as (app, _engine, pilot):
        await press(pilot, "question_mark right")
        listed = [line.split()[0] for line in screen(app)[4:] if line.startswith(" ") and "esc" not in line]
        assert tuple(listed) == TOPICS
        for topic in TOPICS:
            await press(pilot, "enter")
            assert app.screen.name == "chapter"
            assert chapter(topic, "en").title in text(app)
            await press(pilot, "escape down")
        assert app.screen.name == "help"


async def test_a_word_is_looked_for_in_all_chapters_and_shown_where_it_stands():
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await press(pilot, "question_mark right slash m a x ( s e q enter")
        listed = [line.split()[0] for line in screen(app)[4:] if line.startswith(" ") and "esc" not in line]
        assert listed == ["sql", "follow"]
        await press(pilot, "enter")
        assert "max(seq)" in text(app)
        await press(pilot, "escape")
        assert app.screen.name == "chapter"  # only the mark is gone, and what is read stays
        assert "max(seq)" in text(app)
        await press(pilot, "escape")
        assert app.screen.name == "help"


async def test_in_a_chapter_n_leads_to_the_next_place_of_the_word_and_back_and_no_further():
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await press(pilot, "question_mark right down enter slash i n s t a n c e enter")
        top = [app.screen._text.top]
        for key in ("n", "N", "n", "n", "n"):
            await press(pilot, key)
            top.append(app.screen._text.top)
        assert top[0] == top[2]
        assert top[0] < top[1]
        assert top[-1] <= len(app.screen._text.content(80))


async def test_without_a_word_n_leads_to_the_next_chapter():
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await press(pilot, "question_mark right enter pagedown n")
        assert chapter(TOPICS[1], "en").title in text(app)
        await press(pilot, "N N")
        assert chapter(TOPICS[-1], "en").title in text(app)


async def test_the_same_key_leads_back_from_a_chapter_to_where_one_came_from():
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await press(pilot, "h question_mark right enter question_mark")
        assert app.screen.name == "history"


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_no_word_of_a_chapter_is_cut_at_any_size(size):
    async with console(size=size) as (app, _engine, pilot):
        await press(pilot, "question_mark right enter")
        pane = app.screen.query_one("ChapterText")
        for pane.topic in TOPICS:
            lines = pane.content(size[0] - 4 * pane.framed)
            shown = {word for line in lines for word in "".join(part for part, _ in line).split()}
            assert not [word for word in shown if word.endswith("…") and word not in pane.chapter.text]
            assert all(sum(len(part) for part, _ in line) <= size[0] for line in lines)


async def test_whoever_speaks_turkish_reads_turkish_chapters_and_is_told_which_are_english():
    with speaking("tr"):
        async with console(size=(80, 40)) as (app, _engine, pilot):
            await press(pilot, "question_mark right")
            assert "Bitrix24 webhook'undan SQL satırlarına" in text(app)
            assert sum("(İngilizce)" in line for line in screen(app)) == len(TOPICS) - 5
            await press(pilot, "enter")
            assert "Beş dakikada kendi portalınız" in text(app)


async def test_without_unicode_a_chapter_is_shown_in_ascii():
    with speaking("tr"):
        async with console(size=(80, 24), ascii_only=True) as (app, _engine, pilot):
            for key in ("question_mark", "right", "enter", "n", "n", "n"):
                await press(pilot, key)
                assert text(app).isascii()


async def test_a_chapter_is_opened_by_its_name_from_the_palette():
    async with console(size=(80, 24)) as (app, _engine, pilot):
        await press(pilot, "l ctrl+p")
        await pilot.press(*"manual", "space", *"sql")
        await pilot.pause(0.3)
        await press(pilot, "enter")
        await pilot.pause(0.1)
        assert chapter("sql", "en").title in text(app)
        await press(pilot, "escape")
        assert app.screen.name == "log"
