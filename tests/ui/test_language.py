"""The console speaks the language of whoever looks at it."""

from datetime import UTC

import pytest

from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import choose, retold, speaking, t
from tests.ui.scenes import NOW, ago


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
