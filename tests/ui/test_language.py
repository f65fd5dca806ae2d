"""The console speaks the language of whoever looks at it."""

import re
from datetime import UTC

import pytest

from bitsheet_tui.locales import choose
from bitsheet_tui.manual import TOPICS
from bitsheet_tui.ring import Ring
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import to_ascii
from bitsheet_tui.ui.language import fold, retold, speaking, switch, t
from bitsheet_tui.ui.turkish import SENTENCES
from tests.support import engine_states, sample_mirrors
from tests.support.engine_states import NOW, ago
from tests.support.screen_text import console, screen, settled, text


@pytest.fixture
def turkish():
    with speaking("tr"):
        yield


@pytest.mark.parametrize(
    ("setting", "environ", "code"),
    [
        ("", {}, "en"),
        ("", {"LANG": "tr_TR.UTF-8"}, "tr"),
        ("", {"LANG": "tr"}, "tr"),
        ("", {"LC_MESSAGES": "tr_TR@euro", "LANG": "de_DE.UTF-8"}, "tr"),
        ("", {"LC_ALL": "C.UTF-8", "LC_MESSAGES": "tr_TR.UTF-8"}, "en"),
        ("", {"LC_ALL": "", "LANG": "tr_CY.UTF-8"}, "tr"),
        ("", {"LANG": "trv_TW.UTF-8"}, "en"),
        ("en", {"LANG": "tr_TR.UTF-8"}, "en"),
        ("tr", {"LANG": "en_GB.UTF-8"}, "tr"),
    ],
)
def test_the_configuration_decides_the_language_and_where_it_is_silent_the_locale(setting, environ, code):
    assert choose(setting, environ) == code


def test_numbers_have_the_marks_and_units_of_the_language(turkish):
    assert [f.count(1_234_567), f.short(12_345), f.percent(0.18)] == ["1.234.567", "12,3k", "%18"]
    assert [f.took(9.8), f.span(4320), f.brief(720), f.rate(0.4)] == ["9,8sn", "1 sa 12 dk", "12dk", "0,4/sn"]
    assert f.clock(ago(86400), UTC, NOW) == "23 Kas 10:02:13"
    assert [f.ago(ago(120), NOW), f.ago(NOW, NOW), f.ago(None, NOW)] == ["2 dk önce", "şimdi", "hiç"]


def test_a_noun_stays_as_it_is_after_a_number_in_turkish(turkish):
    assert [f.plural(1, "row"), f.plural(9_000, "row")] == ["1 satır", "9.000 satır"]


def test_whoever_speaks_no_turkish_is_told_in_english():
    with speaking("tr"):
        assert t("now") == "şimdi"
    assert [t("now"), f.plural(9_000, "row"), retold("Nothing to do: it resumes by itself.")] == [
        "now", "9,000 rows", "Nothing to do: it resumes by itself.",
    ]  # fmt: skip


WALK = (
    "", "y", "escape r", "escape i", "escape X", "escape e", "escape l", "T", "escape x",  # over the dashboard
    "escape h", "right", "right", "enter", "escape right", "enter",  # cycles, runs, alerts, rows set aside
    "escape left left left enter", "enter", "enter",  # a cycle, its run, a change
    "escape escape escape escape j j j enter", "right", "a", "d", "slash", "escape enter",  # a table, its records, one of them
    "right", "right", "escape right", "right", "right",  # its changes and raw values; columns, runs, rows set aside
    "escape question_mark", "end", "right", "down down down enter", "escape escape comma", "escape s", "ctrl+p",  # help, settings, the palette
)  # fmt: skip


def english(screen: str) -> set[str]:
    """The English of the catalogue that is on the screen; names of SQL and of chapters are no words of ours."""
    columns = {field.name.lower() for field in sample_mirrors.DEAL} | set(TOPICS)
    words = {
        one.strip() for one, said in SENTENCES.items() if said != one and "{" not in one and len(one) > 3
    }
    return {one for one in words - columns if re.search(rf"(?<![\w.]){re.escape(one)}(?!\w|\.\w)", screen)}


async def test_whoever_speaks_turkish_finds_no_english_on_any_screen(turkish, tmp_path):
    state = engine_states.change(
        engine_states.held(), "leads", held=60, held_reason="the webhook's owner is no administrator any more"
    )
    seen = set()
    async with console(state, (80, 24), ring=Ring(), opener=sample_mirrors.fill(tmp_path)) as (app, _, pilot):
        await pilot.press("home")
        for keys in WALK:
            await pilot.press(*keys.split())
            await settled(app, pilot)
            shown = text(app)
            assert english(shown) == set(), shown
            seen.add(shown)
    assert len(seen) == len(WALK)


@pytest.mark.parametrize("scene", ["first_start", "syncing", "filling", "paused", "held", "stopping"])
async def test_in_eighty_columns_no_sentence_about_the_state_and_no_way_out_is_cut(turkish, scene):
    async with console(getattr(engine_states, scene)(), (80, 24), ring=Ring()) as (app, *_):
        top = screen(app)
        assert "…" not in "\n".join(top[:4])
        assert top[-1].endswith("q Çık")


def test_turkish_letters_are_searched_without_minding_their_size():
    assert fold("İSTANBUL ILICA") == fold("istanbul ılıca") == "istanbul ilica"
    assert len(fold("İIıi")) == 4


def test_where_only_ascii_can_be_shown_turkish_loses_its_dots_and_tails():
    assert to_ascii("Şu iş: ığdır, ÇÖĞÜ") == "Su is: igdir, COGU"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("1,234 deletions held: 100 of its 2,345 rows seem to be gone, more than 5%",
         "1.234 silme bekletiliyor: 2.345 satırından 100 tanesi silinmiş görünüyor, sınır olan %5 aşıldı"),
        ("not done: deals, leads is disabled: enable it first", "yapılmadı: kapalı: deals, leads; önce açın"),
        ("The portal does not accept the webhook. It says: not JSON",
         "Portal webhook'u kabul etmiyor. Portalın sözü: not JSON"),
        ("OPPORTUNITY: not a number", "OPPORTUNITY: sayı değil"),
        ("Nobody foresaw this.", "Nobody foresaw this."),
    ],
)  # fmt: skip
def test_what_the_engine_said_is_retold_with_its_facts_and_the_portals_words_as_they_are(turkish, told, said):
    assert retold(told) == said


def test_a_language_chosen_on_the_way_lasts_as_long_as_the_console():
    with speaking("en"):
        switch("tr")
        assert t("now") == "şimdi"
    assert t("now") == "now"
    with pytest.raises(LookupError):
        switch("tr")
