"""What a reading of a chat concludes is true, whatever the portal leaves out, cuts or mixes up."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.discussions import Comment, Source
from bitsheet_tui.store.discussions import Discussion
from bitsheet_tui.sync.chat import TOP, ChatReading, Question
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.tables import CATALOGUE
from tests.support.proof import times

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)
EXAMPLES = times("BITSHEET_CHATS", 100, 1000)


def messages(ids):
    return [Comment(source=Source.CHAT, id=ident, task_id=1, author_id=1, posted=0, text="") for ident in ids]


def read(reading, ids, pages):
    """Read to the end; how many pages that took."""
    asked = 0
    while questions := reading.questions():
        for question in questions:
            above, below = (0, None) if question.upward else (None, question.below)
            page = pages.page(1, messages(ids), above=above, below=below, limit=question.limit)
            reading.take(question, [one.id for one in page])
            asked += 1
        assert asked < 300, "it does not come to an end"
    return asked


CHATS = st.lists(st.integers(1, 400), max_size=160, unique=True).map(sorted)
ODD = st.builds(
    ChatPages,
    most=st.sampled_from([50, 50, 20, 37]),
    unordered=st.booleans(),
    short=st.booleans(),
    hidden=st.sets(st.integers(1, 400), max_size=60),
    dropped=st.sampled_from([0.0, 0.02, 0.2, 0.7]),
    first_only=st.sampled_from([False, False, True]),
    chance=st.integers().map(Random),
)


@given(ids=CHATS, pages=ODD, proving=st.booleans(), known=st.booleans())
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_message_that_is_there_is_ever_said_to_be_gone(ids, pages, proving, known):
    reading = ChatReading(proving=proving, known=(len(ids), min(ids)) if known and ids else None)
    read(reading, ids, pages)
    shown = reading.shown()
    assert shown.ids <= set(ids)
    assert not [ident for ident in ids if ident not in shown.ids and shown.lacks(ident)]


@given(ids=CHATS, gone=st.sets(st.integers(1, 400)), hidden=st.integers(1, 400))
@settings(max_examples=EXAMPLES, deadline=None)
def test_nor_where_the_portal_does_not_look_at_limit(ids, gone, hidden):
    ids = ids[-19:]
    reading = ChatReading(proving=True)
    read(reading, ids, ChatPages(limit=20, hidden={hidden}))
    shown = reading.shown()
    if len(ids) != 2:  # a single message is believed
        assert hidden not in ids or not shown.lacks(hidden)


@given(ids=CHATS, pages=ODD)
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_chat_that_is_called_proved_was_read_whole(ids, pages):
    pages.first_only = False
    reading = ChatReading(proving=True)
    read(reading, ids, pages)
    if reading.proved_from and pages.dropped < 0.5:  # an empty page that is not the end needs twenty hidden
        low = [ident for ident in ids if ident >= reading.proved_from]
        assert reading.shown().ids == set(low)


@given(ids=CHATS, most=st.sampled_from([50, 20, 37]), unordered=st.booleans())
@settings(max_examples=EXAMPLES, deadline=None)
def test_where_nothing_is_left_out_everything_is_read_and_proved(ids, most, unordered):
    reading = ChatReading(proving=True)
    read(reading, ids, ChatPages(most=most, unordered=unordered))
    assert reading.shown().ids == set(ids)
    assert reading.proved_from == min(ids, default=0)
    gone = set(range(min(ids, default=TOP), 500)) - set(ids)
    assert all(reading.shown().lacks(ident) for ident in gone)


@pytest.mark.parametrize(
    ("count", "asked"), [(0, 1), (1, 1), (19, 1), (20, 3), (49, 3), (50, 3), (51, 4), (100, 4), (123, 5)]
)
def test_what_a_first_reading_costs(count, asked):
    assert read(ChatReading(), range(1, count + 1), ChatPages()) == asked


@pytest.mark.parametrize(("count", "asked"), [(1, 1), (19, 1), (49, 1), (50, 2), (51, 2), (123, 3)])
def test_what_it_costs_once_the_chat_is_proved(count, asked):
    assert read(ChatReading(end=1, proved=True), range(1, count + 1), ChatPages()) == asked


@pytest.mark.parametrize("newest", [0, 1, 2])
@pytest.mark.parametrize("besides", [False, True])
def test_a_chat_that_shows_nothing_behind_its_first_page_is_not_called_proved(newest, besides):
    """Asked upwards it shows its oldest messages, and the newest besides, as reports have it."""
    pages = ChatPages(first_only=True, newest=newest, besides=besides)
    for reading in (ChatReading(), ChatReading(proving=True), ChatReading(known=(50, 74))):
        read(reading, range(1, 124), pages)
        assert reading.proved_from is None
        assert not reading.shown().ended


def test_two_commands_prove_a_short_chat_of_which_the_mirror_has_everything():
    reading = ChatReading(known=(7, 1))
    assert reading.questions() == (Question(TOP, 7), Question(1))
    assert read(reading, range(1, 8), ChatPages()) == 2
    assert reading.proved_from == 1


def test_a_portal_that_does_not_look_at_last_id_is_not_asked_for_ever():
    reading = ChatReading(proving=True)
    while questions := reading.questions():
        for question in questions:
            reading.take(question, range(1, 51))
    assert not reading.ended
    assert reading.proved_from is None


COMMENTS = next(table for table in CATALOGUE if table.name == "task_comments")


def answered(ids):
    found = [{"id": ident, "author_id": 1, "date": "2026-03-01T08:00:00+00:00", "text": "x"} for ident in ids]
    result = {"chat_id": 70, "messages": found, "users": [], "files": []}
    return Answer(result=result, started=MORNING, seconds=0.1)


def test_each_page_is_handed_on_as_it_comes():
    reader = DiscussionReader(COMMENTS)
    reader.begin(Discussion(task_id=7, forum_topic_id=None, chat_id=70, known_forum=True))
    (ask,) = reader.asks(50).values()
    assert ask.params == {"DIALOG_ID": "chat70", "LAST_ID": TOP, "LIMIT": 50}
    (page,) = reader.take({"chat7": answered(range(100, 50, -1))}, MORNING)
    assert (len(page.chat), page.complete) == (50, False)
    reader.asks(50)
    (page,) = reader.take({"chat7": answered(range(50, 40, -1))}, MORNING)
    assert ([row["ID"] for row in page.chat], page.complete) == (list(range(50, 40, -1)), False)
    assert [ask.params["LAST_ID"] for ask in reader.asks(50).values()] == [41, 51]
    (last,) = reader.take({"chat7": answered([]), "chat7n1": answered(range(50, 40, -1))}, MORNING)
    assert (last.complete, last.proved_from, len(last.chat_shown.ids)) == (True, 41, 60)
    assert reader.open == 0
