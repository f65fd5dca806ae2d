"""The page for people: what it says, in which language, and that nothing of the portal can act in it."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bitsheet_tui import events as e
from bitsheet_tui.errors import Reason
from bitsheet_tui.monitoring.listener import NO_CONTENT
from bitsheet_tui.state import reduce, start
from bitsheet_tui.ui import status_page
from tests.support import engine_states
from tests.support.hostile_values import MENDED, TEXTS

NOW = datetime(2026, 1, 31, 10, 7, tzinfo=UTC)


class Reader(HTMLParser):
    """What a browser makes of a page: its elements, and its text by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attributes}
        self._open.append(tag)

    def handle_data(self, data):
        if data.strip() and self._open[-1] != "style":
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def page(*events: e.Event, language: str = "en", state=None) -> Reader:
    state = state or start(
        ("deals", "users"), portal="acme.bitrix24.com", store="sqlite x.db", at=NOW, due={"deals": 300}
    )
    for event in events:
        state = reduce(state, event)
    return Reader(status_page.render(state, NOW, language))


def read(table: str, at: datetime = NOW) -> e.TableRead:
    return e.TableRead(table=table, at=at, seconds=1, watermark=at)


CYCLE = e.CycleEnded(number=1, at=NOW, seconds=1.4, rows=60, requests=3, failed=())


def test_a_mirror_that_is_current_says_so_with_its_tables_and_cycles():
    rows = e.Counted(table="deals", rows=30355, deleted=0)
    shown = page(
        rows, e.CycleStarted(number=1, at=NOW, tables=("deals", "users")), read("deals"), read("users"), CYCLE
    )
    assert "✓ CURRENT" in shown.texts
    assert "acme.bitrix24.com → sqlite x.db" in shown.texts
    assert {"deals", "30,355", "Nothing is wrong.", "1.4s", "60"} <= set(shown.texts)
    assert any(text.startswith("All 2 tables current as of") for text in shown.texts)


def test_it_says_the_same_in_turkish():
    shown = page(read("deals"), read("users"), CYCLE, language="tr")
    assert "✓ GÜNCEL" in shown.texts
    assert {"Her şey yolunda.", "tablolar", "son döngüler", "Sorunlar ve yapılacaklar"} <= set(shown.texts)


@pytest.mark.parametrize(
    ("accepted", "otherwise", "code"),
    [
        ("tr", "en", "tr"), ("tr-TR,tr;q=0.9,en;q=0.8", "en", "tr"), ("en-US,en;q=0.9,tr;q=0.5", "tr", "en"),
        ("de, tr;q=0.3", "en", "tr"), ("de", "tr", "tr"), ("", "tr", "tr"), ("*", "en", "en"),
        ("tr;q=0, de", "en", "en"), ("tr;q=nonsense", "en", "en"), (",;=,,", "en", "en"), ("x" * 9000, "en", "en"),
    ],
)  # fmt: skip
def test_the_language_is_what_the_browser_asks_for_else_the_configured_one(accepted, otherwise, code):
    assert status_page.language(accepted, otherwise) == code


def test_what_is_wrong_stands_with_what_to_do():
    shown = page(
        e.DeletionsHeld(table="deals", at=NOW, count=80, reason="half of it"),
        e.TableFailed(
            table="users", at=NOW, reason=Reason.SCOPE, text="The webhook lacks it.", hint="Give it back."
        ),
    )
    assert "✗ NEEDS YOU" in shown.texts
    assert "80 deletions held" in shown.texts
    assert "refused" in shown.texts
    assert "Give it back." in shown.texts
    assert "bitsheet-tui confirm deals" in shown.text


def test_trouble_that_ends_by_itself_says_when_it_is_tried_again():
    until = NOW + timedelta(seconds=45)
    shown = page(e.Waiting(reason=Reason.NETWORK, text="The portal does not answer.", at=NOW, until=until))
    assert "~ OFFLINE" in shown.texts
    at = f"{until.astimezone():%H:%M:%S}"
    assert f"The portal does not answer. Tries again at {at}." in shown.texts


@pytest.mark.parametrize("name", sorted(engine_states.SCENES))
@pytest.mark.parametrize("language", ["en", "tr"])
def test_every_state_of_the_engine_has_its_page(name, language):
    state = engine_states.SCENES[name]()
    shown = Reader(status_page.render(state, engine_states.NOW, language))
    assert set(state.tables) <= set(shown.texts)
    assert not re.search(r"\{\w*\}|None", shown.text)


@pytest.mark.parametrize(
    "hostile",
    [
        *TEXTS,
        *(bad for bad, _ in MENDED),
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "$body ${style} &lt;",
    ],
)
def test_nothing_of_the_portal_acts_in_the_page(hostile):
    plainly = page(e.TableFailed(table="users", at=NOW, reason=Reason.SCOPE, text="no", hint="no"))
    state = start(("deals", "users"), portal=hostile, store=hostile, at=NOW)
    shown = page(
        e.TableFailed(table="users", at=NOW, reason=Reason.SCOPE, text=hostile, hint=hostile),
        e.Waiting(reason=Reason.NETWORK, text=hostile, at=NOW, until=NOW),
        state=state,
    )
    assert set(shown.elements) <= {*plainly.elements, "b"}
    assert shown.attributes == {"lang", "charset", "name", "content", "http-equiv", "class"}
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.text.replace("\n", "")
    )


def test_the_page_needs_no_script_and_allows_none():
    text = status_page.render(start(("deals",), portal="p", store="s", at=NOW), NOW, "en")
    assert "<script" not in text
    assert not re.search(r"https?://|url\(|@import", text)
    assert '<meta http-equiv="refresh" content="10">' in text
    policy = status_page.POLICY
    assert re.sub(r"style-src '[^']+'; ", "", policy) == NO_CONTENT
    assert "unsafe" not in policy
