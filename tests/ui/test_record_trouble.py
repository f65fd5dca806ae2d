"""What could not be read is told as that, and never as what is not there."""

import pytest

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.store.reader import Reader
from bitsheet_tui.ui import words
from tests.support import sample_mirrors
from tests.support.screen_text import console, settled, text


@pytest.fixture(scope="module")
def opener(tmp_path_factory):
    return sample_mirrors.fill(tmp_path_factory.mktemp("mirror"))


async def test_a_record_that_cannot_be_read_now_is_not_told_to_be_gone(opener, monkeypatch):
    def away(*_):
        raise StoreUnavailable("the server has other things to do.")

    monkeypatch.setattr(Reader, "record", away)
    async with console(opener=opener) as (app, _engine, pilot):
        for key in ("j", "j", "j", "b", "enter"):
            await pilot.press(key)
            await settled(app, pilot)
        assert app.screen.name == "record"
        assert words.GONE not in text(app)
        assert "the server has other things to do." in text(app)
