"""What is looked for is marked wherever it is seen, and nothing else is changed."""

from hypothesis import given
from hypothesis import strategies as st

from bitsheet_tui.ui.line import text
from bitsheet_tui.ui.marking import marked
from tests.support import sample_mirrors
from tests.support.screen_text import console, settled

lines = st.lists(
    st.tuples(st.text("abİıIi ", max_size=6), st.sampled_from(["", "dim", "name"])), max_size=5
).map(tuple)


def test_every_place_is_marked_in_any_case_and_over_several_pieces():
    line = ((" Ne", "dim"), ("edle need", ""), (" İĞNE", "name"))
    assert marked(line, "need") == (
        (" ", "dim"), ("Ne", "match"), ("ed", "match"), ("le ", ""), ("need", "match"), (" İĞNE", "name"),
    )  # fmt: skip
    assert marked(line, "!iğne")[-1] == ("İĞNE", "match")
    assert marked(line, "") is line


@given(lines, st.text("abİıIi ", max_size=3))
def test_marking_changes_no_letter(line, term):
    assert text(marked(line, term)) == text(line)


def matches(app) -> list[str]:
    """What stands on the screen in the style of a match; the title of the list tells the word, too."""
    found = []
    for view in app.screen.views:
        if view.display:
            found += [words for line in view._lines for words, style in line if style == "match"]
    return found


async def test_a_word_is_marked_in_the_list_in_the_record_and_in_its_value(tmp_path):
    async with console(opener=sample_mirrors.fill(tmp_path, deals=60), size=(100, 30)) as (
        app,
        _engine,
        pilot,
    ):
        for keys in ("jjjb", ["slash", *"eal 1", "enter"]):
            await pilot.press(*keys)
            await settled(app, pilot)
        assert matches(app).count("eal 1") >= 10
        first = app.screen.query_one("#records").cursor
        await pilot.press("n", "n", "N")
        assert app.screen.query_one("#records").cursor == first + 1
        await pilot.press("enter")
        await settled(app, pilot)
        assert "eal 1" in matches(app)
        fields = app.screen.query_one("#fields")
        assert "Deal 1" in text(fields.row(fields.cursor, 100))
        await pilot.press("enter")
        await settled(app, pilot)
        assert "eal 1" in matches(app)


async def test_a_word_is_marked_in_the_log_and_in_the_help():
    async with console() as (app, _engine, pilot):
        await pilot.press("l", "slash", *"ACTIV", "enter")
        await pilot.pause()
        assert {"activ"} <= set(matches(app))  # the name of the table
        await pilot.press("escape", "escape", "question_mark", "slash", *"paus", "enter")
        await pilot.pause()
        assert {"paus", "Paus"} & set(matches(app))
